"""Lesson 05: who may look at whom."""

from __future__ import annotations

import math

import torch
import torch.nn.functional as F

from grader.exercises._models import bert_config, build
from grader.judge import Case, Exercise, Question, Quiz, expect
from grader.judge.calling import perform
from grader.judge.values import close, short

LESSON = "05_encoder_decoder"

# --------------------------------------------------------------------------------- attention_pattern

attention_pattern = Exercise(
    "attention_pattern",
    points=1,
    takes=("kind: str", "source_length: int", "target_length: int"),
    returns=("mask: bool (queries, keys)",),
    summary="Who may attend to whom in an encoder, in a decoder, and from a decoder to its source.",
    read="“Three patterns”, the table and the example worked by hand",
    hints=(
        "First the shapes: one row for each token that asks (the query), one column for each token that can be looked at (the key).",
        "`torch.ones(rows, columns, dtype=torch.bool)` lets everybody look at everything. Which of the three needs more than that?",
        "`.tril()` keeps the diagonal and what lies below it: for row i, the columns 0 to i.",
    ),
)


def _pattern_case(draw, kind: str) -> Case:
    source, target = draw.sizes(2, 3, 8)
    rows, columns = {"encoder": (source, source), "decoder": (target, target), "cross": (target, source)}[
        kind
    ]
    return Case(kind=kind, source_length=source, target_length=target).where(queries=rows, keys=columns)


@attention_pattern.case
def an_encoder(draw):
    """an encoder over its source"""
    return _pattern_case(draw, "encoder")


@attention_pattern.case
def a_decoder(draw):
    """a decoder over its own words"""
    return _pattern_case(draw, "decoder")


@attention_pattern.case
def a_decoder_over_its_source(draw):
    """a decoder that looks over to the source"""
    return _pattern_case(draw, "cross")


@attention_pattern.case(apart=True)
def an_unknown_kind(draw):
    """a kind that does not exist"""
    source, target = draw.sizes(2, 3, 8)
    return Case(kind=draw.choice(("causal", "self", "both", "")), source_length=source, target_length=target)


@attention_pattern.must(
    "In a decoder, let each token attend to itself and to all before it, and to none after it.",
    weight=0.65,
    on=(a_decoder,),
)
def decoder_reads_to_the_left(case, answer):
    positions = torch.arange(case.target_length)
    expect.same(answer(), positions[:, None] >= positions, "mask")


@attention_pattern.must(
    "Let every token of an encoder attend to the whole source, and every token of a decoder, by cross-attention, too.",
    weight=0.25,
    on=(an_encoder, a_decoder_over_its_source),
)
def the_source_is_read_whole(case, answer):
    got = answer()
    expect.same(got, torch.ones_like(got), "mask")


@attention_pattern.must("Raise `ValueError` for another kind.", weight=0.1, on=(an_unknown_kind,))
def unknown_kind_is_refused(case, answer):
    answer(kind="decoder")
    answer.raises(ValueError)
    for part_of_a_name in ("enc", "encoder-decoder"):
        answer.raises(ValueError, kind=part_of_a_name)


def _pattern(kind, source_length, target_length, causal=torch.Tensor.tril):
    """The right answer, with the place where mistakes are made as an argument."""
    if kind == "encoder":
        return torch.ones(source_length, source_length, dtype=torch.bool)
    if kind == "decoder":
        return causal(torch.ones(target_length, target_length, dtype=torch.bool))
    if kind == "cross":
        return torch.ones(target_length, source_length, dtype=torch.bool)
    raise ValueError(f"kind must be 'encoder', 'decoder' or 'cross', got {kind!r}")


@attention_pattern.mistake(
    "The decoder sees its own future. In training it would copy the next word instead of predicting it, and when it has to "
    "write there is no next word to copy."
)
def future_visible(kind, source_length, target_length):
    return _pattern(kind, source_length, target_length, lambda mask: mask)


@attention_pattern.mistake(
    "A decoder's token may not attend to itself here. It is an input that has been read, not the word to be predicted; and the first "
    "token would have nothing at all to look at."
)
def own_position_masked(kind, source_length, target_length):
    return _pattern(kind, source_length, target_length, lambda mask: mask.tril(-1))


@attention_pattern.mistake(
    "One token of the future is visible: just the one that is to be predicted. The diagonal is the last place where a token may look."
)
def one_future_token_visible(kind, source_length, target_length):
    return _pattern(kind, source_length, target_length, lambda mask: mask.tril(1))


@attention_pattern.mistake(
    "The triangle is upside down: each token of the decoder sees itself and the future, and nothing of the past."
)
def only_the_future(kind, source_length, target_length):
    return _pattern(kind, source_length, target_length, torch.Tensor.triu)


@attention_pattern.mistake(
    "Cross-attention is causal here. The source is finished before the decoder writes its first word, so there is no future in it: "
    "a translation may begin with what the source says last."
)
def causal_across(kind, source_length, target_length):
    mask = _pattern(kind, source_length, target_length)
    return mask.tril() if kind == "cross" else mask


@attention_pattern.mistake(
    "Cross-attention lies on its side: the decoder's tokens ask, so they are the rows, and the source's tokens are the columns."
)
def cross_on_its_side(kind, source_length, target_length):
    mask = _pattern(kind, source_length, target_length)
    return mask.T if kind == "cross" else mask


@attention_pattern.mistake(
    "The encoder is causal too. It never has to predict what it reads, so nothing need be hidden; half of its context is lost."
)
def causal_encoder(kind, source_length, target_length):
    mask = _pattern(kind, source_length, target_length)
    return mask.tril() if kind == "encoder" else mask


@attention_pattern.mistake(
    "True and False are swapped: True says that a query may attend. (Some libraries mean the opposite: read their documentation "
    "before you hand them a mask.)"
)
def polarity_inverted(kind, source_length, target_length):
    return ~_pattern(kind, source_length, target_length)


@attention_pattern.mistake(
    "Right for the three kinds, but any other word is taken for one of them, so a misspelt name gives a wrong mask in silence."
)
def anything_else_is_cross(kind, source_length, target_length):
    return _pattern(kind if kind in ("encoder", "decoder") else "cross", source_length, target_length)


