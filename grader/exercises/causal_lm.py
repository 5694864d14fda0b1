"""Lesson 04: causal language modelling."""

from __future__ import annotations

import math
from collections.abc import Callable

import torch
import torch.nn.functional as F

from grader.exercises._models import build, gpt2_config
from grader.judge import Case, Exercise, Question, Quiz, expect

LESSON = "04_causal_lm"

# ---------------------------------------------------------------------------------------- causal_mask

causal_mask = Exercise(
    "causal_mask",
    points=2,
    takes=("length: int",),
    returns=("mask: bool (L, L)",),
    summary="Who may attend to whom in a model that reads from the left.",
    read="“The triangle”",
    hints=(
        "Row i belongs to the query at position i, column j to the key at position j. Write down row 0 and row 1 of length 4 by hand.",
        "`torch.arange(length)[:, None]` is a column of the i's, `torch.arange(length)` a row of the j's: compare them. Or start from "
        "`torch.ones(length, length, dtype=torch.bool)` and look up `torch.tril`.",
    ),
)


@causal_mask.case
def several_tokens(draw):
    """several tokens"""
    length = draw.integer(4, 9)
    return Case(length=length).where(L=length)


@causal_mask.case
def a_single_token(draw):
    """a single token"""
    return Case(length=1).where(L=1)


def _triangle(length: int) -> torch.Tensor:
    return torch.tensor([[key <= query for key in range(length)] for query in range(length)])


@causal_mask.must(
    "Mark with True, in the row of each query, every key up to the query itself, and no other.", weight=1.2
)
def the_triangle(case, answer):
    expect.same(answer(), _triangle(case.length), "mask[query, key]")


@causal_mask.must("Let every token attend to itself.", weight=0.4)
def attends_to_itself(case, answer):
    expect.same(answer().diagonal(), torch.ones(case.length, dtype=torch.bool), "the mask's diagonal")


@causal_mask.must("Keep every token from those after it.", weight=0.4, on=(several_tokens,))
def the_future_is_hidden(case, answer):
    future = ~_triangle(case.length)
    expect.same(answer(), torch.zeros_like(future), "mask[query, key]", where=future)


@causal_mask.mistake(
    "Rows and columns are exchanged: each token attends to itself and to those *after* it. Row i is the one who looks, column j the one looked at."
)
def transposed(length):
    return torch.ones(length, length, dtype=torch.bool).triu()


@causal_mask.mistake(
    "Every token may attend to those before it, but not to itself. The first token is left with nobody to attend to, and a softmax "
    "over nothing is NaN."
)
def own_position_masked(length):
    return torch.ones(length, length, dtype=torch.bool).tril(-1)


@causal_mask.mistake(
    "Each token also sees the one right after it: the very token that it is to predict. The loss falls to almost nothing, and the model "
    "cannot write a word when that token is not there yet."
)
def one_future_token_visible(length):
    return torch.ones(length, length, dtype=torch.bool).tril(1)


@causal_mask.mistake(
    "The polarity is inverted: True marks what is hidden. Some libraries do it so (`nn.MultiheadAttention`), but here True may attend."
)
def true_means_hidden(length):
    return torch.ones(length, length, dtype=torch.bool).triu(1)


@causal_mask.mistake(
    "Everybody may attend to everybody. That is BERT's mask; with it, next-token prediction is copying from the right."
)
def nothing_hidden(length):
    return torch.ones(length, length, dtype=torch.bool)


@causal_mask.mistake(
    "Each token sees itself and its one neighbour on the left. A causal model reads *all* the words before, not only the last one."
)
def only_the_previous_token(length):
    full = torch.ones(length, length, dtype=torch.bool)
    return full.tril() & full.triu(-1)


@causal_mask.mistake(
    "This is the mask in its other form, the one that is *added* to the scores: 0 where attention is allowed, minus infinity where it is "
    "not. Asked for is the bool form."
)
def additive(length):
    return torch.full((length, length), -math.inf).triu(1)


# ------------------------------------------------------------------------------------- causal_lm_loss

causal_lm_loss = Exercise(
    "causal_lm_loss",
    points=4,
    takes=("logits: float (B, L, V)", "labels: int64 (B, L)"),
    returns=("loss: float ()",),
    summary="The mean cross-entropy of each next token, the shift done inside.",
    read="“One sentence, as many questions as words”, and the example worked by hand",
    hints=(
        "The logits at position i are a guess about position i + 1. For which position is there no guess, and which guess has nothing to be held against?",
        "`logits[:, :-1]` and `labels[:, 1:]` stand beside each other as guess and answer. From here on it is lesson 03's loss.",
        "After the shift, `torch.nn.functional.cross_entropy` wants (N, V) and (N,), and skips -100. Decide what to return when *no* shifted label is left.",
    ),
)


def _scores_and_labels(draw, side: str, dtype=torch.float32) -> Case:
    """One row without padding on `side` but with a hidden label inside, one with hardly anything else, and some between."""
    batch, length, vocab = draw.sizes(3, 4, 9)
    length += 3
    labels = draw.ids(batch, length, high=vocab)
    between = [draw.integer(1, 3) for _ in range(batch - 2)]
    for row, padding in enumerate(draw.shuffled([0, length - 2, *between])):
        labels[
            row, length - padding if side == "right" else 0 : length if side == "right" else padding
        ] = -100
    full = int((labels != -100).all(-1).nonzero()[0])
    labels[full, draw.integer(2, length - 3)] = -100
    return Case(logits=draw.normal(batch, length, vocab, scale=2.0, dtype=dtype), labels=labels)


@causal_lm_loss.case
def padded_on_the_right(draw):
    """padding on the right, labelled -100"""
    return _scores_and_labels(draw, "right")


@causal_lm_loss.case
def padded_on_the_left(draw):
    """padding on the left, labelled -100, scores in float64"""
    return _scores_and_labels(draw, "left", torch.float64)


@causal_lm_loss.case(apart=True)
def two_tokens(draw):
    """a single text of two tokens: one to read, one to predict"""
    vocab = draw.integer(5, 9)
    return Case(logits=draw.normal(1, 2, vocab, scale=2.0), labels=draw.ids(1, 2, high=vocab))


@causal_lm_loss.case(apart=True)
def only_first_labels(draw):
    """only the first token of each row has a label"""
    case = _scores_and_labels(draw, "right")
    labels = torch.full_like(case.labels, -100)
    labels[:, 0] = draw.ids(len(labels), high=case.logits.shape[-1])
    return Case(logits=case.logits, labels=labels)


@causal_lm_loss.case(apart=True)
def single_tokens(draw):
    """texts of one token"""
    batch, vocab = draw.sizes(2, 3, 9)
    return Case(logits=draw.normal(batch, 1, vocab), labels=draw.ids(batch, 1, high=vocab))


def _next_token_loss(logits: torch.Tensor, labels: torch.Tensor) -> torch.Tensor:
    """By the definition: the mean of -log P(token | those before it), token by token."""
    log_probabilities = logits.log_softmax(-1)
    terms = [
        -log_probabilities[row, place - 1, label]
        for row, line in enumerate(labels.tolist())
        for place, label in enumerate(line)
        if place > 0 and label != -100
    ]
    return torch.stack(terms).mean()


def _raised(logits, ids):
    """`logits` that give each next token of `ids` 2 more: sure to lower its loss, where quite other logits may by chance
    come to the same."""
    logits = logits.clone()
    logits[:, :-1] += 2 * F.one_hot(ids[:, 1:].clamp(min=0), logits.shape[-1])
    return logits


@causal_lm_loss.must(
    "Give the mean cross-entropy of each label under the logits one position before it, leaving out -100.",
    weight=1.6,
    on=(padded_on_the_right, padded_on_the_left, two_tokens),
)
def mean_over_next_tokens(case, answer):
    expect.same(answer(), _next_token_loss(case.logits, case.labels), "loss")


@causal_lm_loss.must(
    "Let the last logits and the first label of each row not count, and the other logits do so.", weight=0.7
)
def the_ends_do_not_count(case, answer):
    logits, labels = case.logits.clone(), case.labels.clone()
    logits[:, -1] = logits[:, -1].flip(-1) + 1.0
    labels[:, 0] = (labels[:, 0] + 1) % logits.shape[-1]
    before, after = answer(), answer(logits=logits, labels=labels)
    expect.that(
        torch.isclose(before, after, rtol=1e-4),
        f"the loss moved from {before:.4g} to {after:.4g} when only the last logits and the first label of each row changed",
    )
    raised = _raised(case.logits, case.labels)
    expect.that(
        not torch.isclose(before, answer(logits=raised), rtol=1e-4),
        "the loss did not move when each label got a higher logit one position before it",
    )


@causal_lm_loss.must(
    "Give 0, not NaN, where no token is left to predict.", weight=0.7, on=(only_first_labels, single_tokens)
)
def nothing_to_predict(case, answer):
    expect.same(answer(), torch.tensor(0.0, dtype=case.logits.dtype), "loss")


