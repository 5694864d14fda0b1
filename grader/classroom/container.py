"""Grading in a Linux container, for where the system itself cannot isolate submissions: macOS, say, or a Linux that
gives nobody namespaces of their own.

The same command runs in there, and isolates each submission in the same way (`grader.kernel.isolation`). What this asks
of the container is that its processes may make namespaces, which an engine forbids unless it is told; it gets no
right of its own in return, no network, and of this machine it sees the course's folder.
"""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import NoReturn

from sqlalchemy.engine import make_url

import grader
from grader.classroom.course import Course, CourseError
from grader.classroom.gradebook import directory_of
from grader.kernel import warm
from grader.lab.course import data_folder

PROGRAMS = ("podman", "docker")
"""In this order, because where both answer `docker` may speak to Podman's engine, which does not heed all that it says."""
PATIENCE = 30.0
"""Seconds that an engine has to answer: one in a virtual machine may be waking up."""
IMAGE = "localhost/headway"
SETTINGS = ("PIP_INDEX_URL", "PIP_EXTRA_INDEX_URL")
"""Those of this environment's variables that count when the image is built."""
TOP = Path(grader.__file__).resolve().parents[1]
SOURCES = (Path(__file__).with_name("Containerfile"), TOP / "pyproject.toml", TOP / "requirements.txt")
"""What the image is made from."""
INSIDE = "HEADWAY_CONTAINER"
"""The environment variable that tells, in the container, whose it is."""
SECURITY = (
    "no-new-privileges",
    "seccomp=unconfined",  # engines' own filters refuse what namespaces are made with
    "apparmor=unconfined",  # and so do their profiles
    "systempaths=unconfined",  # where parts of /proc are covered, no namespace may mount one of its own
    "label=disable",  # the course's files have no label of a container's, and shall not get one
)


@dataclass(frozen=True)
class Engine:
    """A container engine that answers to `program`. `rootless`: root in its containers is the user who started it."""

    program: str
    rootless: bool

    def __str__(self) -> str:
        return Path(self.program).name


def engine() -> Engine:
    """The first engine that answers. Raises `CourseError` with what each said where none does."""
    if sys.platform == "win32":
        raise CourseError(
            "containers grade on macOS and Linux; on Windows, use its subsystem for Linux (WSL)"
        )
    silent = []
    for program in PROGRAMS:
        try:
            return _ask(program)
        except _Silent as reason:
            silent.append(f"{program} {reason}")
    raise CourseError(f"no container engine answers ({'; '.join(silent)})")


def grade_instead(refused: CourseError, course: Course, arguments: Sequence[str]) -> NoReturn:
    """Grade in a container because this system has `refused` to isolate. Raises `CourseError` where there is no
    engine, or where this is the container."""
    if INSIDE in os.environ:
        raise CourseError(f"in the container of {os.environ[INSIDE]}, {refused}")
    try:
        found = engine()
    except CourseError as missing:
        raise CourseError(f"{refused}; or start Docker or Podman, for {missing}") from None
    print(f"Nothing can be isolated here, so a container of {found} grades.", flush=True)
    grade(found, course, arguments)


def grade(engine: Engine, course: Course, arguments: Sequence[str]) -> NoReturn:
    """Become the engine's program, which runs `grader grade ARGUMENTS` in a container: it hands on signals and the exit
    code, and the container goes when the verb in it ends. The image is built first where there is none of the present pins.

    Raises `CourseError` where it cannot be built, or would not find the gradebook.
    """
    _find_gradebook(course)
    told = command(engine, _image(engine), course, arguments)
    warm.stop()  # nothing is done at the end of this process but what is done here
    sys.stdout.flush()
    os.execv(engine.program, told)