# ------------------------------------------------------------------------------------------ influence

influence = Exercise(
    "influence",
    points=4,
    takes=("model: model", "ids: int64 (1, L)"),
    returns=("moved: bool (L, L)",),
    summary="Which outputs of a model move when a token is replaced: measured, not looked up.",
    read="“Measure who looks at whom”, and the example worked by hand",
    hints=(
        "Run the model once as it is and keep the output: its `logits` or, where it has none, its `last_hidden_state`. Then, for each j: copy `ids`, put another token at place j, run again, compare.",
        "Another token, whichever stands there: `(ids[0, j] + 1) % model.config.vocab_size` is inside the vocabulary and never the same.",
        "Compare position by position: `(after - before).abs().amax(-1) > 1e-6` is a bool of length L. It is column j of the result.",
    ),
    rounds=1,
)


def _model_case(draw, model_class, config, pattern, *, values=1.0, training=False) -> Case:
    """A model in float64, so that rounding stays far from 1e-6, whose tokens weigh all others about evenly, so
    that every influence that is there lies far above it. `values` scales what attention brings along."""
    model = build(draw, model_class, config, training=training).double()
    with torch.no_grad():
        for name, parameter in model.named_parameters():
            if any(part in name for part in ("query", "key", "q_proj", "k_proj", "c_attn")):
                parameter.mul_(0.4)
            if "self.value" in name:
                parameter.mul_(values)
    vocab, length = config.vocab_size, draw.integer(6, 8)
    ids = draw.ids(1, length, high=vocab - 1)
    first, second, third, fourth = draw.shuffled(range(length))[:4]
    ids[0, first], ids[0, second] = 0, ids[0, third]
    # the last id of the vocabulary, in some cases only: else id + 1 would fail like any other error
    ids[0, fourth] = vocab - 1 if values == 1.0 else 1
    rows, columns = torch.arange(length)[:, None], torch.arange(length)
    return Case(model=model, ids=ids).knows(moved=pattern(rows, columns))


def _smallest_change(case: Case) -> float:
    """How little any other token at a place that counts moves an output that it should move."""
    ids, vocab, length = case.ids, case.model.config.vocab_size, case.ids.shape[1]
    rows = ids.repeat(length * vocab, 1).view(length, vocab, length)
    for j in range(length):
        rows[j, :, j] = torch.arange(vocab)
    changes = (_outputs(case.model, rows.flatten(0, 1)) - _outputs(case.model, ids)).abs().amax(-1)
    other = torch.arange(vocab) != ids[0][:, None]  # (L, V)
    counts = case.moved.T[:, None] & other[..., None]  # (replaced, by what, output)
    return changes.view(length, vocab, length)[counts].min().item()


@influence.case
def reads_both_sides(draw):
    """a BertModel"""
    from transformers import BertModel

    config = bert_config(draw.integer(17, 23), pad_token_id=None)
    return _model_case(draw, BertModel, config, lambda i, j: (i == i) & (j == j))


@influence.case
def reads_to_the_left(draw):
    """a GPT2LMHeadModel in train mode (without dropout), whose logits rise and fall together"""
    from transformers import GPT2Config, GPT2LMHeadModel

    config = GPT2Config(
        vocab_size=draw.integer(17, 23), n_positions=32, n_embd=16, n_layer=1, n_head=2,
        resid_pdrop=0.0, embd_pdrop=0.0, attn_pdrop=0.0, bos_token_id=None, eos_token_id=None,
        tie_word_embeddings=False,
    )  # fmt: skip
    while True:
        case = _model_case(draw, GPT2LMHeadModel, config, lambda i, j: j <= i, training=True)
        scales = 0.5 + draw.uniform(config.vocab_size, 1)  # so that a change may be a fall and nothing else
        case.model.lm_head.weight.data.copy_(scales * draw.normal(1, config.n_embd))
        if _smallest_change(case) > 1e-4:
            return case


@influence.case
def reads_a_window(draw):
    """a MistralModel whose tokens attend to themselves and the one before, in two layers"""
    from transformers import MistralConfig, MistralModel

    config = MistralConfig(
        vocab_size=draw.integer(17, 23), hidden_size=16, intermediate_size=24, num_hidden_layers=2,
        num_attention_heads=4, num_key_value_heads=2, head_dim=4, max_position_embeddings=32, sliding_window=2,
        bos_token_id=None, eos_token_id=None, pad_token_id=None,
    )  # fmt: skip
    return _model_case(draw, MistralModel, config, lambda i, j: (j <= i) & (i - j <= 2))


@influence.case
def faint(draw):
    """a causal BERT whose tokens move later outputs by no more than a few thousandths"""
    from transformers import BertModel

    config = bert_config(draw.integer(17, 23), pad_token_id=None, is_decoder=True)
    return _model_case(draw, BertModel, config, lambda i, j: j <= i, values=3e-3)


@influence.case
def too_faint_to_count(draw):
    """a BERT whose tokens move other outputs by less than 0.000001"""
    from transformers import BertModel

    config = bert_config(draw.integer(17, 23), pad_token_id=None)
    return _model_case(draw, BertModel, config, lambda i, j: i == j, values=1e-10)


def _moved(case, answer):
    got = answer()
    wrong = (got != case.moved).nonzero()
    if len(wrong):
        i, j = wrong[0].tolist()
        does = "moves" if case.moved[i, j] else "does not move"
        expect.that(False, f"moved[{i}, {j}] is {bool(got[i, j])}, but replacing token {j} {does} output {i}")


@influence.must(
    "Where a model reads both sides, find that every token moves every output.", on=(reads_both_sides,)
)
def both_sides_found(case, answer):
    _moved(case, answer)


@influence.must(
    "Where it reads to the left, find that token j moves the outputs (rows) i from j on, and none before.",
    on=(reads_to_the_left,),
)
def left_side_found(case, answer):
    _moved(case, answer)


@influence.must(
    "Where attention has a window, find just how far the layers together reach back.", on=(reads_a_window,)
)
def window_found(case, answer):
    _moved(case, answer)


