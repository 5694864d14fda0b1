"""Lesson 03: masked language modelling."""

from __future__ import annotations

import torch
import torch.nn.functional as F

from grader.exercises._models import bert_config, build
from grader.judge import Case, Exercise, Question, Quiz, expect

LESSON = "03_masked_lm"

# ----------------------------------------------------------------------------------------- fill_masks

fill_masks = Exercise(
    "fill_masks",
    points=3,
    takes=("logits: float (B, L, V)", "ids: int64 (B, L)", "mask_id: int", "k: int"),
    returns=("tokens: int64 (M, K)",),
    summary="The k likeliest tokens at each [MASK], in reading order.",
    read="“Reading off a prediction”",
    hints=(
        "A bool tensor can be an index: `logits[ids == mask_id]` picks the scores at the masks, row by row.",
        "`torch.topk` gives values and indices. Which of the two are token ids?",
    ),
)


def _scores_with_masks(draw, masks: tuple[int, ...], k: int = 0) -> Case:
    """So many masks in each row. A `k` of 0 is drawn, and one of -1 stands for the whole vocabulary."""
    length, vocab = draw.integer(7, 9), draw.integer(11, 15)
    mask_id = draw.integer(0, vocab - 1)
    k = {0: draw.integer(3, 5), -1: vocab}.get(k, k)
    ids = draw.ids(len(masks), length, high=vocab)
    ids[ids == mask_id] = (mask_id + 1) % vocab
    for row, count in enumerate(masks):
        ids[row, draw.shuffled(range(length))[:count]] = mask_id
    logits = draw.normal(len(masks), length, vocab, scale=2.0)
    return Case(logits=logits, ids=ids, mask_id=mask_id, k=k).where(M=sum(masks), K=k)


@fill_masks.case
def several_masks(draw):
    """rows with two, no, three and one mask"""
    return _scores_with_masks(draw, (2, 0, 3, 1))


@fill_masks.case(apart=True)
def no_mask(draw):
    """no mask in the batch"""
    return _scores_with_masks(draw, (0, 0, 0))


@fill_masks.case
def a_single_mask(draw):
    """one mask in the whole batch"""
    return _scores_with_masks(draw, (0, 1))


@fill_masks.case
def a_single_token(draw):
    """the one best token is wanted"""
    return _scores_with_masks(draw, (1, 2), k=1)


@fill_masks.case(apart=True)
def the_whole_vocabulary(draw):
    """every token is wanted, in its order"""
    return _scores_with_masks(draw, (2, 1), k=-1)


def _best(case: Case, k: int) -> torch.Tensor:
    rows = [
        case.logits[place].argsort(descending=True)[:k]
        for place in map(tuple, (case.ids == case.mask_id).nonzero().tolist())
    ]
    return torch.stack(rows)


@fill_masks.must("For each mask, give the ids of the k tokens with the highest scores there.")
def the_k_best(case, answer):
    got, want = answer(), _best(case, case.k)
    expect.same(
        got.sort(dim=1).values, want.sort(dim=1).values, "tokens, each row sorted by id", ids=case.ids
    )


@fill_masks.must("Put the best token first.")
def best_first(case, answer):
    got, want = answer(), _best(case, case.k)
    expect.same(got, want, "tokens")


@fill_masks.must("Give a (0, K) tensor where there is no mask.", weight=0.5, on=(no_mask,))
def nothing_to_fill(case, answer):
    expect.same(answer(), torch.zeros(0, case.k, dtype=torch.int64), "tokens")


@fill_masks.must(
    "Raise `ValueError` for a k below 1 or above the vocabulary's size, and for no other.",
    weight=0.5,
    on=(several_masks, a_single_token, the_whole_vocabulary),
)
def impossible_k(case, answer):
    expect.that(answer.outcome.raised is None, f"k = {case.k} is possible: it raised {answer.outcome.raised}")
    for k in (0, -1, case.logits.shape[-1] + 1):
        answer.raises(ValueError, k=k)


def _check_k(k: int, logits: torch.Tensor) -> None:
    if not 1 <= k <= logits.shape[-1]:
        raise ValueError(f"k must be from 1 to {logits.shape[-1]}, got {k}")


@fill_masks.mistake(
    "The k *lowest* scores were taken: sorting is upwards unless `descending=True` says otherwise."
)
def worst_first(logits, ids, mask_id, k):
    _check_k(k, logits)
    return logits[ids == mask_id].argsort(dim=-1)[:, :k]


@fill_masks.mistake("The right tokens, but the best one stands last.")
def best_last(logits, ids, mask_id, k):
    _check_k(k, logits)
    return logits[ids == mask_id].argsort(dim=-1)[:, -k:]


@fill_masks.mistake(
    "The scores were read one position to the left of each mask, as one does with a causal model. A masked model predicts each "
    "token at its own position."
)
def one_to_the_left(logits, ids, mask_id, k):
    _check_k(k, logits)
    return logits.roll(1, dims=1)[ids == mask_id].topk(k).indices


@fill_masks.mistake(
    "The masks come column by column. Reading order is the first row from left to right, then the second."
)
def column_by_column(logits, ids, mask_id, k):
    _check_k(k, logits)
    return logits.transpose(0, 1)[(ids == mask_id).T].topk(k).indices


@fill_masks.mistake("`topk` gives scores and ids, in this order; the scores were returned.")
def scores_for_ids(logits, ids, mask_id, k):
    _check_k(k, logits)
    return logits[ids == mask_id].topk(k).values


