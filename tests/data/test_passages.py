"""The passages are sound SQuAD 2.0: offsets are exact, splits share nothing, questions ask for something."""

import json
import re
import unicodedata
from collections import Counter
from itertools import combinations

import pytest
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import roc_auc_score

from grader.lab.corpora import corpus, read
from grader.lab.course import data_folder

FOLDER = data_folder() / "corpora" / "passages"
SPLITS = ("train", "validation", "test")
NUMBER = re.compile(
    r"(?:\d[\d,.]*|\b(?:one|two|three|four|five|six|seven|eight|nine|ten|eleven|twelve|thirteen|fifteen|eighteen"
    r"|nineteen|twenty|thirty|forty|fifty|sixty|seventy|eighty|ninety|hundred|thousand|million|half|once|twice)\b)",
    re.IGNORECASE,
)
NAME = re.compile(r"\b[A-Z]\w+(?:[ -](?:(?:de|von|van|le|al) ?)*[A-Z][\w'-]*)*")
COMMON = frozenset(
    re.findall(
        r"\w+",
        "a an the of in on to at by for from with and or is was were are did do does how what which who whom whose"
        " when where why many much long it its his her that this be been as not they their",
    )
)


@pytest.fixture(scope="module")
def articles():
    return {name: json.loads((FOLDER / f"{name}.json").read_text("utf-8"))["data"] for name in SPLITS}


@pytest.fixture(scope="module")
def records():
    return {name: read(FOLDER / f"{name}.json") for name in SPLITS}


@pytest.fixture(scope="module")
def everything(records):
    return [record for name in SPLITS for record in records[name]]


@pytest.fixture(scope="module")
def card():
    return " ".join((FOLDER / "README.md").read_text("utf-8").split())


def words(text):
    return re.findall(r"\w+", text.lower())


def contexts(records):
    return list(dict.fromkeys(record["context"] for record in records))


def answerable(records):
    return [record for record in records if record["answers"]["text"]]


def test_files_have_the_form_of_squad():
    for name in SPLITS:
        document = json.loads((FOLDER / f"{name}.json").read_text("utf-8"))
        assert set(document) == {"version", "data"} and document["version"] == "v2.0"
        for article in document["data"]:
            assert set(article) == {"title", "paragraphs"} and article["title"] and article["paragraphs"]
            for paragraph in article["paragraphs"]:
                assert set(paragraph) == {"context", "qas"} and paragraph["qas"]
                for question in paragraph["qas"]:
                    assert set(question) == {"id", "question", "answers", "is_impossible"}
                    assert question["is_impossible"] is (not question["answers"]), question["id"]
                    assert all(set(answer) == {"text", "answer_start"} for answer in question["answers"])
    assert {path.name for path in FOLDER.iterdir()} == {"README.md", *(f"{name}.json" for name in SPLITS)}


def test_the_loader_gives_every_question(articles, records):
    loaded = corpus("passages")
    assert set(loaded) == set(SPLITS)
    for name in SPLITS:
        ids = [
            q["id"]
            for article in articles[name]
            for paragraph in article["paragraphs"]
            for q in paragraph["qas"]
        ]
        assert [record["id"] for record in records[name]] == ids
        assert loaded[name].to_list() == records[name]


def test_offsets_are_exact_and_on_word_boundaries(everything):
    for record in everything:
        context, answers = record["context"], record["answers"]
        assert len(answers["text"]) == len(answers["answer_start"])
        for text, start in zip(answers["text"], answers["answer_start"], strict=True):
            end = start + len(text)
            assert type(start) is int and start >= 0 and context[start:end] == text, record["id"]
            assert not re.match(r"\w\w", context[start - 1 : start + 1] if start else ""), record["id"]
            assert not re.match(r"\w\w", context[end - 1 : end + 1]), record["id"]


def test_answers_are_short_and_clean(everything):
    lengths = [len(text.split()) for record in everything for text in record["answers"]["text"]]
    assert max(lengths) <= 10
    assert sum(length <= 4 for length in lengths) / len(lengths) > 0.8
    for record in everything:
        spans = list(zip(record["answers"]["text"], record["answers"]["answer_start"], strict=True))
        assert len(spans) == len(set(spans)), record["id"]
        for text, _ in spans:
            assert text == text.strip() and text[-1] not in ".,;:?!" and text[0].isalnum(), record["id"]


