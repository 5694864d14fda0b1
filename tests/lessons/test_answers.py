"""Every reference answer gets full points, and what students find in its place gets none."""

import pytest
from answers import COURSE, reference_answers, released_answers

from grader.exercises import exercises
from grader.judge import judge

ANSWERS = [
    (lesson, name)
    for lesson in COURSE.lessons
    for name, exercise in exercises(lesson).items()
    if not getattr(exercise, "trained", False)  # it needs a model that the notebook trains: nbval runs it
]


def hidden(lesson):
    """The lesson's folder of data that only grading sees, if it has one."""
    folder = COURSE.solutions / lesson / "hidden"
    return folder if folder.is_dir() else None


@pytest.mark.parametrize(("lesson", "name"), ANSWERS)
def test_the_reference_answer_gets_full_points(lesson, name):
    exercise = exercises(lesson)[name]
    for seed in (0, 1):
        verdict = judge(exercise, reference_answers(lesson)[name], seed=seed, hidden=hidden(lesson))
        assert verdict.right and verdict.points == exercise.points, str(verdict)


@pytest.mark.parametrize(("lesson", "name"), ANSWERS)
def test_the_untouched_release_gets_nothing(lesson, name):
    verdict = judge(exercises(lesson)[name], released_answers(lesson)[name], hidden=hidden(lesson))
    assert verdict.points == 0 and not verdict.right
    assert verdict.problem and "Nothing is written here yet" in verdict.problem.message
    assert verdict.mistake == ""
