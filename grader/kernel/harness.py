"""The student's side of a call: an answer, looked up by its name, is called and what it did is sent back.

Runs in the kernel, beside the student's code, which can change all of this: nothing here is a safeguard for
the grader, who reads what comes as data (see `wire`). Only arguments get here, never what is expected.
"""

from __future__ import annotations

from typing import Any

from grader.judge.calling import Outcome, Raised, perform

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
        TARGET, lambda comm, _: comm.on_msg(lambda message: _call(comm, message))
    )


def _call(comm: Any, message: dict[str, Any]) -> None:
    asked = message["content"]["data"]
    try:
        parts = wire.encode(_outcome(asked, bytes(message["buffers"][0])), asked["max_bytes"])
    except (wire.TooLarge, ValueError) as error:
        parts = wire.encode(Outcome(unusable=str(error)), asked["max_bytes"])
    except OSError as error:  # a disk that is full, or a folder that is gone
        parts = wire.encode(Outcome(unusable=f"the call could not be made ({error})"), asked["max_bytes"])
    comm.send({"number": asked["number"]}, buffers=list(parts))


def _outcome(asked: dict[str, Any], arguments: bytes) -> Outcome:
    from IPython import get_ipython

    name = asked["name"]
    names = get_ipython().user_ns
    if name not in names:
        return Outcome(raised=Raised("NameError", f"name {name!r} is not defined", "", ("NameError",)))
    if not callable(names[name]):
        return Outcome(unusable=f"{name} is no function")
    return perform(
        names[name],
        wire.decode_arguments(arguments),
        gradients=tuple(asked["gradients"]),
        changes=tuple(asked["changes"]),
        seconds=asked["seconds"],
    )
