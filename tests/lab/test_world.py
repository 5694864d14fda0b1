"""The little world's probabilities against brute force, and its sentences against what they promise."""

import itertools
import math
import random
from collections import Counter

import pytest

from grader.lab.world import MASK, World
from grader.lab.world.grammar import Scene
from grader.lab.world.words import CLASSES

PEOPLE = [{"name": "anna", "she": "she"}, {"name": "ben", "she": "he"}, {"name": "eva", "she": "she"}]
MOODS = [{"adjective": {"tired": 0.5, "sad": 0.5}}, {"adjective": "glad"}]
SMALL = [
    Scene("home", 2, {"person": PEOPLE, "mood": MOODS}, [
        ["{person.name} is {mood.adjective}",
         "when {person.she} comes , {person.name} is {mood.adjective}"],
        ["{person.she} sees {other.name} (today|)",
         "{person.name} has a<clock>",
         "{other.she} likes {other.name}"],
        ["{person.she} is {mood.adjective} (and {mood.adjective}|) too"],
    ], {"other": PEOPLE}),
    Scene("pets", 1, {"person": PEOPLE}, [
        ["the dog of {person.name} is glad"], ["the dog likes {person.name}"], ["{person.she} has an eight"],
    ]),
]  # fmt: skip


@pytest.fixture(scope="module")
def world():
    return World()


@pytest.fixture(scope="module")
def small():
    return World(SMALL, lengths=(2, 3))


def by_hand(scenes):
    """Every document of `scenes` up to three sentences with its probability, without the automaton.

    Templates are filled in by plain substitution, all values of all variables tried in turn.
    """
    clock = CLASSES["clock"].split()
    choices = {"a<clock>": [("an " if word in ("eight", "eleven") else "a ") + word for word in clock],
               "(today|)": ["today", ""]}  # fmt: skip

    def fill(template, about):
        texts = [(template, 1.0)]
        for key, options in choices.items():
            if key in template:
                texts = [(t.replace(key, o), p / len(options)) for t, p in texts for o in options]
        if "(and {mood.adjective}|)" in template:
            texts = [
                (t.replace("(and {mood.adjective}|)", o), p / 2)
                for t, p in texts
                for o in ("and {mood.adjective}", "")
            ]
        done = []
        for text, p in texts:
            parts = [[(word, 1.0)] for word in text.split()]
            for number, word in enumerate(text.split()):
                if word.startswith("{"):
                    variable, feature = word[1:-1].split(".")
                    value = about[variable][feature]
                    parts[number] = list(value.items()) if isinstance(value, dict) else [(value, 1.0)]
            for row in itertools.product(*parts):
                done.append(((*(word for word, _ in row), "."), p * math.prod(q for _, q in row)))
        return done

    def stage(templates, about, local):
        return [
            (words, p / len(templates) / len(rows))
            for template in templates
            for rows in [list(local_values(local))]
            for values in rows
            for words, p in fill(template, about | values)
        ]

    def local_values(local):
        for row in itertools.product(*local.values()):
            yield dict(zip(local, row, strict=True))

    total = sum(scene.weight for scene in scenes)
    sentences, documents = Counter(), Counter()
    share = [2 / 5, 2 / 5, 1 / 5]
    for scene in scenes:
        rows = list(local_values(scene.variables))
        for about in rows:
            chance = scene.weight / total / len(rows)
            stages = [stage(templates, about, scene.local) for templates in scene.stages]
            for number, options in enumerate(stages):
                for words, p in options:
                    sentences[words] += chance * p * share[number]
            for (first, p), (second, q) in itertools.product(stages[0], stages[1]):
                documents[first + second] += chance * p * q
    return sentences, documents


def expected(table, words, position, left_only):
    result = Counter()
    for other, p in table.items():
        same = other[:position] == words[:position]
        if not left_only:
            rest = zip(other[position + 1 :], words[position + 1 :], strict=False)
            same = (
                same and len(other) == len(words) and all(MASK in pair or pair[0] == pair[1] for pair in rest)
            )
        if same and len(other) > position:
            result[other[position]] += p
    total = sum(result.values())
    return {word: p / total for word, p in result.items()}


@pytest.fixture(scope="module")
def tables():
    sentences, documents = by_hand(SMALL)
    assert sum(sentences.values()) == pytest.approx(1)
    return sentences, documents


class TestTruthAgainstBruteForce:
    @pytest.mark.parametrize("left_only", [False, True])
    def test_one_sentence(self, small, tables, left_only):
        for words in random.Random(0).sample(sorted(tables[0]), 60):
            for position in range(len(words)):
                found = small.truth(list(words), position, left_only)
                assert found == pytest.approx(expected(tables[0], words, position, left_only))

    @pytest.mark.parametrize("left_only", [False, True])
    def test_a_document(self, small, tables, left_only):
        for words in random.Random(1).sample(sorted(tables[1]), 25):
            for position in range(len(words)):
                found = small.truth(list(words), position, left_only)
                assert found == pytest.approx(expected(tables[1], words, position, left_only))

    def test_the_next_word_of_a_sentence_and_of_a_document(self, small, tables):
        for table, document in ((tables[0], False), (tables[1], True)):
            for words in random.Random(5).sample(sorted(table), 25):
                for position in range(words.index(".") + 1):
                    found = small.next_words(words[:position], document)
                    assert found == pytest.approx(expected(table, words, position, left_only=True))

    def test_other_masks_are_summed_over(self, small, tables):
        words = ("when", MASK, "comes", ",", MASK, "is", MASK, ".")
        found = small.truth(list(words), 4)
        table = {w: p for w, p in tables[0].items() if len(w) == 8 and w[0] == "when"}
        result = Counter()
        for other, p in table.items():
            result[other[4]] += p
        total = sum(result.values())
        assert found == pytest.approx({word: p / total for word, p in result.items()})

    def test_probabilities_of_sentences_and_documents(self, small, tables):
        for table in tables:
            for words in random.Random(2).sample(sorted(table), 60):
                assert math.exp(small.log_probability(list(words))) == pytest.approx(table[words])


