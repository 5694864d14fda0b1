"""`tiny-bert`: BERT's own two tasks on the little world, and how well it does on them.

The curriculum follows what was measured: a masked model sees a given fact far less often than a causal one,
because only some positions are predicted. So the first part of the steps takes single sentences in large
batches, of which nearly all of the signal is the words of the sentence, and then come pairs. With these two alone
agreement and next sentences were learnt (0.92 and 0.99), but hardly a capital: 0.04. A last part therefore asks in
half of its rows for one word of a fact (a country, a job, an animal), the rest of the sentence being there to find it from.
"""

from __future__ import annotations

import random
from functools import cache

import torch
from torch.nn.functional import cross_entropy

from grader.lab.training.loop import fit, pad
from grader.lab.training.recipe import Figure, Recipe
from grader.lab.training.tokenizers import word_piece_tokenizer
from grader.lab.world import World
from grader.lab.world.words import ANIMALS, COUNTRIES, JOBS

STEPS = 6_000
ALONE = 0.5  # the part of the steps on single sentences
PROBABILITY = 0.2  # of a position to be predicted; 0.15 in the paper
LEARNING_RATE = 2e-3
FACT_STEPS = 3_500  # after the others
FACT_SCENES = ("country", "journey", "work", "work", "animals")
FACT_LEARNING_RATE = 1.5e-3


def configuration():
    from transformers import BertConfig

    return BertConfig(
        vocab_size=len(tokenizer()), hidden_size=96, num_hidden_layers=2, num_attention_heads=4,
        intermediate_size=384, max_position_embeddings=128, pad_token_id=0,
    )  # fmt: skip


def train(seed: int = 0, steps: int = STEPS, fact_steps: int = FACT_STEPS):
    """`BertForPreTraining`, trained from random weights, and its tokenizer."""
    from transformers import BertForPreTraining

    torch.manual_seed(seed)
    config = configuration()
    model = BertForPreTraining(config)
    without_dropout(model)
    fit("tiny-bert", model, pretraining_batch, steps, LEARNING_RATE, seed, loss=pretraining_loss)
    fit("tiny-bert.facts", model, fact_batch, fact_steps, FACT_LEARNING_RATE, seed, loss=pretraining_loss)
    return model, tokenizer()


def without_dropout(model) -> None:
    """Endless text cannot be learnt by heart, so dropout only slows such a small network down."""
    for module in model.modules():
        if isinstance(module, torch.nn.Dropout):
            module.p = 0.0
        if hasattr(module, "dropout_prob"):
            module.dropout_prob = 0.0


@cache
def world() -> World:
    return World()


@cache
def tokenizer():
    return word_piece_tokenizer()


@cache
def word_pieces(word: str) -> tuple[int, ...]:
    """The ids of a word, also of one that is not in the little world."""
    return tuple(tokenizer()(word, add_special_tokens=False)["input_ids"])


def ids_of(words) -> list[int]:
    """The ids of a list of words; the same as the tokenizer's, and a hundred times faster."""
    return [piece for word in words for piece in word_pieces(word)]


CLS, SEP, MASK_ID = 2, 3, 4


def pretraining_batch(rng: random.Random, done: float) -> dict[str, torch.Tensor]:
    """Single sentences at first, then pairs of which half belong together, masked as BERT masks."""
    return alone_batch(rng, 128) if done < ALONE else pair_batch(rng)


def fact_batch(rng: random.Random, done: float) -> dict[str, torch.Tensor]:
    """Single sentences, in half of which one word of a fact is masked; every fourth time pairs."""
    if rng.random() < 0.25:
        return pair_batch(rng)
    batch = alone_batch(rng, 64)
    rows, labels = zip(*(fact_row(rng) for _ in range(64)), strict=True)
    width = max(batch["labels"].shape[1], *map(len, rows))
    both = {
        "input_ids": (batch["input_ids"], pad(list(rows)), 0),
        "labels": (batch["labels"], pad(list(labels), -100), -100),
    }
    joined = {
        key: torch.cat([widened(part, width, value) for part in (first, second)])
        for key, (first, second, value) in both.items()
    }
    return complete(**joined)


