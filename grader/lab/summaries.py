"""Short documents of the little world, each with a summary of one sentence that is known to be true.

    draw_summaries(100, random.Random(13))      # [{"text": ..., "summary": ...}, ...]

    python -m grader.lab.summaries              # writes data/corpora/summaries again

A summary gathers what two or three sentences say: its parts are chosen by what the document is about and by
what stands in it, so that the same document always has the same summary.
"""

from __future__ import annotations

import json
import random
import re

from grader.lab.course import data_folder
from grader.lab.prose import written
from grader.lab.world import Story, World

SEED = 13
SPLITS = {"train": 1500, "validation": 200, "test": 200}
SENTENCES = (3, 5)

# For each scene the parts of a summary, and for each part its possible forms: the first whose pattern is found
# in the document is taken. \1 is what the pattern found; {person[name]} is what the document is about.
PARTS: dict[str, list[list[tuple[str, str]]]] = {
    "country": [
        [(r"(speaks|studies)", r"{person[name]} \1 {country[language]}")],
        [
            (r"every \w+ s?he visits (\w+ \w+)", r"visits \1 in {country[capital]}"),
            (r"(\w+ \w+) in \w+ teaches", r"learns it from \1"),
        ],
        [(r"likes the", "likes {country[capital]}"), (r"looks at the (\w+)", r"sees the \1 of {country[capital]}")],
        [(r"sends (?:her|his) (\w+) (an? \w+)", r"sends \2 to {person[her]} \1")],
    ],
    "work": [
        [
            (r"^[^.]*(?:from|lives in) (\w+)", r"{person[name]} from \1 is {job[a]} {job[name]} at the {job[place]}"),
            (r"", "{person[name]} is {job[a]} {job[name]} at the {job[place]}"),
        ],
        [
            (r"comes home , \w+ is (\w+)", r"comes home \1"),
            (r"after work \w+ reads (an? \w+)", r"reads \1 after work"),
            (r"thinks that .* is (\w+)", r"has work that is \1"),
        ],
        [(r"on (\w+) s?he plays the (\w+)", r"plays the \2 on \1")],
    ],
    "animals": [
        [
            (r"^[^.]* in the", "the {animal[name]} in the {animal[place]} {animal[eat]} {animal[food]}"),
            (r"^the \w+ near the (\w+)", r"the {animal[name]} near the \1 {animal[eat]} {animal[food]}"),
        ],
        [
            (r", the \w+ sleeps? near the (\w+)", r"{animal[sleep]} near the \1"),
            (r"(?:run|runs) from", "{animal[run]} home"),
        ],
    ],
    "meal": [
        [
            (r" makes ", "{person[name]} makes {dish[a]} {dish[name]} with {dish[first]} and {dish[second]}"),
            (r" wants ", "{person[name]} wants {dish[a]} {dish[name]} with {dish[first]} and {dish[second]}"),
        ],
        [(r"s?he eats it with (\w+ \w+)", r"eats it with \1"), (r" is (\w+) (?:\.|but)", r"finds it \1")],
        [(r"washes the (\w+)", r"washes the \1")],
    ],
    "weather": [
        [(r"", "it is {weather[adjective]} in {town[name]}")],
        [(r"people carry", "people carry {weather[thing]}"), (r"the (\w+) of \w+ have", r"the \1 carry {weather[thing]}")],
        [(r"the {weather[likes]} ", "the {weather[likes]} are glad")],
        [(r"tomorrow it will be (\w+)", r"tomorrow will be \1"), (r"next (\w+) the (\w+) begins", r"next \1 the \2 begins")],
    ],
    "film": [
        [(r"", "{person[name]} saw a {quality} film , the {first[name]} {second[name]}")],
        [(r"when s?he left , \w+ was (\w+)", r"was \1")],
        [(r"gave it (\w+) stars and (\w+) it", r"gave it \1 stars"), (r"newspaper (\w+)", r"the newspaper \1 it")],
    ],
    "visit": [
        [(r"", "we found a {quality} {venue[name]} in {town[name]}")],
        [(r"(my \w+) (\w+) when we left", r"\1 \2"), (r"(my \w+) was (\w+)", r"\1 was \2")],
        [(r"(\w+) stars", r"we gave it \1 stars")],
    ],
    "journey": [
        [(r"", "{person[name]} goes to {country[capital]} by {vehicle[name]}")],
        [(r"reads (an? \w+) about", r"reads \1 about {country[name]}"), (r"learns some", "learns {country[language]}")],
        [(r"sees (\w+ \w+)", r"sees \1")],
        [(r"writes (an? \w+) to", r"writes \1 to {person[her]} {person[mother]}")],
    ],
    "search": [
        [(r"", "{person[name]} looks for the {thing[name]} of {friend[name]}")],
        [
            (r"finds it in the", "{friend[name]} finds it in the {thing[opens]}"),
            (r"sees the \w+ under the (\w+)", r"{friend[name]} sees it under the \1"),
            (r"helps", "{friend[name]} helps {person[him]}"),
            (r"thinks that it is near the (\w+)", r"{friend[name]} thinks that it is near the \1"),
        ],
    ],
    "sport": [
        [
            (r"with the last", "{friend[name]} beats {person[name]} at {sport[name]}"),
            (r"wins because", "{person[name]} beats {friend[name]} at {sport[name]}"),
            (r"", "{person[name]} and {friend[name]} play {sport[name]} at the {sport[place]}"),
        ],
        [(r"and drink (\w+)", r"afterwards they drink \1"), (r"gives them (\w+)", r"afterwards they drink \1")],
    ],
    "birthday": [
        [
            (r"(?:buys \w+|brings the \w+ \w+ and) (an? (?:\w+ )?\w+) \.",
             r"in {month[name]} {person[name]} gets \1 from {friend[name]}"),
        ],
        [(r"with (\w+) candles", r"has a cake with \1 candles"), (r"sings for", "hears a song")],
        [(r"(they all|the \w+) (?:eat|drink) \w+ and (play \w+|dance to the \w+)", r"\1 \2")],
    ],
}  # fmt: skip


