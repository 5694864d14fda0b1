"""The film reviews are balanced, all different, and give their labels away by nothing but what they say."""

import re
from collections import Counter, defaultdict
from pathlib import Path

import pytest
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import roc_auc_score
from sklearn.pipeline import make_pipeline

from grader.lab.corpora import corpus, read
from grader.lab.course import data_folder

CARD = data_folder() / "corpora" / "film-reviews" / "README.md"
SOLUTIONS = Path(__file__).parents[2] / "solutions"
HIDDEN = SOLUTIONS / "08_sequence_classification" / "hidden" / "reviews.jsonl"
PHENOMENA = {
    "plain",
    "negation",
    "contrast",
    "irony",
    "faint-praise",
    "expectation",
    "comparison",
    "conditional",
}
PUBLIC = ("train", "validation", "test")
# A student's bundle has no solutions/. Where that folder is there, the hidden set must be too.
instructors_only = pytest.mark.skipif(not SOLUTIONS.is_dir(), reason="the hidden set is with the instructor")
SPLITS = (*PUBLIC, pytest.param("hidden", marks=instructors_only))


@pytest.fixture(scope="module")
def splits():
    loaded = {name: split.to_list() for name, split in corpus("film-reviews").items()}
    return loaded | ({"hidden": read(HIDDEN)} if SOLUTIONS.is_dir() else {})


@pytest.fixture(scope="module")
def reviews(splits):
    return [review for split in splits.values() for review in split]


@pytest.fixture(scope="module")
def bag_of_words(splits):
    train = splits["train"]
    model = make_pipeline(TfidfVectorizer(), LogisticRegression())
    return model.fit([review["text"] for review in train], [review["label"] for review in train])


def words(text):
    return re.findall(r"[a-z0-9']+", text.lower())


def accuracy(model, split):
    return model.score([review["text"] for review in split], [review["label"] for review in split])


def test_splits_have_the_size_that_was_agreed(splits):
    assert set(splits) - {"hidden"} == set(PUBLIC)
    assert len(splits["train"]) >= 1000
    assert min(len(split) for split in splits.values()) >= 200


def test_the_hidden_set_is_not_among_what_students_get():
    assert {path.name for path in CARD.parent.iterdir()} == {
        "README.md",
        *(f"{name}.jsonl" for name in PUBLIC),
    }


def test_records_have_their_four_fields(reviews):
    for review in reviews:
        assert set(review) == {"text", "label", "film", "phenomena"}
        assert review["label"] in (0, 1)
        assert review["phenomena"] and set(review["phenomena"]) <= PHENOMENA
        assert "plain" not in review["phenomena"] or review["phenomena"] == ["plain"]
        assert review["film"] == review["film"].strip() != ""


def test_reviews_are_short_and_plainly_typed(reviews):
    for review in reviews:
        assert 8 <= len(review["text"].split()) <= 45, review["text"]
        assert re.fullmatch(r"[A-Za-z0-9 .,:;?!'\"()-]+", review["text"]), review["text"]
        assert "  " not in review["text"] and review["text"] == review["text"].strip()


@pytest.mark.parametrize("name", SPLITS)
def test_labels_are_balanced_within_each_film(splits, name):
    """So no film's name, and nothing that only says which film it is, tells the label."""
    labels = defaultdict(list)
    for review in splits[name]:
        labels[review["film"]].append(review["label"])
    assert all(2 * sum(found) == len(found) >= 6 for found in labels.values())


def test_no_film_is_in_two_splits(splits):
    films = Counter(film for split in splits.values() for film in {review["film"] for review in split})
    assert [film for film, count in films.items() if count > 1] == []


def test_no_five_words_in_a_row_stand_in_two_reviews(reviews):
    first = {}
    for number, review in enumerate(reviews):
        text = words(review["text"])
        for five in zip(*(text[start:] for start in range(5)), strict=False):
            assert first.setdefault(five, number) == number, five


def test_no_two_reviews_are_nearly_the_same(reviews):
    # Cosines of 1 on the diagonal; 0.6 is about half of the words in common, in any order.
    vectors = TfidfVectorizer().fit_transform([review["text"] for review in reviews])
    alike = (vectors @ vectors.T).tocoo()
    assert [
        (reviews[row]["text"], reviews[column]["text"])
        for row, column, cosine in zip(alike.row, alike.col, alike.data, strict=True)
        if row < column and cosine > 0.6
    ] == []


def test_openings_vary(reviews):
    openings = Counter(tuple(words(review["text"])[:3]) for review in reviews)
    assert max(openings.values()) <= 3, openings.most_common(3)
    first = Counter(words(review["text"])[0] for review in reviews)
    assert max(first.values()) < 0.1 * len(reviews), first.most_common(3)


@pytest.mark.parametrize("name", SPLITS)
def test_every_split_has_enough_of_every_phenomenon(splits, name):
    split = splits[name]
    count = Counter(phenomenon for review in split for phenomenon in review["phenomena"])
    for phenomenon in ("negation", "contrast"):
        assert count[phenomenon] >= 0.2 * len(split)
    for phenomenon in ("irony", "expectation", "comparison"):
        assert count[phenomenon] >= 0.04 * len(split)
    assert set(count) == PHENOMENA
    assert 0.2 < count["plain"] / len(split) < 0.45
    for phenomenon in ("plain", "negation", "contrast"):
        labels = [review["label"] for review in split if phenomenon in review["phenomena"]]
        assert 0.3 < sum(labels) / len(labels) < 0.7, phenomenon


@pytest.mark.parametrize("name", SPLITS)
def test_length_tells_nothing(splits, name):
    labels = [review["label"] for review in splits[name]]
    area = roc_auc_score(labels, [len(review["text"].split()) for review in splits[name]])
    assert 0.4 < area < 0.6


@pytest.mark.parametrize("name", SPLITS[1:])
def test_a_bag_of_words_gets_somewhere_but_not_far(splits, bag_of_words, name):
    assert 0.55 < accuracy(bag_of_words, splits[name]) < 0.75


@pytest.mark.parametrize("name", SPLITS)
def test_card_states_the_counts(splits, name):
    split = splits[name]
    count = Counter(phenomenon for review in split for phenomenon in review["phenomena"])
    row = [
        f"`{name}`",
        len(split),
        len({review["film"] for review in split}),
        sum(review["label"] for review in split),
        sum(len(review["text"].split()) for review in split),
        *(
            count[phenomenon]
            for phenomenon in (
                "plain",
                "negation",
                "contrast",
                "irony",
                "expectation",
                "comparison",
                "faint-praise",
                "conditional",
            )
        ),
    ]
    assert f"| {' | '.join(map(str, row))} |" in CARD.read_text("utf-8")


@pytest.mark.parametrize("name", SPLITS[1:])
def test_card_states_the_baseline(splits, bag_of_words, name):
    assert f"| `{name}` | {accuracy(bag_of_words, splits[name]):.2f} |" in CARD.read_text("utf-8")


def test_card_states_the_licence():
    card = CARD.read_text("utf-8")
    assert card.startswith("---\nlicense: cc-by-4.0\n") and "CC BY 4.0" in card
