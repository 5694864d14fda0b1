"""The little world: a grammar of simple English whose probabilities can be asked for exactly.

    world = World()
    world.sentence(random.Random(0))                  # ['the', 'capital', 'of', 'france', ...]
    world.truth(words, position)                      # P(word at position | all the others)
    world.truth(words, position, left_only=True)      # P(word at position | the words before it)

A text is a list of words, or a string of them; one sentence, or the sentences of a document one after the
other. Each sentence ends in ".". `MASK` stands for a word that is not known.
"""

from __future__ import annotations

import math
from collections import defaultdict
from dataclasses import dataclass
from functools import cached_property

from grader.lab.world import words as lexicon
from grader.lab.world.automaton import UNBOUND, Automaton, pick
from grader.lab.world.grammar import LENGTHS, SCENES, build_scene

MASK = "[MASK]"


@dataclass(frozen=True)
class Story:
    """A document and what it is about: `about["country"]["capital"]`, `about["opinion"]`, ..."""

    scene: str
    about: dict[str, dict]
    sentences: list[list[str]]


class World:
    """Draws sentences and documents, and knows the probability of every word in them.

    All randomness comes from the `random.Random` that is passed in; two worlds of the same scenes are equal.
    """

    def __init__(self, scenes=SCENES, lengths=LENGTHS):
        self.lengths = lengths
        self.automaton = Automaton()
        self.scenes = [(scene, *build_scene(self.automaton, scene)) for scene in scenes]
        total = sum(scene.weight for scene in scenes)
        self.scene_chances = [scene.weight / total for scene in scenes]
        reached = [sum(length > stage for length in lengths) for stage in range(max(lengths))]
        self.stage_chances = [count / sum(reached) for count in reached]

    # -- drawing

    def story(self, rng, scene: str | None = None) -> Story:
        """A document of 2 to 5 sentences, with the scene and the values it is about; of one scene if named."""
        names = [known.name for known, _, _ in self.scenes]
        number = names.index(scene) if scene else pick(self.scene_chances, rng)
        kind, variables, starts = self.scenes[number]
        values = [UNBOUND] * len(variables)
        sentences = []
        for start in starts[: rng.choice(self.lengths)]:
            sentences.append(self.automaton.draw(start, values, variables, rng))
            self._forget(values, variables)
        about = {v.name: v.values[n] for v, n in zip(variables, values, strict=True) if n != UNBOUND}
        return Story(kind.name, about, sentences)

    def document(self, rng) -> list[list[str]]:
        """2 to 5 adjacent sentences that belong together."""
        return self.story(rng).sentences

    def sentence(self, rng) -> list[str]:
        """One sentence, with the chance that it has among all sentences of documents."""
        _, variables, starts = self.scenes[pick(self.scene_chances, rng)]
        start = starts[pick(self.stage_chances, rng)]
        return self.automaton.draw(start, [UNBOUND] * len(variables), variables, rng)

    # -- asking

    def truth(self, words, position: int, left_only: bool = False) -> dict[str, float]:
        """The exact distribution of the word at `position` (from 0), likeliest first.

        Given all the other words on both sides, or with `left_only` those before it alone. Other words
        may be `MASK`: they are summed over. The word that stands at `position` is not looked at. One
        sentence is judged on its own, several as the sentences of one document. Raises `ValueError` where the
        position is outside the text or the other words cannot be said in the little world.
        """
        words = _words(words)
        if not 0 <= position < len(words):
            raise ValueError(f"position is {position}, but the text has the words 0 to {len(words) - 1}")
        several = "." in words[:-1] and words.index(".") < len(words) - 1
        readings = self._read(self._start(several), words[:position])
        options = self._branch(readings)
        if left_only:
            weights = {word: _mass(after) for word, after in options.items()}
        else:
            rest = words[position + 1 :]
            weights = {}
            for word, after in options.items():
                if after := self._read(after, rest):
                    weights[word] = _mass(after, whole=True)
        total = sum(weights.values())
        if not total:
            raise ValueError(f"the little world cannot say {' '.join(words)!r} with any word at {position}")
        ranked = sorted(weights.items(), key=lambda item: (-item[1], item[0]))
        return {word: weight / total for word, weight in ranked if weight}

    def next_words(self, words, document: bool = False) -> dict[str, float]:
        """The distribution of the word after `words`, which begin a sentence or a document.

        Less than a sentence counts as any sentence of a document; with `document`, as its first.
        """
        words = _words(words)
        rest = [MASK, ".", MASK] if document else [MASK]  # never looked at, but a text of several sentences
        return self.truth([*words, *rest], len(words), left_only=True)

    def log_probability(self, words) -> float:
        """The natural logarithm of the probability of a sentence, or of a document of that many sentences.

        `-inf` where the grammar does not allow it.
        """
        words = _words(words)
        several = "." in words[:-1]
        mass = _mass(self._read(self._start(several), words), whole=True)
        return math.log(mass) if mass else -math.inf

    def grammatical(self, words) -> bool:
        """Whether the text is a sentence or a document of the little world."""
        return self.log_probability(words) > -math.inf

    def follows(self, first, second) -> float:
        """The probability that `second` follows `first` in its document, if half of all pairs do.

        The other half are sentences of other documents, drawn at random. What a perfect next-sentence
        head would say.
        """
        first, second = _words(first), _words(second)
        chances = self.stage_chances[1:]  # of a pair: that its second sentence is at stage 1, 2, ...
        pair = before = 0.0
        for stage, chance in enumerate(chances):
            readings = self._read(self._start(True, stage), first)
            before += chance * _mass(readings, whole=True)
            pair += chance * _mass(self._read(readings, second), whole=True)
        apart = before * math.exp(self.log_probability(second))
        if not pair + apart:
            raise ValueError("one of the two sentences cannot be said in the little world")
        return pair / (pair + apart * sum(chances))

    # -- lists

    @cached_property
    def words(self) -> list[str]:
        """Every word of the little world, sorted."""
        found = {word for arcs in self.automaton.arcs for _, slot, _ in arcs for word, _ in slot.words}
        for state_arcs in self.automaton.variable_arcs:
            for _, slot, _ in state_arcs:
                for _, variables, _ in self.scenes:
                    if slot.variable < len(variables):
                        found.update(variables[slot.variable].by_word.get(slot.feature, ()))
        return sorted(found)

    @property
    def capitals(self) -> dict[str, str]:
        """Country to capital."""
        return {row["name"]: row["capital"] for row in lexicon.COUNTRIES}

    @property
    def people(self) -> list[str]:
        return sorted(row["name"] for row in lexicon.PEOPLE + lexicon.FRIENDS)

    @property
    def towns(self) -> list[str]:
        return sorted(row["name"] for row in lexicon.TOWNS)

    # -- reading; a reading is (scene, stage or None for a single sentence, state, values)

    def _start(self, several: bool, stage: int = 0) -> dict:
        """Where a text may begin: at a stage of each scene, or for one sentence at any stage."""
        readings: dict = defaultdict(dict)
        stages = {stage: 1.0} if several else dict(enumerate(self.stage_chances))
        for number, chance in enumerate(self.scene_chances):
            _, variables, starts = self.scenes[number]
            for at, share in stages.items():
                key = (starts[at], (UNBOUND,) * len(variables))
                place = readings[number, at if several else None]
                place[key] = place.get(key, 0.0) + chance * share
        return readings

    def _onward(self, readings: dict) -> dict:
        """Readings at the end of a sentence moved to the beginning of the next stage."""
        if not any(state == Automaton.END for place in readings.values() for state, _ in place):
            return readings
        moved: dict = defaultdict(lambda: defaultdict(float))
        for (number, stage), place in readings.items():
            _, variables, starts = self.scenes[number]
            for (state, values), weight in place.items():
                if state != Automaton.END:
                    moved[number, stage][state, values] += weight
                elif stage is not None and stage + 1 < len(starts):
                    fresh = list(values)
                    self._forget(fresh, variables)
                    moved[number, stage + 1][starts[stage + 1], tuple(fresh)] += weight
        return moved

    def _read(self, readings: dict, words) -> dict:
        for word in words:
            readings = self._onward(readings)
            after = {}
            for place, here in readings.items():
                variables = self.scenes[place[0]][1]
                if word == MASK:
                    merged: dict = defaultdict(float)
                    for there in self.automaton.branch(here, variables).values():
                        for key, weight in there.items():
                            merged[key] += weight
                else:
                    merged = self.automaton.read(here, word, variables)
                if merged:
                    after[place] = merged
            readings = after
            if not readings:
                break
        return readings

    def _branch(self, readings: dict) -> dict[str, dict]:
        options: dict[str, dict] = defaultdict(dict)
        for place, here in self._onward(readings).items():
            for word, after in self.automaton.branch(here, self.scenes[place[0]][1]).items():
                options[word][place] = after
        return options

    @staticmethod
    def _forget(values: list[int], variables) -> None:
        for number, variable in enumerate(variables):
            if variable.local:
                values[number] = UNBOUND


def _words(text) -> list[str]:
    return text.split() if isinstance(text, str) else list(text)


def _mass(readings: dict, whole: bool = False) -> float:
    """The weight of all readings, or of those that stand at the end of a sentence."""
    return sum(
        weight
        for place in readings.values()
        for (state, _), weight in place.items()
        if state == Automaton.END or not whole
    )
