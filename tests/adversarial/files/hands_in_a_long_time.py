"""Hands in a time of handing in that takes long to read.

Earns: all
"""


def tamper(folder, nb, course):
    (folder / "timestamp.txt").write_text("1 " * (1 << 19))
