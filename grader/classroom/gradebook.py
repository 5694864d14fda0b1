"""Reading nbgrader's gradebook, and writing into it: one writer, one transaction a submission."""

from __future__ import annotations

import contextlib
import tempfile
import warnings
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import NamedTuple

from nbformat import NotebookNode
from nbgrader.api import (
    Assignment,
    BaseCell,
    Gradebook,
    GradeCell,
    MissingEntry,
    Notebook,
    SolutionCell,
    SourceCell,
    SubmittedAssignment,
    TaskCell,
)
from nbgrader.api import Course as CourseEntry
from nbgrader.coursedir import CourseDirectory
from nbgrader.preprocessors import AssignLatePenalties, SaveAutoGrades
from nbgrader.preprocessors.base import NbGraderPreprocessor
from nbgrader.utils import is_grade, is_task
from sqlalchemy import create_engine, insert, select
from sqlalchemy.exc import DatabaseError, OperationalError, SAWarning
from sqlalchemy.orm import scoped_session, sessionmaker
from traitlets.config import Config

from grader.classroom.course import Course, CourseError, surroundings
from grader.classroom.intake import Submission, names_of_cells

PATIENCE = 60
"""Seconds to wait for another program that is writing into the gradebook."""


class Score(NamedTuple):
    points: float
    out_of: float


def directory_of(course: Course) -> CourseDirectory:
    """nbgrader's view of the course's folder."""
    return CourseDirectory(config=course.config())


@contextlib.contextmanager
def opened(directory: CourseDirectory) -> Iterator[Gradebook]:
    """The gradebook. Raises `CourseError` where it is locked, broken or cannot be written."""
    url = directory.db_url
    if url.startswith("sqlite:///") and "?" not in url:
        url += f"?timeout={PATIENCE}"
    with warnings.catch_warnings(), surroundings():
        warnings.simplefilter("ignore", SAWarning)  # nbgrader's, on its own way to add a submission
        try:
            with Gradebook(url, directory.course_id) as gradebook:
                yield gradebook
        except OperationalError as error:
            reason = str(error.orig)
            advice = {
                "locked": f"another program has been writing into it for {PATIENCE} seconds: end that, then",
                "full": "the disk is full: make room, then",
            }
            said = next(
                (text for word, text in advice.items() if word in reason), f"{reason}: mend that, then"
            )
            raise CourseError(
                f"{directory.db_url}: {said} run the same command again; it goes on from here"
            ) from None
        except DatabaseError as error:
            raise CourseError(
                f"{directory.db_url} is broken ({error.orig}): put it back from a backup, then run the same command again"
            ) from None


def scores(course: Course, lesson: str) -> dict[str, dict[str, Score]]:
    """What each student has for each graded cell of a lesson: {student: {grade_id: Score}}.

    Raises `CourseError` where the lesson is not in the gradebook.
    """
    with opened(directory_of(course)) as gradebook:
        known(gradebook, lesson)
        return {
            submission.student.id: {
                grade.name: Score(grade.score, grade.max_score)
                for notebook in submission.notebooks
                for grade in notebook.grades
            }
            for submission in sorted(
                gradebook.assignment_submissions(lesson), key=lambda submission: submission.student.id
            )
        }


def known(gradebook: Gradebook, lesson: str) -> Assignment:
    """The lesson's entry. Raises `CourseError` where it has none."""
    try:
        return gradebook.find_assignment(lesson)
    except MissingEntry:
        raise CourseError(f"{lesson} is not in the gradebook: release it first") from None


def cells(gradebook: Gradebook, lesson: str) -> dict[str, tuple[str, ...]]:
    """The lesson's notebooks by their names, each with the names of its cells that are answered or graded."""
    return {notebook.name: names_of_cells(notebook) for notebook in known(gradebook, lesson).notebooks}


