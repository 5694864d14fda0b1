"""What a class is asked is drawn once, and every submission gets the verdict that it would get alone."""

import dataclasses
import os
import sys

import pytest
from small_course import source

from grader.classroom import exams
from grader.classroom.exams import Exam, exam
from grader.exercises import find
from grader.judge import Paper, judge
from grader.judge.calling import Outcome, Raised
from grader.kernel.session import Session

NAME = "mlm_loss"
_, EXERCISE = find(NAME)
IMPORTS = "import torch\nimport torch.nn.functional as F\n"
ANSWERS = {
    "right": source(NAME),
    "untouched": f"def {NAME}(logits, labels):\n    raise NotImplementedError",
    "no mask": f"def {NAME}(logits, labels):\n    return F.cross_entropy(logits.flatten(0, 1), labels.flatten().clamp(0))",
    "a constant": f"def {NAME}(logits, labels):\n    return torch.tensor(1.0)",
    "changes": source(NAME) + f"\nfirst = {NAME}\ndef {NAME}(logits, labels):\n    logits += 1\n    return first(logits, labels)",
}  # fmt: skip


@pytest.fixture(scope="module")
def session(tmp_path_factory):
    with Session(tmp_path_factory.mktemp("submission"), isolated=sys.platform == "linux") as session:
        yield session


def test_it_is_the_same_for_all_and_another_for_another_seed(tmp_path):
    first = exam(NAME, 5, 2, None)
    assert exam(NAME, 5, 2, None) is first
    assert len(first.paper.cases) == 2 * len(Paper(EXERCISE).cases)
    assert exam(NAME, 6, 2, None) is not first and exam(NAME, 5, 3, None) is not first


def test_it_is_drawn_anew_once_hidden_data_change(tmp_path):
    (tmp_path / "questions.json").write_text("[]")
    first = exam(NAME, 5, 1, tmp_path)
    assert exam(NAME, 5, 1, tmp_path) is first
    os.utime(tmp_path / "questions.json", ns=(1, 1))
    second = exam(NAME, 5, 1, tmp_path)
    assert second is not first
    (tmp_path / "more.json").write_text("[]")
    assert exam(NAME, 5, 1, tmp_path) is not second


def test_calls_are_foreseen_once_an_answer_was_right(session):
    asked = Exam(Paper(EXERCISE, seed=3))
    for kind, foreseen in (("a constant", False), ("right", True), ("untouched", True)):
        session.run(IMPORTS + ANSWERS[kind], 60)
        asked.mark(session.answer(NAME, foreseen=asked.foreseen))
        assert bool(asked.foreseen) is foreseen
    assert len(asked.foreseen) >= len(asked.paper.cases)


def test_too_much_is_not_kept(session, monkeypatch):
    monkeypatch.setattr(exams, "MOST", 1000)
    asked = Exam(Paper(EXERCISE, seed=3))
    session.run(IMPORTS + ANSWERS["right"], 60)
    assert asked.mark(session.answer(NAME)).right and not asked.foreseen


def test_known_mistakes_are_tried_until_that_is_enough(monkeypatch):
    asked, tried = Exam(Paper(EXERCISE, seed=3)), []
    monkeypatch.setattr(Paper, "mistaken", lambda self, *which: tried.append(which) or Outcome(value=1))
    exams.rehearse([asked], enough=lambda: len(tried) == 5)
    assert len(set(tried)) == len(tried) == 5
    tried.clear()
    exams.rehearse([asked], enough=lambda: False)
    assert len(set(tried)) == len(EXERCISE.mistakes) * len(asked.paper.cases)
    slow = Exam(Paper(dataclasses.replace(EXERCISE, seconds=120.0), seed=3))
    tried.clear()
    exams.rehearse([slow], enough=lambda: False)
    assert not tried, "trainings: nobody is made to wait for them"


def test_whoever_stops_it_is_heard(monkeypatch):
    stopped = Outcome(raised=Raised("KeyboardInterrupt", ""))
    monkeypatch.setattr(Paper, "mistaken", lambda *_: stopped)
    with pytest.raises(KeyboardInterrupt):
        exams.rehearse([Exam(Paper(EXERCISE, seed=3))], enough=lambda: False)


def test_the_verdict_is_the_same_whoever_came_before(session):
    asked = Exam(Paper(EXERCISE, seed=3))
    for kind in ("no mask", "right", *ANSWERS, *ANSWERS):
        session.run(IMPORTS + ANSWERS[kind], 60)
        names: dict = {}
        exec(IMPORTS + ANSWERS[kind], names)
        there = asked.mark(session.answer(NAME, foreseen=asked.foreseen))
        here = judge(EXERCISE, names[NAME], seed=3)
        assert told(there) == told(here), kind


def told(verdict):
    rows = [
        (row.holds, row.points, row.finding and (row.finding.input, row.finding.beside))
        for row in verdict.requirements
    ]
    return verdict.points, verdict.mistake, verdict.look, rows
