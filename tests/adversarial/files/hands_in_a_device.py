"""Hands in a device that is read without end.

Earns: not graded: is neither a file nor a folder
"""

import os
import stat

import pytest


def tamper(folder, nb, course):
    try:
        os.mknod(folder / "zero", 0o666 | stat.S_IFCHR, os.makedev(1, 5))
    except PermissionError:
        pytest.skip("only root can make devices")
