"""Lesson 06: attention heads."""

from __future__ import annotations

import functools
import math

import torch
import torch.nn.functional as F

from grader.judge import Case, Exercise, Question, Quiz, expect

LESSON = "06_attention_heads"

# ------------------------------------------------------------------------------------------ attention

attention = Exercise(
    "attention",
    points=4,
    takes=(
        "q: float (..., L, D)",
        "k: float (..., S, D)",
        "v: float (..., S, D)",
        "mask: bool tensor that broadcasts to ..., L, S, or None",
    ),
    returns=("output: float (..., L, D)", "weights: float (..., L, S)"),
    summary="Scaled dot-product attention: each query's weights over the keys, and their mean of the values.",
    read="“One head: who looks at whom”, and the example worked by hand",
    hints=(
        "`k.transpose(-2, -1)` swaps the last two axes, however many stand before them. `q @` that is (..., L, S): one score for each query and key.",
        "Divide by the root of D = `q.shape[-1]`. Then `scores.masked_fill(~mask, -math.inf)`, then softmax over the last axis, the keys.",
        "The softmax of a row that is minus infinity throughout is NaN. Such a row can be told from the mask, and set to 0 afterwards.",
    ),
)


def _heads(draw, dtype=torch.float32) -> Case:
    batch, heads, length, source, size = draw.sizes(5, 2, 8)
    q, k, v = (draw.normal(batch, heads, rows, size, dtype=dtype) for rows in (length, source, source))
    return Case(q=q, k=k, v=v)


@attention.case
def heads_of_a_batch(draw):
    """all heads of a batch at once, no mask"""
    return _heads(draw)


@attention.case
def one_short_sequence(draw):
    """a single sequence: no axis before the length"""
    length, source, size = draw.sizes(3, 3, 8)
    return Case(q=draw.normal(length, size), k=draw.normal(source, size), v=draw.normal(source, size))


@attention.case
def padded_keys(draw):
    """padded keys hidden from every query, by a mask (B, 1, 1, S), in float64"""
    arguments = _heads(draw, torch.float64).arguments
    batch, _, source, _ = arguments["k"].shape
    mask = draw.attention_mask(batch, source, "mixed").bool()
    return Case(**arguments, mask=mask[:, None, None, :])


@attention.case
def no_key_to_the_right(draw):
    """a sequence that looks at itself and to the left, by a mask (L, L)"""
    batch, length, size = draw.sizes(3, 3, 8)
    q, k, v = (draw.normal(batch, length, size) for _ in range(3))
    return Case(q=q, k=k, v=v, mask=torch.ones(length, length, dtype=torch.bool).tril())


@attention.case(apart=True)
def scores_in_the_thousands(draw):
    """scores in the thousands, in float64"""
    length, source, size = draw.sizes(3, 4, 8)
    q, k = (draw.normal(2, rows, size, scale=50.0, dtype=torch.float64) for rows in (length, source))
    return Case(q=q, k=k, v=draw.normal(2, source, size, dtype=torch.float64))


def _mask(case: Case) -> torch.Tensor:
    """The case's mask in full, bool (..., L, S)."""
    shape = (*case.q.shape[:-1], case.k.shape[-2])
    mask = case.arguments.get("mask")
    return torch.ones(shape, dtype=torch.bool) if mask is None else mask.expand(shape)


def _library_weights(case: Case) -> torch.Tensor:
    """The weights as PyTorch's own attention has them: what it gives for values that are the unit vectors."""
    units = torch.eye(case.k.shape[-2], dtype=torch.float64).expand(*case.k.shape[:-1], -1)
    return F.scaled_dot_product_attention(case.q.double(), case.k.double(), units, attn_mask=_mask(case))


def _sums_to_one(weights: torch.Tensor, rows: torch.Tensor) -> None:
    ones = torch.ones_like(rows, dtype=weights.dtype)
    expect.same(weights.sum(-1), ones, "sum of a query's weights over the keys", where=rows)


@attention.must(
    "Give the weights: the softmax, over the keys, of `q @ k` transposed, divided by the root of D.",
    weight=1.5,
    on=(heads_of_a_batch, one_short_sequence),
)
def weights_are_a_softmax(case, answer):
    _, weights = answer()
    expect.same(weights, _library_weights(case), "weights")


@attention.must(
    "Let the output be your weights' mean of the values, for weights that sum to 1 over the keys.", weight=1.5
)
def output_is_the_mean(case, answer):
    output, weights = answer()
    rows = _mask(case).any(-1)
    _sums_to_one(weights, rows)
    expect.that(weights.std() > 1e-3, "weights: all the same, whatever the queries and keys are")
    expect.same(output, weights.to(case.v.dtype) @ case.v, "output", where=rows)


@attention.must(
    "Where `mask` is False the weight is exactly 0, and the keys that are left share the whole of it.",
    on=(padded_keys, no_key_to_the_right),
)
def hidden_keys_have_no_weight(case, answer):
    _, weights = answer()
    mask = _mask(case)
    expect.same(weights, torch.zeros_like(weights), "weights of a hidden key", where=~mask)
    expect.that((weights[~mask] == 0).all(), "weights: a hidden key has a very small weight, but not 0")
    _sums_to_one(weights, mask.any(-1))
    expect.same(weights, _library_weights(case), "weights", mask=mask)


@attention.must(
    "A query that may attend to nothing has weights and output 0, not NaN; the others are as always.",
    weight=0.5,
    on=(no_key_to_the_right,),
)
def nothing_to_attend_to(case, answer):
    # As where a causal model meets padding on the left, more of it in each text: the first rows see only padding.
    batch, length = case.q.shape[:2]
    padding = torch.arange(batch)[:, None, None] % (length - 1)
    mask = case.mask & (torch.arange(length) >= padding)
    output, weights = answer(mask=mask)
    nothing = ~mask.any(-1).expand(weights.shape[:-1])
    expect.same(weights, torch.zeros_like(weights), "weights", where=nothing)
    expect.same(output, torch.zeros_like(output), "output", where=nothing)
    _sums_to_one(weights, ~nothing)


@attention.must("Stay exact where scores run into the thousands.", weight=0.5, on=(scores_in_the_thousands,))
def large_scores(case, answer):
    _, weights = answer()
    expect.finite(weights, "weights")
    expect.same(weights, _library_weights(case), "weights")


def _attend(q, k, v, mask=None, *, scale=None, axis=-1):
    """The right answer, with the places where mistakes are made as arguments."""
    scores = q @ k.transpose(-2, -1) * (q.shape[-1] ** -0.5 if scale is None else scale)
    if mask is not None:
        scores = scores.masked_fill(~mask, -math.inf)
    weights = scores.softmax(axis)
    if mask is not None:
        weights = weights.masked_fill(~mask.any(-1, keepdim=True), 0.0)
    return weights @ v, weights


