"""An isolated kernel without the warm process: a new Python in a view that bubblewrap makes.

For systems on which a process may not isolate itself but bubblewrap may, by a right of its own, and for where
nothing can be forked. What can be seen is what `isolation` shows; one thing is weaker: the memory that all of a
submission's processes use together is not limited, only that of each.
"""

from __future__ import annotations

import contextlib
import os
import shutil
import signal
import subprocess
import sys
from pathlib import Path

import psutil

import grader

from . import isolation, seccomp, server
from .server import Request

SUBMISSION = "/run/submission"


class Missing(Exception):
    """There is no bubblewrap."""


class Cold:
    """A kernel in a sandbox of bubblewrap's; as `launch.KernelProcess`."""

    def __init__(self, request: Request, log: Path):
        program = shutil.which("bwrap")
        if program is None:
            raise Missing("bubblewrap (the program bwrap) is not installed")
        with log.open("wb") as output:
            self._process = subprocess.Popen(
                [program, *view(request), "--", sys.executable, "-P", "-m", "grader.kernel.cold"],
                stdin=subprocess.PIPE,
                stdout=output,
                stderr=output,
                start_new_session=True,
            )
        with contextlib.suppress(BrokenPipeError), self._process.stdin as stdin:
            stdin.write(request.encode())

    def ended(self) -> str:
        code = self._process.poll()
        if code is None:
            return ""
        if code > 128:  # as bubblewrap, like a shell, tells of a signal
            return f"it was killed by signal {code - 128}"
        return f"it left with code {code}"

    def interrupt(self) -> None:
        with contextlib.suppress(psutil.Error, IndexError):
            (first,) = psutil.Process(self._process.pid).children()
            first.children()[0].send_signal(signal.SIGINT)

    def kill(self) -> None:
        everyone = []
        with contextlib.suppress(psutil.Error):
            everyone = psutil.Process(self._process.pid).children(recursive=True)
        self._process.kill()
        self._process.wait()
        psutil.wait_procs(everyone, timeout=10.0)


def view(request: Request) -> list[str]:
    """What bubblewrap is told: the same view as `isolation.enter` makes."""
    package = Path(grader.__file__).parent
    size = str(request.limits.disk)
    told = [
        "--unshare-all",
        "--die-with-parent",
        "--new-session",
        "--hostname",
        "headway",
        "--cap-drop",
        "ALL",
    ]
    if os.geteuid() == 0:
        told += ["--unshare-user", "--uid", str(isolation.NOBODY), "--gid", str(isolation.NOBODY)]
    told += ["--clearenv"]
    for name, value in request.environment.items():
        told += ["--setenv", name, value]
    told += ["--proc", "/proc", "--dev", "/dev"]
    for place in ("/tmp", isolation.HOME, "/dev/shm"):
        told += ["--perms", "0700", "--size", size, "--tmpfs", place]
    shown = [*isolation.visible(), package, *([Path(request.data)] if request.data else [])]
    for place in [*shown, *(Path("/etc", name) for name in isolation.ETC)]:
        source = os.path.realpath(place)
        if str(place) != source and place.parent == Path("/"):
            told += ["--symlink", source, str(place)]
        elif os.path.exists(source):
            told += ["--ro-bind", source, str(place)]
    if (package / "classroom").exists():
        told += ["--perms", "0700", "--size", "4096", "--tmpfs", str(package / "classroom")]
    told += ["--bind", request.sockets, isolation.SOCKETS, "--ro-bind", request.workdir, SUBMISSION]
    return [*told, "--remount-ro", "/"]


def main() -> None:
    """In the sandbox: become the kernel that the request on stdin asks for."""
    request = Request.decode(sys.stdin.buffer.readline())
    os.environ.update(server.ENVIRONMENT | request.environment)
    workdir = Path(isolation.HOME, Path(request.workdir).name)
    isolation.copy(Path(SUBMISSION), workdir)
    os.chdir(workdir)
    isolation.limit(request.limits)
    with contextlib.suppress(OSError):
        seccomp.refuse()
    server.kernel_app(request).start()


if __name__ == "__main__":
    main()
