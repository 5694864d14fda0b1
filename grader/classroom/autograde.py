"""Grading what was collected: what there is to do, and what becomes of what was done."""

from __future__ import annotations

import contextlib
import json
import tempfile
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import nbformat
from filelock import FileLock, Timeout
from nbgrader.coursedir import CourseDirectory
from nbgrader.utils import rmtree
from sqlalchemy.exc import SQLAlchemyError

from grader.classroom.course import Course, CourseError, surroundings
from grader.classroom.gradebook import Entries, Score, directory_of, opened
from grader.classroom.grading import in_short, lay_out, with_own
from grader.classroom.intake import TIMESTAMP, Submission, SubmissionError, legible, read
from grader.classroom.material import Material, Result, material
from grader.classroom.table import table
from grader.classroom.workers import Cluster, Processes, cores, make_ready, results
from grader.judge.verdict import number

RECORD = ".graded.json"
"""In each folder of `autograded/`: of which files it is the outcome, and what was noted on them."""
LOCK = ".grading.lock"
PATIENCE = 5.0
"""Seconds to wait for another round to end: one that was killed needs a moment."""


@dataclass(frozen=True)
class Graded:
    """One student's submission after grading. `faults` says, for a person, what was wrong with the submission;
    `score` is None where that left nothing to grade, and then nothing was entered into the gradebook. `seconds` is
    the time that grading took, `memory` the most that the process which did it has held, in bytes."""

    student: str
    score: Score | None = None
    faults: tuple[str, ...] = ()
    seconds: float = 0.0
    memory: int = 0

    @property
    def graded(self) -> bool:
        return self.score is not None


def summary(graded: Iterable[Graded]) -> str:
    """What a round came to, as text: the points as a table, then what there is to know of submissions."""
    # In an exchange that all can write to, a student may be called anything.
    legibly = (replace(one, student=legible(one.student)) for one in graded)
    graded = sorted(legibly, key=lambda one: one.student)
    rows = [["student", "points", "seconds"]]
    for one in graded:
        points = f"{number(one.score.points)} of {number(one.score.out_of)}" if one.score else "not graded"
        rows.append([one.student, points, f"{one.seconds:.1f}"])
    notes = [f"  {one.student}: {fault}" for one in graded for fault in one.faults if one.graded]
    lost = [f"  {one.student}: {fault}" for one in graded for fault in one.faults if not one.graded]
    parts = [table(rows)]
    if notes:
        parts += ["", "To know:", *notes]
    if lost:
        parts += ["", "Not graded, and nothing entered for them:", *lost]
    return "\n".join(parts)


@dataclass(frozen=True)
class Round:
    """What is to be done: `students` in the order of their names, `before` those whose work is graded already."""

    course: Course
    lesson: str
    students: tuple[str, ...]
    before: tuple[str, ...]


def plan(course: Course, lesson: str, students: Iterable[str] = (), *, force: bool = False) -> Round:
    """Who has to be graded: of all who handed in (or of `students`) those whose submission is not graded, or has
    changed since; with `force` all of them.

    Raises `CourseError` where there is no submission, or none of one of `students`.
    """
    directory = directory_of(course)
    found = _submitted(directory, lesson)
    if missing := [student for student in students if student not in found]:
        raise CourseError(f"{', '.join(missing)} handed in nothing for {lesson}")
    if not found:
        raise CourseError(
            f"nobody handed in {lesson} yet: there is no {_folder(directory, 'submitted', '*', lesson)}"
        )
    chosen = sorted(set(students) or found)
    with opened(directory) as gradebook:
        entered = Entries(gradebook, directory.config).known(lesson)
    done = [
        student
        for student in chosen
        if not force and student in entered and _is_graded(directory, lesson, student)
    ]
    return Round(course, lesson, tuple(sorted(set(chosen) - set(done))), tuple(done))


def autograde(
    round: Round, *, workers: int | None = None, scheduler: str = "", trusted: bool = False
) -> Iterator[Graded]:
    """Grade the submissions of a round and enter each into the gradebook; yield each when that is done.

    `workers` processes grade here (as many as there are cores, if not given), or those of the Dask cluster whose
    scheduler has the address `scheduler`. With `trusted`, submissions run without isolation. May be ended at any
    moment, in any way: what was not yielded is done by the next round. Raises `CourseError`.
    """
    course, lesson = round.course, round.lesson
    directory = directory_of(course)
    with (
        _alone(course),
        surroundings(OMP_NUM_THREADS="1"),
        opened(directory) as gradebook,
        tempfile.TemporaryDirectory(prefix="headway-") as folder,
    ):
        if not round.students:
            return
        needed = material(directory, gradebook, course.config(), lesson, trusted=trusted)
        entries = Entries(gradebook, course.config())
        if scheduler:
            crew = Cluster(scheduler)
        else:
            crew = Processes(workers or cores(), folder)
            make_ready(needed, folder, isolated=not trusted)
        for submission, result in results(needed, _read(directory, lesson, round.students), crew):
            if result.failed:
                yield Graded(
                    result.student, None, (result.failed, *result.faults), result.seconds, result.memory
                )
                continue
            try:
                score = _store(directory, entries, needed, submission, result)
            except (OSError, SQLAlchemyError):  # of this machine, which would fail with the next one, too
                raise
            except Exception as error:  # of nbgrader's, on metadata that somebody edited
                yield Graded(
                    result.student, None, (in_short(error), *result.faults), result.seconds, result.memory
                )
                continue
            yield Graded(result.student, score, result.faults, result.seconds, result.memory)