@influence.must("Count every change of more than 1e-6, and no smaller one.", on=(faint, too_faint_to_count))
def threshold_kept(case, answer):
    _moved(case, answer)


def _outputs(model, ids, **others):
    with torch.no_grad():
        output = model(ids, **others)
    return output.logits if "logits" in output else output.last_hidden_state


def _largest_change(before, after):
    return (after - before).abs().amax(-1)[0] > 1e-6


def _columns(outputs, moved=_largest_change):
    """From the outputs for the ids as they are, followed by those for each change, (1 + L, L, ...)."""
    before, *after = outputs.split(1)
    return torch.stack([moved(before, row) for row in after], dim=1)


def _perturbed(model, ids, moved=_largest_change, replace=None, at_once=True):
    """The right answer, with the places where mistakes are made as arguments. `at_once`: in one batch, which is faster
    and rounds otherwise."""
    rows = ids.repeat(1 + ids.shape[1], 1)
    for j in range(ids.shape[1]):
        rows[1 + j, j] = (ids[0, j] + 1) % model.config.vocab_size if replace is None else replace(ids[0, j])
    if at_once:
        return _columns(_outputs(model, rows), moved)
    return _columns(torch.cat([_outputs(model, row[None]) for row in rows]), moved)


@influence.mistake(
    "Rows and columns are swapped. Row i is the output that moves, column j the token that was replaced; so turned round, a causal "
    "model looks as if it read the future alone."
)
def rows_and_columns_swapped(model, ids):
    return _perturbed(model, ids).T


@influence.mistake(
    "A replaced token is never put back, so later columns show the work of earlier tokens as well. Start from a fresh copy for each j."
)
def never_put_back(model, ids):
    rows = ids.repeat(1 + ids.shape[1], 1)
    for j in range(ids.shape[1]):
        rows[1 + j :, j] = (ids[0, j] + 1) % model.config.vocab_size
    return _columns(_outputs(model, rows))


@influence.mistake(
    "The whole output is compared at once, so a change anywhere counts for every position. Compare position by position."
)
def compared_as_a_whole(model, ids):
    def anywhere(before, after):
        return ((after - before).abs().max() > 1e-6).expand(before.shape[1])

    return _perturbed(model, ids, anywhere)


@influence.mistake(
    "Always the same token is put in. Where it stands already nothing is replaced, and that token seems to move nothing, not even itself."
)
def always_token_zero(model, ids):
    return _perturbed(model, ids, replace=lambda token: 0)


@influence.mistake(
    "Id + 1 is not always in the vocabulary: behind the last id there is none, and the embedding raises an `IndexError`."
)
def behind_the_vocabulary(model, ids):
    return _perturbed(model, ids, replace=lambda token: token + 1)


@influence.mistake(
    "Only large changes count here. A small change is no rounding error in float64: faint as it is, it shows that the token was read."
)
def only_large_changes(model, ids):
    return _perturbed(model, ids, lambda before, after: (after - before).abs().amax(-1)[0] > 1e-2)


@influence.mistake(
    "The sign of a change is kept, so an output whose numbers have all become smaller seems not to have moved. Take `.abs()` before the largest."
)
def only_a_rise_counts(model, ids):
    return _perturbed(model, ids, lambda before, after: (after - before).amax(-1)[0] > 1e-6)


@influence.mistake(
    "Any difference counts, however small. Computers round: without a threshold, noise in the last digit looks like influence."
)
def any_difference(model, ids):
    return _perturbed(model, ids, lambda before, after: (after != before).any(-1)[0], at_once=False)


@influence.mistake(
    "Only the best entry of each output is compared. A token may move all the numbers and still leave the same one on top."
)
def only_the_best_entry(model, ids):
    return _perturbed(model, ids, lambda before, after: before.argmax(-1)[0] != after.argmax(-1)[0])


@influence.mistake(
    "A token's influence on its own position is left out. It is there, and the definition asks for every pair, also for i = j."
)
def diagonal_left_out(model, ids):
    return _perturbed(model, ids) & ~torch.eye(ids.shape[1], dtype=torch.bool)


@influence.mistake(
    "The token is hidden by the attention mask, not replaced. Its own position still reads it, past all attention; and a first token "
    "that may attend to nothing says nothing about the model."
)
def hidden_not_replaced(model, ids):
    length = ids.shape[1]
    masks = torch.cat([torch.ones(1, length), 1 - torch.eye(length)]).long()
    return _columns(_outputs(model, ids.expand(1 + length, -1), attention_mask=masks))


@influence.mistake(
    "The result is right, but a model that came in train mode is left in eval mode. Put it back, or whoever trains on will do so without dropout."
)
def left_in_eval_mode(model, ids):
    return _perturbed(model.eval(), ids)


# -------------------------------------------------------------------------------------- additive_mask

additive_mask = Exercise(
    "additive_mask",
    points=4,
    takes=("attention_mask: int64 (B, L)", "causal: bool", "dtype: dtype"),
    returns=("mask: float (B, 1, L, L)",),
    summary="Padding and causality as one tensor of numbers that are added to the scores.",
    read="“From a pattern to numbers”, and the example worked by hand",
    hints=(
        "Think in bool first: one tensor `allowed` of shape (B, 1, L, L), True where query i may attend to key j. Numbers come last.",
        "`attention_mask[:, None, None, :]` is (B, 1, 1, L): the same for every query. A triangle (L, L) is the same for every row of the batch. `&` broadcasts.",
        "`torch.zeros(shape, dtype=dtype).masked_fill(~allowed, torch.finfo(dtype).min)` turns the bool tensor into numbers; nothing is added twice.",
    ),
)

FLOATS = (torch.float32, torch.float64, torch.float16, torch.bfloat16)


def _padded_batch(draw, side: str, causal: bool, dtype: torch.dtype) -> Case:
    batch, length = draw.integer(3, 5), draw.integer(6, 9)
    return Case(attention_mask=draw.attention_mask(batch, length, side), causal=causal, dtype=dtype)


