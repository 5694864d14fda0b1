"""`head-series`: the same small BERT with 1, 2, 4, 8 and 16 heads, and how well each predicts a masked word.

One layer, so that heads cannot be made up for by depth; hidden size 64, so that all five have the same number of
parameters. The models with the first seed are stored, the others only measured.
"""

from __future__ import annotations

import json
import random
import shutil

import torch
from torch.nn.functional import cross_entropy

from grader.lab.checkpoints import sha256, verify
from grader.lab.course import data_folder
from grader.lab.training.bert import (
    CLS,
    SEP,
    first,
    guesses,
    ids_of,
    mask,
    mean,
    single_pieces,
    tokenizer,
    without_dropout,
    world,
)
from grader.lab.training.loop import fit, pad, state_folder
from grader.lab.training.recipe import TOLERANCE

HEADS = (1, 2, 4, 8, 16)
SEEDS = (0, 1, 2)
STEPS = 1_000
LEARNING_RATE = 3e-3
HIDDEN = 64


def batch(rng: random.Random, done: float) -> dict[str, torch.Tensor]:
    """Single sentences, masked as for `tiny-bert`."""
    ids = pad([[CLS, *ids_of(world().sentence(rng)), SEP] for _ in range(64)])
    inputs, labels = mask(ids, torch.Generator().manual_seed(rng.getrandbits(62)))
    return {"input_ids": inputs, "attention_mask": (ids != 0).long(), "labels": labels}


def loss(model, given: dict[str, torch.Tensor]) -> torch.Tensor:
    labels = given.pop("labels")
    masked = labels != -100
    return cross_entropy(model.cls(model.bert(**given).last_hidden_state[masked]), labels[masked])


def train(heads: int, seed: int, steps: int = STEPS):
    """`BertForMaskedLM` with so many heads."""
    from transformers import BertConfig, BertForMaskedLM

    torch.manual_seed(seed)
    config = BertConfig(
        vocab_size=len(tokenizer()), hidden_size=HIDDEN, num_hidden_layers=1, num_attention_heads=heads,
        intermediate_size=4 * HIDDEN, max_position_embeddings=64, pad_token_id=0,
    )  # fmt: skip
    model = BertForMaskedLM(config)
    without_dropout(model)
    return fit(f"head-series-{heads}-{seed}", model, batch, steps, LEARNING_RATE, seed, loss=loss)


def cases(count: int) -> list[tuple]:
    """Sentences, a position in each, and the true distribution there."""
    rng, result = random.Random("measure heads"), []
    while len(result) < count:
        words = world().sentence(rng)
        position = rng.randrange(len(words) - 1)
        if len(ids_of([words[position]])) == 1:
            result.append((words, position, single_pieces(words, position, False)))
    return result


def measure(model, asked: list[tuple]) -> float:
    """Accuracy at one masked word of a sentence."""
    return mean(
        [guess == words[at] for guess, (words, at, _) in zip(guesses(model, asked), asked, strict=True)]
    )


class HeadSeries:
    """Trains, stores and checks the series; has the same two verbs as a `Recipe`."""

    name = "head-series"
    after: tuple[str, ...] = ()

    @property
    def folder(self):
        return data_folder() / "checkpoints" / self.name

    def make(self) -> None:
        asked = cases(1_000)
        draft = state_folder() / "head-series.draft"
        shutil.rmtree(draft, ignore_errors=True)
        rows = []
        for heads in HEADS:
            accuracies = []
            for seed in SEEDS:
                model = train(heads, seed)
                accuracies.append(round(measure(model, asked), 4))
                if seed == SEEDS[0]:
                    model.save_pretrained(draft / f"heads-{heads}")
                    tokenizer().save_pretrained(draft / f"heads-{heads}")
            parameters = sum(p.numel() for p in model.parameters())
            rows.append(
                {
                    "heads": heads,
                    "head_size": HIDDEN // heads,
                    "parameters": parameters,
                    "accuracies": accuracies,
                }
            )
        best = round(mean([truth[first(truth)] for _, _, truth in asked]), 4)
        files = sorted(path for path in draft.rglob("*") if path.is_file())
        record = {
            "figures": {f"accuracy_{row['heads']}": row["accuracies"][0] for row in rows} | {"best": best},
            "curve": rows,
            "sha256": {path.relative_to(draft).as_posix(): sha256(path) for path in files},
        }
        (draft / "figures.json").write_text(json.dumps(record, indent=2) + "\n", "utf-8")
        (draft / "README.md").write_text(card(rows, best), "utf-8")
        shutil.rmtree(self.folder, ignore_errors=True)
        shutil.move(draft, self.folder)
        for path in state_folder().glob("head-series-*.pt"):
            path.unlink()

    def check(self) -> list[str]:
        """What is wrong with the stored series; the models with the first seed are measured again."""
        from transformers import BertForMaskedLM

        try:
            verify(self.folder)
        except OSError as error:
            return [str(error)]
        record = json.loads((self.folder / "figures.json").read_text("utf-8"))
        problems = []
        if (self.folder / "README.md").read_text("utf-8") != card(record["curve"], record["figures"]["best"]):
            problems.append("README.md does not state the figures of figures.json")
        asked = cases(1_000)
        for heads in HEADS:
            model = BertForMaskedLM.from_pretrained(self.folder / f"heads-{heads}").eval()
            found, stated = measure(model, asked), record["figures"][f"accuracy_{heads}"]
            if abs(found - stated) > TOLERANCE:
                problems.append(f"{heads} heads: the card says {stated}, measured is {found:.4f}")
        return problems


def card(rows: list[dict], best: float) -> str:
    lines = "\n".join(
        f"| {row['heads']} | {row['head_size']} | {row['parameters']:,} | "
        + " | ".join(f"{value:.3f}" for value in row["accuracies"])
        + f" | {mean(row['accuracies']):.3f} |"
        for row in rows
    )
    return f"""---
license: apache-2.0
language: en
library_name: transformers
---

# head-series

The same BERT for masked words, one layer and hidden size {HIDDEN}, with {", ".join(map(str, HEADS[:-1]))} and {HEADS[-1]} heads:
accuracy at one masked word of a new sentence of the little world (1,000 of them), for three seeds each. The best that is possible
under the grammar is {best:.3f}.

| heads | size of a head | parameters | {" | ".join(f"seed {seed}" for seed in SEEDS)} | mean |
|---|---|---|{"---|" * (len(SEEDS) + 1)}
{lines}

All have the same number of parameters. Training is short, far from the best possible: the curve shows how much each has
learnt in the same time. Seeds differ by several hundredths, with one head by much more.

The models with seed 0 are stored in `heads-1` to `heads-16`, and load with
`BertForMaskedLM.from_pretrained(checkpoint("head-series") + "/heads-4")`; the numbers for plotting are the `curve` in
`figures.json`.

Training: {STEPS:,} steps of 64 freshly drawn sentences, AdamW, learning rate {LEARNING_RATE}, cosine, no dropout. Made by
`make models NAME=head-series`; `make models NAME=head-series CHECK=1` measures the stored models again.
"""


RECIPE = HeadSeries()