@fill_masks.mistake(
    "`squeeze` takes away every axis of size 1: with a single mask or k = 1, one of the two axes is lost, and the caller can no longer tell "
    "masks from tokens."
)
def lone_axis_squeezed(logits, ids, mask_id, k):
    _check_k(k, logits)
    return logits[ids == mask_id].topk(k).indices.squeeze()


@fill_masks.mistake("Only the first mask of each row is filled; a text may have several.")
def first_mask_of_each_row(logits, ids, mask_id, k):
    _check_k(k, logits)
    rows = [
        logits[b, row.nonzero()[0, 0]].topk(k).indices for b, row in enumerate(ids == mask_id) if row.any()
    ]
    return torch.stack(rows) if rows else torch.zeros(0, k, dtype=torch.int64)


@fill_masks.mistake(
    "Right, but k = V is refused. All tokens of the vocabulary in their order is much, but nothing impossible: only what is *above* V is."
)
def whole_vocabulary_refused(logits, ids, mask_id, k):
    if k < 1 or k >= logits.shape[-1]:
        raise ValueError("k must be from 1 to V - 1")
    return logits[ids == mask_id].topk(k).indices


@fill_masks.mistake(
    "Without a mask there is nothing to stack, and the code fails instead of returning an empty (0, K) tensor."
)
def fails_without_a_mask(logits, ids, mask_id, k):
    _check_k(k, logits)
    return torch.stack([logits[b, i].topk(k).indices for b, i in (ids == mask_id).nonzero().tolist()])


# ---------------------------------------------------------------------------------------- mask_tokens

mask_tokens = Exercise(
    "mask_tokens",
    points=4,
    takes=(
        "ids: int64 (B, L)",
        "special: bool (B, L)",
        "choose: float (B, L)",
        "action: float (B, L)",
        "random_ids: int64 (B, L)",
        "mask_id: int",
        "probability: float",
    ),
    returns=("inputs: int64 (B, L)", "labels: int64 (B, L)"),
    summary="Choose tokens for prediction, corrupt most of them, and note in the labels what they were.",
    read="“Three fates of a chosen token”, and the example worked by hand",
    hints=(
        "Begin with one bool tensor of shape (B, L): `chosen`. Everything else follows from it and from `action`.",
        "`torch.where(condition, a, b)` builds a new tensor and leaves `a` and `b` alone. The labels are one such line.",
        "Two more bool tensors tell the fates apart: `chosen & (action < 0.8)`, and `chosen & (action >= 0.8) & (action < 0.9)`. "
        "The third fate needs no line at all.",
    ),
)


def _batch_to_mask(draw, side: str, probability: float | None = None, ends: bool = True) -> Case:
    batch, length = draw.integer(3, 5), draw.integer(26, 34)
    attention_mask = draw.attention_mask(batch, length, side, shortest=16).bool()
    special = ~attention_mask
    for row in range(batch):  # [CLS] and [SEP] around the text, and one [SEP] inside it
        real = attention_mask[row].nonzero().flatten()
        inside = draw.integer(6, 9)
        special[row, real[[0, inside, -1] if ends else [inside]]] = True
    edge = 0.15 if probability is None else probability
    choose = draw.uniform(batch, length, edges=(0.15, edge))
    likely = draw.uniform(batch, length) < 0.6  # else too few positions are chosen to show every fate
    choose = torch.where(likely & (choose > edge), choose * edge * 0.9, choose)
    action = draw.uniform(batch, length, edges=(0.8, 0.9, 0.1, 0.2))
    kept = draw.uniform(batch, length) < 0.5  # as many in the two rare fates as in the common one
    action = torch.where(kept, 0.8 + action * 0.2, action)
    action = torch.where(
        ((action - 0.9).abs() < 0.002) | ((action - 0.8).abs() < 0.002), action + 0.005, action
    )
    arguments = {} if probability is None else {"probability": probability}
    return Case(
        ids=draw.ids(batch, length, low=10, high=200),
        special=special,
        choose=choose,
        action=action,
        random_ids=draw.ids(batch, length, low=200, high=400),
        mask_id=draw.integer(3, 9),
        **arguments,
    )


@mask_tokens.case
def padded_on_the_right(draw):
    """sentence pairs, padded on the right"""
    return _batch_to_mask(draw, "right")


@mask_tokens.case
def padded_on_the_left(draw):
    """sentence pairs, padded on the left"""
    return _batch_to_mask(draw, "left")


@mask_tokens.case
def another_probability(draw):
    """another probability than 0.15, and texts without special tokens at their ends"""
    case = _batch_to_mask(draw, "right", draw.choice((0.3, 0.4, 0.5)), ends=False)
    longest = (~case.special[:, -1]).nonzero()[0]
    case.choose[longest, [0, -1]] = 0.01
    return case


@mask_tokens.case(apart=True)
def draws_on_an_edge(draw):
    """draws of just 0.15 to choose by, and of just 0.8 to act by"""
    # As float32 both lie a trifle above the decimal, so any precision tells them apart from what is below it. 0.9 does not.
    case = _batch_to_mask(draw, "right")
    places = torch.cartesian_prod(*map(torch.arange, case.ids.shape))[~case.special.flatten()]
    rows, columns = torch.tensor(draw.shuffled(places.tolist())[:12]).T
    case.choose[rows[:4], columns[:4]] = 0.15
    case.choose[rows[4:], columns[4:]] = 0.01
    case.action[rows[4:], columns[4:]] = 0.8
    return case


