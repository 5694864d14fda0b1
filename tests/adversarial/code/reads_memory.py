"""Reads the memory of its keeper and of the grader: /proc/*/mem, ptrace, process_vm_readv.

From: others, reading /proc or tracing the parent
Earns: nothing
Shows: read: []
"""

import ctypes
import os

from known import GRADER

libc = ctypes.CDLL(None, use_errno=True)
ATTACH, SEIZE = 16, 0x4206
read = []
for process in {1, os.getppid(), GRADER}:
    for name in ("mem", "maps", "pagemap", "syscall", "stack"):
        try:
            with open(f"/proc/{process}/{name}", "rb") as file:
                file.read(100)
            read.append((process, name))
        except OSError:
            pass
    for request in (ATTACH, SEIZE):
        if libc.ptrace(request, process, 0, 0) == 0:
            read.append((process, "ptrace"))
    buffer = ctypes.create_string_buffer(8)
    place = (ctypes.c_void_p * 2)(ctypes.addressof(buffer), 8)
    if libc.process_vm_readv(process, place, 1, place, 1, 0) > 0:
        read.append((process, "process_vm_readv"))
print("read:", read)


def whole_word_groups(word_ids):
    return None
