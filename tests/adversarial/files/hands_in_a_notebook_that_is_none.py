"""Hands in a program in the place of a notebook, and a notebook under another name.

Earns: not graded: is not a notebook
"""


def tamper(folder, nb, course):
    (folder / "other.ipynb").write_text("{}")
    return "#!/bin/sh\necho 3.0\n"
