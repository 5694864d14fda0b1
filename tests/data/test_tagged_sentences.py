"""The tagged sentences are well formed, all different, and as hard as their card says."""

import re
from collections import Counter
from itertools import combinations

import pytest
from seqeval.metrics.sequence_labeling import get_entities

from grader.lab.corpora import corpus
from grader.lab.course import data_folder

KINDS = ("PER", "LOC", "ORG", "DATE")
CARD = data_folder() / "corpora" / "tagged-sentences" / "README.md"


@pytest.fixture(scope="module")
def splits():
    return {name: split.to_list() for name, split in corpus("tagged-sentences").items()}


@pytest.fixture(scope="module")
def sentences(splits):
    return [sentence for split in splits.values() for sentence in split]


def entities(sentence):
    return [
        (kind, *sentence["tokens"][start : end + 1]) for kind, start, end in get_entities(sentence["tags"])
    ]


def test_splits_have_the_size_that_was_agreed(splits):
    assert set(splits) == {"train", "validation", "test"}
    assert len(splits["train"]) >= 560
    assert len(splits["validation"]) >= 120
    assert len(splits["test"]) >= 120


def test_card_states_the_counts(splits):
    card = CARD.read_text("utf-8")
    seen = {entity for sentence in splits["train"] for entity in entities(sentence)}
    for name, split in splits.items():
        found = [entity for sentence in split for entity in entities(sentence)]
        count = Counter(kind for kind, *_ in found)
        tokens = sum(len(sentence["tokens"]) for sentence in split)
        new = "" if name == "train" else f"{sum(entity not in seen for entity in found) / len(found):.0%} "
        row = [
            f"`{name}`",
            len(split),
            tokens,
            *(count[kind] for kind in KINDS),
            sum(not entities(s) for s in split),
        ]
        assert "| " + " | ".join(map(str, row)) + " | " + new + "|" in card
    assert "CC BY 4.0" in card


def test_tags_are_valid_bio(sentences):
    allowed = {"O"} | {f"{place}-{kind}" for place in "BI" for kind in KINDS}
    for sentence in sentences:
        assert len(sentence["tokens"]) == len(sentence["tags"]) > 0
        before = "O"
        for tag in sentence["tags"]:
            assert tag in allowed, sentence
            assert not tag.startswith("I-") or before in (f"B-{tag[2:]}", tag), sentence
            before = tag


def test_tokens_are_separated_and_plain(sentences):
    strange = re.compile(r"[^\w.,:;?!'/-]|_")
    for sentence in sentences:
        for token in sentence["tokens"]:
            assert token and token == token.strip()
            assert token == '"' or not strange.search(token), token
            assert len(token) == 1 or not re.search(r"[,;?!\"]$", token), token
            assert not token.endswith(("'s", "n't")) or token == "'s", token


def test_no_sentence_is_there_twice_or_almost(sentences):
    texts = [" ".join(sentence["tokens"]).lower() for sentence in sentences]
    assert [text for text, count in Counter(texts).items() if count > 1] == []
    words = [set(re.findall(r"\w+", text)) for text in texts]
    for (first, a), (second, b) in combinations(zip(texts, words, strict=True), 2):
        assert 3 * len(a & b) < 2 * len(a | b), (first, second)


def test_every_split_has_enough_of_every_kind(splits):
    for name, split in splits.items():
        count = Counter(kind for sentence in split for kind, *_ in entities(sentence))
        assert min(count[kind] for kind in KINDS) >= 20, (name, count)
        empty = sum(not entities(sentence) for sentence in split)
        assert 0.1 < empty / len(split) < 0.35


def test_some_names_of_the_test_split_are_new_and_some_are_not(splits):
    seen = {entity for sentence in splits["train"] for entity in entities(sentence)}
    for name in ("validation", "test"):
        names = [entity for sentence in splits[name] for entity in entities(sentence)]
        assert 0.5 < sum(entity not in seen for entity in names) / len(names) < 0.95


def test_the_same_word_is_now_a_name_and_now_not(sentences):
    kinds = {}
    for sentence in sentences:
        for token, tag in zip(sentence["tokens"], sentence["tags"], strict=True):
            kinds.setdefault(token.lower(), set()).add(tag[-3:])
    assert kinds["washington"] >= {"PER", "LOC"}
    assert kinds["jordan"] >= {"PER", "LOC"}
    assert kinds["chelsea"] >= {"PER", "ORG"}
    assert kinds["amazon"] >= {"LOC", "ORG"}
    assert kinds["may"] >= {"PER", "ATE", "O"}
    assert sum(len(found) > 1 for found in kinds.values()) >= 100


def test_entities_of_the_same_kind_stand_side_by_side(sentences):
    pairs = Counter(
        second[2:]
        for sentence in sentences
        for first, second in zip(sentence["tags"], sentence["tags"][1:], strict=False)
        if second.startswith("B-") and first[2:] == second[2:]
    )
    assert all(pairs[kind] for kind in KINDS), pairs
    assert pairs.total() >= 20


def test_calendar_words_are_marked_unless_they_mean_something_else(sentences):
    days = "(mon|tues|wednes|thurs|fri|satur|sun)days?"
    calendar = re.compile(f"(?i){days}|january|february|april|june|july|(sept|nov|dec)ember|october")
    small = 0
    for sentence in sentences:
        for token, tag in zip(sentence["tokens"], sentence["tags"], strict=True):
            named = tag.endswith(("DATE", "PER", "ORG"))
            assert named or not calendar.fullmatch(token), " ".join(sentence["tokens"])
            small += tag == "B-DATE" and token.islower()
    assert small >= 25


def test_capitals_at_the_start_do_not_give_entities_away(sentences):
    first = Counter(
        sentence["tags"][0] == "O" for sentence in sentences if sentence["tokens"][0][0].isupper()
    )
    assert first[True] > first[False] > 100