@additive_mask.case
def both_sides_padded_right(draw):
    """not causal, padded on the right"""
    return _padded_batch(draw, "right", False, torch.float32)


@additive_mask.case
def both_sides_padded_either_way(draw):
    """not causal, padded on the left or on the right, in float64"""
    return _padded_batch(draw, "mixed", False, torch.float64)


@additive_mask.case
def causal_padded_right(draw):
    """causal, padded on the right"""
    return _padded_batch(draw, "right", True, torch.float32)


@additive_mask.case
def causal_padded_left(draw):
    """causal, padded on the left: the padding itself may attend to nothing"""
    return _padded_batch(draw, "left", True, draw.choice(FLOATS))


@additive_mask.case
def half_precision(draw):
    """half precision"""
    return _padded_batch(draw, "mixed", draw.choice((True, False)), draw.choice(FLOATS[2:]))


def allowed_by_definition(attention_mask: torch.Tensor, causal: bool) -> torch.Tensor:
    """bool (B, 1, L, L), entry by entry as a person would say it."""
    length = attention_mask.shape[1]
    return torch.tensor(
        [
            [[[bool(row[j]) and (j <= i or not causal) for j in range(length)] for i in range(length)]]
            for row in attention_mask.tolist()
        ]
    )


def _same_pattern(case, answer):
    got, allowed = answer(), allowed_by_definition(case.attention_mask, case.causal)
    wrong = ((got == 0) != allowed).nonzero()
    if len(wrong):
        row, _, i, j = place = tuple(wrong[0].tolist())
        says = f"mask{list(place)} is {short(got[place])}"
        expect.that(
            False,
            f"query {i} may attend to key {j}, but {says}"
            if allowed[place]
            else f"query {i} may not attend to key {j}, but {says}, which allows it",
            attention_mask=case.attention_mask[row],
            causal=case.causal,
        )


@additive_mask.must(
    "Without causality: 0 for every key that is a token, from every query; anything else for padding.",
    weight=1.1,
    on=(both_sides_padded_right, both_sides_padded_either_way),
)
def padding_is_hidden(case, answer):
    _same_pattern(case, answer)


@additive_mask.must(
    "With causality: 0 where the key is a token and stands at the query's place or before it; nowhere else.",
    weight=1.1,
    on=(causal_padded_right, causal_padded_left),
)
def padding_and_future_are_hidden(case, answer):
    _same_pattern(case, answer)


@additive_mask.must(
    "Hide with exactly `torch.finfo(dtype).min`, in the dtype asked for.",
    weight=1.1,
    on=(both_sides_padded_right, half_precision),
)
def hidden_by_the_minimum(case, answer):
    got, lowest = answer(), torch.finfo(case.dtype).min
    expect.that(
        got.dtype == case.dtype, f"mask: expected dtype {case.dtype}, got {got.dtype}".replace("torch.", "")
    )
    hidden = ~allowed_by_definition(case.attention_mask, case.causal)
    wrong = (hidden & (got != lowest)).nonzero()
    if len(wrong):
        place = tuple(wrong[0].tolist())
        expect.that(
            False, f"mask{list(place)}: expected {lowest:.4g}, got {short(got[place])}", dtype=case.dtype
        )


@additive_mask.must(
    "Where a query may attend to nothing, its whole row is the minimum: no infinity, no NaN.",
    weight=0.7,
    on=(causal_padded_left,),
)
def rows_without_a_key(case, answer):
    got, lowest = answer(), torch.finfo(case.dtype).min
    nothing = ~allowed_by_definition(case.attention_mask, case.causal).any(-1)
    rows = got[nothing]
    expect.finite(rows, "a row without a key to attend to")
    expect.that(
        (rows == lowest).all(),
        f"a row without a key to attend to: expected {lowest:.4g} throughout, got {short(rows[0])}",
        dtype=case.dtype,
    )


def _allowed(attention_mask, causal, diagonal=0):
    length = attention_mask.shape[1]
    triangle = torch.ones(length, length, dtype=torch.bool)
    triangle = triangle.tril(diagonal) if causal else triangle
    return triangle & attention_mask.bool()[:, None, None, :]


def _numbers(allowed, dtype, hidden=None):
    hidden = torch.finfo(dtype).min if hidden is None else hidden
    return torch.zeros(allowed.shape, dtype=dtype).masked_fill(~allowed, hidden)


@additive_mask.mistake(
    "Hidden places are minus infinity. That works until a query may attend to nothing: the softmax of a row of minus infinities "
    "is NaN, and NaN spreads to all that follows."
)
def minus_infinity(attention_mask, causal, dtype):
    return _numbers(_allowed(attention_mask, causal), dtype, -math.inf)


@additive_mask.mistake(
    "The two masks are added up. Where a place is both padding and future, minimum plus minimum overflows to minus infinity. "
    "Combine them while they are still bool."
)
def minimum_twice(attention_mask, causal, dtype):
    return _numbers(_allowed(attention_mask, False), dtype) + _numbers(
        _allowed(torch.ones_like(attention_mask), causal), dtype
    )


@additive_mask.mistake(
    "The wrong way round: the minimum stands where attention is allowed and 0 where it is not, so only padding and the future are read."
)
def wrong_way_round(attention_mask, causal, dtype):
    return _numbers(~_allowed(attention_mask, causal), dtype)


@additive_mask.mistake(
    "Padding is hidden by rows: padded queries look at nothing, while real tokens still look at padded keys. The last axis is the keys'."
)
def queries_for_keys(attention_mask, causal, dtype):
    rows = attention_mask.bool()[:, None, :, None]
    return _numbers(_allowed(torch.ones_like(attention_mask), causal) & rows, dtype)


@additive_mask.mistake(
    "Padding is hidden from nobody when the mask is causal. On the right it comes after the text and does no harm there; on the left, "
    "every token reads it."
)
def padding_forgotten_when_causal(attention_mask, causal, dtype):
    return _numbers(_allowed(torch.ones_like(attention_mask) if causal else attention_mask, causal), dtype)