def test_answers_to_one_question_agree(everything):
    """Acceptable answers overlap in the text, but for nine questions that two places of a passage answer."""
    apart = []
    for record in answerable(everything):
        spans = [
            (start, start + len(text))
            for text, start in zip(record["answers"]["text"], record["answers"]["answer_start"], strict=True)
        ]
        if any(a_end <= b or b_end <= a for (a, a_end), (b, b_end) in combinations(spans, 2)):
            apart.append(record["id"])
    assert len(apart) <= 9, apart


def test_ids_and_questions_are_unique(everything):
    ids = [record["id"] for record in everything]
    assert all(re.fullmatch("[0-9a-f]{24}", id) for id in ids) and len(set(ids)) == len(ids)
    questions = Counter(" ".join(words(record["question"])) for record in everything)
    assert questions.most_common(1)[0][1] == 1, questions.most_common(1)


def test_splits_share_nothing(articles):
    grams, owner = {}, {}
    for name in SPLITS:
        for article in articles[name]:
            assert article["title"].lower() not in owner, article["title"]
            owner[article["title"].lower()] = name
            for paragraph in article["paragraphs"]:
                text = words(paragraph["context"])
                own = {tuple(text[at : at + 6]) for at in range(len(text) - 5)}
                assert not own & grams.keys(), (
                    article["title"],
                    [grams[gram] for gram in own & grams.keys()],
                )
                grams.update(dict.fromkeys(own, article["title"]))


def test_no_two_splits_have_a_passage_about_the_same_names(articles):
    """At most two names of several words stand in two passages of different splits."""
    names = {}
    for split in SPLITS:
        for article in articles[split]:
            found = {
                n
                for p in article["paragraphs"]
                for n in NAME.findall(p["context"])
                if re.search(r"\w[ -]\w", n)
            }
            names[split, article["title"]] = found
    for (one, other), shared in (
        ((a, b), names[a] & names[b]) for a, b in combinations(names, 2) if a[0] != b[0]
    ):
        assert len(shared) <= 2, (one, other, shared)


def test_passages_have_the_lengths_that_were_agreed(articles):
    for name in SPLITS:
        texts = [p["context"] for article in articles[name] for p in article["paragraphs"]]
        lengths = [len(text.split()) for text in texts]
        assert all(50 <= length <= 120 or 250 <= length <= 350 for length in lengths), name
        assert any(length >= 250 for length in lengths), "every split needs a passage for windows"
        assert len(set(texts)) == len(texts)
        assert all(len(paragraph["qas"]) >= 5 for a in articles[name] for paragraph in a["paragraphs"])


def test_characters_are_those_of_written_english(everything, card):
    for record in everything:
        text = record["context"] + record["question"] + record["title"]
        assert text == unicodedata.normalize("NFC", text)
        for character in set(text):
            if not (character == "\n" and character in record["context"]):
                known = character in " .,;:?'-/" or character.isdigit()
                assert known or "LATIN" in unicodedata.name(character), (record["title"], character)
        assert not re.search(r"  | [.,;:?]|\n\s|\s\n|\s$|^\s|[.,;:]{2}", record["context"]), record["title"]
        assert re.fullmatch(r"[A-Z].*\S\?", record["question"]), record["question"]
        assert record["context"].endswith(".")
    accented = sum(not context.isascii() for context in contexts(everything))
    assert f"{accented} passages hold letters such as" in card
    assert accented > 20, "without letters of more than one byte, byte offsets go unnoticed"


def test_counts_and_shares(records):
    assert len(contexts(records["train"])) >= 80
    assert len(contexts(records["validation"])) >= 20 and len(contexts(records["test"])) >= 20
    assert sum(map(len, records.values())) >= 500
    for name in SPLITS:
        share = 1 - len(answerable(records[name])) / len(records[name])
        assert 0.17 <= share <= 0.25, (name, share)
        several = sum(len(record["answers"]["text"]) > 1 for record in records[name])
        assert several / len(records[name]) > 0.25, name


