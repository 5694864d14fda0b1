"""The promises that every exercise keeps. What an exercise lacks is named by the test that fails."""

import importlib.util
from pathlib import Path

import pytest
import torch

from grader.exercises import exercises, lessons
from grader.judge import Quiz, judge
from grader.judge.spec import DTYPES, Spec

HERE = Path(__file__).parent
SEEDS = (0, 1, 2, 3, 4)


def variants(lesson: str) -> dict[str, list]:
    """The differently written right answers of a lesson, by exercise."""
    module_name = lessons()[lesson].__name__.rpartition(".")[2]
    path = HERE / "variants" / f"{module_name}.py"
    spec = importlib.util.spec_from_file_location(f"variants_{module_name}", path)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    found: dict[str, list] = {}
    for name, value in vars(module).items():
        if "__" in name and not name.startswith("_"):
            found.setdefault(name.partition("__")[0], []).append(value)
    return found


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
    assert len(variants(lesson).get(exercise.name, [])) >= 2, "at least two differently written right answers"
    assert len({mistake.sentence for mistake in exercise.mistakes}) == len(exercise.mistakes)


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


def thoughtless_answers(exercise):
    """Answers that do none of the thinking: the stub, an argument handed back, zeros, ones, noise, one constant."""

    def tensor(spec: Spec, dims: dict, fill) -> torch.Tensor:
        shape = [size or 2 for size in spec.shape(dims)]
        return fill(shape).to(DTYPES.get(spec.kind, torch.float32))

    def of_the_right_form(fill, plain):
        def answer(*arguments):
            dims: dict = {}
            for spec, value in zip(exercise.argument_specs, arguments, strict=False):
                spec.bind(value, dims)
                if spec.name == "k" and isinstance(value, int):
                    dims.setdefault("K", value)
            results = tuple(
                tensor(spec, dims, fill) if spec.axes is not None else plain[spec.kind]
                for spec in exercise.result_specs
            )
            return results[0] if len(results) == 1 else results

        return answer

    nothing = {"int": 0, "float": 0.0, "str": "", "bool": False, "list": [], "tuple": (), "dict": {}}
    something = {
        "int": 1,
        "float": 1.0,
        "str": "a",
        "bool": True,
        "list": [0],
        "tuple": (0,),
        "dict": {"a": 0},
    }
    generator = torch.Generator().manual_seed(0)
    yield "zeros", of_the_right_form(torch.zeros, nothing)
    yield "ones", of_the_right_form(torch.ones, something)
    yield "noise", of_the_right_form(lambda shape: torch.randn(shape, generator=generator) * 3, something)
    yield "ignored", of_the_right_form(lambda shape: torch.full(shape, -100.0), nothing)
    for place in range(len(exercise.argument_specs)):

        def echo(*arguments, place=place):
            results = tuple(arguments[place] for _ in exercise.result_specs)
            return results[0] if len(results) == 1 else results

        yield f"argument {place} handed back", echo


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
