"""How long a student waits for a check: the reference answers of each lesson, judged as in practice."""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable
from dataclasses import dataclass

from grader.classroom import canonical
from grader.classroom.answers import answers
from grader.classroom.course import Course
from grader.exercises import exercises
from grader.judge import Exercise, judge
from grader.lab.checkpoints import quiet_loading

SEEDS = range(1, 6)


@dataclass(frozen=True)
class Latency:
    """Of one lesson: the median over its exercises and the slowest, in milliseconds of processor time, and which
    that is; `left_out` exercises rest on a model that the running lesson trains."""

    lesson: str
    median: float
    slowest: float
    exercise: str
    measured: int
    left_out: int

    @property
    def row(self) -> list[str]:
        return [
            self.lesson,
            str(self.measured),
            f"{self.median:.0f} ms",
            f"{self.slowest:.0f} ms",
            self.exercise,
        ]


HEADING = ["lesson", "checks", "median", "slowest", "which"]


def latency(course: Course, lesson: str) -> Latency:
    """Measure the checks of a lesson. Each is judged once before, since what it loads then is loaded for good."""
    quiet_loading()
    known = exercises(lesson)
    written = answers(canonical.read(course.notebook(lesson)), known, lesson)
    times = {
        name: _milliseconds(known[name], function)
        for name, function in written.functions.items()
        if not known[name].trained
    }
    slowest = max(times, key=times.get)
    return Latency(
        lesson,
        statistics.median(times.values()),
        times[slowest],
        slowest,
        len(times),
        len(written.cells) - len(times),
    )


def _milliseconds(exercise: Exercise, function: Callable) -> float:
    judge(exercise, function)
    taken = []
    for seed in SEEDS:
        begun = time.process_time()
        judge(exercise, function, seed=seed)
        taken.append(1000 * (time.process_time() - begun))
    return statistics.median(taken)