@attention.mistake(
    "The scores are not scaled. They grow with D, so the softmax puts nearly everything on one key, and hardly any gradient reaches the others."
)
def no_scaling(q, k, v, mask=None):
    return _attend(q, k, v, mask, scale=1.0)


@attention.mistake(
    "The scores are divided by D, not by its root: they become too small, and every query looks at all keys nearly alike."
)
def divided_by_the_size(q, k, v, mask=None):
    return _attend(q, k, v, mask, scale=1 / q.shape[-1])


@attention.mistake(
    "The weights are divided by the root of D after the softmax. Scaling belongs before it: now a query's weights no longer sum to 1."
)
def scaled_after_the_softmax(q, k, v, mask=None):
    _, weights = _attend(q, k, v, mask, scale=1.0)
    weights = weights / math.sqrt(q.shape[-1])
    return weights @ v, weights


@attention.mistake(
    "The softmax runs over the queries, so the queries compete for each key. It is each query that shares 1 among the keys: the last axis."
)
def softmax_over_queries(q, k, v, mask=None):
    output, weights = _attend(q, k, v, mask, axis=-2)
    return output.nan_to_num(), weights.nan_to_num()


@attention.mistake(
    "The softmax runs over axis 1. For (B, A, L, S) that is the heads, for (B, L, S) the queries; only the last axis is always the keys."
)
def softmax_over_heads(q, k, v, mask=None):
    output, weights = _attend(q, k, v, mask, axis=1)
    return output.nan_to_num(), weights.nan_to_num()


@attention.mistake(
    "Keys and queries have changed places: `k @ q` transposed is (S, L). It fails unless there are as many keys as queries, and then each "
    "token asks with its key."
)
def keys_ask_queries(q, k, v, mask=None):
    return _attend(k, q, v, mask)


@attention.mistake(
    "The keys were brought from (S, D) to (D, S) by `view` or `reshape`. That keeps the numbers in the order of memory and mixes the keys; only "
    "`transpose` exchanges two axes. The shape is right all the same, so nothing complains."
)
def keys_reshaped(q, k, v, mask=None):
    return _attend(q, k.reshape(*k.shape[:-2], k.shape[-1], k.shape[-2]).transpose(-2, -1), v, mask)


@attention.mistake(
    "`transpose(1, 2)` counts the axes from the front. Those are the last two of (B, L, D), but not of (B, A, L, D), where it swaps heads and "
    "tokens. Count from the end: -2 and -1."
)
def axes_counted_from_the_front(q, k, v, mask=None):
    scores = q @ k.transpose(1, 2) / math.sqrt(q.shape[-1])
    weights = (scores if mask is None else scores.masked_fill(~mask, -math.inf)).softmax(-1)
    return weights @ v, weights


@attention.mistake(
    "The weights are applied to the keys. The keys decide where to look; what is fetched there are the values."
)
def keys_for_values(q, k, v, mask=None):
    _, weights = _attend(q, k, v, mask)
    return weights @ k, weights


@attention.mistake(
    "`mask` is never used: padding gets weight like any token, and a causal model would see the future."
)
def mask_left_out(q, k, v, mask=None):
    return _attend(q, k, v)


@attention.mistake(
    "The mask is read the wrong way round: True says that a query may attend, and here just these keys are hidden."
)
def polarity_inverted(q, k, v, mask=None):
    return _attend(q, k, v, None if mask is None else ~mask)


@attention.mistake(
    "The mask comes after the softmax, and the rest is not brought back to a sum of 1: the more keys are hidden, the smaller the output."
)
def masked_after_the_softmax(q, k, v, mask=None):
    _, weights = _attend(q, k, v)
    weights = weights if mask is None else weights * mask
    return weights @ v, weights


@attention.mistake(
    "Hidden keys get the score 0, by a multiplication with the mask or written there (or another score that is not hugely negative). The softmax turns it "
    "into e⁰ = 1, a vote like any other."
)
def masked_scores_zero(q, k, v, mask=None):
    scores = q @ k.transpose(-2, -1) / math.sqrt(q.shape[-1])
    weights = (scores if mask is None else scores * mask).softmax(-1)
    return weights @ v, weights


@attention.mistake(
    "Right wherever a query has a key. Where all of its keys are hidden, there is nothing to share: scores of minus infinity throughout give "
    "NaN, which spreads through every later layer; equally low ones give equal weights, just where nothing should be seen."
)
def nothing_left_unhandled(q, k, v, mask=None):
    scores = q @ k.transpose(-2, -1) / math.sqrt(q.shape[-1])
    weights = (scores if mask is None else scores.masked_fill(~mask, -math.inf)).softmax(-1)
    return weights @ v, weights


@attention.mistake(
    "`exp` of a score in the hundreds is infinite, and infinity by infinity is NaN. A softmax first takes away the largest score, "
    "which changes no weight; `torch.softmax` does."
)
def exp_overflows(q, k, v, mask=None):
    powers = (q @ k.transpose(-2, -1) / math.sqrt(q.shape[-1])).exp()
    powers = powers if mask is None else powers * mask
    total = powers.sum(-1, keepdim=True)
    weights = powers / (total if mask is None else total.masked_fill(~mask.any(-1, keepdim=True), 1.0))
    return weights @ v, weights


@attention.mistake(
    "The numbers are right, but `q` is scaled in place: the caller's own queries are smaller after each call. `q / ...` makes a new tensor, `q /= ...` does not."
)
def scales_the_callers_queries(q, k, v, mask=None):
    q /= math.sqrt(q.shape[-1])
    return _attend(q, k, v, mask, scale=1.0)


@attention.mistake("The two results are in the wrong order: the output comes first, then the weights.")
def weights_first(q, k, v, mask=None):
    output, weights = _attend(q, k, v, mask)
    return weights, output


# ---------------------------------------------------------------------------- split_heads, merge_heads

split_heads = Exercise(
    "split_heads",
    points=1,
    takes=("x: float (B, L, H)", "num_heads: int"),
    returns=("heads: float (B, A, L, D)",),
    summary="Cut each token's H features into A heads of D features, and put the heads before the length.",
    read="“Many heads: cut, attend, join”, and the drawing of the cut",
    hints=(
        "Two steps: `x.view(B, L, A, D)` cuts the last axis in its place; then swap two axes.",
        "Which two? From (B, L, A, D) to (B, A, L, D). A direct `view(B, A, L, D)` has the right shape and the wrong numbers.",
    ),
)


def _hidden(draw, heads: int | None = None) -> Case:
    batch, length, count, size = draw.sizes(4, 2, 7)
    count = heads or count
    length += 8 * (length == count * size)
    return Case(x=draw.normal(batch, length, count * size), num_heads=count).where(A=count, D=size)


@split_heads.case
def several_heads(draw):
    """several heads"""
    return _hidden(draw)