def _chosen(case: Case) -> torch.Tensor:
    return (case.choose < case.arguments.get("probability", 0.15)) & ~case.special


_ORDINARY = (padded_on_the_right, padded_on_the_left, another_probability)


@mask_tokens.must(
    "Keep the original id in `labels` at every chosen position, and -100 at every other.",
    weight=1.0,
    on=(*_ORDINARY, draws_on_an_edge),
)
def labels_mark_the_choice(case, answer):
    _, labels = answer()
    want = torch.where(_chosen(case), case.ids, -100)
    expect.same(labels, want, "labels", where=~case.special, ids=case.ids, choose=case.choose)


@mask_tokens.must("Never choose a special token: its label is -100 and its id stays.", weight=1.0)
def special_tokens_are_left_alone(case, answer):
    inputs, labels = answer()
    expect.that((labels != -100).any(), "labels: no position is chosen at all")
    expect.same(
        labels,
        torch.full_like(labels, -100),
        "labels",
        where=case.special,
        ids=case.ids,
        special=case.special,
    )
    expect.same(inputs, case.ids, "inputs", where=case.special, ids=case.ids, special=case.special)


@mask_tokens.must("Where `action < 0.8`, a chosen token becomes `mask_id`.", weight=0.8)
def most_become_mask(case, answer):
    inputs, _ = answer()
    where = _chosen(case) & (case.action < 0.8)
    want = torch.full_like(case.ids, case.mask_id)
    expect.same(inputs, want, "inputs", where=where, ids=case.ids, choose=case.choose, action=case.action)


@mask_tokens.must(
    "Where `0.8 <= action < 0.9`, a chosen token becomes its `random_ids`.",
    weight=0.4,
    on=(*_ORDINARY, draws_on_an_edge),
)
def some_become_random(case, answer):
    inputs, _ = answer()
    where = _chosen(case) & (case.action >= 0.8) & (case.action < 0.9)
    expect.same(
        inputs,
        case.random_ids,
        "inputs",
        where=where,
        ids=case.ids,
        random_ids=case.random_ids,
        action=case.action,
    )


@mask_tokens.must(
    "Every other token keeps its id in `inputs`: the rest of the chosen, and all that were not chosen.",
    weight=0.8,
)
def the_rest_stays(case, answer):
    inputs, _ = answer()
    where = ~(_chosen(case) & (case.action < 0.9)) & ~case.special
    expect.same(inputs, case.ids, "inputs", where=where, ids=case.ids, choose=case.choose, action=case.action)


def _corrupt(ids, chosen, action, random_ids, mask_id):
    inputs = torch.where(chosen & (action < 0.8), mask_id, ids)
    return torch.where(chosen & (action >= 0.8) & (action < 0.9), random_ids, inputs)


@mask_tokens.mistake(
    "The label is kept at every position, so the loss also rewards copying words that are still visible. "
    "Only a chosen position may have a label; -100 hides the others from the loss."
)
def labels_everywhere(ids, special, choose, action, random_ids, mask_id, probability=0.15):
    chosen = (choose < probability) & ~special
    return _corrupt(ids, chosen, action, random_ids, mask_id), ids.clone()


@mask_tokens.mistake("The two results are in the wrong order: `inputs` come first, then `labels`.")
def labels_first(ids, special, choose, action, random_ids, mask_id, probability=0.15):
    chosen = (choose < probability) & ~special
    return torch.where(chosen, ids, -100), _corrupt(ids, chosen, action, random_ids, mask_id)


@mask_tokens.mistake(
    "The -100 stands at the chosen positions instead of at the others: the loss ignores just what the model should learn."
)
def labels_inverted(ids, special, choose, action, random_ids, mask_id, probability=0.15):
    chosen = (choose < probability) & ~special
    return _corrupt(ids, chosen, action, random_ids, mask_id), torch.where(chosen, -100, ids)


@mask_tokens.mistake(
    "Positions that do not count are labelled -1. PyTorch's cross-entropy ignores -100 and nothing else, and fails on -1."
)
def ignored_as_minus_one(ids, special, choose, action, random_ids, mask_id, probability=0.15):
    chosen = (choose < probability) & ~special
    return _corrupt(ids, chosen, action, random_ids, mask_id), torch.where(chosen, ids, -1)


@mask_tokens.mistake(
    "`ids` was changed before the labels were taken from it, so the labels hold [MASK] where the lost word should be, "
    "and the model would learn to predict [MASK]. A name is not a copy: `.clone()` makes one.",
)
def labels_after_masking(ids, special, choose, action, random_ids, mask_id, probability=0.15):
    inputs = ids
    chosen = (choose < probability) & ~special
    inputs[chosen & (action < 0.8)] = mask_id
    replaced = chosen & (action >= 0.8) & (action < 0.9)
    inputs[replaced] = random_ids[replaced]
    labels = ids.clone()
    labels[~chosen] = -100
    return inputs, labels


@mask_tokens.mistake(
    "The labels are right and `inputs` too, but `inputs` is the caller's own `ids`, overwritten. The next epoch would mask a text "
    "that is already masked. A name is not a copy: `.clone()` makes one, and so does `torch.where`."
)
def overwrites_the_ids(ids, special, choose, action, random_ids, mask_id, probability=0.15):
    chosen = (choose < probability) & ~special
    labels = torch.where(chosen, ids, -100)
    ids[:] = _corrupt(ids, chosen, action, random_ids, mask_id)
    return ids, labels


