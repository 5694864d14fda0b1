"""Made-up submissions are what real students could hand in."""

import pytest
from small_course import LESSON, NAMES, lesson_notebook, source

from grader.classroom import canonical
from grader.classroom.lessons import answer_cells, check_cells, graded_cells
from grader.classroom.submissions import answered, mistake_source, reference_answers, typical
from grader.exercises import exercises, lessons
from grader.judge import Exercise, judge
from grader.judge.calling import perform
from grader.judge.exercise import Mistake
from grader.judge.values import alike

EXERCISES = exercises(LESSON)


def test_cells_are_found_by_what_they_do():
    nb = lesson_notebook()
    assert list(answer_cells(nb, EXERCISES)) == list(NAMES)
    checks = check_cells(nb, EXERCISES)
    assert {name: [cell.id for cell in cells] for name, cells in checks.items() if cells} == {
        name: [f"check-{name}"] for name in NAMES
    }
    assert graded_cells(nb, EXERCISES) == {f"check_{name}": name for name in NAMES}


def test_other_calls_of_check_are_no_check_cells():
    nb = lesson_notebook(("mask_tokens",))
    nb.cells[-1].source = "verdict = check(mask_tokens)"
    assert check_cells(nb, EXERCISES)["mask_tokens"] == []
    nb.cells[-1].source = "%time check(mask_tokens)"
    assert check_cells(nb, EXERCISES)["mask_tokens"] == []
    nb.cells[-1].source = "# is it right?\ncheck(mine, 'mask_tokens')"
    assert len(check_cells(nb, EXERCISES)["mask_tokens"]) == 1


def test_reference_answers_are_the_solution_cells():
    assert reference_answers(lesson_notebook(), EXERCISES) == {name: source(name) for name in NAMES}


def test_an_answer_goes_into_its_cell_and_nowhere_else():
    nb = canonical.canonical(lesson_notebook())
    new = answered(nb, EXERCISES, {"mlm_loss": "def mlm_loss(logits, labels): ..."})
    assert [c.id for c, d in zip(nb.cells, new.cells, strict=True) if c.source != d.source] == ["mlm_loss"]
    with pytest.raises(KeyError, match="fill_masks"):
        answered(nb, EXERCISES, {"fill_masks": ""})


def test_the_four_kinds_of_student():
    solution = lesson_notebook()
    stubs = {name: f"def {name}(*arguments):\n    raise NotImplementedError" for name in NAMES}
    released = answered(solution, EXERCISES, stubs)
    made = typical(released, solution, EXERCISES)
    given = {student: reference_answers(nb, EXERCISES) for student, nb in made.items()}
    assert given["right"] == {name: source(name) for name in NAMES}
    assert given["untouched"] == stubs
    assert given["half-right"] == {**stubs, **{name: source(name) for name in NAMES[:2]}}
    assert given["misconceived"]["masked_lm_quiz"] == source("masked_lm_quiz")
    assert "labels_everywhere" not in given["misconceived"]["mask_tokens"]


@pytest.mark.parametrize("lesson", lessons())
def test_every_mistake_can_be_handed_in(lesson):
    for exercise in exercises(lesson).values():
        case = next(exercise.cases(0, 1))
        for mistake in exercise.mistakes:
            names: dict = {}
            exec(mistake_source(exercise, mistake), names)
            handed_in, listed = (
                perform(function, case.arguments, changes=exercise.changes)
                for function in (names[exercise.name], mistake.function)
            )
            assert (handed_in.raised and handed_in.raised.name) == (listed.raised and listed.raised.name)
            assert alike(handed_in.value, listed.value)


@pytest.mark.parametrize("name", [name for name in NAMES if EXERCISES[name].mistakes])
def test_a_mistake_that_was_handed_in_is_recognised(name):
    names: dict = {}
    exec(mistake_source(EXERCISES[name], EXERCISES[name].mistakes[0]), names)
    assert judge(EXERCISES[name], names[name]).mistake == EXERCISES[name].mistakes[0].name


def test_a_mistake_that_has_no_source_of_its_own_is_refused():
    inner = Mistake("It is made on the fly.", lambda: None, "")
    one = Exercise("one", 1, (), ("number: int",), "Give one.")
    with pytest.raises(ValueError, match="not a function at the top of"):
        mistake_source(one, inner)
