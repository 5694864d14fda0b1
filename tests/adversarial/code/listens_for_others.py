"""Waits for connections from outside, on every address that it can take.

Earns: nothing
Shows: listening
"""

import socket

listeners = []
for family, address in (
    (socket.AF_INET, ("0.0.0.0", 28999)), (socket.AF_INET6, ("::", 28998)), (socket.AF_UNIX, "\0listens_for_others"),
    (socket.AF_UNIX, "/tmp/listens_for_others"),
):  # fmt: skip
    listener = socket.socket(family)
    listener.bind(address)
    listener.listen()
    listeners.append(listener)
print("listening")


def whole_word_groups(word_ids):
    return None
