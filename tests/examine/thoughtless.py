"""Answers that do none of the thinking."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import torch

from grader.judge import Exercise
from grader.judge.spec import DTYPES, Spec

NOTHING = {"int": 0, "float": 0.0, "str": "", "bool": False, "list": [], "tuple": (), "dict": {}}
SOMETHING = {"int": 1, "float": 1.0, "str": "a", "bool": True, "list": [0], "tuple": (0,), "dict": {"a": 0}}


def of_the_right_form(
    exercise: Exercise,
    fill: Callable[[list[int]], torch.Tensor],
    number: float | None = None,
    plain: dict | None = None,
) -> Callable:
    """An answer whose tensors have the right shape and dtype and hold what `fill(shape)` gives; what is no tensor is
    taken from `plain` by its type, floats being `number` if that is given."""
    plain = dict(plain or NOTHING)
    if number is not None:
        plain["float"] = number

    def tensor(spec: Spec, dims: dict) -> torch.Tensor:
        shape = [size or 2 for size in spec.shape(dims)]
        return fill(shape).to(DTYPES.get(spec.kind, torch.float32))

    def answer(*arguments: Any) -> Any:
        dims: dict = {}
        for spec, value in zip(exercise.argument_specs, arguments, strict=False):
            spec.bind(value, dims)
            if spec.name == "k" and isinstance(value, int):
                dims.setdefault("K", value)
        results = tuple(
            tensor(spec, dims) if spec.axes is not None else plain[spec.kind]
            for spec in exercise.result_specs
        )
        return results[0] if len(results) == 1 else results

    return answer


def thoughtless_answers(exercise: Exercise) -> Iterator[tuple[str, Callable]]:
    """Zeros, ones, noise, one constant, an argument handed back: each with what it is called."""
    generator = torch.Generator().manual_seed(0)
    yield "zeros", of_the_right_form(exercise, torch.zeros)
    yield "ones", of_the_right_form(exercise, torch.ones, plain=SOMETHING)
    yield (
        "noise",
        of_the_right_form(
            exercise, lambda shape: torch.randn(shape, generator=generator) * 3, plain=SOMETHING
        ),
    )
    yield "ignored", of_the_right_form(exercise, lambda shape: torch.full(shape, -100.0))
    for place in range(len(exercise.argument_specs)):

        def echo(*arguments, place=place):
            results = tuple(arguments[place] for _ in exercise.result_specs)
            return results[0] if len(results) == 1 else results

        yield f"argument {place} handed back", echo
