"""Bringing up a kernel's process, the ordinary way."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
from pathlib import Path
from typing import Protocol


class KernelProcess(Protocol):
    """A kernel's process and all that it starts, as a session holds it."""

    def ended(self) -> str:
        """Why it has ended, for a person; empty while it runs."""

    def interrupt(self) -> None:
        """As Ctrl-C would."""

    def kill(self) -> None:
        """End it and all that it started, at once; harmless where it has ended."""


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