@additive_mask.mistake("`causal` is never used: padding is hidden, but a decoder would read its own future.")
def causality_forgotten(attention_mask, causal, dtype):
    return _numbers(_allowed(attention_mask, False), dtype)


@additive_mask.mistake(
    "The mask is always causal. An encoder that asks for `causal=False` would lose the right half of its context."
)
def always_causal(attention_mask, causal, dtype):
    return _numbers(_allowed(attention_mask, True), dtype)


@additive_mask.mistake(
    "A causal query may not attend to its own place. It has been read already; what it predicts is the next token."
)
def own_position_hidden(attention_mask, causal, dtype):
    return _numbers(_allowed(attention_mask, causal, -1), dtype)


@additive_mask.mistake(
    "The triangle is one too wide: each query also sees the next token, which is the one that it has to predict."
)
def next_token_visible(attention_mask, causal, dtype):
    return _numbers(_allowed(attention_mask, causal, 1), dtype)


@additive_mask.mistake(
    "This is a mask of ones and zeros. It is added to the scores: 1 more or less hides nothing."
)
def ones_and_zeros(attention_mask, causal, dtype):
    return _allowed(attention_mask, causal).to(dtype)


@additive_mask.mistake(
    "`torch.finfo(dtype).tiny` is the smallest positive number, next to 0: added to a score it changes nothing, so nothing is hidden."
)
def tiny_for_minimum(attention_mask, causal, dtype):
    return _numbers(_allowed(attention_mask, causal), dtype, torch.finfo(dtype).tiny)


@additive_mask.mistake(
    "Hidden places hold a large negative number of your own. It usually works; but it fits no other dtype (float16 ends at -65,504), "
    "and masks compared with the library's differ."
)
def a_number_of_ones_own(attention_mask, causal, dtype):
    return _numbers(_allowed(attention_mask, causal), dtype, -1e4)


@additive_mask.mistake(
    "The mask is float32 whatever `dtype` says. Added to half-precision scores it turns them into float32, or is refused."
)
def always_float32(attention_mask, causal, dtype):
    return _numbers(_allowed(attention_mask, causal), torch.float32)


@additive_mask.mistake(
    "0 times minus infinity is NaN, so every allowed place is NaN. Fill the hidden places instead of multiplying."
)
def nan_by_multiplication(attention_mask, causal, dtype):
    return (~_allowed(attention_mask, causal)).to(dtype) * -math.inf


@additive_mask.mistake(
    "Without causality the rows are left to broadcasting: (B, 1, 1, L). It works while all queries may see the same keys; asked is a row "
    "for every query, so that one shape serves both kinds."
)
def rows_left_to_broadcasting(attention_mask, causal, dtype):
    mask = _numbers(_allowed(attention_mask, causal), dtype)
    return mask if causal else mask[:, :, :1]


@additive_mask.mistake(
    "This is the pattern as a bool tensor. To be added to scores it has to become numbers: 0 where True, the minimum where False."
)
def left_as_bool(attention_mask, causal, dtype):
    return _allowed(attention_mask, causal)


# ---------------------------------------------------------------------------------------- shift_right

shift_right = Exercise(
    "shift_right",
    points=3,
    takes=("labels: int64 (B, L)", "decoder_start_id: int", "pad_id: int"),
    returns=("decoder_input_ids: int64 (B, L)",),
    summary="What a decoder reads while it learns to write the labels.",
    read="“What a decoder reads while it learns”, and the table there",
    hints=(
        "At place t the decoder has to write label t, so it may read what stands before it: label t - 1. At place 0 that is the start token.",
        "Make a new tensor of the labels' shape, fill its first column with the start id, and the rest with `labels[:, :-1]`.",
        "-100 means “not counted” to the loss, but an embedding has no row -100: `masked_fill` it with `pad_id`, in the new tensor.",
    ),
)


def _labels(draw, batch: int, length: int, start: int, pad: int, shortest: int = 2) -> Case:
    labels = draw.distinct_ids(batch, length, low=10, high=200)
    labels = labels.masked_fill(draw.attention_mask(batch, length, shortest=shortest) == 0, -100)
    return Case(labels=labels, decoder_start_id=start, pad_id=pad)


@shift_right.case
def as_in_bart(draw):
    """ids as in BART: the start token is the end token, padding is another"""
    batch, length = draw.sizes(2, 3, 8)
    return _labels(draw, batch, length, 2, 1)


@shift_right.case
def as_in_t5(draw):
    """ids as in T5: the start token is the padding token"""
    batch, length = draw.sizes(2, 3, 8)
    return _labels(draw, batch, length, 0, 0)


@shift_right.case
def labels_with_a_gap(draw):
    """ids of its own; -100 inside the labels too, and an ordinary token with the id of padding"""
    batch, length = draw.integer(2, 4), draw.integer(6, 8)
    start, pad = draw.integer(200, 204), draw.integer(205, 209)
    case = _labels(draw, batch, length, start, pad, shortest=5)
    labels = case.labels
    labels[:, 1], labels[0, 2] = -100, pad
    return Case(labels=labels, decoder_start_id=start, pad_id=pad)


@shift_right.case
def a_single_label(draw):
    """labels of length 1"""
    return _labels(draw, draw.integer(2, 4), 1, draw.integer(3, 9), draw.integer(0, 2), shortest=1)


@shift_right.must("Begin every row with the decoder's start token.", weight=0.75)
def begins_with_the_start(case, answer):
    got, first = answer(), torch.zeros_like(case.labels, dtype=torch.bool)
    first[:, 0] = True
    expect.same(got, torch.full_like(got, case.decoder_start_id), "decoder_input_ids", where=first)


@shift_right.must(
    "At each later place, give the label of the place before.",
    weight=1.5,
    on=(as_in_bart, as_in_t5, labels_with_a_gap),
)
def gives_the_label_before(case, answer):
    counted = torch.zeros_like(case.labels, dtype=torch.bool)
    counted[:, 1:] = case.labels[:, :-1] != -100
    expect.same(answer(), case.labels.roll(1, dims=1), "decoder_input_ids", where=counted, labels=case.labels)


