"""The translations are well formed, all different, and French."""

import json
import re
from collections import Counter

import pytest

from grader.lab import translations
from grader.lab.corpora import corpus
from grader.lab.course import data_folder

FOLDER = data_folder() / "corpora" / "translations"
NAMES = "|".join(name for name, _ in translations.PERSONS)
WORD = r"[A-ZÉa-zàâçèéêëîïôœûù]+"


@pytest.fixture(scope="module")
def splits():
    return {name: split.to_list() for name, split in corpus("translations").items()}


@pytest.fixture(scope="module")
def pairs(splits):
    return [pair for split in splits.values() for pair in split]


def test_splits_have_the_size_of_the_card(splits):
    assert {name: len(split) for name, split in splits.items()} == translations.SPLITS
    card = (FOLDER / "README.md").read_text("utf-8")
    for name, split in splits.items():
        english = {word for pair in split for word in pair["en"].rstrip(".?").lower().split()}
        french = {word for pair in split for word in re.split(r"[ ']", pair["fr"].rstrip(".? ").lower())}
        assert f"| `{name}` | {len(split)} | {len(english)} | {len(french)} |" in card
    assert "CC BY 4.0" in card


def test_pairs_are_well_formed(pairs):
    for pair in pairs:
        assert set(pair) == {"en", "fr"}
        assert re.fullmatch(r"[A-Z][A-Za-z ]+[.?]", pair["en"]), pair
        assert re.fullmatch(rf"{WORD}(?:(?:[' -]|, ){WORD})*(?:\.| \?)", pair["fr"]), pair
        assert pair["fr"][0].isupper()
        assert pair["en"].endswith("?") == pair["fr"].endswith("?")
        assert 3 <= len(pair["en"].split()) <= 14


@pytest.mark.parametrize("side", ["en", "fr"])
def test_no_sentence_is_there_twice(pairs, side):
    assert [text for text, count in Counter(pair[side] for pair in pairs).items() if count > 1] == []


def test_french_contracts_and_elides(pairs):
    for pair in pairs:
        french = pair["fr"].lower()
        assert not re.search(r"\b(?:de le|de les|à le|à les) ", french), pair
        assert not re.search(r"\b(?:le|la|de|ne) [aàâeéèêiîoôuœ]", french), pair
        assert not re.search(r"\b(?:le|la|de) (?:homme|hôpital|herbe)", french), pair
        assert not re.search(r"\bl'(?:hérisson|[bcdfgjklmnpqrstvwxz])", french), pair
        assert not re.search(r"\bsa [aàâeéèêiîoôuœ]", french), pair


def test_subject_and_verb_agree(pairs):
    many = re.compile(
        r"(?:Les|De) .*? (?:est|a|dort|attend|joue|vit|court|voit|suit|regarde|nourrit|aime|mange)\b"
    )
    one = re.compile(
        r"(?:(?:Le|La|Un|Une) |L').*? (?:sont|ont|dorment|jouent|vivent|courent|mangent|aiment)\b"
    )
    for pair in pairs:
        assert not many.match(pair["fr"]), pair
        assert not one.match(pair["fr"]), pair


def test_names_are_kept_and_negation_has_both_parts(pairs):
    for pair in pairs:
        names = sorted(re.findall(rf"\b(?:{NAMES})\b", pair["en"]))
        assert sorted(re.findall(rf"\b(?:{NAMES})\b", pair["fr"])) == names, pair
        negated = re.search(r"\b(?:ne |n')\w+ pas\b", pair["fr"])
        assert bool(negated) == (" not " in pair["en"]), pair


def test_words_that_mean_a_number_or_a_day_are_translated(pairs):
    from grader.lab.french import DAYS, NUMBERS

    for pair in pairs:
        english, french = pair["en"].rstrip(".?").split(), re.findall(WORD, pair["fr"])
        for one, other in (DAYS | NUMBERS).items():
            assert (one in english) == (other in [word.lower() for word in french]), pair


def test_every_frame_is_there_and_the_test_words_are_known(splits):
    seen = {word for pair in splits["train"] for word in re.findall(WORD, pair["fr"].lower())}
    for name in ("validation", "test"):
        words = [word for pair in splits[name] for word in re.findall(WORD, pair["fr"].lower())]
        assert sum(word not in seen for word in words) / len(words) < 0.01
        for part in (
            "Il y a ",
            "Où est ",
            " capitale de",
            "Les ",
            "L'",
            " pas ",
            " qui ",
            "di, ",
            " parle ",
        ):
            assert any(part in pair["fr"] for pair in splits[name]), part


def test_pairs_can_be_drawn_again(splits):
    assert json.dumps(translations.splits()) == json.dumps(
        {name: splits[name] for name in translations.SPLITS}
    )
