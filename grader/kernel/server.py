"""The warm process: it has imported what takes long, and forks a kernel on request in a fraction of a second.

Run as `python -m grader.kernel.server FD IDLE`: it takes requests on the listening Unix socket FD, which its owner
hands it, ends after IDLE seconds without a kernel, and with its owner, whose end of its stdin it watches.

It is a single thread without event loop or sockets of ZeroMQ, because none of these survives a fork, and it
never reads a request itself, because what it knows every kernel knows. For each connection it forks a
*keeper*, which reads the request, forks the kernel, watches over it and tells the owner when it is ready and why
it ended; when the connection is closed, or the keeper ends, so does the kernel with all that it started. An isolated
kernel's keeper is the first process of a process namespace, so that nothing can escape it.

A request is a line of JSON (see `Request`); after it, each byte is the number of a signal to send. Back come lines of
JSON: {"ready": true, "pid": in its namespace} or {"failed": why}, then {"ended": why, "code": exit code}.
"""

from __future__ import annotations

import contextlib
import gc
import importlib
import json
import os
import random
import select
import signal
import socket
import struct
import sys
import time
import traceback
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from . import isolation
from .limits import Limits

MODULES = (
    "torch", "transformers", "transformers.models.auto.modeling_auto", "transformers.models.auto.tokenization_auto",
    "transformers.models.bert.modeling_bert", "transformers.models.gpt2.modeling_gpt2", "datasets", "safetensors.torch",
    "comm", "stack_data", "pygments.lexers.python", "pygments.formatters.terminal256",
    "ipykernel.kernelapp", "ipykernel.ipkernel", "ipykernel.debugger", "IPython.core.ultratb", "IPython.core.debugger",
    "IPython.core.completerlib", "IPython.extensions.storemagic", "IPython.utils.wildcard", "pdb", "sqlite3",
    "tornado.platform.asyncio", "grader.kernel.harness",
)  # fmt: skip
"""What a kernel would spend its first seconds with: the course's libraries, and what an IPython kernel loads late."""
MORE = (
    "matplotlib.pyplot", "matplotlib_inline.backend_inline", "ipywidgets", "transformers.trainer", "sklearn.metrics",
)  # fmt: skip
"""What some cells need: imported when no kernel is asked for, so that the first ones need not wait for it."""
ENVIRONMENT = {
    # No threads of libraries': they would not be there in a forked kernel.
    "OMP_NUM_THREADS": "1",
    "OPENBLAS_NUM_THREADS": "1",
    "MKL_NUM_THREADS": "1",
    "JE_ARROW_MALLOC_CONF": "background_thread:false",
    "TOKENIZERS_PARALLELISM": "false",
    "MPLBACKEND": "module://matplotlib_inline.backend_inline",
}
SOCKET = 208 << 10
"""How much memory a socket may hold which its owner cannot make larger (see `seccomp`), as Linux has it."""
WATCH = 0.2
"""Seconds between two looks at what a kernel uses."""


@dataclass(frozen=True)
class Request:
    """A kernel that is wanted.

    `arguments` are those of ipykernel's, among them the connection file's path, whose content is `connection`.
    Where it is isolated, `sockets` is the folder for the sockets, `workdir` is copied and `data` can be read;
    otherwise the kernel runs in `workdir` itself, with the environment variables `environment`. `cores` are those that it
    computes on; all, if none are named.
    """

    arguments: list[str]
    connection: dict[str, Any]
    workdir: str
    environment: dict[str, str]
    limits: Limits | None = None
    isolated: bool = False
    sockets: str = ""
    data: str = ""
    cores: tuple[int, ...] = ()

    def encode(self) -> bytes:
        return json.dumps(asdict(self)).encode() + b"\n"

    @classmethod
    def decode(cls, line: bytes) -> Request:
        fields = json.loads(line)
        limits = fields.pop("limits")
        return cls(**fields, limits=limits and Limits(**limits))


# ------------------------------------------------------------------------------------------------ the warm process


def main() -> None:
    listener = socket.socket(fileno=int(sys.argv[1]))
    idle = float(sys.argv[2])
    owner = os.getppid()
    os.environ.update(ENVIRONMENT)
    for name in MODULES:
        _load(name)
    with contextlib.suppress(Exception):
        importlib.import_module("grader.exercises").lessons()
    _settle()
    isolation.adopt_orphans()
    more = list(reversed(MORE))
    since = time.monotonic()
    while os.getppid() == owner:
        ready, _, _ = select.select([listener, 0], [], [], 0.0 if more else 1.0)
        if 0 in ready:  # nothing is ever written: its other end was closed
            return
        if listener in ready:
            connection, _ = listener.accept()
            if os.fork() == 0:
                listener.close()
                _keep(connection)
            connection.close()
        elif more:
            _load(more.pop())
            _settle()
        if _reap():
            since = time.monotonic()
        elif time.monotonic() > since + idle:
            return


