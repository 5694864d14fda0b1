"""Talks to the Unix socket of another program, and those of well-known ones.

Earns: nothing
Shows: No such file or directory
"""

import socket

from known import UNIX, WARM, talk

OTHERS = "/run/docker.sock", "/var/run/docker.sock", "/run/dbus/system_bus_socket", "/run/kernel/k-1"
talk(socket.AF_UNIX, socket.SOCK_STREAM, UNIX, WARM, *OTHERS)


def whole_word_groups(word_ids):
    return None
