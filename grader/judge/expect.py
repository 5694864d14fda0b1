"""What a requirement says with: hold a result against what a right answer must do, or show the difference."""

from __future__ import annotations

from typing import Any

import torch

from .spec import describe
from .values import close, close_numbers, short

LONGEST = 1000
"""Characters of a message, which may quote what an answer gave, however long that is."""


class Mismatch(Exception):
    """A requirement does not hold. `message` says what was expected and what came; `shown` are named inputs
    at the place, in short."""

    def __init__(self, message: str, shown: dict[str, str] | None = None):
        message = message if len(message) <= LONGEST else f"{message[:LONGEST]} ..."
        super().__init__(message)
        self.message = message
        self.shown = shown or {}


def that(condition: Any, message: str, **beside: Any) -> None:
    """Raise `Mismatch` with `message` unless `condition`; `beside` is shown in short."""
    if not bool(condition):
        raise Mismatch(message, {name: short(value) for name, value in beside.items()})


def same(got: Any, want: Any, what: str = "result", where: torch.Tensor | None = None, **beside: Any) -> None:
    """Raise `Mismatch` at the first place where two plain values differ.

    Tensors must have one shape, and are compared where the bool tensor `where` (of that shape, or of its
    first axes) is True; `beside` are tensors of that shape or of its first axes, shown at the place, or
    other values, shown whole. Floats agree within the tolerance of `values.close`.
    """
    if isinstance(want, torch.Tensor) and isinstance(got, torch.Tensor):
        _same_tensors(got, want, what, where, beside)
    elif isinstance(want, (list, tuple)) and isinstance(got, (list, tuple)):
        that(
            len(got) == len(want),
            f"{what}: expected {len(want)} items {short(want)}, got {len(got)} {short(got)}",
            **beside,
        )
        for index, (mine, yours) in enumerate(zip(want, got, strict=True)):
            same(yours, mine, _at_index(what, f"[{index}]"), **beside)
    elif isinstance(want, dict) and isinstance(got, dict):
        missing, extra = [key for key in want if key not in got], [key for key in got if key not in want]
        that(not missing, f"{what}: {short(missing)} missing", **beside)
        that(not extra, f"{what}: {short(extra)} should not be there", **beside)
        for key in want:
            same(got[key], want[key], _at_index(what, f"[{key!r}]"), **beside)
    elif isinstance(want, (int, float)) and isinstance(got, (int, float)) and not isinstance(want, bool):
        mine, yours = _told_apart(want, got)
        that(close_numbers(got, want), f"{what}: expected {mine}, got {yours}", **beside)
    else:
        right = type(want) is type(got) and want == got
        that(right, f"{what}: expected {short(want)}, got {short(got)}", **beside)


def _same_tensors(
    got: torch.Tensor, want: torch.Tensor, what: str, where: torch.Tensor | None, beside: dict
) -> None:
    that(got.shape == want.shape, f"{what}: expected shape {tuple(want.shape)}, got {tuple(got.shape)}")
    wrong = ~close(got, want)
    if where is not None:
        wrong &= where.reshape(where.shape + (1,) * (wrong.dim() - where.dim()))
    if not wrong.any():
        return
    place = tuple(wrong.nonzero()[0].tolist())
    shown = {name: short(_at(value, place, got.shape)) for name, value in beside.items()}
    index = f"[{', '.join(map(str, place))}]" if place else ""
    mine, yours = _told_apart(want[place].item(), got[place].item())
    raise Mismatch(f"{_at_index(what, index)}: expected {mine}, got {yours}", shown)


def _at_index(what: str, index: str) -> str:
    """`logits[0, 2]`; but where more is said of a result than its name, `tokens, each row sorted, at [0, 2]`."""
    said = "," in what and ", at [" not in what and index
    return f"{what}, at {index}" if said else f"{what}{index}"


def _told_apart(want: float, got: float) -> tuple[str, str]:
    """Two numbers in short, with more digits where they differ only further on."""
    texts = short(want), short(got)
    for digits in (6, 8, 10):
        if texts[0] != texts[1] or not isinstance(want, float) or not isinstance(got, float):
            break
        texts = f"{want:.{digits}g}", f"{got:.{digits}g}"
    return texts


def _at(value: Any, place: tuple[int, ...], shape: torch.Size) -> Any:
    if isinstance(value, torch.Tensor) and value.dim() and value.shape == shape[: value.dim()]:
        return value[place[: value.dim()]]
    return value


def differ(a: torch.Tensor, b: torch.Tensor, message: str, **beside: Any) -> None:
    """Raise `Mismatch` with `message` if two tensors agree everywhere within the tolerance."""
    that(a.shape != b.shape or not bool(close(a, b).all()), message, **beside)


def finite(value: torch.Tensor | float, what: str = "result") -> None:
    """Raise `Mismatch` if there is a NaN or an infinity in a float tensor or number."""
    numbers = torch.as_tensor(value)
    bad = numbers[~numbers.isfinite()]
    that(
        bad.numel() == 0,
        f"{what}: expected finite numbers, got {describe(bad[0].item()) if bad.numel() else ''}",
    )