@causal_lm_loss.must("Stay differentiable: the gradient reaches the logits.", weight=1.0)
def gradient_reaches_the_logits(case, answer):
    logits = case.logits.clone().requires_grad_()
    (want,) = torch.autograd.grad(_next_token_loss(logits, case.labels), logits)
    got = answer.gradients("logits")["logits"]
    expect.that(
        got is not None,
        "no gradient reaches `logits`: the loss has left the graph (by .item(), .detach(), no_grad or a new tensor)",
    )
    expect.same(got, want, "gradient")


def _mean_loss(logits, labels):
    """Cross-entropy of logits and labels as they stand; 0 without a label."""
    if not (labels != -100).any():
        return logits.sum() * 0
    return F.cross_entropy(logits.flatten(0, 1), labels.flatten())


@causal_lm_loss.mistake(
    "There is no shift: the logits at a token are held against that same token, which the model has just read. It would learn to copy, "
    "with a loss near 0, and write nothing but the last word over and over."
)
def no_shift(logits, labels):
    return _mean_loss(logits, labels)


@causal_lm_loss.mistake(
    "The shift goes the wrong way: each guess is held against the token *before* it, so the model learns to remember, not to predict."
)
def shifted_the_wrong_way(logits, labels):
    return _mean_loss(logits[:, 1:], labels[:, :-1])


@causal_lm_loss.mistake(
    "The labels were rolled, so the last guess of each row is held against the *first* token of the row. Nothing comes after the end: the "
    "last logits must be dropped."
)
def rolled_around(logits, labels):
    return _mean_loss(logits, labels.roll(-1, dims=1))


@causal_lm_loss.mistake(
    "The shift happens twice, so each guess is held against the token after the next one. This is what comes of shifting labels for a model "
    "that shifts them itself."
)
def shifted_twice(logits, labels):
    return _mean_loss(logits[:, :-2], labels[:, 2:])


@causal_lm_loss.mistake(
    "The sum is divided by all positions, ignored ones too: the more padding in a batch, the smaller the loss."
)
def mean_over_all_positions(logits, labels):
    if labels.shape[1] < 2:
        return logits.sum() * 0
    losses = F.cross_entropy(logits[:, :-1].flatten(0, 1), labels[:, 1:].flatten(), reduction="none")
    return losses.mean()


@causal_lm_loss.mistake(
    "The losses are summed, not averaged: longer batches get larger losses and larger steps."
)
def summed(logits, labels):
    return F.cross_entropy(logits[:, :-1].flatten(0, 1), labels[:, 1:].flatten(), reduction="sum")


@causal_lm_loss.mistake(
    "Each row is averaged on its own and then the rows are: a token in a short text weighs more than one in a long text."
)
def mean_of_row_means(logits, labels):
    rows = [
        F.cross_entropy(row, label)
        for row, label in zip(logits[:, :-1], labels[:, 1:], strict=True)
        if (label != -100).any()
    ]
    return torch.stack(rows).mean() if rows else logits.sum() * 0


@causal_lm_loss.mistake(
    "The -100 was turned into token 0, so the model is punished at every ignored position for not predicting token 0."
)
def ignored_counted_as_token_zero(logits, labels):
    return _mean_loss(logits[:, :-1], labels[:, 1:].clamp(min=0))


@causal_lm_loss.mistake(
    "The shift comes after the rows were joined into one, so the last guess of each text is held against the first token of the *next* text. "
    "Shift first, then flatten."
)
def shifted_across_rows(logits, labels):
    return _mean_loss(logits.flatten(0, 1)[None, :-1], labels.flatten()[None, 1:])


@causal_lm_loss.mistake(
    "The scores go through softmax before the cross-entropy, which takes the softmax itself. Twice flattens everything: the loss can "
    "then hardly fall below that of a guess, and the gradients nearly vanish."
)
def softmax_twice(logits, labels):
    return _mean_loss(logits[:, :-1].softmax(-1), labels[:, 1:])


@causal_lm_loss.mistake(
    "The softmax runs over the length, so the positions compete for each token. It is each position that shares 1 among the tokens of "
    "the vocabulary: the last axis."
)
def softmax_over_the_length(logits, labels):
    counted = labels[:, 1:] != -100
    picked = logits[:, :-1].log_softmax(1).gather(2, labels[:, 1:, None].clamp(min=0))[..., 0]
    return -(picked * counted).sum() / counted.sum().clamp(min=1)


@causal_lm_loss.mistake(
    "The logits were brought from (B, L, V) to (B, V, L) by `view` or `reshape`. That keeps the numbers in the order of memory and mixes the "
    "scores of different positions; only `transpose` exchanges two axes. The shape is right all the same, so nothing complains."
)
def reshaped_not_transposed(logits, labels):
    batch, length, vocab = logits.shape
    scores = logits[:, :-1].reshape(batch, vocab, length - 1)
    return F.cross_entropy(scores, labels[:, 1:], reduction="sum") / (labels[:, 1:] != -100).sum().clamp(
        min=1
    )


@causal_lm_loss.mistake(
    "Right wherever a token is left to predict, but NaN where none is: a mean over nothing. One batch of single tokens would turn every "
    "weight of the model into NaN."
)
def nan_without_labels(logits, labels):
    return F.cross_entropy(logits[:, :-1].flatten(0, 1), labels[:, 1:].flatten())


@causal_lm_loss.mistake(
    "The value is right, but it is a new number without a history: `backward()` has nothing to go through, so nothing is learned."
)
def cut_from_the_graph(logits, labels):
    return _mean_loss(logits[:, :-1], labels[:, 1:]).detach() + 0.0


# ----------------------------------------------------------------------------------------- perplexity

perplexity = Exercise(
    "perplexity",
    points=4,
    takes=("logits: float (B, L, V)", "ids: int64 (B, L)", "attention_mask: int64 (B, L)"),
    returns=("perplexity: float",),
    summary="Among how many words a model is in doubt on average: exp of the mean loss over the predicted tokens of a batch.",
    read="“In doubt among how many?”",
    hints=(
        "Start from the log-probability of every token but the first: `logits[:, :-1].log_softmax(-1)`, and `gather` the entries of `ids[:, 1:]`.",
        "Of these, a token counts where it is real *and* the one before it is: two slices of `attention_mask`, multiplied.",
        "One sum over the whole batch, one count over the whole batch, one division; then turn the sign, and `exp` last of all.",
    ),
)


def _scored_texts(draw, side: str, shortest: int, padding: int | None = None) -> Case:
    """Texts with padding on `side`, filled with `padding` (a token that also occurs in the texts) or anything."""
    batch, length, vocab = draw.integer(3, 4), draw.integer(8, 10), draw.integer(12, 15)
    mask = torch.zeros(batch, length, dtype=torch.int64)
    between = [draw.integer(3, length - 2) for _ in range(batch - 2)]
    for row, real in enumerate(draw.shuffled([length, shortest, *between])):
        left = side == "left" or (side == "mixed" and row % 2 == 0)
        mask[row, length - real if left else 0 : length if left else real] = 1
    ids = draw.ids(batch, length, low=1, high=vocab)
    if padding is not None:
        ids[mask == 0] = padding
        full = int(mask.all(-1).nonzero()[0])
        ids[full, draw.integer(2, length - 2)] = padding
    return Case(logits=draw.normal(batch, length, vocab, scale=1.5), ids=ids, attention_mask=mask)


@perplexity.case
def texts_padded_on_the_right(draw):
    """texts of unequal lengths, padded on the right with a token that also occurs in them"""
    return _scored_texts(draw, "right", 2, padding=0)


@perplexity.case
def texts_padded_on_the_left(draw):
    """texts of unequal lengths, one of a single token, padded on the left"""
    return _scored_texts(draw, "left", 1)


@perplexity.case
def texts_padded_on_both_sides(draw):
    """some texts padded on the left, some on the right"""
    return _scored_texts(draw, "mixed", 2, padding=0)


def _perplexity_by_definition(case: Case) -> float:
    losses = []
    for logits, ids, mask in zip(case.logits.double(), case.ids, case.attention_mask, strict=True):
        real = mask.nonzero().flatten()
        if len(real) > 1:
            losses.append(F.cross_entropy(logits[real[:-1]], ids[real[1:]], reduction="none"))
    return torch.cat(losses).mean().exp().item()


@perplexity.must(
    "Give exp of the mean negative log-likelihood of all tokens that are real and have one before them.",
    weight=1.3,
    on=(texts_padded_on_the_right,),
)
def of_texts_padded_on_the_right(case, answer):
    expect.same(answer(), _perplexity_by_definition(case), "perplexity")


@perplexity.must(
    "Count a token only where the token before it is real, too: the first word after padding on the left is nobody's guess.",
    weight=1.3,
    on=(texts_padded_on_the_left, texts_padded_on_both_sides),
)
def of_texts_padded_on_the_left(case, answer):
    expect.same(answer(), _perplexity_by_definition(case), "perplexity")