def test_question_words_vary(records):
    for name in SPLITS:
        first = Counter(
            next((w for w in words(r["question"]) if w in QUESTION_WORDS), "other") for r in records[name]
        )
        assert first["other"] == 0 and set(first) >= QUESTION_WORDS - {"whose", "whom"}, first
        assert first.most_common(1)[0][1] / len(records[name]) < 0.35, first


QUESTION_WORDS = {"who", "whom", "whose", "what", "which", "when", "where", "why", "how"}


def test_the_kind_of_answer_does_not_give_it_away(everything, card):
    """Most passages hold another number, or another name, than the one that is asked for."""
    rivals = []
    for record in answerable(everything):
        text = record["answers"]["text"][0]
        for kind in (NUMBER, NAME):
            if kind.fullmatch(text):
                # A capital at the start of a sentence does not yet make a name.
                found = {
                    m[0] for m in re.finditer(rf"(?<=[\w,;:] ){kind.pattern}", record["context"], kind.flags)
                }
                rivals.append(sum(other not in text and text not in other for other in found))
    assert len(rivals) > 200
    share = sum(rival >= 3 for rival in rivals) / len(rivals)
    assert share > 0.8 and f"in the same passage in {share:.0%} of the cases" in card


def test_questions_are_not_copied_from_the_passage(everything, card):
    """A run of five words in common is rare, and the sentence most like the question often misleads."""
    runs = right = 0
    for record in everything:
        question, text = words(record["question"]), words(record["context"])
        own = {tuple(text[at : at + 5]) for at in range(len(text) - 4)}
        runs += any(tuple(question[at : at + 5]) in own for at in range(len(question) - 4))
    share = runs / len(everything)
    assert share < 0.1 and f"{share:.0%} of the questions share five words in a row" in card
    asked = answerable(everything)
    for record in asked:
        best = most_similar_sentence(record["question"], record["context"])
        starts = record["answers"]["answer_start"]
        right += any(best[0] <= start < best[1] for start in starts)
    share = right / len(asked)
    assert 0.5 < share < 0.85 and f"holds the answer in {share:.0%} of the cases" in card


def most_similar_sentence(question, context):
    """Bounds of the sentence that shares most words with the question, the first of equals."""
    ends = [match.end() for match in re.finditer(r"[.](?=\s|$)", context)]
    bounds = list(zip([0, *ends[:-1]], ends, strict=True))
    wanted = set(words(question)) - COMMON
    return max(bounds, key=lambda bound: len(wanted & set(words(context[slice(*bound)]))))


def test_unanswerable_questions_are_plausible(records, card):
    """They speak of what the passage speaks of, and the question alone hardly tells them."""
    for name in SPLITS:
        for record in records[name]:
            if not record["answers"]["text"]:
                wanted = set(words(record["question"])) - COMMON
                assert wanted & set(words(record["context"])), record["question"]
    vectors = TfidfVectorizer(ngram_range=(1, 2), token_pattern=r"\w+")
    questions = {name: [record["question"] for record in records[name]] for name in SPLITS}
    labels = {name: [not record["answers"]["text"] for record in records[name]] for name in SPLITS}
    model = LogisticRegression(class_weight="balanced", max_iter=1000)
    model.fit(vectors.fit_transform(questions["train"]), labels["train"])
    held_out = questions["validation"] + questions["test"]
    scores = model.predict_proba(vectors.transform(held_out))[:, 1]
    area = roc_auc_score(labels["validation"] + labels["test"], scores)
    assert area == pytest.approx(float(re.search(r"ROC curve of (0\.\d+)", card)[1]), abs=0.02)
    assert area < 0.7


def test_the_card_counts_right(records, card):
    total = sum(len(contexts(split)) for split in records.values())
    assert f"{total} passages of English prose, and {sum(map(len, records.values()))} questions" in card
    for name in SPLITS:
        split, texts = records[name], contexts(records[name])
        several = sum(len(record["answers"]["text"]) > 1 for record in split)
        row = [
            f"`{name}`",
            len(texts),
            sum(len(text.split()) >= 250 for text in texts),
            sum(len(text.split()) for text in texts),
            len(split),
            len(split) - len(answerable(split)),
            several,
        ]
        assert "| " + " | ".join(map(str, row)) + " |" in card, row
    assert "CC BY 4.0" in card and "authors" in card
