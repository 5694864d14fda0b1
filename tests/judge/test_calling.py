import builtins
import logging
import math
import os
import random
import sys
import time
import warnings

import numpy as np
import pytest
import torch
from torch import nn

from grader.judge import calling, values
from grader.judge.calling import perform


def test_arguments_are_copies_and_changes_are_noted():
    ids, numbers = torch.arange(3), [1, 2]

    def answer(ids, numbers):
        ids += 1
        numbers.append(3)
        return ids

    outcome = perform(answer, {"ids": ids, "numbers": numbers})
    assert ids.tolist() == [0, 1, 2] and numbers == [1, 2]
    assert outcome.changed == ("ids", "numbers")
    assert outcome.value.tolist() == [1, 2, 3]


def test_a_model_that_is_meant_to_change_comes_back_changed():
    model = nn.Linear(2, 2)

    def answer(model):
        nn.init.zeros_(model.weight)
        model.eval()

    outcome = perform(answer, {"model": model}, changes=("model",))
    assert outcome.after["model"].weight.sum() == 0 and model.weight.abs().sum() > 0
    assert outcome.changed == ()
    assert perform(answer, {"model": model}).changed == ("model",)


def test_gradients_are_those_of_the_weighted_sum():
    x = torch.tensor([1.0, 2.0, 3.0])
    outcome = perform(lambda x: x**2, {"x": x}, gradients=("x",))
    assert torch.allclose(outcome.gradients["x"], 2 * x * torch.arange(3.0).cos())
    assert perform(lambda x: x.detach() * 2, {"x": x}, gradients=("x",)).gradients == {"x": None}
    assert perform(lambda x: 1.0, {"x": x}, gradients=("x",)).gradients == {"x": None}


def test_a_gradient_is_as_exact_as_the_result():
    x = torch.tensor([1.0, 2.0], dtype=torch.float64)
    for dtype in (torch.float64, torch.float32):
        outcome = perform(lambda x, dtype=dtype: x.to(dtype).tanh(), {"x": x}, gradients=("x",))
        assert outcome.gradients["x"].dtype == dtype


class Cruel(Exception):
    def __str__(self):
        raise RuntimeError("no message for you")


@pytest.mark.parametrize(
    "error", [ValueError("k"), SystemExit(3), KeyboardInterrupt(), GeneratorExit(), Cruel()]
)
def test_whatever_is_raised_is_noted(error):
    def answer():
        raise error

    outcome = perform(answer, {})
    assert outcome.raised.name == type(error).__name__ and outcome.value is None


def test_the_line_is_the_students_own():
    def answer(x):
        return torch.nn.functional.cross_entropy(x, x[:, 0])

    assert perform(answer, {"x": torch.zeros(2, 3)}).raised.line.startswith("return torch.nn.functional")


def test_an_endless_loop_ends_even_if_it_catches_exceptions():
    def stubborn():
        while True:
            try:
                while True:
                    pass
            except Exception:
                continue

    assert perform(stubborn, {}, seconds=0.2).timed_out


def test_only_computing_counts_but_not_without_end(monkeypatch):
    """As where the machine is busy with other things, or the answer waits."""
    monkeypatch.setattr(calling, "thread_time", lambda: 0.0)

    def answer(seconds):
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            pass
        return "done"

    assert perform(answer, {"seconds": 0.15}, seconds=0.1).value == "done"
    assert perform(answer, {"seconds": 60.0}, seconds=0.1).timed_out


def test_what_is_noted_once_is_put_back_after_each_of_a_row(monkeypatch):
    noted = []
    places = calling._places
    monkeypatch.setattr(calling, "_places", lambda: noted.append(1) or places())
    log = torch.log

    def answer():
        was = torch.log is log
        torch.log = calling.LONGER = None
        return was

    with calling.in_a_row():
        assert [perform(answer, {}).value for _ in range(3)] == [True] * 3 and len(noted) == 1
    assert torch.log is log and calling.LONGER and perform(answer, {}).value and len(noted) == 2


def test_a_copy_that_is_at_hand_is_taken():
    model, spare = nn.Linear(2, 2).eval(), nn.Linear(2, 2).eval()
    spare.load_state_dict(model.state_dict())
    seen = []

    def answer(model, x):
        seen.append((model, x))
        model.train()

    x = torch.ones(2)
    outcome = perform(answer, {"model": model, "x": x}, spare={"model": spare})
    assert outcome.changed == ("model",) and not model.training
    assert seen[0][0] is spare and seen[0][1] is not x


def test_nothing_reaches_the_streams(capfd):
    logger = logging.getLogger("transformers")
    handler = logging.StreamHandler(sys.stderr)
    logger.addHandler(handler)
    level = logger.level
    logger.setLevel(logging.WARNING)  # lessons set it higher

    def answer():
        print("out")
        print("err", file=sys.stderr)
        os.write(2, b"descriptor")
        logger.warning("logged")
        warnings.warn("careful", stacklevel=2)
        return 1

    try:
        outcome = perform(answer, {})
    finally:
        logger.removeHandler(handler)
        logger.setLevel(level)
    captured = capfd.readouterr()
    assert captured.out == captured.err == ""
    assert outcome.value == 1 and outcome.warned == ("UserWarning: careful",)
    assert all(word in outcome.printed for word in ("out", "err", "descriptor", "logged"))


def test_settings_and_random_states_are_as_before():
    def answer():
        torch.set_default_dtype(torch.float64)
        torch.set_grad_enabled(False)
        return [torch.rand(1).item(), random.random(), np.random.rand()]

    torch.manual_seed(5), random.seed(5), np.random.seed(5)
    expected = torch.rand(1).item(), random.random(), np.random.rand()
    torch.manual_seed(5), random.seed(5), np.random.seed(5)
    first, second = perform(answer, {}), perform(answer, {})
    assert first.value == second.value
    assert (torch.rand(1).item(), random.random(), np.random.rand()) == expected
    assert torch.get_default_dtype() is torch.float32 and torch.is_grad_enabled()


def test_a_result_that_is_nothing_plain_is_unusable():
    outcome = perform(lambda: object(), {})
    assert "an object" in outcome.unusable and outcome.value is None


def test_a_flood_of_output_is_cut():
    def answer():
        for _ in range(1000):
            print("x" * 1000)
        return 0

    start = time.perf_counter()
    assert len(perform(answer, {}).printed) <= 2000
    assert time.perf_counter() - start < 10


def test_what_the_checker_calls_is_its_own_again_after_the_call(monkeypatch):
    saved = torch.equal, torch.Tensor.sum, len, all, map, values.alike

    def patching(x):
        torch.equal = lambda *_: True
        torch.Tensor.sum = lambda *_: 0
        builtins.len = lambda _: 1
        builtins.all, builtins.map = lambda *_: True, lambda *_: ()
        values.alike = lambda *_: True
        del math.sqrt
        sys.setrecursionlimit(200)
        os.chdir("/")
        return x

    root = math.sqrt
    folder, depth = os.getcwd(), sys.getrecursionlimit()
    perform(patching, {"x": 1})
    assert (torch.equal, torch.Tensor.sum, len, all, map, values.alike) == saved and math.sqrt is root
    assert (os.getcwd(), sys.getrecursionlimit()) == (folder, depth)


def test_a_closed_stream_is_the_answers_own_loss():
    def closing(x):
        print("hello")
        sys.stdout.close()
        return x

    assert perform(closing, {"x": 3}).value == 3