@mask_tokens.mistake(
    "Special tokens and padding are chosen too. The model would spend its effort on predicting [CLS], [SEP] and [PAD], "
    "which are always in the same places."
)
def special_tokens_chosen(ids, special, choose, action, random_ids, mask_id, probability=0.15):
    chosen = choose < probability
    return _corrupt(ids, chosen, action, random_ids, mask_id), torch.where(chosen, ids, -100)


@mask_tokens.mistake(
    "Every chosen token becomes [MASK]. A model trained so never has to doubt a word that it sees, and [MASK] never occurs "
    "when it is used: that is what the other two fates are for."
)
def always_mask(ids, special, choose, action, random_ids, mask_id, probability=0.15):
    chosen = (choose < probability) & ~special
    return torch.where(chosen, mask_id, ids), torch.where(chosen, ids, -100)


@mask_tokens.mistake(
    "A chosen token that keeps its id has lost its label. It looks unchanged, but it is a question all the same: the model "
    "must confirm the word, and it cannot know which of the visible words are being asked for."
)
def unchanged_not_asked(ids, special, choose, action, random_ids, mask_id, probability=0.15):
    chosen = (choose < probability) & ~special
    return _corrupt(ids, chosen, action, random_ids, mask_id), torch.where(chosen & (action < 0.9), ids, -100)


@mask_tokens.mistake(
    "Everything above 0.8 becomes a random token, so 20 % are random and none is left as it was. The third fate begins at 0.9."
)
def none_kept(ids, special, choose, action, random_ids, mask_id, probability=0.15):
    chosen = (choose < probability) & ~special
    inputs = torch.where(chosen & (action < 0.8), mask_id, ids)
    return torch.where(chosen & (action >= 0.8), random_ids, inputs), torch.where(chosen, ids, -100)


@mask_tokens.mistake(
    "The second comparison asks for `action < 0.1`, as if it were a draw of its own. One draw decides among three fates: "
    "the 10 % for random tokens is the stretch from 0.8 to 0.9, and below 0.1 the token is [MASK]."
)
def fates_overlap(ids, special, choose, action, random_ids, mask_id, probability=0.15):
    chosen = (choose < probability) & ~special
    inputs = torch.where(chosen & (action < 0.8), mask_id, ids)
    return torch.where(chosen & (action < 0.1), random_ids, inputs), torch.where(chosen, ids, -100)


@mask_tokens.mistake(
    "The choice is `choose > probability`: with 0.15 that asks for 85 % of the text, and leaves hardly any context to answer from."
)
def choice_inverted(ids, special, choose, action, random_ids, mask_id, probability=0.15):
    chosen = (choose > probability) & ~special
    return _corrupt(ids, chosen, action, random_ids, mask_id), torch.where(chosen, ids, -100)


@mask_tokens.mistake(
    "Right, but for draws just on an edge: `<=` takes it in where the contract says `<`. A draw of exactly `probability` chooses nothing, and an action "
    "of exactly 0.8 is already the second fate."
)
def edges_taken_in(ids, special, choose, action, random_ids, mask_id, probability=0.15):
    chosen = (choose <= probability) & ~special
    inputs = torch.where(chosen & (action > 0.8) & (action <= 0.9), random_ids, ids)
    return torch.where(chosen & (action <= 0.8), mask_id, inputs), torch.where(chosen, ids, -100)


@mask_tokens.mistake("The argument `probability` is never used: 0.15 stands in the code instead.")
def fixed_probability(ids, special, choose, action, random_ids, mask_id, probability=0.15):
    chosen = (choose < 0.15) & ~special
    return _corrupt(ids, chosen, action, random_ids, mask_id), torch.where(chosen, ids, -100)


# ------------------------------------------------------------------------------------------- mlm_loss

mlm_loss = Exercise(
    "mlm_loss",
    points=3,
    takes=("logits: float (B, L, V)", "labels: int64 (B, L)"),
    returns=("loss: float ()",),
    summary="The mean cross-entropy over the positions that have a label.",
    read="“A loss that looks only where a question was asked”",
    hints=(
        "`torch.nn.functional.cross_entropy` wants the scores as (N, V) and the labels as (N,): fold batch and length into one axis.",
        "It already leaves out labels of -100, and divides by the number of those that are left.",
        "Divided by none at all, it gives NaN. Decide what to return before that happens, and keep it a tensor that knows its gradient.",
    ),
)


def _scores_and_labels(draw, dtype=torch.float32) -> Case:
    batch, length, vocab = draw.sizes(3, 3, 9)
    labels = draw.ids(batch, length, high=vocab)
    hidden = draw.uniform(batch, length) < 0.6
    hidden[0, 1:], hidden[1, :-1] = (
        True,
        False,
    )  # rows with one label and with all: means of rows would differ
    hidden[0, 0] = False
    return Case(
        logits=draw.normal(batch, length, vocab, scale=2.0, dtype=dtype),
        labels=labels.masked_fill(hidden, -100),
    )


@mlm_loss.case
def some_positions_ignored(draw):
    """some labels are -100"""
    return _scores_and_labels(draw)


@mlm_loss.case
def double_precision(draw):
    """scores in float64"""
    return _scores_and_labels(draw, torch.float64)


