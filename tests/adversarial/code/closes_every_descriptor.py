"""Closes every descriptor of its process, so that it can neither speak nor hear.

Earns: nothing
"""

import os


def whole_word_groups(word_ids):
    os.closerange(0, 1000)
