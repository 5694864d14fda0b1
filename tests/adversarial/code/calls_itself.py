"""Recursion without end, with the limit taken away, and in C.

Earns: nothing
"""

import sys


def whole_word_groups(word_ids):
    sys.setrecursionlimit(1 << 30)
    nest = []
    for _ in range(10_000_000):
        nest = [nest]
    return repr(nest)