@split_heads.case
def a_head_for_each_feature(draw):
    """as many heads as features: D = 1"""
    batch, length, hidden = draw.sizes(3, 2, 7)
    return Case(x=draw.normal(batch, length, hidden), num_heads=hidden).where(A=hidden, D=1)


def _no_divisor(number: int) -> int:
    """The smallest number of heads that does not divide a hidden size."""
    return next(heads for heads in range(2, number + 2) if number % heads)


@split_heads.must("Give head a the features from a·D to a·D + D - 1 of every token.", weight=0.5)
def consecutive_features(case, answer):
    size = case.dims["D"]
    want = torch.stack([case.x[..., a * size : (a + 1) * size] for a in range(case.num_heads)], dim=1)
    expect.same(answer(), want, "heads")


@split_heads.must("Keep tokens apart: row i of each head holds features of token i alone.", weight=0.25)
def tokens_stay_apart(case, answer):
    got = answer().transpose(1, 2).flatten(2).sort(-1).values
    expect.same(got, case.x.sort(-1).values, "all features of one token, sorted")


@split_heads.must("Raise `ValueError` where `num_heads` does not divide H.", weight=0.25)
def indivisible_raises(case, answer):
    answer.raises(ValueError, num_heads=_no_divisor(case.x.shape[-1]))


def _divides(hidden: int, heads: int) -> None:
    if hidden % heads:
        raise ValueError(f"num_heads must divide the hidden size {hidden}, got {heads}")


@split_heads.mistake(
    "`view(B, A, L, D)` fills the new shape in the order of memory, so a head gets pieces of different tokens. The shape is right, the numbers "
    "are not, and nothing ever complains."
)
def viewed_directly(x, num_heads):
    _divides(x.shape[2], num_heads)
    return x.reshape(x.shape[0], num_heads, x.shape[1], -1)


@split_heads.mistake(
    "The last axis is cut as (D, A) where (A, D) was meant, so a head gets every A-th feature. A trained model's heads are stretches of "
    "neighbours: with its weights, this mixes all of them."
)
def every_other_feature(x, num_heads):
    _divides(x.shape[2], num_heads)
    return x.reshape(*x.shape[:2], -1, num_heads).permute(0, 3, 1, 2)


@split_heads.mistake(
    "The cut is right, but the heads still stand behind the length: (B, L, A, D). Attention works on the last two axes, and would let the "
    "heads of one token look at each other."
)
def not_transposed(x, num_heads):
    _divides(x.shape[2], num_heads)
    return x.reshape(*x.shape[:2], num_heads, -1)


@split_heads.mistake(
    "`num_heads` was taken for the size of a head: the result has D heads of A features each."
)
def heads_taken_for_size(x, num_heads):
    _divides(x.shape[2], num_heads)
    return x.reshape(*x.shape[:2], -1, num_heads).transpose(1, 2)


@split_heads.mistake(
    "Right, but heads that do not divide H raise no `ValueError`. PyTorch stops with an error about shapes, or, cut by `//`, the features left over "
    "are lost without a word; a ValueError that names `num_heads` tells its reader what to change."
)
def indivisible_not_refused(x, num_heads):
    size = x.shape[2] // num_heads
    return x[..., : size * num_heads].reshape(*x.shape[:2], num_heads, size).transpose(1, 2)


merge_heads = Exercise(
    "merge_heads",
    points=1,
    takes=("x: float (B, A, L, D)",),
    returns=("merged: float (B, L, H)",),
    summary="Put the heads of each token side by side again: the inverse of `split_heads`.",
    read="“Many heads: cut, attend, join”",
    hints=(
        "Walk back: first swap the two axes that `split_heads` swapped, then join the last two.",
        "After a transpose the numbers no longer lie in order, so `.view` refuses; `.reshape` or `.flatten(2)` copies where it must.",
    ),
)


@merge_heads.case
def several_heads_to_join(draw):
    """several heads"""
    batch, heads, length, size = draw.sizes(4, 2, 7)
    return Case(x=draw.normal(batch, heads, length, size)).where(H=heads * size)


@merge_heads.case
def as_attention_leaves_them(draw):
    """heads whose numbers do not lie in order in memory"""
    batch, heads, length, size = draw.sizes(4, 2, 7)
    return Case(x=draw.normal(batch, length, heads, size).transpose(1, 2)).where(H=heads * size)


@merge_heads.must("Give each token the features of head 0, then those of head 1, and so on.", weight=0.6)
def heads_in_order(case, answer):
    want = torch.cat([case.x[:, head] for head in range(case.x.shape[1])], dim=-1)
    expect.same(answer(), want, "merged")


@merge_heads.must(
    "Keep tokens apart: row i holds what the heads have at position i, and all of it.", weight=0.4
)
def tokens_still_apart(case, answer):
    want = case.x.transpose(1, 2).flatten(2).sort(-1).values
    expect.same(answer().sort(-1).values, want, "all features of one token, sorted")


@merge_heads.mistake(
    "(B, A, L, D) was reshaped straight to (B, L, H), in the order of memory. The shape is right, but a row now holds several positions of one "
    "head instead of one position of all heads."
)
def joined_directly(x):
    return x.reshape(x.shape[0], x.shape[2], -1)


@merge_heads.mistake(
    "The heads are interleaved: feature 0 of every head, then feature 1 of every head. The output projection expects one whole head after another."
)
def interleaved(x):
    return x.permute(0, 2, 3, 1).flatten(2)


@merge_heads.mistake(
    "The heads are averaged. Then all but their mean is lost, and the result has D features where H are wanted."
)
def averaged_over_heads(x):
    return x.mean(1)


@merge_heads.mistake("The heads are joined along the length, as if they were further tokens: (B, A·L, D).")
def joined_along_the_length(x):
    return x.flatten(1, 2)


# --------------------------------------------------------------------------------- multi_head_attention

multi_head_attention = Exercise(
    "multi_head_attention",
    points=4,
    takes=("x: float (B, L, H)", "weights: dict of tensors", "num_heads: int", "mask: int64 (B, L)"),
    returns=("output: float (B, L, H)",),
    summary="A whole attention block: project, split into heads, attend, merge, project.",
    read="“The whole block”, and its five steps",
    hints=(
        "Three projections, `x @ w_q.T + b_q` and so on; then `split_heads` for each; then `attention` on all heads at once; then `merge_heads`; then the fourth projection.",
        "`attention` wants a bool mask that broadcasts to (B, A, L, L), the keys last: the mask (B, L) needs two new axes in the middle.",
        "`mask[:, None, None, :] == 1` is True where a key is a token. Without a mask, pass None on.",
    ),
)

MATRICES = ("q", "k", "v", "o")


