"""Reads address 0 in the middle of a call.

Earns: nothing
Shows: killed by signal 11
"""

import ctypes


def whole_word_groups(word_ids):
    return ctypes.string_at(0)