@contextlib.contextmanager
def _alone(course: Course) -> Iterator[None]:
    """Raise `CourseError` where this course is being graded already."""
    lock = FileLock(course.root / LOCK)
    try:
        with lock.acquire(timeout=PATIENCE):
            yield
    except Timeout:
        raise CourseError(
            "this course is being graded by another process already: wait for it, or end it"
        ) from None


# ---------------------------------------------------------------------------------------------- what is there


def _folder(directory: CourseDirectory, step: str, student: str, lesson: str) -> Path:
    return Path(directory.format_path(getattr(directory, f"{step}_directory"), student, lesson))


def _submitted(directory: CourseDirectory, lesson: str) -> set[str]:
    """The students who handed in something for the lesson."""
    anybody = "*STUDENT*"
    pattern = _folder(directory, "submitted", anybody, lesson)
    depth = pattern.parts.index(anybody)
    above = Path(*pattern.parts[:depth])
    below = Path(*pattern.parts[depth + 1 :])
    return {path.name for path in above.glob("[!.]*") if (path / below).is_dir()}


def _read(directory: CourseDirectory, lesson: str, students: Iterable[str]) -> Iterator[Submission | Result]:
    """Each student's submission, read when it is asked for; what cannot be read comes as a result."""
    for student in students:
        try:
            yield read(_folder(directory, "submitted", student, lesson), student, lesson, directory.ignore)
        except SubmissionError as error:
            yield Result(student, {}, failed=str(error))
        except OSError as error:
            yield Result(student, {}, failed=f"it cannot be read: {error}")


def _is_graded(directory: CourseDirectory, lesson: str, student: str) -> bool:
    """Whether `autograded/` holds the outcome of just these files.

    Where nbgrader's own command made it, there is no record; then the times of handing in tell, as they do for nbgrader.
    """
    outcome = _folder(directory, "autograded", student, lesson)
    if not any(outcome.glob("*.ipynb")):
        return False
    try:
        submission = read(_folder(directory, "submitted", student, lesson), student, lesson, directory.ignore)
    except (SubmissionError, OSError):
        return False
    try:
        return json.loads((outcome / RECORD).read_text("utf-8"))["digest"] == submission.digest
    except FileNotFoundError:
        before = Submission(
            student,
            lesson,
            {TIMESTAMP: (outcome / TIMESTAMP).read_bytes()} if (outcome / TIMESTAMP).is_file() else {},
        )
        return before.timestamp == submission.timestamp
    except (OSError, ValueError, KeyError, TypeError):
        return False


# ---------------------------------------------------------------------------------------------- the outcome


def _store(
    directory: CourseDirectory, entries: Entries, needed: Material, submission: Submission, result: Result
) -> Score:
    """Enter a result into the gradebook, and put its notebooks into `autograded/` where nbgrader looks for them.

    The record that says "graded" is in place only after both.
    """
    target = _folder(directory, "autograded", submission.student, submission.lesson)
    part, old = (target.with_name(f".{target.name}.{word}") for word in ("part", "old"))
    for left in (part, old):
        _remove(left)
    record = {
        "digest": submission.digest,
        "faults": list(result.faults),
        "seconds": round(result.seconds, 2),
        "memory": result.memory,
    }
    own = {name: content for name, content in submission.files.items() if not name.endswith(".ipynb")}
    outcome = {**with_own(own, needed), **{name: text.encode() for name, text in result.notebooks.items()}}
    try:
        lay_out({**outcome, RECORD: json.dumps(record).encode()}, part)
        _protect(part, directory.groupshared)
        notebooks = {Path(name).stem: nbformat.reads(text, 4) for name, text in result.notebooks.items()}
        score = entries.enter(submission, notebooks)
        if target.exists():
            target.rename(old)
        part.rename(target)
        _remove(old)
    except BaseException:
        _remove(part)
        raise
    return score


def _protect(folder: Path, groupshared: bool) -> None:
    """The permissions that nbgrader gives to what it graded."""
    for path in folder.rglob("*"):
        if path.is_file():
            path.chmod(0o664 if groupshared else 0o444)
        elif groupshared:
            path.chmod(0o2770 | path.stat().st_mode & 0o007)
    if groupshared:
        folder.chmod(0o2770 | folder.stat().st_mode & 0o007)


def _remove(folder: Path) -> None:
    with contextlib.suppress(FileNotFoundError):
        rmtree(str(folder))
