"""A memory bomb in many processes, each below its own limit.

Earns: nothing
Shows: MB of memory
"""

import os
import time

for _ in range(3):
    if os.fork() == 0:
        memory = bytearray(b"x") * (80 << 20)
        time.sleep(60)
time.sleep(60)


def whole_word_groups(word_ids):
    return None
