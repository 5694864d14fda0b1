"""The student's side of calls: an answer, looked up by its name, is called and what it did is sent back.

Runs in the kernel, beside the student's code, which can change all of this: nothing here is a safeguard for
the grader, who reads what comes as data (see `wire`). Only arguments get here, never what is expected.
"""

from __future__ import annotations

import time
from typing import Any

from torch.nn import Module

from grader.judge.calling import Outcome, Raised, in_a_row, perform

from . import wire

TARGET = "headway.answer"


def install() -> None:
    """Take calls through comms of the name `TARGET`, in the IPython kernel of this process.

    A cell that says `exit()` does not end it: that would come a moment later, in the middle of another's call.
    """
    from comm import get_comm_manager
    from IPython import get_ipython

    get_ipython().ask_exit = lambda: None
    get_comm_manager().register_target(
        TARGET, lambda comm, _: comm.on_msg(lambda message: _calls(comm, message))
    )


def _calls(comm: Any, message: dict[str, Any]) -> None:
    """Make the calls of one message, as many as its limits allow, and at least one."""
    asked = message["content"]["data"]
    parts, size, end = [], 0, time.monotonic() + asked["patience"]
    with in_a_row():
        for wanted, arguments in zip(asked["calls"], message["buffers"], strict=True):
            made = _encoded(asked, *wanted, bytes(arguments))
            size += sum(map(len, made))
            if parts and size > asked["max_bytes"]:
                break
            parts += made
            if time.monotonic() > end:
                break
    comm.send({"number": asked["number"]}, buffers=parts)


def _encoded(
    asked: dict[str, Any], gradients: list[str], changes: list[str], arguments: bytes
) -> tuple[bytes, bytes]:
    """What a call did, as `wire` sends it."""
    try:
        return wire.encode(_outcome(asked, gradients, changes, arguments), asked["max_bytes"])
    except (wire.TooLarge, ValueError) as error:
        unusable = str(error)
    except OSError as error:  # a disk that is full, or a folder that is gone
        unusable = f"the call could not be made ({error})"
    return wire.encode(Outcome(unusable=unusable), asked["max_bytes"])


def _outcome(asked: dict[str, Any], gradients: list[str], changes: list[str], arguments: bytes) -> Outcome:
    from IPython import get_ipython

    name = asked["name"]
    names = get_ipython().user_ns
    if name not in names:
        return Outcome(raised=Raised("NameError", f"name {name!r} is not defined", "", ("NameError",)))
    if not callable(names[name]):
        return Outcome(unusable=f"{name} is no function")
    received = wire.decode_arguments(arguments)
    models = [argument for argument, value in received.items() if isinstance(value, Module)]
    again = wire.decode_arguments(arguments) if models else {}  # takes a fifth of the time that a copy does
    return perform(
        names[name],
        received,
        spare={argument: again[argument] for argument in models},
        gradients=tuple(gradients),
        changes=tuple(changes),
        seconds=asked["seconds"],
    )
