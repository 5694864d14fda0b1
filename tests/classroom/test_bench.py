"""The benchmark's class is one of real kinds of students, and its table says what was measured."""

from collections import Counter

import pytest
from nbgrader.converters import Autograde
from small_course import LESSON, lesson_notebook

from grader.classroom import canonical
from grader.classroom.bench import MIX, Bench, Timing, _compare, _make_stock, bench, students
from grader.classroom.gradebook import Score
from grader.classroom.latency import Latency
from grader.classroom.lessons import answer_cells
from grader.classroom.table import table
from grader.exercises import exercises

EXERCISES = exercises(LESSON)


@pytest.fixture(scope="module")
def made():
    solution = canonical.canonical(lesson_notebook())
    return students(solution, solution, EXERCISES, 40)


def test_forty_students_are_of_six_kinds_in_the_named_mix(made):
    kinds = Counter(name.partition("-")[2] for name in made)
    assert kinds == {kind: 2 * count for kind, count in Counter(MIX).items()}
    assert len(kinds) == 6 and len(made) == 40 and list(made) == sorted(made)


def test_the_crashing_and_the_looping_are_right_but_for_one_answer(made):
    right = answer_cells(made["s000-right"], EXERCISES)
    for kind, line in (("crashing", "os._exit(1)"), ("looping", "while True:")):
        nb = next(nb for name, nb in made.items() if name.endswith(kind))
        changed = {
            name: c.source
            for name, c in answer_cells(nb, EXERCISES).items()
            if c.source != right[name].source
        }
        ((name, source),) = changed.items()
        assert line in source and EXERCISES[name].seconds == min(e.seconds for e in EXERCISES.values())
        compile(source, name, "exec")


def test_stock_is_stock_again(released):
    before = released.config().Autograde
    assert "grader.classroom.execute.Execute" in before.autograde_preprocessors
    _make_stock(released)
    converter = Autograde(config=released.config())
    for name in ("sanitize_preprocessors", "autograde_preprocessors"):
        stock = [f"{step.__module__}.{step.__qualname__}" for step in getattr(Autograde(), name)]
        assert list(getattr(converter, name)) == stock


def test_grades_that_differ_are_counted_by_kind():
    stock = {
        "s0-right": {"a": Score(2, 2), "b": Score(1, 1)},
        "s1-crashing": {"a": Score(0, 2), "b": Score(0, 1)},
    }
    ours = {
        "s0-right": {"a": Score(2, 2), "b": Score(1, 1)},
        "s1-crashing": {"a": Score(0, 2), "b": Score(1, 1)},
    }
    compared, differing = _compare(stock, ours)
    assert (compared, differing) == (4, {("crashing", "b", 0, 1): 1})
    told = str(
        Bench(
            Timing("stock nbgrader", 2, 20.0),
            Timing("grader grade", 2, 0.5),
            (),
            compared,
            differing,
            250_000_000,
            (Latency("03_masked_lm", 21.4, 88.0, "mlm_loss", 6, 0),),
        )
    )
    assert "40.0 times as fast" in told and "at most 250 MB a worker" in told
    assert "03_masked_lm       6   21 ms    88 ms  mlm_loss" in told
    assert "3 of 4 grades are equal to stock's." in told and "1 x crashing, b: stock 0, ours 1" in told


def test_stock_and_ours_are_measured_on_the_same_work_and_agree(released):
    said = []
    measured = bench(released, LESSON, 1, [], trusted=True, say=said.append)
    assert [timing.submissions for timing in (measured.stock, measured.ours)] == [1, 1]
    assert (measured.compared, measured.differing) == (len(EXERCISES) - 2, {})
    assert measured.memory > 1e8 and [check.lesson for check in measured.checks] == [LESSON]
    assert len(said) == 3


def test_a_table_is_aligned():
    assert table([["name", "points"], ["ada", "3 of 11"]]).splitlines() == [
        "name   points",
        "-" * 13,
        "ada   3 of 11",
    ]
