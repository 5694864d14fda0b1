"""Hands in a file where the lesson has a folder, and folders where it has files.

Earns: all
"""


def tamper(folder, nb, course):
    (folder / "pictures").write_text("a file")
    (folder / "timestamp.txt").unlink()
    (folder / "timestamp.txt").mkdir()
    (folder / "timestamp.txt" / "x").write_text("x")
