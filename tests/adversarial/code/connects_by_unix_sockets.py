"""Talks to the Unix socket of another program, and those of well-known ones.

Earns: nothing
Shows: No such file or directory
"""

import socket

from known import NAME, UNIX, WARM

for address in (UNIX, WARM, "/run/docker.sock", "/var/run/docker.sock", "/run/dbus/system_bus_socket", "/run/kernel/k-1"):
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
