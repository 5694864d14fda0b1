"""Hands in a named pipe, at which a reader waits for ever.

Earns: not graded: is neither a file nor a folder
"""

import os


def tamper(folder, nb, course):
    os.mkfifo(folder / "pipe")
