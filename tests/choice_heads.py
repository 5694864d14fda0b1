"""How right the choice heads of lesson 11 are, fresh and trained, by the lesson's own code.

python tests/choice_heads.py                # 40 fresh heads and 20 trainings, some two minutes
python tests/choice_heads.py --trainings 0  # the fresh heads alone, in seconds
"""

from __future__ import annotations

import argparse
import ast
import contextlib
import functools
import io
import statistics
from collections.abc import Callable

import torch
from answers import COURSE

from grader.classroom import canonical
from grader.lab.corpora import corpus, read

LESSON = "11_sentence_pairs"
HIDDEN = COURSE.solutions / LESSON / "hidden"
GRADED = ("topic", "interrupted")
KEPT = {"tokenizer", "questions", "part", "to_learn"}


@functools.cache
def lesson() -> dict:
    """What the solution notebook imports and defines, and what it trains on; nothing else of it is run."""
    names: dict = {}
    for cell in canonical.read(COURSE.notebook(LESSON)).cells:
        if cell.cell_type == "code":
            kept = [statement for statement in ast.parse(cell.source).body if _is_kept(statement)]
            exec(compile(ast.Module(kept, []), LESSON, "exec"), names)
    names["display"] = lambda shown: None
    return names


def _is_kept(statement: ast.stmt) -> bool:
    if isinstance(statement, (ast.Assign, ast.AugAssign)):
        targets = statement.targets if isinstance(statement, ast.Assign) else [statement.target]
        return any(isinstance(target, ast.Name) and target.id in KEPT for target in targets)
    return isinstance(statement, (ast.Import, ast.ImportFrom, ast.FunctionDef))


@functools.cache
def asked() -> dict[str, dict[str, list[dict]]]:
    """The questions of the graded kinds that a practising student is asked, and the hidden ones."""
    everything = {
        "practice": corpus("choices")["validation"].to_list(),
        "hidden": read(HIDDEN / "questions.jsonl"),
    }
    return {
        where: {kind: [q for q in questions if q["kind"] == kind] for kind in GRADED}
        for where, questions in everything.items()
    }


@functools.cache
def pooled(where: str, kind: str) -> torch.Tensor:
    """What every choice head reads of these questions before any training, (questions, choices, H)."""
    given, model = asked()[where][kind], lesson()["new_chooser"](0).eval()
    vectors = []
    for start in range(0, len(given), 20):
        batch = lesson()["batch_of"](given[start : start + 20])
        with torch.no_grad():
            rows = {name: x.flatten(0, 1) for name, x in batch.items()}
            vectors.append(model.bert(**rows).pooler_output.reshape(*batch["input_ids"].shape[:2], -1))
    return torch.cat(vectors)


@functools.cache
def fresh(seed: int) -> torch.nn.Linear:
    """The choice head that is drawn under this seed."""
    return lesson()["new_chooser"](seed).classifier


def choices_of(head: Callable, where: str, kind: str) -> list[int]:
    """What a head that maps (..., H) to (..., 1) takes, the body being as it was pretrained."""
    with torch.no_grad():
        return head(pooled(where, kind)).squeeze(-1).argmax(-1).tolist()


def share_right(taken: list[int], where: str, kind: str) -> float:
    labels = [question["label"] for question in asked()[where][kind]]
    return sum(map(int.__eq__, taken, labels)) / len(labels)


def trained(seed: int):
    """The lesson's training from another fresh head, in another order and with other dropout."""
    model = lesson()["new_chooser"](seed)
    torch.manual_seed(seed)
    with contextlib.redirect_stdout(io.StringIO()):
        lesson()["fine_tune"](model, lesson()["to_learn"], seed=seed)
    return model.eval()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--heads", type=int, default=40)
    parser.add_argument("--trainings", type=int, default=20)
    options = parser.parse_args()
    sets = [(where, kind) for where in asked() for kind in GRADED]
    rows = {"fresh": [], "trained": []}
    for seed in range(options.heads):
        head = fresh(seed)
        rows["fresh"].append([share_right(choices_of(head, *key), *key) for key in sets])
    for seed in range(options.trainings):
        model = trained(seed)
        rows["trained"].append([lesson()["share_right"](model, asked()[a][b]) for a, b in sets])
        print("trained", seed, *(f"{share:.2f}" for share in rows["trained"][-1]), flush=True)
    for name, found in rows.items():
        for key, shares in zip(sets, zip(*found, strict=True), strict=False):
            spread = [min(shares), statistics.median(shares), max(shares)]
            print(f"{len(found)} {name}: {' '.join(key)}: least, median, most", *(f"{x:.2f}" for x in spread))
        if name == "fresh":
            lucky = [row for row in found if row[2] >= 0.8]
            print(f"    right on 80 % of the hidden topics: {len(lucky)} of {len(found)} fresh heads")


if __name__ == "__main__":
    main()
