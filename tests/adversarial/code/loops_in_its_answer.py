"""An answer that does not end and catches what would end it, signals included.

Earns: nothing
"""

import signal
import time


def whole_word_groups(word_ids):
    for number in (signal.SIGINT, signal.SIGALRM, signal.SIGTERM):
        signal.signal(number, signal.SIG_IGN)
    while True:
        try:
            time.sleep(60)
        except BaseException:
            pass
