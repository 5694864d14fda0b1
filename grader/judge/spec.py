"""What an exercise takes and returns, as a line of text that both students and the checker read.

`"labels: int64 (B, L)"` is a tensor with named axes; `"score: float"` or `"spans: list"` a plain value.
The axes that arguments bind hold for the result too, so a wrong shape can be told by the names of its axes.
"""

from __future__ import annotations

import itertools
import re
from dataclasses import dataclass
from typing import Any

import torch

from .values import short

AXES = {
    "B": "batch",
    "L": "length",
    "S": "source length",
    "T": "target length",
    "V": "vocabulary",
    "H": "hidden size",
    "A": "heads",
    "D": "head size",
    "C": "classes",
    "K": "k",
    "M": "masks",
}
DTYPES = {"int64": torch.int64, "bool": torch.bool, "float32": torch.float32, "float64": torch.float64}
KINDS = {
    "int": int,
    "float": (int, float),
    "str": str,
    "bool": bool,
    "list": (list, tuple),
    "tuple": (list, tuple),
    "dict": dict,
    "model": torch.nn.Module,
    "dtype": torch.dtype,
}

Dims = dict[str, Any]


class WrongForm(Exception):
    """A value has not the form that the exercise asks for; the message says how, to a student."""


@dataclass(frozen=True)
class Spec:
    """One argument or result. `axes` is None for what is not a tensor."""

    name: str
    kind: str
    axes: tuple[str, ...] | None

    @classmethod
    def parse(cls, text: str) -> Spec:
        """Read `name: kind`, `name: kind (axes)` or, for a result without a name, the same without it.

        `kind` of a tensor is a dtype or `float` for any floating one; else one of `KINDS`, with what it holds
        after it for the reader (`list of str`). A leading `...` stands for any number of axes.
        """
        match = re.fullmatch(r"(?:(\w+): )?([a-z0-9]+)([^()]*?)(?: ?\(([^)]*)\))?", text.strip())
        if not match or match[2] not in (KINDS if match[4] is None else {*DTYPES, "float"}):
            raise ValueError(f"cannot read {text!r} as 'name: kind (axes)'")
        axes = (
            None if match[4] is None else tuple(axis.strip() for axis in match[4].split(",") if axis.strip())
        )
        return cls(match[1] or "result", match[2], axes)

    def bind(self, value: Any, dims: Dims) -> None:
        """Note in `dims` the sizes that `value` gives to the axes; raise `ValueError` where they disagree."""
        if self.axes is None or not isinstance(value, torch.Tensor):
            return
        axes, shape = list(self.axes), tuple(value.shape)
        if axes and axes[0] == "...":
            cut = len(shape) - len(axes) + 1
            dims.setdefault("...", shape[:cut])
            axes, shape = axes[1:], shape[cut:]
        for axis, size in zip(axes, shape, strict=True):
            if axis.isidentifier() and dims.setdefault(axis, size) != size:
                raise ValueError(f"{self.name}: axis {axis} is {size} here and {dims[axis]} elsewhere")

    def fit(self, value: Any, dims: Dims) -> Any:
        """`value`, if it has this form (a number where a 0-d tensor stands for it); else raise `WrongForm`."""
        return self._fit_value(value) if self.axes is None else self._fit_tensor(value, dims)

    def _fit_value(self, value: Any) -> Any:
        if self.kind in ("int", "float", "bool") and isinstance(value, torch.Tensor) and value.numel() == 1:
            value = value.item()
        wanted = KINDS[self.kind]
        right = isinstance(value, wanted) and (self.kind == "bool" or not isinstance(value, bool))
        if not right:
            raise WrongForm(f"{self.name} should be {_named(self.kind)}, got {describe(value)}")
        return value

    def _fit_tensor(self, value: Any, dims: Dims) -> torch.Tensor:
        if not isinstance(value, torch.Tensor):
            raise WrongForm(
                f"{self.name} should be a tensor of shape {self.shape_text(dims)}, got {describe(value)}"
            )
        self._fit_shape(tuple(value.shape), dims)
        if self.kind == "float" and value.is_floating_point():
            return value
        if DTYPES.get(self.kind) is not value.dtype:
            wanted = "floating-point" if self.kind == "float" else self.kind
            raise WrongForm(
                f"{self.name} should have dtype {wanted}, got {str(value.dtype).removeprefix('torch.')}"
            )
        return value

    def _fit_shape(self, shape: tuple[int, ...], dims: Dims) -> None:
        wanted = self.shape(dims)
        if len(shape) == len(wanted) and all(w is None or w == s for w, s in zip(wanted, shape, strict=True)):
            return
        message = f"{self.name}: expected {self.shape_text(dims)}, got {shape}"
        if guess := self._swapped(shape, wanted):
            message += f": {guess}"
        raise WrongForm(message)

    def _swapped(self, shape: tuple[int, ...], wanted: tuple[int | None, ...]) -> str:
        names = [AXES.get(axis, axis) for axis in self.axes]
        if len(names) != len(wanted) or None in wanted:
            return ""
        if len(shape) == len(wanted):
            for i, j in itertools.combinations(range(len(shape)), 2):
                order = list(shape)
                order[i], order[j] = order[j], order[i]
                if tuple(order) == wanted:
                    return f"are {names[i]} and {names[j]} swapped?"
        if len(shape) == len(wanted) - 1:
            for i, name in enumerate(names):
                if wanted[:i] + wanted[i + 1 :] == shape:
                    axis = f"axis of size {name}" if name.isdigit() else f"{name} axis"
                    return f"the {axis} is missing"
        if len(shape) == len(wanted) + 1:
            for i in range(len(shape)):
                if shape[:i] + shape[i + 1 :] == wanted:
                    return f"there is one axis too many, of size {shape[i]}"
        return ""

    def shape(self, dims: Dims) -> tuple[int | None, ...]:
        """The sizes of the axes under `dims`; None for an axis that nothing binds."""
        sizes: list[int | None] = []
        for axis in self.axes or ():
            if axis == "...":
                sizes += dims.get("...", ())
            elif axis.isdigit():
                sizes.append(int(axis))
            else:
                factors = [dims.get(factor.strip()) for factor in axis.split("*")]
                sizes.append(None if None in factors else _product(factors))
        return tuple(sizes)

    def shape_text(self, dims: Dims) -> str:
        """`(B, L) = (3, 11)`, for a message."""
        names = "(" + ", ".join(self.axes or ()) + ("," if len(self.axes or ()) == 1 else "") + ")"
        sizes = self.shape(dims)
        return names if None in sizes or not sizes else f"{names} = {sizes}"


