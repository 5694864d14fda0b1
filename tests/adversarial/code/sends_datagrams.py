"""Talks to a server on this machine, by UDP, and everybody, by broadcast.

Earns: nothing
Shows: Network is unreachable
"""

import socket

from known import NAME, UDP

for address in (UDP, ("255.255.255.255", UDP[1]), ("224.0.0.1", UDP[1])):
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as connection:
        connection.settimeout(1)
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_BROADCAST, 1)
        try:
            connection.connect(address)
            connection.send(NAME.encode())
            print("canary: connected to", address)
        except OSError as error:
            print("not connected:", error.strerror)


def whole_word_groups(word_ids):
    return None
