"""Hands in a file larger than all that a lesson needs: a hole, which takes no room until it is copied.

From: others, full disks
Earns: not graded: too large
"""


def tamper(folder, nb, course):
    with (folder / "video.mp4").open("wb") as file:
        file.truncate(1 << 38)