def _block(draw, heads: int | None = None, mask: str = "") -> Case:
    batch, length, count, size = draw.sizes(4, 2, 6)
    count = heads or count
    hidden, length = count * size, length + 3
    length += 20 * (length == hidden)
    weights = {}
    for letter in MATRICES:
        weights[f"w_{letter}"] = draw.normal(hidden, hidden, scale=0.5)
        weights[f"b_{letter}"] = draw.normal(hidden, scale=1.0)
    # Features of about 1, whatever H is: else the softmax is so sharp that details drown in it.
    x = draw.normal(batch, length, hidden, scale=1.5 / math.sqrt(hidden))
    arguments = {"mask": draw.attention_mask(batch, length, mask)} if mask else {}
    return Case(x=x, weights=weights, num_heads=count, **arguments)


@multi_head_attention.case
def a_batch_without_mask(draw):
    """several heads, no mask"""
    return _block(draw)


@multi_head_attention.case
def padded_right(draw):
    """several heads, texts padded on the right"""
    return _block(draw, mask="right")


@multi_head_attention.case
def padded_left(draw):
    """several heads, texts padded on the left"""
    return _block(draw, mask="left")


@multi_head_attention.case(apart=True)
def a_single_head(draw):
    """a single head"""
    return _block(draw, heads=1)


def _library_block(case: Case) -> torch.Tensor:
    """What `torch.nn.MultiheadAttention` computes, in float64."""
    weights = {name: tensor.double() for name, tensor in case.weights.items()}
    x, mask = case.x.double().transpose(0, 1), case.arguments.get("mask")
    output, _ = F.multi_head_attention_forward(
        x, x, x, x.shape[-1], case.num_heads,
        torch.cat([weights[f"w_{letter}"] for letter in "qkv"]), torch.cat([weights[f"b_{letter}"] for letter in "qkv"]),
        None, None, False, 0.0, weights["w_o"], weights["b_o"], training=False,
        key_padding_mask=None if mask is None else mask == 0, need_weights=False,
    )  # fmt: skip
    return output.transpose(0, 1)


@multi_head_attention.must(
    "Without a mask, compute what `torch.nn.MultiheadAttention` computes with these weights.",
    weight=1.25,
    on=(a_batch_without_mask,),
)
def the_librarys_output(case, answer):
    expect.same(answer(), _library_block(case), "output")


@multi_head_attention.must(
    "With a single head, too: plain attention between the projections.", weight=0.25, on=(a_single_head,)
)
def one_head(case, answer):
    expect.same(answer(), _library_block(case), "output")


@multi_head_attention.must("At real tokens, attend to the keys where `mask` is 1 and to no others.")
def padding_is_not_attended(case, answer):
    if "mask" in case.arguments:
        expect.same(answer(), _library_block(case), "output", where=case.mask == 1, mask=case.mask)
    else:
        expect.that(answer().std() > 0, "output: the same number everywhere")


@multi_head_attention.must(
    "Hide keys only: a padded position still asks, and gets an output like any other.",
    on=(padded_right, padded_left),
)
def padding_still_asks(case, answer):
    expect.same(answer(), _library_block(case), "output", where=case.mask == 0, mask=case.mask)


@multi_head_attention.must("Raise `ValueError` where `num_heads` does not divide H.", weight=0.5)
def heads_must_divide(case, answer):
    answer.raises(ValueError, num_heads=_no_divisor(case.x.shape[-1]))


def _multi_head(
    x,
    weights,
    num_heads,
    mask=None,
    *,
    attend=_attend,
    split=None,
    merge=None,
    project=F.linear,
    output=True,
    divides=_divides,
):
    """The right answer, with the places where mistakes are made as arguments."""
    divides(x.shape[-1], num_heads)
    q, k, v = (project(x, weights[f"w_{letter}"], weights[f"b_{letter}"]) for letter in "qkv")
    split = split or (lambda part, heads: part.reshape(*part.shape[:2], heads, -1).transpose(1, 2))
    keys = None if mask is None else mask[:, None, None, :].bool()
    joined, _ = attend(*(split(part, num_heads) for part in (q, k, v)), keys)
    merged = merge(joined) if merge else joined.transpose(1, 2).flatten(2)
    return project(merged, weights["w_o"], weights["b_o"]) if output else merged


@multi_head_attention.mistake(
    "The scores are divided by the root of H. A head's scores are sums over D features, so the root of D belongs there; every head looks "
    "at the keys too evenly."
)
def scaled_by_hidden_size(x, weights, num_heads, mask=None):
    scale = x.shape[-1] ** -0.5
    return _multi_head(x, weights, num_heads, mask, attend=functools.partial(_attend, scale=scale))


@multi_head_attention.mistake(
    "The scores are not scaled. They grow with D, so the softmax puts nearly everything on one key."
)
def block_without_scaling(x, weights, num_heads, mask=None):
    return _multi_head(x, weights, num_heads, mask, attend=functools.partial(_attend, scale=1.0))


@multi_head_attention.mistake(
    "The heads were split by one `view(B, A, L, D)` and merged by one `view(B, L, H)`. Every shape is right, but each head sees pieces of "
    "different tokens: a sequence of scrambled words."
)
def heads_by_view(x, weights, num_heads, mask=None):
    return _multi_head(
        x,
        weights,
        num_heads,
        mask,
        split=lambda part, heads: part.reshape(part.shape[0], heads, part.shape[1], -1),
        merge=lambda part: part.reshape(x.shape),
    )


@multi_head_attention.mistake(
    "The heads were split as (D, A): each gets every A-th feature. These weights were learned for stretches of neighbouring features."
)
def heads_interleaved(x, weights, num_heads, mask=None):
    return _multi_head(
        x,
        weights,
        num_heads,
        mask,
        split=lambda part, heads: part.reshape(*part.shape[:2], -1, heads).permute(0, 3, 1, 2),
        merge=lambda part: part.permute(0, 2, 3, 1).reshape(x.shape),
    )


@multi_head_attention.mistake(
    "Split is right, but the heads are merged without the transpose back: a row of the result holds several positions of one head."
)
def merged_without_transpose(x, weights, num_heads, mask=None):
    return _multi_head(x, weights, num_heads, mask, merge=lambda part: part.reshape(x.shape))


@multi_head_attention.mistake(
    "The output projection is missing. Without `w_o` and `b_o` the heads are only laid side by side, and nothing ever mixes what they found."
)
def no_output_projection(x, weights, num_heads, mask=None):
    return _multi_head(x, weights, num_heads, mask, output=False)


@multi_head_attention.mistake("The biases `b_q`, `b_k`, `b_v` and `b_o` are left out of the projections.")
def biases_left_out(x, weights, num_heads, mask=None):
    return _multi_head(x, weights, num_heads, mask, project=lambda part, weight, _: part @ weight.T)


@multi_head_attention.mistake(
    "The projections compute `x @ w`. `nn.Linear` keeps its matrix as (out, in) and computes `x @ w.T + b`; a square matrix hides the difference "
    "from the shapes, not from the numbers."
)
def matrices_not_transposed(x, weights, num_heads, mask=None):
    return _multi_head(x, weights, num_heads, mask, project=lambda part, weight, bias: part @ weight + bias)


