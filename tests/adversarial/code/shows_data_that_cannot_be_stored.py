"""Displays JSON that is nested too deeply for programs that walk through notebooks, or no text.

Earns: nothing
"""

from IPython.display import display

nest = []
for _ in range(300):
    nest = [nest]
display({"application/json": {"nest": nest}, "text/plain": "a nest"}, raw=True)
display({"application/json": {"half": "\udc80", "half\udc80": float("nan")}, "text/plain": "\udc80"}, raw=True)
print("\udc80")


def whole_word_groups(word_ids):
    return None
