"""Seeds at which chance once cost right answers points: `make examine` finds them, and here they stay."""

import pytest
from answers import reference_answers, variants

from grader.exercises import exercises
from grader.judge import judge

ONCE_REJECTED = [
    ("03_masked_lm", "mlm_loss", 134),  # quite other scores came to the same loss
    ("08_sequence_classification", "train", 6),  # a gradient of nothing but rounding
    ("14_pitfalls", "looks_ahead", 38),  # attention passed over the token that was replaced
    ("14_pitfalls", "looks_ahead", 51),
    ("14_pitfalls", "looks_ahead", 183),
]


@pytest.mark.parametrize(("lesson", "name", "seed"), ONCE_REJECTED)
def test_right_answers_keep_their_points_where_chance_once_took_some(lesson, name, seed):
    exercise = exercises(lesson)[name]
    for answer in (reference_answers(lesson)[name], *variants(lesson)[name]):
        verdict = judge(exercise, answer, seed=seed)
        assert verdict.right, f"{answer.__name__}\n{verdict}"
