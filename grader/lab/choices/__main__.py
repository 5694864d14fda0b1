"""Draws the questions of data/corpora/choices again; those that were written by hand stay as they are."""

import json
import random
from itertools import chain

from grader.lab.choices import KINDS, draw_questions
from grader.lab.corpora import read
from grader.lab.course import data_folder

SEED = 15
DRAWN = {"train": 600, "validation": 150, "test": 150}


def splits() -> dict[str, list[dict]]:
    """The drawn questions of each split; no two splits share one."""
    rng = random.Random(SEED)
    drawn: dict[str, list[dict]] = {}
    for name, count in DRAWN.items():
        drawn[name] = draw_questions(count, rng, apart_from=chain.from_iterable(drawn.values()))
    return drawn


def main() -> None:
    for name, drawn in splits().items():
        path = data_folder() / "corpora" / "choices" / f"{name}.jsonl"
        questions = drawn + [question for question in read(path) if question["kind"] not in KINDS]
        lines = (json.dumps(question, ensure_ascii=False) + "\n" for question in questions)
        path.write_text("".join(lines), "utf-8")
        print(f"{path.name}: {len(drawn)} drawn, {len(questions) - len(drawn)} written by hand")


if __name__ == "__main__":
    main()
