"""What a recipe is, and how a trained model becomes a checkpoint with a card that tells the truth."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from grader.lab.checkpoints import sha256, verify
from grader.lab.course import data_folder
from grader.lab.training.loop import state_folder

TOLERANCE = 0.01  # between a figure in a card and the same figure on another machine


@dataclass(frozen=True)
class Figure:
    """One number of a card: what it says, and the least or most it may be."""

    says: str
    least: float = float("-inf")
    most: float = float("inf")


@dataclass(frozen=True)
class Recipe:
    """How one checkpoint is made and measured."""

    name: str
    train: Callable  # () -> (model, tokenizer)
    measure: Callable[[str], dict[str, float]]  # folder -> figures
    figures: dict[str, Figure]
    about: str  # the card's text: architecture, data, limits
    training: str  # steps, batches, learning rate, seed
    after: tuple[str, ...] = ()  # recipes whose checkpoints this one starts from
    base_class: str = ""  # the library's class that loads it

    @property
    def folder(self) -> Path:
        return data_folder() / "checkpoints" / self.name

    def make(self) -> None:
        """Train, measure, and write the checkpoint; nothing is replaced until all of it is there."""
        model, tokenizer = self.train()
        draft = state_folder() / f"{self.name}.draft"
        shutil.rmtree(draft, ignore_errors=True)
        model.save_pretrained(draft)
        tokenizer.save_pretrained(draft)
        found = {key: round(value, 4) for key, value in self.measure(str(draft)).items()}
        sums = {path.name: sha256(path) for path in sorted(draft.iterdir())}
        record = {"figures": found, "sha256": sums}
        (draft / "figures.json").write_text(json.dumps(record, indent=2) + "\n", "utf-8")
        (draft / "README.md").write_text(self.card(found), "utf-8")
        shutil.rmtree(self.folder, ignore_errors=True)
        shutil.move(draft, self.folder)
        for path in [*state_folder().glob(f"{self.name}.pt"), *state_folder().glob(f"{self.name}.*.pt")]:
            path.unlink()

    def check(self) -> list[str]:
        """What is wrong with the stored checkpoint: files, card or figures; nothing if all is well."""
        try:
            verify(self.folder)
        except OSError as error:
            return [str(error)]
        stated = json.loads((self.folder / "figures.json").read_text("utf-8"))["figures"]
        problems = self.shortfalls(stated)
        card = self.folder / "README.md"
        if not card.is_file() or card.read_text("utf-8") != self.card(stated):
            problems.append("README.md does not state the figures of figures.json")
        found = self.measure(str(self.folder))
        for key in self.figures:
            slack = TOLERANCE * max(1.0, abs(found[key]))
            if key not in stated or abs(stated[key] - found[key]) > slack:
                problems.append(f"{key}: the card says {stated.get(key)}, measured is {found[key]:.4f}")
        return problems + [problem for problem in self.shortfalls(found) if problem not in problems]

    def shortfalls(self, found: dict[str, float]) -> list[str]:
        return [
            f"{key} is {found[key]:.4f}, it has to be between {figure.least} and {figure.most}"
            for key, figure in self.figures.items()
            if key in found and not figure.least <= found[key] <= figure.most
        ]

    def card(self, found: dict[str, float]) -> str:
        rows = "\n".join(f"| {figure.says} | {found[key]:.4g} |" for key, figure in self.figures.items())
        return f"""---
license: apache-2.0
language: en
library_name: transformers
---

# {self.name}

{self.about.strip()}

## Training

{self.training.strip()}

Made by this course, by `make models NAME={self.name}`. Load it with
`{self.base_class}.from_pretrained(checkpoint("{self.name}"))`.

## Figures

| | |
|---|---|
{rows}

Measured by `make models NAME={self.name} CHECK=1`, which fails where this table does not tell the truth.
"""
