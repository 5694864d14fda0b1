"""Writes `data/corpora/little-world/`: `python -m grader.lab.training.corpus`."""

from __future__ import annotations

import json
import random

from grader.lab.course import data_folder
from grader.lab.world import World

SIZES = {"train": 9_000, "validation": 1_000, "test": 1_000}
SEED = 2024


def little_world() -> dict[str, list[dict]]:
    """The records of each split. No document is in two splits, or twice in one."""
    world, seen, splits = World(), set(), {}
    for split, size in SIZES.items():
        rng = random.Random(f"{SEED} {split}")
        records = []
        while len(records) < size:
            story = world.story(rng)
            sentences = [" ".join(words) for words in story.sentences]
            if "\n".join(sentences) not in seen:
                seen.add("\n".join(sentences))
                records.append({"scene": story.scene, "sentences": sentences})
        splits[split] = records
    return splits


def write() -> None:
    folder = data_folder() / "corpora" / "little-world"
    folder.mkdir(parents=True, exist_ok=True)
    for split, records in little_world().items():
        lines = "".join(json.dumps(record) + "\n" for record in records)
        (folder / f"{split}.jsonl").write_text(lines, "utf-8")


if __name__ == "__main__":
    write()
