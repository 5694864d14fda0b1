"""The drawn multiple-choice questions are true in the little world, and only one answer is."""

import random
import re
from collections import Counter

import pytest

from grader.lab import choices
from grader.lab.choices import KINDS, draw_questions, facts, situations, without_names
from grader.lab.prose import phrase, written
from grader.lab.world import Story, World
from grader.lab.world import words as w


@pytest.fixture(scope="module")
def questions():
    return draw_questions(300, random.Random(3))


def test_the_same_seed_gives_the_same_questions():
    assert draw_questions(40, random.Random(8)) == draw_questions(40, random.Random(8))
    assert draw_questions(40, random.Random(8)) != draw_questions(40, random.Random(9))


def test_questions_that_are_there_already_are_not_drawn_again():
    first = draw_questions(200, random.Random(1))
    second = draw_questions(200, random.Random(1), apart_from=first)
    prompts = {without_names(question["prompt"]) for question in first}
    assert not any(without_names(question["prompt"]) in prompts for question in second)


def test_shares_and_positions(questions):
    count = Counter(question["kind"] for question in questions)
    total = sum(share for share, _ in KINDS.values())
    for kind, (share, _) in KINDS.items():
        assert abs(count[kind] - 300 * share / total) < 1
    assert Counter(question["label"] for question in questions) == dict.fromkeys(range(4), 75)


def test_more_questions_than_there_are_is_an_error(monkeypatch):
    monkeypatch.setattr(choices, "PATIENCE", 10)
    with pytest.raises(ValueError, match="count is 100000"):
        draw_questions(100_000, random.Random(0))


@pytest.mark.parametrize("seed", range(40))
def test_capitals_are_those_of_the_world(seed):
    prompt, answer, wrong = facts.CAPITALS[0](random.Random(seed))
    capitals = World().capitals
    (country,) = (country for country in capitals if country in prompt.split())
    assert answer == capitals[country]
    assert len(wrong) == 3 and set(wrong) <= set(capitals.values()) - {answer}


def test_no_wrong_answer_is_true_of_an_animal():
    ask = facts.BEASTS[0]
    for row in ask.rows:
        wrong = ask.wrong_answers(row, ask.prompts[0])
        assert row["food"] not in wrong
        assert not facts.ALSO.get(row["one"], set()) & set(wrong)
    hens = next(row for row in ask.rows if row["name"] == "hens")
    assert not {"seeds", "worms", "grass"} & set(ask.wrong_answers(hens, ask.prompts[0]))


def test_rows_that_fit_the_prompt_as_well_give_no_wrong_answer():
    ask = facts.Ask(
        ({"name": "cat", "food": "mice"}, {"name": "owl", "food": "mice"}, {"name": "cow", "food": "grass"}),
        "{name}",
        ("it eats {food}",),
    )
    assert ask.wrong_answers(ask.rows[0], ask.prompts[0]) == ["cow"]


@pytest.mark.parametrize("seed", range(30))
def test_pronouns_fit_one_of_the_four(seed):
    prompt, answer, others = situations.reference(random.Random(seed))
    she = {row["name"]: row["she"] for row in w.PEOPLE + w.FRIENDS}
    pronouns = set(re.findall(r"\b(?:she|her|he|him|his)\b", prompt))
    assert pronouns and all((pronoun in ("she", "her")) == (she[answer] == "she") for pronoun in pronouns)
    assert all(she[name] != she[answer] for name in others)


@pytest.mark.parametrize("seed", range(30))
def test_order_follows_from_the_three_facts(seed):
    prompt, answer, others = situations.order(random.Random(seed))
    pairs = re.findall(r"(\w+) is [\w ]+? (?:than|before) (\w+) \.", prompt)
    above, below = {a for a, _ in pairs}, {b for _, b in pairs}
    least = re.search(r"(youngest|slowest|last|smallest)[\w ]*$", prompt)
    assert {answer} == (below - above if least else above - below)
    assert {answer, *others} == above | below


@pytest.mark.parametrize("draw", [situations.continuation, situations.topic])
@pytest.mark.parametrize("seed", range(4))
def test_only_one_sentence_goes_on_with_the_story(draw, seed):
    prompt, answer, others = draw(random.Random(seed))

    def follows(sentence):
        spaced = re.sub(r"([.,])", r" \1", sentence.lower())
        return World().grammatical(f"{prompt} {spaced}")

    assert follows(answer)
    assert not any(follows(other) for other in others)


class Teller:
    """Tells one story after the other, of the scenes and lengths that it was given."""

    def __init__(self, *scenes, length=4):
        self.scenes, self.length, self.told = scenes, length, 0

    def story(self, rng):
        scene = self.scenes[self.told % len(self.scenes)]
        self.told += 1
        return Story(scene, {}, [[scene, str(place), "."] for place in range(self.length)])


@pytest.mark.parametrize("seed", range(6))
def test_an_interrupted_story_begins_the_prompt_and_all_choices_have_one_place(seed):
    teller = Teller("film", "film", "visit", "sport", "journey", "country", "meal")
    prompt, answer, others = situations.interrupted(random.Random(seed), teller)
    (place,) = {text.split()[1] for text in (answer, *others)}
    first, second, *rest = (text.split()[0].lower() for text in (answer, *others))
    assert prompt in (
        f"{first} 0 . {second} 0 . {second} 1 .",
        f"{first} 0 . {second} 0 . {second} 1 . {second} 2 .",
    )
    assert place == f"{prompt.count(second)}."
    assert {first, second, *rest} == {"film", "sport", "journey", "meal"}


def test_a_story_that_is_too_short_is_not_interrupted():
    scenes = ("film", "sport", "work", "meal")
    short, long = Teller(*scenes, length=2), Teller(*scenes)

    class Both:
        def story(self, rng):
            return rng.choice((short, long)).story(rng)

    for seed in range(10):
        _, answer, others = situations.interrupted(random.Random(seed), Both())
        assert len({text.split()[0] for text in (answer, *others)}) == 4


@pytest.mark.parametrize("draw", [situations.continuation, situations.topic, situations.interrupted])
def test_the_two_halves_of_the_world_share_no_sentence(draw):
    halves = [situations.half(number) for number in (0, 1)]
    for seed in range(10):
        for number in (0, 1):
            _, answer, others = draw(random.Random(seed), halves[number])
            for text in (answer, *others):
                spaced = re.sub(r"([.,])", r" \1", text.lower())
                assert [world.grammatical(spaced) for world in halves] == [number == 0, number == 1]


def test_texts_are_written_with_capitals():
    assert written("anna is in paris . on monday she speaks french , too .") == (
        "Anna is in Paris. On Monday she speaks French, too."
    )
    assert phrase("the capital of france") == "the capital of France"
