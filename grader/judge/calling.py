"""Calling an answer once: on copies, under a time limit, with everything that it does noted.

This is the only place where a student's code runs. `perform` never raises and never lets the answer reach
the caller's arguments, random state or streams; what it gives back is an `Outcome` of plain data. The judge
knows it only as a function from arguments to an outcome, so the call may as well be made in another process.
"""

from __future__ import annotations

import builtins
import contextlib
import copy
import functools
import io
import linecache
import logging
import math
import operator
import os
import random
import signal
import sys
import tempfile
import threading
import warnings
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from time import monotonic, thread_time
from types import ModuleType
from typing import Any

import numpy as np
import torch

from .values import NotPlain, plain

SECONDS = 3.0
"""How long an answer may compute; the slowest right one needs a tenth of that, or half where it imports scikit-learn."""
LONGER = 2.0
"""How many times as long it may take in all, as where it waits, or the machine is busy."""
PACKAGE = str(Path(__file__).parents[1])


@dataclass(frozen=True)
class Raised:
    """An exception that left the answer: its type's name and those of its bases, its message, its line."""

    name: str
    message: str
    line: str = ""
    bases: tuple[str, ...] = ()

    def __str__(self) -> str:
        text = f"{self.name}: {self.message}" if self.message else self.name
        return f"{text}  (in the line `{self.line}`)" if self.line else text


@dataclass(frozen=True)
class Outcome:
    """What one call did. Exactly one of these holds: it returned `value`, it `raised`, it gave an `unusable`
    result (the reason why), or it ran out of time (`timed_out`)."""

    value: Any = None
    raised: Raised | None = None
    unusable: str = ""
    timed_out: bool = False
    changed: tuple[str, ...] = ()
    after: dict[str, Any] = field(default_factory=dict)
    gradients: dict[str, torch.Tensor | None] = field(default_factory=dict)
    printed: str = ""
    warned: tuple[str, ...] = ()


class OutOfTime(BaseException):
    """Raised inside an answer whose time is up; not an `Exception`, so that answers rarely catch it."""


def perform(
    function: Callable,
    arguments: dict[str, Any],
    *,
    gradients: tuple[str, ...] = (),
    changes: tuple[str, ...] = (),
    seconds: float = SECONDS,
    spare: dict[str, Any] | None = None,
) -> Outcome:
    """Call `function` on copies of `arguments` (passed by position, in order) and note what happens.

    `gradients` names float tensors whose gradient is wanted: of the sum of all float results, each element
    weighted by the cosine of its index. `changes` names the arguments that the answer is meant to change;
    they come back in `after`, while any other that is changed is listed in `changed`. `seconds` are `time_limit`'s.
    `spare` has copies of arguments that are at hand, so that none need be made.
    """
    spare = spare or {}
    copies = {name: spare[name] if name in spare else _copy(value) for name, value in arguments.items()}
    for name in gradients:
        copies[name].requires_grad_()
    notes: dict[str, Any] = {}
    with _same_surroundings(), _captured() as captured:
        try:
            with time_limit(seconds):
                result = function(*copies.values())
                notes["value"] = plain(result)
                if gradients:
                    notes["gradients"] = _gradients(result, [copies[name] for name in gradients], gradients)
        except OutOfTime:
            notes = {"timed_out": True}
        except NotPlain as error:
            notes = {"unusable": str(error)}
        except BaseException as error:
            notes = {"raised": describe_exception(error)}
    if changes:
        notes["after"] = {name: copies[name] for name in changes}
    changed = [name for name in arguments if name not in changes and not _same(arguments[name], copies[name])]
    return Outcome(
        **notes, changed=tuple(changed), printed=captured.text[:2000], warned=tuple(captured.warnings[:20])
    )


def _copy(value: Any) -> Any:
    if isinstance(value, torch.Tensor):
        return value.detach().clone()
    return copy.deepcopy(value)


