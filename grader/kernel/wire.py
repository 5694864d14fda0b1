"""What crosses between the grader and a student's process.

To the student's process go arguments, pickled: it may trust the grader. What comes back is only data: JSON for
the structure and safetensors for the tensors, read with bounds on bytes, items and depth, held against what was
asked, and never unpickled or evaluated. The student's code runs in the process that writes it, so the reader
takes nothing for granted: what does not fit raises `BadReply`.
"""

from __future__ import annotations

import copy
import copyreg
import io
import json
import math
import pickle
from collections import ChainMap
from dataclasses import dataclass
from typing import Any

import torch
from safetensors.torch import load as load_tensors
from safetensors.torch import save as save_tensors

from grader.judge.calling import Outcome, Raised
from grader.judge.values import MAX_BITS, MAX_DEPTH, MAX_ELEMENTS, MAX_ITEMS, MAX_TEXT

DTYPES = {
    name: getattr(torch, name)
    for name in [
        "bool",
        "uint8",
        "int8",
        "int16",
        "int32",
        "int64",
        "float16",
        "bfloat16",
        "float32",
        "float64",
    ]
}
MAX_AXES = 25  # as many as torch's own element-wise functions take
NON_FINITE = {"nan": math.nan, "inf": math.inf, "-inf": -math.inf}


class TooLarge(Exception):
    """An outcome cannot be sent; the message says why, to a student."""


class BadReply(Exception):
    """What a student's process sent is not an outcome of what it was asked."""


# ------------------------------------------------------------------------------------- to the student's process


def _reduce(tensor: torch.Tensor) -> tuple:
    """How a tensor is pickled: with only what it shows, since a slice's storage may hold what the answer must not see.
    Equal ones become equal bytes, which torch's own way does not give: there, addresses in memory are among them."""
    if tensor.layout is not torch.strided:
        return tensor.__reduce_ex__(pickle.HIGHEST_PROTOCOL)
    own = tensor.detach().clone()  # its axes stay in the order in which they lie in memory
    data = torch.empty(0, dtype=torch.uint8).set_(own.untyped_storage()).numpy().tobytes()
    return _tensor, (type(tensor), data, tensor.dtype, tuple(own.shape), own.stride(), tensor.requires_grad)


def _tensor(
    kind: type,
    data: bytes,
    dtype: torch.dtype,
    shape: tuple[int, ...],
    stride: tuple[int, ...],
    requires_grad: bool,
) -> torch.Tensor:
    flat = torch.frombuffer(bytearray(data), dtype=dtype) if data else torch.empty(0, dtype=dtype)
    tensor = flat.as_strided(shape, stride)
    if kind is torch.nn.Parameter:
        return kind(tensor, requires_grad)
    return tensor.requires_grad_(requires_grad)


REDUCERS = ChainMap({torch.Tensor: _reduce, torch.nn.Parameter: _reduce}, copyreg.dispatch_table)


def encode_arguments(arguments: dict[str, Any]) -> bytes:
    """Equal arguments become equal bytes."""
    buffer = io.BytesIO()
    pickler = pickle.Pickler(buffer, pickle.HIGHEST_PROTOCOL)
    pickler.dispatch_table = REDUCERS
    pickler.dump(arguments)
    return buffer.getvalue()


def decode_arguments(data: bytes) -> dict[str, Any]:
    """Only for the student's side: what the grader sent may be trusted."""
    return pickle.loads(data)


# ------------------------------------------------------------------------------------- from the student's process


def encode(outcome: Outcome, max_bytes: int) -> tuple[bytes, bytes]:
    """An outcome as JSON and safetensors. Raises `TooLarge` where they have more than `max_bytes` together."""
    tensors: dict[str, torch.Tensor] = {}
    raised = outcome.raised
    fields = {
        "value": _encode(outcome.value, tensors),
        "raised": raised and [raised.name, raised.message, raised.line, list(raised.bases)],
        "unusable": outcome.unusable,
        "timed_out": outcome.timed_out,
        "changed": list(outcome.changed),
        "after": {name: _encode(value, tensors) for name, value in outcome.after.items()},
        "gradients": {name: _encode(value, tensors) for name, value in outcome.gradients.items()},
        "printed": outcome.printed,
        "warned": list(outcome.warned),
    }
    size = sum(tensor.numel() * tensor.element_size() for tensor in tensors.values())
    if size > max_bytes:
        raise TooLarge(
            f"the result has {size / 1e6:.0f} MB, more than the {max_bytes / 1e6:.0f} that may come back"
        )
    text = json.dumps(fields, ensure_ascii=True, allow_nan=False).encode("ascii")
    data = save_tensors(tensors) if tensors else b""
    if len(text) + len(data) > max_bytes:
        raise TooLarge(f"the result is larger than the {max_bytes / 1e6:.0f} MB that may come back")
    return text, data


