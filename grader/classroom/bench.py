"""How fast a class is graded: stock nbgrader and this course on the same submissions, one after the other."""

from __future__ import annotations

import itertools
import json
import shutil
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from nbformat import NotebookNode
from nbgrader.converters import Autograde

from grader.classroom import canonical
from grader.classroom.autograde import RECORD
from grader.classroom.course import CONFIG, Course, CourseError
from grader.classroom.gradebook import scores
from grader.classroom.latency import HEADING, Latency, latency
from grader.classroom.lessons import answer_cells
from grader.classroom.material import full_name
from grader.classroom.release import release
from grader.classroom.submissions import typical
from grader.classroom.table import table
from grader.classroom.workers import cores
from grader.exercises import exercises
from grader.judge import Exercise

MOST = [
    "right",
    "misconceived",
    "right",
    "half-right",
    "right",
    "misconceived",
    "right",
    "untouched",
    "right",
]
MIX = (*MOST, "crashing", *MOST, "looping")
"""Who hands in, in turn: twenty students."""
BODIES = {"crashing": "    import os\n    os._exit(1)", "looping": "    while True:\n        pass"}


@dataclass(frozen=True)
class Timing:
    """One run: of what, over how many submissions, and for how many seconds of wall time."""

    what: str
    submissions: int
    seconds: float

    @property
    def each(self) -> float:
        return self.seconds / self.submissions


@dataclass(frozen=True)
class Bench:
    """What was measured. `differing` are grades by kind of student where stock's and ours are not equal: (stock, ours),
    and how often; `memory` is the most that a worker held, in bytes; `checks` how long a student waits, by lesson."""

    stock: Timing
    ours: Timing
    sizes: tuple[Timing, ...]
    compared: int
    differing: dict[tuple[str, str, float, float], int]
    memory: int
    checks: tuple[Latency, ...]

    @property
    def ratio(self) -> float:
        return self.stock.seconds / self.ours.seconds

    def __str__(self) -> str:
        rows = [["run", "submissions", "seconds", "each"]]
        rows += [
            [t.what, str(t.submissions), f"{t.seconds:.1f}", f"{t.each:.2f}"]
            for t in (self.stock, self.ours, *self.sizes)
        ]
        lines = [
            table(rows),
            "",
            f"{self.ratio:.1f} times as fast, on {cores()} cores; at most {self.memory / 1e6:.0f} MB a worker.",
        ]
        equal = self.compared - sum(self.differing.values())
        lines.append(f"{equal} of {self.compared} grades are equal to stock's.")
        lines += [
            f"  {count} x {kind}, {cell}: stock {stock:g}, ours {ours:g}"
            for (kind, cell, stock, ours), count in sorted(self.differing.items())
        ]
        lines += ["", table([HEADING, *(latency.row for latency in self.checks)])]
        return "\n".join(lines)


def bench(
    course: Course, lesson: str, count: int, sizes: list[int], *, trusted: bool, say: Callable[[str], object]
) -> Bench:
    """Grade `count` made-up submissions of a lesson by stock nbgrader and by us, then as many as each of `sizes` by us.

    Everything happens in a temporary folder. The checks of every lesson are timed, too. Raises `CourseError`.
    """
    say("the checks of each lesson")
    checks = tuple(latency(course, name) for name in course.lessons)
    with tempfile.TemporaryDirectory(prefix="headway-bench-") as folder:
        released = Course(Path(folder, "released"))
        released.root.mkdir()
        shutil.copy(course.root / CONFIG, released.root)
        shutil.copytree(course.solutions / lesson, released.solutions / lesson)
        release(released, [lesson])
        stock, ours = (_class(released, lesson, name, count) for name in ("stock", "ours"))
        _make_stock(stock)
        say(f"{count} submissions by stock nbgrader")
        first = _time("stock nbgrader", count, lambda: _stock(stock, lesson))
        say(f"{count} submissions by grader grade")
        second = _time("grader grade", count, lambda: _ours(ours, lesson, trusted))
        compared, differing = _compare(scores(stock, lesson), scores(ours, lesson))
        records = [json.loads(path.read_text()) for path in ours.root.glob(f"autograded/*/{lesson}/{RECORD}")]
        more = []
        for size in sizes:
            say(f"{size} submissions by grader grade")
            another = _class(released, lesson, f"class-{size}", size)
            more.append(_time("grader grade", size, lambda c=another: _ours(c, lesson, trusted)))
        memory = max((record["memory"] for record in records), default=0)
    return Bench(first, second, tuple(more), compared, differing, memory, checks)


def students(
    released: NotebookNode, solution: NotebookNode, known: dict[str, Exercise], count: int
) -> dict[str, NotebookNode]:
    """What `count` students hand in, by their names, which end in their kind."""
    kinds = typical(released, solution, known)
    quickest = min(
        (e for e in known.values() if e.name in answer_cells(released, known)), key=lambda e: e.seconds
    )
    for kind, body in BODIES.items():
        nb = canonical.canonical(kinds["right"])
        cell = answer_cells(nb, known)[quickest.name]
        cell.source = f"def {quickest.name}(*arguments):\n{body}"
        kinds[kind] = nb
    return {
        f"s{i:03d}-{kind}": kinds[kind] for i, kind in zip(range(count), itertools.cycle(MIX), strict=False)
    }


def _class(released: Course, lesson: str, name: str, count: int) -> Course:
    """A copy of the released course in which `count` students have handed in."""
    own = Course(shutil.copytree(released.root, released.root.with_name(name)))
    file = own.notebook(lesson).name
    original, solution = (canonical.read(folder / lesson / file) for folder in (own.notebooks, own.solutions))
    for student, nb in students(original, solution, exercises(lesson), count).items():
        folder = own.root / "submitted" / student / lesson
        folder.mkdir(parents=True)
        canonical.write(nb, folder / file)
    return own


def _make_stock(course: Course) -> None:
    """Take back what the course changes in nbgrader's way of grading."""
    own = Autograde.class_traits()
    with (course.root / CONFIG).open("a", encoding="utf-8") as config:
        for name in ("sanitize_preprocessors", "autograde_preprocessors"):
            steps = [full_name(step) for step in own[name].default()]
            config.write(f"\nc.Autograde.{name} = {steps!r}\n")


def _stock(course: Course, lesson: str) -> None:
    try:
        course.nbgrader("autograde", lesson)
    except CourseError:  # it ends so where a submission could not be graded, as one that crashes
        if not any(course.root.glob(f"autograded/*/{lesson}/*.ipynb")):
            raise


def _ours(course: Course, lesson: str, trusted: bool) -> None:
    options = ["--trust-submissions"] if trusted else []
    command = [sys.executable, "-m", "grader.cli", "grade", lesson, *options]
    done = subprocess.run(command, cwd=course.root, capture_output=True, text=True)
    if done.returncode:
        raise CourseError(f"grader grade failed: {done.stderr.strip()[-500:]} {done.stdout[-500:]}")


def _time(what: str, count: int, work: Callable[[], object]) -> Timing:
    begun = time.monotonic()
    work()
    return Timing(what, count, time.monotonic() - begun)


def _compare(stock: dict, ours: dict) -> tuple[int, dict[tuple[str, str, float, float], int]]:
    """How many grades there are, and those that differ."""
    pairs = [
        (student.partition("-")[2], cell, stock.get(student, {}).get(cell, score).points, score.points)
        for student, cells in ours.items()
        for cell, score in cells.items()
    ]
    return len(pairs), dict(Counter(pair for pair in pairs if pair[2] != pair[3]))
