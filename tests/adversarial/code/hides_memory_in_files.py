"""A memory bomb that no process has mapped: files that exist in memory only.

Earns: nothing
Shows: refused
"""

import os

files = []
try:
    while len(files) < 20:
        files.append(os.memfd_create("hoard"))
        os.write(files[-1], b"x" * (7 << 20))
    print("20 files of 7 MB")
except OSError as error:
    print("refused:", error.strerror)


def whole_word_groups(word_ids):
    return None