@mlm_loss.case(apart=True)
def a_single_label(draw):
    """a single text with a single label"""
    length, vocab = draw.sizes(2, 3, 9)
    labels = torch.full((1, length), -100)
    labels[0, draw.integer(0, length - 1)] = draw.integer(0, vocab - 1)
    return Case(logits=draw.normal(1, length, vocab, scale=2.0), labels=labels)


@mlm_loss.case(apart=True)
def all_positions_ignored(draw):
    """every label is -100"""
    case = _scores_and_labels(draw)
    return Case(logits=case.logits, labels=torch.full_like(case.labels, -100))


@mlm_loss.must(
    "Give the mean cross-entropy over the labels other than -100.",
    weight=1.25,
    on=(some_positions_ignored, double_precision, a_single_label),
)
def mean_over_labels(case, answer):
    want = F.cross_entropy(case.logits.flatten(0, 1), case.labels.flatten())
    expect.same(answer(), want, "loss")


@mlm_loss.must(
    "Let no score at an ignored position move the loss, and every score elsewhere do so.", weight=0.5
)
def ignored_positions_do_not_count(case, answer):
    counted = (case.labels != -100)[..., None]
    other = case.logits.flip(-1)
    message = "the loss moved from {:.4g} to {:.4g} when only scores at positions labelled -100 changed"
    before, after = answer(), answer(logits=torch.where(counted, case.logits, other))
    expect.that(torch.isclose(before, after, rtol=1e-4), message.format(before, after))
    # What a label gets more is sure to lower the loss; quite other scores may by chance come to the same.
    raised = 2 * F.one_hot(case.labels.clamp(min=0), case.logits.shape[-1]) * counted
    moved = answer(logits=case.logits + raised)
    expect.that(
        not torch.isclose(before, moved, rtol=1e-4),
        "the loss did not move when the scores at labelled positions changed",
    )


@mlm_loss.must("Give 0, not NaN, where every label is -100.", weight=0.5, on=(all_positions_ignored,))
def nothing_to_learn_from(case, answer):
    expect.same(answer(), torch.tensor(0.0, dtype=case.logits.dtype), "loss")


@mlm_loss.must("Stay differentiable: the gradient reaches the scores.", weight=0.75)
def gradient_reaches_the_scores(case, answer):
    logits = case.logits.clone().requires_grad_()
    (want,) = torch.autograd.grad(F.cross_entropy(logits.flatten(0, 1), case.labels.flatten()), logits)
    got = answer.gradients("logits")["logits"]
    expect.that(
        got is not None,
        "no gradient reaches `logits`: the loss has left the graph (by .item(), .detach(), no_grad or a new tensor)",
    )
    expect.same(got, want, "gradient")


@mlm_loss.mistake(
    "The sum is divided by all positions, ignored ones too. With 15 % of the tokens chosen the loss comes out about seven times "
    "too small, and it changes with the amount of padding."
)
def mean_over_all_positions(logits, labels):
    losses = F.cross_entropy(logits.flatten(0, 1), labels.flatten(), reduction="none")
    return losses.mean()


@mlm_loss.mistake("The losses are summed, not averaged: longer batches get larger losses and larger steps.")
def summed(logits, labels):
    return F.cross_entropy(logits.flatten(0, 1), labels.flatten(), reduction="sum")


@mlm_loss.mistake(
    "Each row is averaged on its own and then the rows are: a label in a row with few of them weighs more than one in a full row."
)
def mean_of_row_means(logits, labels):
    rows = [
        F.cross_entropy(row, label)
        for row, label in zip(logits, labels, strict=True)
        if (label != -100).any()
    ]
    return torch.stack(rows).mean() if rows else logits.sum() * 0


@mlm_loss.mistake(
    "The -100 was turned into token 0, so the model is punished at every visible word for not predicting token 0."
)
def ignored_counted_as_token_zero(logits, labels):
    return F.cross_entropy(logits.flatten(0, 1), labels.clamp(min=0).flatten())


@mlm_loss.mistake(
    "The scores go through softmax before the cross-entropy, which takes the softmax itself. Twice flattens everything: the loss can "
    "then hardly fall below that of a guess, and the gradients nearly vanish."
)
def softmax_twice(logits, labels):
    loss = F.cross_entropy(logits.softmax(-1).flatten(0, 1), labels.flatten(), reduction="sum")
    return loss / (labels != -100).sum().clamp(min=1)


@mlm_loss.mistake(
    "The softmax runs over the length, so the positions compete for each token. It is each position that shares 1 among the tokens of "
    "the vocabulary: the last axis."
)
def softmax_over_the_length(logits, labels):
    counted = labels != -100
    picked = logits.log_softmax(1).gather(2, labels.clamp(min=0)[..., None])[..., 0]
    return -(picked * counted).sum() / counted.sum().clamp(min=1)


@mlm_loss.mistake(
    "The scores were brought from (B, L, V) to (B, V, L) by `view` or `reshape`. That keeps the numbers in the order of memory and mixes the "
    "scores of different positions; only `transpose` exchanges two axes. The shape is right all the same, so nothing complains."
)
def reshaped_not_transposed(logits, labels):
    batch, length, vocab = logits.shape
    loss = F.cross_entropy(logits.reshape(batch, vocab, length), labels, reduction="sum")
    return loss / (labels != -100).sum().clamp(min=1)


@mlm_loss.mistake(
    "Right wherever there is a label, but NaN where there is none: the library divides by their number. One batch "
    "without a chosen token would turn every weight of the model into NaN."
)
def nan_without_labels(logits, labels):
    return F.cross_entropy(logits.flatten(0, 1), labels.flatten())


