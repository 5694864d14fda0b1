"""Texts of the little world as a person would write them: with capitals, without spaces before stops."""

from __future__ import annotations

import re

from grader.lab.world import words as w

PEOPLE = w.PEOPLE + w.FRIENDS
NAMES = {row["name"] for row in PEOPLE + w.TOWNS}
CALENDAR = {word for name in ("day", "month") for word in w.CLASSES[name].split()}
LANDS = {row[key] for row in w.COUNTRIES for key in ("name", "capital", "language", "continent")}
PROPER = NAMES | CALENDAR | LANDS


def phrase(text: str) -> str:
    """Words from inside a sentence: names with a capital, all else small."""
    words = [word.capitalize() if word in PROPER else word for word in text.split()]
    return re.sub(r" ([.,?])", r"\1", " ".join(words))


def written(text: str) -> str:
    """Whole sentences, each with a capital at its beginning."""
    return re.sub(r"(?:(?<=[.?] )|^)[a-z]", lambda first: first.group().upper(), phrase(text))
