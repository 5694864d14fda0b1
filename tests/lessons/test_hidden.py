"""Hidden data is with the instructor, and in nothing that a student gets: not as a file, not as text in another."""

import json
import re

import pytest
from answers import COURSE

from grader.classroom.bundle import contents
from grader.lab.corpora import read

FILES = sorted(path for lesson in COURSE.solutions.iterdir() for path in lesson.glob("hidden/*.json*"))

every_file = pytest.mark.parametrize("path", FILES, ids=lambda path: path.parts[-3])


def squeezed(text: str) -> str:
    """Letters and figures alone, so that quotes, escapes and line ends make no difference."""
    return re.sub(r"[^a-z0-9]", "", text.lower())


def texts(record) -> set[str]:
    """The texts of a record that matter, squeezed: all that are at least half as long as its longest."""
    found, inside = set(), [record]
    while inside:
        value = inside.pop()
        if isinstance(value, str):
            found.add(squeezed(value))
        elif isinstance(value, (dict, list)):
            inside += value.values() if isinstance(value, dict) else value
    return {text for text in found if 2 * len(text) >= max(map(len, found))}


@pytest.fixture(scope="module")
def bundled() -> dict[str, str]:
    """All files of the students' edition, data/ and notebooks/ among them, squeezed."""
    found = contents(COURSE)
    assert {name.partition("/")[0] for name in found} >= {"data", "notebooks", "grader"}
    return {name: squeezed(path.read_bytes().decode("utf-8", "ignore")) for name, path in found.items()}


def test_there_is_hidden_data():
    assert {path.parts[-3] for path in FILES} >= {"08_sequence_classification", "11_sentence_pairs"}


NEAR = 2000  # letters and figures between the texts of one record


def given_away(path, content: str) -> list[set[str]]:
    """The records whose texts all stand in one place of `content`. (A single one, such as a wrong choice, may well
    be a sentence that stands somewhere else, too.)"""
    records = [texts(record) for record in read(path)]
    assert len(records) >= 100
    return [record for record in records if stands_in(record, content)]


def stands_in(record: set[str], content: str) -> bool:
    longest = max(record, key=len)
    places = [match.start() for match in re.finditer(longest, content)]
    around = (content[max(0, place - NEAR) : place + NEAR] for place in places)
    return any(all(text in part for text in record) for part in around)


@every_file
def test_no_hidden_record_stands_in_what_students_get(path, bundled):
    assert [name for name, content in bundled.items() if given_away(path, content)] == []


@every_file
def test_no_hidden_record_stands_in_a_solution_notebook(path):
    """Its outputs are what an instructor shows around."""
    notebooks = COURSE.solutions.glob("**/*.ipynb")
    assert [nb.name for nb in notebooks if given_away(path, squeezed(nb.read_text("utf-8")))] == []


def test_hidden_records_are_found_where_they_stand():
    for path in FILES:
        assert len(given_away(path, squeezed(path.read_text("utf-8")))) == len(read(path))


def test_a_text_is_found_however_it_is_written():
    record = {"text": 'A "long" film, and I\'d see it again', "label": 1, "choices": ["short"]}
    (text,) = texts(record)
    assert text in squeezed(json.dumps({"source": [record["text"]]}))
    assert text in squeezed("... a LONG film -- and I'd see it again ...")
