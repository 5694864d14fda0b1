"""The promises that every exercise keeps. What an exercise lacks is named by the test that fails."""

import pytest
import torch
from answers import variants
from examine.thoughtless import thoughtless_answers

from grader.exercises import exercises, lessons
from grader.judge import Paper, Quiz, judge, mark
from grader.judge.calling import _same as unchanged
from grader.judge.paper import here
from grader.judge.verdict import number

SEEDS = (0, 1)  # `make examine` takes 200


ALL = [(lesson, exercise) for lesson in lessons() for exercise in exercises(lesson).values()]
WRITTEN = [(lesson, exercise) for lesson, exercise in ALL if not isinstance(exercise, Quiz)]
MISTAKES = [(exercise, mistake) for _, exercise in WRITTEN for mistake in exercise.mistakes]
VARIANTS = [
    (exercise, variant) for lesson, exercise in WRITTEN for variant in variants(lesson).get(exercise.name, [])
]


def name_of(value):
    return getattr(value, "name", getattr(value, "__name__", str(value)))


@pytest.mark.parametrize(("lesson", "exercise"), ALL, ids=name_of)
def test_exercise_is_complete(lesson, exercise):
    assert exercise.summary and exercise.read, "say what is asked, and which part of the lesson to read again"
    assert 1 <= len(exercise.hints) <= 3, "one to three hints, each more concrete than the one before"
    if isinstance(exercise, Quiz):
        assert 2 <= len(exercise.questions) <= 4
        for name, question in exercise.questions.items():
            for letter in question.letters:
                explained = bool(question.explanation(letter))
                assert explained != (letter == question.right), (
                    f"{name} ({letter}): explain the wrong options, and only them"
                )
        right = [question.right for question in exercise.questions.values()]
        assert len(set(right)) > 1, "one letter throughout would answer everything"
        return
    assert len(exercise.mistakes) >= 3, "at least three misconceptions"
    written = len(variants(lesson).get(exercise.name, []))
    assert exercise.trained or written >= 3, "at least three differently written right answers"
    assert len({mistake.sentence for mistake in exercise.mistakes}) == len(exercise.mistakes)


@pytest.mark.parametrize(("lesson", "exercise"), WRITTEN, ids=name_of)
def test_the_points_that_are_shown_add_up(lesson, exercise):
    """And are numbers that one can read: twentieths of a point."""
    shown = [row.points for row in judge(exercise, exercise.mistakes[0].function).requirements]
    assert [points * 20 for points in shown] == pytest.approx([round(points * 20) for points in shown])
    assert sum(float(number(points)) for points in shown) == pytest.approx(exercise.points)


@pytest.mark.parametrize(("lesson", "exercise"), WRITTEN, ids=name_of)
def test_axes_cannot_be_confused(lesson, exercise):
    """Axes of different names have different sizes in at least one drawn case; the batch has two rows or more."""
    pairs: dict[tuple[str, str], bool] = {}
    for case in exercise.cases(seed=0, rounds=3):
        sizes = {
            axis: size for axis, size in case.dims.items() if isinstance(size, int) and not axis.isdigit()
        }
        for a in sizes:
            for b in sizes:
                if a < b:
                    pairs[a, b] = pairs.get((a, b), False) or sizes[a] != sizes[b]
    assert all(pairs.values()), f"always equal: {[pair for pair, told in pairs.items() if not told]}"


@pytest.mark.parametrize(("lesson", "exercise"), WRITTEN, ids=name_of)
def test_what_pads_is_tried_with_padding_on_both_sides(lesson, exercise):
    masks = [
        case.attention_mask.bool()
        for case in exercise.cases(seed=0, rounds=3)
        if isinstance(case.arguments.get("attention_mask"), torch.Tensor) and case.attention_mask.ndim == 2
    ]
    masks = [mask[mask.any(dim=1)] for mask in masks]  # a row that is nothing but padding shows no side
    if masks:
        assert any((~mask[:, 0]).any() for mask in masks), "no case with padding on the left"
        assert any((~mask[:, -1]).any() for mask in masks), "no case with padding on the right"


@pytest.mark.parametrize(("exercise", "variant"), VARIANTS, ids=name_of)
def test_right_answers_keep_their_points(exercise, variant):
    for seed in SEEDS:
        verdict = judge(exercise, variant, seed=seed)
        assert verdict.right and verdict.points == exercise.points, f"seed {seed}\n{verdict}"


@pytest.mark.parametrize(("exercise", "mistake"), MISTAKES, ids=name_of)
def test_mistake_loses_points_and_is_recognised(exercise, mistake):
    for seed in SEEDS:
        verdict = judge(exercise, mistake.function, seed=seed)
        assert not verdict.right, f"seed {seed}: passes"
        assert verdict.points < exercise.points or not exercise.points, f"seed {seed}\n{verdict}"
        assert verdict.mistake == mistake.name, f"seed {seed}: recognised as {verdict.mistake!r}\n{verdict}"


@pytest.mark.parametrize(("lesson", "exercise"), WRITTEN, ids=name_of)
def test_an_answer_without_thought_earns_at_most_a_quarter(lesson, exercise):
    def stub(*arguments):
        raise NotImplementedError("write your answer here")

    assert judge(exercise, stub).points == 0
    for name, answer in thoughtless_answers(exercise):
        verdict = judge(exercise, answer)
        assert not verdict.right, f"{name} passes"
        assert verdict.points <= exercise.points / 4, f"{name} earns {verdict!r}\n{verdict}"


@pytest.mark.parametrize(("lesson", "exercise"), WRITTEN, ids=name_of)
def test_the_same_seed_gives_the_same_verdict(lesson, exercise):
    function = exercise.mistakes[0].function
    first, second = (judge(exercise, function, seed=7) for _ in range(2))
    assert str(first) == str(second)


@pytest.mark.parametrize(("lesson", "exercise"), WRITTEN, ids=name_of)
def test_a_whole_class_is_judged_by_the_same_cases(lesson, exercise):
    """Neither answers nor requirements leave traces on a paper: who comes later gets the verdict of the first."""
    paper = Paper(exercise, seed=7)
    answers = [exercise.mistakes[0].function, *variants(lesson).get(exercise.name, [])[:1]]
    verdicts = [[str(mark(paper, here(exercise, function))) for function in answers] for _ in range(2)]
    assert verdicts[0] == verdicts[1]
    for used, fresh in zip(paper.cases, Paper(exercise, seed=7).cases, strict=True):
        assert used.dims == fresh.dims
        facts = {name: used.facts[name] for name in fresh.facts}  # a requirement may note more
        assert unchanged(fresh.arguments, used.arguments) and unchanged(fresh.facts, facts), used.name
