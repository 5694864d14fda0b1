"""Which system calls a submission's processes may not make: a filter that holds for all that they start, for good.

Namespaces decide what a process can name, limits what each process has. Left are calls that get round both: memory that
belongs to no process (memfd, System V segments and semaphores, pages in pipes, larger buffers of sockets), keys that are
inherited with the session, sockets that are of the machine and not of a network namespace, the cores on which others
compute, the priority and the limits of the keeper, which has the same user, and parts of Linux that a course has no use
for and that have often been the way out of a sandbox. They fail as if Linux had been built without them. (Linux'
seccomp(2), in the classic BPF of its documentation, `userspace-api/seccomp_filter`.)
"""

from __future__ import annotations

import ctypes
import errno
import os
import socket
import struct
import sys

REFUSED = {  # by the names that Linux has for them, on x86-64 and on 64-bit ARM
    "ptrace": (101, 117), "process_vm_readv": (310, 270), "process_vm_writev": (311, 271), "kcmp": (312, 272),
    "memfd_create": (319, 279), "memfd_secret": (447, 447), "shmget": (29, 194), "msgget": (68, 186),
    "semget": (64, 190), "vmsplice": (278, 75),
    "add_key": (248, 217), "request_key": (249, 218), "keyctl": (250, 219),
    "ioprio_set": (251, 30), "sched_setaffinity": (203, 122),
    "mount": (165, 40), "umount2": (166, 39), "pivot_root": (155, 41), "chroot": (161, 51), "setns": (308, 268),
    "unshare": (272, 97), "open_tree": (428, 428), "move_mount": (429, 429), "fsopen": (430, 430),
    "fsconfig": (431, 431), "fsmount": (432, 432), "fspick": (433, 433), "mount_setattr": (442, 442),
    "open_by_handle_at": (304, 265), "name_to_handle_at": (303, 264), "quotactl": (179, 60), "quotactl_fd": (443, 443),
    "swapon": (167, 224), "swapoff": (168, 225), "reboot": (169, 142), "acct": (163, 89), "settimeofday": (164, 170),
    "clock_settime": (227, 112), "clock_adjtime": (305, 266), "adjtimex": (159, 171), "syslog": (103, 116),
    "init_module": (175, 105), "finit_module": (313, 273), "delete_module": (176, 106), "kexec_load": (246, 104),
    "kexec_file_load": (320, 294), "bpf": (321, 280), "perf_event_open": (298, 241), "userfaultfd": (323, 282),
    "fanotify_init": (300, 262), "lookup_dcookie": (212, 18), "io_uring_setup": (425, 425),
    "io_uring_enter": (426, 426), "io_uring_register": (427, 427), "personality": (135, 92), "vhangup": (153, 58),
}  # fmt: skip
NOT_OF_ITS_KEEPER = {
    "prlimit64": (302, 261), "sched_setparam": (142, 118), "sched_setscheduler": (144, 119),
    "sched_setattr": (314, 274),
}  # fmt: skip
"""Refused where the process that they are about is the first of the namespace."""
SETPRIORITY, SOCKET, SETSOCKOPT = (141, 140), (41, 198), (54, 208)
FAMILIES = ("AF_UNIX", "AF_INET", "AF_INET6", "AF_NETLINK")
"""What is left of the network is all in the network namespace; the last tells programs which interfaces there are."""
BUFFERS = (7, 8, 32, 33)  # SO_SNDBUF, SO_RCVBUF, and both by force
"""Options of a socket that say how much it may hold: what is in sockets is no process' memory (see `server`)."""

KEEPER = 1
_MACHINES = {"x86_64": (0, 0xC000003E), "aarch64": (1, 0xC00000B7)}
_X32 = 0x40000000
_LOAD, _EQUAL, _AT_LEAST, _RETURN = 0x20, 0x15, 0x35, 0x06
_NUMBER, _ARCHITECTURE, _FIRST, _SECOND, _THIRD = 0, 4, 16, 24, 32
_FAIL = 0x00050000
_ALLOWED = (_RETURN, 0, 0, 0x7FFF0000)
_NO_NEW_PRIVS, _SECCOMP, _MODE_FILTER = 38, 22, 2


def refuse() -> None:
    """Take the calls of `REFUSED` from this process and all that it will start. Raises `OSError` where Linux will not.

    On a machine of another kind than `REFUSED` knows nothing is done.
    """
    known = _MACHINES.get(os.uname().machine)
    if known is None or sys.maxsize < 1 << 32:
        return
    code = b"".join(struct.pack("HBBI", *line) for line in _program(*known))
    buffer = ctypes.create_string_buffer(code, len(code))
    program = struct.pack("HP", len(code) // 8, ctypes.addressof(buffer))
    libc = ctypes.CDLL(None, use_errno=True)
    for call in ((_NO_NEW_PRIVS, 1, 0, 0, 0), (_SECCOMP, _MODE_FILTER, program, 0, 0)):
        if libc.prctl(*call) != 0:
            raise OSError(ctypes.get_errno(), f"prctl: {os.strerror(ctypes.get_errno())}")


def _program(column: int, architecture: int) -> list[tuple[int, int, int, int]]:
    """Lines of (code, lines to skip if it holds, if not, operand)."""
    missing, denied = (_RETURN, 0, 0, _FAIL | errno.ENOSYS), (_RETURN, 0, 0, _FAIL | errno.EPERM)
    lines = [(_LOAD, 0, 0, _ARCHITECTURE), (_EQUAL, 1, 0, architecture), missing]
    lines += [(_LOAD, 0, 0, _NUMBER), (_AT_LEAST, 0, 1, _X32), missing]
    for numbers in REFUSED.values():
        lines += [(_EQUAL, 0, 1, numbers[column]), missing]
    for numbers in NOT_OF_ITS_KEEPER.values():
        lines += _where(numbers[column], [(_LOAD, 0, 0, _FIRST), (_EQUAL, 0, 1, KEEPER), denied])
    of_a_process = [(_LOAD, 0, 0, _FIRST), (_EQUAL, 1, 0, os.PRIO_PROCESS), denied]
    lines += _where(
        SETPRIORITY[column], [*of_a_process, (_LOAD, 0, 0, _SECOND), (_EQUAL, 0, 1, KEEPER), denied]
    )
    of_the_socket = [
        (_LOAD, 0, 0, _SECOND),
        (_EQUAL, 1, 0, socket.SOL_SOCKET),
        _ALLOWED,
        (_LOAD, 0, 0, _THIRD),
    ]
    of_the_socket += [line for option in BUFFERS for line in ((_EQUAL, 0, 1, option), denied)]
    lines += _where(SETSOCKOPT[column], of_the_socket)
    families = [getattr(socket, name).value for name in FAMILIES]
    allowed = [line for family in families for line in ((_EQUAL, 0, 1, family), _ALLOWED)]
    lines += _where(
        SOCKET[column], [(_LOAD, 0, 0, _FIRST), *allowed, (_RETURN, 0, 0, _FAIL | errno.EAFNOSUPPORT)]
    )
    return [*lines, _ALLOWED]


def _where(number: int, lines: list[tuple[int, int, int, int]]) -> list[tuple[int, int, int, int]]:
    """`lines` for the call of this number alone; where they do not end, it is allowed."""
    return [(_EQUAL, 0, len(lines) + 1, number), *lines, _ALLOWED]