@shift_right.must(
    "Where the label before is -100, give the padding id: an embedding has no row -100.",
    weight=0.75,
    on=(as_in_bart, as_in_t5, labels_with_a_gap),
)
def nothing_ignored_is_embedded(case, answer):
    ignored = torch.zeros_like(case.labels, dtype=torch.bool)
    ignored[:, 1:] = case.labels[:, :-1] == -100
    got = answer()
    expect.same(
        got, torch.full_like(got, case.pad_id), "decoder_input_ids", where=ignored, labels=case.labels
    )
    expect.that((got != -100).all(), "decoder_input_ids: there is still a -100", labels=case.labels)


def _shifted(labels, start, pad):
    inputs = torch.full_like(labels, start)
    inputs[:, 1:] = labels[:, :-1]
    return inputs.masked_fill(inputs == -100, pad)


@shift_right.mistake(
    "The decoder is given the labels themselves: at every place it reads the very word that it has to write, and learns to copy."
)
def labels_as_inputs(labels, decoder_start_id, pad_id):
    return labels.masked_fill(labels == -100, pad_id)


@shift_right.mistake(
    "Shifted to the left: at every place the decoder reads the word after the one that it has to write."
)
def shifted_left(labels, decoder_start_id, pad_id):
    inputs = torch.full_like(labels, decoder_start_id)
    inputs[:, :-1] = labels[:, 1:]
    return inputs.masked_fill(inputs == -100, pad_id)


@shift_right.mistake(
    "`roll` brings the last label round to the front, where the start token belongs: when the model writes, nobody can hand it its own last word."
)
def rolled(labels, decoder_start_id, pad_id):
    inputs = labels.roll(1, dims=1)
    return inputs.masked_fill(inputs == -100, pad_id)


@shift_right.mistake(
    "The start token is the padding token, whatever `decoder_start_id` says. So it is in T5 and not elsewhere: another model "
    "would be started by a token that it never learned to start from."
)
def started_by_padding(labels, decoder_start_id, pad_id):
    return _shifted(labels, pad_id, pad_id)


@shift_right.mistake(
    "-100 goes into the decoder. Only the loss knows that number; the embedding raises an `IndexError`."
)
def ignored_embedded(labels, decoder_start_id, pad_id):
    inputs = torch.full_like(labels, decoder_start_id)
    inputs[:, 1:] = labels[:, :-1]
    return inputs


@shift_right.mistake(
    "-100 becomes 0, not `pad_id`. In T5 that is the same; in other models 0 is an ordinary token or the beginning of a text."
)
def ignored_becomes_zero(labels, decoder_start_id, pad_id):
    return _shifted(labels, decoder_start_id, 0)


@shift_right.mistake(
    "The start token is put in front and nothing is dropped at the end: one input more than there are labels, so inputs and labels no longer pair up."
)
def nothing_dropped(labels, decoder_start_id, pad_id):
    start = torch.full_like(labels[:, :1], decoder_start_id)
    return torch.cat([start, labels.masked_fill(labels == -100, pad_id)], dim=1)


@shift_right.mistake(
    "The start token is written over the first label instead of being put before it: nothing is shifted, and the first word is lost."
)
def first_label_overwritten(labels, decoder_start_id, pad_id):
    inputs = labels.masked_fill(labels == -100, pad_id)
    inputs[:, 0] = decoder_start_id
    return inputs


@shift_right.mistake(
    "Padding stays where it was, so the last word of a short text is lost: the shift moves the -100 along with the labels."
)
def padding_not_shifted(labels, decoder_start_id, pad_id):
    return _shifted(labels, decoder_start_id, pad_id).masked_fill(labels == -100, pad_id)


@shift_right.mistake(
    "The inputs are right, but the caller's labels have changed: their -100 are gone, so the loss will now count padding."
)
def labels_changed(labels, decoder_start_id, pad_id):
    labels[labels == -100] = pad_id
    return _shifted(labels, decoder_start_id, pad_id)


# ------------------------------------------------------------------------------------ cross_attention

cross_attention = Exercise(
    "cross_attention",
    points=4,
    takes=(
        "decoder_hidden: float (B, T, H)",
        "encoder_hidden: float (B, S, H)",
        "w_q: float (H, H)",
        "w_k: float (H, H)",
        "w_v: float (H, H)",
        "encoder_mask: int64 (B, S)",
    ),
    returns=("output: float (B, T, H)",),
    summary="How a decoder's tokens read the source: queries from the decoder, keys and values from the encoder.",
    read="“The bridge”, its four steps and the example worked by hand",
    hints=(
        "Who asks? `q = decoder_hidden @ w_q.T`. Who is asked? `k` and `v` come from `encoder_hidden`, each through its own matrix.",
        "`q @ k.transpose(-2, -1)` is (B, T, S): a row of scores over the source for each target token. Divide by the root of H.",
        "Before the softmax over the last axis: `masked_fill` with minus infinity where `encoder_mask[:, None, :] == 0`. No triangle here.",
    ),
)


def _two_streams(draw, dtype: torch.dtype = torch.float32, side: str = "mixed") -> Case:
    batch, target, source, size = draw.sizes(4, 3, 8)
    return Case(
        decoder_hidden=draw.normal(batch, target, size, dtype=dtype),
        encoder_hidden=draw.normal(batch, source, size, dtype=dtype),
        w_q=draw.normal(size, size, scale=0.5, dtype=dtype),
        w_k=draw.normal(size, size, scale=0.5, dtype=dtype),
        w_v=draw.normal(size, size, scale=0.5, dtype=dtype),
        encoder_mask=draw.attention_mask(batch, source, side),
    )


@cross_attention.case
def sources_padded_either_way(draw):
    """sources padded on the left or on the right"""
    return _two_streams(draw)


@cross_attention.case
def in_double_precision(draw):
    """sources padded on the right, in float64"""
    return _two_streams(draw, torch.float64, "right")


def _by_library(decoder_hidden, encoder_hidden, w_q, w_k, w_v, encoder_mask):
    return F.scaled_dot_product_attention(
        F.linear(decoder_hidden, w_q),
        F.linear(encoder_hidden, w_k),
        F.linear(encoder_hidden, w_v),
        attn_mask=encoder_mask.bool()[:, None, :],
    )


