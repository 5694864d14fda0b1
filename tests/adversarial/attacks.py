"""The attacks of this folder, one file each, and what a course has that they are after.

`code/NAME.py` is what a student hands in as the answer to `whole_word_groups`: the whole file is the answer's cell,
and where a line begins with `# %%` another cell begins, before the check. It may import from `known`, a file handed
in with it, all that an attacker could find out: paths, addresses, process ids (see `Targets`), `right`, a right
answer, and `talk`, which tries addresses. `files/NAME.py` has a function `tamper(folder, nb, course)` that does to
a right submission, its folder and its notebook, what a student could do by hand.

The docstring's first line says what is tried; then come lines of these:

    From:   where it was found, if not here: `nbgrader`, where stock nbgrader lets it through, or `others`
    Earns:  the points of `whole_word_groups` that are honest: `nothing`, `all`, or `not graded` and a part of the reason
    Next:   `lost` where the attack spoils its own kernel, and with it the right answer to the next exercise
    Shows:  a text that the graded notebook must hold, because else the attack did not get as far as it means to

What an attack reads it prints. What it writes or leaves running has its `NAME` in the name; to whom it talks it says its `NAME`.
"""

from __future__ import annotations

import ast
import contextlib
import ctypes
import hashlib
import inspect
import os
import secrets
import socket
import stat
import threading
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass
from functools import cached_property
from pathlib import Path

from nbformat import NotebookNode
from nbformat.v4 import new_code_cell
from small_class import NOTEBOOK
from small_course import LESSON, source

from grader.classroom import canonical
from grader.classroom.course import Course

HERE = Path(__file__).parent
EXERCISE, NEXT = "whole_word_groups", "masked_lm_quiz"
KEYS = ("From", "Earns", "Next", "Shows")


@dataclass(frozen=True)
class Attack:
    path: Path

    @property
    def name(self) -> str:
        return self.path.stem

    @cached_property
    def source(self) -> str:
        return self.path.read_text("utf-8")

    @cached_property
    def told(self) -> dict[str, str]:
        """What its docstring says below its first line, by keys."""
        lines = [line.partition(":") for line in self._docstring.splitlines()[1:] if line]
        return {key: text.strip() for key, _, text in lines}

    @property
    def sentence(self) -> str:
        return self._docstring.splitlines()[0]

    @property
    def reason(self) -> str:
        """Why it cannot be graded; empty where it can."""
        return self.told["Earns"].partition("not graded:")[2].strip()

    @cached_property
    def _docstring(self) -> str:
        return ast.get_docstring(ast.parse(self.source)) or ""

    def hand_in(self, folder: Path, nb: NotebookNode, course: Course, known: str) -> None:
        """Put this attack into `folder`; `nb` is a notebook with right answers."""
        (folder / "known.py").write_text(f"NAME = {self.name!r}\n{known}", "utf-8")
        tamper: Callable | None = None
        if self.path.parent.name == "code":
            first, *more = self.source.split("\n# %%")
            index = next(i for i, cell in enumerate(nb.cells) if cell.id == EXERCISE)
            nb.cells[index].source = first
            added = [part.partition("\n")[2] for part in more]
            nb.cells[index + 1 : index + 1] = [
                new_code_cell(source, id=f"cell-{number}") for number, source in enumerate(added)
            ]
        else:
            names: dict = {}
            exec(compile(self.source, self.path, "exec"), names)
            tamper = names["tamper"]
        text = tamper(folder, nb, course) if tamper else None
        if text is None:
            text = canonical.text(canonical.canonical(nb))
        if isinstance(text, str):
            (folder / NOTEBOOK).write_text(text, "utf-8")


ATTACKS = sorted(
    map(Attack, [*HERE.glob("code/*.py"), *HERE.glob("files/*.py")]), key=lambda attack: attack.name
)


# ------------------------------------------------------------------------------------------- what they are after


@dataclass(frozen=True)
class Targets:
    """What an attacker may know of the course and of the machine that grades."""

    COURSE: str
    HOME: str
    OTHER: str
    """The folder that another student handed in."""
    GRADER: int
    """The process that enters grades."""
    WARM: str
    """The socket of the process that all kernels are forked from."""
    TCP: tuple[str, int]
    TCP6: tuple[str, int]
    UDP: tuple[str, int]
    UNIX: str
    ABSTRACT: str


def canary(place: str) -> str:
    return f"canary-in-{place}-{secrets.token_hex(8)}"


