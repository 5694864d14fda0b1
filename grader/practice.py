"""The student's verbs: check an answer, take a hint, see how far one is."""

from __future__ import annotations

import contextlib
import functools
import gc
import json
import os
from collections.abc import Callable, Iterator
from html import escape
from pathlib import Path

from grader.exercises import exercises, find, lesson_name, lessons
from grader.judge import Exercise, Paper, Verdict, mark
from grader.judge.paper import here
from grader.judge.verdict import code, number
from grader.lab.course import data_folder

PRACTICE_SEED = 0


class Notice(Exception):
    """Something that a student can put right, shown as one line instead of a traceback."""

    def _render_traceback_(self) -> list[str]:
        return [str(self)]


def check(answer: Callable, exercise: str | None = None) -> Verdict:
    """Judge an answer: the function that you wrote, found by its name (or by `exercise`, if it has another).

    Returns a verdict that shows itself as a table; `print` it for text. Raises `Notice` where there is
    nothing to judge: not a function, or a name that no exercise has.
    """
    if not callable(answer):
        raise Notice(
            "check takes the function itself, without calling it: check(mask_tokens), not check(mask_tokens(...))"
        )
    name = exercise or getattr(answer, "__name__", type(answer).__name__)
    lesson, found = _find(name)
    with _undisturbed():
        verdict = mark(_paper(name), here(found, answer))
    _note(lesson, verdict)
    return verdict


@functools.cache
def _paper(name: str) -> Paper:
    """The cases of an exercise: whoever checks again waits for the answer alone."""
    return Paper(find(name)[1], PRACTICE_SEED)


@contextlib.contextmanager
def _undisturbed() -> Iterator[None]:
    """Python looks for garbage before or after: through all of torch and transformers that takes longer than most verdicts."""
    enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if enabled:
            gc.enable()


class Hints:
    """The hints of an exercise, folded, each more concrete than the one before."""

    def __init__(self, exercise: Exercise):
        self.exercise = exercise

    def __repr__(self) -> str:
        count = len(self.exercise.hints)
        return "\n".join(f"Hint {i} of {count}: {text}" for i, text in enumerate(self.exercise.hints, 1))

    def _repr_html_(self) -> str:
        count = len(self.exercise.hints)
        return "".join(
            f"<details><summary>Hint {i} of {count}</summary><p style='margin:0.3em 1.2em'>{code(text)}</p></details>"
            for i, text in enumerate(self.exercise.hints, 1)
        )


def hint(answer: Callable | str) -> Hints:
    """The hints of an exercise, by its function or its name. Unfold one at a time."""
    name = answer if isinstance(answer, str) else getattr(answer, "__name__", "")
    return Hints(_find(name)[1])


class Progress:
    """The last verdict on each exercise of some lessons, as a table."""

    def __init__(self, rows: list[tuple[str, Exercise, float | None]]):
        self.rows = rows

    def _cells(self) -> list[tuple[str, str, str]]:
        return [
            (lesson, exercise.name, self._score(exercise, points)) for lesson, exercise, points in self.rows
        ]

    @staticmethod
    def _score(exercise: Exercise, points: float | None) -> str:
        if not exercise.points:
            return "extra" if points is None else "extra: checked"
        return "not checked yet" if points is None else f"{number(points)} of {number(exercise.points)}"

    def __repr__(self) -> str:
        lines, current = [], None
        for lesson, name, score in self._cells():
            if lesson != current:
                lines.append(lesson)
                current = lesson
            lines.append(f"  {name:<28} {score}")
        return "\n".join([*lines, self._total()])

    def _total(self) -> str:
        earned = sum(points or 0 for _, exercise, points in self.rows if exercise.points)
        return f"Together {number(earned)} of {number(sum(exercise.points for _, exercise, _ in self.rows))} points."

    def _repr_html_(self) -> str:
        style = "text-align:left;padding:0.15em 1em 0.15em 0"
        body = "".join(
            "<tr>" + "".join(f"<td style='{style}'>{escape(cell)}</td>" for cell in row) + "</tr>"
            for row in self._cells()
        )
        head = "".join(
            f"<th scope='col' style='{style}'>{text}</th>" for text in ("Lesson", "Exercise", "Last check")
        )
        return f"<table><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table><p>{self._total()}</p>"


def progress(lesson: str | None = None) -> Progress:
    """The last verdict on each exercise of `lesson`, or of all lessons."""
    try:
        names = [lesson_name(lesson)] if lesson else list(lessons())
    except ValueError as error:
        raise Notice(str(error)) from None
    return Progress(
        [
            (name, exercise, noted.get(exercise.name))
            for name in names
            for noted in [_noted(name)]
            for exercise in exercises(name).values()
        ]
    )


def _find(name: str) -> tuple[str, Exercise]:
    try:
        return find(name)
    except ValueError as error:
        raise Notice(str(error)) from None


def _record(lesson: str) -> Path:
    return data_folder().parent / ".progress" / f"{lesson}.json"


def _noted(lesson: str) -> dict[str, float]:
    try:
        return {
            str(name): float(points)
            for name, points in json.loads(_record(lesson).read_text("utf-8")).items()
        }
    except (OSError, ValueError, AttributeError, TypeError):
        return {}


def _note(lesson: str, verdict: Verdict) -> None:
    """Remember a verdict's points in `.progress/`; where that cannot be written, a check works all the same.

    What nbgrader runs is not somebody practising.
    """
    if "NBGRADER_EXECUTION" in os.environ:
        return
    try:
        path = _record(lesson)
        path.parent.mkdir(exist_ok=True)
        part = path.with_suffix(f".{os.getpid()}.part")
        part.write_text(
            json.dumps({**_noted(lesson), verdict.exercise: verdict.points}, indent=1) + "\n", "utf-8"
        )
        part.replace(path)
    except OSError:
        return
