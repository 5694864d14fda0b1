"""The stored corpus is what its card says, and what the world would write again."""

import re

import pytest

from grader.lab.corpora import corpus
from grader.lab.course import data_folder
from grader.lab.training.corpus import SIZES, little_world
from grader.lab.world import World

FOLDER = data_folder() / "corpora" / "little-world"


@pytest.fixture(scope="module")
def splits():
    return corpus("little-world")


def test_the_grammar_writes_it_again(splits):
    assert {name: split.to_list() for name, split in splits.items()} == little_world()


def test_splits_share_no_document(splits):
    texts = [tuple(row["sentences"]) for split in splits.values() for row in split]
    assert len(texts) == len(set(texts)) == sum(SIZES.values())


def test_every_document_is_of_the_little_world(splits):
    world = World()
    for row in splits["test"].select(range(100)):
        assert world.grammatical(" ".join(row["sentences"]))
    assert {row["scene"] for row in splits["test"]} == {scene.name for scene, _, _ in world.scenes}


def test_only_plain_characters(splits):
    for split in splits.values():
        for row in split:
            for sentence in row["sentences"]:
                assert re.fullmatch(r"[a-z]+( ,|( [a-z]+))* \.", sentence)


def test_the_card_counts_right(splits):
    card = (FOLDER / "README.md").read_text("utf-8")
    for name, split in splits.items():
        sentences = [sentence for row in split for sentence in row["sentences"]]
        words = sum(len(sentence.split()) for sentence in sentences)
        assert f"| {name} | {len(split):,} | {len(sentences):,} | {words:,} |" in card
    assert f"has {len(World().words):,} words" in card


def test_files_are_small():
    assert all(path.stat().st_size < 3_000_000 for path in FOLDER.iterdir())
