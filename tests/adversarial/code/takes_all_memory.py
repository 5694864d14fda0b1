"""A memory bomb in one process.

From: grading.md
Earns: nothing
Shows: MemoryError
"""

hoard = []


def whole_word_groups(word_ids):
    while True:
        hoard.append(bytearray(100 << 20))


try:
    whole_word_groups([])
except MemoryError:
    hoard.clear()
    raise
