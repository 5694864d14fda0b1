"""The cases of an exercise, drawn once for all whose answers are held against them."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

from .calling import Outcome, perform
from .exercise import Answer, Call, Exercise, Mistake


class Paper:
    """The cases of `exercise` under `seed`, each drawn `rounds` times (as often as in practice, if None), some from
    the folder `hidden` of hidden data. What the listed mistakes do with them is found out when it is first asked."""

    def __init__(
        self, exercise: Exercise, seed: int = 0, rounds: int | None = None, hidden: Path | None = None
    ):
        self.exercise = exercise
        self.cases = list(exercise.cases(seed, rounds, hidden))
        self._mistaken: dict[tuple[str, int], Outcome] = {}

    def answers(self, call: Call) -> list[Answer]:
        """An answer on each of the cases, none of them called yet."""
        return [Answer(self.exercise, case, call) for case in self.cases]

    def mistaken(self, mistake: Mistake, number: int) -> Outcome:
        """What a listed mistake does on the case of this number."""
        key = mistake.name, number
        if key not in self._mistaken:
            call = here(self.exercise, mistake.function)
            self._mistaken[key] = Answer(self.exercise, self.cases[number], call).outcome
        return self._mistaken[key]


def here(exercise: Exercise, function: Callable) -> Call:
    """The call of `function` in this process."""

    def call(arguments: dict[str, Any], gradients: tuple[str, ...], changes: tuple[str, ...]) -> Outcome:
        return perform(function, arguments, gradients=gradients, changes=changes, seconds=exercise.seconds)

    return call
