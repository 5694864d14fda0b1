"""The answers that stand in a lesson's notebooks, as functions."""

from __future__ import annotations

import functools
import importlib.util
from collections.abc import Callable
from pathlib import Path

from small_course import ROOT

from grader.classroom import canonical
from grader.classroom.answers import Written, answers
from grader.classroom.course import Course
from grader.exercises import exercises, lessons

COURSE = Course(ROOT)


@functools.cache
def written_answers(lesson: str) -> Written:
    """What stands in the answer cells of the solution notebook, the rest of which is not run."""
    return answers(canonical.read(COURSE.notebook(lesson)), exercises(lesson), lesson)


def reference_answers(lesson: str) -> dict[str, Callable]:
    """The reference answers of a lesson by the exercise's name."""
    return written_answers(lesson).functions


@functools.cache
def released_answers(lesson: str) -> dict[str, Callable]:
    """What stands in the answer cells of the lesson as students get it."""
    path = COURSE.notebooks / lesson / COURSE.notebook(lesson).name
    return answers(canonical.read(path), exercises(lesson), lesson).functions


@functools.cache
def variants(lesson: str) -> dict[str, list[Callable]]:
    """The differently written right answers of a lesson, by exercise: functions called `<exercise>__<how>`."""
    module_name = lessons()[lesson].__name__.rpartition(".")[2]
    path = Path(__file__).parent / "exercises" / "variants" / f"{module_name}.py"
    spec = importlib.util.spec_from_file_location(f"variants_{module_name}", path)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    found: dict[str, list[Callable]] = {}
    for name, value in vars(module).items():
        if "__" in name and not name.startswith("_"):
            found.setdefault(name.partition("__")[0], []).append(value)
    return found


def size(path: Path) -> float:
    """Megabytes."""
    return path.stat().st_size / 1e6
