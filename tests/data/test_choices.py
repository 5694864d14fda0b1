"""The multiple-choice questions are well formed, do not leak, and cannot be solved without reading."""

import re
import runpy
from collections import Counter

import pytest

from grader.lab.choices import KINDS, without_names
from grader.lab.choices.__main__ import splits as drawn_splits
from grader.lab.choices.situations import half
from grader.lab.corpora import corpus, read
from grader.lab.course import data_folder

FOLDER = data_folder() / "corpora" / "choices"
SOLUTIONS = data_folder().parent / "solutions"
# Kinds whose prompts are documents of the little world, also in the hidden set.
DOCUMENTS = ("topic", "continuation", "interrupted")
HIDDEN = SOLUTIONS / "11_sentence_pairs" / "hidden" / "questions.jsonl"


@pytest.fixture(scope="module")
def sets():
    """The three splits and, where the instructor's folder is there, the hidden questions."""
    found = {name: split.to_list() for name, split in corpus("choices").items()}
    return found | ({"hidden": read(HIDDEN)} if SOLUTIONS.is_dir() else {})


def words(text):
    return set(re.findall(r"\w+", text.lower()))


def accuracy(questions, rule):
    best = [max(range(4), key=lambda i: rule(q["prompt"], q["choices"][i])) for q in questions]
    return sum(guess == q["label"] for guess, q in zip(best, questions, strict=True)) / len(questions)


def test_splits_have_the_size_that_was_agreed(sets):
    assert {name: len(questions) for name, questions in sets.items() if name != "hidden"} == {
        "train": 680,
        "validation": 170,
        "test": 170,
    }


@pytest.mark.skipif(not SOLUTIONS.is_dir(), reason="the hidden questions stay with the instructor")
def test_hidden_questions_are_of_the_same_kinds_in_other_words(sets):
    hidden = sets["hidden"]
    assert len(hidden) == 244
    count = Counter(question["kind"] for question in hidden)
    assert set(count) == {*KINDS, "everyday"}
    assert min(count.values()) >= 2
    by_hand = [q for q in hidden if q["kind"] not in DOCUMENTS]
    assert len(by_hand) == 60

    def ending(question):
        return re.findall(r"\w+", question["prompt"].lower())[-4:]

    drawn = [ending(q) for q in sets["train"] if q["kind"] in KINDS]
    assert sum(ending(q) in drawn for q in by_hand) <= 3


def sentences(question):
    """The sentences of a question as the little world spells them."""
    for text in (question["prompt"], *question["choices"]):
        yield from (
            f"{re.sub(r',', ' ,', said.lower()).strip()} ." for said in text.split(".") if said.strip()
        )


@pytest.mark.skipif(not SOLUTIONS.is_dir(), reason="the hidden questions stay with the instructor")
def test_hidden_documents_are_told_in_sentences_of_other_templates(sets):
    for name, questions in sets.items():
        own, other = (half(number) for number in ((1, 0) if name == "hidden" else (0, 1)))
        for said in {said for q in questions if q["kind"] in DOCUMENTS for said in sentences(q)}:
            assert own.grammatical(said), said
            assert not other.grammatical(said), said


@pytest.mark.skipif(not SOLUTIONS.is_dir(), reason="the hidden questions stay with the instructor")
def test_hidden_documents_can_be_drawn_again(sets):
    """Where this fails after the little world has changed: run the script, and measure lesson 11 again."""
    drawn = runpy.run_path(str(HIDDEN.with_suffix(".py")))["drawn"]()
    assert sets["hidden"][: len(drawn)] == drawn


def test_questions_are_well_formed(sets):
    for questions in sets.values():
        for question in questions:
            assert set(question) == {"prompt", "choices", "label", "kind"}
            assert len(question["choices"]) == 4
            assert len({choice.lower() for choice in question["choices"]}) == 4, question
            assert question["label"] in range(4)
            assert question["kind"] in KINDS or question["kind"] == "everyday"
            assert 1 <= len(re.findall(r"[.?](?: |$)|[^.?]$", question["prompt"])) <= 6, question["prompt"]


def test_text_is_plain(sets):
    for questions in sets.values():
        for question in questions:
            for text in [question["prompt"], *question["choices"]]:
                assert re.fullmatch(r"[A-Za-z0-9 .,;:!?'\"-]+", text), text
                assert text == text.strip() and "  " not in text and not re.search(r" [.,?]", text), text
            assert question["prompt"][0].isupper() or question["prompt"][0] == '"', question["prompt"]


def test_no_prompt_is_there_twice_even_with_other_names(sets):
    prompts = Counter(without_names(q["prompt"]) for questions in sets.values() for q in questions)
    assert [prompt for prompt, count in prompts.items() if count > 1] == []


