"""The answers that stand in a lesson's notebooks, as functions."""

from __future__ import annotations

import functools
import importlib.util
import linecache
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from nbformat import NotebookNode
from small_course import ROOT

from grader.classroom import canonical
from grader.classroom.course import Course
from grader.classroom.lessons import answer_cells
from grader.exercises import exercises, lessons

COURSE = Course(ROOT)


@dataclass(frozen=True)
class Written:
    """The answers of one notebook: their cells' sources and the functions, by exercise, and all names as they stand
    after the setup cells and the answer cells."""

    cells: dict[str, str]
    names: dict

    @property
    def functions(self) -> dict[str, Callable]:
        return {name: self.names[name] for name in self.cells}


@functools.cache
def written_answers(lesson: str) -> Written:
    """What stands in the answer cells of the solution notebook, the rest of which is not run."""
    return answers(canonical.read(COURSE.notebook(lesson)), lesson)


def reference_answers(lesson: str) -> dict[str, Callable]:
    """The reference answers of a lesson by the exercise's name."""
    return written_answers(lesson).functions


@functools.cache
def released_answers(lesson: str) -> dict[str, Callable]:
    """What stands in the answer cells of the lesson as students get it."""
    path = COURSE.notebooks / lesson / COURSE.notebook(lesson).name
    return answers(canonical.read(path), lesson).functions


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


def answers(nb: NotebookNode, lesson: str) -> Written:
    """The functions that a notebook's answer cells define, after its cells tagged `setup`."""
    cells = answer_cells(nb, exercises(lesson))
    names: dict = {"__name__": f"answers to {lesson}"}
    setup = [cell for cell in nb.cells if "setup" in cell.metadata.get("tags", [])]
    for cell in [*setup, *cells.values()]:
        file = f"<cell {cell.id} of {lesson}>"
        linecache.cache[file] = (len(cell.source), None, cell.source.splitlines(keepends=True), file)
        exec(compile(cell.source, file, "exec"), names)
    return Written({name: cell.source for name, cell in cells.items()}, names)


def size(path: Path) -> float:
    """Megabytes."""
    return path.stat().st_size / 1e6