@mlm_loss.mistake(
    "The value is right, but it is a new number without a history: `backward()` has nothing to go through, so nothing is learned."
)
def cut_from_the_graph(logits, labels):
    loss = F.cross_entropy(logits.flatten(0, 1), labels.flatten())
    return torch.tensor(0.0 if loss.isnan() else loss.item())


# ---------------------------------------------------------------------------------- whole_word_groups

whole_word_groups = Exercise(
    "whole_word_groups",
    points=3,
    takes=("word_ids: list of int or None",),
    returns=("groups: list of lists of int",),
    summary="The positions of each word's pieces, so that a word is masked as a whole.",
    read="“When a word comes in pieces”",
    hints=(
        "Walk through the positions once and remember the word id of the position before.",
        "A piece continues a word when its word id is the one before it, directly before it. After a `None`, nothing is continued.",
    ),
)


def _words(draw, count: int) -> list[int]:
    return [word for word in range(count) for _ in range(draw.choice((1, 1, 2, 3)))]


@whole_word_groups.case
def one_text(draw):
    """one text between special tokens"""
    return Case(word_ids=[None, *_words(draw, draw.integer(4, 7)), None])


@whole_word_groups.case
def a_padded_pair(draw):
    """a pair of texts, padded: the word ids start again at 0"""
    first, second = _words(draw, draw.integer(3, 5)), _words(draw, draw.integer(3, 5))
    return Case(word_ids=[None, *first, None, *second, None, *[None] * draw.integer(2, 4)])


@whole_word_groups.case
def a_pair_of_single_words(draw):
    """a pair of two single words: word 0 beside word 0, with [SEP] between"""
    return Case(word_ids=[None, *[0] * draw.integer(2, 3), None, *[0] * draw.integer(1, 4), None])


@whole_word_groups.case
def no_special_tokens(draw):
    """a text without special tokens"""
    return Case(word_ids=[*_words(draw, draw.integer(4, 6)), draw.integer(7, 9)])


@whole_word_groups.case(apart=True)
def a_single_word(draw):
    """a single word of several pieces, without special tokens"""
    return Case(word_ids=[0] * draw.integer(2, 4))


@whole_word_groups.case(apart=True)
def only_special_tokens(draw):
    """only special tokens"""
    return Case(word_ids=[None] * draw.integer(2, 4))


def _groups_by_definition(word_ids: list[int | None]) -> list[list[int]]:
    starts = [i for i, w in enumerate(word_ids) if w is not None and (i == 0 or word_ids[i - 1] != w)]
    return [
        [j for j in range(i, len(word_ids)) if all(w == word_ids[i] for w in word_ids[i : j + 1])]
        for i in starts
    ]


@whole_word_groups.must(
    "Give the positions of each word, word after word, and none of a special token.",
    on=(one_text, no_special_tokens, a_single_word),
)
def positions_of_words(case, answer):
    expect.same(answer(), _groups_by_definition(case.word_ids), "groups")


@whole_word_groups.must(
    "Keep the words of two texts apart, though their ids are the same.",
    on=(a_padded_pair, a_pair_of_single_words),
)
def texts_stay_apart(case, answer):
    expect.same(answer(), _groups_by_definition(case.word_ids), "groups")


@whole_word_groups.must("Use every position that belongs to a word exactly once.", weight=0.5)
def every_piece_once(case, answer):
    groups = answer()
    expect.that(
        all(isinstance(group, (list, tuple)) for group in groups),
        "groups should be a list of lists of positions",
    )
    positions = sorted(position for group in groups for position in group if isinstance(position, int))
    want = [i for i, word in enumerate(case.word_ids) if word is not None]
    expect.same(positions, want, "positions used, sorted")


@whole_word_groups.must("Give an empty list where there is no word.", weight=0.5, on=(only_special_tokens,))
def no_words(case, answer):
    expect.same(answer(), [], "groups")
    expect.same(answer(word_ids=[]), [], "groups of an empty list")


@whole_word_groups.mistake(
    "Positions are collected by word id alone, so word 0 of the second text joins word 0 of the first, and both would be masked together."
)
def collected_by_id(word_ids):
    groups = {}
    for position, word in enumerate(word_ids):
        if word is not None:
            groups.setdefault(word, []).append(position)
    return list(groups.values())


@whole_word_groups.mistake(
    "Special tokens form groups too: [CLS], [SEP] and padding would be masked like words."
)
def special_tokens_grouped(word_ids):
    groups = []
    for position, word in enumerate(word_ids):
        if position and word == word_ids[position - 1]:
            groups[-1].append(position)
        else:
            groups.append([position])
    return groups


@whole_word_groups.mistake(
    "`if word` is false for word 0 as well as for `None`, so the first word is lost. Compare with `is not None`."
)
def word_zero_lost(word_ids):
    groups, previous = [], None
    for position, word in enumerate(word_ids):
        if word:
            if word == previous:
                groups[-1].append(position)
            else:
                groups.append([position])
        previous = word
    return groups


@whole_word_groups.mistake(
    "A group is stored only when the next word begins, so the last word is never stored."
)
def last_word_lost(word_ids):
    groups, current, previous = [], [], None
    for position, word in enumerate(word_ids):
        if word is None:
            continue
        if current and (word != previous or word_ids[position - 1] is None):
            groups.append(current)
            current = []
        current.append(position)
        previous = word
    return groups


