"""Grading what was collected: each submission for itself, so that a bad one never stops the others."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor, as_completed
from dataclasses import dataclass
from pathlib import Path

from nbformat import NotebookNode
from nbgrader.utils import is_grade, is_solution

from grader.classroom import canonical
from grader.classroom.course import Course, CourseError, surroundings


@dataclass(frozen=True)
class Graded:
    """One student's submission after grading. `faults` says, for a person, what was wrong with the submission;
    `graded` is False where that left no points to give."""

    student: str
    faults: tuple[str, ...] = ()
    graded: bool = True


def autograde(course: Course, lesson: str, students: Iterable[str]) -> Iterator[Graded]:
    """Autograde the collected submissions of these students, two at a time; yield each when it is done."""
    workers = min(2, os.cpu_count() or 1)
    with surroundings(OMP_NUM_THREADS="1"), ThreadPoolExecutor(workers) as pool:
        jobs = [pool.submit(_autograde, course, lesson, student) for student in students]
        for job in as_completed(jobs):
            yield job.result()


def _autograde(course: Course, lesson: str, student: str) -> Graded:
    submitted = course.root / "submitted" / student / lesson
    try:
        lost = faults(submitted, course.notebooks / lesson)
        course.nbgrader("autograde", lesson, "--student", student, "--force")
    except CourseError as error:
        return Graded(student, (str(error),), graded=False)
    return Graded(student, tuple(lost))


def faults(submitted: Path, released: Path) -> list[str]:
    """What is wrong with the notebook in the folder `submitted`, next to the one in `released`: lost cells.

    Raises `CourseError` where there is nothing to grade: no notebook of that name, a file that is not a
    notebook, another lesson's notebook, or cells that are there twice.
    """
    (original,) = released.glob("[!.]*.ipynb")
    path = submitted / original.name
    if not path.is_file():
        others = ", ".join(sorted(other.name for other in submitted.glob("*") if other.suffix == ".ipynb"))
        raise CourseError(
            f"{original.name} was not handed in"
            + (f"; there is {others}: if that is it, give it its old name" if others else "")
        )
    try:
        found = Counter(_graded_cells(canonical.read(path)))
    except ValueError as error:
        raise CourseError(f"{error}; ask for the notebook itself") from None
    wanted = _graded_cells(canonical.read(original))
    if not set(wanted) & set(found):
        raise CourseError(f"{path} has none of this lesson's cells: is it another lesson's notebook?")
    if twice := [name for name in wanted if found[name] > 1]:
        raise CourseError(
            f"{path} has more than one cell named {', '.join(twice)}: delete the copies, keep the one to be graded"
        )
    return [
        f"the cell {name} is missing from the notebook, and with it the points that hang on it"
        for name in wanted
        if name not in found
    ]


def _graded_cells(nb: NotebookNode) -> list[str]:
    """The nbgrader names of the cells that are graded or answered in."""
    return [
        cell.metadata.nbgrader.get("grade_id", "")
        for cell in nb.cells
        if isinstance(cell.metadata.get("nbgrader"), dict) and (is_grade(cell) or is_solution(cell))
    ]