@multi_head_attention.mistake("`num_heads` is never used: this is one head over all H features.")
def a_single_head_always(x, weights, num_heads, mask=None):
    _divides(x.shape[-1], num_heads)
    return _multi_head(x, weights, 1, mask)


@multi_head_attention.mistake(
    "`mask` is never used: every token also looks at the padding, so its output depends on the longest text of the batch."
)
def padding_attended(x, weights, num_heads, mask=None):
    return _multi_head(x, weights, num_heads)


@multi_head_attention.mistake(
    "The mask is read the wrong way round: 1 marks a token and 0 padding, and here the tokens are hidden."
)
def tokens_hidden(x, weights, num_heads, mask=None):
    return _multi_head(x, weights, num_heads, None if mask is None else 1 - mask)


@multi_head_attention.mistake(
    "The mask lies along the queries: it came as `mask[:, None, :, None]`. So padded positions ask nothing, and everybody looks at the padding still."
)
def queries_hidden(x, weights, num_heads, mask=None):
    def attend(q, k, v, keys):
        return _attend(q, k, v, None if keys is None else keys.transpose(-2, -1))

    return _multi_head(x, weights, num_heads, mask, attend=attend)


@multi_head_attention.mistake(
    "The mask allows only pairs of which both are tokens. So a padded position may look at nothing, and its output is only a bias (or NaN); the "
    "contract's mask hides keys, and what padding itself computes is left to those who use it."
)
def pairs_hidden(x, weights, num_heads, mask=None):
    def attend(q, k, v, keys):
        return _attend(q, k, v, None if keys is None else keys & keys.transpose(-2, -1))

    return _multi_head(x, weights, num_heads, mask, attend=attend)


@multi_head_attention.mistake(
    "The keys are hidden rightly, but padded positions are silenced as well. The contract's mask is about keys; what padding itself computes is "
    "left to those who use it."
)
def padding_silenced(x, weights, num_heads, mask=None):
    output = _multi_head(x, weights, num_heads, mask)
    return output if mask is None else output * mask[:, :, None]


@multi_head_attention.mistake(
    "Hidden keys get the score 0, or their vectors are set to 0, which comes to much the same: the softmax makes e⁰ = 1 of it, a vote like any other."
)
def padded_scores_zero(x, weights, num_heads, mask=None):
    return _multi_head(x, weights, num_heads, mask, attend=masked_scores_zero)


@multi_head_attention.mistake(
    "Right, but heads that do not divide H raise no `ValueError`: PyTorch stops with an error about shapes, where a ValueError that names `num_heads` "
    "would tell its reader what to change."
)
def indivisible_block_not_refused(x, weights, num_heads, mask=None):
    return _multi_head(x, weights, num_heads, mask, divides=lambda hidden, heads: None)


# --------------------------------------------------------------------------------- attention_parameters

attention_parameters = Exercise(
    "attention_parameters",
    points=1,
    takes=("hidden_size: int", "num_heads: int"),
    returns=("parameters: int",),
    summary="The number of weights and biases in one attention block.",
    read="“What more heads cost”",
    hints=(
        "Count what the block's dict `weights` holds: four matrices and four biases.",
        "A matrix has H times H entries and a bias H. Where does the number of heads come in?",
    ),
)


@attention_parameters.case
def a_block(draw):
    """a small block"""
    heads, size = draw.sizes(2, 2, 9)
    return Case(hidden_size=heads * size, num_heads=heads)


@attention_parameters.case
def a_block_of_usual_size(draw):
    """a block of a usual size"""
    hidden, heads = draw.choice(((512, 8), (768, 12), (1024, 16), (1280, 20)))
    return Case(hidden_size=hidden, num_heads=heads)


@functools.cache
def _attention_block(hidden: int, heads: int) -> int:
    block = torch.nn.MultiheadAttention(hidden, heads, device="meta")
    return sum(parameter.numel() for parameter in block.parameters())


@attention_parameters.must("Count as many as `torch.nn.MultiheadAttention` has.", weight=0.5)
def as_many_as_the_library(case, answer):
    expect.same(answer(), _attention_block(case.hidden_size, case.num_heads), "parameters")


@attention_parameters.must("Count as many for one head as for H heads.", weight=0.25)
def heads_cost_nothing(case, answer):
    for heads in (1, case.hidden_size):
        expect.same(
            answer(num_heads=heads),
            _attention_block(case.hidden_size, heads),
            f"parameters with {heads} heads",
        )


@attention_parameters.must("Raise `ValueError` where `num_heads` does not divide `hidden_size`.", weight=0.25)
def uneven_heads_raise(case, answer):
    answer.raises(ValueError, num_heads=_no_divisor(case.hidden_size))


@attention_parameters.mistake(
    "The biases are missing: each of the four projections adds a vector of H numbers."
)
def without_biases(hidden_size, num_heads):
    _divides(hidden_size, num_heads)
    return 4 * hidden_size**2


@attention_parameters.mistake(
    "Queries, keys and values are counted, but not the output projection that mixes the heads."
)
def without_output_projection(hidden_size, num_heads):
    _divides(hidden_size, num_heads)
    return 3 * (hidden_size**2 + hidden_size)


@attention_parameters.mistake(
    "Each head is counted with projections of full size. The heads share H features: each has its D rows of the same three matrices."
)
def full_size_for_each_head(hidden_size, num_heads):
    _divides(hidden_size, num_heads)
    return num_heads * 3 * (hidden_size**2 + hidden_size) + hidden_size**2 + hidden_size


@attention_parameters.mistake(
    "Only one head's share of the projections is counted. There are as many such shares as heads."
)
def share_of_one_head(hidden_size, num_heads):
    _divides(hidden_size, num_heads)
    size = hidden_size // num_heads
    return 3 * (hidden_size * size + size) + hidden_size * size + hidden_size


@attention_parameters.mistake(
    "Right, but heads that do not divide the hidden size raise no `ValueError`. Such a block cannot be built, and its user should be told why."
)
def counts_the_impossible(hidden_size, num_heads):
    return 4 * (hidden_size**2 + hidden_size)


# -------------------------------------------------------------------------------------- bert_parameters

bert_parameters = Exercise(
    "bert_parameters",
    points=3,
    takes=(
        "vocab_size: int",
        "hidden_size: int",
        "num_layers: int",
        "num_heads: int",
        "intermediate_size: int",
        "max_positions: int",
        "type_vocab_size: int",
    ),
    returns=("parameters: int",),
    summary="The number of parameters of a BERT encoder with its pooler.",
    read="“A whole BERT, counted”, and its list of parts",
    hints=(
        "Three parts: embeddings, `num_layers` equal layers, pooler. Write one line for each and add up. `attention_parameters` is already yours.",
        "A layer norm has H weights and H biases. There is one after the embeddings, and two in each layer.",
        "The feed-forward part of a layer is two linear maps: H to `intermediate_size` and back. A linear map from a to b has a·b + b parameters.",
    ),
)