def _stays(before: torch.Tensor, after: torch.Tensor, when: str) -> None:
    wrong = (~close(after, before)).nonzero()
    if len(wrong):
        place = tuple(wrong[0].tolist())
        values = f"from {short(before[place])} to {short(after[place])}"
        expect.that(False, f"output{list(place)} went {values} {when}")


@cross_attention.must(
    "For each target token, give the mean of the projected source tokens, weighted by a softmax of the scaled scores.",
    weight=2,
)
def a_weighted_mean_of_the_source(case, answer):
    expect.same(answer(), _by_library(**case.arguments), "output")


@cross_attention.must(
    "Let the source's padding move nothing, while every real source token moves every output."
)
def only_real_sources_are_read(case, answer):
    before = answer()
    real = case.encoder_mask.bool()[..., None]
    other = case.encoder_hidden.flip(-1) * 2 + 1
    after = answer(encoder_hidden=torch.where(real, case.encoder_hidden, other))
    _stays(before, after, "when only padding of the source was changed")
    last = case.encoder_mask.shape[1] - 1 - case.encoder_mask.flip(1).argmax(1)
    rows, changed = torch.arange(len(last)), case.encoder_hidden.clone()
    changed[rows, last] = other[rows, last]
    wanted = _by_library(**{**case.arguments, "encoder_hidden": changed}) - _by_library(**case.arguments)
    moves = wanted.abs().amax(-1) > 1e-3  # a source token of hardly any weight proves nothing
    still = moves & ((answer(encoder_hidden=changed) - before).abs().amax(-1) < 1e-6)
    expect.that(
        not still.any(),
        f"output{still.nonzero()[:1].flatten().tolist()} stayed as it was when the last real token of the source was changed",
        encoder_mask=case.encoder_mask,
    )


@cross_attention.must(
    "Treat each target token by itself: another order of the targets gives the same outputs in that order.",
    weight=0.5,
)
def targets_stand_alone(case, answer):
    got = answer()
    expect.differ(got[:, 0], got[:, 1], "two different target tokens get the same output")
    turned = answer(decoder_hidden=case.decoder_hidden.flip(1))
    _stays(got, turned.flip(1), "when the target tokens were put in reverse order")


@cross_attention.must(
    "Let gradients through to both streams: this is how an encoder learns from what the decoder writes.",
    weight=0.5,
)
def both_streams_can_learn(case, answer):
    names = ("decoder_hidden", "encoder_hidden", "w_q", "w_k", "w_v")
    found = answer.gradients(*names)
    for name, got in found.items():
        expect.that(
            got is not None and got.abs().max() > 0,
            f"no gradient reaches `{name}`: the result has left the graph (by .detach(), .data, no_grad or a new tensor)",
        )
    if close(answer(), _by_library(**case.arguments)).all():  # other outputs have other gradients
        for name, want in perform(_by_library, case.arguments, gradients=names).gradients.items():
            expect.same(found[name], want, f"gradient of {name}")


def _cross(queries, keys, values, mask, *, scale=None, axis=-1, hide=None):
    """The right answer after the projections, with the places where mistakes are made as arguments."""
    scores = queries @ keys.transpose(-2, -1) * (queries.shape[-1] ** -0.5 if scale is None else scale)
    visible = mask.bool()[:, None, :]
    scores = scores.masked_fill(~visible, -math.inf) if hide is None else hide(scores, visible)
    return scores.softmax(axis) @ values


def _projected(decoder_hidden, encoder_hidden, w_q, w_k, w_v):
    """Queries (B, T, H), keys and values (B, S, H)."""
    return decoder_hidden @ w_q.T, encoder_hidden @ w_k.T, encoder_hidden @ w_v.T


@cross_attention.mistake(
    "The scores are not scaled. They grow with H, the softmax puts nearly everything on one source token, and hardly any gradient "
    "reaches the others."
)
def no_scaling(decoder_hidden, encoder_hidden, w_q, w_k, w_v, encoder_mask):
    q, k, v = _projected(decoder_hidden, encoder_hidden, w_q, w_k, w_v)
    return _cross(q, k, v, encoder_mask, scale=1.0)


@cross_attention.mistake(
    "The scores are divided by H, not by its root: the weights come out too even, and every word reads a blur of the source."
)
def divided_by_the_size(decoder_hidden, encoder_hidden, w_q, w_k, w_v, encoder_mask):
    q, k, v = _projected(decoder_hidden, encoder_hidden, w_q, w_k, w_v)
    return _cross(q, k, v, encoder_mask, scale=1 / q.shape[-1])


@cross_attention.mistake(
    "The softmax runs over the targets. It is each target token that shares 1 among the source tokens: the last axis of (B, T, S)."
)
def softmax_over_targets(decoder_hidden, encoder_hidden, w_q, w_k, w_v, encoder_mask):
    q, k, v = _projected(decoder_hidden, encoder_hidden, w_q, w_k, w_v)
    return _cross(
        q, k, v, encoder_mask, axis=1, hide=lambda scores, visible: scores.masked_fill(~visible, -1e9)
    )


@cross_attention.mistake(
    "The mask is never used: padding of the source gets weight, so an answer depends on how long the other sources in the batch are."
)
def source_padding_read(decoder_hidden, encoder_hidden, w_q, w_k, w_v, encoder_mask):
    q, k, v = _projected(decoder_hidden, encoder_hidden, w_q, w_k, w_v)
    return _cross(q, k, v, torch.ones_like(encoder_mask))


@cross_attention.mistake(
    "The mask is read the wrong way round: 1 is a token, 0 is padding, and here it is the tokens that are hidden."
)
def mask_inverted(decoder_hidden, encoder_hidden, w_q, w_k, w_v, encoder_mask):
    q, k, v = _projected(decoder_hidden, encoder_hidden, w_q, w_k, w_v)
    return _cross(q, k, v, encoder_mask, hide=lambda scores, visible: scores.masked_fill(visible, -1e9))