def test_prompts_of_different_splits_are_not_almost_the_same(sets):
    """Questions written by hand share few words; drawn ones share their pattern but differ in what is asked."""
    prompts = [
        (name, words(q["prompt"]), q["prompt"])
        for name, questions in sets.items()
        for q in questions
        if q["kind"] == "everyday" or (name == "hidden" and q["kind"] not in DOCUMENTS)
    ]
    for number, (_, first, text) in enumerate(prompts):
        for _, second, other in prompts[:number]:
            assert 5 * len(first & second) < 3 * len(first | second), (text, other)


def test_every_position_is_right_about_as_often(sets):
    for name, questions in sets.items():
        count = Counter(question["label"] for question in questions)
        for label in range(4):
            assert 0.18 <= count[label] / len(questions) <= 0.32, (name, count)


# Each rule with the most that it may get right of a split's questions. Documents repeat their names, so that
# counting shared words is better than guessing, if not by much.
RULES = {
    "longest": (lambda prompt, choice: len(choice), 0.38),
    "shortest": (lambda prompt, choice: -len(choice), 0.38),
    "most words of the prompt": (lambda prompt, choice: len(words(prompt) & words(choice)), 0.5),
    "fewest words of the prompt": (lambda prompt, choice: -len(words(prompt) & words(choice)), 0.38),
}


@pytest.mark.parametrize("name", RULES)
def test_rules_that_do_not_read_are_hardly_better_than_guessing(sets, name):
    rule, limit = RULES[name]
    for questions in sets.values():
        assert accuracy(questions, rule) < limit
    together = [question for questions in sets.values() for question in questions]
    assert accuracy(together, rule) < limit - 0.05


def test_an_interrupted_story_is_found_neither_by_most_nor_by_fewest_shared_words(sets):
    for questions in sets.values():
        interrupted = [question for question in questions if question["kind"] == "interrupted"]
        assert accuracy(interrupted, RULES["most words of the prompt"][0]) < 0.5
        assert accuracy(interrupted, RULES["fewest words of the prompt"][0]) < 0.25


def test_one_wrong_choice_goes_on_with_the_story_that_interrupts(sets):
    for name, questions in sets.items():
        world = half(int(name == "hidden"))
        for question in questions:
            if question["kind"] == "interrupted":
                told = list(sentences({"prompt": question["prompt"], "choices": ()}))
                fits = [
                    place
                    for place, choice in enumerate(question["choices"])
                    if world.grammatical(" ".join([*told[1:], *sentences({"prompt": choice, "choices": ()})]))
                ]
                assert len(fits) == 1 and fits != [question["label"]], question


def test_words_of_the_choices_do_not_give_the_answer_away(sets):
    from sklearn.feature_extraction.text import CountVectorizer
    from sklearn.linear_model import LogisticRegression

    rows = [(choice, i == q["label"]) for q in sets["train"] for i, choice in enumerate(q["choices"])]
    bag = CountVectorizer(ngram_range=(1, 2)).fit(choice for choice, _ in rows)
    model = LogisticRegression(max_iter=1000).fit(
        bag.transform(c for c, _ in rows), [right for _, right in rows]
    )
    unseen = sets["validation"] + sets["test"]
    scores = model.decision_function(bag.transform(c for q in unseen for c in q["choices"])).reshape(-1, 4)
    assert (scores.argmax(1) == [q["label"] for q in unseen]).mean() < 0.35


def test_most_questions_use_the_words_of_the_little_world(sets):
    from grader.lab.world import World

    known = set(World().words)
    for name in ("train", "validation", "test"):
        tokens = [
            word for q in sets[name] if q["kind"] in KINDS for word in re.findall(r"\w+", q["prompt"].lower())
        ]
        assert sum(word in known for word in tokens) / len(tokens) > 0.85, name


def test_drawn_questions_can_be_drawn_again(sets):
    """Where this fails after the little world has changed: python -m grader.lab.choices, and look at the card."""
    for name, questions in drawn_splits().items():
        assert sets[name][: len(questions)] == questions


def test_card_states_the_counts(sets):
    card = (FOLDER / "README.md").read_text("utf-8")
    count = {name: Counter(q["kind"] for q in sets[name]) for name in ("train", "validation", "test")}
    for kind in {*KINDS, "everyday"}:
        row = [count[name][kind] for name in ("train", "validation", "test")]
        assert re.search(rf"\| `{kind}` \|[^|]+\| " + r" \| ".join(map(str, row)) + r" \|", card), kind
    assert "CC BY 4.0" in card
