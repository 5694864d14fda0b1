"""The answers that stand in a lesson's notebooks, as functions."""

from __future__ import annotations

import functools
import linecache
from collections.abc import Callable
from pathlib import Path

from nbformat import NotebookNode
from small_course import ROOT

from grader.classroom import canonical
from grader.classroom.course import Course
from grader.classroom.lessons import answer_cells
from grader.exercises import exercises

COURSE = Course(ROOT)


@functools.cache
def reference_answers(lesson: str) -> dict[str, Callable]:
    """The reference answers of a lesson by the exercise's name, without running the rest of the notebook."""
    return answers(canonical.read(COURSE.notebook(lesson)), lesson)


@functools.cache
def released_answers(lesson: str) -> dict[str, Callable]:
    """What stands in the answer cells of the lesson as students get it."""
    path = COURSE.notebooks / lesson / COURSE.notebook(lesson).name
    return answers(canonical.read(path), lesson)


def answers(nb: NotebookNode, lesson: str) -> dict[str, Callable]:
    """The functions that a notebook's answer cells define, after its cells tagged `setup`."""
    cells = answer_cells(nb, exercises(lesson))
    names: dict = {"__name__": f"answers to {lesson}"}
    setup = [cell for cell in nb.cells if "setup" in cell.metadata.get("tags", [])]
    for cell in [*setup, *cells.values()]:
        file = f"<cell {cell.id} of {lesson}>"
        linecache.cache[file] = (len(cell.source), None, cell.source.splitlines(keepends=True), file)
        exec(compile(cell.source, file, "exec"), names)
    return {name: names[name] for name in cells}


def size(path: Path) -> float:
    """Megabytes."""
    return path.stat().st_size / 1e6
