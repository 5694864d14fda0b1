"""Talks to a server on this machine, by UDP, and everybody, by broadcast.

Earns: nothing
Shows: Network is unreachable
"""

import socket

from known import UDP, talk

talk(socket.AF_INET, socket.SOCK_DGRAM, UDP, ("255.255.255.255", UDP[1]), ("224.0.0.1", UDP[1]))


def whole_word_groups(word_ids):
    return None
