"""`tiny-bert-sentiment`: whether a review of the little world, a film's or a visit's, is positive."""

from __future__ import annotations

import random
from functools import cache

import torch

from grader.lab.checkpoints import checkpoint
from grader.lab.training.bert import CLS, SEP, ids_of, tokenizer, world
from grader.lab.training.loop import fit, pad
from grader.lab.training.recipe import Figure, Recipe
from grader.lab.world.words import OPINIONS

STEPS = 400
LEARNING_RATE = 5e-4


def example(rng: random.Random) -> tuple[list[list[str]], int]:
    """One to three adjacent sentences that hold an opinion, and 1 where it is a good one."""
    while True:
        story = world().story(rng)
        if "opinion" in story.about:
            first = rng.randrange(len(story.sentences))
            part = story.sentences[first : first + rng.randint(1, 3)]
            if any(len(opinion_words() & set(sentence)) for sentence in part):
                return part, int(story.about["opinion"] is OPINIONS[0])


@cache
def opinion_words() -> set[str]:
    """The words that tell one opinion from the other."""
    return {
        word
        for opinion in OPINIONS
        for words in opinion.values()
        for word in (words if isinstance(words, dict) else [words])
    }


def encode(part: list[list[str]]) -> list[int]:
    return [CLS, *ids_of(word for sentence in part for word in sentence), SEP]


def batch(rng: random.Random, done: float) -> dict[str, torch.Tensor]:
    examples = [example(rng) for _ in range(32)]
    ids = pad([encode(part) for part, _ in examples])
    labels = torch.tensor([label for _, label in examples])
    return {"input_ids": ids, "attention_mask": (ids != 0).long(), "labels": labels}


def train(seed: int = 0, steps: int = STEPS):
    from transformers import BertForSequenceClassification

    torch.manual_seed(seed)
    model = BertForSequenceClassification.from_pretrained(
        checkpoint("tiny-bert"), num_labels=2, id2label={0: "NEGATIVE", 1: "POSITIVE"},
        label2id={"NEGATIVE": 0, "POSITIVE": 1},
    )  # fmt: skip
    fit("tiny-bert-sentiment", model, batch, steps, LEARNING_RATE, seed)
    return model, tokenizer()


def measure(folder: str, count: int = 600) -> dict[str, float]:
    from transformers import BertForSequenceClassification

    model = BertForSequenceClassification.from_pretrained(folder).eval()
    rng = random.Random("measure sentiment")
    examples = [example(rng) for _ in range(count)]
    ids = pad([encode(part) for part, _ in examples])
    with torch.no_grad():
        best = model(input_ids=ids, attention_mask=(ids != 0).long()).logits.argmax(-1).tolist()
    right = [guess == label for guess, (_, label) in zip(best, examples, strict=True)]
    turned = [n for n, (part, _) in enumerate(examples) if any({"not", "although"} & set(s) for s in part)]
    return {"accuracy": sum(right) / count, "accuracy_turned": sum(right[n] for n in turned) / len(turned)}


RECIPE = Recipe(
    "tiny-bert-sentiment", train, measure, after=("tiny-bert",),
    figures={
        "accuracy": Figure("accuracy on 600 new texts, half of them good", least=0.95),
        "accuracy_turned": Figure("accuracy on those with *not* or *although*", least=0.95),
    },
    about="""
`tiny-bert` with a sequence-classification head, `NEGATIVE` and `POSITIVE`, fine-tuned on the little world's opinions about
films and places. Some texts turn around (*the plot was not dull but superb*, *although the film was boring, ...*); what
is said last is what is meant. Real reviews are beyond it: for those there is MiniLM.
""",
    training=f"""
{STEPS:,} steps of 32 freshly drawn texts of one to three sentences (AdamW, learning rate {LEARNING_RATE}, cosine, seed 0).
""",
    base_class="AutoModelForSequenceClassification",
)  # fmt: skip
