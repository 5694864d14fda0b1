"""Shows one thing a thousand times under one name, then puts a large thing in its place.

Earns: nothing
"""

from IPython.display import display, update_display

for _ in range(900):
    display({"text/plain": "x"}, raw=True, display_id="one")
update_display({"text/plain": "x" * 40_000}, raw=True, display_id="one")


def whole_word_groups(word_ids):
    return None