class TestTruthInTheWorld:
    def test_is_what_sampling_gives(self, world):
        rng = random.Random(3)
        start = ["when", "she"]
        seen = Counter(s[2] for s in (world.sentence(rng) for _ in range(30_000)) if s[:2] == start)
        truth = world.next_words("when she")
        total = sum(seen.values())
        assert total > 150 and set(seen) <= set(truth)
        for word, probability in truth.items():
            slack = 4 * math.sqrt(probability * (1 - probability) / total)
            assert abs(seen[word] / total - probability) < slack

    def test_words_that_only_the_right_side_decides(self, world):
        words = "when she comes home , anna is tired ."
        assert world.truth(words, 1) == {"she": 1.0}
        assert world.truth(words, 1, left_only=True) == pytest.approx(
            {"he": 21 / 43, "she": 22 / 43}, abs=0.02
        )
        assert set(world.truth("these dogs that live in the yard are big .", 0)) == {"these"}
        assert world.truth("on friday clara plays the piano .".replace("clara", "she"), 5)["piano"] < 0.2
        article = world.truth("her brother drinks tea and eats an apple .", 6)
        assert article == {"an": 1.0}
        assert set(world.truth("her brother drinks tea and eats an apple .", 6, left_only=True)) == {
            "a",
            "an",
        }

    def test_agreement_over_a_relative_clause(self, world):
        for subject, verb in (("dog", "is"), ("dogs", "are")):
            for other in ("boy sees", "boys see"):
                assert world.truth(f"the {subject} that the {other} {verb} tired .", 6) == {verb: 1.0}

    def test_every_capital_both_ways(self, world):
        assert len(world.capitals) >= 30
        for country, capital in world.capitals.items():
            assert world.truth(f"the capital of {country} is {capital} .", 5) == {capital: 1.0}
            assert world.truth(f"the capital of {country} is {capital} .", 3) == {country: 1.0}
            assert world.truth(f"{capital} is the capital of {country} .", 0) == {capital: 1.0}

    def test_sums_to_one_and_is_sorted(self, world):
        rng = random.Random(4)
        for _ in range(60):
            words = world.sentence(rng)
            position = rng.randrange(len(words))
            for left_only in (False, True):
                truth = world.truth(words, position, left_only)
                assert sum(truth.values()) == pytest.approx(1)
                assert list(truth.values()) == sorted(truth.values(), reverse=True)
                assert words[position] in truth

    def test_chain_rule(self, world):
        rng = random.Random(5)
        for words in [world.sentence(rng) for _ in range(20)]:
            steps = (world.truth(words, at, left_only=True)[word] for at, word in enumerate(words))
            assert sum(map(math.log, steps)) == pytest.approx(world.log_probability(words))

    def test_clear_errors(self, world):
        with pytest.raises(ValueError, match="position is 9"):
            world.truth("the capital of france is paris .", 9)
        with pytest.raises(ValueError, match="cannot say"):
            world.truth("purple france the is .", 1)

    def test_grammatical(self, world):
        rng = random.Random(6)
        assert all(world.grammatical(world.sentence(rng)) for _ in range(200))
        assert world.grammatical("the dogs that the boy sees are tired .")
        assert not world.grammatical("the dogs that the boy sees is tired .")
        assert not world.grammatical("the capital of france is rome .")
        assert not world.grammatical("the capital of france is paris")


class TestDocuments:
    def test_determinism(self, world):
        first = [world.document(random.Random(7)) for _ in range(2)]
        again = World()
        assert first[0] == first[1] == again.document(random.Random(7))
        assert [again.sentence(random.Random(n)) for n in range(5)] == [
            world.sentence(random.Random(n)) for n in range(5)
        ]

    def test_sentences_belong_together(self, world):
        rng = random.Random(8)
        for _ in range(200):
            document = world.document(rng)
            assert 2 <= len(document) <= 5
            words = [word for sentence in document for word in sentence]
            assert world.grammatical(words)
            first, second = document[:2]
            assert world.follows(first, second) > 0.5

    def test_strangers_do_not_follow(self, world):
        rng = random.Random(9)
        told = [world.follows(world.document(rng)[0], world.document(rng)[1]) for _ in range(200)]
        assert sum(p < 0.5 for p in told) > 195

    def test_follows_is_calibrated(self, small):
        rng = random.Random(10)
        pairs = []
        for _ in range(4000):
            document, other = small.document(rng)[:3], small.sentence(rng)
            index = rng.randrange(len(document) - 1)
            true = rng.random() < 0.5
            pairs.append((small.follows(document[index], document[index + 1] if true else other), true))
        for low, high in ((0.05, 0.5), (0.5, 0.95)):
            inside = [(p, true) for p, true in pairs if low <= p < high]
            if len(inside) > 100:
                said = sum(p for p, _ in inside) / len(inside)
                was = sum(true for _, true in inside) / len(inside)
                assert abs(said - was) < 0.1

    def test_lists(self, world):
        assert 900 <= len(world.words) <= 1100
        assert {"anna", "paris", "these", "umbrella"} <= set(world.words)
        assert set(world.people) | set(world.towns) | set(world.capitals.values()) <= set(world.words)
        rng = random.Random(11)
        assert {word for _ in range(300) for word in world.sentence(rng)} <= set(world.words)
