"""A cell that does not end and catches what would end it.

Earns: nothing
Shows: OutOfTime
"""

import time

while True:
    try:
        time.sleep(60)
    except BaseException:
        pass


def whole_word_groups(word_ids):
    return None
