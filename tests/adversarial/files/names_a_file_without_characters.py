"""Hands in a file whose name is no text.

Earns: all
"""

import os


def tamper(folder, nb, course):
    with open(os.fsencode(folder) + b"/caf\xe9\xff.txt", "wb") as file:
        file.write(b"x")