def _encode(value: Any, tensors: dict[str, torch.Tensor]) -> Any:
    kind = type(value)
    if value is None or kind in (bool, int, str):
        return value
    if kind is float:
        return value if math.isfinite(value) else {"float": str(value)}
    if kind is list or kind is tuple:
        return {kind.__name__: [_encode(item, tensors) for item in value]}
    if isinstance(value, dict):
        return {"dict": [[key, _encode(item, tensors)] for key, item in value.items()]}
    if kind is torch.dtype:
        return {"dtype": str(value).removeprefix("torch.")}
    if isinstance(value, torch.nn.Module):
        return {
            "model": [
                [[name, module.training] for name, module in value.named_modules()],
                [[name, parameter.requires_grad] for name, parameter in value.named_parameters()],
                [[name, _encode(tensor, tensors)] for name, tensor in value.state_dict().items()],
            ]
        }
    if isinstance(value, torch.Tensor):
        if value.dtype not in DTYPES.values():
            raise TooLarge(
                f"the result holds a tensor of {value.dtype}, which is not among {', '.join(DTYPES)}"
            )
        name = str(len(tensors))
        tensors[name] = value.detach().clone(memory_format=torch.contiguous_format)
        return {"tensor": name}
    raise TooLarge(f"the result holds a {kind.__name__[:60]}")


def decode(
    text: bytes,
    data: bytes,
    max_bytes: int,
    arguments: dict[str, Any],
    gradients: tuple[str, ...] = (),
    changes: tuple[str, ...] = (),
) -> Outcome:
    """The outcome of a call with `arguments` that asked for `gradients` and `changes`.

    Values are those of `judge.values.plain`; a changed model is a copy of the argument with the state sent.
    Raises `BadReply` for anything else.
    """
    if len(text) + len(data) > max_bytes:
        raise BadReply("too many bytes")
    try:
        fields = json.loads(text.decode("ascii"), parse_constant=_refuse)
        tensors = _tensors(data) if data else {}
        return _outcome(fields, tensors, arguments, gradients, changes)
    except BadReply:
        raise
    except Exception as error:  # of parsers fed with anything whatever
        raise BadReply(f"{type(error).__name__}: {str(error)[:200]}") from None


def _refuse(constant: str) -> Any:
    raise BadReply(f"{constant} in JSON")


def _tensors(data: bytes) -> dict[str, torch.Tensor]:
    found = load_tensors(data)
    if len(found) > MAX_ITEMS:
        raise BadReply("too many tensors")
    for name, tensor in found.items():
        _need(tensor.dtype in DTYPES.values() and tensor.dim() <= MAX_AXES, "a tensor of another kind")
        _need(
            max(tensor.shape, default=0) <= MAX_ELEMENTS and tensor.numel() <= MAX_ELEMENTS,
            "a tensor too large",
        )
        if tensor.dtype is torch.bool:  # whose bytes may be any
            found[name] = tensor.view(torch.uint8) != 0
    return found


def _outcome(
    fields: Any,
    tensors: dict[str, torch.Tensor],
    arguments: dict[str, Any],
    gradients: tuple[str, ...],
    changes: tuple[str, ...],
) -> Outcome:
    wanted = (
        "value",
        "raised",
        "unusable",
        "timed_out",
        "changed",
        "after",
        "gradients",
        "printed",
        "warned",
    )
    _need(isinstance(fields, dict) and sorted(fields) == sorted(wanted), "other fields")
    reader = _Reader(tensors, [MAX_ITEMS])
    ended = [fields["raised"] is not None, fields["unusable"] != "", fields["timed_out"] is not False]
    _need(sum(ended) <= 1 and (fields["value"] is None or not any(ended)), "more than one end")
    _need(type(fields["timed_out"]) is bool, "timed_out")
    changed, after, slopes = fields["changed"], fields["after"], fields["gradients"]
    _need(isinstance(changed, list) and all(isinstance(name, str) for name in changed), "changed")
    _need(set(changed) <= set(arguments) - set(changes) and len(set(changed)) == len(changed), "changed")
    _need(isinstance(after, dict) and (set(after) == set(changes) or (any(ended) and not after)), "after")
    _need(isinstance(slopes, dict), "gradients")
    _need(set(slopes) == (set() if any(ended) else set(gradients)), "gradients")
    warned = fields["warned"]
    _need(isinstance(warned, list) and len(warned) <= 20, "warned")
    return Outcome(
        value=reader.value(fields["value"]),
        raised=None if fields["raised"] is None else _raised(fields["raised"]),
        unusable=_text(fields["unusable"], 400),
        timed_out=fields["timed_out"],
        changed=tuple(name for name in arguments if name in changed),
        after={name: reader.like(after[name], arguments[name]) for name in changes if name in after},
        gradients={
            name: reader.gradient(slopes[name], arguments[name]) for name in gradients if name in slopes
        },
        printed=_text(fields["printed"], 2000),
        warned=tuple(_text(line, 400) for line in warned),
    )


