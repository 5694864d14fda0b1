"""How long a check takes is measured on answers that are judged right."""

import pytest
from answers import COURSE
from small_course import LESSON

from grader.classroom import latency
from grader.exercises import exercises
from grader.judge import judge


def test_each_check_is_measured_and_the_slowest_named(monkeypatch):
    verdicts = []

    def spy(exercise, function, **terms):
        verdicts.append(judge(exercise, function, **terms))
        return verdicts[-1]

    clock = iter(range(10_000))
    monkeypatch.setattr(latency, "judge", spy)
    monkeypatch.setattr(latency.time, "process_time", lambda: next(clock) / 1000)
    found = latency.latency(COURSE, LESSON)
    assert all(verdict.right for verdict in verdicts)
    assert {verdict.exercise for verdict in verdicts} == set(exercises(LESSON))
    assert (found.median, found.slowest) == pytest.approx((1, 1))
    assert (found.measured, found.left_out) == (len(exercises(LESSON)), 0)
    assert found.exercise in exercises(LESSON)


def test_what_rests_on_a_trained_model_is_left_out_and_counted():
    found = latency.latency(COURSE, "08_sequence_classification")
    trained = [e for e in exercises("08_sequence_classification").values() if e.trained]
    assert trained and found.left_out == len(trained)
