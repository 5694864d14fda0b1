"""Starts threads that never end, until there can be no more.

Earns: nothing
Shows: can't start new thread
"""

import threading

hold = threading.Event()
try:
    while True:
        threading.Thread(target=hold.wait, daemon=True).start()
except RuntimeError as error:
    print(error)


def whole_word_groups(word_ids):
    return None
