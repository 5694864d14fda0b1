"""An answer that is busy in C, where no exception of Python's gets in.

Earns: nothing
"""


def whole_word_groups(word_ids):
    return sum(iter(int, 1)) or (9**9**9 % 7)
