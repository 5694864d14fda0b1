"""That the examination finds what is wrong with a weak exercise, and nothing with the course's (a sample of it)."""

import pytest
import torch
from answers import reference_answers

from examine import examination
from examine.__main__ import table
from examine.examination import Record, examine, survives
from examine.hostile import ATTACKS, honest
from examine.mutants import mutants
from examine.thoughtless import thoughtless_answers
from grader.exercises import exercises, lessons
from grader.judge import Case, Exercise, Quiz, expect, judge

SOURCE = "def doubled(x):\n    return abs(x) * 2 if x.ndim else x"


def doubled(x):
    return abs(x) * 2


@pytest.fixture
def weak():
    """An exercise whose only case is positive, and has an axis."""
    exercise = Exercise("doubled", 1, ("x: float (L,)",), ("y: float (L,)",), "Twice the magnitude.")

    @exercise.case
    def positive(draw):
        return Case(x=torch.arange(1.0, 5.0))

    @exercise.must("Return twice the magnitude.")
    def twice(case, answer):
        expect.same(answer(), 2 * case.x, "y")

    return exercise


def test_finds_the_mutants_that_a_weak_exercise_lets_through(weak):
    kept = {mutant.name for mutant in mutants(SOURCE, "doubled") if survives(weak, mutant, {})}
    line = "return abs(x) * 2 if x.ndim else x"
    assert f"{line}  ->  return x * 2 if x.ndim else x" in kept
    assert f"{line}  ->  return abs(x) * 3 if x.ndim else x" not in kept
    assert f"{line}  ->  return abs(x) / 2 if x.ndim else x" not in kept


def test_an_exercise_that_asks_nothing_is_found_out_by_answers_of_bad_faith(weak):
    weak.musts.clear()

    @weak.must("Return anything.")
    def anything(case, answer):
        answer()

    record = Record("doubled")
    examination.bad_faith(weak, doubled, record)
    caught = {line.split()[0] for line in record.successful}
    assert {"patches_torch", "returns_nothing_but_nan"} <= caught
    assert "loops" not in caught and record.attacks == len(ATTACKS)


def test_what_is_open_is_said_in_a_line_each():
    record = Record(
        "mask_tokens", mistakes=3, misnamed=["a is b"], mutants=5, killed=4, survivors=["x -> y"], times=[1.0]
    )
    assert record.open == [
        "mask_tokens: misconception not named: a is b",
        "mask_tokens: mutant keeps its points: x -> y",
    ]
    heads, cells = table({"03_masked_lm": [record]}).splitlines()
    assert "2 of 3" in cells and "4 of 5" in cells and heads.index("survivors") < len(cells)


SAMPLE = [
    (lesson, names[len(lesson) % len(names)])
    for lesson in lessons()
    if (
        names := [
            name
            for name, exercise in exercises(lesson).items()
            if not isinstance(exercise, Quiz) and not exercise.trained and exercise.points
        ]
    )
]


@pytest.mark.parametrize(("lesson", "name"), SAMPLE)
def test_a_sample_of_the_course_stands_the_examination(lesson, name):
    record = examine(lesson, name, seeds=3, part=0.2)
    assert record.killed and record.accepted >= 4 and record.attacks
    assert not record.open, "\n".join(record.open)


def grown(model):
    model.more = torch.nn.Linear(2, 3)


def shrunk(model):
    model.classifier = torch.nn.Identity()


def reshaped(model):
    model.classifier = torch.nn.Linear(2, 3)


CHANGING = [
    (lesson, name)
    for lesson in lessons()
    for name, exercise in exercises(lesson).items()
    if not isinstance(exercise, Quiz) and "model" in exercise.changes
]


@pytest.mark.parametrize("change", [grown, shrunk, reshaped])
@pytest.mark.parametrize(("lesson", "name"), CHANGING)
def test_a_model_of_other_parameters_gets_a_verdict(lesson, name, change):
    reference = reference_answers(lesson)[name]

    def answer(model, *arguments):
        result = reference(model, *arguments)
        change(model)
        return result

    exercise = exercises(lesson)[name]
    verdict = judge(exercise, answer)
    assert not verdict.right and verdict.points < exercise.points and verdict.counterexample


def test_every_attack_is_an_answer_to_every_form_of_exercise():
    """That an attack fails is worth something only if it is not for a slip of its own."""
    exercise = exercises("03_masked_lm")["mask_tokens"]
    reasons = {}
    for attack in ATTACKS:
        if honest(attack, exercise):  # of the right form: it is judged, and found wanting
            verdict = judge(exercise, attack(exercise, doubled))
            reasons[attack.__name__] = str(verdict.problem or "")
    assert reasons and not any("raised" in reason for reason in reasons.values()), reasons
    assert len(dict(thoughtless_answers(exercise))) >= 4
