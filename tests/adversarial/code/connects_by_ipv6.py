"""Talks to a server on this machine, by IPv6.

Earns: nothing
Shows: not connected
"""

import socket

from known import NAME, TCP6

for address in (TCP6,):
    with socket.socket(socket.AF_INET6, socket.SOCK_STREAM) as connection:
        connection.settimeout(1)
        try:
            connection.connect(address)
            connection.send(NAME.encode())
            print("canary: connected to", address)
        except OSError as error:
            print("not connected:", error.strerror)


def whole_word_groups(word_ids):
    return None
