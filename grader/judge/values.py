"""Plain values: what an answer may return, copied so that nothing of the answer's own comes along.

An answer's result may be anything: a tensor that shares memory with an argument, an object whose `__eq__`
always says yes, a list of a billion items. `plain` turns it into exact built-in types and plain CPU
tensors, or says in one sentence why it cannot. All comparing and showing is done on plain values.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import torch

MAX_DEPTH = 8
MAX_ITEMS = 200_000
MAX_ELEMENTS = 20_000_000
MAX_TEXT = 1_000_000
MAX_BITS = 1000  # of an int: a float holds no more, and comparing would overflow

# Two right programs differ by rounding: by their order of summation, by the dtype they compute in. These are
# relative to the largest expected magnitude; the errors that exercises are about are a hundred times larger.
TOLERANCE = {torch.float64: 1e-7, torch.float32: 1e-4, torch.float16: 1e-2, torch.bfloat16: 1e-2}


class NotPlain(Exception):
    """The value is nothing that an answer may return; the message says why, to a student."""


def plain(value: Any) -> Any:
    """A copy of `value` made of None, bool, int, float, str, list, tuple, dict, torch dtypes and tensors.

    Tensors come back detached, on the CPU, contiguous and in memory of their own. Raises `NotPlain` for any
    other type, for tensor subclasses, and for what is too deep or too large.
    """
    return _plain(value, MAX_DEPTH, [MAX_ITEMS])


def _plain(value: Any, depth: int, budget: list[int]) -> Any:
    kind = type(value)
    budget[0] -= 1
    if budget[0] < 0:
        raise NotPlain(f"the result has more than {MAX_ITEMS:,} items")
    if value is None or kind in (bool, float, torch.dtype):
        return value
    if kind is int:
        return _plain_int(value)
    if kind is str:
        if len(value) > MAX_TEXT:
            raise NotPlain(f"the result has a text of {len(value):,} characters")
        return value
    if kind in (torch.Tensor, torch.nn.Parameter):
        return _plain_tensor(value)
    if depth == 0:
        raise NotPlain(f"the result is nested more than {MAX_DEPTH} levels deep")
    if kind is list or kind is tuple or kind is torch.Size:
        items = [_plain(item, depth - 1, budget) for item in value]
        return items if kind is list else tuple(items)
    if isinstance(value, dict) and kind.__module__ in ("builtins", "collections"):
        pairs = list(dict.items(value))
        if any(type(key) not in (str, int) for key, _ in pairs):
            raise NotPlain("the result is a dict with keys that are neither str nor int")
        return {
            key if type(key) is str else _plain_int(key): _plain(item, depth - 1, budget) for key, item in pairs
        }
    if kind.__module__ == "numpy" and isinstance(value, (np.bool_, np.integer, np.floating)):
        return value.item()
    if kind is np.ndarray:
        raise NotPlain(
            "the result holds a NumPy array; `torch.from_numpy` makes a tensor of it, `.tolist()` a list"
        )
    if isinstance(value, torch.Tensor):
        raise NotPlain(f"the result holds a {kind.__name__}; return a plain torch.Tensor")
    name = kind.__name__ if isinstance(kind.__name__, str) else "object"
    raise NotPlain(
        f"the result holds {_article(name[:60])}, where tensors, numbers, texts, lists and dicts may stand"
    )


def _plain_int(value: int) -> int:
    if value.bit_length() > MAX_BITS:
        raise NotPlain(f"the result holds an int of more than {MAX_BITS} bits")
    return value


def _plain_tensor(tensor: torch.Tensor) -> torch.Tensor:
    if tensor.layout is not torch.strided or tensor.device.type != "cpu" or tensor.is_quantized:
        raise NotPlain("the result holds a tensor that is not an ordinary dense one on the CPU")
    if tensor.is_complex():
        raise NotPlain("the result holds complex numbers")
    if tensor.numel() > MAX_ELEMENTS:
        raise NotPlain(f"the result holds a tensor of {tensor.numel():,} elements")
    return tensor.detach().clone(memory_format=torch.contiguous_format)


def _article(noun: str) -> str:
    return f"{'an' if noun[:1].lower() in 'aeiou' else 'a'} {noun}"


def close(got: torch.Tensor, want: torch.Tensor) -> torch.Tensor:
    """Where two tensors of one shape agree: bool, of that shape.

    Floats agree within `TOLERANCE` of the coarser dtype, relative to the largest finite magnitude wanted;
    infinities and NaN only with themselves. Everything else must be equal.
    """
    if not (got.is_floating_point() or want.is_floating_point()):
        return got == want
    kinds = [tensor.dtype for tensor in (got, want) if tensor.is_floating_point()]
    tolerance = max(TOLERANCE.get(kind, 1e-4) for kind in kinds)
    got, want = got.double(), want.double()
    finite = want[want.isfinite()].abs()
    scale = max(1.0, finite.max().item()) if finite.numel() else 1.0
    slack = 0.1 * tolerance * scale + tolerance * want.abs()
    near = want.isfinite() & ((got - want).abs() <= slack)
    return near | (got == want) | (got.isnan() & want.isnan())


def close_numbers(got: float, want: float) -> bool:
    """Whether two numbers agree; floats as float32 tensors do, since answers often compute in float32."""
    if isinstance(got, float) or isinstance(want, float):
        if math.isnan(got) or math.isnan(want):
            return math.isnan(got) and math.isnan(want)
        near = math.isfinite(want) and abs(got - want) <= TOLERANCE[torch.float32] * (0.1 + abs(want))
        return got == want or near
    return got == want


def alike(a: Any, b: Any) -> bool:
    """Whether two plain values are the same answer: lists and tuples alike, floats within the tolerance."""
    if isinstance(a, torch.Tensor) or isinstance(b, torch.Tensor):
        return (
            isinstance(a, torch.Tensor)
            and isinstance(b, torch.Tensor)
            and a.shape == b.shape
            and (a.dtype == b.dtype or (a.is_floating_point() and b.is_floating_point()))
            and bool(close(a, b).all())
        )
    if isinstance(a, (list, tuple)) and isinstance(b, (list, tuple)):
        return len(a) == len(b) and all(alike(x, y) for x, y in zip(a, b, strict=True))
    if isinstance(a, dict) and isinstance(b, dict):
        return a.keys() == b.keys() and all(alike(a[key], b[key]) for key in a)
    if isinstance(a, (int, float)) and isinstance(b, (int, float)):
        return isinstance(a, bool) == isinstance(b, bool) and close_numbers(a, b)
    return type(a) is type(b) and a == b


def short(value: Any, width: int = 160) -> str:
    """One line that shows a plain value to a person, shortened in the middle to about `width` characters."""
    text = _short(value)
    return text if len(text) <= width else text[: width - 25] + " ... " + text[-20:]


def _short(value: Any) -> str:
    if isinstance(value, torch.Tensor):
        if value.dim() == 0:
            return _short(value.item())
        if value.numel() <= 24:
            return _short(value.tolist())
        return f"{str(value.dtype).removeprefix('torch.')} tensor of shape {tuple(value.shape)}"
    if isinstance(value, float):
        return f"{value:.4g}"
    if isinstance(value, (list, tuple)):
        ends = "[]" if isinstance(value, list) else "()"
        items = [_short(item) for item in value[:60]]
        lone = "," if isinstance(value, tuple) and len(value) == 1 else ""
        return ends[0] + ", ".join(items) + lone + (", ..." if len(value) > 60 else "") + ends[1]
    if isinstance(value, dict):
        return "{" + ", ".join(f"{key!r}: {_short(item)}" for key, item in list(value.items())[:20]) + "}"
    if isinstance(value, (str, int, bool, torch.dtype)) or value is None:
        return repr(value)
    if isinstance(value, torch.nn.Module):
        return f"a {type(value).__name__}"
    return f"a {type(value).__name__}"
