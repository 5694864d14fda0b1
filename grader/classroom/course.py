"""The course as an instructor has it: its folder, its lessons, and nbgrader's steps over it."""

from __future__ import annotations

import contextlib
import difflib
import logging
import os
import re
import subprocess
import sys
import sysconfig
import tempfile
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from traitlets.config import Config, LoggingConfigurable, PyFileConfigLoader

from grader.lab.course import data_folder

CONFIG = "nbgrader_config.py"


class CourseError(Exception):
    """Something that a person can put right; the message says what is wrong and what to do."""


@dataclass(frozen=True)
class Course:
    """A course folder: `nbgrader_config.py`, `solutions/`, `notebooks/` and what grading makes beside them."""

    root: Path

    @classmethod
    def here(cls) -> Course:
        """The course that the working directory is in, else the one that this package belongs to.

        Raises `CourseError` where there is none, or where it has no solutions/.
        """
        current = Path.cwd()
        for root in (current, *current.parents, Path(__file__).parents[2]):
            if (root / CONFIG).is_file() and (root / "solutions").is_dir():
                return cls(root)
        raise CourseError(
            f"there is no course here: start from the folder that holds {CONFIG} and solutions/"
        )

    @property
    def solutions(self) -> Path:
        return self.root / "solutions"

    @property
    def notebooks(self) -> Path:
        return self.root / "notebooks"

    @property
    def lessons(self) -> tuple[str, ...]:
        """The names of the lessons, which are the folders in solutions/ that hold a notebook."""
        return tuple(sorted({path.parent.name for path in self.solutions.glob("[!.]*/[!.]*.ipynb")}))

    def lesson(self, name: str) -> str:
        """The full name of a lesson, given in full or short of its number (`masked_lm`) or its title (`03`).

        Raises `CourseError` with the nearest names where there is no such lesson.
        """
        for lesson in self.lessons:
            number, _, title = lesson.partition("_")
            if name in (lesson, number, title):
                return lesson
        if not self.lessons:
            raise CourseError(f"{self.solutions} holds no lesson yet")
        near = difflib.get_close_matches(name, self.lessons, n=3, cutoff=0.4)
        raise CourseError(
            f"there is no lesson {name!r} in solutions/; "
            + (f"did you mean {' or '.join(near)}?" if near else f"there are {', '.join(self.lessons)}")
        )

    @property
    def pages(self) -> tuple[Path, ...]:
        """The notebooks in solutions/ that belong to no lesson, such as the start page."""
        return tuple(sorted(self.solutions.glob("[!.]*.ipynb")))

    def chosen(self, names: list[str]) -> list[str]:
        """The full names of the given lessons; of all, if none are given."""
        return [self.lesson(name) for name in names] or list(self.lessons)

    def notebook(self, lesson: str) -> Path:
        """The lesson's one solution notebook. Raises `CourseError` where there are several."""
        found = sorted(self.solutions.glob(f"{lesson}/[!.]*.ipynb"))
        if len(found) != 1:
            raise CourseError(
                f"solutions/{lesson} should hold one notebook, and holds {len(found)}: {_names(found)}"
            )
        return found[0]

    def config(self, changes: Mapping[str, Mapping[str, object]] | None = None) -> Config:
        """What `nbgrader_config.py` says, with `changes` as {class: {setting: value}}."""
        try:
            config = PyFileConfigLoader(CONFIG, path=str(self.root)).load_config()
        except Exception as error:
            raise CourseError(f"{self.root / CONFIG} cannot be read: {error}") from error
        config.merge(Config(changes or {}))
        return config

    def run(
        self,
        kind: Callable[..., LoggingConfigurable],
        changes: Mapping[str, Mapping[str, object]] | None = None,
        **settings,
    ) -> None:
        """Run one of nbgrader's steps on this course, quietly.

        `kind` is a converter class, or what an `ExchangeFactory` has for a step. `settings` are the
        step's own attributes. Raises `CourseError` with what nbgrader says where it fails.
        """
        from nbgrader.auth import Authenticator
        from nbgrader.coursedir import CourseDirectory
        from nbgrader.utils import capture_log

        config = self.config(changes)
        with surroundings(), quiet():
            needed = {"coursedir": CourseDirectory(config=config)}
            if not isinstance(kind, type):
                needed["authenticator"] = Authenticator(config=config)
            step: LoggingConfigurable = kind(config=config, **needed)
            for name, value in settings.items():
                setattr(step, name, value)
            result = capture_log(step)
        if not result["success"]:
            raise CourseError(reason(result.get("log", "") + "\n" + result["error"]))

    def nbgrader(self, *arguments: str, cwd: Path | None = None) -> str:
        """Run an nbgrader command in a process of its own, and return what it printed.

        Raises `CourseError` with what nbgrader says where it fails.
        """
        done = subprocess.run(
            [sys.executable, "-m", "nbgrader", *arguments],
            cwd=cwd or self.root,
            env={**os.environ, **_surroundings()},
            capture_output=True,
            text=True,
            encoding="utf-8",
            errors="replace",
        )
        if done.returncode:
            raise CourseError(f"`nbgrader {' '.join(arguments)}` failed: {reason(done.stdout + done.stderr)}")
        return done.stdout + done.stderr


