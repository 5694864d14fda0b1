"""Talks to a server on this machine, by IPv4.

Earns: nothing
Shows: Network is unreachable
"""

import socket

from known import NAME, TCP

for address in (TCP, ("0.0.0.0", TCP[1]), ("192.0.2.1", 80), ("169.254.169.254", 80)):
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as connection:
        connection.settimeout(1)
        try:
            connection.connect(address)
            connection.send(NAME.encode())
            print("canary: connected to", address)
        except OSError as error:
            print("not connected:", error.strerror)


def whole_word_groups(word_ids):
    return None