@perplexity.must("Let padding change nothing, whatever ids and logits stand there.", weight=0.7)
def padding_does_not_count(case, answer):
    padding = case.attention_mask == 0
    logits = torch.where(padding[..., None], case.logits.flip(-1), case.logits)
    ids = torch.where(padding, (case.ids + 5) % case.logits.shape[-1], case.ids)
    before, after = answer(), answer(logits=logits, ids=ids)
    expect.that(
        math.isclose(before, after, rel_tol=1e-4),
        f"the perplexity moved from {before:.4g} to {after:.4g} when only ids and logits at padding changed",
    )
    expect.that(
        not math.isclose(before, answer(logits=_raised(case.logits, case.ids)), rel_tol=1e-4),
        "the perplexity did not move when each token got a higher logit one position before it",
    )


@perplexity.must("Give V where all tokens are equally likely: in doubt among all of them.", weight=0.7)
def in_doubt_among_all(case, answer):
    got = answer(logits=torch.zeros_like(case.logits))
    expect.same(got, float(case.logits.shape[-1]), "perplexity where all logits are 0")


def _losses(logits, ids):
    """Of every token but the first, its negative log-likelihood: (B, L - 1)."""
    return F.cross_entropy(logits[:, :-1].transpose(1, 2), ids[:, 1:], reduction="none")


def _both_real(attention_mask):
    return attention_mask[:, :-1] * attention_mask[:, 1:]


def _mean_loss_of(logits, ids, counted):
    return (_losses(logits, ids) * counted).sum() / counted.sum()


@perplexity.mistake(
    "The logits at a token are held against that same token. They are a guess about the next one: shift, as in the loss."
)
def guesses_not_shifted(logits, ids, attention_mask):
    losses = F.cross_entropy(logits.transpose(1, 2), ids, reduction="none")
    return ((losses * attention_mask).sum() / attention_mask.sum()).exp().item()


@perplexity.mistake(
    "The attention mask is never used: padding counts like words, and the same text has another perplexity in another batch."
)
def padding_counted(logits, ids, attention_mask):
    return _losses(logits, ids).mean().exp().item()


@perplexity.mistake(
    "Only the predicted token is asked whether it is real. With padding on the left, the first word of a text is then a guess from padding "
    "alone, and counts."
)
def guessed_from_padding(logits, ids, attention_mask):
    return _mean_loss_of(logits, ids, attention_mask[:, 1:]).exp().item()


@perplexity.mistake(
    "Only the token *before* is asked whether it is real. With padding on the right, the first padding token is then something to be guessed, "
    "and counts."
)
def padding_guessed(logits, ids, attention_mask):
    return _mean_loss_of(logits, ids, attention_mask[:, :-1]).exp().item()


@perplexity.mistake(
    "Padding is told by its id, 0, where the attention mask would say it. Here token 0 also stands for something real (GPT-2 pads with its "
    "end-of-text), and is left out of the count."
)
def told_by_the_id(logits, ids, attention_mask):
    return _mean_loss_of(logits, ids, _both_real((ids != 0).long())).exp().item()


@perplexity.mistake(
    "The mean of the exponentials is not the exponential of the mean: one badly guessed word now outweighs all the others. First average, then `exp`."
)
def mean_of_exponentials(logits, ids, attention_mask):
    counted = _both_real(attention_mask).bool()
    return _losses(logits, ids)[counted].exp().mean().item()


def _row_losses(logits, ids, attention_mask):
    counted = _both_real(attention_mask)
    filled = counted.sum(-1) > 0
    return (_losses(logits, ids) * counted).sum(-1)[filled] / counted.sum(-1)[filled]


@perplexity.mistake(
    "Each text gets a perplexity of its own, and these are averaged: a short text weighs as much as a long one."
)
def mean_of_row_perplexities(logits, ids, attention_mask):
    return _row_losses(logits, ids, attention_mask).exp().mean().item()


@perplexity.mistake(
    "The loss is averaged within each text first, then over the texts: the words of a short text weigh more than those of a long one."
)
def mean_of_row_losses(logits, ids, attention_mask):
    return _row_losses(logits, ids, attention_mask).mean().exp().item()


@perplexity.mistake(
    "This is the mean loss itself, in nats. Its `exp` is the perplexity: a number of words that one can picture."
)
def loss_without_exp(logits, ids, attention_mask):
    return _mean_loss_of(logits, ids, _both_real(attention_mask)).item()


@perplexity.mistake(
    "The sign was not turned: exp of the mean log-likelihood is a probability, below 1. The perplexity is its inverse."
)
def sign_not_turned(logits, ids, attention_mask):
    return (-_mean_loss_of(logits, ids, _both_real(attention_mask))).exp().item()


@perplexity.mistake(
    "The losses are in nats (natural logarithm), but 2 is raised to their power. The base must be that of the logarithm: e."
)
def two_to_the_nats(logits, ids, attention_mask):
    return 2 ** _mean_loss_of(logits, ids, _both_real(attention_mask)).item()


@perplexity.mistake(
    "The losses are added up but not divided by their number, so the result explodes with the length of the text."
)
def sum_without_mean(logits, ids, attention_mask):
    return (_losses(logits, ids) * _both_real(attention_mask)).sum().exp().item()


# --------------------------------------------------------------------------- next_token_probabilities

next_token_probabilities = Exercise(
    "next_token_probabilities",
    points=4,
    takes=("logits: float (B, L, V)", "attention_mask: int64 (B, L)", "temperature: float"),
    returns=("probabilities: float (B, V)",),
    summary="How likely each token is as the next one, for every text of a padded batch.",
    read="“What comes next”, and the example worked by hand",
    hints=(
        "Of each row, only one position matters: that of its last real token. Which number has it if the padding is on the right, and which if it is on the left?",
        "Positions where the mask is 0 can be turned into 0: `(attention_mask * torch.arange(length))`. The largest of what is left is the last real one.",
        "`logits[torch.arange(batch), last]` picks one position of each row: (B, V). Divide by the temperature, *then* take the softmax.",
    ),
)


def _batch_of_scores(draw, side: str, batch: int = 0, **arguments) -> Case:
    batch, length, vocab = batch or draw.integer(3, 5), draw.integer(6, 8), draw.integer(9, 12)
    return Case(
        logits=draw.normal(batch, length, vocab, scale=1.5),
        attention_mask=draw.attention_mask(batch, length, side),
        **arguments,
    )


@next_token_probabilities.case
def batch_padded_on_the_right(draw):
    """padding on the right"""
    return _batch_of_scores(draw, "right")


@next_token_probabilities.case
def batch_padded_on_the_left(draw):
    """padding on the left"""
    return _batch_of_scores(draw, "left")


@next_token_probabilities.case
def another_temperature(draw):
    """some rows padded on the left, some on the right; another temperature than 1"""
    return _batch_of_scores(draw, "mixed", temperature=draw.choice((0.4, 0.6, 1.8, 2.5)))


@next_token_probabilities.case(apart=True)
def a_single_text(draw):
    """a batch of a single text"""
    return _batch_of_scores(draw, "right", batch=1)


@next_token_probabilities.case(apart=True)
def logits_far_below_zero(draw):
    """logits around -100, as GPT-2 has them, and a low temperature"""
    case = _batch_of_scores(draw, "mixed", temperature=0.5)
    case.arguments["logits"] = case.logits - 100.0
    return case


def _after_the_last_token(case: Case, temperature: float) -> torch.Tensor:
    rows = [
        F.softmax(logits[mask == 1][-1].double() / temperature, dim=0)
        for logits, mask in zip(case.logits, case.attention_mask, strict=True)
    ]
    return torch.stack(rows).to(case.logits.dtype)


@next_token_probabilities.must(
    "Give the softmax of the logits at each row's last real token: before the padding, if that is on the right.",
    on=(batch_padded_on_the_right, a_single_text),
)
def before_the_padding(case, answer):
    expect.same(answer(), _after_the_last_token(case, 1.0), "probabilities")


@next_token_probabilities.must(
    "Give the softmax of the logits at the last position, if the padding is on the left.",
    on=(batch_padded_on_the_left,),
)
def at_the_end(case, answer):
    expect.same(answer(), _after_the_last_token(case, 1.0), "probabilities")


@next_token_probabilities.must(
    "Divide the logits by the temperature before the softmax.",
    on=(another_temperature, logits_far_below_zero),
)
def divided_by_the_temperature(case, answer):
    want = _after_the_last_token(case, case.temperature)
    expect.same(answer(), want, "probabilities", temperature=case.temperature)


@next_token_probabilities.must("Let the probabilities of each row add up to 1.", weight=0.5)
def adds_up_to_one(case, answer):
    got = answer()
    expect.same(got.sum(-1), torch.ones(len(got), dtype=got.dtype), "sum of a row")


@next_token_probabilities.must("Raise `ValueError` for a temperature of 0 or below.", weight=0.5)
def impossible_temperature(case, answer):
    for temperature in (0.0, -0.5):
        answer.raises(ValueError, temperature=temperature)


def _check_temperature(temperature: float) -> None:
    if temperature <= 0:
        raise ValueError(f"temperature must be above 0, got {temperature}")


def _last_logits(logits, attention_mask):
    last = (attention_mask * torch.arange(attention_mask.shape[1])).argmax(-1)
    return logits[torch.arange(len(logits)), last]