def reason(log: str) -> str:
    """The one line of nbgrader's log that says why it failed: the first exception, else the first error."""
    log = re.sub(r"\x1b\[[0-9;]*m", "", log)
    exceptions = re.findall(r"^\s*(?:\w+\.)*(\w+(?:Error|Exception|Entry)): *(.+)", log, re.MULTILINE)
    errors = re.findall(r"^\[.*?(?:ERROR|CRITICAL)\] +(?!Traceback)(.+)", log, re.MULTILINE)
    if exceptions:
        kind, message = exceptions[0]
        return (
            message
            if kind in ("RuntimeError", "NbGraderException", "ExchangeError", "SubmissionError")
            else f"{kind}: {message}"
        )
    return errors[0] if errors else (log.strip().splitlines() or ["it gave no reason"])[-1]


def _surroundings() -> dict[str, str]:
    """This environment's scripts on PATH, because nbgrader calls `alembic` by its name; its kernels first."""
    path = os.pathsep.join([sysconfig.get_path("scripts"), os.environ.get("PATH", "")])
    return {"PATH": path, "JUPYTER_PREFER_ENV_PATH": "1"}


@contextlib.contextmanager
def surroundings(**changes: str) -> Iterator[None]:
    """In the block, the environment variables that nbgrader and its kernels need, and `changes`."""
    wanted = {**_surroundings(), **changes}
    before = {name: os.environ.get(name) for name in wanted}
    os.environ.update(wanted)
    try:
        yield
    finally:
        for name, value in before.items():
            if value is None:
                os.environ.pop(name)
            else:
                os.environ[name] = value


@contextlib.contextmanager
def quiet() -> Iterator[None]:
    """nbgrader's log kept from the screen: it is read where a step fails."""
    logger = logging.getLogger("traitlets")
    before = logger.propagate, logger.handlers[:]
    logger.propagate, logger.handlers = False, [logging.NullHandler()]
    try:
        yield
    finally:
        logger.propagate, logger.handlers = before


@contextlib.contextmanager
def blank_record() -> Iterator[None]:
    """In the block, kernels keep their record of progress (`.progress/`) away from that of whoever works here."""
    with tempfile.TemporaryDirectory(prefix="headway-") as folder:
        data = Path(folder, "data")
        try:
            data.symlink_to(data_folder(), target_is_directory=True)
        except OSError:  # Windows, where links are a privilege
            yield
            return
        with surroundings(HEADWAY_DATA=str(data)):
            yield


def _names(paths: list[Path]) -> str:
    return ", ".join(path.name for path in paths) or "none"
