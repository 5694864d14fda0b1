"""The whole way of a lesson in a throw-away folder: released, handed in by made-up students, graded, answered."""

from __future__ import annotations

import shutil
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from nbformat import NotebookNode
from nbgrader.converters import GenerateFeedback
from nbgrader.exchange import ExchangeFactory

from grader.classroom import canonical
from grader.classroom.autograde import autograde, plan
from grader.classroom.course import CONFIG, Course, CourseError
from grader.classroom.gradebook import Score, scores
from grader.classroom.lessons import graded_cells
from grader.classroom.release import release
from grader.classroom.submissions import typical
from grader.classroom.table import table
from grader.exercises import exercises
from grader.judge.verdict import number

AUTOGRADING = 6
"""How many of the other steps autograding one submission takes as long as."""


@dataclass(frozen=True)
class Demo:
    """What a demonstration left: its course folder, and each student's points by exercise."""

    course: Course
    lesson: str
    points: dict[str, dict[str, Score]]

    @property
    def feedback(self) -> list[Path]:
        return sorted(self.course.root.glob(f"feedback/*/{self.lesson}/*.html"))

    def __str__(self) -> str:
        names = list(next(iter(self.points.values())))
        rows = [["student", *names, "together"]]
        for student, given in self.points.items():
            together = Score(*(sum(column) for column in zip(*given.values(), strict=True)))
            rows.append(
                [student, *(f"{number(s.points)} of {number(s.out_of)}" for s in [*given.values(), together])]
            )
        pages = [f"  {path}" for path in self.feedback]
        return "\n".join([table(rows), "", "Feedback pages:", *pages])


def demonstrate(
    course: Course, lesson: str, folder: Path, done: Callable[[int], object] = lambda _: None
) -> Demo:
    """Release `lesson` in the empty `folder`, hand in for four made-up students, grade and answer them.

    `done` is called with the share of the work that is done since it was last called, out of `steps()`.
    nbgrader's own exchange carries the work where there is one (it has none on Windows). Raises `CourseError`.
    """
    own = Course(folder)
    shutil.copy(course.root / CONFIG, folder)
    shutil.copytree(course.solutions / lesson, own.solutions / lesson)
    settings = {"Exchange": {"root": str(folder / "exchange"), "cache": str(folder / "cache")}}
    release(own, [lesson])
    done(1)
    name = own.notebook(lesson).name
    solution = canonical.read(own.solutions / lesson / name)
    students = typical(canonical.read(own.notebooks / lesson / name), solution, exercises(lesson))
    _hand_in(own, lesson, name, students, settings)
    done(1)
    for graded in autograde(plan(own, lesson), trusted=True):  # nobody wrote these answers but we
        if graded.faults:
            raise CourseError(f"{graded.student}: {'; '.join(graded.faults)}")
        done(AUTOGRADING)
    own.run(GenerateFeedback, {"CourseDirectory": {"assignment_id": lesson}})
    done(1)
    exercise_of = graded_cells(solution, exercises(lesson))
    given = scores(own, lesson)
    points = {
        student: {exercise: given[student][cell] for cell, exercise in exercise_of.items()}
        for student in students
    }
    return Demo(own, lesson, points)


def steps(students: int = 4) -> int:
    return 3 + students * AUTOGRADING


def _hand_in(
    course: Course, lesson: str, name: str, students: dict[str, NotebookNode], settings: dict[str, dict]
) -> None:
    """Put each student's notebook where nbgrader grades it: through the exchange, or directly without one."""
    this = {"CourseDirectory": {"assignment_id": lesson}}
    if sys.platform == "win32":
        for student, nb in students.items():
            handed_in = course.root / "submitted" / student / lesson
            handed_in.mkdir(parents=True)
            canonical.write(nb, handed_in / name)
        return
    exchange = ExchangeFactory(config=course.config())
    course.run(exchange.ReleaseAssignment, {**settings, **this})
    for student, nb in students.items():
        desk = course.root / "students" / student
        shutil.copytree(course.notebooks / lesson, desk / lesson)
        canonical.write(nb, desk / lesson / name)
        course.run(
            exchange.Submit,
            {
                "Exchange": {**settings["Exchange"], "assignment_dir": str(desk)},
                "CourseDirectory": {"assignment_id": lesson, "student_id": student},
            },
        )
    course.run(exchange.Collect, {**settings, **this})
