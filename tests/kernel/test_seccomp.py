"""The filter of system calls: what it refuses, and what it leaves."""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from grader.kernel import seccomp

MACHINES = ("x86_64", "aarch64")
HEADERS = ("/usr/include/x86_64-linux-gnu/asm/unistd_64.h", "/usr/include/asm-generic/unistd.h")
NUMBERS = {
    **seccomp.REFUSED,
    **seccomp.NOT_OF_ITS_KEEPER,
    "setpriority": seccomp.SETPRIORITY,
    "socket": seccomp.SOCKET,
    "setsockopt": seccomp.SETSOCKOPT,
}
filtered = pytest.mark.skipif(
    sys.platform != "linux" or os.uname().machine not in MACHINES,
    reason="calls are filtered on Linux, on two machines",
)
START = """
import ctypes, errno, os, resource, runpy, socket, sys
names = runpy.run_path(sys.argv[1])
names["refuse"]()
"""


def after(code: str) -> str:
    """What `code` prints in a process that has refused."""
    done = subprocess.run(
        [sys.executable, "-c", START + code, seccomp.__file__], capture_output=True, text=True, timeout=60
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


@filtered
def test_what_is_refused_is_as_if_it_were_not_there():
    said = after("""
column = ("x86_64", "aarch64").index(os.uname().machine)
libc = ctypes.CDLL(None, use_errno=True)
for name, numbers in names["REFUSED"].items():
    ctypes.set_errno(0)
    if libc.syscall(numbers[column], -1, -1, -1, -1, -1, -1) != -1 or ctypes.get_errno() != errno.ENOSYS:
        print(name)
""")
    assert said == ""


@filtered
def test_its_keeper_is_out_of_reach_and_itself_is_not():
    said = after("""
def told(call):
    try:
        return call() and "" or "done"
    except OSError as error:
        return type(error).__name__
print(told(lambda: os.setpriority(os.PRIO_PROCESS, 1, 19)), told(lambda: os.setpriority(os.PRIO_USER, 0, 19)))
print(told(lambda: os.sched_setparam(1, os.sched_param(0))), told(lambda: resource.prlimit(1, resource.RLIMIT_NOFILE)))
print(told(lambda: os.setpriority(os.PRIO_PROCESS, 0, 1)), told(lambda: os.sched_setaffinity(0, {0})))
resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
""")
    assert said == "PermissionError PermissionError\nPermissionError PermissionError\ndone OSError\n"


@filtered
def test_a_socket_holds_no_more_than_sockets_do():
    said = after("""
one = socket.socketpair()[0]
one.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
for option in (socket.SO_SNDBUF, socket.SO_RCVBUF):
    try:
        one.setsockopt(socket.SOL_SOCKET, option, 1 << 24)
    except PermissionError:
        print("no")
""")
    assert said == "no\nno\n"


@filtered
def test_only_sockets_that_namespaces_keep_apart_are_left():
    said = after("""
for family in range(60):
    try:
        socket.socket(family, socket.SOCK_DGRAM if family != socket.AF_NETLINK else socket.SOCK_RAW).close()
        print(family)
    except OSError as error:
        pass
""")
    assert set(said.split()) <= {str(getattr(seccomp.socket, name).value) for name in seccomp.FAMILIES}
    assert str(seccomp.socket.AF_UNIX.value) in said.split()


@pytest.mark.parametrize(("column", "header"), list(enumerate(HEADERS)), ids=MACHINES)
def test_the_numbers_are_those_of_linux(column, header):
    if not Path(header).exists():
        pytest.skip(f"{header} is not installed")
    found = re.findall(r"#define __NR(?:3264)?_(\w+)\s+(\d+)$", Path(header).read_text(), re.MULTILINE)
    linux = {name: int(number) for name, number in found}
    assert len(linux) > 200
    wrong = {
        name: numbers
        for name, numbers in NUMBERS.items()
        if linux.get(name, numbers[column]) != numbers[column]
    }
    assert not wrong