def _load(name: str) -> None:
    with contextlib.suppress(Exception):  # what cannot be imported here will say so in the cell that needs it
        importlib.import_module(name)


def _settle() -> None:
    """Make sure that this process can still be forked, and that its kernels share what it has."""
    if (threads := len(os.listdir("/proc/self/task"))) > 1:
        sys.exit(f"a library has started {threads - 1} threads: this process cannot be forked")
    gc.collect()
    gc.freeze()  # a kernel that looked through all of this for garbage would copy it, page by page


def _reap() -> bool:
    """Forget children that have ended; whether there are others."""
    try:
        while os.waitpid(-1, os.WNOHANG)[0]:
            pass
    except ChildProcessError:
        return False
    return True


# ------------------------------------------------------------------------------------------------------- a keeper


def _keep(connection: socket.socket) -> None:
    """In a child of the warm process: serve one request, then exit."""
    try:
        _silence()
        uid = struct.unpack("3i", connection.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, 12))[1]
        if uid != os.geteuid():
            return
        os.setsid()
        isolation.adopt_orphans()
        signal.signal(signal.SIGINT, signal.SIG_IGN)  # the kernel's, which may be sent by the kernel
        request = Request.decode(_line(connection))
        root, user = False, os.geteuid()
        if request.isolated:
            user = isolation.stranger() if isolation.privileged() else user
            root = isolation.unshare()
            if os.fork():
                os._exit(0)
            if root:
                os.chown(request.sockets, user, user)
            data = Path(request.data) if request.data else None
            isolation.enter(Path(request.workdir), data, Path(request.sockets), user, request.limits)
        _watch_over(connection, request, user, root)
    except isolation.Unavailable as error:
        _tell(connection, failed=str(error), unavailable=True)
    except isolation.Unusable as error:
        _tell(connection, failed=str(error))
    except Exception:
        _tell(connection, failed=traceback.format_exc(limit=-3))
    finally:
        os._exit(0)


def _silence() -> None:
    """Nothing of the warm process' is left open but the connection."""
    nothing = os.open(os.devnull, os.O_RDWR)
    for number in (0, 1, 2):
        os.dup2(nothing, number)
    os.close(nothing)


def _watch_over(connection: socket.socket, request: Request, user: int, root: bool) -> None:
    from_kernel, to_keeper = os.pipe()
    kernel = os.fork()
    if kernel == 0:
        os.close(from_kernel)
        connection.close()
        _become_kernel(request, to_keeper, user, root)
    os.close(to_keeper)
    said = b""
    while part := os.read(from_kernel, 4096):
        said += part
    os.close(from_kernel)
    if said != b"ready":
        _tell(connection, failed=said.decode("utf-8", "replace") or "the kernel ended while it started")
        _end(kernel, request.isolated)
        return
    if request.isolated:
        isolation.leave_sockets()
        isolation.become(user, root)
        isolation.drop_rights()
        isolation.keep_to_itself()
    _tell(connection, ready=True, pid=kernel)
    _until_it_ends(connection, request, kernel)


def _until_it_ends(connection: socket.socket, request: Request, kernel: int) -> None:
    handle = os.pidfd_open(kernel)
    used = _resident(kernel)
    wait = WATCH if request.isolated else None
    while True:
        ready, _, _ = select.select([connection, handle], [], [], wait)
        if connection in ready:
            orders = connection.recv(64)
            if not orders or signal.SIGKILL in orders:
                _end(kernel, request.isolated)
                _tell(connection, ended="it was killed", code=-signal.SIGKILL)
                return
            for number in orders:
                with contextlib.suppress(OSError):
                    os.killpg(kernel, number)
        if handle in ready:
            code = os.waitstatus_to_exitcode(os.waitpid(kernel, 0)[1])
            reason = f"it was killed by signal {-code}" if code < 0 else f"it left with code {code}"
            _end(kernel, request.isolated)
            _tell(connection, ended=reason, code=code)
            return
        if request.isolated:
            _reap_others(kernel)
            if excess := _excess(request.limits, used):
                _end(kernel, request.isolated)
                _tell(connection, ended=excess, code=-signal.SIGKILL)
                return


