"""Hands in times that no calendar has.

Earns: all
"""


def tamper(folder, nb, course):
    (folder / "timestamp.txt").write_bytes(b"\xff9999-99-99 99:99:99 +99:99\0")
