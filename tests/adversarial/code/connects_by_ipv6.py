"""Talks to a server on this machine, by IPv6.

Earns: nothing
Shows: not connected
"""

import socket

from known import TCP6, talk

talk(socket.AF_INET6, socket.SOCK_STREAM, TCP6)


def whole_word_groups(word_ids):
    return None
