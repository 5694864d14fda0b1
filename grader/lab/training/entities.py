"""`tiny-bert-ner`: names of people and places, dates and film titles in the little world's sentences.

Half of the training sentences have names that were made up on the spot, so that the model has to read what
stands around a name instead of knowing it by heart.
"""

from __future__ import annotations

import random
from functools import cache

import torch

from grader.lab.checkpoints import checkpoint
from grader.lab.training.bert import CLS, SEP, tokenizer, word_pieces, world
from grader.lab.training.loop import fit, pad
from grader.lab.training.recipe import Figure, Recipe
from grader.lab.world.words import CLASSES, TITLE_ADJECTIVES, TITLE_NOUNS

STEPS = 700
LEARNING_RATE = 1e-3
LABELS = ["O", "B-PER", "I-PER", "B-LOC", "I-LOC", "B-DATE", "I-DATE", "B-MISC", "I-MISC"]


@cache
def kinds() -> dict[str, str]:
    """The type of every word that is a name of its own."""
    places = [*world().towns, *world().capitals, *world().capitals.values()]
    dates = f"{CLASSES['day']} {CLASSES['month']}".split()
    return dict.fromkeys(world().people, "PER") | dict.fromkeys(places, "LOC") | dict.fromkeys(dates, "DATE")


def tags(words: list[str]) -> list[str]:
    """The BIO tags of a sentence; the title of a film, article included, is `MISC`."""
    result = [f"B-{kinds()[word]}" if word in kinds() else "O" for word in words]
    adjectives, nouns = ({row["name"] for row in rows} for rows in (TITLE_ADJECTIVES, TITLE_NOUNS))
    for at in range(len(words) - 2):
        if words[at] == "the" and words[at + 1] in adjectives and words[at + 2] in nouns:
            result[at : at + 3] = ["B-MISC", "I-MISC", "I-MISC"]
    return result


def invented(rng: random.Random) -> str:
    """A name that nobody has, such as *zemoru* or *haltin*."""
    syllables = [rng.choice("bdfghjklmnprstvwyz") + rng.choice("aeiou") for _ in range(rng.randint(2, 3))]
    return "".join(syllables) + rng.choice(["", "", "l", "m", "n", "r", "s", "x"])


def example(rng: random.Random, strange: float) -> tuple[list[str], list[str]]:
    """A sentence and its tags; with the chance `strange` its people and places have invented names."""
    words = world().sentence(rng)
    found = tags(words)
    if rng.random() < strange:
        other = {w: invented(rng) for w, tag in zip(words, found, strict=True) if tag in ("B-PER", "B-LOC")}
        words = [other.get(word, word) for word in words]
    return words, found


def encode(words: list[str], found: list[str]) -> tuple[list[int], list[int]]:
    """Ids with `[CLS]` and `[SEP]`, and labels: -100 for special tokens and later pieces of a word."""
    ids, labels = [CLS], [-100]
    for word, tag in zip(words, found, strict=True):
        pieces = word_pieces(word)
        ids += pieces
        labels += [LABELS.index(tag)] + [-100] * (len(pieces) - 1)
    return [*ids, SEP], [*labels, -100]


def batch(rng: random.Random, done: float) -> dict[str, torch.Tensor]:
    rows = [encode(*example(rng, 0.5)) for _ in range(32)]
    ids = pad([ids for ids, _ in rows])
    return {
        "input_ids": ids,
        "attention_mask": (ids != 0).long(),
        "labels": pad([row for _, row in rows], -100),
    }


def train(seed: int = 0, steps: int = STEPS):
    from transformers import BertForTokenClassification

    torch.manual_seed(seed)
    names = dict(enumerate(LABELS))
    model = BertForTokenClassification.from_pretrained(
        checkpoint("tiny-bert"),
        num_labels=len(LABELS),
        id2label=names,
        label2id={v: k for k, v in names.items()},
    )
    fit("tiny-bert-ner", model, batch, steps, LEARNING_RATE, seed)
    return model, tokenizer()


def measure(folder: str, count: int = 400) -> dict[str, float]:
    return {"f1": f1(folder, count, 0.0), "f1_invented": f1(folder, count, 1.0)}


def f1(folder: str, count: int, strange: float) -> float:
    from seqeval.metrics import f1_score
    from transformers import BertForTokenClassification

    model = BertForTokenClassification.from_pretrained(folder).eval()
    rng = random.Random("measure entities")
    examples = [example(rng, strange) for _ in range(count)]
    rows = [encode(*pair) for pair in examples]
    ids = pad([row for row, _ in rows])
    with torch.no_grad():
        best = model(input_ids=ids, attention_mask=(ids != 0).long()).logits.argmax(-1).tolist()
    predicted = [
        [LABELS[guess] for guess, label in zip(line, labels, strict=False) if label != -100]
        for line, (_, labels) in zip(best, rows, strict=True)
    ]
    return f1_score([found for _, found in examples], predicted)


RECIPE = Recipe(
    "tiny-bert-ner", train, measure, after=("tiny-bert",),
    figures={
        "f1": Figure("F1 over exact entities, 400 new sentences", least=0.97),
        "f1_invented": Figure("the same, all names of people and places being invented ones", least=0.9),
    },
    about="""
`tiny-bert` with a token-classification head for people (`PER`), places (`LOC`), days and months (`DATE`) and titles of films
(`MISC`) in BIO tags, fine-tuned on sentences of the little world. A word's label is that of its first piece. It reads the little
world's lower-case English and no other; names, though, may be any.
""",
    training=f"""
{STEPS:,} steps of 32 freshly drawn sentences, in half of which people and places have invented names (AdamW, learning rate
{LEARNING_RATE}, cosine, seed 0).
""",
    base_class="AutoModelForTokenClassification",
)  # fmt: skip
