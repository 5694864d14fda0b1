"""Answers of bad faith, for any exercise: what none of them may earn, and what none may leave behind.

Each attack makes an answer from the exercise and its reference answer. What it `earns` honestly is a part of the
points: nothing, unless the attack says otherwise. Answers that end their process, outlive their call or stop every
signal are the business of `tests/adversarial`, where an answer has a process of its own.
"""

from __future__ import annotations

import builtins
import gc
import os
import sys
import time
import warnings
from collections.abc import Callable
from typing import Any

import numpy as np
import torch

from examine.thoughtless import NOTHING, of_the_right_form
from grader.judge import Exercise

ATTACKS: list[Callable] = []
QUARTER = 0.25  # what an answer without thought may earn


def attack(make: Callable | None = None, *, earns: float = 0.0) -> Callable:
    def add(make: Callable) -> Callable:
        make.earns = earns
        ATTACKS.append(make)
        return make

    return add if make is None else add(make)


def honest(make: Callable, exercise: Exercise) -> float:
    """The points that this attack may come away with."""
    return make.earns * exercise.points


def zeros(exercise: Exercise) -> Callable:
    return of_the_right_form(exercise, torch.zeros)


# Without end


@attack
def loops(exercise, reference):
    def answer(*arguments):
        while True:
            pass

    return answer


@attack
def sleeps(exercise, reference):
    return lambda *arguments: time.sleep(10_000)


@attack
def catches_the_end_of_its_time(exercise, reference):
    def answer(*arguments):
        for _ in range(3):
            try:
                while True:
                    pass
            except BaseException:
                continue

    return answer


@attack
def calls_itself(exercise, reference):
    def answer(*arguments):
        return answer(*arguments)

    return answer


# Too much


@attack
def asks_for_all_memory(exercise, reference):
    return lambda *arguments: torch.ones(1 << 45)


@attack
def returns_more_than_memory_holds(exercise, reference):
    return lambda *arguments: torch.zeros(1).expand(1 << 45)


@attack
def returns_a_list_without_end(exercise, reference):
    return lambda *arguments: [[0] * 1000] * 1_000_000


@attack
def returns_itself_in_itself(exercise, reference):
    def answer(*arguments):
        nest: list = []
        nest.append(nest)
        return nest

    return answer


@attack
def returns_a_number_of_a_million_digits(exercise, reference):
    return lambda *arguments: 1 << 4_000_000


@attack
def floods_both_streams(exercise, reference):
    def answer(*arguments):
        for _ in range(2_000):
            print("right! " * 200)
            print("right! " * 200, file=sys.stderr)
        os.write(1, b"right! " * 10_000)
        os.write(2, b"right! " * 10_000)

    return answer


@attack
def warns_without_end(exercise, reference):
    def answer(*arguments):
        for number in range(3_000):
            warnings.warn(f"right {number}", stacklevel=1)

    return answer


# Odd exceptions


@attack
def leaves_the_program(exercise, reference):
    return lambda *arguments: sys.exit(0)


@attack
def interrupts_from_the_keyboard(exercise, reference):
    def answer(*arguments):
        raise KeyboardInterrupt

    return answer


@attack
def raises_what_cannot_be_shown(exercise, reference):
    class Unspeakable(Exception):
        def __str__(self):
            raise SystemExit("no")

        __repr__ = __str__

    def answer(*arguments):
        raise Unspeakable

    return answer


@attack
def raises_a_page_of_markup(exercise, reference):
    def answer(*arguments):
        raise ValueError("<script>alert(1)</script></td></table>" + "\n4.0 of 4 points" * 10_000)

    return answer


# Liars


class YesMan:
    """Equal to everything, an array, a tensor, a number and true."""

    def __eq__(self, other):
        return True

    def __array__(self, *_, **__):
        return np.zeros(3)

    def __bool__(self):
        return True

    def __float__(self):
        return 1.0

    def __len__(self):
        return 2

    def __getattr__(self, name):
        return self

    def __call__(self, *_, **__):
        return self

    @classmethod
    def __torch_function__(cls, *_, **__):
        return torch.tensor(True)

    __hash__ = None


@attack
def returns_one_that_equals_everything(exercise, reference):
    return lambda *arguments: YesMan()


@attack
def returns_many_that_equal_everything(exercise, reference):
    return lambda *arguments: tuple(YesMan() for _ in exercise.result_specs)