@whole_word_groups.mistake(
    "The special tokens are skipped without ending the word before them, so word 0 after [SEP] continues word 0 before it."
)
def separator_ignored(word_ids):
    groups, previous = [], None
    for position, word in enumerate(word_ids):
        if word is None:
            continue
        if word == previous:
            groups[-1].append(position)
        else:
            groups.append([position])
        previous = word
    return groups


@whole_word_groups.mistake(
    "Each piece is a group of its own: `##ing` could be masked while `walk` stands before it, and the gap is filled from half of its own word."
)
def every_piece_alone(word_ids):
    return [[position] for position, word in enumerate(word_ids) if word is not None]


@whole_word_groups.mistake(
    "Right, but for the first position: the one before it, `word_ids[i - 1]`, has the index -1, and that is the *last* entry. Where both belong to word 0, "
    "the first piece continues a group that is not there yet."
)
def looks_back_to_the_end(word_ids):
    groups = []
    for position, word in enumerate(word_ids):
        if word is None:
            continue
        if word_ids[position - 1] == word:
            groups[-1].append(position)
        else:
            groups.append([position])
    return groups


@whole_word_groups.mistake("The groups hold word ids where positions are asked for.")
def ids_for_positions(word_ids):
    return [[word_ids[i] for i in group] for group in _groups_by_definition(word_ids)]


# ------------------------------------------------------------------------------ pseudo_log_likelihood

pseudo_log_likelihood = Exercise(
    "pseudo_log_likelihood",
    points=4,
    takes=("model: model", "ids: int64 (L)", "special: bool (L)", "mask_id: int"),
    returns=("score: float",),
    summary="How probable a masked model finds a sentence: mask each token in turn and add up the log-probabilities.",
    read="“A score for a whole sentence”",
    hints=(
        "One copy of the sentence for each token that is not special, with that one token masked: a loop, or one batch of them.",
        "At the masked position, take `log_softmax` over the vocabulary, and from it the entry of the *original* id.",
        "Add the log-probabilities up and return `.item()`. Without a token to mask, the sum is 0.0.",
    ),
    rounds=1,
)


@torch.no_grad()
def _masked_log_probabilities(model, ids: torch.Tensor, mask_id: int) -> torch.Tensor:
    """For each position, the log-probability of its token when it alone is masked, by the library's loss: float32 (L)."""
    masked = torch.where(torch.eye(len(ids), dtype=torch.bool), mask_id, ids)
    labels = torch.where(masked == ids, -100, ids)
    return torch.stack(
        [-model(row[None], labels=label[None]).loss for row, label in zip(masked, labels, strict=True)]
    )


def _sentence_and_model(draw, training: bool) -> Case:
    from transformers import BertForMaskedLM

    vocab, length = draw.integer(30, 40), draw.integer(6, 8)
    special = torch.zeros(length, dtype=torch.bool)
    special[[0, draw.integer(2, 3), -1]] = True
    model = build(draw, BertForMaskedLM, bert_config(vocab), training=training)
    ids, mask_id = draw.distinct_ids(length, low=5, high=vocab), draw.integer(1, 4)
    case = Case(model=model, ids=ids, special=special, mask_id=mask_id)
    return case.knows(log_probabilities=_masked_log_probabilities(model, ids, mask_id))


@pseudo_log_likelihood.case
def a_pair_of_sentences(draw):
    """a model in eval mode and [CLS] ... [SEP] ... [SEP]"""
    return _sentence_and_model(draw, training=False)


@pseudo_log_likelihood.case
def a_model_in_train_mode(draw):
    """a model that comes in train mode (without dropout)"""
    return _sentence_and_model(draw, training=True)


@pseudo_log_likelihood.must(
    "Add up the log-probabilities of the original tokens, each masked in its turn.", weight=2.5
)
def sum_of_log_probabilities(case, answer):
    want = case.log_probabilities[~case.special].sum().item()
    expect.same(answer(), want, "score", ids=case.ids, special=case.special)


@pseudo_log_likelihood.must("Count exactly the tokens that are not special, whichever those are.")
def special_tokens_do_not_count(case, answer):
    only = torch.ones_like(case.special)
    only[0] = False
    expect.same(
        answer(special=only),
        case.log_probabilities[0].item(),
        "score where only position 0 counts",
        ids=case.ids,
    )


@pseudo_log_likelihood.must("Give 0.0 where every token is special.", weight=0.5)
def nothing_to_score(case, answer):
    expect.same(answer(special=torch.ones_like(case.special)), 0.0, "score where every token is special")


def _log_probabilities(model, ids):
    with torch.no_grad():
        return model(ids[None]).logits[0].log_softmax(-1)


def _scored(model, ids, special, mask_id, score):
    """The sum of `score(logits, token)` over the places that count, each masked alone, all in one batch."""
    places = (~special).nonzero().flatten()
    if not len(places):
        return 0.0
    rows = torch.arange(len(places))
    masked = ids.repeat(len(places), 1)
    masked[rows, places] = mask_id
    with torch.no_grad():
        logits = model(masked).logits[rows, places]
    return sum(score(row, token).item() for row, token in zip(logits, ids[places], strict=True))


@pseudo_log_likelihood.mistake(
    "Nothing is masked: the model sees each word that it is asked for, so the score tells how well it copies."
)
def nothing_masked(model, ids, special, mask_id):
    scores = _log_probabilities(model, ids)
    return scores[torch.arange(len(ids)), ids][~special].sum().item()


