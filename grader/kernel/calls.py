"""The calls of one answer, those that can be foreseen made together: a message to the kernel and its reply take more
time than most answers do."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from grader.judge.calling import Outcome

from . import wire
from .limits import MB

if TYPE_CHECKING:
    from .session import Session

TOGETHER = 4 * MB
"""How many bytes of arguments go in one message, where there is more than one call in it."""


@dataclass(frozen=True)
class Asked:
    """A call as it is sent to the kernel: arguments encoded by `wire`, and what else is wanted of it."""

    arguments: bytes
    gradients: tuple[str, ...] = ()
    changes: tuple[str, ...] = ()


class Calls:
    """An `exercise.Call` of the function that a session's kernel knows by `name`, each for at most `seconds`.

    Once the answer has returned something, the calls `foreseen` are made with the next of them that is asked for, and
    what came of each is kept until it is. Where they cannot be made together, because the kernel dies or hangs on the
    way, `revive` is called to bring it back, and from then on calls are made one by one: an outcome is
    the same as if nothing had been foreseen. `asked` are the calls that were asked for, in order.
    """

    def __init__(
        self,
        session: Session,
        name: str,
        seconds: float,
        foreseen: Iterable[Asked] = (),
        revive: Callable[[], object] = lambda: None,
    ):
        self.session, self.name, self.seconds, self.revive = session, name, seconds, revive
        self.asked: list[Asked] = []
        self._foreseen = list(foreseen)
        self._made: dict[Asked, deque[tuple[bytes, bytes]]] = {}
        self._returned = False

    def __call__(
        self, arguments: dict[str, Any], gradients: tuple[str, ...], changes: tuple[str, ...]
    ) -> Outcome:
        asked = Asked(wire.encode_arguments(arguments), gradients, changes)
        self.asked.append(asked)
        parts = self._parts(asked)
        if isinstance(parts, Outcome):
            return parts
        try:
            outcome = wire.decode(*parts, self.session.limits.result, arguments, gradients, changes)
        except wire.BadReply as error:
            return Outcome(unusable=f"the call gave back what cannot be read ({error})")
        self._returned |= not (outcome.raised or outcome.timed_out or outcome.unusable)
        return outcome

    def _parts(self, asked: Asked) -> tuple[bytes, bytes] | Outcome:
        if self._made.get(asked):
            return self._made[asked].popleft()
        together = self._together(asked)
        replies = self.session.exchange(self.name, self.seconds, together)
        if isinstance(replies, Outcome):
            if len(together) == 1:
                return replies
            self._foreseen = []
            self.revive()
            return self._parts(asked)
        for one, parts in zip(together, replies, strict=False):
            self._made.setdefault(one, deque()).append(parts)
            if one in self._foreseen:
                self._foreseen.remove(one)
        return self._made[asked].popleft()

    def _together(self, asked: Asked) -> list[Asked]:
        """This call and, if it is the time for them, others that were foreseen."""
        together, size = [asked], len(asked.arguments)
        if self._returned and asked in self._foreseen:
            others = self._foreseen.copy()
            others.remove(asked)
            for other in others:
                size += len(other.arguments)
                if size > TOGETHER:
                    break
                together.append(other)
        return together