@next_token_probabilities.mistake(
    "The last *position* is read in every row. Where the padding is on the right, that is a guess about what follows padding: the usual "
    "reason why a batch of prompts is continued with nonsense."
)
def last_position(logits, attention_mask, temperature=1.0):
    _check_temperature(temperature)
    return (logits[:, -1] / temperature).softmax(-1)


@next_token_probabilities.mistake(
    "The number of real tokens, minus one, is taken for the place of the last of them. That holds where the padding is on the right; with padding on "
    "the left it points into the middle of the text, or at padding."
)
def counted_from_the_left(logits, attention_mask, temperature=1.0):
    _check_temperature(temperature)
    last = attention_mask.sum(-1) - 1
    return (logits[torch.arange(len(logits)), last] / temperature).softmax(-1)


@next_token_probabilities.mistake(
    "The position *before* the last real token is read: that is the guess about the last token, which is already there."
)
def one_too_early(logits, attention_mask, temperature=1.0):
    _check_temperature(temperature)
    last = (attention_mask * torch.arange(attention_mask.shape[1])).argmax(-1)
    return (logits[torch.arange(len(logits)), (last - 1).clamp(min=0)] / temperature).softmax(-1)


@next_token_probabilities.mistake(
    "The logits are multiplied by the temperature. Then a high temperature makes the model more certain, where it should make it bolder."
)
def temperature_multiplied(logits, attention_mask, temperature=1.0):
    _check_temperature(temperature)
    return (_last_logits(logits, attention_mask) * temperature).softmax(-1)


@next_token_probabilities.mistake(
    "The argument `temperature` is checked, but never used: every temperature gives the same distribution."
)
def temperature_unused(logits, attention_mask, temperature=1.0):
    _check_temperature(temperature)
    return _last_logits(logits, attention_mask).softmax(-1)


@next_token_probabilities.mistake(
    "The *probabilities* are divided by the temperature: all by the same number, so nothing becomes more or less likely, and they no longer add "
    "up to 1. The temperature belongs before the softmax."
)
def temperature_after_the_softmax(logits, attention_mask, temperature=1.0):
    _check_temperature(temperature)
    return _last_logits(logits, attention_mask).softmax(-1) / temperature


@next_token_probabilities.mistake(
    "These are logits, not probabilities: the softmax over the vocabulary is missing."
)
def softmax_forgotten(logits, attention_mask, temperature=1.0):
    _check_temperature(temperature)
    return _last_logits(logits, attention_mask) / temperature


@next_token_probabilities.mistake(
    "The softmax runs over the batch, so a token's chances depend on what the *other* texts are. Each row is a distribution over the vocabulary."
)
def softmax_over_the_batch(logits, attention_mask, temperature=1.0):
    _check_temperature(temperature)
    return (_last_logits(logits, attention_mask) / temperature).softmax(0)


@next_token_probabilities.mistake(
    "Right for logits near 0; but the `exp` of logits around -100, as GPT-2 has them, is 0 at a low temperature, and 0 divided by 0 is NaN. A softmax first "
    "takes away the largest logit, which changes no probability; `torch.softmax` does."
)
def exponentials_vanish(logits, attention_mask, temperature=1.0):
    _check_temperature(temperature)
    exponentials = (_last_logits(logits, attention_mask) / temperature).exp()
    return exponentials / exponentials.sum(-1, keepdim=True)


@next_token_probabilities.mistake(
    "Right for several texts, but `squeeze()` takes away *every* axis of size 1, and for a single text that is the batch as well. Name the axis: `squeeze(1)`."
)
def single_text_squeezed(logits, attention_mask, temperature=1.0):
    _check_temperature(temperature)
    return (_last_logits(logits, attention_mask) / temperature).softmax(-1).squeeze()


@next_token_probabilities.mistake(
    "These are log-probabilities. Asked for are the probabilities themselves, from 0 to 1."
)
def log_probabilities(logits, attention_mask, temperature=1.0):
    _check_temperature(temperature)
    return (_last_logits(logits, attention_mask) / temperature).log_softmax(-1)


@next_token_probabilities.mistake(
    "Right for every temperature above 0, but others raise no `ValueError`: 0 divides by zero and gives NaN, and a negative one prefers the "
    "*least* likely token."
)
def any_temperature(logits, attention_mask, temperature=1.0):
    return (_last_logits(logits, attention_mask) / temperature).softmax(-1)


# --------------------------------------------------------------------------------------------- sample

sample = Exercise(
    "sample",
    points=3,
    takes=("probabilities: float (B, V)", "draw: float (B)"),
    returns=("tokens: int64 (B)",),
    summary="Turn a uniform draw into a token, so that each token comes up as often as it is probable.",
    read="“Drawing a word”, and the example worked by hand",
    hints=(
        "Lay the probabilities end to end on a line from 0 to 1: `probabilities.cumsum(-1)` is where each token's stretch ends. In whose stretch does the draw fall?",
        "Compare: `cumulative > draw[:, None]` is False up to the token, and True from it on. You want the place of the first True in each row.",
    ),
)


def _stretches(draw, zeros: int = 0, at_zero: bool = False) -> Case:
    """Distributions of which `zeros` tokens at the front and some others are impossible, and draws well inside of stretches."""
    batch, vocab = draw.integer(3, 5), draw.integer(8, 11)
    logits = draw.normal(batch, vocab)
    if zeros:
        for row in range(batch):
            logits[row, draw.shuffled(range(zeros + 1, vocab - 1))[:2]] = -math.inf
        logits[:, :zeros] = -math.inf
    probabilities = logits.softmax(-1)
    draws = []
    for row, line in enumerate(probabilities.tolist()):
        possible = [token for token, p in enumerate(line) if p > 0.03 and token > zeros and p < max(line)]
        if not possible:  # hardly any token but the likeliest: drawn again
            return _stretches(draw, zeros, at_zero)
        token = draw.choice(possible)
        draws.append(
            0.0
            if at_zero and row == 0
            else sum(line[:token]) + line[token] * (0.3 + 0.4 * draw.random.random())
        )
    return Case(probabilities=probabilities, draw=torch.tensor(draws))


@sample.case
def all_tokens_possible(draw):
    """every token is possible"""
    return _stretches(draw)


@sample.case
def some_tokens_impossible(draw):
    """some tokens have probability 0, as after a top-k filter"""
    return _stretches(draw, zeros=1)


@sample.case(apart=True)
def a_single_draw(draw):
    """a batch of a single text"""
    case = _stretches(draw)
    return Case(probabilities=case.probabilities[:1], draw=case.draw[:1])


@sample.case(apart=True)
def a_draw_of_zero(draw):
    """a draw of exactly 0 where the first tokens are impossible"""
    return _stretches(draw, zeros=2, at_zero=True)


def _first_to_exceed(case: Case) -> torch.Tensor:
    tokens = []
    for line, drawn in zip(case.probabilities.double().tolist(), case.draw.tolist(), strict=True):
        tokens.append(next(token for token in range(len(line)) if sum(line[: token + 1]) > drawn))
    return torch.tensor(tokens)


@sample.must(
    "Take the first token whose cumulative probability exceeds the draw.",
    weight=1.5,
    on=(all_tokens_possible, some_tokens_impossible, a_single_draw),
)
def first_to_exceed(case, answer):
    cumulative = [[round(p, 3) for p in row] for row in case.probabilities.cumsum(-1).tolist()]
    got, want = answer(), _first_to_exceed(case)
    for row in (got != want).nonzero().flatten().tolist()[:1]:
        message = f"tokens[{row}]: expected {want[row]}, got {got[row]}"
        expect.that(False, message, draw=case.draw[row], cumulative=cumulative[row])


@sample.must("Let each token come up as often as it is probable, over many draws.")
def as_often_as_probable(case, answer):
    count = 101
    draws = (torch.arange(count) + 0.5) / count
    row = case.probabilities[0]
    got = answer(probabilities=row.expand(count, -1).clone(), draw=draws)
    for token, probability in enumerate(row.tolist()):
        times = int((got == token).sum())
        expect.that(
            abs(times - count * probability) <= 2,
            f"of {count} draws spread evenly from 0 to 1, {times} gave token {token}, whose probability is {probability:.2f}",
        )


@sample.must(
    "Never take a token of probability 0, even where the draw is 0.", weight=0.5, on=(a_draw_of_zero,)
)
def never_the_impossible(case, answer):
    got = answer()
    expect.that(
        bool(((got >= 0) & (got < case.probabilities.shape[1])).all()),
        f"tokens {got.tolist()}: ids go from 0 to {case.probabilities.shape[1] - 1}",
    )
    chances = case.probabilities.gather(1, got[:, None])[:, 0]
    for row in (chances == 0).nonzero().flatten().tolist()[:1]:
        message = f"tokens[{row}]: token {got[row]} has probability 0"
        expect.that(False, message, draw=case.draw[row], probabilities=case.probabilities[row])


@sample.mistake(
    "The likeliest token is taken, and the draw is never looked at: that is greedy decoding, which writes the same text every time."
)
def always_the_likeliest(probabilities, draw):
    return probabilities.argmax(-1)


