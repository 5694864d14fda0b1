"""`tiny-bert-choice`: which of four sentences goes on with a document of the little world.

The wrong ones come from the same place in other documents about the same kind of thing, and are such that the
little world could not say them here: another name or pronoun, another country's capital, another number.
"""

from __future__ import annotations

import random

import torch

from grader.lab.checkpoints import checkpoint
from grader.lab.training.bert import CLS, SEP, ids_of, tokenizer, world
from grader.lab.training.loop import fit, pad
from grader.lab.training.recipe import Figure, Recipe

STEPS = 3_000
LEARNING_RATE = 1e-3
EASY = 0.4  # the part of the steps in which hard questions become more, until all are
CHOICES = 4


def example(rng: random.Random, hard: float = 1.0) -> dict:
    """`prompt`, `choices` (each a text) and the `label` of the one that goes on.

    `hard` is the chance that the wrong ones are about the same kind of thing, and not about anything.
    """
    while True:
        story = world().story(rng)
        at = rng.randrange(1, len(story.sentences))
        prompt = [word for sentence in story.sentences[max(0, at - 2) : at] for word in sentence]
        before = [word for sentence in story.sentences[:at] for word in sentence]
        choices = [story.sentences[at]]
        scene = story.scene if rng.random() < hard else None
        for _ in range(200):
            if len(choices) == CHOICES:
                label = rng.randrange(CHOICES)
                choices[0], choices[label] = choices[label], choices[0]
                texts = [" ".join(words) for words in choices]
                return {"prompt": " ".join(prompt), "choices": texts, "label": label}
            other = world().story(rng, scene).sentences
            fits = len(other) > at and other[at] not in choices
            if fits and not world().grammatical(before + other[at]):
                choices.append(other[at])


def encode(record: dict) -> list[tuple[list[int], list[int]]]:
    """Ids and segments of `[CLS] prompt [SEP] choice [SEP]`, one pair a choice."""
    front = [CLS, *ids_of(record["prompt"].split()), SEP]
    backs = [[*ids_of(choice.split()), SEP] for choice in record["choices"]]
    return [(front + back, [0] * len(front) + [1] * len(back)) for back in backs]


def inputs(records: list[dict]) -> dict[str, torch.Tensor]:
    """What the model takes, each `(B, C, L)`, and `labels (B,)`."""
    rows = [row for record in records for row in encode(record)]
    ids = pad([row[0] for row in rows]).view(len(records), CHOICES, -1)
    types = pad([row[1] for row in rows]).view(len(records), CHOICES, -1)
    labels = torch.tensor([record["label"] for record in records])
    return {"input_ids": ids, "token_type_ids": types, "attention_mask": (ids != 0).long(), "labels": labels}


def batch(rng: random.Random, done: float) -> dict[str, torch.Tensor]:
    """Easy questions at first: with hard ones alone the loss stayed where guessing has it."""
    return inputs([example(rng, min(1.0, done / EASY)) for _ in range(16)])


def train(seed: int = 0, steps: int = STEPS):
    from transformers import BertForMultipleChoice

    torch.manual_seed(seed)
    model = BertForMultipleChoice.from_pretrained(checkpoint("tiny-bert"))
    fit("tiny-bert-choice", model, batch, steps, LEARNING_RATE, seed)
    return model, tokenizer()


def measure(folder: str, count: int = 400) -> dict[str, float]:
    from transformers import BertForMultipleChoice

    model = BertForMultipleChoice.from_pretrained(folder).eval()
    rng = random.Random("measure choices")
    right = 0
    for _ in range(0, count, 50):
        given = inputs([example(rng) for _ in range(50)])
        labels = given.pop("labels")
        with torch.no_grad():
            right += (model(**given).logits.argmax(-1) == labels).sum().item()
    return {"accuracy": right / count}


RECIPE = Recipe(
    "tiny-bert-choice", train, measure, after=("tiny-bert",),
    figures={"accuracy": Figure("accuracy on 400 new questions with four choices; guessing gives 0.25", least=0.85)},
    about="""
`tiny-bert` with a multiple-choice head: one or two sentences of a little world's document, and four that might come next. The
wrong ones stand at the same place in other documents on the same kind of thing, so that only names, pronouns, numbers and
facts tell which one it is.
""",
    training=f"""
{STEPS:,} steps of 16 freshly drawn questions, easy ones at first (AdamW, learning rate {LEARNING_RATE}, cosine, seed 0).
""",
    base_class="AutoModelForMultipleChoice",
)  # fmt: skip