def _same(before: Any, after: Any) -> bool:
    """Whether an argument is as it was: to the bit for tensors; mode, weights and flags for a model."""
    if isinstance(before, torch.nn.Module):
        flags = [
            [(module.training, type(module)) for module in model.modules()]
            + [(name, parameter.requires_grad) for name, parameter in model.named_parameters()]
            for model in (before, after)
        ]
        return flags[0] == flags[1] and _same(dict(before.state_dict()), dict(after.state_dict()))
    if isinstance(before, torch.Tensor):
        return (
            before.shape == after.shape
            and before.dtype == after.dtype
            and bool(((before == after) | (before != before) & (after != after)).all())
        )
    if isinstance(before, dict):
        return list(before) == list(after) and all(_same(before[key], after[key]) for key in before)
    if isinstance(before, (list, tuple)):
        return len(before) == len(after) and all(map(_same, before, after))
    return before == after


def _gradients(
    result: Any, inputs: list[torch.Tensor], names: tuple[str, ...]
) -> dict[str, torch.Tensor | None]:
    """The gradients, each no finer in its dtype than the coarsest result: who computes in float32 what came in float64
    has gradients that are as exact as the result."""
    outputs = [
        output
        for output in (result if isinstance(result, (list, tuple)) else [result])
        if type(output) is torch.Tensor and output.requires_grad
    ]
    total = sum(
        (output * torch.arange(output.numel(), dtype=output.dtype).reshape(output.shape).cos()).sum()
        for output in outputs
    )
    if not isinstance(total, torch.Tensor):
        return dict.fromkeys(names)
    found = torch.autograd.grad(total, inputs, allow_unused=True)
    coarsest = min((output.dtype for output in outputs), key=_bits)
    return {
        name: None if grad is None else plain(grad.to(min(grad.dtype, coarsest, key=_bits)))
        for name, grad in zip(names, found, strict=True)
    }


def _bits(dtype: torch.dtype) -> int:
    return torch.finfo(dtype).bits


def describe_exception(error: BaseException) -> Raised:
    """`error` as text: safe for one whose `__str__` raises or never ends in anything short."""
    try:
        message = str(error)
    except BaseException:
        message = "(its message cannot be shown)"
    bases = tuple(kind.__name__ for kind in type(error).__mro__[:-1])
    return Raised(bases[0][:80], " ".join(message[:2000].split())[:400], _last_line(error), bases)


def _last_line(error: BaseException) -> str:
    """The last line of the student's own code in the traceback: not of a library, not of this package."""
    line, trace = "", error.__traceback__
    while trace is not None:
        filename = trace.tb_frame.f_code.co_filename
        own = filename.startswith(PACKAGE) or "site-packages" in filename or filename.startswith("<frozen")
        if not own and not filename.startswith(sys.base_prefix):
            line = linecache.getline(filename, trace.tb_lineno).strip() or line
        trace = trace.tb_next
    return line[:120]


@contextlib.contextmanager
def time_limit(seconds: float) -> Iterator[None]:
    """Raise `OutOfTime` in the block once this thread has computed for `seconds`, or `LONGER` times as many are over.

    Only the main thread of a POSIX process can be interrupted so; elsewhere there is no limit.
    """
    if not hasattr(signal, "setitimer") or threading.current_thread() is not threading.main_thread():
        yield
        return

    begun, computed = monotonic(), thread_time()

    def stop(*_: object) -> None:
        left = min(computed + seconds - thread_time(), begun + LONGER * seconds - monotonic())
        if left <= 0:
            raise OutOfTime
        signal.setitimer(signal.ITIMER_REAL, max(left, 0.01), 0.5)

    before = signal.signal(signal.SIGALRM, stop)
    signal.setitimer(signal.ITIMER_REAL, seconds, 0.5)  # again and again, for an answer that catches it
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)


# What the checker itself calls. An answer that put its own functions there would judge itself.
LENT = (torch, torch.nn.functional, torch.Tensor, torch.autograd, np, builtins, copy, math, random)
MISSING = object()
KEPT = (len, all, map, operator.is_)  # an answer may have put others in these very places