def widened(ids: torch.Tensor, width: int, value: int) -> torch.Tensor:
    return torch.nn.functional.pad(ids, (0, width - ids.shape[1]), value=value)


@cache
def facts() -> dict[str, frozenset[int]]:
    """For every word of a fact, the numbers of the facts it belongs to: a country, a job, a kind of animal each."""
    rows = [[row[key] for key in ("name", "capital", "language")] for row in COUNTRIES]
    rows += [[row[key] for key in ("name", "place", "things", "tool")] for row in JOBS]
    rows += [[row[key] for key in ("name", "food", "place")] for row in ANIMALS]
    found: dict[str, set[int]] = {}
    for number, words in enumerate(rows):
        for word in words:
            found.setdefault(word, set()).add(number)
    return {word: frozenset(numbers) for word, numbers in found.items()}


def fact_row(rng: random.Random) -> tuple[list[int], list[int]]:
    """A sentence with at least two words of one fact, one of them masked wherever it stands, and its labels."""
    while True:
        words = rng.choice(world().story(rng, rng.choice(FACT_SCENES)).sentences)
        told = [word for word in words if word in facts()]
        askable = [
            word for word in told if any(facts()[word] & facts()[other] for other in told if other != word)
        ]
        if askable:
            chosen, ids, labels = rng.choice(askable), [CLS], [-100]
            for word in words:
                pieces = word_pieces(word)
                ids += [MASK_ID] * len(pieces) if word == chosen else pieces
                labels += pieces if word == chosen else [-100] * len(pieces)
            return [*ids, SEP], [*labels, -100]


def alone_batch(rng: random.Random, count: int) -> dict[str, torch.Tensor]:
    return masked_batch([[CLS, *ids_of(world().sentence(rng)), SEP] for _ in range(count)], rng)


def pair_batch(rng: random.Random) -> dict[str, torch.Tensor]:
    long = rng.random() < 0.15  # now and then all that comes before and after
    rows = [pair(rng, long) for _ in range(64)]
    types = pad([[0] * len(first) + [1] * len(second) for first, second, _ in rows])
    batch = masked_batch([first + second for first, second, _ in rows], rng)
    return batch | {
        "token_type_ids": types,
        "next_sentence_label": torch.tensor([label for *_, label in rows]),
    }


def masked_batch(rows: list[list[int]], rng: random.Random) -> dict[str, torch.Tensor]:
    inputs, labels = mask(pad(rows), torch.Generator().manual_seed(rng.getrandbits(62)))
    return complete(inputs, labels)


def complete(input_ids: torch.Tensor, labels: torch.Tensor) -> dict[str, torch.Tensor]:
    """The model's arguments for texts that are not pairs."""
    return {
        "input_ids": input_ids, "labels": labels, "attention_mask": (input_ids != 0).long(),
        "token_type_ids": torch.zeros_like(input_ids), "next_sentence_label": torch.full((len(input_ids),), -100),
    }  # fmt: skip


def pretraining_loss(model, batch: dict[str, torch.Tensor]) -> torch.Tensor:
    """Both losses, or the masked one alone where no pair is among the examples.

    The same value as the model's own loss; the vocabulary is scored only where a word was masked.
    """
    next_sentence_label = batch.pop("next_sentence_label")
    labels = batch.pop("labels")
    body = model.bert(**batch)
    masked = labels != -100
    loss = cross_entropy(model.cls.predictions(body.last_hidden_state[masked]), labels[masked])
    if (next_sentence_label != -100).any():
        loss = loss + cross_entropy(model.cls.seq_relationship(body.pooler_output), next_sentence_label)
    return loss


def pair(rng: random.Random, long: bool) -> tuple[list[int], list[int], int]:
    """`[CLS] first [SEP]`, `second [SEP]`, and 1 where `second` comes from elsewhere."""
    document = world().document(rng)
    at = rng.randrange(len(document) - 1)
    first = document[: at + 1] if long else [document[at]]
    label = int(rng.random() < 0.5)
    second = document[at + 1 :] if long else [document[at + 1]]
    if label:
        second = [rng.choice(world().document(rng))]
    front = ids_of(word for sentence in first for word in sentence)
    back = ids_of(word for sentence in second for word in sentence)
    return [CLS, *front, SEP], [*back, SEP], label


