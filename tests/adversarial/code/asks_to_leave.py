"""Leaves by `exit`, by `quit` and by asking the kernel to shut down.

From: nbgrader, which lets it through
Earns: nothing
"""

from IPython import get_ipython


def whole_word_groups(word_ids):
    get_ipython().ask_exit()
    raise SystemExit(0)


# %%
exit()
# %%
quit()
