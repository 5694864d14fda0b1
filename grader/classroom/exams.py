"""What a class is asked in one exercise, kept while one submission after another is graded."""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path

from grader.exercises import find
from grader.judge import Paper, Verdict, mark
from grader.judge.calling import SECONDS
from grader.kernel.calls import Asked, Calls

KEPT = 32
"""For how many exercises; a lesson has fewer."""
MOST = 32 << 20
"""How many bytes of arguments are kept for an exercise, so that its calls can be made together."""


@dataclass
class Exam:
    """The cases of an exercise and, once there was a right answer, the calls that it was asked for."""

    paper: Paper
    foreseen: tuple[Asked, ...] = ()

    def mark(self, calls: Calls) -> Verdict:
        """Hold an answer, called by `calls`, against the cases."""
        verdict = mark(self.paper, calls)
        if verdict.right and not self.foreseen and sum(len(one.arguments) for one in calls.asked) <= MOST:
            self.foreseen = tuple(calls.asked)
        return verdict


def exam(name: str, seed: int, more: int, hidden: Path | None) -> Exam:
    """The exercise `name` with `more` times as many cases as in practice, as long as its hidden data stay the same."""
    files = sorted(path for path in hidden.rglob("*") if path.is_file()) if hidden else []
    return _exam(name, seed, more, hidden, tuple((path, path.stat().st_mtime_ns) for path in files))


def rehearse(exams: Iterable[Exam], enough: Callable[[], bool]) -> None:
    """See what known mistakes do with the cases, until that is `enough`: of those exercises of which one call is quick."""
    for exam in exams:
        if exam.paper.exercise.seconds > SECONDS:
            continue
        for mistake in exam.paper.exercise.mistakes:
            for number in range(len(exam.paper.cases)):
                if enough():
                    return
                raised = exam.paper.mistaken(mistake, number).raised
                if raised and raised.name == "KeyboardInterrupt":  # somebody's, not the mistake's
                    raise KeyboardInterrupt


@functools.lru_cache(KEPT)
def _exam(name: str, seed: int, more: int, hidden: Path | None, _: tuple[tuple[Path, int], ...]) -> Exam:
    _, exercise = find(name)
    return Exam(Paper(exercise, seed, exercise.rounds * more, hidden))
