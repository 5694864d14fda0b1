"""What goes to those who grade and what comes back from them: plain data, on this machine or another."""

from __future__ import annotations

import os
import pickle
import secrets
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from nbgrader.api import Gradebook
from nbgrader.converters import Autograde
from nbgrader.coursedir import CourseDirectory
from nbgrader.utils import find_all_files
from traitlets.config import Config, LazyConfigValue
from traitlets.utils.importstring import import_item

from grader.classroom.course import CourseError
from grader.classroom.execute import hidden_folder, released_cells
from grader.classroom.gradebook import cells, without_students
from grader.classroom.intake import SubmissionError, read
from grader.classroom.seed import course_seed


@dataclass(frozen=True)
class Material:
    """What grading the submissions of a lesson needs beside them.

    `gradebook` is an SQLite file with the lesson's cells and no student; `notebooks` are its notebooks' names, each
    with the names of its cells that are answered or graded; `files` and `hidden` are the instructor's own files,
    by their paths inside the lesson's folder and inside its `hidden/`; `own` are its code cells (see `Terms`).
    `sanitize` and `grade` name nbgrader's steps; `settings` are theirs.
    """

    lesson: str
    gradebook: bytes
    notebooks: Mapping[str, tuple[str, ...]]
    files: Mapping[str, bytes]
    hidden: Mapping[str, bytes]
    own: Mapping[str, frozenset[str]]
    seed: int
    sanitize: tuple[str, ...]
    grade: tuple[str, ...]
    settings: Mapping[str, Mapping[str, object]]
    name: str = field(default_factory=lambda: secrets.token_hex(8))
    """Tells one material from another, so that whoever grades unpacks it once."""


@dataclass(frozen=True)
class Result:
    """What grading a submission gave: its notebooks as they go into `autograded/`, as text by their names.

    `failed` says why there are none, for a person; `faults` what else there is to know. `seconds` is the time it took,
    `memory` the most that the process that did it has held so far, in bytes, without that of the kernels.
    """

    student: str
    notebooks: Mapping[str, str]
    faults: tuple[str, ...] = ()
    failed: str = ""
    seconds: float = 0.0
    memory: int = 0


def material(
    directory: CourseDirectory, gradebook: Gradebook, config: Config, lesson: str, *, trusted: bool
) -> Material:
    """What it takes to grade a lesson of this course. With `trusted`, submissions run without isolation.

    Raises `CourseError` where the lesson was not released, or settings cannot be sent anywhere.
    """
    converter = Autograde(coursedir=directory, config=config)
    sanitize, grade = (
        tuple(map(full_name, steps))
        for steps in (converter.sanitize_preprocessors, converter.autograde_preprocessors)
    )
    own = Path(directory.format_path(directory.source_directory, ".", lesson))
    kept = set(converter.exclude_overwriting.get(lesson, []))
    paths = [Path(path) for path in find_all_files(str(own), [*directory.ignore, "*.ipynb"])]
    hidden = hidden_folder(directory, lesson)
    try:
        hidden_files = read(hidden, "", lesson).files if hidden else {}
    except SubmissionError as error:
        raise CourseError(f"{hidden}: {error}") from None
    settings = _settings(config, (*sanitize, *grade))
    if trusted:
        settings.setdefault("Execute", {})["trust_submissions"] = True
    return Material(
        lesson=lesson,
        gradebook=without_students(gradebook, lesson),
        notebooks=cells(gradebook, lesson),
        files={
            path.relative_to(own).as_posix(): path.read_bytes()
            for path in paths
            if os.fspath(path.relative_to(own)) not in kept
        },
        hidden=hidden_files,
        own=released_cells(directory, lesson),
        seed=course_seed(directory),
        sanitize=sanitize,
        grade=grade,
        settings=settings,
    )


def full_name(step: type | str) -> str:
    """A step of nbgrader's by the name that imports it."""
    return step if isinstance(step, str) else f"{step.__module__}.{step.__qualname__}"


def _settings(config: Config, steps: tuple[str, ...]) -> dict[str, dict[str, object]]:
    """The part of the course's configuration that these steps and their exporter read."""
    sections = {"Exporter", "NotebookExporter", "TemplateExporter"}
    sections |= {kind.__name__ for step in steps for kind in import_item(step).mro()}
    settings = {
        name: {key: value for key, value in config[name].items() if not isinstance(value, LazyConfigValue)}
        for name in sorted(sections & set(config))
    }
    exporter = settings.setdefault("Exporter", {})
    exporter["default_preprocessors"] = []  # as every converter of nbgrader's
    exporter.setdefault("optimistic_validation", True)  # notebooks are validated after the last step, not after each
    try:
        pickle.dumps(settings)
    except Exception as error:
        raise CourseError(
            f"nbgrader_config.py holds a setting that cannot be sent to those who grade ({error})"
        ) from None
    return settings