@contextlib.contextmanager
def _same_surroundings() -> Iterator[None]:
    """Fixed seeds inside; outside, every setting, random state and function of `LENT` and of this package's judge as it was."""
    states = torch.get_rng_state(), random.getstate(), np.random.get_state()
    dtype, grad = torch.get_default_dtype(), torch.is_grad_enabled()
    folder, depth = os.getcwd(), sys.getrecursionlimit()
    places = _row or _places()
    torch.default_generator.manual_seed(0)  # `torch.manual_seed` looks for other devices, at some length
    random.seed(0)
    np.random.seed(0)
    torch.set_grad_enabled(True)
    try:
        yield
    finally:
        for place, saved in places:
            _put_back(place, saved)
        sys.setrecursionlimit(depth)
        os.chdir(folder)
        torch.set_default_dtype(dtype)
        torch.set_grad_enabled(grad)
        torch.set_rng_state(states[0])
        random.setstate(states[1])
        np.random.set_state(states[2])


_row: list[tuple[Any, dict[str, Any]]] = []  # filled and emptied, never replaced: it is one of the things noted


@contextlib.contextmanager
def in_a_row() -> Iterator[None]:
    """In the block one call follows another, and nothing that is not undone comes between: what they must leave as it
    was is noted once."""
    _row.extend(_places())
    try:
        yield
    finally:
        _row.clear()


def _places() -> list[tuple[Any, dict[str, Any]]]:
    return [(place, dict(vars(place))) for place in (*LENT, *_judge())]


@functools.cache
def _judge() -> tuple[ModuleType, ...]:
    return tuple(module for name, module in sys.modules.items() if name.startswith(__package__))


def _put_back(place: Any, saved: dict[str, Any]) -> None:
    """Give a module or class its own names again. New ones would hide inherited or built-in ones, but in a library
    they are modules imported lately, and stay."""
    now = vars(place)
    length, every, mapped, is_same = KEPT
    if length(saved) == length(now) and every(mapped(is_same, saved.values(), now.values())):
        return
    if place not in LENT or isinstance(place, type):
        for name in [name for name in now if name not in saved]:
            delattr(place, name)
    for name in [name for name, value in saved.items() if now.get(name, MISSING) is not value]:
        setattr(place, name, saved[name])


@dataclass
class _Captured:
    text: str = ""
    warnings: list[str] = field(default_factory=list)


@contextlib.contextmanager
def _captured() -> Iterator[_Captured]:
    """Keep everything printed or warned in the block, also by loggers that hold on to an older stderr and
    by code that writes to the file descriptors: nbgrader takes any text on stderr for a failure."""
    captured, streams = _Captured(), io.StringIO()
    handlers = [
        (handler, handler.stream)
        for logger in (logging.getLogger(), logging.getLogger("transformers"), logging.getLogger("datasets"))
        for handler in logger.handlers
        if isinstance(handler, logging.StreamHandler)
    ]
    with _descriptors_captured() as read_descriptors, warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        for handler, _ in handlers:
            handler.stream = streams
        try:
            with contextlib.redirect_stdout(streams), contextlib.redirect_stderr(streams):
                yield captured
        finally:
            for handler, stream in handlers:
                handler.stream = stream
            said = "" if streams.closed else streams.getvalue()[:5000]
            captured.text = said + read_descriptors()
            seen = dict.fromkeys(
                f"{warning.category.__name__}: {warning.message}"[:300] for warning in caught[:200]
            )
            captured.warnings = list(seen)


@contextlib.contextmanager
def _descriptors_captured() -> Iterator[Callable[[], str]]:
    with tempfile.TemporaryFile() as file:
        kept = [os.dup(number) for number in (1, 2)]
        text = ""

        def restore() -> str:
            nonlocal kept, text
            for number, copied in zip((1, 2), kept, strict=False):
                os.dup2(copied, number)
                os.close(copied)
            if kept:
                kept = []
                file.seek(0)
                text = file.read(5000).decode("utf-8", "replace")
            return text

        for number in (1, 2):
            os.dup2(file.fileno(), number)
        try:
            yield restore
        finally:
            restore()
