"""Bringing up a kernel's process: forked from the warm process where that can be, and isolated or not at all."""

from __future__ import annotations

import contextlib
import dataclasses
import json
import logging
import os
import secrets
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any, Protocol

from grader.lab.course import data_folder

from . import cold, isolation, warm
from .limits import Limits
from .server import Request

WAYS_ON = (
    "Grade in a container (`grader grade LESSON --container`, with Docker or Podman), or on a Linux system with bubblewrap "
    "installed or user namespaces allowed. To run submissions with your own rights instead, open to your files and the "
    "network, pass --trust-submissions."
)
CHANNELS = ("shell", "iopub", "stdin", "hb", "control")


class KernelFailed(Exception):
    """No kernel could be brought up; the message says what was in the way."""


class KernelProcess(Protocol):
    """A kernel's process and all that it starts, as a session holds it."""

    def ended(self) -> str:
        """Why it has ended, for a person; empty while it runs."""

    def interrupt(self) -> None:
        """As Ctrl-C would."""

    def kill(self) -> None:
        """End it and all that it started, at once; harmless where it has ended."""


def launch(
    folder: Path, workdir: Path, limits: Limits, isolated: bool
) -> tuple[KernelProcess, dict[str, Any]]:
    """A kernel for a submission in `workdir`, with its sockets in `folder`, and how to connect to it. It computes on the
    cores on which this process does.

    Raises `KernelFailed` where it cannot be isolated as wanted.
    """
    if sys.platform == "win32":
        raise KernelFailed(
            "submissions are graded on Linux or macOS; on Windows, use its subsystem for Linux (WSL)"
        )
    sockets = folder / "sockets"
    sockets.mkdir(mode=0o700)
    info = connection(sockets / "k")
    request = Request(
        arguments=["--log-level=ERROR"],
        connection={**info, "ip": f"{isolation.SOCKETS}/k"},
        workdir=str(workdir.resolve()),
        environment=isolation.environment(limits, dict(os.environ)),
        limits=limits,
        isolated=True,
        sockets=str(sockets),
        data=_data(),
        cores=tuple(sorted(os.sched_getaffinity(0))) if hasattr(os, "sched_getaffinity") else (),
    )
    if isolated:
        try:
            return warm.Warm(request, limits.start), info
        except warm.Refused as error:
            raise KernelFailed(str(error)) from None
        except warm.NotWarm as error:
            return _cold(request, folder / "log", error), info
    file = folder / "connection.json"
    file.touch(mode=0o600)
    file.write_text(json.dumps(info), "utf-8")
    try:
        changes = {"arguments": ["-f", str(file), *request.arguments], "isolated": False}
        environment = {**os.environ, "OMP_NUM_THREADS": str(limits.threads)}
        return warm.Warm(dataclasses.replace(request, environment=environment, **changes), limits.start), info
    except warm.NotWarm as error:
        say_once(logging.getLogger(__name__), error)
        return Ordinary(file, workdir, folder / "log"), info


def _cold(request: Request, log: Path, reason: warm.NotWarm) -> KernelProcess:
    if sys.platform != "linux":
        raise KernelFailed(f"submissions can be isolated on Linux only. {WAYS_ON}")
    try:
        kernel = cold.Cold(request, log)
    except cold.Missing as missing:
        raise KernelFailed(
            f"submissions cannot be isolated here ({reason}), and {missing}. {WAYS_ON}"
        ) from None
    say_once(logging.getLogger(__name__), reason)
    return kernel


def connection(prefix: Path) -> dict[str, Any]:
    """How to connect to a new kernel: by Unix sockets whose paths begin with `prefix`, with a key of its own."""
    return {
        "transport": "ipc",
        "ip": str(prefix),
        **{f"{name}_port": number for number, name in enumerate(CHANNELS, 1)},
        "key": secrets.token_hex(32),
        "signature_scheme": "hmac-sha256",
    }


_said = False


def say_once(log: logging.Logger, error: warm.NotWarm) -> None:
    """Tell, the first time in this process, that kernels start as they always do."""
    global _said
    if not _said:
        log.warning("Kernels are started in the ordinary way, which takes longer: %s", error)
        _said = True


def _data() -> str:
    try:
        return str(data_folder())
    except FileNotFoundError:
        return ""


class Ordinary:
    """A kernel that is started as any Jupyter program starts it, with the rights of whoever starts it."""

    def __init__(self, connection_file: Path, workdir: Path, log: Path):
        command = [
            sys.executable,
            "-m",
            "ipykernel_launcher",
            "-f",
            str(connection_file),
            "--log-level=ERROR",
        ]
        with log.open("wb") as output:
            self._process = subprocess.Popen(
                command,
                cwd=workdir,
                env={**os.environ, "JPY_PARENT_PID": str(os.getpid())},  # it ends when this process does
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=output,
                start_new_session=True,  # a group of its own, so that it can be interrupted and killed whole
            )

    def ended(self) -> str:
        code = self._process.poll()
        if code is None:
            return ""
        return f"it was killed by signal {-code}" if code < 0 else f"it left with code {code}"

    def interrupt(self) -> None:
        self._signal(signal.SIGINT)

    def kill(self) -> None:
        self._signal(signal.SIGKILL)
        self._process.wait()

    def _signal(self, number: int) -> None:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self._process.pid, number)
