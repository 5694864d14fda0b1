"""`tiny-bart`: BART's own task, text infilling, on sentences of the little world."""

from __future__ import annotations

import random
from functools import cache

import torch

from grader.lab.training.bert import mean, without_dropout, world
from grader.lab.training.gpt2 import learn_byte_pairs
from grader.lab.training.loop import fit, pad
from grader.lab.training.recipe import Figure, Recipe

STEPS = 3_000
LEARNING_RATE = 2e-3
BATCH = 64
START, PAD, END, UNKNOWN, MASK = range(5)
PIECES = 1_664


@cache
def tokenizer():
    """BART's kind of tokenizer: byte pairs with `<s>`, `<pad>`, `</s>`, `<unk>` and `<mask>`."""
    from tokenizers import AddedToken
    from transformers import BartTokenizerFast

    special = ["<s>", "<pad>", "</s>", "<unk>", "<mask>"]
    vocabulary, merges = learn_byte_pairs(PIECES, special)
    return BartTokenizerFast(
        vocab=vocabulary, merges=merges, add_prefix_space=True, model_max_length=64,
        mask_token=AddedToken("<mask>", lstrip=True, special=True),
    )  # fmt: skip


@cache
def word_ids(word: str) -> tuple[int, ...]:
    return tuple(tokenizer()(word, add_special_tokens=False)["input_ids"])


def example(rng: random.Random) -> tuple[list[str], list[str]]:
    """A sentence in which one to three words are one `<mask>`, and the sentence."""
    words = world().sentence(rng)
    length = rng.randint(1, 3)
    at = rng.randrange(len(words) - length)
    return [*words[:at], "<mask>", *words[at + length :]], words


def ids_of(words: list[str]) -> list[int]:
    pieces = [piece for word in words for piece in ((MASK,) if word == "<mask>" else word_ids(word))]
    return [START, *pieces, END]


def batch(rng: random.Random, done: float) -> dict[str, torch.Tensor]:
    pairs = [example(rng) for _ in range(BATCH)]
    ids = pad([ids_of(words) for words, _ in pairs], PAD)
    labels = pad([ids_of(words) for _, words in pairs], -100)
    return {"input_ids": ids, "attention_mask": (ids != PAD).long(), "labels": labels}


def train(seed: int = 0, steps: int = STEPS):
    from transformers import BartConfig, BartForConditionalGeneration

    torch.manual_seed(seed)
    config = BartConfig(
        vocab_size=len(tokenizer()), d_model=64, encoder_layers=2, decoder_layers=2, encoder_attention_heads=4,
        decoder_attention_heads=4, encoder_ffn_dim=256, decoder_ffn_dim=256, max_position_embeddings=64,
        bos_token_id=START, pad_token_id=PAD, eos_token_id=END, decoder_start_token_id=END, forced_eos_token_id=END,
    )  # fmt: skip
    model = BartForConditionalGeneration(config)
    without_dropout(model)
    model.model.encoder.dropout = model.model.decoder.dropout = 0.0
    fit("tiny-bart", model, batch, steps, LEARNING_RATE, seed)
    return model, tokenizer()


def measure(folder: str, count: int = 300) -> dict[str, float]:
    """How often the greedy filling gives a sentence of the little world that keeps all that was to be seen."""
    from transformers import BartForConditionalGeneration

    model = BartForConditionalGeneration.from_pretrained(folder).eval()
    rng = random.Random("measure infilling")
    pairs = [example(rng) for _ in range(count)]
    ids = pad([ids_of(words) for words, _ in pairs], PAD)
    output = model.generate(
        input_ids=ids, attention_mask=(ids != PAD).long(), max_new_tokens=48, do_sample=False, num_beams=1
    )
    texts = [text.split() for text in tokenizer().batch_decode(output, skip_special_tokens=True)]
    kept = [keeps(given, text) for text, (given, _) in zip(texts, pairs, strict=True)]
    right = [ok and world().grammatical(text) for ok, text in zip(kept, texts, strict=True)]
    return {"filled_in": mean(right), "kept": mean(kept)}


def keeps(given: list[str], text: list[str]) -> bool:
    """Whether `text` has the words before and after the mask, and something between them."""
    at = given.index("<mask>")
    after = given[at + 1 :]
    return text[:at] == given[:at] and text[len(text) - len(after) :] == after and len(text) > len(given) - 1


RECIPE = Recipe(
    "tiny-bart", train, measure,
    figures={
        "filled_in": Figure("of 300 new sentences, filled in so that the grammar allows them", least=0.8),
        "kept": Figure("in which every visible word is kept", least=0.9),
    },
    about="""
A BART (2 + 2 layers, hidden size 64, 4 heads, `decoder_start_token_id` the end token as in every BART) that restores sentences
of the little world in which one to three words were replaced by a single `<mask>`, as in BART's own training.

Its tokenizer is byte-level BPE as BART's, learnt on the same text.
""",
    training=f"""
{STEPS:,} steps of {BATCH} freshly drawn sentences (AdamW, learning rate {LEARNING_RATE}, cosine, seed 0, no dropout while
training).
""",
    base_class="BartForConditionalGeneration",
)  # fmt: skip
