"""One exercise under examination: what it accepts, what it catches, what it says, and how long that takes."""

from __future__ import annotations

import dataclasses
import random
import statistics
import time
from collections.abc import Callable
from dataclasses import dataclass, field

from answers import Written, variants, written_answers

from examine.equivalent import equivalent
from examine.hostile import ATTACKS, honest
from examine.mutants import Mutant, mutants
from grader.exercises import exercises
from grader.judge import Exercise, judge
from grader.lab.checkpoints import quiet_loading

SECONDS = 3.0  # for one call of a mutant, which may never end
FURTHER = {"seed": 1, "rounds": 8}  # for what keeps its points in practice: as a grader would look


@dataclass
class Record:
    """What was found out about one exercise; in milliseconds the `times` that right answers take to judge, and those
    of the known mistakes, which are also recognised (`times_wrong`)."""

    exercise: str
    mistakes: int = 0
    misnamed: list[str] = field(default_factory=list)
    accepted: int = 0
    rejected: list[str] = field(default_factory=list)
    mutants: int = 0
    killed: int = 0
    explained: list[str] = field(default_factory=list)
    survivors: list[str] = field(default_factory=list)
    stale: list[str] = field(default_factory=list)
    attacks: int = 0
    successful: list[str] = field(default_factory=list)
    times: list[float] = field(default_factory=list)
    times_wrong: list[float] = field(default_factory=list)

    @property
    def open(self) -> list[str]:
        """What is not as it should be, a line each."""
        return [
            f"{self.exercise}: {what}: {line}"
            for what, lines in (
                ("misconception not named", self.misnamed),
                ("right answer rejected", self.rejected),
                ("mutant keeps its points", self.survivors),
                ("listed as equivalent, but no such survivor", self.stale),
                ("bad faith", self.successful),
            )
            for line in lines
        ]

    @property
    def median(self) -> float:
        return statistics.median(self.times)


def examine(lesson: str, name: str, seeds: int = 200, part: float = 1.0) -> Record:
    """Examine one written exercise: right answers over so many `seeds`, and that `part` of its mutants and of
    the attacks, chosen by chance but always the same. Only with all mutants can one see that an explained one is gone.
    Times are of the processor, since the machine may have other work."""
    quiet_loading()
    exercise, record = exercises(lesson)[name], Record(name)
    written = written_answers(lesson)
    right = {"reference": written.functions[name]}
    right |= {variant.__name__: variant for variant in variants(lesson).get(name, [])}
    # Imports and caches are not what a student waits for: the lesson has used them long before.
    for answer in (right["reference"], *(mistake.function for mistake in exercise.mistakes[:1])):
        judge(exercise, answer)
    for label, function in right.items():
        if lost := _loses(exercise, function, seeds, record.times if label == "reference" else None):
            record.rejected.append(f"{label}, {lost}")
        else:
            record.accepted += 1
    for mistake in exercise.mistakes:
        begun = time.process_time()
        said = judge(exercise, mistake.function)
        record.times_wrong.append(1000 * (time.process_time() - begun))
        record.mistakes += 1
        if said.right or said.mistake != mistake.name:
            record.misnamed.append(
                f"{mistake.name} is {'right' if said.right else said.mistake or 'nothing'}"
            )
    _mutants(exercise, written, record, part)
    bad_faith(exercise, right["reference"], record, part)
    return record


def _loses(exercise: Exercise, function: Callable, seeds: int, times: list[float] | None) -> str:
    for seed in range(seeds):
        begun = time.process_time()
        verdict = judge(exercise, function, seed=seed)
        if times is not None:
            times.append(1000 * (time.process_time() - begun))
        if not verdict.right:
            return f"seed {seed}: {verdict}"
    return ""


def _mutants(exercise: Exercise, written: Written, record: Record, part: float) -> None:
    made = _part(list(mutants(written.cells[exercise.name], exercise.name)), part, exercise.name)
    quick = dataclasses.replace(exercise, seconds=min(SECONDS, exercise.seconds), mistakes=[])
    known, seen = equivalent(exercise.name), set()
    for mutant in made:
        record.mutants += 1
        if not survives(quick, mutant, written.names):
            record.killed += 1
        elif mutant.name in known:
            record.explained.append(f"{mutant.name}: {known[mutant.name]}")
            seen.add(mutant.name)
        else:
            record.survivors.append(mutant.name)
    if part == 1:
        record.stale += sorted(set(known) - seen)


def _part(whole: list, part: float, seed: str) -> list:
    if part in (0, 1):
        return whole if part else []
    return random.Random(seed).sample(whole, max(1, round(part * len(whole))))


def survives(exercise: Exercise, mutant: Mutant, names: dict) -> bool:
    """Whether the mutant keeps all points, in practice and when graded."""
    names = dict(names)
    try:
        exec(compile(mutant.source, "<mutant>", "exec"), names)
    except Exception:
        return False  # a student would not get as far as the check
    function = names[exercise.name]
    return judge(exercise, function).right and judge(exercise, function, **FURTHER).right


def bad_faith(exercise: Exercise, reference: Callable, record: Record, part: float = 1.0) -> None:
    """Put every attack (or that `part` of them) to the exercise, and after each a right answer."""
    quick = dataclasses.replace(exercise, seconds=0.3, mistakes=[])
    slow = dataclasses.replace(exercise, mistakes=[])
    for attack in _part(ATTACKS, part, exercise.name):
        record.attacks += 1
        verdict = judge(quick, attack(exercise, reference))
        if verdict.points > honest(attack, exercise) or (verdict.right and not honest(attack, exercise)):
            record.successful.append(f"{attack.__name__} earns {verdict.points} points")
        if not str(verdict).strip():
            record.successful.append(f"{attack.__name__} gets no word")
        after = judge(slow, reference)
        if not after.right:
            record.successful.append(f"after {attack.__name__} a right answer is judged: {after}")
