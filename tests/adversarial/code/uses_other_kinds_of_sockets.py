"""Uses sockets that namespaces may not keep apart: of virtual machines, of packets, of the kernel's own services.

Earns: nothing
Shows: usable: []
"""

import socket

usable = []
VSOCK, PACKET, ALG, CAN, TIPC, BLUETOOTH, QIPCRTR, XDP = 40, 17, 38, 29, 30, 31, 42, 44
for family in (VSOCK, PACKET, ALG, CAN, TIPC, BLUETOOTH, QIPCRTR, XDP):
    for kind in (socket.SOCK_STREAM, socket.SOCK_RAW, socket.SOCK_SEQPACKET, socket.SOCK_DGRAM):
        try:
            socket.socket(family, kind).close()
            usable.append((family, kind.name))
        except OSError:
            pass
print("usable:", usable)


def whole_word_groups(word_ids):
    return None