def _product(factors: list[int]) -> int:
    result = 1
    for factor in factors:
        result *= factor
    return result


def _named(kind: str) -> str:
    return {"int": "an int", "float": "a float", "str": "a str", "bool": "a bool", "list": "a list",
            "tuple": "a tuple", "dict": "a dict"}.get(kind, kind)  # fmt: skip


def describe(value: Any) -> str:
    """What kind of plain value this is, for a message: `a tensor of shape (3, 11)`, `a tuple of 2`, `None`."""
    if value is None:
        return "None: is a `return` missing?"
    if isinstance(value, torch.Tensor):
        return f"a tensor of shape {tuple(value.shape)}"
    if isinstance(value, (list, tuple, dict)):
        return f"a {type(value).__name__} of {len(value)}"
    return f"{type(value).__name__} {short(value, 40)}"


def fit_result(value: Any, returns: tuple[Spec, ...], dims: Dims) -> Any:
    """An answer's plain result in the form that `returns` names; raise `WrongForm` where it has another.

    One spec is the result itself, several are a tuple of results.
    """
    if len(returns) == 1:
        return returns[0].fit(value, dims)
    names = ", ".join(spec.name for spec in returns)
    if not isinstance(value, (list, tuple)) or len(value) != len(returns):
        raise WrongForm(f"expected a tuple of {len(returns)} ({names}), got {describe(value)}")
    return tuple(spec.fit(item, dims) for spec, item in zip(returns, value, strict=True))
