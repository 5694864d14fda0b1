"""The judge on a small exercise of its own: halve every number of a batch."""

import pytest
import torch

from grader.judge import Case, Exercise, Question, Quiz, expect, judge

halves = Exercise(
    "halves",
    points=4,
    takes=("numbers: float (B, L)", "scale: float"),
    returns=("halves: float (B, L)",),
    summary="Half of every number, times `scale`.",
    read="“Half”",
    hints=("Divide.",),
)


@halves.case
def a_batch(draw):
    """a batch of numbers"""
    rows, columns = draw.sizes(2)
    return Case(numbers=draw.normal(rows, columns), scale=3.0)


@halves.case(apart=True)
def nothing_at_all(draw):
    """an empty batch"""
    return Case(numbers=torch.zeros(0, 3), scale=1.0)


@halves.must("Halve every number.", weight=3)
def halved(case, answer):
    expect.same(answer(), case.numbers / 2 * case.scale, "halves", numbers=case.numbers)


@halves.must("Raise `ValueError` for a scale of 0.", weight=1, on=(a_batch,))
def no_scale(case, answer):
    answer.raises(ValueError, scale=0.0)


@halves.mistake("Doubled, not halved.", look="“Double”")
def doubled(numbers, scale):
    if not scale:
        raise ValueError("scale")
    return numbers * 2 * scale


@halves.mistake("The scale is forgotten.")
def unscaled(numbers, scale):
    if not scale:
        raise ValueError("scale")
    return numbers / 2


def right(numbers, scale):
    if not scale:
        raise ValueError("scale")
    return numbers * scale / 2


def test_a_right_answer_gets_all_points_and_a_kind_word():
    verdict = judge(halves, right)
    assert verdict.right and verdict.points == 4 and repr(verdict) == "4"
    assert verdict.counterexample is None and "Well done" in str(verdict)


def test_partial_credit_follows_the_weights():
    verdict = judge(halves, lambda numbers, scale: numbers * scale / 2)
    assert verdict.points == 3 and repr(verdict) == "3"
    assert [row.holds for row in verdict.requirements] == [True, False]
    assert "expected a ValueError" in verdict.counterexample.message


def test_a_misconception_is_named_and_says_where_to_look():
    verdict = judge(halves, lambda numbers, scale: doubled(numbers, scale).clone())
    assert verdict.mistake == "doubled" and verdict.look == "“Double”"
    assert "halves[0, 0]" in verdict.counterexample.message and "numbers" in verdict.counterexample.text
    assert judge(halves, unscaled).look == "“Half”"


def test_a_misconception_is_named_where_only_an_edge_was_met_otherwise():
    verdict = judge(halves, lambda numbers, scale: numbers * 2 * scale if len(numbers) else None)
    assert verdict.mistake == "doubled"


def test_who_fails_at_an_edge_is_not_taken_for_one_who_fails_there_otherwise():
    counting = Exercise(
        "counting", points=2, takes=("items: list",), returns=("count: int",), summary="Count."
    )
    counting.case(lambda draw: Case(items=[1] * draw.integer(2, 5)))
    edge = counting.case(apart=True)(nothing_to_count)
    counting.must("Count the items.")(lambda case, answer: expect.same(answer(), len(case.items)))
    counting.must("Count none.", on=(edge,))(lambda case, answer: expect.same(answer(), 0))
    counting.mistake("Fails where there is none.")(lambda items: len(items) * items[0])
    assert judge(counting, lambda items: len(items) or 1).mistake == ""
    assert judge(counting, lambda items: float(len(items))).mistake == ""  # wrong throughout, but not for this reason
    assert judge(counting, lambda items: len(items) if items else items[0]).misconception


def nothing_to_count(draw):
    return Case(items=[])


def test_an_unlisted_mistake_loses_points_without_a_diagnosis():
    verdict = judge(halves, lambda numbers, scale: numbers)
    assert verdict.points == 0 and verdict.mistake == ""


def test_the_stub_is_not_an_error():
    def stub(numbers, scale):
        raise NotImplementedError

    verdict = judge(halves, stub)
    assert repr(verdict) == "0" and "Nothing is written here yet" in str(verdict) and verdict.mistake == ""


def test_a_crash_shows_the_students_line_and_no_stack():
    def crashes(numbers, scale):
        return numbers.reshape(-1, 1000)

    verdict = judge(halves, crashes)
    assert "RuntimeError" in str(verdict) and "numbers.reshape(-1, 1000)" in str(verdict)
    assert "Traceback" not in str(verdict) and [row.holds for row in verdict.requirements] == [None, None]


def test_changing_an_argument_costs_a_quarter():
    def careless(numbers, scale):
        if not scale:
            raise ValueError("scale")
        numbers *= scale / 2
        return numbers

    verdict = judge(halves, careless)
    assert verdict.points == 3 and not verdict.right
    assert verdict.counterexample.message == "numbers changed during the call: work on a copy, `.clone()`."


def test_swapped_axes_are_named():
    verdict = judge(halves, lambda numbers, scale: numbers.T)
    assert "are batch and length swapped?" in str(verdict)


@pytest.mark.parametrize("payload", ["<script>alert(1)</script>", "<img src=x onerror=alert(1)>", "a`b<i>`c"])
def test_what_a_student_writes_is_text_in_the_page(payload):
    def hostile(numbers, scale):
        print(payload)
        raise RuntimeError(payload)

    page = judge(halves, hostile)._repr_html_()
    assert "<script" not in page and "<img" not in page and "<i>" not in page


def test_the_table_says_without_colour_what_holds():
    page = judge(halves, lambda numbers, scale: numbers * scale / 2)._repr_html_()
    assert (
        "✓ holds" in page and "✗ does not hold" in page and '<th scope="col"' in page and "<caption" in page
    )


def test_the_seed_decides_the_cases():
    cases = [[case.numbers.tolist() for case in halves.cases(seed)] for seed in (1, 1, 2)]
    assert cases[0] == cases[1] != cases[2]


def test_a_fault_of_the_checker_itself_is_not_blamed_on_the_answer():
    broken = Exercise("broken", 1, ("n: int",), ("m: int",), summary="s")
    broken.case(lambda draw: Case(n=1))

    @broken.must("Hold.")
    def fails(case, answer):
        raise RuntimeError("a bug of ours")

    with pytest.raises(RuntimeError, match="a bug of ours"):
        judge(broken, lambda n: n)


QUIZ = Quiz(
    "q",
    {
        "one": Question("1 + 1?", (("1", "That is one of them alone."), ("2", "")), "b"),
        "two": Question("2 + 2?", (("4", ""), ("5", "One too many.")), "a"),
    },
)


def test_a_quiz_wants_all_answers_and_explains_the_wrong_ones():
    assert judge(QUIZ, lambda: {"one": "b", "two": "A "}).points == 1
    verdict = judge(QUIZ, lambda: {"one": "a", "two": "a"})
    assert verdict.points == 0 and "That is one of them alone." in str(verdict)
    assert "write one of the letters a, b" in str(judge(QUIZ, lambda: {"one": "b"}))
    assert judge(QUIZ, lambda: "b").points == 0


def test_a_question_needs_its_right_option():
    with pytest.raises(ValueError, match="no option 'c'"):
        Question("?", (("x", "y"), ("z", "")), "c")
