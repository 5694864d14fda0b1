"""From an answer to a verdict."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import torch

from .calling import Outcome
from .exercise import Answer, Call, Case, Exercise, Failed, Mistake, Must
from .expect import Mismatch
from .paper import Paper, here
from .values import alike, short
from .verdict import Finding, Requirement, Verdict

CONDUCT = "Leave the arguments as they are."


def judge(
    exercise: Exercise,
    function: Callable,
    *,
    seed: int = 0,
    rounds: int | None = None,
    hidden: Path | None = None,
) -> Verdict:
    """Hold an answer, called in this process, against `exercise`.

    The verdict depends on the answer, `seed` and `rounds` alone. `hidden` is the folder of hidden data that some
    exercises grade with. Raises only what a wrong exercise causes, never what an answer does.
    """
    return mark(Paper(exercise, seed, rounds, hidden), here(exercise, function))


def mark(paper: Paper, call: Call) -> Verdict:
    """Hold an answer against the cases of `paper`, as `judge` does. `call` is a way to call it, wherever it is."""
    exercise, answers = paper.exercise, paper.answers(call)
    unreached = _cannot_be_judged(exercise, answers)
    if unreached:
        rows = [Requirement(must.sentence, _points(exercise, must), None) for must in exercise.musts]
        return _verdict(paper, answers, rows, problem=unreached)
    rows = [_requirement(exercise, must, answers) for must in exercise.musts]
    rows += _conduct(exercise, answers)
    return _verdict(paper, answers, rows)


def _cannot_be_judged(exercise: Exercise, answers: list[Answer]) -> Finding | None:
    """Why no requirement can be looked at: nothing written yet, out of time, or no usable result anywhere."""
    if not _started(answers):
        return Finding(
            "Nothing is written here yet. Write your answer in the cell above, run it, then check again."
        )
    problem = None
    for answer in answers:
        if all(must.on is not None for must in exercise.musts_on(answer.case)) and len(exercise.musts) > 1:
            continue
        try:
            answer()
        except Failed as failed:
            problem = problem or Finding(failed.message, _input(answer.case))
            if failed.outcome.timed_out:
                return problem
        else:
            return None
    return problem


def _started(answers: list[Answer]) -> bool:
    raised = answers[0].outcome.raised
    return raised is None or raised.name != "NotImplementedError"


def _requirement(exercise: Exercise, must: Must, answers: list[Answer]) -> Requirement:
    for answer in answers:
        if must not in exercise.musts_on(answer.case):
            continue
        try:
            must.holds(answer.case, answer)
        except Mismatch as mismatch:
            finding = Finding(mismatch.message, _input(answer.case), mismatch.shown)
        except Failed as failed:
            finding = Finding(failed.message, _input(answer.case))
        else:
            continue
        return Requirement(must.sentence, _points(exercise, must), False, finding, must.look)
    return Requirement(must.sentence, _points(exercise, must), True)


def _conduct(exercise: Exercise, answers: list[Answer]) -> list[Requirement]:
    """The requirement that every exercise makes, shown only to those who break it; it costs a quarter."""
    for answer in answers:
        if names := answer.outcome.changed:
            advice = dict.fromkeys(_how_to_leave(answer.case.arguments[name]) for name in names)
            finding = Finding(
                f"{' and '.join(names)} changed during the call: {'; '.join(advice)}.", _input(answer.case)
            )
            return [Requirement(CONDUCT, -exercise.points / 4, False, finding)]
    return []


def _how_to_leave(argument: Any) -> str:
    if isinstance(argument, torch.nn.Module):
        return "leave its mode, weights and flags as you found them"
    if isinstance(argument, torch.Tensor):
        return "work on a copy, `.clone()`"
    return f"work on a copy (`{type(argument).__name__}(...)`; `copy.deepcopy` where you change what is inside, too)"


def _verdict(
    paper: Paper, answers: list[Answer], rows: list[Requirement], problem: Finding | None = None
) -> Verdict:
    exercise = paper.exercise
    right = all(row.holds for row in rows)
    earned = sum(row.points for row in rows if row.holds or row.points < 0)
    if exercise.all_or_nothing and not right:
        earned = 0.0
    mistake = None if right or not _started(answers) else recognise(paper, answers)
    look = (
        ""
        if right
        else next(filter(None, [mistake and mistake.look, *(row.look for row in rows)]), exercise.read)
    )
    called = [answer.outcome for answer in answers if answer._outcome is not None]
    return Verdict(
        exercise=exercise.name,
        asked=exercise.summary,
        points=exercise.points if right else round(max(0.0, earned), 2),
        out_of=exercise.points,
        requirements=tuple(rows),
        problem=problem,
        misconception=mistake.sentence if mistake else "",
        mistake=mistake.name if mistake else "",
        look=look,
        hints=len(exercise.hints),
        warned=tuple(dict.fromkeys(text for outcome in called for text in outcome.warned))[:5],
        printed=next((outcome.printed for outcome in called if outcome.printed.strip()), "")[:500],
    )


def recognise(paper: Paper, answers: list[Answer]) -> Mistake | None:
    """The listed mistake that behaves as the answer does on every case. Where none does, the first that does so on
    every ordinary case, if it is wrong on these: whoever shares a misconception may have met the cases `apart`,
    which are about edges, otherwise."""
    exercise = paper.exercise
    apart, ordinary = [], []
    for number, answer in enumerate(answers):
        (apart if exercise.is_apart(answer.case) else ordinary).append(number)

    def is_wrong(mistake: Mistake) -> bool:
        outcomes = ((answers[number].case, paper.mistaken(mistake, number)) for number in ordinary)
        return any(_wrong_as_given(exercise, case, outcome) for case, outcome in outcomes)

    near = None
    for mistake in exercise.mistakes:

        def as_the_mistake(number: int, mistake: Mistake = mistake) -> bool:
            answer, theirs = answers[number], paper.mistaken(mistake, number)
            return _behave_alike(answer.outcome, theirs) and _fits(answer) == _fits(answer, theirs)

        if all(map(as_the_mistake, ordinary)):
            if all(map(as_the_mistake, apart)):
                return mistake
            near = near or (mistake if is_wrong(mistake) else None)
    return near


def _fits(answer: Answer, outcome: Outcome | None = None) -> bool:
    """Whether the result, or that of `outcome`, has the form that is asked for: 3.0 is like 3, but no int."""
    try:
        answer._result(outcome or answer.outcome, {})
    except Failed:
        return False
    return True


class _AsksFurther(Exception):
    """A requirement wants more than the result on the case itself."""


def _wrong_as_given(exercise: Exercise, case: Case, outcome: Outcome) -> bool:
    """Whether this outcome of a call on the case itself breaks a requirement; nothing is called again."""

    def call(*_: Any) -> Outcome:
        raise _AsksFurther

    given = Answer(exercise, case, call)
    given._outcome = outcome
    for must in exercise.musts_on(case):
        try:
            must.holds(case, given)
        except (Mismatch, Failed):
            return True
        except _AsksFurther:
            continue
    return False


def _behave_alike(a: Outcome, b: Outcome) -> bool:
    if a.raised or b.raised:
        return bool(a.raised and b.raised and a.raised.name == b.raised.name)
    return (
        (a.timed_out, a.unusable, a.changed) == (b.timed_out, b.unusable, b.changed)
        and alike(a.value, b.value)
        and all(_state_alike(a.after[name], b.after[name]) for name in a.after)
    )


def _state_alike(a: Any, b: Any) -> bool:
    if not isinstance(a, torch.nn.Module):
        return alike(a, b)
    return (
        [module.training for module in a.modules()] == [module.training for module in b.modules()]
        and [p.requires_grad for p in a.parameters()] == [p.requires_grad for p in b.parameters()]
        and alike(dict(a.state_dict()), dict(b.state_dict()))
    )


def _points(exercise: Exercise, must: Must) -> float:
    return exercise.points * must.weight / sum(other.weight for other in exercise.musts)


def _input(case: Case) -> dict[str, str]:
    """The case in short: its description, and the arguments that can be shown whole."""
    if not case.arguments:
        return {}
    shown = {name: short(value, 90) for name, value in case.arguments.items()}
    return {"case": str(case)} | {name: text for name, text in shown.items() if "tensor of shape" not in text}
