"""Draws the hidden questions of the kinds whose prompts are documents again; all others were written by hand and stay.

    python solutions/11_sentence_pairs/hidden/questions.py

They are told in sentences of templates that no question in data/ has. Writes `questions.jsonl` beside this file, which
is the instructor's, as its seed is.
"""

from __future__ import annotations

import json
import random
from functools import partial
from pathlib import Path

from grader.lab.choices import draw_questions, situations
from grader.lab.corpora import read

QUESTIONS = Path(__file__).with_name("questions.jsonl")
SEED = 29
COUNTS = {"topic": 60, "interrupted": 100, "continuation": 24}


def drawn() -> list[dict]:
    """The drawn questions, one kind after the other."""
    rng = random.Random(SEED)
    found: list[dict] = []
    for kind, count in COUNTS.items():
        source = partial(getattr(situations, kind), told_by=situations.half(1))
        found += draw_questions(count, rng, apart_from=found, kinds={kind: (1, (source,))})
    return found


def main() -> None:
    by_hand = [question for question in read(QUESTIONS) if question["kind"] not in COUNTS]
    questions = drawn()
    lines = (json.dumps(question, ensure_ascii=False) + "\n" for question in questions + by_hand)
    QUESTIONS.write_text("".join(lines), "utf-8")
    print(f"{len(questions)} drawn, {len(by_hand)} written by hand")


if __name__ == "__main__":
    main()
