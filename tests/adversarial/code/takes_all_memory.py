"""A memory bomb in one process.

From: nbgrader, which lets it through
Earns: nothing
Shows: MemoryError
"""

hoard = []


def whole_word_groups(word_ids):
    while True:
        hoard.append(bytes(50 << 20))


try:
    whole_word_groups([])
except MemoryError:
    hoard.clear()
    raise