def summary(story: Story) -> str:
    """One sentence about the story, in the little world's spelling."""
    text = " ".join(word for sentence in story.sentences for word in sentence)
    about = dict(story.about)
    if "opinion" in about:
        about["quality"] = "good" if about["opinion"]["advises"] == "recommends" else "bad"
    parts = []
    for forms in PARTS[story.scene]:
        for pattern, form in forms:
            if found := re.search(pattern.format(**about), text):
                parts.append(found.expand(form.format(**about)))
                break
    if not parts:
        raise ValueError(f"the scene {story.scene!r} has no part for {text!r}")
    *first, last = parts
    return (" , ".join(first) + " and " if first else "") + last + " ."


def draw_summaries(count: int, rng: random.Random) -> list[dict]:
    """`count` documents of 3 to 5 sentences with their summaries; no document is there twice."""
    world, found = World(), {}
    while len(found) < count:
        story = world.story(rng)
        if SENTENCES[0] <= len(story.sentences) <= SENTENCES[1]:
            text = written(" ".join(word for sentence in story.sentences for word in sentence))
            found.setdefault(text, written(summary(story)))
    return [{"text": text, "summary": short} for text, short in found.items()]


def splits() -> dict[str, list[dict]]:
    drawn = iter(draw_summaries(sum(SPLITS.values()), random.Random(SEED)))
    return {name: [next(drawn) for _ in range(count)] for name, count in SPLITS.items()}


def main() -> None:
    folder = data_folder() / "corpora" / "summaries"
    for name, records in splits().items():
        lines = (json.dumps(record, ensure_ascii=False) + "\n" for record in records)
        (folder / f"{name}.jsonl").write_text("".join(lines), "utf-8")
        print(f"{name}: {len(records)} documents")


if __name__ == "__main__":
    main()