@sample.mistake(
    "Each single probability is compared with the draw, not the *cumulative* one. A token less likely than the draw then never comes up."
)
def not_cumulative(probabilities, draw):
    return (probabilities > draw[:, None]).int().argmax(-1)


@sample.mistake(
    "This is the last token whose cumulative probability is still *below* the draw: one too early. The first token comes up too often, the last one "
    "never."
)
def one_too_early_on_the_line(probabilities, draw):
    return ((probabilities.cumsum(-1) <= draw[:, None]).sum(-1) - 1).clamp(min=0)


@sample.mistake(
    "The draw is spread evenly over the vocabulary: every token is as likely as any other, whatever the model says."
)
def uniform(probabilities, draw):
    return (draw * probabilities.shape[1]).long()


@sample.mistake(
    "The probabilities were sorted first, and the place *in the sorted order* is returned: a rank, not a token id."
)
def rank_for_id(probabilities, draw):
    ordered = probabilities.sort(dim=-1, descending=True).values
    return (ordered.cumsum(-1) > draw[:, None]).int().argmax(-1)


@sample.mistake(
    "The tokens were put in the order of their probabilities before the draw was looked up. Each still comes up as often as it should, but the "
    "contract fixes the line: tokens in the order of their ids, so that the same draw gives the same token everywhere."
)
def likeliest_first_on_the_line(probabilities, draw):
    ordered, order = probabilities.sort(dim=-1, descending=True)
    place = (ordered.cumsum(-1) > draw[:, None]).int().argmax(-1)
    return order.gather(1, place[:, None])[:, 0]


@sample.mistake("One draw decides for all rows: the texts of a batch would all be lucky or unlucky together.")
def one_draw_for_all(probabilities, draw):
    return (probabilities.cumsum(-1) > draw[0]).int().argmax(-1)


@sample.mistake(
    "The line is laid down the columns: probabilities of different texts are added up. Each row is a distribution of its own, so `cumsum` runs "
    "over the last axis."
)
def summed_over_the_batch(probabilities, draw):
    return (probabilities.cumsum(0) > draw[:, None]).int().argmax(-1)


@sample.mistake(
    "The token is drawn anew with `torch.multinomial`, and the draw that was handed in is never used: the result cannot be repeated."
)
def drawn_anew(probabilities, draw):
    return torch.multinomial(probabilities, 1)[:, 0]


@sample.mistake(
    "Right for several texts, but `squeeze()` takes away *every* axis of size 1, and for a single text that is the batch as well. Name the axis: `squeeze(1)`."
)
def single_draw_squeezed(probabilities, draw):
    return torch.searchsorted(probabilities.cumsum(-1), draw[:, None], right=True).squeeze()


@sample.mistake(
    "Right but for one edge: a cumulative probability that *equals* the draw does not exceed it. With a draw of 0, a token of probability 0 comes up "
    "(`torch.searchsorted` needs `right=True`)."
)
def equal_is_enough(probabilities, draw):
    return (probabilities.cumsum(-1) >= draw[:, None]).int().argmax(-1)


# ------------------------------------------------------------------------------------ greedy_generate

greedy_generate = Exercise(
    "greedy_generate",
    points=4,
    takes=("model: model", "ids: int64 (1, L)", "steps: int", "eos_id: int"),
    returns=("ids: int64 (1, N)",),
    summary="Continue a text, the likeliest token at each step, until end-of-text or for so many steps.",
    read="“One token at a time”",
    hints=(
        "A loop: run the model on all the ids so far, look at its logits at the *last* position only, take the best token, append it.",
        "`model(ids).logits` is (1, L, V); `logits[:, -1].argmax(-1)` is (1,). `torch.cat([ids, token[:, None]], dim=1)` makes the text one longer.",
        "Look whether the *new* token is `eos_id`, after it is appended. What stood in the prompt does not matter. And `torch.no_grad()` saves work.",
    ),
    rounds=1,
)


@torch.no_grad()
def _greedy(model, ids: torch.Tensor, steps: int) -> tuple[torch.Tensor, torch.Tensor]:
    """From prompts (N, L), the greedy continuations (N, `steps`), never stopping, and the smallest lead of a best token
    over the second in each: (N,)."""
    length, leads = ids.shape[1], []
    for _ in range(steps):
        best = model(ids).logits[:, -1].topk(2)
        leads.append(best.values[:, 0] - best.values[:, 1])
        ids = torch.cat([ids, best.indices[:, :1]], dim=1)
    return ids[:, length:], torch.stack(leads).amin(0)


def _prompt_and_model(draw, fits: Callable[[list[int], list[int]], object], training: bool = False) -> dict:
    """A model and a prompt with a varied continuation of 6 tokens, none of them close to being another, such that
    prompt and continuation fit."""
    from transformers import GPT2LMHeadModel

    vocab, length = draw.integer(34, 40), draw.integer(4, 6)
    while True:
        config = gpt2_config(
            vocab, tie_word_embeddings=False
        )  # tied, a token's likeliest follower is often itself
        model = build(draw, GPT2LMHeadModel, config, training=training)
        prompts = torch.cat([draw.distinct_ids(1, length, high=vocab) for _ in range(12)])
        for ids, new, lead in zip(prompts, *_greedy(model, prompts, 6), strict=True):
            new = new.tolist()
            if lead > 0.03 and len(set(new[:5])) >= 4 and fits(ids.tolist(), new):
                return {"model": model, "ids": ids[None], "new": new}


def _unused(draw, found: dict) -> int:
    """A token that stands neither in the prompt nor in the continuation."""
    used = {*found["new"], *found["ids"][0].tolist()}
    return draw.choice([token for token in range(34) if token not in used])


def _place_of_an_end(prompt: list[int], new: list[int]) -> int | None:
    """A place in the middle of `new` with a token that stands nowhere before it, nor right after it."""
    return next(
        (at for at in range(2, 5) if new[at] not in [*new[:at], *prompt] and new[at + 1] != new[at]), None
    )


@greedy_generate.case
def ends_early(draw):
    """end-of-text comes up before the steps are over; the model comes in train mode (without dropout)"""
    found = _prompt_and_model(draw, _place_of_an_end, training=True)
    new = found["new"][: _place_of_an_end(found["ids"][0].tolist(), found["new"]) + 1]
    return Case(model=found["model"], ids=found["ids"], steps=6, eos_id=new[-1]).knows(new=new)


@greedy_generate.case
def no_end_in_sight(draw):
    """end-of-text never comes up"""
    found = _prompt_and_model(draw, lambda prompt, new: True)
    eos_id = _unused(draw, found)
    return Case(model=found["model"], ids=found["ids"], steps=6, eos_id=eos_id).knows(new=found["new"])


@greedy_generate.case
def end_in_the_prompt(draw):
    """end-of-text stands in the prompt, as the mark between two texts"""
    found = _prompt_and_model(draw, lambda prompt, new: prompt[1] not in new)
    eos_id = found["ids"][0, 1].item()
    return Case(model=found["model"], ids=found["ids"], steps=6, eos_id=eos_id).knows(new=found["new"])


def _continued(case: Case, count: int | None = None) -> torch.Tensor:
    return torch.cat([case.ids, torch.tensor([case.new[:count]], dtype=torch.int64)], dim=1)


@greedy_generate.must(
    "Keep the prompt, and append at each step the likeliest token after all that stands there so far.",
    weight=1.5,
    on=(no_end_in_sight,),
)
def likeliest_at_each_step(case, answer):
    expect.same(answer(), _continued(case), "ids", prompt=case.ids)
    shorter = answer(steps=3)
    expect.same(shorter, _continued(case, 3), "ids after 3 steps", prompt=case.ids)


@greedy_generate.must("Stop after a new end-of-text, and keep it.", on=(ends_early,))
def stops_at_the_end(case, answer):
    expect.same(answer(), _continued(case), "ids", prompt=case.ids, eos_id=case.eos_id)


@greedy_generate.must("Go on where end-of-text stands only in the prompt.", on=(end_in_the_prompt,))
def the_prompt_does_not_end_it(case, answer):
    expect.same(answer(), _continued(case), "ids", prompt=case.ids, eos_id=case.eos_id)


@greedy_generate.must("Give the prompt back for 0 steps.", weight=0.5, on=(no_end_in_sight,))
def no_step_at_all(case, answer):
    expect.same(answer(steps=0), case.ids, "ids after 0 steps")


@torch.no_grad()
def _generate(model, ids, steps, choose, read=lambda ids: ids, ended=lambda token, ids: False):
    """Append `choose(logits)` for so many steps, where `read` is what the model sees of the text."""
    for _ in range(steps):
        token = choose(model(read(ids)).logits[0])
        ids = torch.cat([ids, token.reshape(1, 1)], dim=1)
        if ended(token, ids):
            break
    return ids


def _best(logits):
    return logits[-1].argmax()


@greedy_generate.mistake(
    "Only the last token is handed to the model, so it writes each word from the one before it and has forgotten the rest. (With a cache, "
    "`past_key_values`, one may hand in the last token alone: the cache remembers.)"
)
def reads_one_token(model, ids, steps, eos_id):
    return _generate(model, ids, steps, _best, lambda ids: ids[:, -1:], lambda token, ids: token == eos_id)