def plant(course: Course, home: Path, other: Path) -> dict[str, str]:
    """Put a text that can be recognised into each place that nobody may read; the texts by their places."""
    places = {
        "solutions": course.solutions / "notes.md",
        "hidden": course.solutions / LESSON / "hidden" / "held_out.txt",
        "course": course.root / "notes.txt",
        "other": other / "diary.txt",
        "home": home / ".ssh" / "id_ed25519",
    }
    texts = {place: canary(place) for place in places}
    for place, path in places.items():
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(texts[place], "utf-8")
    return texts


def keep_a_key(text: str) -> None:
    """Put a secret into the keyring of this session, if there is one, as programs that log in do."""
    add_key = {"x86_64": 248, "aarch64": 217}.get(os.uname().machine)
    if add_key:
        ctypes.CDLL(None).syscall(add_key, b"user", b"headway-canary", text.encode(), len(text), -3)


@contextlib.contextmanager
def servers(folder: Path) -> Iterator[tuple[dict[str, object], set[str]]]:
    """Listen in every way that a program on this machine could; the addresses, and who said its name there."""
    wanted = {
        "TCP": (socket.AF_INET, socket.SOCK_STREAM, ("127.0.0.1", 0)),
        "TCP6": (socket.AF_INET6, socket.SOCK_STREAM, ("::1", 0)),
        "UDP": (socket.AF_INET, socket.SOCK_DGRAM, ("127.0.0.1", 0)),
        "UNIX": (socket.AF_UNIX, socket.SOCK_STREAM, str(folder / "socket")),
        "ABSTRACT": (socket.AF_UNIX, socket.SOCK_STREAM, f"\0headway-{secrets.token_hex(8)}"),
    }
    open_sockets, addresses, heard = [], {}, set()

    def listen(listener: socket.socket) -> None:
        with contextlib.suppress(OSError):
            while True:
                if listener.type == socket.SOCK_DGRAM:
                    if said := listener.recv(200):
                        heard.add(said.decode("utf-8", "replace"))
                    continue
                connection, _ = listener.accept()
                with connection:
                    connection.settimeout(5)
                    heard.add("somebody")
                    heard.add(connection.recv(200).decode("utf-8", "replace"))

    for name, (family, kind, address) in wanted.items():
        try:
            listener = socket.socket(family, kind)
            listener.bind(address)
        except OSError:  # a machine without IPv6
            addresses[name] = address
            continue
        if kind == socket.SOCK_STREAM:
            listener.listen()
        found = listener.getsockname()
        addresses[name] = found[:2] if family in (socket.AF_INET, socket.AF_INET6) else address
        open_sockets.append(listener)
        threading.Thread(target=listen, args=(listener,), daemon=True).start()
    try:
        yield addresses, heard
    finally:
        for listener in open_sockets:
            with contextlib.suppress(OSError):
                listener.shutdown(socket.SHUT_RDWR)
            listener.close()


NAME = ""
"""In the module `known`: that of the attack."""


def talk(family: int, kind: int, *addresses: object) -> None:
    """Say who is attacking to each of these addresses, and print what came of it."""
    for address in addresses:
        with socket.socket(family, kind) as connection:
            connection.settimeout(1)
            if kind == socket.SOCK_DGRAM:
                connection.setsockopt(socket.SOL_SOCKET, socket.SO_BROADCAST, 1)
            try:
                connection.connect(address)
                connection.send(NAME.encode())
                print("canary: connected to", address)
            except OSError as error:
                print("not connected:", error.strerror)


def known(targets: Targets) -> str:
    """The module `known`: the targets, `talk`, and `right`, which answers as a right answer does."""
    right = source(EXERCISE).replace(EXERCISE, "right", 1)
    values = "".join(f"{name} = {value!r}\n" for name, value in asdict(targets).items())
    return f"import socket\n\n{values}\n\n{inspect.getsource(talk)}\n\n{right}\n"


def contents(*folders: Path) -> dict[str, str]:
    """Every file below these folders, with what it holds."""
    found = {}
    for folder in folders:
        for inside, names, files in os.walk(folder):
            for name in (*names, *files):
                path = Path(inside, name)
                state = path.lstat()
                short = stat.S_ISREG(state.st_mode) and state.st_size < 10 << 20
                digest = hashlib.sha256(path.read_bytes()).hexdigest() if short else ""
                found[str(path)] = f"{state.st_mode:o} {digest}"
    return found