def mask(input_ids: torch.Tensor, generator: torch.Generator) -> tuple[torch.Tensor, torch.Tensor]:
    """80 % of the chosen become `[MASK]`, 10 % another piece, 10 % stay (Devlin et al. 2018)."""
    size = len(tokenizer())
    choose = torch.rand(input_ids.shape, generator=generator) < PROBABILITY
    choose &= input_ids > MASK_ID
    action = torch.rand(input_ids.shape, generator=generator)
    other = torch.randint(MASK_ID + 1, size, input_ids.shape, generator=generator)
    inputs = torch.where(choose & (action < 0.8), MASK_ID, input_ids)
    inputs = torch.where(choose & (action >= 0.9), other, inputs)
    return inputs, torch.where(choose, input_ids, -100)


def measure(folder: str, count: int = 1_000, seed: int = 1) -> dict[str, float]:
    """What the card says of the checkpoint in `folder`, measured on `count` new sentences.

    In each sentence one word that is a single piece is masked. The best possible accuracy comes from the
    exact distribution of that word, restricted to such words.
    """
    from transformers import BertForPreTraining

    model = BertForPreTraining.from_pretrained(folder).eval()
    rng = random.Random(f"measure {seed}")
    cases = []
    while len(cases) < count:
        words = world().sentence(rng)
        position = rng.randrange(len(words) - 1)
        if len(word_pieces(words[position])) == 1:
            cases.append(
                (words, position, single_pieces(words, position, False), single_pieces(words, position, True))
            )
    right = guesses(model, cases)
    hits = [guess == words[position] for guess, (words, position, _, _) in zip(right, cases, strict=True)]
    best = [max(both.values()) for _, _, both, _ in cases]
    left = [max(before.values()) for _, _, _, before in cases]
    decided = [
        n
        for n, (_, _, both, before) in enumerate(cases)
        if max(both.values()) > 0.9 and before[first(both)] <= 0.5
    ]
    capitals = [hit for hits in capitals_known(model).values() for hit in hits]
    return {
        "masked_accuracy": mean(hits),
        "masked_accuracy_best": mean(best),
        "masked_accuracy_ratio": mean(hits) / mean(best),
        "masked_accuracy_left": mean(left),
        "right_decides_accuracy": mean([hits[n] for n in decided]),
        "right_decides_best": mean([best[n] for n in decided]),
        "right_decides_left": mean([cases[n][3][first(cases[n][2])] for n in decided]),
        "capitals": mean(capitals),
        "jobs": mean(jobs_known(model)),
        "next_sentence_accuracy": next_sentence_accuracy(model, count, rng),
    }


def first(distribution: dict):
    return next(iter(distribution))


def mean(values) -> float:
    return sum(values) / len(values)


def single_pieces(words, position: int, left_only: bool) -> dict[str, float]:
    """The truth, given that the word at `position` is a single piece."""
    truth = {w: p for w, p in world().truth(words, position, left_only).items() if len(word_pieces(w)) == 1}
    total = sum(truth.values())
    return {word: p / total for word, p in truth.items()}


def guesses(model, cases) -> list[str]:
    """The likeliest piece at each masked word."""
    rows, places = [], []
    for words, position, *_ in cases:
        front, back = ids_of(words[:position]), ids_of(words[position + 1 :])
        places.append(len(front) + 1)
        rows.append([CLS, *front, MASK_ID, *back, SEP])
    result = []
    for start in range(0, len(rows), 250):
        ids = pad(rows[start : start + 250])
        with torch.no_grad():
            logits = model(input_ids=ids, attention_mask=(ids != 0).long())[0]
        at = torch.tensor(places[start : start + 250])
        result += tokenizer().convert_ids_to_tokens(logits[torch.arange(len(ids)), at].argmax(-1).tolist())
    return result


