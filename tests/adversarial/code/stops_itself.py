"""Stops its process in the middle of a call, neither dead nor alive.

Earns: nothing
"""

import os
import signal


def whole_word_groups(word_ids):
    os.kill(0, signal.SIGSTOP)