@cross_attention.mistake("Padding gets the score 0. The softmax turns it into e⁰ = 1, a vote like any other.")
def padding_scored_zero(decoder_hidden, encoder_hidden, w_q, w_k, w_v, encoder_mask):
    q, k, v = _projected(decoder_hidden, encoder_hidden, w_q, w_k, w_v)
    return _cross(q, k, v, encoder_mask, hide=lambda scores, visible: scores * visible)


@cross_attention.mistake(
    "The weights of padding are set to 0 after the softmax, and the rest is not brought back to a sum of 1: the more padding, the smaller the output."
)
def masked_after_the_softmax(decoder_hidden, encoder_hidden, w_q, w_k, w_v, encoder_mask):
    q, k, v = _projected(decoder_hidden, encoder_hidden, w_q, w_k, w_v)
    weights = (q @ k.transpose(-2, -1) / math.sqrt(q.shape[-1])).softmax(-1)
    return (weights * encoder_mask[:, None, :]) @ v


@cross_attention.mistake(
    "There is a causal mask on cross-attention. The source is finished before the first word is written: the first target token may read its last word."
)
def causal_mask_on_the_source(decoder_hidden, encoder_hidden, w_q, w_k, w_v, encoder_mask):
    q, k, v = _projected(decoder_hidden, encoder_hidden, w_q, w_k, w_v)

    def hide(scores, visible):
        return scores.masked_fill(~(visible & torch.ones_like(scores, dtype=torch.bool).tril()), -1e9)

    return _cross(q, k, v, encoder_mask, hide=hide)


@cross_attention.mistake(
    "The weights are applied to the keys. Keys decide where to look; what is fetched there are the values, by a matrix of their own."
)
def keys_for_values(decoder_hidden, encoder_hidden, w_q, w_k, w_v, encoder_mask):
    q, k, _ = _projected(decoder_hidden, encoder_hidden, w_q, w_k, w_v)
    return _cross(q, k, k, encoder_mask)


@cross_attention.mistake(
    "The matrices are used as they lie. `nn.Linear` multiplies with the transposed weight, `x @ w.T`; as H by H fits both ways, no shape will tell you."
)
def not_transposed(decoder_hidden, encoder_hidden, w_q, w_k, w_v, encoder_mask):
    return _cross(decoder_hidden @ w_q, encoder_hidden @ w_k, encoder_hidden @ w_v, encoder_mask)


@cross_attention.mistake(
    "The source's tokens are taken as they are, without `w_v`. What is fetched are the values, `encoder_hidden` through its own matrix."
)
def values_not_projected(decoder_hidden, encoder_hidden, w_q, w_k, w_v, encoder_mask):
    return _cross(decoder_hidden @ w_q.T, encoder_hidden @ w_k.T, encoder_hidden, encoder_mask)


@cross_attention.mistake(
    "Keys and values come from the decoder: that is self-attention, and the source is never read."
)
def source_never_read(decoder_hidden, encoder_hidden, w_q, w_k, w_v, encoder_mask):
    everything = torch.ones_like(decoder_hidden[..., 0])
    return _cross(decoder_hidden @ w_q.T, decoder_hidden @ w_k.T, decoder_hidden @ w_v.T, everything)


@cross_attention.mistake(
    "The streams are swapped: the source asks and the decoder is read, so there is one output for each source token."
)
def streams_swapped(decoder_hidden, encoder_hidden, w_q, w_k, w_v, encoder_mask):
    everything = torch.ones_like(decoder_hidden[..., 0])
    return _cross(encoder_hidden @ w_q.T, decoder_hidden @ w_k.T, decoder_hidden @ w_v.T, everything)


# ----------------------------------------------------------------------------------------------- quiz

encoder_decoder_quiz = Quiz(
    "encoder_decoder_quiz",
    {
        "translate": Question(
            "A text is to be put into another language, word order and all. Why was an encoder-decoder built for it?",
            (
                (
                    "Because an encoder alone is too small.",
                    "Size is not the point: an encoder gives one output for each input token, and a translation has another length and order.",
                ),
                (
                    "Because the whole source can be read from both sides before the first word is written, and the writing still goes from left to right.",
                    "",
                ),
                (
                    "Because a decoder alone cannot read a source.",
                    "It can, if source and translation stand in one stream. But then each source word is read without the words after it.",
                ),
            ),
            "b",
        ),
        "search": Question(
            "A million documents are to become one vector each, for a search. Which family reads them best for its size?",
            (
                ("An encoder: every token is read with both its sides, in one pass.", ""),
                (
                    "A decoder: the newest models are decoders.",
                    "Nothing has to be written here. Under a causal mask all tokens but the last lack a part of their context.",
                ),
                (
                    "An encoder-decoder: it is both in one.",
                    "Its encoder alone would do; the decoder is there to write, and nothing is written.",
                ),
            ),
            "a",
        ),
        "assistant": Question(
            "A program is to continue whatever stands in front of it: a question, a story, half a line of code. Which family is built for that?",
            (
                (
                    "An encoder, with [MASK] at the end.",
                    "It was trained to fill gaps with words on both sides; at the end of a text one side is always empty, and it fills one gap at a time.",
                ),
                (
                    "An encoder-decoder, with the text as its source.",
                    "That works. But where there is no line between what was given and what is written, a second stack is a line drawn for nothing.",
                ),
                ("A decoder: what it was given and what it writes are one stream, read from the left.", ""),
            ),
            "c",
        ),
        "leak": Question(
            "Somebody trains a `BertLMHeadModel` to write. The loss falls almost to zero, and what it writes is nonsense. Most likely?",
            (
                ("The learning rate is too high.", "Then the loss would not fall to zero."),
                (
                    "`is_decoder=True` is missing: the model saw each next word while it was trained, and there is none to see when it writes.",
                    "",
                ),
                (
                    "The labels should have been shifted before they were handed over.",
                    "The library shifts them inside. Shifted twice, they ask for the word after the next: harder, so the loss would be larger.",
                ),
            ),
            "b",
        ),
    },
    read="the influence pictures, and the half-truths",
)
