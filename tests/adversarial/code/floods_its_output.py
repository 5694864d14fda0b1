"""Prints, displays and warns more at once than anybody could read.

From: others, output floods
Earns: nothing
Shows: more at once than can be taken
"""

import os
import sys
import warnings

from IPython.display import display


def whole_word_groups(word_ids):
    for number in range(200):
        print("x" * 2000)
        print("x" * 2000, file=sys.stderr)
        warnings.warn(f"{number}" * 100, stacklevel=1)
    os.write(1, b"x" * (1 << 20))


whole_word_groups([])
for number in range(300):
    display({"text/plain": "x" * 1000, "image/png": "x" * 1000}, raw=True)