def _end(kernel: int, isolated: bool) -> None:
    """End the kernel with all that it started, and return when none of it is left.

    In a process namespace that is every process but this one, the first; elsewhere it is the kernel's group, and
    what left that is left alone.
    """
    while True:
        with contextlib.suppress(OSError):
            os.kill(-1 if isolated else -kernel, signal.SIGKILL)
        try:
            os.waitpid(-1 if isolated else -kernel, 0)
        except ChildProcessError:
            return


def _reap_others(kernel: int) -> None:
    """The first process of a namespace inherits whoever lost its parent."""
    with contextlib.suppress(ChildProcessError):
        while (
            found := os.waitid(os.P_ALL, 0, os.WEXITED | os.WNOHANG | os.WNOWAIT)
        ) and found.si_pid != kernel:
            os.waitpid(found.si_pid, 0)


def _excess(limits: Limits, used: int) -> str:
    """What all processes of this namespace use beyond the limits; `used` is what a kernel starts with."""
    memory = processes = 0
    for name in os.listdir("/proc"):
        if name.isdigit() and name != "1":
            with contextlib.suppress(OSError, IndexError, ValueError):
                memory += max(0, _resident(int(name)) - used)
                processes += 1
    memory += _sockets() * SOCKET
    if memory > limits.memory:
        return f"it used more than {limits.memory >> 20:,} MB of memory"
    if processes > limits.processes:
        return f"it started more than {limits.processes} processes"
    return ""


def _sockets() -> int:
    """How many sockets there are in this network namespace, also those that are on their way to another process."""
    count = 0
    for family in ("unix", "netlink"):
        with contextlib.suppress(OSError), open(f"/proc/net/{family}") as file:
            count += sum(1 for _ in file) - 1
    return count


def _resident(process: int) -> int:
    with open(f"/proc/{process}/statm") as file:
        return int(file.read().split()[1]) * os.sysconf("SC_PAGESIZE")


def _line(connection: socket.socket) -> bytes:
    """The request's line and nothing of what follows it."""
    line = b""
    while not line.endswith(b"\n"):
        part = connection.recv(1)
        if not part:
            raise EOFError("the connection was closed before a request came")
        line += part
    return line


def _tell(connection: socket.socket, **what: Any) -> None:
    with contextlib.suppress(OSError):
        connection.sendall(json.dumps(what).encode() + b"\n")


# ------------------------------------------------------------------------------------------------------ the kernel


def _become_kernel(request: Request, ready: int, user: int, root: bool) -> None:
    """In a child of the keeper: become the kernel, say so through `ready`, and exit with it."""
    try:
        os.setpgid(0, 0)
        signal.signal(signal.SIGINT, signal.default_int_handler)
        os.environ.clear()
        os.environ.update(request.environment)
        if request.cores:
            os.sched_setaffinity(0, request.cores)
        if request.isolated:
            isolation.confine(user, root, request.limits)
        else:
            os.chdir(request.workdir)
            if request.limits:
                isolation.limit(request.limits, isolated=False)
        app = kernel_app(request)
    except BaseException:
        with contextlib.suppress(OSError):
            os.write(ready, traceback.format_exc(limit=-6)[-4000:].encode())
        os._exit(1)
    os.write(ready, b"ready")
    os.close(ready)
    code = 0
    try:
        app.start()
    except SystemExit as error:
        code = error.code if isinstance(error.code, int) else 1
    except BaseException:
        code = 1
    os._exit(code)


def kernel_app(request: Request) -> Any:
    """The kernel's application, its sockets bound; to be started."""
    import numpy
    import torch
    from ipykernel.kernelapp import IPKernelApp

    if threads := request.environment.get("OMP_NUM_THREADS"):
        torch.set_num_threads(max(1, int(threads)) if threads.isdigit() else 1)
    else:
        torch.set_num_threads(len(os.sched_getaffinity(0)))
    # What one kernel draws is not what every other draws.
    random.seed()
    numpy.random.seed()
    torch.seed()
    arguments = list(request.arguments)
    if request.isolated:
        file = "/tmp/connection.json"
        Path(file).write_text(json.dumps(request.connection))
        arguments = ["-f", file, *arguments]
    app = IPKernelApp.instance()
    app.initialize(arguments)
    if "" not in sys.path:  # where IPython has it, but for the -P of this process: a submission's own modules
        packages = (
            i for i, place in enumerate(sys.path) if place.endswith(("site-packages", "dist-packages"))
        )
        sys.path.insert(next(packages, len(sys.path)), "")
    return app


if __name__ == "__main__":
    main()