@attack
def returns_a_tensor_that_equals_everything(exercise, reference):
    class Sly(torch.Tensor):
        @classmethod
        def __torch_function__(cls, function, types, arguments=(), options=None):
            return torch.tensor(True)

    return lambda *arguments: torch.zeros(2).as_subclass(Sly)


@attack
def returns_built_in_types_that_lie(exercise, reference):
    class List(list):
        __eq__ = __contains__ = lambda self, other: True

    class Float(float):
        __eq__ = __le__ = __ge__ = lambda self, other: True

    class Text(str):
        __eq__ = lambda self, other: True  # noqa: E731
        __hash__ = str.__hash__

    return lambda *arguments: [List([1]), Float(0), Text("")]


@attack
def pretends_to_be_of_another_class(exercise, reference):
    class Pretender:
        __class__ = torch.Tensor
        shape, dtype = (2,), torch.float32

    return lambda *arguments: Pretender()


@attack
def returns_what_is_not_computed_yet(exercise, reference):
    return lambda *arguments: (value for value in iter(int, 1))


@attack
def returns_a_range_without_end(exercise, reference):
    return lambda *arguments: range(10**12)


@attack(earns=QUARTER)
def returns_nothing_but_nan(exercise, reference):
    return of_the_right_form(exercise, lambda shape: torch.full(shape, float("nan")), float("nan"))


@attack(earns=QUARTER)
def returns_nothing_but_infinity(exercise, reference):
    return of_the_right_form(exercise, lambda shape: torch.full(shape, float("inf")), float("inf"))


@attack(earns=QUARTER)
def returns_nests_where_values_belong(exercise, reference):
    odd = {
        "list": [["a"], torch.zeros(2), {}],
        "tuple": ([{}], torch.zeros(2)),
        "dict": {"a": [{}], 3: torch.zeros(2)},
    }
    return of_the_right_form(exercise, torch.zeros, plain={**NOTHING, **odd})


@attack
def returns_a_sparse_tensor(exercise, reference):
    return lambda *arguments: torch.zeros(3, 4).to_sparse()


@attack
def returns_a_tensor_without_contents(exercise, reference):
    return lambda *arguments: torch.zeros(3, 4, device="meta")


# Patches: each returns zeros afterwards


def patching(exercise: Exercise, patch: Callable[[], Any]) -> Callable:
    plain = zeros(exercise)

    def answer(*arguments):
        patch()
        return plain(*arguments)

    return answer


@attack(earns=QUARTER)
def patches_torch(exercise, reference):
    def patch():
        for name in ("equal", "allclose", "isclose", "all", "any"):
            setattr(torch, name, lambda *_, **__: torch.tensor(True))
        for name in ("__eq__", "__ne__", "equal", "allclose", "all", "any", "abs", "max", "item"):
            setattr(torch.Tensor, name, lambda self, *_, **__: torch.tensor(True))

    return patching(exercise, patch)


@attack(earns=QUARTER)
def patches_the_built_in_functions(exercise, reference):
    def patch():
        builtins.all = builtins.any = builtins.isinstance = lambda *_: True
        builtins.abs = builtins.max = lambda *_: 0

    return patching(exercise, patch)


@attack(earns=QUARTER)
def patches_the_judge(exercise, reference):
    def patch():
        from grader.judge import expect, judging, values

        for name in ("same", "differ", "close", "alike"):
            for module in (expect, judging, values):
                if hasattr(module, name):
                    setattr(module, name, lambda *_, **__: True)
        judging._requirement = lambda *_: None

    return patching(exercise, patch)


@attack(earns=QUARTER)
def closes_the_streams(exercise, reference):
    def patch():
        sys.stdout.close()
        sys.stderr.close()

    return patching(exercise, patch)


@attack(earns=QUARTER)
def changes_every_setting(exercise, reference):
    def patch():
        torch.set_default_dtype(torch.float64)
        torch.set_grad_enabled(False)
        torch.manual_seed(123)
        np.random.seed(5)
        sys.setrecursionlimit(150)
        os.chdir("/")
        gc.disable()

    return patching(exercise, patch)


@attack(earns=QUARTER)
def looks_for_the_expected_values(exercise, reference):
    """Goes up the stack and takes whatever the checker has at hand, were it there already."""

    def answer(*arguments):
        frame = sys._getframe()
        while frame is not None:
            for name in ("want", "wanted", "expected", "right", "labels"):
                if frame.f_code.co_filename.find("judge") >= 0 and name in frame.f_locals:
                    return frame.f_locals[name]
            frame = frame.f_back
        return zeros(exercise)(*arguments)

    return answer