def without_students(gradebook: Gradebook, lesson: str) -> bytes:
    """An SQLite gradebook that knows the lesson's cells and nobody's work, as the bytes of its file."""
    assignment = known(gradebook, lesson)
    notebooks = [notebook.id for notebook in assignment.notebooks]
    bases = select(BaseCell.id).where(BaseCell.notebook_id.in_(notebooks))
    rows = {
        CourseEntry.__table__: CourseEntry.id == assignment.course_id,
        Assignment.__table__: Assignment.id == assignment.id,
        Notebook.__table__: Notebook.id.in_(notebooks),
        BaseCell.__table__: BaseCell.notebook_id.in_(notebooks),
        GradeCell.__table__: GradeCell.__table__.c.id.in_(bases),
        SolutionCell.__table__: SolutionCell.__table__.c.id.in_(bases),
        TaskCell.__table__: TaskCell.__table__.c.id.in_(bases),
        SourceCell.__table__: SourceCell.notebook_id.in_(notebooks),
    }
    with tempfile.TemporaryDirectory(prefix="headway-") as folder:
        path = Path(folder, "gradebook.db")
        engine = create_engine(f"sqlite:///{path}")
        CourseEntry.metadata.create_all(engine)
        with engine.begin() as connection:
            connection.execute(
                insert(CourseEntry.__table__).values(id="default_course")
            )  # nbgrader asks for it
            for table, condition in rows.items():
                found = gradebook.db.execute(select(table).where(condition)).mappings().all()
                found = [dict(row) for row in found if dict(row) != {"id": "default_course"}]
                if found:
                    connection.execute(insert(table), found)
        engine.dispose()
        return path.read_bytes()


class Entries:
    """The one writer: enters what a submission is worth, all of it or nothing. Points given by hand stay."""

    def __init__(self, gradebook: Gradebook, settings: Config):
        self._gradebook = gradebook
        self._scores = _Scores(parent=None, config=settings)
        self._late = AssignLatePenalties(config=settings)
        self._late.init_plugin()

    def known(self, lesson: str) -> set[str]:
        """The students who have an entry for the lesson."""
        return {submission.student.id for submission in known(self._gradebook, lesson).submissions}

    def enter(self, submission: Submission, notebooks: Mapping[str, NotebookNode]) -> Score:
        """Enter a graded submission, its notebooks by their names without suffix; the points and what they are out of."""
        student, lesson = submission.student, submission.lesson
        with self._one_transaction() as gradebook:
            gradebook.update_or_create_student(student)
            when = {"timestamp": submission.timestamp} if submission.timestamp else {}
            entry = gradebook.update_or_create_submission(lesson, student, **when)
            for mine in entry.notebooks:
                if nb := notebooks.get(mine.name):
                    self._scores.save(gradebook, nb, mine.name, lesson, student)
                    self._unseen(mine, nb)
                else:
                    for grade in mine.grades:  # as nbgrader: a notebook that is not there has no points
                        grade.auto_score, grade.needs_manual_grade = 0, False
            gradebook.db.flush()
            gradebook.db.expire_all()
            self._penalize(entry)
            gradebook.db.flush()
            gradebook.db.expire_all()
            return Score(entry.score, entry.max_score)

    @staticmethod
    def _unseen(mine, nb: NotebookNode) -> None:
        """A graded cell that is gone from the notebook has no points from an earlier version of it."""
        there = {
            cell.metadata.nbgrader.get("grade_id") for cell in nb.cells if is_grade(cell) or is_task(cell)
        }
        for grade in mine.grades:
            if grade.name not in there:
                grade.auto_score = None
                grade.needs_manual_grade = True

    def _penalize(self, entry: SubmittedAssignment) -> None:
        for mine in entry.notebooks:
            mine.late_submission_penalty = None
            if entry.total_seconds_late > 0:
                penalty = self._late.plugin_inst.late_submission_penalty(
                    entry.student.id, mine.score, entry.total_seconds_late
                )
                if penalty is not None:
                    mine.late_submission_penalty = self._late._check_late_penalty(mine, penalty)

    @contextlib.contextmanager
    def _one_transaction(self) -> Iterator[Gradebook]:
        """In the block, nbgrader's many commits are none; at its end there is one, or all is as it was."""
        gradebook = self._gradebook
        own = gradebook.db
        own.remove()
        with gradebook.engine.begin() as connection:
            joined = sessionmaker(
                bind=connection, autoflush=True, future=True, join_transaction_mode="rollback_only"
            )
            gradebook.db = scoped_session(joined)
            try:
                yield gradebook
                gradebook.db.flush()
            finally:
                gradebook.db.remove()
                gradebook.db = own


class _Scores(SaveAutoGrades):
    """nbgrader's own way from a notebook's outputs to its grades, with a gradebook that is open already."""

    def save(self, gradebook: Gradebook, nb: NotebookNode, notebook: str, lesson: str, student: str) -> None:
        self.gradebook = gradebook
        self.notebook_id, self.assignment_id, self.student_id = notebook, lesson, student
        NbGraderPreprocessor.preprocess(self, nb, {})
