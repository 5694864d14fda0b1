"""The one way to run a submission: a kernel that runs cells and calls answers, and can do nothing to its grader.

    with Session(folder, limits=Limits()) as session:
        outputs, status = session.run("import torch", seconds=30)
        call = session.answer("mask_tokens", seconds=exercise.seconds)
        verdict = mark(Paper(exercise, seed), call)
        if not session.alive:                       # it ran out of memory, say: `session.death` tells why
            session.restart(cells_so_far, seconds=30)

- `run` gives nbformat outputs, bounded, and a `Status`. Where that is not OK the outputs end with an `error`.
  It never raises for what a cell does.
- `answer` gives an `exercise.Call` that never raises for what an answer does. An answer that does not stop is
  interrupted and, where that does not help, its kernel is killed; the outcome is `timed_out`. In a dead kernel every
  call's outcome is `raised` with the name `KernelDied`, and every run ends with the status DIED.
- `restart` brings up a new kernel and runs earlier cells again, without those that the caller holds to have killed it.

What the kernel sends is data (see `wire`), whatever the student's code makes of that process: outputs and
outcomes can be forged there, but only as what the cells and calls in question gave. Messages that are too large
or cannot be read end the kernel.
"""

from __future__ import annotations

import contextlib
import itertools
import secrets
import shutil
import socket
import tempfile
import time
from collections.abc import Iterable, Sequence
from enum import StrEnum
from pathlib import Path
from typing import Any

import psutil
import zmq
from jupyter_client.session import Session as Messages
from nbformat import NotebookNode

from grader.judge.calling import LONGER, SECONDS, Outcome, Raised

from . import harness
from .calls import Asked, Calls
from .launch import KernelFailed, KernelProcess, launch
from .limits import MB, Limits
from .outputs import Outputs

GRACE = 8.0
"""Seconds that a kernel has to stop after an interrupt, and that a call has beyond its own limit."""
PATIENCE = 2.0
"""For how many seconds a kernel begins calls that it was asked for together; the rest is asked for again."""
FLOOD = 1024 * MB
"""How much the grader's own memory may grow while it reads from one kernel."""
CHANNELS = {"shell": zmq.DEALER, "control": zmq.DEALER, "iopub": zmq.SUB}


class Status(StrEnum):
    OK = "ok"
    ERROR = "error"
    TIMED_OUT = "timed out"
    DIED = "died"


class _Dead(Exception):
    """The kernel is gone; the message says why."""