@bert_parameters.case
def a_small_bert(draw):
    """a small BERT"""
    heads, size, layers = draw.sizes(3, 2, 5)
    hidden = heads * size
    return Case(
        vocab_size=draw.integer(90, 140),
        hidden_size=hidden,
        num_layers=layers,
        num_heads=heads,
        intermediate_size=draw.integer(45, 75) + 40 * (hidden in (12, 15)),
        max_positions=draw.integer(30, 40),
        type_vocab_size=draw.integer(3, 6),
    )


@bert_parameters.case(apart=True)
def bert_base(draw):
    """BERT-base"""
    return Case(
        vocab_size=30_522,
        hidden_size=768,
        num_layers=12,
        num_heads=12,
        intermediate_size=3072,
        max_positions=512,
        type_vocab_size=2,
    )


@functools.cache
def _counted(*arguments: int) -> tuple[int, int]:
    """The parameters of the library's model, and those of one of its layers."""
    from transformers import BertConfig, BertModel

    names = ("vocab_size", "hidden_size", "num_hidden_layers", "num_attention_heads", "intermediate_size",
             "max_position_embeddings", "type_vocab_size")  # fmt: skip
    with torch.device("meta"):
        model = BertModel(BertConfig(**dict(zip(names, arguments, strict=True))))
    return tuple(sum(p.numel() for p in part.parameters()) for part in (model, model.encoder.layer[0]))


@bert_parameters.must(
    "Count H for each word, each position and each segment that the embeddings know.", weight=0.75
)
def rows_of_the_tables(case, answer):
    before = answer()
    for name in ("vocab_size", "max_positions", "type_vocab_size"):
        more = answer(**{name: case.arguments[name] + 7}) - before
        expect.same(more, 7 * case.hidden_size, f"parameters that 7 more of `{name}` add")


@bert_parameters.must(
    "Count the parts of a layer: attention, feed-forward, two layer norms; the same for any number of heads."
)
def one_more_layer(case, answer):
    _, layer = _counted(*case.arguments.values())
    for heads in (case.num_heads, 1):
        more = answer(num_layers=case.num_layers + 1, num_heads=heads) - answer(num_heads=heads)
        expect.same(more, layer, f"parameters that one more layer of {heads} heads adds" if heads > 1 else
                    "parameters that one more layer of 1 head adds")  # fmt: skip


@bert_parameters.must("Count as many as the library's `BertModel` has.", weight=0.75)
def as_many_as_the_model(case, answer):
    expect.same(answer(), _counted(*case.arguments.values())[0], "parameters")


@bert_parameters.must("Count 109,482,240 for BERT-base.", weight=0.25, on=(bert_base,))
def as_many_as_bert_base(case, answer):
    expect.same(answer(), 109_482_240, "parameters")


@bert_parameters.must("Raise `ValueError` where `num_heads` does not divide `hidden_size`.", weight=0.25)
def uneven_bert_raises(case, answer):
    answer.raises(ValueError, num_heads=_no_divisor(case.hidden_size))


def _bert(
    vocab_size, hidden_size, num_layers, num_heads, intermediate_size, max_positions, type_vocab_size, *,
    biases=1, norms=2, maps=2, embedding_norms=1, poolers=1, blocks=1,
):  # fmt: skip
    """The right answer, with the number of each part as an argument."""
    _divides(hidden_size, num_heads)
    embeddings = (vocab_size + max_positions + type_vocab_size + 2 * embedding_norms) * hidden_size
    block = 4 * (hidden_size**2 + biases * hidden_size)
    feed_forward = maps * hidden_size * intermediate_size + biases * (
        intermediate_size + (maps - 1) * hidden_size
    )
    layer = blocks * block + feed_forward + norms * 2 * hidden_size
    return embeddings + num_layers * layer + poolers * (hidden_size**2 + biases * hidden_size)


@bert_parameters.mistake(
    "All biases of the linear maps are missing; a map from a to b has a·b weights and b biases."
)
def linear_without_biases(*arguments):
    return _bert(*arguments, biases=0)


@bert_parameters.mistake(
    "The layer norms are missing everywhere. Each has a weight and a bias for each of the H features."
)
def norms_left_out(*arguments):
    return _bert(*arguments, norms=0, embedding_norms=0)


@bert_parameters.mistake(
    "A layer has two layer norms, one after the attention and one after the feed-forward part; one is counted."
)
def one_norm_in_a_layer(*arguments):
    return _bert(*arguments, norms=1)


@bert_parameters.mistake(
    "The embeddings end in a layer norm of their own, before the first layer: it is missing."
)
def embedding_norm_left_out(*arguments):
    return _bert(*arguments, embedding_norms=0)


@bert_parameters.mistake(
    "The pooler is missing: one more linear map from H to H, which reads the first token."
)
def pooler_left_out(*arguments):
    return _bert(*arguments, poolers=0)


@bert_parameters.mistake(
    "The positions have no table here. BERT learns a vector for each position, other than the sines and cosines of the first transformer."
)
def positions_computed(vocab, hidden, layers, heads, intermediate, positions, types):
    return _bert(vocab, hidden, layers, heads, intermediate, 0, types)


@bert_parameters.mistake(
    "The segments are missing: `type_vocab_size` vectors that say which of the two texts a token belongs to."
)
def segments_left_out(vocab, hidden, layers, heads, intermediate, positions, types):
    return _bert(vocab, hidden, layers, heads, intermediate, positions, 0)


@bert_parameters.mistake(
    "The feed-forward part goes from H to `intermediate_size` and back: the second linear map is missing."
)
def no_way_back(*arguments):
    return _bert(*arguments, maps=1)


@bert_parameters.mistake(
    "`intermediate_size` is never used: 4·H stands in its place. That is BERT's habit, not a law; the argument says what it is."
)
def four_times_hidden(vocab, hidden, layers, heads, intermediate, positions, types):
    return _bert(vocab, hidden, layers, heads, 4 * hidden, positions, types)


@bert_parameters.mistake(
    "An attention block is counted for each head. The heads of a layer share one block, in slices: their number changes no count."
)
def a_block_for_each_head(*arguments):
    return _bert(*arguments, blocks=arguments[3])


@bert_parameters.mistake(
    "Right, but heads that do not divide the hidden size raise no `ValueError`. Such a model cannot be built, and its user should be told why."
)
def counts_an_impossible_bert(vocab, hidden, layers, heads, intermediate, positions, types):
    return _bert(vocab, hidden, layers, 1, intermediate, positions, types)


# --------------------------------------------------------------------------------- attention_operations