@greedy_generate.mistake(
    "The model is run on the prompt at every step and never sees what it has written, so it writes the same token again and again."
)
def never_reads_what_it_wrote(model, ids, steps, eos_id):
    length = ids.shape[1]
    return _generate(
        model, ids, steps, _best, lambda ids: ids[:, :length], lambda token, ids: token == eos_id
    )


@greedy_generate.mistake(
    "The logits of the *first* position are read: a guess about the second token, which is there already. The guess about what comes next stands at the last."
)
def first_position(model, ids, steps, eos_id):
    return _generate(
        model, ids, steps, lambda logits: logits[0].argmax(), ended=lambda token, ids: token == eos_id
    )


@greedy_generate.mistake(
    "The *least* likely token is taken at each step: that is what the model believes in least."
)
def least_likely(model, ids, steps, eos_id):
    return _generate(
        model, ids, steps, lambda logits: logits[-1].argmin(), ended=lambda token, ids: token == eos_id
    )


@greedy_generate.mistake(
    "The tokens are drawn by chance. Greedy decoding takes the likeliest one each time, and gives the same text on every run."
)
def drawn_by_chance(model, ids, steps, eos_id):
    return _generate(
        model,
        ids,
        steps,
        lambda logits: torch.multinomial(logits[-1].softmax(-1), 1),
        ended=lambda token, ids: token == eos_id,
    )


@greedy_generate.mistake(
    "The text goes on after end-of-text, into whatever the model would write as the *next* text."
)
def never_stops(model, ids, steps, eos_id):
    return _generate(model, ids, steps, _best)


@greedy_generate.mistake(
    "End-of-text is recognised but not kept. The caller can then not tell a text that is finished from one that ran out of steps."
)
def end_dropped(model, ids, steps, eos_id):
    for _ in range(steps):
        longer = _generate(model, ids, 1, _best)
        if longer[0, -1] == eos_id:
            break
        ids = longer
    return ids


@greedy_generate.mistake(
    "The whole text is searched for end-of-text, prompt and all. A prompt that holds one, between two texts or at its beginning, is not continued."
)
def stopped_by_the_prompt(model, ids, steps, eos_id):
    return _generate(model, ids, steps, _best, ended=lambda token, ids: bool((ids == eos_id).any()))


@greedy_generate.mistake(
    "After end-of-text, the rest of the steps is filled up. That is what one does with a batch, where other rows go on; here the text ends."
)
def filled_up(model, ids, steps, eos_id):
    done = _generate(model, ids, steps, _best, ended=lambda token, ids: token == eos_id)
    missing = ids.shape[1] + steps - done.shape[1]
    return torch.cat([done, torch.full((1, missing), eos_id)], dim=1)


@greedy_generate.mistake(
    "Only the new tokens are returned. The contract asks for the prompt and what follows it."
)
def prompt_dropped(model, ids, steps, eos_id):
    done = _generate(model, ids, steps, _best, ended=lambda token, ids: token == eos_id)
    return done[:, ids.shape[1] :]


@greedy_generate.mistake("One token too many: `steps` counts the new tokens.")
def one_step_too_many(model, ids, steps, eos_id):
    return _generate(model, ids, steps + 1, _best, ended=lambda token, ids: token == eos_id)


@greedy_generate.mistake(
    "The text is right, but the model is left in eval mode although it came in train mode. A training loop that samples in between "
    "would go on without dropout, and nobody would notice."
)
def left_in_eval_mode(model, ids, steps, eos_id):
    model.eval()
    return _generate(model, ids, steps, _best, ended=lambda token, ids: token == eos_id)


# -------------------------------------------------------------------------------------- top_k_filter

top_k_filter = Exercise(
    "top_k_filter",
    points=0,
    takes=("logits: float (B, V)", "k: int"),
    returns=("filtered: float (B, V)",),
    summary="Leave only the k best tokens of each row possible.",
    read="“Cutting off the tail”",
    hints=(
        "`logits.topk(k).values[:, -1:]` is the k-th best score of each row: (B, 1). Whatever is below it goes.",
        "`logits.masked_fill(below, -math.inf)` returns a new tensor. A k above V means V.",
    ),
)


@top_k_filter.case
def rows_of_scores(draw):
    """rows of scores, k well below V"""
    batch, vocab = draw.integer(3, 5), draw.integer(8, 11)
    return Case(logits=draw.normal(batch, vocab, scale=2.0), k=draw.integer(2, 4))


@top_k_filter.case(apart=True)
def only_the_best(draw):
    """k = 1"""
    batch, vocab = draw.integer(3, 5), draw.integer(8, 11)
    return Case(logits=draw.normal(batch, vocab, scale=2.0), k=1)


@top_k_filter.case(apart=True)
def k_above_the_vocabulary(draw):
    """k larger than V"""
    batch, vocab = draw.integer(2, 3), draw.integer(5, 7)
    return Case(logits=draw.normal(batch, vocab, scale=2.0), k=vocab + draw.integer(1, 9))


def _library_top_k(logits: torch.Tensor, k: int) -> torch.Tensor:
    from transformers import TopKLogitsWarper

    return TopKLogitsWarper(k)(None, logits)


@top_k_filter.must(
    "Keep the scores of the k best tokens of each row as they are.", on=(rows_of_scores, only_the_best)
)
def the_k_best_stay(case, answer):
    kept = _library_top_k(case.logits, case.k).isfinite()
    expect.same(answer(), case.logits, "filtered", where=kept, logits=case.logits)


@top_k_filter.must("Set every other score to minus infinity.", on=(rows_of_scores, only_the_best))
def all_others_go(case, answer):
    want = _library_top_k(case.logits, case.k)
    expect.same(answer(), want, "filtered", where=~want.isfinite(), logits=case.logits)


@top_k_filter.must("Keep everything where k is larger than V.", on=(k_above_the_vocabulary,))
def all_stay(case, answer):
    expect.same(answer(), case.logits, "filtered")


@top_k_filter.must("Raise `ValueError` for a k below 1.")
def impossible_k(case, answer):
    for k in (0, -2):
        answer.raises(ValueError, k=k)


def _top(logits, k):
    if k < 1:
        raise ValueError(f"k must be at least 1, got {k}")
    return min(k, logits.shape[-1])


@top_k_filter.mistake(
    "The other scores are set to 0. A score of 0 is an ordinary score: after the softmax those tokens have a probability, often a large one. Only "
    "minus infinity becomes 0."
)
def others_to_zero(logits, k):
    return logits.masked_fill(logits < logits.topk(_top(logits, k)).values[:, -1:], 0.0)


@top_k_filter.mistake(
    "The result is right, but minus infinity was written into the caller's own logits: `logits[...] = ` and `masked_fill_` change the tensor "
    "that they are given. Whoever wanted to try another k finds only what was left."
)
def cuts_the_callers_logits(logits, k):
    return logits.masked_fill_(logits < logits.topk(_top(logits, k)).values[:, -1:], -math.inf)


@top_k_filter.mistake(
    "The k *worst* tokens are kept and the best are gone: a comparison or a sort is turned round."
)
def worst_kept(logits, k):
    worst = logits.topk(_top(logits, k), largest=False).values[:, -1:]
    return logits.masked_fill(logits > worst, -math.inf)


@top_k_filter.mistake(
    "The k-th best token itself is cut off: a score equal to the smallest of the k best belongs to them."
)
def one_too_few(logits, k):
    if _top(logits, k) < k:
        return logits.clone()
    return logits.masked_fill(logits <= logits.topk(k).values[:, -1:], -math.inf)


@top_k_filter.mistake(
    "The k best of the whole batch are kept, so some texts are left without a token. Each row keeps k of its own."
)
def best_of_the_batch(logits, k):
    _top(logits, k)
    if k > logits.shape[-1]:
        return logits.clone()
    return logits.masked_fill(logits < logits.flatten().topk(k).values[-1], -math.inf)


@top_k_filter.mistake(
    "All rows keep the tokens that are best in the *first* row. Each row has its own favourites."
)
def favourites_of_the_first_row(logits, k):
    kept = logits[0].topk(_top(logits, k)).indices
    return torch.full_like(logits, -math.inf).index_copy(1, kept, logits[:, kept])


@top_k_filter.mistake(
    "These are the k best scores alone. Their places are lost, and the places are the token ids: keep all V, the others at minus infinity."
)
def only_the_scores(logits, k):
    return logits.topk(_top(logits, k)).values


@top_k_filter.mistake(
    "Right, but k = 1 is refused. It leaves each row its best token alone, which is greedy decoding, and nothing impossible: only what is *below* 1 is."
)
def one_refused(logits, k):
    if k <= 1:
        raise ValueError("k must be above 1")
    return logits.masked_fill(logits < logits.topk(_top(logits, k)).values[:, -1:], -math.inf)


@top_k_filter.mistake(
    "Right up to k = V, but `topk` fails beyond it. A setting of k = 50 should also work on a small vocabulary."
)
def fails_above_the_vocabulary(logits, k):
    if k < 1:
        raise ValueError(f"k must be at least 1, got {k}")
    return logits.masked_fill(logits < logits.topk(k).values[:, -1:], -math.inf)


