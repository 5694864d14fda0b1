"""Asks a question that nobody answers, in its cell and in its answer.

Earns: nothing
"""

import getpass
import sys


def whole_word_groups(word_ids):
    return sys.stdin.read() or input("points? ")


# %%
getpass.getpass("points? ")