attention_operations = Exercise(
    "attention_operations",
    points=0,
    takes=("length: int", "hidden_size: int", "num_heads: int"),
    returns=("multiplications: int", "weights: int"),
    summary="What one attention block computes for a text of L tokens: its multiplications, and how many attention weights.",
    read="“What more heads cost”, and the table of sizes",
    hints=(
        "A product of a matrix (a, b) and a matrix (b, c) takes a·b·c multiplications. List the block's products: four projections, the scores, the mean of the values.",
        "For one head, the scores are (L, D) times (D, L), and the mean of the values (L, L) times (L, D). Then A times each; A·D is H.",
    ),
)


@attention_operations.case
def a_short_text(draw):
    """a short text"""
    heads, size, length = draw.sizes(3, 3, 9)
    return Case(length=length, hidden_size=heads * size, num_heads=heads)


@attention_operations.case
def a_text_longer_than_wide(draw):
    """a text with more tokens than a token has features"""
    heads, size = draw.sizes(2, 2, 6)
    return Case(length=heads * size + draw.integer(5, 20), hidden_size=heads * size, num_heads=heads)


@functools.cache
def _counted_operations(length: int, hidden: int, heads: int) -> tuple[int, int]:
    """Counted while `torch.nn.MultiheadAttention` runs, on tensors without numbers."""
    from torch.utils.flop_counter import FlopCounterMode

    block = torch.nn.MultiheadAttention(hidden, heads, batch_first=True, device="meta")
    x = torch.empty(1, length, hidden, device="meta")
    with FlopCounterMode(display=False) as counter:
        _, weights = block(x, x, x, average_attn_weights=False)
    return (
        counter.get_total_flops() // 2,
        weights.numel(),
    )  # it counts a multiplication and its addition as two


@attention_operations.must(
    "Count the multiplications of matrices that PyTorch counts while its own block runs."
)
def multiplications_as_counted(case, answer):
    multiplications, _ = answer()
    expect.same(multiplications, _counted_operations(*case.arguments.values())[0], "multiplications")


@attention_operations.must("Count one attention weight for each head, query and key.")
def weights_as_counted(case, answer):
    _, weights = answer()
    expect.same(weights, _counted_operations(*case.arguments.values())[1], "weights")


@attention_operations.must("With a single head: as many multiplications, and fewer weights.")
def one_head_less_to_keep(case, answer):
    want = _counted_operations(case.length, case.hidden_size, 1)
    expect.same(answer(num_heads=1), want, "result with a single head")


def _operations(length, hidden, heads, *, projections=4, products=2, factor=1, tables=None):
    size = hidden // heads * heads if factor == 1 else factor
    return projections * length * hidden**2 + products * length**2 * size, (
        heads if tables is None else tables
    ) * length**2


@attention_operations.mistake(
    "The four projections are missing. For texts shorter than twice the hidden size they are the larger part."
)
def products_alone(length, hidden_size, num_heads):
    return _operations(length, hidden_size, num_heads, projections=0)


@attention_operations.mistake(
    "The output projection is missing: after the merge, each token's H features go through one more matrix."
)
def three_projections(length, hidden_size, num_heads):
    return _operations(length, hidden_size, num_heads, projections=3)


@attention_operations.mistake(
    "The scores are counted, but not the second product: the weights times the values costs just as much."
)
def scores_alone(length, hidden_size, num_heads):
    return _operations(length, hidden_size, num_heads, products=1)


@attention_operations.mistake(
    "The products of every head are counted at full width H. A head works on D features; A of them together on H."
)
def heads_at_full_width(length, hidden_size, num_heads):
    return _operations(length, hidden_size, num_heads, factor=num_heads * hidden_size)