def capitals_known(model) -> dict[str, tuple[bool, bool]]:
    """For each country: whether its capital is found from it, and it from its capital."""
    cases = []
    for country, capital in world().capitals.items():
        words = f"the capital of {country} is {capital} .".split()
        cases += [(words, 5), (words, 3)]
    found = [guess == words[at] for guess, (words, at) in zip(guesses(model, cases), cases, strict=True)]
    return {country: (found[2 * n], found[2 * n + 1]) for n, country in enumerate(world().capitals)}


def jobs_known(model) -> list[bool]:
    """Whether a job is found from the one place where it is done, "the ... works at the school with his son"."""
    places = [job["place"] for job in JOBS]
    cases = [
        (f"the {job['name']} works at the {job['place']} with {her} {relative} .".split(), 1)
        for job in JOBS
        if places.count(job["place"]) == len(word_pieces(job["name"])) == 1
        for her, relative in (("her", "sister"), ("her", "uncle"), ("his", "cousin"), ("his", "son"))
    ]
    return [guess == words[at] for guess, (words, at) in zip(guesses(model, cases), cases, strict=True)]


def next_sentence_accuracy(model, count: int, rng: random.Random) -> float:
    """On pairs of single sentences, half of which are adjacent."""
    rows, labels = [], []
    for _ in range(count):
        document = world().document(rng)
        at = rng.randrange(len(document) - 1)
        labels.append(int(rng.random() < 0.5))
        second = rng.choice(world().document(rng)) if labels[-1] else document[at + 1]
        rows.append(([CLS, *ids_of(document[at]), SEP], [*ids_of(second), SEP]))
    ids = pad([a + b for a, b in rows])
    types = pad([[0] * len(a) + [1] * len(b) for a, b in rows])
    with torch.no_grad():
        output = model(input_ids=ids, token_type_ids=types, attention_mask=(ids != 0).long())
    return (output.seq_relationship_logits.argmax(-1) == torch.tensor(labels)).float().mean().item()


RECIPE = Recipe(
    "tiny-bert", train, measure,
    figures={
        "masked_accuracy": Figure("accuracy at one masked word of a new sentence (1,000 of them)"),
        "masked_accuracy_best": Figure("the best that is possible under the grammar"),
        "masked_accuracy_ratio": Figure("the first over the second", least=0.95),
        "masked_accuracy_left": Figure("the best that is possible from the words to the left alone"),
        "right_decides_accuracy": Figure("accuracy where only the words to the right decide", least=0.8),
        "right_decides_best": Figure("the best that is possible there"),
        "right_decides_left": Figure("the best that is possible there from the left alone"),
        "capitals": Figure("capitals found from their countries, and countries from their capitals", least=1.0),
        "jobs": Figure("jobs found from the place alone where they are done", least=0.9),
        "next_sentence_accuracy": Figure("next-sentence accuracy, half of 1,000 pairs being adjacent", least=0.93),
    },
    about="""
A BERT (2 layers, hidden size 96, 4 heads, 128 positions) with both of its pretraining heads, masked words and next
sentence, that has read the little world: documents of two to five sentences of a seeded grammar of simple English. It is
here to be looked into, and to be measured against the exact probabilities of that grammar. It knows nothing else.

Its tokenizer is WordPiece, lower case; most words of the little world are one piece, compounds are several, and
other words fall apart into letters.
""",
    training=f"""
{STEPS:,} steps on freshly drawn text, the first {ALONE:.0%} of them on single sentences in batches of 128, the rest on
pairs in batches of 64; then {FACT_STEPS:,} steps in which half of the rows ask for one word of a fact: about a
country, a job or an animal. {PROBABILITY:.0%} of the pieces of all other rows are predicted (80 % masked, 10 % replaced,
10 % kept). AdamW, learning rate {LEARNING_RATE}, then {FACT_LEARNING_RATE}, cosine, seed 0, no dropout while training;
the configuration keeps BERT's 0.1 for fine-tuning.
""",
    base_class="BertForPreTraining",
)  # fmt: skip
