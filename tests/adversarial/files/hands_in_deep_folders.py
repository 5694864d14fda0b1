"""Hands in folders in folders, deeper than programs that walk through them can go.

Earns: not graded: too long
"""

import os


def tamper(folder, nb, course):
    here = os.getcwd()
    os.chdir(folder)
    for _ in range(450):
        os.mkdir("d")
        os.chdir("d")
    os.chdir(here)
