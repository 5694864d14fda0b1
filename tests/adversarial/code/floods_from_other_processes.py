"""Leaves processes that write to its streams while the rest is graded.

Earns: nothing
"""

import os
import time

for _ in range(3):
    if os.fork() == 0:
        while True:
            os.write(1, b"3.0\n" * 1000)
            os.write(2, b"3.0\n" * 1000)
            time.sleep(0.01)


def whole_word_groups(word_ids):
    return None
