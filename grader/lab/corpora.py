"""The course's corpora, as `datasets` objects.

Each corpus is a folder of `data/corpora/` with a card (`README.md`) and one file a split. The ending of
a file names its form: `.jsonl` (one record a line), `.conll` (word and BIO tag in columns, an empty line
between sentences) or `.json` (SQuAD).
"""

from __future__ import annotations

import difflib
import json
from pathlib import Path

from grader.lab.course import data_folder


def corpus(name: str):
    """The corpus `name` as a `datasets.DatasetDict` with one entry a split.

    Raises `ValueError` for a name that does not exist, with the nearest ones, and for a damaged file, with
    the line that cannot be read.
    """
    from datasets import Dataset, DatasetDict

    folder = data_folder() / "corpora" / name
    known = sorted(path.name for path in folder.parent.iterdir() if path.is_dir())
    if name not in known:
        near = difflib.get_close_matches(name, known, n=3, cutoff=0.3) or known
        raise ValueError(f"there is no corpus {name!r}; did you mean {' or '.join(near)}?")
    files = sorted(path for path in folder.iterdir() if path.suffix in READERS)
    return DatasetDict({path.stem: Dataset.from_list(read(path)) for path in files})


def read(path: Path) -> list[dict]:
    """The records of one split's file; its ending says how it is read."""
    return READERS[path.suffix](path)


def read_jsonl(path: Path) -> list[dict]:
    records = []
    for number, line in enumerate(path.read_text("utf-8").splitlines(), 1):
        try:
            records.append(json.loads(line))
        except json.JSONDecodeError as error:
            raise ValueError(f"{path.name}, line {number}, is not a JSON record: {error}") from None
    return records


def read_conll(path: Path) -> list[dict]:
    records = []
    for number, block in enumerate(path.read_text("utf-8").strip().split("\n\n"), 1):
        rows = [line.split() for line in block.splitlines()]
        if any(len(row) < 2 for row in rows):
            raise ValueError(f"{path.name}, sentence {number}, has a line without a tag")
        records.append({"tokens": [row[0] for row in rows], "tags": [row[-1] for row in rows]})
    return records


def read_squad(path: Path) -> list[dict]:
    """One record a question, in the columns that `datasets` gives SQuAD 2.0."""
    return [
        {
            "id": question["id"],
            "title": article["title"],
            "context": paragraph["context"],
            "question": question["question"],
            "answers": {
                "text": [answer["text"] for answer in question["answers"]],
                "answer_start": [answer["answer_start"] for answer in question["answers"]],
            },
        }
        for article in json.loads(path.read_text("utf-8"))["data"]
        for paragraph in article["paragraphs"]
        for question in paragraph["qas"]
    ]


READERS = {".jsonl": read_jsonl, ".conll": read_conll, ".json": read_squad}
