"""Hands in a time whose seconds are more than the reader of times can count.

Earns: all
"""


def tamper(folder, nb, course):
    (folder / "timestamp.txt").write_text("-00:00" + "9" * 40 + "th")
