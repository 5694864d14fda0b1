"""Hands in a second name of a file that is somebody else's.

Earns: not graded: is another name of a file
"""

import os

import pytest


def tamper(folder, nb, course):
    if os.geteuid():
        pytest.skip("only root can make a file somebody else's")
    os.chown(folder, 12345, 12345)
    os.link(course.root / "notes.txt", folder / "data.txt")