@pseudo_log_likelihood.mistake(
    "All words are masked at once, so each is guessed from its position alone. Mask one at a time, and leave the others to be read."
)
def all_masked_at_once(model, ids, special, mask_id):
    scores = _log_probabilities(model, torch.where(special, ids, mask_id))
    return scores[torch.arange(len(ids)), ids][~special].sum().item()


@pseudo_log_likelihood.mistake(
    "The log-probabilities are averaged. The contract asks for their sum, the log of a product of probabilities."
)
def averaged(model, ids, special, mask_id):
    count = int((~special).sum())
    total = _scored(model, ids, special, mask_id, lambda logits, token: logits.log_softmax(-1)[token])
    return total / count if count else 0.0


@pseudo_log_likelihood.mistake(
    "Probabilities are added, not their logarithms. A product of probabilities becomes a sum only after the log."
)
def probabilities_added(model, ids, special, mask_id):
    return _scored(model, ids, special, mask_id, lambda logits, token: logits.softmax(-1)[token])


@pseudo_log_likelihood.mistake(
    "Raw logits are added. They have no fixed zero: only `log_softmax` makes them log-probabilities, which are never above 0."
)
def logits_added(model, ids, special, mask_id):
    return _scored(model, ids, special, mask_id, lambda logits, token: logits[token])


@pseudo_log_likelihood.mistake(
    "Special tokens are masked and counted as well: [CLS] and [SEP] say nothing about the sentence."
)
def special_tokens_counted(model, ids, special, mask_id):
    everything = torch.zeros_like(special)
    return _scored(model, ids, everything, mask_id, lambda logits, token: logits.log_softmax(-1)[token])


@pseudo_log_likelihood.mistake(
    "The sign is turned: this is a loss (the lower, the better), and a log-likelihood is its negative."
)
def negative(model, ids, special, mask_id):
    return -_scored(model, ids, special, mask_id, lambda logits, token: logits.log_softmax(-1)[token])


@pseudo_log_likelihood.mistake(
    "The log-probability is that of [MASK], the token now standing there, not that of the word that was hidden."
)
def mask_scored(model, ids, special, mask_id):
    return _scored(model, ids, special, mask_id, lambda logits, token: logits.log_softmax(-1)[mask_id])


@pseudo_log_likelihood.mistake(
    "The score is right, but a model that came in train mode is left in eval mode. Put it back as it was (`model.training` tells), or whoever trains "
    "on will do so without dropout, and nobody will notice."
)
def left_in_eval_mode(model, ids, special, mask_id):
    model.eval()
    return _scored(model, ids, special, mask_id, lambda logits, token: logits.log_softmax(-1)[token])


@pseudo_log_likelihood.mistake(
    "Everything to the right of each word is hidden as well: that is how a causal model reads. A masked model sees both sides."
)
def right_side_hidden(model, ids, special, mask_id):
    places = (~special).nonzero().flatten()
    if not len(places):
        return 0.0
    masked = torch.where((torch.arange(len(ids)) >= places[:, None]) & ~special, mask_id, ids)
    with torch.no_grad():
        scores = model(masked).logits.log_softmax(-1)
    return scores[torch.arange(len(places)), places, ids[places]].sum().item()


# ----------------------------------------------------------------------------------------------- quiz

masked_lm_quiz = Quiz(
    "masked_lm_quiz",
    {
        "hidden": Question(
            "BERT fills a gap in “The [MASK] barked at the postman.” From which words does it predict?",
            (
                (
                    "From “The”: the words before the gap.",
                    "That is a causal model, which reads from left to right. Here “barked” and “postman” decide.",
                ),
                ("From all the other words, on both sides.", ""),
                (
                    "From “barked at the postman”: the words after the gap.",
                    "“The” is read as well; nothing on either side is hidden.",
                ),
            ),
            "b",
        ),
        "labels": Question(
            "A batch holds 1,000 tokens and 150 of them were chosen. How many entries of `labels` are not -100?",
            (
                (
                    "1,000: every token has a label.",
                    "Then the model would be paid for copying the 850 words that it can see.",
                ),
                (
                    "120: only those that became [MASK].",
                    "The random and the unchanged ones are questions too: they were chosen, and the loss looks at them.",
                ),
                ("150: all that were chosen.", ""),
                (
                    "135: those whose input changed.",
                    "A chosen token that keeps its id still has its label; else the model need never doubt a word it sees.",
                ),
            ),
            "c",
        ),
        "fates": Question(
            "Why does one chosen token in ten keep its id?",
            (
                ("To save time.", "It costs as much as any other position."),
                (
                    "Because [MASK] never occurs when the model is used: it must form a good picture of words that it can see, too.",
                    "",
                ),
                (
                    "So that the loss is smaller.",
                    "A smaller loss is not the aim. The aim is a representation that is also good where no [MASK] stands.",
                ),
            ),
            "b",
        ),
        "start": Question(
            "You load a pretrained body with a new, untrained MLM head over 1,000 tokens. About what loss do you expect at first?",
            (
                ("About 6.9: the logarithm of 1,000.", ""),
                (
                    "About 0: the body is pretrained.",
                    "The body is, the head is not: its scores say nothing yet, so all 1,000 tokens are about as likely.",
                ),
                ("About 1,000: one for each token.", "A guess among V tokens costs ln V, not V."),
            ),
            "a",
        ),
    },
    read="the half-truths, and what each of their cells showed",
)
