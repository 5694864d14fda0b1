"""Multiple-choice questions about the little world, of many kinds, each with four choices.

    draw_questions(900, random.Random(11))      # [{"prompt", "choices", "label", "kind"}, ...]

    python -m grader.lab.choices                # draws those of data/corpora/choices again

A question comes from a table of facts or from a small situation. Its wrong choices are right answers to
other questions of the same form, so that neither their length nor their words tell them apart.
"""

from __future__ import annotations

import random
import re
from collections import Counter
from collections.abc import Iterable, Mapping

from grader.lab.choices import facts, situations
from grader.lab.prose import NAMES, phrase, written

# Each kind with its share and where its questions come from.
KINDS = {
    "capital": (10, facts.CAPITALS),
    "work": (9, facts.WORK),
    "animal": (9, facts.BEASTS),
    "weather": (4, facts.SKY),
    "meal": (6, facts.MEALS),
    "journey": (3, facts.JOURNEYS),
    "sport": (3, facts.GAMES),
    "possession": (8, (situations.possession,)),
    "reference": (8, (situations.reference,)),
    "location": (6, (situations.location,)),
    "order": (4, (situations.order,)),
    "calendar": (7, (situations.calendar,)),
    "agreement": (6, (situations.agreement,)),
    "opinion": (9, (situations.opinion,)),
    "continuation": (33, (situations.continuation,)),
    "topic": (45, (situations.topic,)),
    "interrupted": (85, (situations.interrupted,)),
}


PATIENCE = 2000  # draws in a row that bring nothing new


def draw_questions(
    count: int, rng: random.Random, apart_from: Iterable[dict] = (), kinds: Mapping = KINDS
) -> list[dict]:
    """`count` different questions in the shares of `kinds`, in mixed order.

    Each position is right equally often. Prompts differ from each other, and from those of the questions
    `apart_from`, in more than the names of people and towns. Raises `ValueError` where `count` is more than the
    kinds with few facts have to ask.
    """
    taken = {without_names(question["prompt"]) for question in apart_from}
    drawn = []
    for kind, number in shared_out(count, kinds).items():
        sources = kinds[kind][1]
        misses = 0
        while number:
            prompt, right, wrong = rng.choice(sources)(rng)
            prompt = written(prompt)
            key = without_names(prompt)
            if key not in taken:
                taken.add(key)
                drawn.append((kind, prompt, right, wrong))
                number -= 1
                misses = 0
            elif (misses := misses + 1) == PATIENCE:
                raise ValueError(
                    f"count is {count}, but there are too few different questions of kind {kind!r}"
                )
    rng.shuffle(drawn)
    labels = [number % 4 for number in range(count)]
    rng.shuffle(labels)
    return [question(*parts, label, rng) for parts, label in zip(drawn, labels, strict=True)]


def shared_out(count: int, kinds: Mapping) -> Counter:
    """How many questions of each kind: the shares of `count`, the largest remainders rounded up."""
    total = sum(share for share, _ in kinds.values())
    exact = {kind: count * share / total for kind, (share, _) in kinds.items()}
    numbers = Counter({kind: int(number) for kind, number in exact.items()})
    numbers.update(sorted(exact, key=lambda kind: numbers[kind] - exact[kind])[: count - numbers.total()])
    return numbers


def without_names(prompt: str) -> str:
    """The prompt with its people and towns numbered: prompts that differ in nothing else count as the same."""
    numbers: dict[str, str] = {}
    words = re.findall(r"\w+|[^\w ]", prompt.lower())
    told = [numbers.setdefault(word, str(len(numbers))) if word in NAMES else word for word in words]
    return " ".join("she" if word == "he" else "her" if word in ("him", "his") else word for word in told)


def question(kind: str, prompt: str, right: str, wrong: list[str], label: int, rng: random.Random) -> dict:
    choices = rng.sample(wrong, 3)
    choices.insert(label, right)
    return {"prompt": prompt, "choices": [phrase(choice) for choice in choices], "label": label, "kind": kind}