# -------------------------------------------------------------------------------------- top_p_filter

top_p_filter = Exercise(
    "top_p_filter",
    points=0,
    takes=("logits: float (B, V)", "p: float"),
    returns=("filtered: float (B, V)",),
    summary="Leave only the smallest set of best tokens whose probability reaches p.",
    read="“Cutting off the tail”",
    hints=(
        "Sort each row, best first: `values, order = logits.sort(descending=True)`. In this order, the cumulative softmax tells how much is covered so far.",
        "A token goes if those *before* it already cover p. So compare the cumulative probability without the token's own: the first one always stays.",
        "Back to the old order: `torch.full_like(logits, -math.inf).scatter(1, order, kept_values)`.",
    ),
)


def _nucleus(draw, certain: bool) -> Case:
    """Rows of scores and a p that is not within 0.004 of a cumulative probability; `certain`: one row has a clear favourite."""
    batch, vocab = draw.integer(3, 5), draw.integer(8, 11)
    logits = draw.normal(batch, vocab)
    if certain:
        row, token = draw.integer(0, batch - 1), draw.integer(0, vocab - 1)
        logits[row, token] = logits[row].logsumexp(0) + 3.5
    cumulative = logits.double().sort(descending=True).values.softmax(-1).cumsum(-1)
    while True:
        p = round(0.55 + 0.35 * draw.random.random(), 3)
        if (cumulative - p).abs().min() > 0.004:
            return Case(logits=logits, p=p)


@top_p_filter.case
def several_needed(draw):
    """rows in which it takes several tokens to reach p"""
    return _nucleus(draw, certain=False)


@top_p_filter.case
def one_is_enough(draw):
    """a row in which the best token alone is beyond p"""
    return _nucleus(draw, certain=True)


def _library_top_p(logits: torch.Tensor, p: float) -> torch.Tensor:
    from transformers import TopPLogitsWarper

    return TopPLogitsWarper(p)(None, logits)


@top_p_filter.must(
    "Keep, in each row, the scores of the best tokens up to the one with which p is reached.",
    on=(several_needed,),
)
def the_nucleus_stays(case, answer):
    kept = _library_top_p(case.logits, case.p).isfinite()
    expect.same(answer(), case.logits, "filtered", where=kept, logits=case.logits)


@top_p_filter.must("Set every other score to minus infinity.")
def the_tail_goes(case, answer):
    want = _library_top_p(case.logits, case.p)
    expect.same(answer(), want, "filtered", where=~want.isfinite(), logits=case.logits)


@top_p_filter.must("Keep the best token even where it is beyond p on its own.", on=(one_is_enough,))
def the_best_always_stays(case, answer):
    best = torch.zeros_like(case.logits, dtype=torch.bool).scatter(
        1, case.logits.argmax(-1, keepdim=True), True
    )
    expect.same(answer(), case.logits, "filtered", where=best, logits=case.logits)


@top_p_filter.must("Raise `ValueError` for a p that is not between 0 and 1.")
def impossible_p(case, answer):
    for p in (0.0, 1.0, 1.5, -0.2):
        answer.raises(ValueError, p=p)


def _sorted_scores(logits, p):
    """(scores best first, their order, probability up to and with each)."""
    if not 0 < p < 1:
        raise ValueError(f"p must be between 0 and 1, got {p}")
    values, order = logits.sort(descending=True)
    return values, order, values.softmax(-1).cumsum(-1)


def _in_place_again(values, order):
    return torch.zeros_like(values).scatter(1, order, values)


@top_p_filter.mistake(
    "The token with which p is reached is cut off, too, so the rest does not reach p. Where the best token alone is beyond p, nothing at all is left, "
    "and the softmax gives NaN."
)
def crossing_token_dropped(logits, p):
    values, order, covered = _sorted_scores(logits, p)
    return _in_place_again(values.masked_fill(covered > p, -math.inf), order)


@top_p_filter.mistake("One token too many: those before it have already reached p without it.")
def one_past_the_crossing(logits, p):
    values, order, covered = _sorted_scores(logits, p)
    before = F.pad(covered, (2, 0))[:, :-2]
    return _in_place_again(values.masked_fill(before >= p, -math.inf), order)


@top_p_filter.mistake(
    "The scores come back sorted. Their places are the token ids, so token 0 has got the score of the best token: undo the sorting."
)
def sorting_not_undone(logits, p):
    values, _, covered = _sorted_scores(logits, p)
    return values.masked_fill(covered - values.softmax(-1) >= p, -math.inf)


@top_p_filter.mistake(
    "It was found out in the sorted order which tokens go, but they were then taken out of the *unsorted* scores: the wrong tokens are gone."
)
def sorted_mask_on_unsorted_scores(logits, p):
    values, _, covered = _sorted_scores(logits, p)
    return logits.masked_fill(covered - values.softmax(-1) >= p, -math.inf)


@top_p_filter.mistake(
    "The *least* likely tokens were collected until p was reached: the tail is kept and the head cut off."
)
def tail_kept(logits, p):
    _sorted_scores(logits, p)
    values, order = logits.sort()
    probabilities = values.softmax(-1)
    return _in_place_again(
        values.masked_fill(probabilities.cumsum(-1) - probabilities >= p, -math.inf), order
    )


@top_p_filter.mistake(
    "Each token's own probability is compared with p. What counts is how much is covered by it *and all that are likelier*."
)
def own_probability(logits, p):
    _sorted_scores(logits, p)
    return logits.masked_fill(logits.softmax(-1) < p, -math.inf)


@top_p_filter.mistake(
    "The result is right, but minus infinity was written into the caller's own logits: `logits[...] = ` and `masked_fill_` change the tensor "
    "that they are given. Whoever wanted to try another p finds only what was left."
)
def cuts_the_callers_logits_too(logits, p):
    values, order, covered = _sorted_scores(logits, p)
    kept = values.masked_fill(covered - values.softmax(-1) >= p, -math.inf)
    return logits.copy_(_in_place_again(kept, order))


@top_p_filter.mistake("Logits were added up, not probabilities: the softmax is missing before `cumsum`.")
def logits_added_up(logits, p):
    values, order, _ = _sorted_scores(logits, p)
    return _in_place_again(values.masked_fill(values.cumsum(-1) - values >= p, -math.inf), order)


@top_p_filter.mistake(
    "The tail is set to 0. A score of 0 is an ordinary score: after the softmax those tokens are possible again. Only minus infinity becomes 0."
)
def tail_to_zero(logits, p):
    values, order, covered = _sorted_scores(logits, p)
    return _in_place_again(values.masked_fill(covered - values.softmax(-1) >= p, 0.0), order)


# -------------------------------------------------------------------------------------- position_ids

position_ids = Exercise(
    "position_ids",
    points=0,
    takes=("attention_mask: int64 (B, L)",),
    returns=("positions: int64 (B, L)",),
    summary="Count the real tokens of each row from 0, wherever the padding stands.",
    read="“A batch of prompts”",
    hints=(
        "A real token's position is the number of real tokens before it. `attention_mask.cumsum(-1)` counts those up to and *with* it.",
        "Padding gets 0, on either side: `masked_fill` where the mask is 0.",
    ),
)


@position_ids.case
def rows_padded_on_the_left(draw):
    """padding on the left"""
    return Case(
        attention_mask=draw.attention_mask(draw.integer(3, 5), draw.integer(7, 9), "left", shortest=2)
    )


@position_ids.case
def rows_padded_on_the_right(draw):
    """padding on the right"""
    return Case(
        attention_mask=draw.attention_mask(draw.integer(3, 5), draw.integer(7, 9), "right", shortest=2)
    )


def _positions(case: Case) -> torch.Tensor:
    rows = [
        [sum(row[:place]) if real else 0 for place, real in enumerate(row)]
        for row in case.attention_mask.tolist()
    ]
    return torch.tensor(rows)


@position_ids.must("Number the real tokens of each row 0, 1, 2, ..., beginning with the first real one.")
def real_tokens_are_counted(case, answer):
    mask = case.attention_mask
    expect.same(answer(), _positions(case), "positions", where=mask == 1, attention_mask=mask)


@position_ids.must("Give padding the position 0.")
def padding_is_at_zero(case, answer):
    got, mask = answer(), case.attention_mask
    expect.that((got != 0).any(), "positions: all are 0")
    expect.same(got, torch.zeros_like(mask), "positions", where=mask == 0, attention_mask=mask)


@position_ids.mistake(
    "The places in the row are counted, padding and all. With padding on the left, the first word of a text gets the position of a later one, and "
    "the model reads another text."
)
def padding_counted_as_places(attention_mask):
    return torch.arange(attention_mask.shape[1]).repeat(len(attention_mask), 1)


@position_ids.mistake(
    "The places in the row are counted and only the padding is set to 0: with padding on the left, a text does not begin at position 0."
)
def places_of_real_tokens(attention_mask):
    return torch.arange(attention_mask.shape[1]) * attention_mask


