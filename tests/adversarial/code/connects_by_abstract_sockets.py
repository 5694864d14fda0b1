"""Talks to a Unix socket that has no place in the file system.

Earns: nothing
Shows: Connection refused
"""

import socket

from known import ABSTRACT, NAME

for address in (ABSTRACT,):
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as connection:
        connection.settimeout(1)
        try:
            connection.connect(address)
            connection.send(NAME.encode())
            print("canary: connected to", address)
        except OSError as error:
            print("not connected:", error.strerror)


def whole_word_groups(word_ids):
    return None
