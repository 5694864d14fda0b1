"""A memory bomb in System V semaphores, tens of thousands in each set.

Earns: nothing
Shows: refused
"""

import ctypes
import os

libc = ctypes.CDLL(None, use_errno=True)
for number in range(120):
    if libc.semget(0, 32_000, 0o1600) < 0:
        print("refused at", number, os.strerror(ctypes.get_errno()))
        break
else:
    print("120 sets of 2 MB")


def whole_word_groups(word_ids):
    return None
