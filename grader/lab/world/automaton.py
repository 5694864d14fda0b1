"""A finite automaton with weighted arcs, and the exact probabilities that come from it.

A sentence is read by a set of *readings*: (state, values of the variables so far) with a weight. Every
state's arcs add up to 1, so the weight of all readings after some words is the probability of those words
as a beginning, and nothing that follows needs to be looked at. Summing over readings instead of searching
for the best one is the forward algorithm (Rabiner 1989, "A tutorial on hidden Markov models").
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass

UNBOUND = -1


@dataclass(frozen=True)
class Slot:
    """A place for one word: either a distribution of its own, or one feature of a scene's variable."""

    words: tuple[tuple[str, float], ...] = ()
    variable: int = UNBOUND
    feature: str = ""


class Variable:
    """What a scene is about: one of several values with equal chances, each a dict of features.

    A feature is a word, or a dict from words to probabilities (all the words that fit a value).
    """

    def __init__(self, name: str, values: list[dict], local: bool = False):
        self.name, self.values, self.local = name, values, local
        self.prior = 1 / len(values)
        self.by_word: dict[str, dict[str, list[tuple[int, float]]]] = {}
        self.by_value: dict[str, list[tuple[tuple[str, float], ...]]] = {}
        for feature in values[0]:
            index: dict[str, list[tuple[int, float]]] = defaultdict(list)
            rows = []
            for number, value in enumerate(values):
                words = value[feature]
                row = tuple(words.items()) if isinstance(words, dict) else ((words, 1.0),)
                rows.append(row)
                for word, probability in row:
                    index[word].append((number, probability))
            self.by_word[feature] = dict(index)
            self.by_value[feature] = rows


class Automaton:
    """States with weighted arcs, built from the right: every arc leads to a state that exists already."""

    END = 0

    def __init__(self):
        self.arcs: list[tuple[tuple[float, Slot, int], ...]] = [()]
        self.known: dict[tuple, int] = {(): self.END}
        self.lookup: list[dict[str, list[tuple[float, int]]] | None] = [{}]
        self.variable_arcs: list[list[tuple[float, Slot, int]]] = [[]]

    def state(self, arcs) -> int:
        """The state with these arcs; the same arcs give the same state."""
        merged: dict[tuple[Slot, int], float] = defaultdict(float)
        for weight, slot, target in arcs:
            merged[slot, target] += weight
        key = tuple((weight, slot, target) for (slot, target), weight in merged.items())
        if key not in self.known:
            self.known[key] = len(self.arcs)
            self.arcs.append(key)
            plain: dict[str, list[tuple[float, int]]] = defaultdict(list)
            for weight, slot, target in key:
                for word, probability in slot.words:
                    plain[word].append((weight * probability, target))
            self.lookup.append(dict(plain))
            self.variable_arcs.append([arc for arc in key if not arc[1].words])
        return self.known[key]

    def read(self, readings: dict, word: str, variables: list[Variable]) -> dict:
        """The readings after one more word; none left where the grammar does not allow it."""
        after: dict[tuple, float] = defaultdict(float)
        for (state, values), weight in readings.items():
            for probability, target in self.lookup[state].get(word, ()):
                after[target, values] += weight * probability
            for probability, slot, target in self.variable_arcs[state]:
                variable = variables[slot.variable]
                bound = values[slot.variable]
                for number, chance in variable.by_word[slot.feature].get(word, ()):
                    if bound == number:
                        after[target, values] += weight * probability * chance
                    elif bound == UNBOUND:
                        new = (*values[: slot.variable], number, *values[slot.variable + 1 :])
                        after[target, new] += weight * probability * chance * variable.prior
        return after

    def branch(self, readings: dict, variables: list[Variable]) -> dict[str, dict]:
        """For every word that may come next, the readings after it."""
        after: dict[str, dict[tuple, float]] = defaultdict(lambda: defaultdict(float))
        for (state, values), weight in readings.items():
            for word, arcs in self.lookup[state].items():
                for probability, target in arcs:
                    after[word][target, values] += weight * probability
            for probability, slot, target in self.variable_arcs[state]:
                variable = variables[slot.variable]
                rows = variable.by_value[slot.feature]
                bound = values[slot.variable]
                if bound != UNBOUND:
                    for word, chance in rows[bound]:
                        after[word][target, values] += weight * probability * chance
                    continue
                for number, row in enumerate(rows):
                    new = (*values[: slot.variable], number, *values[slot.variable + 1 :])
                    for word, chance in row:
                        after[word][target, new] += weight * probability * chance * variable.prior
        return after

    def draw(self, state: int, values: list[int], variables: list[Variable], rng) -> list[str]:
        """One sentence from `state`; binds what is unbound in `values` on the way."""
        words = []
        while state != self.END:
            arcs = self.arcs[state]
            (_, slot, state) = arcs[pick([weight for weight, _, _ in arcs], rng)]
            row = slot.words
            if not row:
                variable = variables[slot.variable]
                if values[slot.variable] == UNBOUND:
                    values[slot.variable] = rng.randrange(len(variable.values))
                row = variable.by_value[slot.feature][values[slot.variable]]
            words.append(row[pick([p for _, p in row], rng)][0])
        return words


def pick(weights, rng) -> int:
    """An index, drawn in proportion to its weight, with one uniform draw."""
    if len(weights) == 1:
        return 0
    left = rng.random() * sum(weights)
    for index, weight in enumerate(weights):
        left -= weight
        if left < 0:
            return index
    return len(weights) - 1