@attention_operations.mistake("The products of one head are counted: there are as many as heads.")
def products_of_one_head(length, hidden_size, num_heads):
    return _operations(length, hidden_size, num_heads, factor=hidden_size // num_heads)


@attention_operations.mistake(
    "One table of L·L weights is counted. Every head has its own, and this is what does grow with the number of heads."
)
def one_table_of_weights(length, hidden_size, num_heads):
    return _operations(length, hidden_size, num_heads, tables=1)


# ----------------------------------------------------------------------------------------- head_entropy

head_entropy = Exercise(
    "head_entropy",
    points=3,
    takes=("weights: float (B, A, L, L)", "attention_mask: int64 (B, L)"),
    returns=("entropy: float (A)",),
    summary="How widely each head looks: the mean entropy of its weights over all real queries.",
    read="“A number for how widely a head looks”",
    hints=(
        "The entropy of one query's weights w is -(w * w.log()).sum(-1): from (B, A, L, L) to (B, A, L).",
        "0 times minus infinity is NaN, but 0 log 0 counts as 0: `torch.special.xlogy(w, w)` knows that, or replace the NaN.",
        "Multiply by the mask, brought to (B, 1, L), add up over the batch and the length, and divide once by the number of real tokens.",
    ),
)


def _attention_weights(
    draw, batch: int, heads: int, length: int, mask: torch.Tensor, causal: bool = False
) -> Case:
    """Weights as a model has them: none on padding; each head is sharper than the one before."""
    sharpness = torch.tensor(draw.shuffled([0.5 + 1.5 * head for head in range(heads)]))
    scores = draw.normal(batch, heads, length, length) * sharpness[:, None, None]
    keys = mask[:, None, None, :].bool().expand(scores.shape)
    if causal:
        keys = keys & torch.ones(length, length, dtype=torch.bool).tril()
    _, weights = _attend(scores, torch.eye(length), torch.eye(length), keys, scale=1.0)
    return Case(weights=weights, attention_mask=mask)


@head_entropy.case
def without_padding(draw):
    """a batch without padding"""
    batch, heads, length = draw.sizes(3, 3, 8)
    return _attention_weights(draw, batch, heads, length, torch.ones(batch, length, dtype=torch.int64))


@head_entropy.case
def equally_much_padding(draw):
    """texts of equal length, with as much padding on either side"""
    batch, heads, length = draw.sizes(3, 3, 8)
    length, pads = length + 4, draw.integer(2, 3)
    mask = torch.ones(batch, length, dtype=torch.int64)
    for row in range(batch):
        mask[row, :pads] = row % 2
        mask[row, length - pads :] = 1 - row % 2
    return _attention_weights(draw, batch, heads, length, mask)


@head_entropy.case
def texts_of_unequal_length(draw):
    """a long text and short ones, padded on the right"""
    batch, heads, length = draw.sizes(3, 3, 8)
    length += 6
    mask = (torch.arange(length) < 3).long().repeat(batch, 1)
    mask[draw.integer(0, batch - 1)] = 1
    return _attention_weights(draw, batch, heads, length, mask)


@head_entropy.case(apart=True)
def looking_left_only(draw):
    """a causal model: half of the weights are exactly 0, and the first token sees only itself"""
    batch, heads, length = draw.sizes(3, 3, 8)
    return _attention_weights(
        draw, batch, heads, length, torch.ones(batch, length, dtype=torch.int64), causal=True
    )


def _entropies(case: Case) -> torch.Tensor:
    """By SciPy's way of writing it, one query after the other: float64 (A)."""
    values = torch.special.entr(case.weights.double()).sum(-1)
    real = [values[b, :, i] for b, i in case.attention_mask.nonzero().tolist()]
    return torch.stack(real).mean(0)


@head_entropy.must(
    "Give each head the mean, over the queries, of the entropy of its weights, in nats.",
    on=(without_padding,),
)
def mean_entropy(case, answer):
    expect.same(answer(), _entropies(case), "entropy")


@head_entropy.must("Let a weight of 0 add 0, not NaN.", weight=0.5, on=(looking_left_only,))
def zeros_add_nothing(case, answer):
    expect.finite(answer(), "entropy")
    expect.same(answer(), _entropies(case), "entropy")


@head_entropy.must("Leave out the queries that are padding.", weight=0.75, on=(equally_much_padding,))
def padded_queries_do_not_count(case, answer):
    expect.same(answer(), _entropies(case), "entropy", attention_mask=case.attention_mask)


@head_entropy.must(
    "Count all real queries of the batch together, each once, however long its text is.",
    weight=0.75,
    on=(texts_of_unequal_length,),
)
def all_queries_together(case, answer):
    expect.same(answer(), _entropies(case), "entropy", attention_mask=case.attention_mask)


def _mean_over_queries(values: torch.Tensor, attention_mask: torch.Tensor) -> torch.Tensor:
    """(B, A, L) to (A): the mean over the real queries of the batch together."""
    real = attention_mask[:, None, :].to(values.dtype)
    return (values * real).sum((0, 2)) / real.sum()


@head_entropy.mistake(
    "The logarithm has base 2, so the entropy comes in bits. In nats it is `.log()`: smaller by a factor of ln 2."
)
def in_bits(weights, attention_mask):
    return _mean_over_queries(torch.special.entr(weights).sum(-1), attention_mask) / math.log(2)


@head_entropy.mistake(
    "The sign is turned: the logarithm of a weight is negative, so an entropy needs a minus to be 0 or more."
)
def negative_entropy(weights, attention_mask):
    return -_mean_over_queries(torch.special.entr(weights).sum(-1), attention_mask)


@head_entropy.mistake(
    "The terms w log w of a query are averaged over the keys where they are to be summed: the longer the text, the smaller the result."
)
def averaged_over_keys(weights, attention_mask):
    return _mean_over_queries(torch.special.entr(weights).mean(-1), attention_mask)


@head_entropy.mistake(
    "Padded queries are counted too. They look at something, but nobody reads it; a batch with much padding would seem to look otherwise."
)
def padded_queries_counted(weights, attention_mask):
    return torch.special.entr(weights).sum(-1).mean((0, 2))


@head_entropy.mistake(
    "Padded queries are set to 0 but still divided by: the sum is over real tokens, the count over all places."
)
def divided_by_all_places(weights, attention_mask):
    return (torch.special.entr(weights).sum(-1) * attention_mask[:, None, :]).mean((0, 2))


@head_entropy.mistake(
    "Each text is averaged on its own and then the texts are: a query of a short text weighs more than one of a long text."
)
def mean_of_text_means(weights, attention_mask):
    real = attention_mask[:, None, :].to(weights.dtype)
    values = torch.special.entr(weights).sum(-1)
    return ((values * real).sum(2) / real.sum(2)).mean(0)


@head_entropy.mistake(
    "The weights are summed over the queries. Each query shares 1 among the keys, so a distribution lies along the last axis."
)
def over_the_queries(weights, attention_mask):
    return _mean_over_queries(torch.special.entr(weights).sum(-2), attention_mask)


@head_entropy.mistake(
    "0 times the logarithm of 0 gives NaN, and one NaN makes the whole mean NaN. Hidden keys have a weight of exactly 0, so this happens in every padded batch."
)
def nan_from_zero(weights, attention_mask):
    return _mean_over_queries(-(weights * weights.log()).sum(-1), attention_mask)


@head_entropy.mistake(
    "The weights are averaged over the queries first, and the entropy taken of that mean. Queries that each look at one place, but at different ones, "
    "would then seem to look everywhere."
)
def entropy_of_the_mean(weights, attention_mask):
    real = attention_mask[:, None, :, None].to(weights.dtype)
    return torch.special.entr((weights * real).sum((0, 2)) / real.sum((0, 2))).sum(-1)


# ----------------------------------------------------------------------------------------------- quiz

attention_heads_quiz = Quiz(
    "attention_heads_quiz",
    {
        "recut": Question(
            "A trained BERT-base has 12 heads. You write 24 into its configuration and load its checkpoint. What happens?",
            (
                (
                    "Loading fails: the shapes do not fit.",
                    "The matrices are 768 by 768 with 12 heads and with 24: every shape fits.",
                ),
                (
                    "The 12 new heads start untrained.",
                    "There is nothing new to initialise. 24 heads are cut from the same matrices, each half as wide.",
                ),
                ("It loads without complaint and computes something else.", ""),
                (
                    "It works as before, only slower.",
                    "Each trained head is cut in two halves that look on their own, and the scores are scaled by another root of D.",
                ),
            ),
            "c",
        ),
        "grows": Question(
            "The hidden size stays, the number of heads grows. What grows with it?",
            (
                ("The number of attention weights: every head has an L by L table of its own.", ""),
                (
                    "The size of the block's output.",
                    "The heads' outputs are laid side by side and have H features together, always.",
                ),
                (
                    "The multiplications in `q @ k` transposed.",
                    "A heads times L·L scores times D multiplications each: A·D is H, so their number stays.",
                ),
                (
                    "The size of a head.",
                    "It shrinks: D = H / A. In the end a head has too few features to tell keys apart.",
                ),
            ),
            "a",
        ),
        "removed": Question(
            "One head's columns of `w_o` are set to 0, and the model fills gaps as well as before. What may you conclude?",
            (
                (
                    "The head computed nothing.",
                    "It looked somewhere and fetched something; see its picture. Its part was only not needed for this task, as long as the others are there.",
                ),
                (
                    "On these texts, the other heads make up for it.",
                    "",
                ),
                (
                    "All heads could be removed.",
                    "One at a time says nothing about several at once: two heads may each stand in for the other.",
                ),
            ),
            "b",
        ),
        "mask": Question(
            "A padded key gets the score 0 before the softmax. What weight does it get?",
            (
                ("0.", "That would be so for a score of minus infinity: e to that power is 0."),
                ("1.", "A weight of 1 would leave nothing for the other keys; they share 1 together."),
                (
                    "It depends on the other scores; more than 0 in any case.",
                    "",
                ),
                (
                    "NaN.",
                    "That comes from a row of nothing but minus infinity; 0 is a score like any other.",
                ),
            ),
            "c",
        ),
    },
    read="the half-truths, and what each of their cells showed",
)