def _raised(fields: Any) -> Raised:
    _need(isinstance(fields, list) and len(fields) == 4, "raised")
    name, message, line, bases = fields
    _need(isinstance(bases, list) and len(bases) <= 100, "raised")
    return Raised(
        _text(name, 80), _text(message, 400), _text(line, 120), tuple(_text(base, 200) for base in bases)
    )


def _text(value: Any, longest: int) -> str:
    _need(type(value) is str, "no text")
    return _writable(value[:longest])


def _writable(text: str) -> str:
    """Without lone surrogates, which no file can be written with."""
    return text.encode("utf-8", "replace").decode("utf-8")


def _need(condition: bool, what: str) -> None:
    if not condition:
        raise BadReply(what)


@dataclass
class _Reader:
    """Reads values, each tensor once, until `budget` items are spent."""

    tensors: dict[str, torch.Tensor]
    budget: list[int]

    def value(self, node: Any, depth: int = MAX_DEPTH) -> Any:
        self.budget[0] -= 1
        _need(self.budget[0] >= 0, "too many items")
        if node is None or type(node) is bool or type(node) is float:
            return node
        if type(node) is int:
            _need(node.bit_length() <= MAX_BITS, "an int too large")
            return node
        if type(node) is str:
            _need(len(node) <= MAX_TEXT, "a text too long")
            return _writable(node)
        _need(type(node) is dict and len(node) == 1, "a value of another kind")
        ((kind, inner),) = node.items()
        if kind == "tensor":
            return self.tensor(inner)
        if kind == "dtype":
            return DTYPES[inner]
        if kind == "float":
            return NON_FINITE[inner]
        _need(depth > 0 and isinstance(inner, list), "nested too deeply")
        if kind == "list" or kind == "tuple":
            items = [self.value(item, depth - 1) for item in inner]
            return items if kind == "list" else tuple(items)
        _need(kind == "dict", "a value of another kind")
        found = {}
        for key, item in inner:
            _need(
                type(key) is str or (type(key) is int and key.bit_length() <= MAX_BITS),
                "a key of another kind",
            )
            found[_writable(key) if type(key) is str else key] = self.value(item, depth - 1)
        return found

    def tensor(self, name: Any) -> torch.Tensor:
        _need(isinstance(name, str) and name in self.tensors, "a tensor that was not sent")
        return self.tensors.pop(name)

    def gradient(self, node: Any, argument: torch.Tensor) -> torch.Tensor | None:
        found = self.value(node)
        fits = found is None or (
            isinstance(found, torch.Tensor) and (found.shape, found.dtype) == (argument.shape, argument.dtype)
        )
        _need(fits, "a gradient of another form")
        return found

    def like(self, node: Any, argument: Any) -> Any:
        """The argument as it is after the call: of the argument's own type."""
        if not isinstance(argument, torch.nn.Module):
            found = self.value(node)
            _need(type(found) is type(argument), "an argument turned into something else")
            return found
        _need(type(node) is dict and list(node) == ["model"], "an argument turned into something else")
        training, trainable, state = (dict(pairs) for pairs in node["model"])
        model = copy.deepcopy(argument)
        modules, parameters = dict(model.named_modules()), dict(model.named_parameters())
        _need(
            training.keys() == modules.keys() and trainable.keys() == parameters.keys(),
            "a model with other parts",
        )
        flags = [*training.values(), *trainable.values()]
        _need(all(type(flag) is bool for flag in flags), "a flag of another kind")
        model.load_state_dict({name: self.value(tensor) for name, tensor in state.items()}, strict=True)
        for name, module in modules.items():
            module.training = training[name]
        for name, parameter in parameters.items():
            parameter.requires_grad_(trainable[name])
        return model
