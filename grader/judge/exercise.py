"""An exercise: what a right answer does, what wrong ones are known to do, and how to tell them apart."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from .calling import SECONDS, Outcome
from .draw import Draw, seed_of
from .expect import Mismatch
from .spec import Dims, Spec, WrongForm, fit_result
from .values import short

Call = Callable[[dict[str, Any], tuple[str, ...], tuple[str, ...]], Outcome]
"""A way to call an answer: from (arguments, gradients wanted, arguments it changes) to what happened."""


class Case:
    """Probe inputs: the arguments of one call, by name and in order, each also an attribute.

    `where` names sizes that no argument has as an axis, for the shapes of results; `knows` adds facts that
    requirements need and the answer does not get, such as the true labels.
    """

    def __init__(self, **arguments: Any):
        self.arguments = arguments
        self.facts: dict[str, Any] = {}
        self.dims: Dims = {}
        self.name = self.description = ""

    def where(self, **dims: int) -> Case:
        self.dims.update(dims)
        return self

    def knows(self, **facts: Any) -> Case:
        self.facts.update(facts)
        return self

    def __getattr__(self, name: str) -> Any:
        for values in (self.__dict__.get("arguments", {}), self.__dict__.get("facts", {})):
            if name in values:
                return values[name]
        raise AttributeError(f"this case has no argument or fact {name!r}")

    def __str__(self) -> str:
        sizes = ", ".join(f"{axis} = {size}" for axis, size in self.dims.items() if axis != "...")
        return f"{self.description} ({sizes})" if sizes else self.description


@dataclass(frozen=True)
class CaseMaker:
    make: Callable[[Draw], Case]
    apart: bool
    """Only for requirements that name it."""

    @property
    def name(self) -> str:
        return self.make.__name__

    @property
    def description(self) -> str:
        return (inspect.getdoc(self.make) or self.name.replace("_", " ")).splitlines()[0].rstrip(".")


@dataclass(frozen=True)
class Must:
    """One requirement: a sentence that a student can act on, and the function that raises `Mismatch`."""

    sentence: str
    holds: Callable[[Case, Answer], None]
    weight: float
    on: tuple[str, ...] | None
    look: str


@dataclass(frozen=True)
class Mistake:
    """A misconception: what is wrong and what it leads to, and the wrong answer itself."""

    sentence: str
    function: Callable
    look: str

    @property
    def name(self) -> str:
        return self.function.__name__


@dataclass
class Exercise:
    """An exercise by the name of the function that a student writes.

    `takes` and `returns` are lines as `spec.Spec.parse` reads them; `summary` says in one sentence what is
    asked; `read` names the part of the lesson to look at again. `points` are shared among the requirements
    by their weights, or with `all_or_nothing` given only when all hold; 0 marks an exercise for the quick.
    `changes` names arguments that the answer changes on purpose. `seconds` limits one call; `rounds` is how
    often each case is drawn in practice. `trained` marks an answer that rests on a model which the lesson
    trains, and so exists only in the running notebook.
    """

    name: str
    points: float
    takes: tuple[str, ...]
    returns: tuple[str, ...]
    summary: str
    read: str = ""
    changes: tuple[str, ...] = ()
    seconds: float = SECONDS
    rounds: int = 2
    all_or_nothing: bool = False
    trained: bool = False
    case_makers: list[CaseMaker] = field(default_factory=list, repr=False)
    musts: list[Must] = field(default_factory=list, repr=False)
    mistakes: list[Mistake] = field(default_factory=list, repr=False)
    hints: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        self.argument_specs = tuple(map(Spec.parse, self.takes))
        self.result_specs = tuple(map(Spec.parse, self.returns))

    def case(self, make: Callable[[Draw], Case] | None = None, *, apart: bool = False) -> Callable:
        """Decorate a function from a `Draw` to a `Case`; the first line of its docstring describes it.

        `apart`: the case is only for requirements that name it in `on`.
        """

        def add(make: Callable[[Draw], Case]) -> Callable[[Draw], Case]:
            self.case_makers.append(CaseMaker(make, apart))
            return make

        return add if make is None else add(make)

    def must(
        self, sentence: str, *, weight: float = 1.0, on: tuple[Callable, ...] = (), look: str = ""
    ) -> Callable:
        """Decorate a requirement `(case, answer) -> None` that raises `Mismatch` where it does not hold.

        `on` are the cases it is about; all that are not `apart`, if none are given.
        """

        def add(holds: Callable[[Case, Answer], None]) -> Callable[[Case, Answer], None]:
            self.musts.append(
                Must(sentence, holds, weight, tuple(make.__name__ for make in on) or None, look)
            )
            return holds

        return add

    def mistake(self, sentence: str, *, look: str = "") -> Callable:
        """Decorate a wrong answer that shows the misconception which `sentence` tells."""

        def add(function: Callable) -> Callable:
            self.mistakes.append(Mistake(sentence, function, look))
            return function

        return add

    def cases(self, seed: int, rounds: int | None = None, hidden: Path | None = None) -> Iterator[Case]:
        """Each case drawn `rounds` times under `seed`: the same cases for the same seed, everywhere."""
        for maker in self.case_makers:
            for number in range(rounds or self.rounds):
                case = maker.make(Draw(seed_of(seed, self.name, maker.name, number), hidden))
                case.name, case.description = maker.name, maker.description
                for spec in self.argument_specs:
                    spec.bind(case.arguments.get(spec.name), case.dims)
                yield case

    def musts_on(self, case: Case) -> list[Must]:
        """The requirements that are about this case."""
        apart = self.is_apart(case)
        return [must for must in self.musts if (not apart if must.on is None else case.name in must.on)]

    def is_apart(self, case: Case) -> bool:
        """Whether this case is only for requirements that name it."""
        return next(maker.apart for maker in self.case_makers if maker.name == case.name)

    @property
    def signature(self) -> str:
        return f"{self.name}({', '.join(spec.name for spec in self.argument_specs)})"


class Failed(Exception):
    """The answer gave no result that could be looked at: it raised, ran out of time or has a wrong form."""

    def __init__(self, message: str, outcome: Outcome):
        super().__init__(message)
        self.message = message
        self.outcome = outcome


class Answer:
    """A student's answer on one case, as requirements see it.

    `answer()` is the result on the case itself, `answer(k=3)` on the case with some arguments replaced. A
    result has the form that the exercise names, or `Failed` is raised.
    """

    def __init__(self, exercise: Exercise, case: Case, call: Call):
        self.exercise, self.case, self.call = exercise, case, call
        self._outcome: Outcome | None = None

    @property
    def outcome(self) -> Outcome:
        """What the call on the case itself did; made once."""
        if self._outcome is None:
            self._outcome = self._call({}, ())
        return self._outcome

    def __call__(self, **replaced: Any) -> Any:
        outcome = self._call(replaced, ()) if replaced else self.outcome
        return self._result(outcome, replaced)

    def gradients(self, *names: str, **replaced: Any) -> dict[str, Any]:
        """The gradient of the weighted sum of the float results (see `calling.perform`) for each of the named
        arguments; None where no gradient reaches it."""
        outcome = self._call(replaced, names)
        self._result(outcome, replaced)
        return outcome.gradients

    def after(self, name: str, **replaced: Any) -> Any:
        """The argument `name`, which the exercise changes, as it is after the call."""
        outcome = self._call(replaced, ()) if replaced else self.outcome
        self._result(outcome, replaced)
        return outcome.after[name]

    def raises(self, error: type[Exception], **replaced: Any) -> None:
        """Hold the answer to raising `error` (or a subclass) with a message; `Mismatch` where it does not."""
        outcome = self._call(replaced, ()) if replaced else self.outcome
        shown = {name: short(value) for name, value in replaced.items()}
        if outcome.raised is None:
            if outcome.timed_out or outcome.unusable:
                self._result(outcome, replaced)
            raise Mismatch(f"expected a {error.__name__}, got {short(outcome.value)}", shown)
        if error.__name__ not in outcome.raised.bases:
            raise Mismatch(f"expected a {error.__name__}, got {outcome.raised}", shown)

    def _call(self, replaced: dict[str, Any], gradients: tuple[str, ...]) -> Outcome:
        return self.call({**self.case.arguments, **replaced}, gradients, self.exercise.changes)

    def _result(self, outcome: Outcome, replaced: dict[str, Any]) -> Any:
        if outcome.timed_out:
            raise Failed(
                f"no result after {self.exercise.seconds:g} seconds: is there a loop that never ends?",
                outcome,
            )
        if outcome.raised is not None:
            raise Failed(f"it raised {outcome.raised}", outcome)
        if outcome.unusable:
            raise Failed(outcome.unusable, outcome)
        dims = self.case.dims
        if replaced:
            dims = {}
            for spec in self.exercise.argument_specs:
                spec.bind({**self.case.arguments, **replaced}.get(spec.name), dims)
            dims = {**self.case.dims, **dims}
        try:
            return fit_result(outcome.value, self.exercise.result_specs, dims)
        except WrongForm as error:
            raise Failed(str(error), outcome) from None
