"""The owner's end of the warm process: started on demand, one for a process and all that it starts."""

from __future__ import annotations

import atexit
import contextlib
import functools
import json
import os
import select
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path

from .isolation import course
from .server import ENVIRONMENT, Request

ADDRESS = "HEADWAY_WARM"
"""The environment variable that tells processes started by this one where its warm process listens."""
IDLE = 600.0
"""Seconds that a warm process waits for the next kernel."""


class NotWarm(Exception):
    """No kernel could be forked; the message says why."""


class Refused(NotWarm):
    """The warm process is there, and could not make the kernel as wanted."""


class NotIsolated(NotWarm):
    """The system does not let a process isolate itself."""


class Warm:
    """A kernel that was forked from the warm process, as `launch.KernelProcess` and as a provisioner want it."""

    def __init__(self, request: Request, seconds: float):
        """Raises `NotWarm` where there is no warm process, `Refused` where it cannot make this kernel."""
        self.code: int | None = None
        self._reason = ""
        self._heard = b""
        self._connection = _connect()
        try:
            self._connection.sendall(request.encode())
            first = self._next(seconds)
        except OSError as error:
            raise NotWarm(f"the warm process went away: {error}") from None
        self.pid = first.get("pid")
        if not first.get("ready"):
            self._connection.close()
            if "failed" in first:
                raise NotIsolated(first["failed"]) if first.get("unavailable") else Refused(first["failed"])
            raise NotWarm(_trouble() if self._reason else f"it is not warm after {seconds:g} seconds")

    def ended(self) -> str:
        if not self._reason and (last := self._next(0)):
            self._reason = str(last.get("ended", "it ended"))
            self.code = int(last.get("code", 1))
        return self._reason

    def send(self, number: int) -> None:
        """Send a signal to the kernel and what it started."""
        with contextlib.suppress(OSError):
            self._connection.sendall(bytes([number]))

    def interrupt(self) -> None:
        self.send(signal.SIGINT)

    def kill(self) -> None:
        if not self.ended():
            self.send(signal.SIGKILL)
            self._next(10.0)
        self._connection.close()
        self._reason, self.code = self._reason or "it was killed", self.code or -signal.SIGKILL

    def _next(self, seconds: float) -> dict:
        """What the keeper says next; nothing where it says nothing in time."""
        deadline = time.monotonic() + seconds
        while b"\n" not in self._heard:
            if self._connection.fileno() < 0:
                return {}
            if not _readable(self._connection, deadline - time.monotonic()):
                return {}
            try:
                part = self._connection.recv(4096)
            except OSError:
                part = b""
            if not part:
                self._reason, self.code = self._reason or "its keeper is gone", self.code or 1
                return {}
            self._heard += part
        line, _, self._heard = self._heard.partition(b"\n")
        return json.loads(line)


def _readable(connection: socket.socket, seconds: float) -> bool:
    poller = select.poll()
    poller.register(connection, select.POLLIN)
    return bool(poller.poll(max(0.0, 1000 * seconds)))


class _Server:
    """The warm process of this process, in a folder of its own that only this user may enter."""

    def __init__(self) -> None:
        self.written = _written()
        self.folder = Path(tempfile.mkdtemp(prefix="headway-warm-"))
        self.address = str(self.folder / "socket")
        kept = {
            name: os.environ[name] for name in ("PATH", "HOME", "LANG", "LC_ALL", "TZ") if name in os.environ
        }
        with socket.socket(socket.AF_UNIX) as listener, (self.folder / "log").open("wb") as log:
            listener.bind(self.address)
            listener.listen(64)
            self.process = subprocess.Popen(
                [sys.executable, "-P", "-m", "grader.kernel.server", str(listener.fileno()), str(IDLE)],
                stdin=subprocess.PIPE,  # held open as long as this process lives
                stdout=log,
                stderr=log,
                env=kept | ENVIRONMENT | {"PYTHONPATH": str(course())},
                cwd="/",
                pass_fds=[listener.fileno()],
                start_new_session=True,
            )
        self.owner = os.getpid()

    def running(self) -> bool:
        return self.owner == os.getpid() and self.process.poll() is None

    def stale(self) -> bool:
        """Whether this package was edited since: kernels would have what it was before."""
        return self.owner == os.getpid() and self.written != _written()

    def close(self) -> None:
        if self.owner == os.getpid():
            self.process.stdin.close()
            self.process.terminate()  # it may still be importing
            self.process.wait()
            shutil.rmtree(self.folder, ignore_errors=True)


def _written() -> float:
    """When a module of this package was last written."""
    return max(path.stat().st_mtime for path in Path(__file__).parents[1].rglob("*.py"))


_lock = threading.Lock()
_server: _Server | None = None
_hopeless = ""


@functools.cache
def possible() -> bool:
    """Whether kernels can be forked here at all."""
    return sys.platform == "linux" and hasattr(os, "pidfd_open")


def start() -> None:
    """Start the warm process, unless there is one; it warms up while other things are done."""
    global _server
    with _lock:
        if _server is not None and _server.running() and not _server.stale():
            return
        if _server is not None:
            _server.close()
        elif ADDRESS in os.environ and _answers(os.environ[ADDRESS]):
            return  # that of a process which started this one
        _server = _Server()
        os.environ[ADDRESS] = _server.address


@atexit.register
def stop() -> None:
    """End the warm process, if it is this process' own. Kernels that it has forked go on."""
    global _server
    with _lock:
        if _server is not None:
            _server.close()
            _server = None
            os.environ.pop(ADDRESS, None)


def _trouble() -> str:
    """Why the warm process went away. One that could not be forked will not be tried again."""
    global _hopeless
    with _lock:
        if _server is None:
            return "the warm process went away"
        with contextlib.suppress(subprocess.TimeoutExpired):
            _server.process.wait(1.0)
        if not _server.process.poll():
            return "the warm process went away"
        said = (_server.folder / "log").read_text("utf-8", "replace").strip()
        _hopeless = said.splitlines()[-1][:500] if said else f"it left with code {_server.process.poll()}"
        return _hopeless


def _answers(address: str) -> bool:
    with socket.socket(socket.AF_UNIX) as probe:
        try:
            probe.connect(address)
        except OSError:
            return False
        return True


def _connect() -> socket.socket:
    if not possible():
        raise NotWarm("kernels are forked on Linux only")
    if _hopeless:
        raise NotWarm(_hopeless)
    for attempt in range(2):
        if attempt or ADDRESS not in os.environ or (_server is not None and _server.stale()):
            start()
        connection = socket.socket(socket.AF_UNIX)
        try:
            connection.connect(os.environ[ADDRESS])
            return connection
        except OSError as error:
            connection.close()
            reason = error
    raise NotWarm(f"the warm process does not answer: {reason}") from None