def command(engine: Engine, image: str, course: Course, arguments: Sequence[str]) -> list[str]:
    """What the engine is told to run. Folders have the same names in there as here, and what is written belongs to who
    grades; to the owner of the course where that is root."""
    root = course.root.resolve()
    data = data_folder().resolve()
    user, group = _user(engine, root)
    screen = shutil.get_terminal_size()
    environment = {
        INSIDE: str(engine),
        "HOME": "/tmp",
        "PYTHONPATH": str(TOP),
        "PYTHONDONTWRITEBYTECODE": "1",
        "HEADWAY_DATA": str(data),
        "COLUMNS": str(screen.columns),  # as wide as the progress bar may be
        "LINES": str(screen.lines),
    }
    told = [engine.program, "run", "--rm", "--init", "--pull=never", "--network=none"]
    told += ["--read-only", "--tmpfs=/tmp", "--cap-drop=ALL", f"--user={user}:{group}"]
    if user == 0:  # Linux asks for this right where root's id is to be that of root in a namespace
        told.append("--cap-add=SETFCAP")
    told += [f"--security-opt={option}" for option in SECURITY]
    told.append(_mount(root))
    for folder in (TOP / "grader", data):
        if not folder.is_relative_to(root):
            told.append(_mount(folder) + ",readonly")
    told += [f"--env={name}={value}" for name, value in environment.items()]
    told += [f"--workdir={root}", image]
    return [*told, "python", "-P", "-m", "grader.cli", "grade", *arguments]


# ----------------------------------------------------------------------------------------------- their parts


class _Silent(Exception):
    """An engine is not there or does not answer; the message says which."""


def _ask(program: str) -> Engine:
    path = shutil.which(program)
    if path is None:
        raise _Silent("is not installed")
    question = [path, "info", "--format", "{{json .}}"]
    try:
        done = subprocess.run(
            question, stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=PATIENCE
        )
        if done.returncode:
            said = done.stderr.strip().splitlines()
            raise _Silent(f"does not ({said[-1] if said else f'it left with code {done.returncode}'})")
        told = json.loads(done.stdout)
    except subprocess.TimeoutExpired:
        raise _Silent(f"does not within {PATIENCE:g} seconds") from None
    except OSError as error:
        raise _Silent(f"cannot be started ({error.strerror})") from None
    except ValueError:
        raise _Silent("says nothing of itself") from None
    if "host" in told:  # Podman, which may be installed as `docker`, too
        return Engine(path, bool(told["host"]["security"]["rootless"]))
    return Engine(path, "name=rootless" in (told.get("SecurityOptions") or []))


def _find_gradebook(course: Course) -> None:
    """Raise `CourseError` where the gradebook is not among the course's files: it would be missed, or made anew in the
    container and lost with it."""
    url, root = make_url(directory_of(course).db_url), course.root.resolve()
    if url.drivername == "sqlite" and url.database and (root / url.database).resolve().is_relative_to(root):
        return
    raise CourseError(
        f"a container sees nothing but the course's folder, and the gradebook is not in it but {url}: grade on a "
        "system that can isolate submissions itself"
    )


def _image(engine: Engine) -> str:
    """The image's name; it is built where there is none of that name."""
    name = _name()
    if _is_there(engine, name):
        return name
    print(f"Building the container with {engine}, which takes minutes the first time ...", flush=True)
    settings = [f"--build-arg={setting}" for setting in SETTINGS if setting in os.environ]
    with tempfile.TemporaryDirectory(prefix="headway-") as folder:
        for source in SOURCES:
            shutil.copyfile(source, Path(folder, source.name))
        file = str(Path(folder, "Containerfile"))
        done = _quietly(engine, "build", *settings, "--tag", name, "--file", file, folder)
    if done.returncode:
        last = "\n  ".join(done.stdout.strip().splitlines()[-10:])
        raise CourseError(f"the container could not be built; the last that {engine} said is\n  {last}")
    return name


def _name() -> str:
    """An image's name has a digest of all that it is made from."""
    digest = hashlib.sha256(b"\0".join(path.read_bytes() for path in SOURCES))
    return f"{IMAGE}:{digest.hexdigest()[:16]}"


def _is_there(engine: Engine, name: str) -> bool:
    return _quietly(engine, "image", "inspect", name).returncode == 0


def _quietly(engine: Engine, *arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [engine.program, *arguments],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        errors="replace",
    )


def _user(engine: Engine, root: Path) -> tuple[int, int]:
    """The ids in the container of the user who, outside, is to own what is written."""
    if engine.rootless:
        return 0, 0
    if os.getuid() == 0:
        owner = root.stat()
        return owner.st_uid, owner.st_gid
    return os.getuid(), os.getgid()


def _mount(folder: Path) -> str:
    if "," in str(folder):
        raise CourseError(f"a container cannot be given {folder}: rename it, so that it has no comma")
    return f"--mount=type=bind,source={folder},target={folder}"
