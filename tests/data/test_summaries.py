"""The summaries are well formed, all different, true, and more than a copied sentence."""

import re
from collections import Counter

import pytest

from grader.lab import summaries
from grader.lab.corpora import corpus
from grader.lab.course import data_folder
from grader.lab.prose import NAMES
from grader.lab.world.words import OPINIONS

FOLDER = data_folder() / "corpora" / "summaries"


# Words of summaries that need not stand in the document: its joints, verbs in another form, and the verdict.
JOINTS = (
    "a and at by for found from goes has hears home in is it learns looks saw sees they to we with "
    "afterwards are glad her him song beats carry drink eat eats finds gets play film good bad"
)


@pytest.fixture(scope="module")
def splits():
    return {name: split.to_list() for name, split in corpus("summaries").items()}


@pytest.fixture(scope="module")
def records(splits):
    return [record for split in splits.values() for record in split]


def words(text):
    return re.findall(r"\w+", text.lower())


def test_splits_have_the_size_of_the_card(splits):
    assert {name: len(split) for name, split in splits.items()} == summaries.SPLITS
    card = (FOLDER / "README.md").read_text("utf-8")
    for name, split in splits.items():
        lengths = [
            sum(len(words(record[key])) for record in split) / len(split) for key in ("text", "summary")
        ]
        assert f"| `{name}` | {len(split)} | {lengths[0]:.1f} | {lengths[1]:.1f} |" in card
    assert "CC BY 4.0" in card


def test_records_are_well_formed(records):
    for record in records:
        assert set(record) == {"text", "summary"}
        assert re.fullmatch(r"(?:[A-Z][A-Za-z, ]+\. ?){3,5}", record["text"]), record
        assert re.fullmatch(r"[A-Z][A-Za-z, ]+\.", record["summary"]), record
        for text in record.values():
            assert text == text.strip() and not re.search(r"  | [.,]|,,", text), record


def test_no_document_is_there_twice(records):
    assert [text for text, count in Counter(record["text"] for record in records).items() if count > 1] == []


def test_summaries_name_nobody_and_nothing_that_the_document_does_not(records):
    for record in records:
        new = set(words(record["summary"])) - set(words(record["text"]))
        assert not new & NAMES, record
        assert new <= set(JOINTS.split()), (new - set(JOINTS.split()), record)


def test_a_good_film_is_one_that_was_praised(records):
    good, bad = (set(row["adjective"]) for row in OPINIONS)
    judged = [record for record in records if re.search(r" a (good|bad) ", record["summary"])]
    assert len(judged) > 200
    plain = 0
    for record in judged:
        said = set(words(record["text"]))
        kinds = {kind for kind, group in (("good", good), ("bad", bad)) if said & group}
        if len(kinds) == 1:
            plain += 1
            assert f" a {kinds.pop()} " in record["summary"], record
    assert plain > 50


def test_who_wins_is_who_won(records):
    games = [record for record in records if " beats " in record["summary"]]
    assert len(games) > 30
    for record in games:
        winner, loser = re.match(r"(\w+) beats (\w+) at", record["summary"]).groups()
        assert re.search(rf"s?he beats {loser}\b|{winner} wins because", record["text"]), record


def test_summaries_are_shorter_and_not_copied(records):
    for record in records:
        assert record["summary"] not in record["text"]
        assert len(words(record["summary"])) < len(words(record["text"]))


def test_the_test_split_has_no_new_words(splits):
    seen = {word for record in splits["train"] for word in words(record["summary"])}
    for name in ("validation", "test"):
        found = [word for record in splits[name] for word in words(record["summary"])]
        assert sum(word not in seen for word in found) / len(found) < 0.01


def test_summaries_can_be_drawn_again(splits):
    """Where this fails after the little world has changed: python -m grader.lab.summaries, and look at the card."""
    assert summaries.splits() == {name: splits[name] for name in summaries.SPLITS}


def test_every_kind_of_document_has_a_summary():
    from grader.lab.world.grammar import SCENES

    assert {scene.name for scene in SCENES} == set(summaries.PARTS)
