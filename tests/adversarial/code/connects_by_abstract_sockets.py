"""Talks to a Unix socket that has no place in the file system.

Earns: nothing
Shows: Connection refused
"""

import socket

from known import ABSTRACT, talk

talk(socket.AF_UNIX, socket.SOCK_STREAM, ABSTRACT)


def whole_word_groups(word_ids):
    return None
