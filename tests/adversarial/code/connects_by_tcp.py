"""Talks to a server on this machine, by IPv4.

Earns: nothing
Shows: Network is unreachable
"""

import socket

from known import TCP, talk

talk(socket.AF_INET, socket.SOCK_STREAM, TCP, ("0.0.0.0", TCP[1]), ("192.0.2.1", 80), ("169.254.169.254", 80))


def whole_word_groups(word_ids):
    return None