class Session:
    """A kernel in a working copy of `workdir`, used as a context manager; see above."""

    def __init__(self, workdir: Path | str, *, limits: Limits | None = None, isolated: bool = True):
        self.workdir = Path(workdir)
        self.limits = limits or Limits()
        self.isolated = isolated
        self.death = ""
        """Why the kernel ended; empty while it is alive."""
        self._process: KernelProcess | None = None
        self._folder: Path | None = None
        self._sockets: dict[str, zmq.Socket] = {}
        self._numbers = itertools.count()

    def __enter__(self) -> Session:
        self._deadline = time.monotonic() + self.limits.notebook
        self._room = self.limits.outputs
        self._start()
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    @property
    def alive(self) -> bool:
        return self._process is not None and not self.death

    def close(self) -> None:
        """End the kernel and all that it started; nothing of it remains."""
        self._die("the session was closed")

    def restart(self, cells: Iterable[str] = (), seconds: float = 120.0) -> None:
        """A new kernel, in which `cells` are run again, each for at most `seconds`; their outputs are dropped.

        The time of the notebook goes on.
        """
        self._die("it was restarted")
        self._start()
        room = self._room
        for source in cells:
            self.run(source, seconds)
        self._room = room

    # ------------------------------------------------------------------------------------------------- cells

    def run(self, source: str, seconds: float) -> tuple[list[NotebookNode], Status]:
        """Run a code cell for at most `seconds`; its outputs, as many of them as the limits allow, and how it ended."""
        outputs = Outputs(min(self.limits.output, self._room))
        limit = self._remaining(seconds)
        try:
            request = self._send("shell", "execute_request", _execution(source, store_history=True))
            ended = self._collect(request, outputs, limit)
            if ended is None:
                outputs.error("OutOfTime", f"the cell was not done after {limit:g} seconds")
                if limit < seconds:
                    self._die(f"the notebook was not done after {self.limits.notebook:g} seconds")
                elif not self._interrupted(request):
                    self._die(f"a cell could not be stopped after {limit:g} seconds")
                return outputs.nodes, Status.TIMED_OUT
        except _Dead:
            outputs.error("KernelDied", f"the kernel died: {self.death}")
            return outputs.nodes, Status.DIED
        finally:
            self._room -= outputs.size
        return outputs.nodes, Status.ERROR if ended == "error" or outputs.failed else Status.OK

    def _collect(self, request: str, outputs: Outputs, seconds: float) -> str | None:
        """Gather what a request puts out until it is done; the status of its reply, or None where time is up."""
        deadline, status, idle = time.monotonic() + seconds, None, False
        while status is None or not idle:
            found = self._receive(("shell", "iopub"), deadline)
            if found is None:
                if status is not None and not self._heard():  # ZeroMQ hangs up on what is too large
                    self._die("it put out more at once than can be taken")
                    raise _Dead
                return status
            channel, message = found
            kind, content = message["msg_type"], message["content"]
            if message["parent_header"].get("msg_id") != request:
                continue
            if channel == "shell":
                if kind == "execute_reply":
                    status = "ok" if content.get("status") == "ok" else "error"
                    deadline = min(deadline, time.monotonic() + GRACE)
            elif kind == "status":
                idle = content.get("execution_state") == "idle"
            else:
                outputs.add(kind, content)
        return status

    def _heard(self) -> bool:
        """Whether what the kernel publishes still gets here."""
        request = self._send("shell", "kernel_info_request", {})
        deadline = time.monotonic() + GRACE / 2
        while found := self._receive(("iopub",), deadline):
            if found[1]["parent_header"].get("msg_id") == request:
                return True
        return False

    def _interrupted(self, request: str) -> bool:
        """Whether the kernel stops with this request once it is interrupted."""
        for _ in range(2):
            self._process.interrupt()
            if self._collect(request, Outputs(0), GRACE / 2) is not None:
                return True
        return False

    # ------------------------------------------------------------------------------------------------- calls

    def answer(self, name: str, seconds: float = SECONDS, **terms: Any) -> Calls:
        """A way to call the function that the kernel knows by `name`, each time for at most `seconds`; `terms` are
        those of `Calls`."""
        return Calls(self, name, seconds, **terms)

    def exchange(
        self, name: str, seconds: float, together: Sequence[Asked]
    ) -> list[tuple[bytes, bytes]] | Outcome:
        """Have calls of the function `name` made, one after the other, each for at most `seconds`.

        What the kernel sends back of each, to be read by `wire.decode`: of all of them, or of the first ones if
        they take more than `PATIENCE` seconds or give more than may come back at once. Where nothing comes
        back at all, the outcome that each call then has.
        """
        try:
            return self._exchange(name, seconds, together)
        except _Dead:
            return Outcome(raised=Raised("KernelDied", self.death, "", ("KernelDied", "Exception")))

    def _exchange(
        self, name: str, seconds: float, together: Sequence[Asked]
    ) -> list[tuple[bytes, bytes]] | Outcome:
        limit = self._remaining(seconds)
        number = next(self._numbers)
        asked = {
            "number": number,
            "name": name,
            "seconds": limit,
            "patience": PATIENCE,
            "calls": [[list(one.gradients), list(one.changes)] for one in together],
            "max_bytes": self.limits.result,
        }
        sent = [one.arguments for one in together]
        request = self._send("shell", "comm_msg", {"comm_id": self._comm, "data": asked}, buffers=sent)
        deadline = time.monotonic() + LONGER * limit + GRACE + (PATIENCE if len(together) > 1 else 0)
        while True:
            found = self._receive(("iopub", "shell"), deadline)
            if found is None:
                if not self._quiet():
                    self._die(f"{name} could not be stopped after {limit:g} seconds")
                return Outcome(timed_out=True)
            message = found[1]
            content = message["content"]
            of_this = message["msg_type"] == "comm_msg" and content.get("comm_id") == self._comm
            if of_this and isinstance(content.get("data"), dict) and content["data"].get("number") == number:
                break
            if (
                message["msg_type"] == "status"
                and content.get("execution_state") == "idle"
                and message["parent_header"].get("msg_id") == request
            ):
                return Outcome(unusable="the call gave no result: the code that makes the calls was changed")
        buffers = [bytes(buffer) for buffer in message["buffers"]]
        if len(buffers) % 2 or not 2 <= len(buffers) <= 2 * len(together):
            return Outcome(unusable="the call gave back what cannot be read (other buffers)")
        return list(zip(buffers[::2], buffers[1::2], strict=True))

    def _quiet(self) -> bool:
        """Whether the kernel, interrupted, comes back to answer."""
        for _ in range(2):
            self._process.interrupt()
            request = self._send("shell", "kernel_info_request", {})
            if self._reply(request, GRACE / 2) is not None:
                return self._heard()
        return False

    # ------------------------------------------------------------------------------------------ the connection

    def _start(self) -> None:
        self.death = ""
        folder = self._folder = Path(tempfile.mkdtemp(prefix="headway-"))  # readable by its owner alone
        self._own = psutil.Process()
        self._memory = self._own.memory_info().rss
        try:
            self._process, info = launch(folder, self.workdir, self.limits, self.isolated)
        except KernelFailed:
            self._die("")
            raise
        try:
            self._connect(info, time.monotonic() + self.limits.start)
        except _Dead as dead:
            reason = self.death or str(dead)
            with contextlib.suppress(OSError):
                reason += "\n" + (folder / "log").read_text("utf-8", "replace")[-2000:].strip()
            reason = reason.strip()
            self._die(reason)
            raise KernelFailed(f"no kernel could be started: {reason}") from None

    def _connect(self, info: dict[str, Any], deadline: float) -> None:
        self._messages = Messages(key=info["key"].encode(), signature_scheme=info["signature_scheme"])
        self._context = zmq.Context()
        self._poller = zmq.Poller()
        for name, kind in CHANNELS.items():
            path = f"{info['ip']}-{info[name + '_port']}"
            while not _listens(path):
                if self._process.ended() or time.monotonic() > deadline:
                    raise _Dead(self._process.ended() or f"it was not up after {self.limits.start:g} seconds")
                time.sleep(0.02)
            channel = self._sockets[name] = self._context.socket(kind)
            channel.setsockopt(zmq.LINGER, 0)
            channel.setsockopt(zmq.MAXMSGSIZE, self.limits.result + MB)
            channel.setsockopt(zmq.RCVHWM, 100)
            # Connected once, before any of the student's code runs: whatever comes to stand there later is not ours.
            channel.setsockopt(zmq.RECONNECT_IVL, -1)
            if kind == zmq.SUB:
                channel.subscribe(b"")
            channel.connect(f"ipc://{path}")
            self._poller.register(channel, zmq.POLLIN)
        while True:  # until what the kernel publishes gets here
            request = self._send("shell", "kernel_info_request", {})
            if self._receive(("iopub",), time.monotonic() + 0.1) and self._reply(request, 1.0):
                break
            if time.monotonic() > deadline:
                raise _Dead(f"it did not answer within {self.limits.start:g} seconds")
        install = f"__import__({harness.__name__!r}, fromlist=['install']).install()"
        request = self._send("shell", "execute_request", _execution(install, store_history=False))
        outputs = Outputs(10_000)
        if self._collect(request, outputs, max(1.0, deadline - time.monotonic())) != "ok":
            raise _Dead(f"it cannot take calls: {outputs.text()}")
        # Nobody connects any more. A folder that is gone takes no files either, where the kernel has it in its view.
        shutil.rmtree(Path(info["ip"]).parent, ignore_errors=True)
        self._comm = secrets.token_hex(16)
        opening = {"comm_id": self._comm, "target_name": harness.TARGET, "data": {}}
        self._send("shell", "comm_open", opening)

    def _send(self, channel: str, kind: str, content: dict[str, Any], buffers: Iterable[bytes] = ()) -> str:
        """Send a request; its id."""
        if not self.alive:
            raise _Dead
        try:
            message = self._messages.send(
                self._sockets[channel], self._messages.msg(kind, content), buffers=list(buffers)
            )
        except zmq.ZMQError as error:
            self._die(f"it takes no messages ({error})")
            raise _Dead from None
        return message["header"]["msg_id"]

    def _reply(self, request: str, seconds: float) -> dict[str, Any] | None:
        deadline = time.monotonic() + seconds
        while found := self._receive(("shell", "iopub"), deadline):
            if found[0] == "shell" and found[1]["parent_header"].get("msg_id") == request:
                return found[1]
        return None

    def _receive(self, channels: tuple[str, ...], deadline: float) -> tuple[str, dict[str, Any]] | None:
        """The next message from one of these channels, or None at the deadline; `_Dead` once the kernel is gone."""
        while True:
            if not self.alive:
                raise _Dead
            self._dam()
            remaining = deadline - time.monotonic()
            if remaining <= 0:
                return None
            ready = dict(self._poller.poll(1000 * min(remaining, 0.1)))
            for name in channels:
                if self._sockets.get(name) in ready and (message := self._read(name)):
                    return name, message
            if not ready and (reason := self._process.ended()):
                self._die(reason)

    def _read(self, name: str) -> dict[str, Any] | None:
        try:
            _, frames = self._messages.feed_identities(self._sockets[name].recv_multipart(zmq.NOBLOCK))
            message = self._messages.deserialize(frames)
        except zmq.Again:
            return None
        except Exception as error:  # of parsers fed with anything whatever
            self._die(f"it sent what is no message of Jupyter's ({type(error).__name__})")
            return None
        if not (isinstance(message["content"], dict) and isinstance(message["parent_header"], dict)):
            self._die("it sent what is no message of Jupyter's")
            return None
        return message

    def _dam(self) -> None:
        """End a kernel that sends more than can be read: a message may have any number of parts."""
        if self._own.memory_info().rss > self._memory + FLOOD:
            self._die("it sent more than can be read")
            raise _Dead

    def _remaining(self, seconds: float) -> float:
        """`seconds`, or what remains of the notebook's time."""
        remaining = self._deadline - time.monotonic()
        if remaining <= 0 and self.alive:
            self._die(f"the notebook was not done after {self.limits.notebook:g} seconds")
        return max(0.0, min(seconds, remaining))

    def _die(self, reason: str) -> None:
        if self._process is not None:
            self._process.kill()
            self._process = None
            self.death = reason
        for channel in self._sockets.values():
            channel.close(linger=0)
        self._sockets = {}
        if self._folder is not None:
            shutil.rmtree(self._folder, ignore_errors=True)
            self._folder = None


def _execution(source: str, store_history: bool) -> dict[str, Any]:
    return {
        "code": source,
        "silent": False,
        "store_history": store_history,
        "user_expressions": {},
        "allow_stdin": False,
        "stop_on_error": False,
    }


def _listens(path: str) -> bool:
    with socket.socket(socket.AF_UNIX) as probe:
        try:
            probe.connect(path)
        except OSError:
            return False
        return True