@position_ids.mistake(
    "Counting begins at 1: `cumsum` counts the token itself, too. The first token a model was trained on had position 0."
)
def counted_from_one(attention_mask):
    return attention_mask.cumsum(-1) * attention_mask


@position_ids.mistake(
    "Padding is not set to 0: on the left it comes out as -1, for which there is no position embedding, and the model fails."
)
def padding_below_zero(attention_mask):
    return attention_mask.cumsum(-1) - 1


@position_ids.mistake(
    "Padding has the position 1. That is what `transformers` did before version 5; asked for is 0."
)
def padding_at_one(attention_mask):
    return (attention_mask.cumsum(-1) - 1).masked_fill(attention_mask == 0, 1)


# --------------------------------------------------------------------------------------- label_scores

label_scores = Exercise(
    "label_scores",
    points=0,
    takes=("model: model", "prompt: int64 (1, L)", "labels: list of lists of int"),
    returns=("scores: list of float",),
    summary="How probable a model finds each label as the continuation of a prompt: a generator used as a classifier.",
    read="“A writer asked to judge”",
    hints=(
        "For each label: the prompt and the label's tokens in one row, once through the model. Which positions guess the label's tokens?",
        "The token at position i is guessed by the logits at i - 1, so the first token of a label is guessed at the prompt's last position.",
        "`log_softmax(-1)`, then the entries of the label's tokens, then their sum.",
    ),
    rounds=1,
)


def _prompt_and_labels(draw, lengths: tuple[int, ...], training: bool = False) -> Case:
    from transformers import GPT2LMHeadModel

    vocab, length = draw.integer(30, 36), draw.integer(4, 7)
    model = build(draw, GPT2LMHeadModel, gpt2_config(vocab), training=training)
    tokens = draw.distinct_ids(length + sum(lengths), high=vocab).tolist()
    labels, rest = [], tokens[length:]
    for size in lengths:
        labels.append([rest.pop() for _ in range(size)])
    if lengths[-1] > 1:
        labels[-1][0] = labels[-2][0]  # two labels that begin alike
    return Case(model=model, prompt=torch.tensor([tokens[:length]]), labels=labels)


@label_scores.case
def labels_of_one_token(draw):
    """three labels of one token each"""
    return _prompt_and_labels(draw, (1, 1, 1))


@label_scores.case
def labels_of_several_tokens(draw):
    """labels of one, two and three tokens, two of which begin alike; the model comes in train mode (without dropout)"""
    return _prompt_and_labels(draw, (1, 2, 3), training=True)


@torch.no_grad()
def _by_the_loss(case: Case) -> list[float]:
    """From the library's loss, with the prompt labelled -100: a mean over the label's tokens, so times their number."""
    scores = []
    for label in case.labels:
        ids = torch.cat([case.prompt, torch.tensor([label])], dim=1)
        labels = ids.clone()
        labels[:, : case.prompt.shape[1]] = -100
        scores.append(-case.model(ids, labels=labels).loss.item() * len(label))
    return scores


@label_scores.must(
    "Give the log-probability of each label's token after the prompt.", on=(labels_of_one_token,)
)
def of_single_tokens(case, answer):
    expect.same(list(answer()), _by_the_loss(case), "scores", labels=case.labels)


@label_scores.must(
    "Add up the log-probabilities of a label's tokens, each after the prompt and the label's tokens before it.",
    on=(labels_of_several_tokens,),
)
def of_several_tokens(case, answer):
    expect.same(list(answer()), _by_the_loss(case), "scores", labels=case.labels)


@torch.no_grad()
def _token_scores(model, prompt, label, ahead=1):
    """The log-probability of each of the label's tokens, read `ahead` positions before it."""
    ids = torch.cat([prompt, torch.tensor([label])], dim=1)
    logits = model(ids).logits[0].log_softmax(-1)
    places = torch.arange(prompt.shape[1], ids.shape[1])
    return logits[places - ahead, torch.tensor(label)]


@label_scores.mistake(
    "The log-probabilities of a label's tokens are averaged. That is sometimes done on purpose, to be fair to long labels; asked for is the "
    "probability of the whole label, the *sum* of the logs."
)
def averaged(model, prompt, labels):
    return [_token_scores(model, prompt, label).mean().item() for label in labels]


@label_scores.mistake(
    "Only the first token of each label is scored, so labels that begin alike get the same score."
)
def first_token_only(model, prompt, labels):
    return [_token_scores(model, prompt, label)[0].item() for label in labels]


@label_scores.mistake(
    "The logits *at* the label's tokens are read: guesses about what follows them. The guess about a token stands one position before it."
)
def not_shifted(model, prompt, labels):
    return [_token_scores(model, prompt, label, ahead=0).sum().item() for label in labels]


@label_scores.mistake(
    "Every token of a label is scored right after the prompt, as if the label's earlier tokens were not there."
)
def each_after_the_prompt(model, prompt, labels):
    return [sum(_token_scores(model, prompt, [token]).item() for token in label) for label in labels]


@label_scores.mistake(
    "The prompt's tokens are counted as well: this is the log-probability of the whole text. It grows with the prompt and says little about the label."
)
def prompt_counted(model, prompt, labels):
    with torch.no_grad():
        rest = prompt[0, 1:]
        before = model(prompt).logits[0, :-1].log_softmax(-1)[torch.arange(len(rest)), rest].sum().item()
    return [before + _token_scores(model, prompt, label).sum().item() for label in labels]


@label_scores.mistake(
    "These are probabilities. Asked for are their logarithms, which add up where probabilities multiply."
)
def not_logarithms(model, prompt, labels):
    return [_token_scores(model, prompt, label).sum().exp().item() for label in labels]


@label_scores.mistake(
    "The sign is turned: this is a loss (the lower, the better), and a log-probability is its negative."
)
def losses(model, prompt, labels):
    return [-_token_scores(model, prompt, label).sum().item() for label in labels]


@label_scores.mistake(
    "The scores are right, but a model that came in train mode is left in eval mode. A training loop that scores in between would go on without "
    "dropout, and nobody would notice."
)
def scored_and_left_in_eval_mode(model, prompt, labels):
    return [_token_scores(model.eval(), prompt, label).sum().item() for label in labels]


@label_scores.mistake(
    "The scores are normalised over the labels, so that they say which label is likelier, not how likely each is as a continuation."
)
def among_the_labels(model, prompt, labels):
    scores = torch.stack([_token_scores(model, prompt, label).sum() for label in labels])
    return scores.log_softmax(0).tolist()


# ----------------------------------------------------------------------------------------------- quiz

causal_lm_quiz = Quiz(
    "causal_lm_quiz",
    {
        "questions": Question(
            "A text of 10 tokens goes through a causal model once. How many predictions does its loss average over?",
            (
                (
                    "1: the model predicts the last word.",
                    "Every position predicts its next token, all in one pass: that is what the triangle is for.",
                ),
                (
                    "1 or 2: about 15 % of the tokens.",
                    "That is a masked model. Here every token but the first is a question.",
                ),
                ("9: each token but the first, from those before it.", ""),
                (
                    "10: each token.",
                    "The first has nothing before it to be predicted from, unless end-of-text is put in front.",
                ),
            ),
            "c",
        ),
        "triangle": Question(
            "What does the causal mask put in place of the scores of later tokens, before the softmax?",
            (
                ("Minus infinity, so that their weight is exactly 0.", ""),
                (
                    "0, so that they do not count.",
                    "exp(0) is 1: a score of 0 gets a weight like any other. The *weight* must be 0, not the score.",
                ),
                (
                    "Nothing: the weights are set to 0 after the softmax.",
                    "Then a row's weights no longer add up to 1, and the future has already had its say in the sum below the line.",
                ),
            ),
            "a",
        ),
        "perplexity": Question(
            "A model's mean loss is 2.08 nats a word (ln 8 = 2.08). What does that mean?",
            (
                (
                    "It is right in 8 % of the cases.",
                    "A loss says how sure the model was of the right word, not how often its first guess was right.",
                ),
                ("It is in doubt as if it had to guess among 8 equally likely words.", ""),
                ("It needs 8 words of context.", "The loss says nothing about how far the model looks back."),
                (
                    "It is 8 times worse than the best possible model.",
                    "The best possible model also has a perplexity above 1, because language is not certain. Compare with *that*.",
                ),
            ),
            "b",
        ),
        "padding": Question(
            "You let GPT-2 continue a batch of prompts of unequal lengths. Where does the padding go?",
            (
                (
                    "On the left, with the attention mask handed to the model: new tokens are appended on the right, directly after each prompt.",
                    "",
                ),
                (
                    "On the right, as for BERT.",
                    "Then the new tokens come after the padding, and the logits at the last position are a guess about what follows padding.",
                ),
                (
                    "Nowhere: causal models take batches of unequal lengths.",
                    "A tensor is a rectangle, for every model.",
                ),
                (
                    "Either side is fine, since the mask hides it.",
                    "The mask hides padding from attention, but new tokens are appended at the right end all the same.",
                ),
            ),
            "a",
        ),
    },
    read="the half-truths, and what each of their cells showed",
)
