"""An answer that is busy in C and deaf to signals, where no exception of Python's gets in.

Earns: nothing
"""

import ctypes
import signal


def whole_word_groups(word_ids):
    signal.pthread_sigmask(signal.SIG_BLOCK, set(signal.Signals))
    return ctypes.PyDLL(None).sleep(600)
