"""Lesson 07: the heads of BERT, by hand.

The oracles are the library's own classes: `_library_output` runs a whole `BertFor...` whose body is replaced by
one that hands on the hidden states of the case, and whose head holds the weights of the case.
"""

from __future__ import annotations

import functools

import torch
import torch.nn.functional as F
from torch import nn

from grader.judge import Case, Exercise, Question, Quiz, expect
from grader.judge.calling import perform

LESSON = "07_bert_heads"


class _Body(nn.Module):
    """Stands in a library model where its body is, and hands on what is given."""

    def __init__(self, pooler: nn.Module | None):
        super().__init__()
        self.pooler = pooler

    def give(self, hidden: torch.Tensor, pooled: torch.Tensor | None = None) -> None:
        """Hidden states (B, L, H) to hand on, and pooled ones (B, H) unless the pooler is to make them."""
        self.hidden, self.pooled = hidden, pooled

    def forward(self, *_, **__):
        from transformers.modeling_outputs import BaseModelOutputWithPooling

        pooled = self.pooler(self.hidden) if self.pooler and self.pooled is None else self.pooled
        return BaseModelOutputWithPooling(last_hidden_state=self.hidden, pooler_output=pooled)


def _library_model(class_name: str, hidden_size: int, vocab_size: int = 1, **settings) -> nn.Module:
    """A model of the library without any layers or weights of its own, in eval mode."""
    import transformers

    config = transformers.BertConfig(
        vocab_size=vocab_size,
        hidden_size=hidden_size,
        num_hidden_layers=0,
        num_attention_heads=1,
        intermediate_size=1,
        max_position_embeddings=1,
        **settings,
    )
    with torch.device("meta"):
        return getattr(transformers, class_name)(config).eval()


@functools.lru_cache(maxsize=100)
def _library_head(class_name: str, hidden_size: int, **settings) -> nn.Module:
    """A model of the library on a `_Body`."""
    model = _library_model(class_name, hidden_size, **settings)
    model.bert = _Body(model.bert.pooler)
    return model


def _library_output(class_name, parameters, *, hidden=None, pooled=None, inputs=None, **settings):
    """What the library's class gives on these hidden states, with `parameters` in its head."""
    hidden = pooled[:, None] if hidden is None else hidden
    model = _library_head(class_name, hidden.shape[-1], **settings)
    model.bert.give(hidden, pooled)
    return torch.func.functional_call(model, parameters, (), inputs or {})


def _same_gradients(case: Case, answer, oracle, *names: str) -> None:
    """Hold the gradients of the named arguments against those of `oracle`, a function of the same arguments."""
    wanted = perform(oracle, case.arguments, gradients=names).gradients
    got = answer.gradients(*names)
    for name in names:
        expect.that(
            got[name] is not None,
            f"no gradient reaches `{name}`: the result has left the graph (by .detach(), .data, no_grad or a new tensor)",
        )
        expect.same(got[name], wanted[name], f"gradient of {name}")


def _sizes(draw) -> tuple[int, int, int, int]:
    """Batch, length, hidden size, and a size for what a head gives: all different."""
    batch, length = draw.sizes(2, 2, 5)
    return batch, length, draw.integer(6, 8), draw.integer(9, 12)


def _elsewhere(hidden: torch.Tensor, place: int) -> torch.Tensor:
    """`hidden` (B, L, H), changed at every position but `place`."""
    other = hidden.flip(-1) + 0.7
    other[:, place] = hidden[:, place]
    return other


def _at(hidden: torch.Tensor, place: int) -> torch.Tensor:
    """`hidden` (B, L, H), changed at `place` alone."""
    other = hidden.clone()
    other[:, place] = hidden[:, place].flip(-1) + 0.7
    return other


def _reads_the_first_token_alone(case: Case, answer, what: str) -> None:
    before, after = answer(), answer(hidden=_elsewhere(case.hidden, 0))
    expect.same(after, before, f"{what}, after every token but the first was changed")
    moved = (answer(hidden=_at(case.hidden, 0)) - before).abs().amax(-1)
    expect.that(
        (moved > 1e-6).all(),
        f"{what}: row {int(moved.argmin())} did not change with the first token of its sequence",
    )


# --------------------------------------------------------------------------------------------- pooler

pooler = Exercise(
    "pooler",
    points=1,
    takes=("hidden: float (B, L, H)", "weight: float (H, H)", "bias: float (H)"),
    returns=("pooled: float (B, H)",),
    summary="BERT's summary of a sequence: tanh of a linear map of its first token.",
    read="“The pooler: one vector for a text”",
    rounds=1,
    hints=(
        "`hidden[:, 0]` is the hidden state of the first token of every sequence: (B, H).",
        "A linear layer computes `x @ weight.T + bias`; `torch.nn.functional.linear` does the same. Then tanh.",
    ),
)


def _states_to_pool(draw, dtype=torch.float32, batch: int | None = None) -> Case:
    drawn, length, hidden_size, _ = _sizes(draw)
    batch = batch or drawn
    return Case(
        hidden=draw.normal(batch, length, hidden_size, dtype=dtype),
        weight=draw.normal(hidden_size, hidden_size, scale=0.5, dtype=dtype),
        bias=draw.normal(hidden_size, scale=0.5, dtype=dtype),
    )


@pooler.case
def hidden_states_to_pool(draw):
    """hidden states of a batch"""
    return _states_to_pool(draw)


@pooler.case
def hidden_states_in_double(draw):
    """hidden states in float64"""
    return _states_to_pool(draw, torch.float64)


@pooler.case(apart=True)
def a_single_text_to_pool(draw):
    """hidden states of a single text"""
    return _states_to_pool(draw, batch=1)


def _library_pooler(hidden, weight, bias):
    library = _library_head("BertForSequenceClassification", hidden.shape[-1], num_labels=2).bert.pooler
    return torch.func.functional_call(library, {"dense.weight": weight, "dense.bias": bias}, (hidden,))


@pooler.must("Read the first token of each sequence, and no other.", weight=0.5)
def pools_the_first_token(case, answer):
    _reads_the_first_token_alone(case, answer, "pooled")


@pooler.must(
    "Give what BERT's own pooler gives: a linear layer, then tanh.",
    on=(hidden_states_to_pool, hidden_states_in_double, a_single_text_to_pool),
)
def pools_as_bert_does(case, answer):
    expect.same(answer(), _library_pooler(**case.arguments), "pooled")


@pooler.must("Let gradients through to the hidden states.", weight=0.5)
def pooler_can_learn(case, answer):
    _same_gradients(case, answer, _library_pooler, "hidden")


@pooler.mistake(
    "All tokens are averaged. BERT's pooler reads the first one alone: [CLS] has gathered what it needs by attention."
)
def mean_of_all_tokens(hidden, weight, bias):
    return torch.tanh(hidden.mean(1) @ weight.T + bias)


@pooler.mistake(
    "The last token is read. In BERT that is [SEP] or padding; the token trained to stand for the whole text is the first."
)
def last_token_pooled(hidden, weight, bias):
    return torch.tanh(hidden[:, -1] @ weight.T + bias)


@pooler.mistake(
    "`hidden[0]` is the first *sequence* of the batch, with all of its tokens. The first axis is the batch: every sequence must give a row."
)
def first_sequence(hidden, weight, bias):
    return torch.tanh(hidden[0] @ weight.T + bias)


@pooler.mistake(
    "Every token goes through the layer. A pooler gives one vector for a text, so it must choose a token first."
)
def every_token_pooled(hidden, weight, bias):
    return torch.tanh(hidden @ weight.T + bias)


@pooler.mistake(
    "The tanh is missing: the values are unbounded, and a head that was trained on values from -1 to 1 gets others."
)
def pooled_without_tanh(hidden, weight, bias):
    return hidden[:, 0] @ weight.T + bias


@pooler.mistake(
    "`squeeze()` drops every axis of size 1, in a batch of one text the batch as well. `hidden[:, 0]` takes the first token and leaves nothing to squeeze."
)
def pooled_and_squeezed(hidden, weight, bias):
    return torch.tanh(hidden[:, :1] @ weight.T + bias).squeeze()


@pooler.mistake(
    "The linear layer is missing: `weight` and `bias` are the pooler's own, trained in pretraining, and they are not used."
)
def pooled_without_layer(hidden, weight, bias):
    return torch.tanh(hidden[:, 0])


@pooler.mistake(
    "The raw hidden state of [CLS] is handed on. The pooler is a trained layer on top of it; a checkpoint's heads expect its output."
)
def raw_first_token(hidden, weight, bias):
    return hidden[:, 0] + 0


@pooler.mistake(
    "tanh comes before the linear layer instead of after it: the result is unbounded, and another function of the token."
)
def tanh_first(hidden, weight, bias):
    return torch.tanh(hidden[:, 0]) @ weight.T + bias


@pooler.mistake(
    "`weight` is multiplied the wrong way round: torch keeps one *row* for each output. With a square matrix no shape complains, and every number is another."
)
def pooler_weight_not_transposed(hidden, weight, bias):
    return torch.tanh(hidden[:, 0] @ weight + bias)


@pooler.mistake("The bias is left out, so every value is shifted before the tanh.")
def pooler_without_bias(hidden, weight, bias):
    return torch.tanh(hidden[:, 0] @ weight.T)


@pooler.mistake(
    "The bias is added after the tanh: it belongs to the linear layer, and the result can leave the range from -1 to 1."
)
def bias_after_tanh(hidden, weight, bias):
    return torch.tanh(hidden[:, 0] @ weight.T) + bias


@pooler.mistake(
    "A sigmoid stands where BERT has tanh: the results lie between 0 and 1, and negative features are lost."
)
def sigmoid_for_tanh(hidden, weight, bias):
    return torch.sigmoid(hidden[:, 0] @ weight.T + bias)


@pooler.mistake(
    "The values are right, but they have left the graph: no gradient reaches the hidden states, so fine-tuning would leave the body as it is."
)
def pooler_cut_from_the_graph(hidden, weight, bias):
    return torch.tanh(hidden[:, 0] @ weight.T + bias).detach()


# ------------------------------------------------------------------------------------------- mlm_head

mlm_head = Exercise(
    "mlm_head",
    points=4,
    takes=(
        "hidden: float (B, L, H)",
        "dense_w: float (H, H)",
        "dense_b: float (H)",
        "norm_w: float (H)",
        "norm_b: float (H)",
        "embedding: float (V, H)",
        "bias: float (V)",
        "eps: float",
    ),
    returns=("logits: float (B, L, V)",),
    summary="BERT's masked-language-modelling head: from hidden states to a score for every token of the vocabulary.",
    read="“The MLM head: four steps, not one”, and the example worked by hand",
    rounds=1,
    hints=(
        "Four steps, each with its own arguments: linear (`dense_w`, `dense_b`), GELU, layer norm (`norm_w`, `norm_b`, `eps`), "
        "decoder (`embedding`, `bias`). All keep the axes B and L.",
        "Layer norm works on each position alone: over the last axis take away the mean, divide by the root of variance plus `eps`, "
        "multiply by `norm_w`, add `norm_b`. `torch.nn.functional.layer_norm` does it, if you hand it all of these.",
        '`torch.nn.functional.gelu` is exact unless told `approximate="tanh"`. The last step is `x @ embedding.T + bias`.',
    ),
)


def _mlm_weights(draw, hidden_size: int, vocab: int, dtype) -> dict[str, torch.Tensor]:
    return {
        "dense_w": draw.normal(hidden_size, hidden_size, scale=0.5, dtype=dtype),
        "dense_b": draw.normal(hidden_size, scale=0.5, dtype=dtype),
        "norm_w": 1.5 + draw.normal(hidden_size, scale=0.5, dtype=dtype),
        "norm_b": draw.normal(hidden_size, scale=0.5, dtype=dtype),
        "embedding": draw.normal(vocab, hidden_size, scale=0.5, dtype=dtype),
        "bias": draw.normal(vocab, scale=0.5, dtype=dtype),
    }


def _states_to_score(draw, dtype) -> Case:
    batch, length, hidden_size, vocab = _sizes(draw)
    hidden = draw.normal(batch, length, hidden_size, dtype=dtype)
    return Case(hidden=hidden, **_mlm_weights(draw, hidden_size, vocab, dtype))


@mlm_head.case(apart=True)
def small_hidden_states(draw):
    """tiny hidden states in float64, where `eps` decides"""
    case = _states_to_score(draw, torch.float64)
    case.arguments["hidden"] *= 1e-3
    case.arguments["dense_b"] *= 1e-3
    return case


@mlm_head.case(apart=True)
def another_eps(draw):
    """an `eps` of its own, in float64"""
    case = _states_to_score(draw, torch.float64)
    case.arguments["eps"] = draw.choice((0.05, 0.1, 0.2))
    return case


@mlm_head.case
def scores_in_single(draw):
    """hidden states in float32, `eps` not given"""
    return _states_to_score(draw, torch.float32)


@mlm_head.case
def scores_in_double(draw):
    """hidden states in float64, `eps` not given"""
    return _states_to_score(draw, torch.float64)


def _library_mlm_parameters(dense_w, dense_b, norm_w, norm_b, embedding, bias) -> dict[str, torch.Tensor]:
    transform = "cls.predictions.transform."
    return {
        transform + "dense.weight": dense_w,
        transform + "dense.bias": dense_b,
        transform + "LayerNorm.weight": norm_w,
        transform + "LayerNorm.bias": norm_b,
        "cls.predictions.decoder.weight": embedding,
        "cls.predictions.decoder.bias": bias,
    }


def _library_mlm_head(hidden, dense_w, dense_b, norm_w, norm_b, embedding, bias, eps=1e-12):
    parameters = _library_mlm_parameters(dense_w, dense_b, norm_w, norm_b, embedding, bias)
    return _library_output("BertForMaskedLM", parameters, hidden=hidden, layer_norm_eps=eps).logits


@mlm_head.must("Score every position from its own hidden state, and from no other.", weight=0.5)
def scores_position_by_position(case, answer):
    before = answer()
    for place in (0, case.hidden.shape[1] - 1):
        after = answer(hidden=_elsewhere(case.hidden, place))
        expect.same(
            after[:, place], before[:, place], f"logits[:, {place}], after all other positions were changed"
        )
        moved = answer(hidden=_at(case.hidden, place))[:, place]
        expect.differ(moved, before[:, place], f"logits[:, {place}] did not change with its hidden state")


@mlm_head.must(
    "Take the four steps in their order: linear, GELU, layer norm, decoder (here to within 3 %).", weight=1.2
)
def four_steps(case, answer):
    got, want = answer(), _library_mlm_head(**case.arguments)
    wrong = (got - want).abs() / want.abs().max()
    place = tuple((wrong == wrong.max()).nonzero()[0].tolist()) if wrong.isfinite().all() else (0, 0, 0)
    expect.that(
        wrong.isfinite().all() and wrong.max() <= 0.03,
        f"logits{list(place)}: expected {want[place].item():.4g}, got {got[place].item():.4g}",
    )


@mlm_head.must(
    "Be exact: the GELU with the error function, and `eps` inside the root, with the value that was given or 1e-12.",
    on=(scores_in_single, scores_in_double, small_hidden_states, another_eps),
)
def exact_to_rounding(case, answer):
    expect.same(answer(), _library_mlm_head(**case.arguments), "logits")


@mlm_head.must(
    "End with the decoder: each token's score is its row of `embedding` times the vector, plus its entry of `bias`.",
    weight=0.5,
)
def tied_decoder(case, answer):
    before, step = answer(), torch.arange(1.0, len(case.bias) + 1, dtype=case.bias.dtype)
    expect.same(
        answer(bias=case.bias + step) - before,
        step.expand_as(before),
        "logits, by how much they rose when 1, 2, 3, ... was added to `bias`",
    )
    twice = answer(embedding=2 * case.embedding)
    bias = case.bias.to(before.dtype)
    expect.same(twice - bias, 2 * (before - bias), "logits - bias, with `embedding` doubled")
    expect.differ(twice, before, "the logits did not change when `embedding` was doubled")


@mlm_head.must("Let gradients through to the hidden states.", weight=0.8)
def mlm_head_can_learn(case, answer):
    _same_gradients(case, answer, _library_mlm_head, "hidden")


def _norm(x, weight, bias, eps=1e-12):
    return F.layer_norm(x, weight.shape, weight, bias, eps)


@mlm_head.mistake(
    "The hidden states go straight to the decoder. Between them stand a linear layer, a GELU and a layer norm, all trained: without "
    "them a trained body's guesses are wrong far more often."
)
def one_linear_layer(hidden, dense_w, dense_b, norm_w, norm_b, embedding, bias, eps=1e-12):
    return hidden @ embedding.T + bias


@mlm_head.mistake(
    "There is no GELU. Linear layer, layer norm and decoder alone miss the head's one bend, and score otherwise than the checkpoint was trained to."
)
def without_gelu(hidden, dense_w, dense_b, norm_w, norm_b, embedding, bias, eps=1e-12):
    return _norm(hidden @ dense_w.T + dense_b, norm_w, norm_b, eps) @ embedding.T + bias


@mlm_head.mistake(
    "A ReLU stands where BERT has a GELU. The two agree far from 0 and differ around it, so every score is a little off."
)
def relu_for_gelu(hidden, dense_w, dense_b, norm_w, norm_b, embedding, bias, eps=1e-12):
    return _norm(F.relu(hidden @ dense_w.T + dense_b), norm_w, norm_b, eps) @ embedding.T + bias


@mlm_head.mistake(
    "A tanh stands where BERT has a GELU: tanh belongs to the pooler, the MLM head has an activation of its own."
)
def tanh_for_gelu(hidden, dense_w, dense_b, norm_w, norm_b, embedding, bias, eps=1e-12):
    return _norm(torch.tanh(hidden @ dense_w.T + dense_b), norm_w, norm_b, eps) @ embedding.T + bias


@mlm_head.mistake(
    "This is the tanh approximation of the GELU, which GPT-2 uses. BERT has the exact one: the scores differ in the third or fourth digit, "
    "enough to make a comparison with the library fail."
)
def approximate_gelu(hidden, dense_w, dense_b, norm_w, norm_b, embedding, bias, eps=1e-12):
    x = F.gelu(hidden @ dense_w.T + dense_b, approximate="tanh")
    return _norm(x, norm_w, norm_b, eps) @ embedding.T + bias


@mlm_head.mistake(
    "There is no layer norm, so the vectors have any length and all scores are scaled by it: the softmax comes out too flat or too sharp."
)
def without_norm(hidden, dense_w, dense_b, norm_w, norm_b, embedding, bias, eps=1e-12):
    return F.gelu(hidden @ dense_w.T + dense_b) @ embedding.T + bias


@mlm_head.mistake(
    "The layer norm comes before the GELU. The GELU then bends what was just normalised, and the decoder gets vectors of another kind than it was trained on."
)
def norm_before_gelu(hidden, dense_w, dense_b, norm_w, norm_b, embedding, bias, eps=1e-12):
    return F.gelu(_norm(hidden @ dense_w.T + dense_b, norm_w, norm_b, eps)) @ embedding.T + bias


@mlm_head.mistake(
    "The layer norm stands at the beginning: the body has just normalised its output, the head normalises what comes out of its own GELU."
)
def norm_at_the_beginning(hidden, dense_w, dense_b, norm_w, norm_b, embedding, bias, eps=1e-12):
    return F.gelu(_norm(hidden, norm_w, norm_b, eps) @ dense_w.T + dense_b) @ embedding.T + bias


@mlm_head.mistake(
    "The layer norm brings each vector to mean 0 and variance 1 and stops: its own trained scale `norm_w` and shift `norm_b` are not used."
)
def norm_without_scale_and_shift(hidden, dense_w, dense_b, norm_w, norm_b, embedding, bias, eps=1e-12):
    x = F.gelu(hidden @ dense_w.T + dense_b)
    return F.layer_norm(x, norm_w.shape, eps=eps) @ embedding.T + bias


@mlm_head.mistake(
    "The norm runs over the positions of the text, not over the features of each token: a token's scores then depend on its neighbours, "
    "and on the padding."
)
def norm_over_positions(hidden, dense_w, dense_b, norm_w, norm_b, embedding, bias, eps=1e-12):
    x = F.gelu(hidden @ dense_w.T + dense_b)
    x = (x - x.mean(1, keepdim=True)) / (x.var(1, keepdim=True, unbiased=False) + eps).sqrt()
    return (x * norm_w + norm_b) @ embedding.T + bias


@mlm_head.mistake(
    "One mean and one variance are taken over the whole batch. A layer norm takes them for each token alone: else a text's scores "
    "depend on whatever else is in its batch."
)
def norm_over_everything(hidden, dense_w, dense_b, norm_w, norm_b, embedding, bias, eps=1e-12):
    x = F.gelu(hidden @ dense_w.T + dense_b)
    return (F.layer_norm(x, x.shape, eps=eps) * norm_w + norm_b) @ embedding.T + bias


@mlm_head.mistake(
    "The variance is divided by H - 1, as `var` and `std` do unless told otherwise. A layer norm divides by H; all vectors come out a little too short."
)
def unbiased_variance(hidden, dense_w, dense_b, norm_w, norm_b, embedding, bias, eps=1e-12):
    x = F.gelu(hidden @ dense_w.T + dense_b)
    x = (x - x.mean(-1, keepdim=True)) / (x.var(-1, keepdim=True) + eps).sqrt()
    return (x * norm_w + norm_b) @ embedding.T + bias


@mlm_head.mistake(
    "`eps` is added to the standard deviation, outside the root. Inside it, beside the variance, it weighs much more."
)
def eps_outside_the_root(hidden, dense_w, dense_b, norm_w, norm_b, embedding, bias, eps=1e-12):
    x = F.gelu(hidden @ dense_w.T + dense_b)
    x = (x - x.mean(-1, keepdim=True)) / (x.std(-1, keepdim=True, unbiased=False) + eps)
    return (x * norm_w + norm_b) @ embedding.T + bias


@mlm_head.mistake(
    "`eps` is not handed on, so the layer norm uses torch's own 1e-5 where BERT has 1e-12: wherever the vectors are small, the scores come out too small."
)
def eps_of_torch(hidden, dense_w, dense_b, norm_w, norm_b, embedding, bias, eps=1e-12):
    return _norm(F.gelu(hidden @ dense_w.T + dense_b), norm_w, norm_b, 1e-5) @ embedding.T + bias


@mlm_head.mistake(
    "The argument `eps` is never used: 1e-12 stands in the code instead, whatever the configuration says."
)
def fixed_eps(hidden, dense_w, dense_b, norm_w, norm_b, embedding, bias, eps=1e-12):
    return _norm(F.gelu(hidden @ dense_w.T + dense_b), norm_w, norm_b, 1e-12) @ embedding.T + bias


@mlm_head.mistake(
    "`dense_w` is multiplied the wrong way round: torch keeps one *row* for each output. With a square matrix no shape complains, and every number is another."
)
def dense_not_transposed(hidden, dense_w, dense_b, norm_w, norm_b, embedding, bias, eps=1e-12):
    return _norm(F.gelu(hidden @ dense_w + dense_b), norm_w, norm_b, eps) @ embedding.T + bias


@mlm_head.mistake("`dense_b` is left out, so the GELU bends at the wrong place for every feature.")
def dense_bias_forgotten(hidden, dense_w, dense_b, norm_w, norm_b, embedding, bias, eps=1e-12):
    return _norm(F.gelu(hidden @ dense_w.T), norm_w, norm_b, eps) @ embedding.T + bias


@mlm_head.mistake(
    "The decoder's `bias` is left out. It is all that the decoder has of its own beside the tied matrix, and without it no score is the model's."
)
def decoder_bias_forgotten(hidden, dense_w, dense_b, norm_w, norm_b, embedding, bias, eps=1e-12):
    return _norm(F.gelu(hidden @ dense_w.T + dense_b), norm_w, norm_b, eps) @ embedding.T


@mlm_head.mistake(
    "The hidden state is added back before the layer norm, as in the body's layers. The head has no such shortcut."
)
def with_a_residual(hidden, dense_w, dense_b, norm_w, norm_b, embedding, bias, eps=1e-12):
    return _norm(hidden + F.gelu(hidden @ dense_w.T + dense_b), norm_w, norm_b, eps) @ embedding.T + bias


@mlm_head.mistake(
    "A softmax was taken at the end. A head gives raw scores: the loss takes the softmax itself, and twice flattens everything."
)
def mlm_probabilities(hidden, dense_w, dense_b, norm_w, norm_b, embedding, bias, eps=1e-12):
    return _library_mlm_head(hidden, dense_w, dense_b, norm_w, norm_b, embedding, bias, eps).softmax(-1)


@mlm_head.mistake(
    "Only the first token of each text is scored. That is the way of the pooler; the MLM head is asked at every position."
)
def first_token_scored(hidden, dense_w, dense_b, norm_w, norm_b, embedding, bias, eps=1e-12):
    return _library_mlm_head(hidden, dense_w, dense_b, norm_w, norm_b, embedding, bias, eps)[:, 0]


@mlm_head.mistake(
    "The scores are right, but they have left the graph: no gradient reaches the hidden states, so training would leave the body as it is."
)
def mlm_head_cut_from_the_graph(hidden, dense_w, dense_b, norm_w, norm_b, embedding, bias, eps=1e-12):
    return _library_mlm_head(hidden, dense_w, dense_b, norm_w, norm_b, embedding, bias, eps).detach()


# ---------------------------------------------------------------------------------- pretraining_heads

pretraining_heads = Exercise(
    "pretraining_heads",
    points=3,
    takes=(
        "hidden: float (B, L, H)",
        "pooled: float (B, H)",
        "mlm: dict of tensors, and perhaps eps",
        "nsp_w: float (2, H)",
        "nsp_b: float (2)",
    ),
    returns=("prediction_logits: float (B, L, V)", "seq_relationship_logits: float (B, 2)"),
    summary="The two heads that BERT is pretrained with, side by side on the same body.",
    read="“Two heads at once: what BERT was pretrained with”",
    rounds=1,
    hints=(
        "The two heads do not know of each other. One reads `hidden`, the other reads `pooled`.",
        'The keys of `mlm` are the names of your `mlm_head`\'s arguments: `f(x, **{"a": 1})` is `f(x, a=1)`. '
        "That also takes care of an `eps` that may be there or not.",
        "The second head is a single linear layer on `pooled`, which is already through the pooler.",
    ),
)


def _states_for_both(draw, dtype, eps: float | None = None) -> Case:
    batch, length, hidden_size, vocab = _sizes(draw)
    mlm = _mlm_weights(draw, hidden_size, vocab, dtype)
    if eps is not None:
        mlm["eps"] = eps
    return Case(
        hidden=draw.normal(batch, length, hidden_size, dtype=dtype),
        pooled=draw.normal(batch, hidden_size, dtype=dtype).tanh(),
        mlm=dict(draw.shuffled(list(mlm.items()))),
        nsp_w=draw.normal(2, hidden_size, scale=0.5, dtype=dtype),
        nsp_b=draw.normal(2, scale=0.5, dtype=dtype),
    ).where(V=vocab)


@pretraining_heads.case
def both_heads(draw):
    """hidden and pooled states, `mlm` without an `eps`"""
    return _states_for_both(draw, torch.float32)


@pretraining_heads.case
def both_heads_in_double(draw):
    """the same in float64"""
    return _states_for_both(draw, torch.float64)


@pretraining_heads.case(apart=True)
def both_heads_with_eps(draw):
    """`mlm` with an `eps` of its own"""
    return _states_for_both(draw, torch.float64, draw.choice((0.05, 0.1, 0.2)))


def _library_pretraining_heads(hidden, pooled, mlm, nsp_w, nsp_b):
    weights = {name: value for name, value in mlm.items() if name != "eps"}
    parameters = _library_mlm_parameters(**weights)
    parameters |= {"cls.seq_relationship.weight": nsp_w, "cls.seq_relationship.bias": nsp_b}
    output = _library_output(
        "BertForPreTraining", parameters, hidden=hidden, pooled=pooled, layer_norm_eps=mlm.get("eps", 1e-12)
    )
    return output.prediction_logits, output.seq_relationship_logits


@pretraining_heads.must("Give the MLM head's scores for every position first.", weight=0.9)
def predictions_from_hidden(case, answer):
    expect.same(answer()[0], _library_pretraining_heads(**case.arguments)[0], "prediction_logits")


@pretraining_heads.must(
    "Give second the two next-sentence scores: one linear layer on `pooled`, nothing more.", weight=0.9
)
def relationship_from_pooled(case, answer):
    expect.same(answer()[1], _library_pretraining_heads(**case.arguments)[1], "seq_relationship_logits")


@pretraining_heads.must("Hand on an `eps` where `mlm` holds one.", weight=0.5, on=(both_heads_with_eps,))
def eps_handed_on(case, answer):
    want = _library_pretraining_heads(**case.arguments)
    expect.same(answer()[0], want[0], "prediction_logits", eps=case.mlm["eps"])


@pretraining_heads.must("Let gradients through to `hidden` and to `pooled`.", weight=0.7)
def both_heads_can_learn(case, answer):
    _same_gradients(case, answer, _library_pretraining_heads, "hidden", "pooled")


@pretraining_heads.mistake(
    "The next-sentence head reads the raw hidden state of [CLS]. BERT's reads `pooled`: between the two lies the pooler, "
    "which was trained for just this question."
)
def relationship_from_raw_cls(hidden, pooled, mlm, nsp_w, nsp_b):
    return _library_pretraining_heads(hidden, pooled, mlm, nsp_w, nsp_b)[0], hidden[:, 0] @ nsp_w.T + nsp_b


@pretraining_heads.mistake(
    "The next-sentence head reads the mean of all tokens. It has been trained on `pooled`, which comes from [CLS] alone."
)
def relationship_from_the_mean(hidden, pooled, mlm, nsp_w, nsp_b):
    return _library_pretraining_heads(hidden, pooled, mlm, nsp_w, nsp_b)[0], hidden.mean(1) @ nsp_w.T + nsp_b


@pretraining_heads.mistake(
    "`pooled` goes through tanh a second time. It comes out of the pooler, which has done that already."
)
def pooled_twice(hidden, pooled, mlm, nsp_w, nsp_b):
    predictions, _ = _library_pretraining_heads(hidden, pooled, mlm, nsp_w, nsp_b)
    return predictions, pooled.tanh() @ nsp_w.T + nsp_b


@pretraining_heads.mistake(
    "The next-sentence head is applied to every token. The question is about the pair as a whole, so there is one answer a row."
)
def relationship_of_every_token(hidden, pooled, mlm, nsp_w, nsp_b):
    return _library_pretraining_heads(hidden, pooled, mlm, nsp_w, nsp_b)[0], hidden @ nsp_w.T + nsp_b


@pretraining_heads.mistake(
    "The MLM head is applied to `pooled`. That is one vector for a whole text; a missing word needs a score at its own position."
)
def predictions_from_pooled(hidden, pooled, mlm, nsp_w, nsp_b):
    predictions, relationship = _library_pretraining_heads(pooled[:, None], pooled, mlm, nsp_w, nsp_b)
    return predictions[:, 0], relationship


@pretraining_heads.mistake("The two results are right and in the wrong order: the MLM scores come first.")
def heads_swapped(hidden, pooled, mlm, nsp_w, nsp_b):
    return _library_pretraining_heads(hidden, pooled, mlm, nsp_w, nsp_b)[::-1]


@pretraining_heads.mistake(
    "A softmax was taken over the two next-sentence scores. Heads give raw scores; the cross-entropy takes the softmax itself."
)
def relationship_probabilities(hidden, pooled, mlm, nsp_w, nsp_b):
    predictions, relationship = _library_pretraining_heads(hidden, pooled, mlm, nsp_w, nsp_b)
    return predictions, relationship.softmax(-1)


@pretraining_heads.mistake(
    "`nsp_b` is left out. It says how likely either answer is before anything was read."
)
def relationship_without_bias(hidden, pooled, mlm, nsp_w, nsp_b):
    return _library_pretraining_heads(hidden, pooled, mlm, nsp_w, nsp_b)[0], pooled @ nsp_w.T


@pretraining_heads.mistake(
    "An `eps` in `mlm` is dropped on the way, so a model with another configuration than BERT's gets other scores than its own."
)
def eps_dropped(hidden, pooled, mlm, nsp_w, nsp_b):
    weights = {name: value for name, value in mlm.items() if name != "eps"}
    return _library_pretraining_heads(hidden, pooled, weights, nsp_w, nsp_b)


@pretraining_heads.mistake(
    '`mlm.pop("eps")` takes the entry out of the caller\'s own dict: the second call on the same model would silently use another `eps`. '
    "`mlm.get` leaves it there."
)
def eps_popped(hidden, pooled, mlm, nsp_w, nsp_b):
    results = _library_pretraining_heads(hidden, pooled, mlm, nsp_w, nsp_b)
    mlm.pop("eps", None)
    return results


@pretraining_heads.mistake(
    "Both scores are right, but they have left the graph: pretraining with them would leave the body as it is."
)
def both_heads_cut_from_the_graph(hidden, pooled, mlm, nsp_w, nsp_b):
    predictions, relationship = _library_pretraining_heads(hidden, pooled, mlm, nsp_w, nsp_b)
    return predictions.detach(), relationship.detach()


# ----------------------------------------------------------------------------------- pretraining_loss

pretraining_loss = Exercise(
    "pretraining_loss",
    points=3,
    takes=(
        "prediction_logits: float (B, L, V)",
        "seq_relationship_logits: float (B, 2)",
        "labels: int64 (B, L)",
        "next_sentence_label: int64 (B)",
    ),
    returns=("loss: float ()",),
    summary="The loss that BERT was pretrained with: that of the masked tokens plus that of the pairs.",
    read="“One loss for two heads”",
    rounds=1,
    hints=(
        "Two cross-entropies, each a mean over its own questions: one over the labelled tokens, one over the B pairs. Then add them.",
        "The first is `mlm_loss` of lesson 03: fold batch and length into one axis; labels of -100 are left out.",
        "A mean over no label at all is NaN, and NaN plus anything is NaN. Decide what the first part is before that happens; the second still counts.",
    ),
)


def _scores_of_both(draw, dtype=torch.float32) -> Case:
    batch, length = draw.sizes(2, 3, 6)
    vocab = draw.integer(7, 11)
    labels = draw.ids(batch, length, high=vocab)
    hidden = draw.uniform(batch, length) < 0.5
    hidden[0], hidden[1] = True, False  # means of rows would differ from the mean over all labels
    hidden[0, draw.integer(0, length - 1)] = False
    next_sentence_label = draw.ids(batch, high=2)
    next_sentence_label[:2] = torch.tensor([0, 1])
    return Case(
        prediction_logits=draw.normal(batch, length, vocab, scale=2.0, dtype=dtype),
        seq_relationship_logits=draw.normal(batch, 2, scale=2.0, dtype=dtype),
        labels=labels.masked_fill(hidden, -100),
        next_sentence_label=next_sentence_label,
    )


@pretraining_loss.case
def masked_pairs(draw):
    """pairs with some masked tokens"""
    return _scores_of_both(draw)


@pretraining_loss.case
def masked_pairs_in_double(draw):
    """scores in float64"""
    return _scores_of_both(draw, torch.float64)


@pretraining_loss.case(apart=True)
def no_token_masked(draw):
    """pairs without any masked token: every label is -100"""
    case = _scores_of_both(draw)
    case.arguments["labels"] = torch.full_like(case.labels, -100)
    return case


class _Scores(nn.Module):
    """Stands in `BertForPreTraining` where its heads are, and gives scores that are given."""

    def __init__(self, *scores: torch.Tensor):
        super().__init__()
        self.scores = scores

    def forward(self, *_):
        return self.scores


def _library_pretraining_loss(prediction_logits, seq_relationship_logits, labels, next_sentence_label):
    model = _library_head("BertForPreTraining", 2, vocab_size=prediction_logits.shape[-1])
    model.bert.give(torch.zeros(1, 1, 2), torch.zeros(1, 2))
    model.cls = _Scores(prediction_logits, seq_relationship_logits)
    return model(labels=labels, next_sentence_label=next_sentence_label).loss


def _rise(case: Case, answer, **replaced: torch.Tensor) -> None:
    """Hold the answer's change against the library's when one head's scores are others."""
    want = _library_pretraining_loss(**{**case.arguments, **replaced}) - _library_pretraining_loss(
        **case.arguments
    )
    got = answer(**replaced) - answer()
    expect.same(got, want, f"by how much the loss rose when only {next(iter(replaced))} changed")


@pretraining_loss.must(
    "Let the masked tokens count by the mean cross-entropy over their labels alone.", weight=0.65
)
def masked_tokens_count(case, answer):
    _rise(case, answer, prediction_logits=case.prediction_logits.flip(-1))


@pretraining_loss.must(
    "Let the pairs count by the mean cross-entropy of their two scores, in full.", weight=0.65
)
def pairs_count(case, answer):
    _rise(case, answer, seq_relationship_logits=2 * case.seq_relationship_logits.flip(0) + 0.3)


@pretraining_loss.must("Give the sum of the two, as `BertForPreTraining` does.", weight=0.65)
def sum_of_both(case, answer):
    expect.same(answer(), _library_pretraining_loss(**case.arguments), "loss")


@pretraining_loss.must(
    "Give the pairs' loss alone, not NaN, where every label is -100.", weight=0.4, on=(no_token_masked,)
)
def pairs_alone(case, answer):
    expect.same(answer(), F.cross_entropy(case.seq_relationship_logits, case.next_sentence_label), "loss")


@pretraining_loss.must("Stay differentiable: the gradient reaches the scores of both heads.", weight=0.65)
def both_heads_learn(case, answer):
    names = "prediction_logits", "seq_relationship_logits"
    _same_gradients(case, answer, _library_pretraining_loss, *names)


def _mlm_part(logits, labels, **settings):
    loss = F.cross_entropy(logits.flatten(0, 1), labels.flatten(), **settings)
    return loss if (labels != -100).any() else logits.sum() * 0


@pretraining_loss.mistake(
    "The two losses are averaged: half the sum. Every gradient is halved with it, and the loss disagrees with the library's."
)
def average_of_both(prediction_logits, seq_relationship_logits, labels, next_sentence_label):
    nsp = F.cross_entropy(seq_relationship_logits, next_sentence_label)
    return (_mlm_part(prediction_logits, labels) + nsp) / 2


@pretraining_loss.mistake(
    "Only the masked tokens count: the next-sentence head, and the pooler below it, would never learn."
)
def masked_tokens_only(prediction_logits, seq_relationship_logits, labels, next_sentence_label):
    return _mlm_part(prediction_logits, labels)


@pretraining_loss.mistake(
    "Only the pairs count: the MLM head would never learn, and the body hardly any language."
)
def pairs_only(prediction_logits, seq_relationship_logits, labels, next_sentence_label):
    return F.cross_entropy(seq_relationship_logits, next_sentence_label)


@pretraining_loss.mistake(
    "The MLM part is divided by all positions, ignored ones too. With 15 % of the tokens masked it comes out about seven times too small, "
    "and the pairs drown it."
)
def divided_by_all_positions(prediction_logits, seq_relationship_logits, labels, next_sentence_label):
    losses = F.cross_entropy(prediction_logits.flatten(0, 1), labels.flatten(), reduction="none")
    return losses.mean() + F.cross_entropy(seq_relationship_logits, next_sentence_label)


@pretraining_loss.mistake(
    "Both parts are summed over their questions, not averaged. There are many more tokens than pairs, so the pairs would hardly count."
)
def sums_instead_of_means(prediction_logits, seq_relationship_logits, labels, next_sentence_label):
    nsp = F.cross_entropy(seq_relationship_logits, next_sentence_label, reduction="sum")
    return _mlm_part(prediction_logits, labels, reduction="sum") + nsp


@pretraining_loss.mistake(
    "Tokens and pairs are put into one mean. Each head has a mean of its own; together, the few pairs vanish among the tokens."
)
def one_mean_over_everything(prediction_logits, seq_relationship_logits, labels, next_sentence_label):
    tokens = F.cross_entropy(prediction_logits.flatten(0, 1), labels.flatten(), reduction="sum")
    pairs = F.cross_entropy(seq_relationship_logits, next_sentence_label, reduction="sum")
    return (tokens + pairs) / ((labels != -100).sum() + len(next_sentence_label))


@pretraining_loss.mistake(
    "The -100 was turned into token 0, so the model is punished at every visible word for not predicting token 0."
)
def hidden_labels_as_token_zero(prediction_logits, seq_relationship_logits, labels, next_sentence_label):
    mlm = F.cross_entropy(prediction_logits.flatten(0, 1), labels.clamp(min=0).flatten())
    return mlm + F.cross_entropy(seq_relationship_logits, next_sentence_label)


@pretraining_loss.mistake(
    "The labels are moved by one position, as for a causal model. A masked model predicts each token at its own position."
)
def labels_shifted(prediction_logits, seq_relationship_logits, labels, next_sentence_label):
    mlm = _mlm_part(prediction_logits[:, :-1], labels[:, 1:])
    return mlm + F.cross_entropy(seq_relationship_logits, next_sentence_label)


@pretraining_loss.mistake(
    "IsNext and NotNext are swapped: in the library 0 means that the second text follows the first. The head would learn the opposite of what a "
    "checkpoint knows."
)
def answers_swapped(prediction_logits, seq_relationship_logits, labels, next_sentence_label):
    nsp = F.cross_entropy(seq_relationship_logits, 1 - next_sentence_label)
    return _mlm_part(prediction_logits, labels) + nsp


@pretraining_loss.mistake(
    "The scores go through softmax before the cross-entropy, which takes the softmax itself. Twice flattens everything: neither loss can then "
    "come near 0."
)
def softmax_before_the_loss(prediction_logits, seq_relationship_logits, labels, next_sentence_label):
    nsp = F.cross_entropy(seq_relationship_logits.softmax(-1), next_sentence_label)
    return _mlm_part(prediction_logits.softmax(-1), labels) + nsp


@pretraining_loss.mistake(
    "Right wherever there is a label, but NaN where no token is masked: the mean over none. The pairs of such a batch still have something to teach, "
    "and the NaN would ruin every weight."
)
def nan_without_masked_tokens(prediction_logits, seq_relationship_logits, labels, next_sentence_label):
    mlm = F.cross_entropy(prediction_logits.flatten(0, 1), labels.flatten())
    return mlm + F.cross_entropy(seq_relationship_logits, next_sentence_label)


@pretraining_loss.mistake(
    "Where no token is masked, the whole loss becomes 0, and the pairs of the batch are thrown away with it. Only the first part has nothing to say."
)
def pairs_lost_without_masked_tokens(prediction_logits, seq_relationship_logits, labels, next_sentence_label):
    if (labels == -100).all():
        return prediction_logits.sum() * 0
    mlm = F.cross_entropy(prediction_logits.flatten(0, 1), labels.flatten())
    return mlm + F.cross_entropy(seq_relationship_logits, next_sentence_label)


@pretraining_loss.mistake(
    "The value is right, but it is a new number without a history: `backward()` has nothing to go through, so nothing is learned."
)
def loss_cut_from_the_graph(prediction_logits, seq_relationship_logits, labels, next_sentence_label):
    mlm = _mlm_part(prediction_logits, labels)
    return (mlm + F.cross_entropy(seq_relationship_logits, next_sentence_label)).detach()


# -------------------------------------------------------------------------------- classification_head

classification_head = Exercise(
    "classification_head",
    points=3,
    takes=(
        "hidden: float (B, L, H)",
        "pooler_w: float (H, H)",
        "pooler_b: float (H)",
        "weight: float (C, H)",
        "bias: float (C)",
    ),
    returns=("logits: float (B, C)",),
    summary="What `BertForSequenceClassification` does with hidden states: one score a class for each text.",
    read="“A label for a text: the classification head”",
    rounds=1,
    hints=(
        "Two linear layers, and something between them. You have written the first one, with what follows it, already.",
        "`pooler(hidden, pooler_w, pooler_b)` gives (B, H). A linear layer with `weight` (C, H) makes (B, C) of it. In eval mode dropout does nothing.",
    ),
)


def _states_to_classify(draw, dtype=torch.float32, batch: int | None = None) -> Case:
    drawn, length, hidden_size, classes = _sizes(draw)
    batch = batch or drawn
    return Case(
        hidden=draw.normal(batch, length, hidden_size, dtype=dtype),
        pooler_w=draw.normal(hidden_size, hidden_size, scale=0.5, dtype=dtype),
        pooler_b=draw.normal(hidden_size, scale=0.5, dtype=dtype),
        weight=draw.normal(classes, hidden_size, scale=0.5, dtype=dtype),
        bias=draw.normal(classes, scale=0.5, dtype=dtype),
    )


@classification_head.case
def texts_to_classify(draw):
    """hidden states of a batch"""
    return _states_to_classify(draw)


@classification_head.case
def texts_to_classify_in_double(draw):
    """hidden states in float64"""
    return _states_to_classify(draw, torch.float64)


@classification_head.case(apart=True)
def a_single_text_to_classify(draw):
    """hidden states of a single text"""
    return _states_to_classify(draw, batch=1)


def _library_classification_head(hidden, pooler_w, pooler_b, weight, bias):
    parameters = {
        "bert.pooler.dense.weight": pooler_w,
        "bert.pooler.dense.bias": pooler_b,
        "classifier.weight": weight,
        "classifier.bias": bias,
    }
    return _library_output(
        "BertForSequenceClassification", parameters, hidden=hidden, num_labels=len(bias)
    ).logits


@classification_head.must("Read the first token of each text, and no other.", weight=0.5)
def classifies_by_the_first_token(case, answer):
    _reads_the_first_token_alone(case, answer, "logits")


@classification_head.must(
    "End with the classifier: each class's score is its row of `weight` times a vector, plus its entry of `bias`.",
    weight=0.5,
)
def classifier_is_linear(case, answer):
    before, step = answer(), torch.arange(1.0, len(case.bias) + 1, dtype=case.bias.dtype)
    expect.same(
        answer(bias=case.bias + step) - before,
        step.expand_as(before),
        "logits, by how much they rose when 1, 2, 3, ... was added to `bias`",
    )
    twice = answer(weight=2 * case.weight)
    bias = case.bias.to(before.dtype)
    expect.same(twice - bias, 2 * (before - bias), "logits - bias, with `weight` doubled")
    expect.differ(twice, before, "the logits did not change when `weight` was doubled")


@classification_head.must(
    "Give the scores that `BertForSequenceClassification` gives: pooler, then classifier.",
    weight=1.25,
    on=(texts_to_classify, texts_to_classify_in_double, a_single_text_to_classify),
)
def classifies_as_bert_does(case, answer):
    expect.same(answer(), _library_classification_head(**case.arguments), "logits")


@classification_head.must("Let gradients through to the hidden states.", weight=0.75)
def classifier_can_learn(case, answer):
    _same_gradients(case, answer, _library_classification_head, "hidden")


@classification_head.mistake(
    "The classifier sits directly on the hidden state of [CLS]. In BERT the pooler is in between, and it was pretrained: without it "
    "a trained classifier gets vectors that it has never seen."
)
def classifier_on_raw_cls(hidden, pooler_w, pooler_b, weight, bias):
    return hidden[:, 0] @ weight.T + bias


@classification_head.mistake(
    "The mean over all tokens is pooled. That is a sound design, but not BERT's, and padding would be averaged in."
)
def classifier_on_the_mean(hidden, pooler_w, pooler_b, weight, bias):
    return torch.tanh(hidden.mean(1) @ pooler_w.T + pooler_b) @ weight.T + bias


@classification_head.mistake(
    "The last token is pooled, as in a decoder, which has read the whole text only there. BERT is read off at [CLS]; its last position is often padding."
)
def classifier_on_the_last_token(hidden, pooler_w, pooler_b, weight, bias):
    return torch.tanh(hidden[:, -1] @ pooler_w.T + pooler_b) @ weight.T + bias


@classification_head.mistake(
    "`[0]` took the first *text* of the batch, with all of its tokens, where `[:, 0]` takes the first token of every text: the scores of "
    "all other texts are lost."
)
def first_text_classified(hidden, pooler_w, pooler_b, weight, bias):
    return torch.tanh(hidden[0] @ pooler_w.T + pooler_b) @ weight.T + bias


@classification_head.mistake(
    "Every token is classified: (B, L, C). That is the head for token classification; a text has one label."
)
def every_token_classified(hidden, pooler_w, pooler_b, weight, bias):
    return torch.tanh(hidden @ pooler_w.T + pooler_b) @ weight.T + bias


@classification_head.mistake(
    "`squeeze()` drops every axis of size 1, in a batch of one text the batch as well: (C,) comes out where (1, C) was asked for."
)
def classified_and_squeezed(hidden, pooler_w, pooler_b, weight, bias):
    return (torch.tanh(hidden[:, 0] @ pooler_w.T + pooler_b) @ weight.T + bias).squeeze()


@classification_head.mistake(
    "The tanh between the two layers is missing. Two linear layers in a row are one linear layer: the pooler could as well not be there."
)
def no_tanh_between(hidden, pooler_w, pooler_b, weight, bias):
    return (hidden[:, 0] @ pooler_w.T + pooler_b) @ weight.T + bias


@classification_head.mistake(
    "The tanh is at the end. It bounds the scores to -1 and 1, so no class can become much more probable than another."
)
def tanh_at_the_end(hidden, pooler_w, pooler_b, weight, bias):
    return torch.tanh((hidden[:, 0] @ pooler_w.T + pooler_b) @ weight.T + bias)


@classification_head.mistake(
    "A ReLU stands where BERT's pooler has tanh (DistilBERT's classifier has it so): all negative features are lost."
)
def relu_in_the_pooler(hidden, pooler_w, pooler_b, weight, bias):
    return F.relu(hidden[:, 0] @ pooler_w.T + pooler_b) @ weight.T + bias


@classification_head.mistake(
    "`pooler_w` is multiplied the wrong way round: torch keeps one *row* for each output. With a square matrix no shape complains, and every number is another."
)
def pooler_not_transposed(hidden, pooler_w, pooler_b, weight, bias):
    return torch.tanh(hidden[:, 0] @ pooler_w + pooler_b) @ weight.T + bias


@classification_head.mistake(
    "Dropout is at work. It belongs to training; in use it makes the same text come out differently each time."
)
def dropout_left_on(hidden, pooler_w, pooler_b, weight, bias):
    pooled = torch.tanh(hidden[:, 0] @ pooler_w.T + pooler_b)
    return F.dropout(pooled, 0.1, training=True) @ weight.T + bias


@classification_head.mistake(
    "A softmax was taken at the end: these are probabilities. A head gives raw scores, and the loss takes the softmax itself."
)
def class_probabilities(hidden, pooler_w, pooler_b, weight, bias):
    return _library_classification_head(hidden, pooler_w, pooler_b, weight, bias).softmax(-1)


@classification_head.mistake(
    "The number of the best class is returned. The head gives all scores: without them there is no loss, no probability and no gradient."
)
def best_class(hidden, pooler_w, pooler_b, weight, bias):
    return _library_classification_head(hidden, pooler_w, pooler_b, weight, bias).argmax(-1)


@classification_head.mistake(
    "The classifier's `bias` is left out, and with it what is known of a class before any text was read."
)
def classifier_without_bias(hidden, pooler_w, pooler_b, weight, bias):
    return torch.tanh(hidden[:, 0] @ pooler_w.T + pooler_b) @ weight.T


@classification_head.mistake("The pooler's bias `pooler_b` is left out, so every pooled feature is shifted.")
def pooler_bias_forgotten(hidden, pooler_w, pooler_b, weight, bias):
    return torch.tanh(hidden[:, 0] @ pooler_w.T) @ weight.T + bias


@classification_head.mistake(
    "The scores are right, but a gradient is cut off on the way: fine-tuning with this head would leave the body as it is."
)
def classifier_cut_from_the_graph(hidden, pooler_w, pooler_b, weight, bias):
    return _library_classification_head(hidden.detach(), pooler_w, pooler_b, weight, bias)


# ------------------------------------------------------------------------------------------ span_head

span_head = Exercise(
    "span_head",
    points=3,
    takes=("hidden: float (B, L, H)", "weight: float (2, H)", "bias: float (2)"),
    returns=("start_logits: float (B, L)", "end_logits: float (B, L)"),
    summary="What `BertForQuestionAnswering` does with hidden states: a score for each token to be the answer's first, and its last.",
    read="“A span of a text: two scores a token”",
    rounds=1,
    hints=(
        "One linear layer on every token gives (B, L, 2). Which axis tells start from end?",
        "`scores[..., 0]` takes the first of the last axis and drops that axis. `reshape` to (B, 2, L) would mix up tokens instead.",
    ),
)


def _states_with_an_answer(draw, dtype=torch.float32, batch: int | None = None) -> Case:
    drawn, length = draw.sizes(2, 3, 6)
    batch = batch or drawn
    hidden_size = draw.integer(7, 9)
    return Case(
        hidden=draw.normal(batch, length, hidden_size, dtype=dtype),
        weight=draw.normal(2, hidden_size, scale=0.5, dtype=dtype),
        bias=draw.normal(2, scale=0.5, dtype=dtype),
    )


@span_head.case
def texts_with_an_answer(draw):
    """hidden states of a batch"""
    return _states_with_an_answer(draw)


@span_head.case
def texts_with_an_answer_in_double(draw):
    """hidden states in float64"""
    return _states_with_an_answer(draw, torch.float64)


@span_head.case(apart=True)
def a_single_text_with_an_answer(draw):
    """hidden states of a single text"""
    return _states_with_an_answer(draw, batch=1)


def _library_span_head(hidden, weight, bias):
    parameters = {"qa_outputs.weight": weight, "qa_outputs.bias": bias}
    output = _library_output("BertForQuestionAnswering", parameters, hidden=hidden, num_labels=2)
    return output.start_logits, output.end_logits


@span_head.must("Score every token from its own hidden state, and from no other.", weight=0.5)
def spans_token_by_token(case, answer):
    for what, before, after, moved in zip(
        ("start_logits", "end_logits"),
        answer(),
        answer(hidden=_elsewhere(case.hidden, 1)),
        answer(hidden=_at(case.hidden, 1)),
        strict=True,
    ):
        expect.same(after[:, 1], before[:, 1], f"{what}[:, 1], after all other tokens were changed")
        expect.differ(moved[:, 1], before[:, 1], f"{what}[:, 1] did not change with its hidden state")


@span_head.must(
    "Give the start scores first: the first output of the linear layer.",
    weight=0.9,
    on=(texts_with_an_answer, texts_with_an_answer_in_double, a_single_text_with_an_answer),
)
def starts_first(case, answer):
    expect.same(answer()[0], _library_span_head(**case.arguments)[0], "start_logits")


@span_head.must("Give the end scores second: the second output of the linear layer.", weight=0.9)
def ends_second(case, answer):
    expect.same(answer()[1], _library_span_head(**case.arguments)[1], "end_logits")


@span_head.must("Let gradients through to the hidden states.", weight=0.7)
def span_head_can_learn(case, answer):
    _same_gradients(case, answer, _library_span_head, "hidden")


@span_head.mistake("Start and end are swapped: every answer would begin where it ends.")
def start_and_end_swapped(hidden, weight, bias):
    return _library_span_head(hidden, weight, bias)[::-1]


@span_head.mistake(
    "The (B, L, 2) scores were reshaped to (B, 2, L). That does not swap axes, it reads the same numbers off in another order: "
    "start and end scores of the first tokens get mixed, and no shape complains."
)
def reshaped_not_transposed(hidden, weight, bias):
    scores = (hidden @ weight.T + bias).reshape(hidden.shape[0], 2, hidden.shape[1])
    return scores[:, 0], scores[:, 1]


@span_head.mistake(
    "The (B, L, 2) scores were reshaped to (2, B, L): the first half of the batch's numbers became “start”, the second half “end”."
)
def reshaped_to_two_halves(hidden, weight, bias):
    start, end = (hidden @ weight.T + bias).reshape(2, hidden.shape[0], hidden.shape[1])
    return start, end


@span_head.mistake("Both results are the start scores: the second row of `weight` is never used.")
def start_twice(hidden, weight, bias):
    start, _ = _library_span_head(hidden, weight, bias)
    return start, start


@span_head.mistake(
    "`scores[0]` and `scores[1]` are the first two *texts* of the batch. Start and end are told apart by the last axis, not by the first."
)
def first_two_texts(hidden, weight, bias):
    scores = hidden @ weight.T + bias
    return scores[0], scores[1]


@span_head.mistake(
    "One tensor (B, L, 2) was returned. The library takes it apart: start and end are two distributions over the *tokens*, each with its own softmax."
)
def left_in_one_tensor(hidden, weight, bias):
    return hidden @ weight.T + bias


@span_head.mistake(
    "The two results still have an axis of size 1 at the end: after `split` or `[..., :1]` it must go, for the softmax is over the tokens."
)
def last_axis_kept(hidden, weight, bias):
    start, end = (hidden @ weight.T + bias).split(1, dim=-1)
    return start, end


@span_head.mistake(
    "`squeeze()` without an axis drops every axis of size 1, in a batch of one text the batch as well. `squeeze(-1)` drops the last alone."
)
def every_axis_squeezed(hidden, weight, bias):
    start, end = (hidden @ weight.T + bias).split(1, dim=-1)
    return start.squeeze(), end.squeeze()


@span_head.mistake(
    "The bias is left out. A softmax over the tokens would not notice, but the scores are not the model's: lesson 10 compares them "
    "with those of other windows."
)
def span_without_bias(hidden, weight, bias):
    start, end = (hidden @ weight.T).unbind(-1)
    return start, end


@span_head.mistake(
    "A softmax over the tokens was taken. A head gives raw scores: the loss takes the softmax itself, and summed scores are what spans are compared by."
)
def span_probabilities(hidden, weight, bias):
    start, end = _library_span_head(hidden, weight, bias)
    return start.softmax(-1), end.softmax(-1)


@span_head.mistake(
    "A softmax over start and end was taken, at each token. They do not compete with each other: a one-word answer begins and ends at the same token."
)
def start_against_end(hidden, weight, bias):
    start, end = (hidden @ weight.T + bias).softmax(-1).unbind(-1)
    return start, end


@span_head.mistake(
    "The hidden states went through tanh, as in the pooler. This head has no pooler: it reads the body's last hidden states as they are."
)
def span_after_tanh(hidden, weight, bias):
    start, end = (hidden.tanh() @ weight.T + bias).unbind(-1)
    return start, end


@span_head.mistake(
    "Only [CLS] was scored: two numbers a text. Where an answer begins is a question to every token."
)
def span_of_the_first_token(hidden, weight, bias):
    start, end = (hidden[:, 0] @ weight.T + bias).unbind(-1)
    return start, end


@span_head.mistake(
    "The best positions are returned. The head gives all scores; choosing a valid span among them comes later (lesson 10)."
)
def best_positions(hidden, weight, bias):
    start, end = _library_span_head(hidden, weight, bias)
    return start.argmax(-1), end.argmax(-1)


@span_head.mistake(
    "The scores are right, but they have left the graph: no gradient reaches the hidden states, so fine-tuning would leave the body as it is."
)
def span_cut_from_the_graph(hidden, weight, bias):
    start, end = _library_span_head(hidden, weight, bias)
    return start.detach(), end.detach()


# ---------------------------------------------------------------------------------------- choice_head

choice_head = Exercise(
    "choice_head",
    points=3,
    takes=("pooled: float (B*C, H)", "weight: float (1, H)", "bias: float (1)", "num_choices: int"),
    returns=("scores: float (B, C)",),
    summary="What `BertForMultipleChoice` does with pooled states: one raw score for each choice, a row for each question.",
    read="“One of several choices: one score, many times”",
    rounds=1,
    hints=(
        "One linear layer with a single output gives (B * C, 1): a score for each choice by itself.",
        "The choices of one question stand one after the other, so `reshape(-1, num_choices)` puts them into one row.",
    ),
)


def _pooled_choices(draw, dtype=torch.float32, batch: int | None = None) -> Case:
    drawn, choices = draw.sizes(2, 3, 6)
    batch = batch or drawn
    hidden_size = draw.integer(7, 9)
    return Case(
        pooled=draw.normal(batch * choices, hidden_size, dtype=dtype).tanh(),
        weight=draw.normal(1, hidden_size, scale=0.5, dtype=dtype),
        bias=0.5 + draw.uniform(1).to(dtype),
        num_choices=choices,
    ).where(B=batch, C=choices)


@choice_head.case
def several_questions(draw):
    """several questions, with the same number of choices each"""
    return _pooled_choices(draw)


@choice_head.case
def several_questions_in_double(draw):
    """the same in float64"""
    return _pooled_choices(draw, torch.float64)


@choice_head.case(apart=True)
def a_single_question(draw):
    """a single question"""
    return _pooled_choices(draw, batch=1)


def _library_choice_head(pooled, weight, bias, num_choices):
    input_ids = torch.zeros(len(pooled) // num_choices, num_choices, 1, dtype=torch.int64)
    return _library_output(
        "BertForMultipleChoice",
        {"classifier.weight": weight, "classifier.bias": bias},
        pooled=pooled,
        inputs={"input_ids": input_ids},
    ).logits


@choice_head.must("Give every choice the output of the one linear layer, as it is.", weight=0.9)
def one_score_a_choice(case, answer):
    got, want = answer(), _library_choice_head(**case.arguments)
    expect.same(got.flatten().sort().values, want.flatten().sort().values, "all scores, from low to high")


@choice_head.must(
    "Put the choices of one question into one row, in their order.",
    weight=0.9,
    on=(several_questions, several_questions_in_double, a_single_question),
)
def questions_in_rows(case, answer):
    expect.same(answer(), _library_choice_head(**case.arguments), "scores")


@choice_head.must("Score each choice by itself: another choice beside it changes nothing.", weight=0.5)
def choices_do_not_compete(case, answer):
    others = case.pooled.flip(-1) - 0.3
    others[0] = case.pooled[0]
    before, after = answer(), answer(pooled=others)
    expect.same(after[0, 0], before[0, 0], "scores[0, 0], after every other choice was changed")
    expect.differ(after, before, "the scores did not change with the choices")


@choice_head.must("Let gradients through to `pooled`.", weight=0.7)
def choice_head_can_learn(case, answer):
    _same_gradients(case, answer, _library_choice_head, "pooled")


@choice_head.mistake(
    "`squeeze()` drops every axis of size 1, with a single question that of the questions: the loss would take its choices for a batch."
)
def question_squeezed(pooled, weight, bias, num_choices):
    return (pooled @ weight.T + bias).reshape(-1, num_choices).squeeze()


@choice_head.mistake(
    "A softmax over the choices was taken. The library's head gives raw scores; the softmax is in the loss, and twice would flatten it."
)
def softmax_over_choices(pooled, weight, bias, num_choices):
    return _library_choice_head(pooled, weight, bias, num_choices).softmax(-1)


@choice_head.mistake(
    "A log-softmax was taken. It would not change the loss, but these are no longer raw scores: each depends on the other choices."
)
def log_softmax_over_choices(pooled, weight, bias, num_choices):
    return _library_choice_head(pooled, weight, bias, num_choices).log_softmax(-1)


@choice_head.mistake(
    "Each score went through a sigmoid, as if every choice were a yes-or-no question of its own. One of them is right: they are compared by a softmax, later."
)
def sigmoid_of_each_choice(pooled, weight, bias, num_choices):
    return _library_choice_head(pooled, weight, bias, num_choices).sigmoid()


@choice_head.mistake(
    "The scores were laid out as (C, B) and transposed: rows then hold choices of *different* questions. The choices of one question stand next to each other."
)
def questions_mixed_up(pooled, weight, bias, num_choices):
    return (pooled @ weight.T + bias).reshape(num_choices, -1).T


@choice_head.mistake(
    "The result is (C, B): one row for each choice. A softmax over a row would compare choices of different questions."
)
def choices_in_rows(pooled, weight, bias, num_choices):
    return _library_choice_head(pooled, weight, bias, num_choices).T


@choice_head.mistake(
    "The scores are still (B * C, 1), as they came out of the layer. Nothing says which of them belong to one question."
)
def left_in_one_column(pooled, weight, bias, num_choices):
    return pooled @ weight.T + bias


@choice_head.mistake(
    "The bias is left out. It moves all choices alike, so the best one stays the best, but the scores are not the model's."
)
def choice_without_bias(pooled, weight, bias, num_choices):
    return (pooled @ weight.T).reshape(-1, num_choices)


@choice_head.mistake(
    "`pooled` goes through tanh a second time. It comes out of the pooler, which has done that already."
)
def choices_pooled_twice(pooled, weight, bias, num_choices):
    return (pooled.tanh() @ weight.T + bias).reshape(-1, num_choices)


@choice_head.mistake(
    "The choices of each question were shifted to a mean of 0. The softmax would not notice, but these are not the raw scores."
)
def scores_centred(pooled, weight, bias, num_choices):
    scores = _library_choice_head(pooled, weight, bias, num_choices)
    return scores - scores.mean(-1, keepdim=True)


@choice_head.mistake(
    "The number of the best choice is returned. The head gives all scores: the loss and the probabilities need them."
)
def best_choice(pooled, weight, bias, num_choices):
    return _library_choice_head(pooled, weight, bias, num_choices).argmax(-1)


@choice_head.mistake(
    "The scores are right, but they have left the graph: no gradient reaches `pooled`, so fine-tuning would leave the body as it is."
)
def choice_cut_from_the_graph(pooled, weight, bias, num_choices):
    return _library_choice_head(pooled, weight, bias, num_choices).detach()


# ------------------------------------------------------------------------------------ head_parameters

head_parameters = Exercise(
    "head_parameters",
    points=3,
    takes=("head: str", "hidden_size: int", "vocab_size: int", "num_labels: int"),
    returns=("count: int",),
    summary="How many numbers a head adds to the body.",
    read="“What each head adds”, and the table of heads",
    rounds=1,
    hints=(
        "A linear layer from `a` to `b` features has `a * b` weights and `b` biases. A layer norm over `a` features has `2 * a` numbers.",
        "For each head ask: which layers does it have, and how many outputs has the last? The span head has 2, the multiple-choice head 1, "
        "whatever `num_labels` says.",
        "The decoder's matrix in `mlm` is the embedding, which the body has counted already. Its bias, one number a token, is new.",
    ),
)

_CLASSES = {
    "mlm": "BertForMaskedLM",
    "nsp": "BertForNextSentencePrediction",
    "sequence-classification": "BertForSequenceClassification",
    "token-classification": "BertForTokenClassification",
    "question-answering": "BertForQuestionAnswering",
    "multiple-choice": "BertForMultipleChoice",
}


@functools.cache
def _parameters_added(head: str, hidden_size: int, vocab_size: int = 0, num_labels: int = 0) -> int:
    """What the library's class has more than its body; for the pooler, what a body has more with it."""
    settings = {"num_labels": num_labels} if head.endswith("-classification") else {"num_labels": 2}
    model = _library_model(_CLASSES.get(head, "BertModel"), hidden_size, max(vocab_size, 1), **settings)
    if head == "pooler":
        return sum(parameter.numel() for parameter in model.pooler.parameters())
    return model.num_parameters() - model.bert.num_parameters()


def _sizes_for(head: str):
    """Add the case of one head to the exercise."""

    def make(draw) -> Case:
        hidden_size, labels, vocab = draw.integer(20, 40), draw.integer(5, 9), draw.integer(100, 200)
        return Case(head=head, hidden_size=hidden_size, vocab_size=vocab, num_labels=labels)

    make.__name__, make.__doc__ = f"count_{head.replace('-', '_')}", f"the head `{head}`"
    return head_parameters.case(make)


POOLER = _sizes_for("pooler")
MLM = _sizes_for("mlm")
PAIRS_AND_SPANS = _sizes_for("nsp"), _sizes_for("question-answering")
LABELS = _sizes_for("sequence-classification"), _sizes_for("token-classification")
CHOICES = _sizes_for("multiple-choice")


@head_parameters.case(apart=True)
def two_arguments(draw):
    """a head that needs neither a vocabulary nor labels"""
    return Case(head=draw.choice(("question-answering", "nsp")), hidden_size=768)


@head_parameters.case(apart=True)
def unknown_head(draw):
    """a head that does not exist"""
    return Case(
        head=draw.choice(("summarization", "translation", "heads")),
        hidden_size=draw.integer(20, 40),
        vocab_size=draw.integer(100, 200),
        num_labels=draw.integer(5, 9),
    )


def _counts_as_the_library(case: Case, answer) -> None:
    sizes = {name: value for name, value in case.arguments.items() if name != "head"}
    expect.same(answer(), _parameters_added(**case.arguments), f"count for `{case.head}`", **sizes)


head_parameters.must("`pooler`: a linear layer from H to H.", on=(POOLER,))(_counts_as_the_library)
head_parameters.must(
    "`mlm`: a linear layer, a layer norm and a bias for each token; the decoder's matrix is the body's own embedding.",
    weight=1.5,
    on=(MLM,),
)(_counts_as_the_library)
head_parameters.must(
    "`nsp` and `question-answering`: a linear layer with two outputs, whatever the other arguments are.",
    on=(*PAIRS_AND_SPANS, two_arguments),
)(_counts_as_the_library)
head_parameters.must(
    "`sequence-classification` and `token-classification`: a linear layer with `num_labels` outputs; the pooler is counted on its own.",
    on=LABELS,
)(_counts_as_the_library)
head_parameters.must("`multiple-choice`: a linear layer with one output.", on=(CHOICES,))(
    _counts_as_the_library
)


@head_parameters.must("Raise `ValueError` for a head that does not exist.", weight=0.5, on=(unknown_head,))
def unknown_heads(case, answer):
    answer(head="pooler")  # it does not raise whatever comes
    for head in (case.head, "image-classification", "pool"):
        answer.raises(ValueError, head=head)


def _layers(hidden_size: int, vocab_size: int, num_labels: int) -> dict[str, int]:
    h = hidden_size
    return {
        "pooler": h * h + h,
        "mlm": h * h + h + 2 * h + vocab_size,
        "nsp": 2 * h + 2,
        "sequence-classification": num_labels * h + num_labels,
        "token-classification": num_labels * h + num_labels,
        "question-answering": 2 * h + 2,
        "multiple-choice": h + 1,
    }


def _look_up(counts: dict[str, int], head: str) -> int:
    if head not in counts:
        raise ValueError(f"there is no head {head!r}")
    return counts[head]


@head_parameters.mistake(
    "The decoder's V times H matrix is counted as the head's own. It is the embedding, which the body has already: BERT-base would come out "
    "23 million numbers too large."
)
def decoder_untied(head, hidden_size, vocab_size=0, num_labels=0):
    counts = _layers(hidden_size, vocab_size, num_labels)
    counts["mlm"] += vocab_size * hidden_size
    return _look_up(counts, head)


@head_parameters.mistake(
    "The MLM head is counted as one linear layer onto the vocabulary. It has a layer of its own, with GELU and layer norm, before a decoder that is tied."
)
def mlm_as_one_layer(head, hidden_size, vocab_size=0, num_labels=0):
    counts = _layers(hidden_size, vocab_size, num_labels)
    counts["mlm"] = vocab_size * hidden_size + vocab_size
    return _look_up(counts, head)


@head_parameters.mistake(
    "The decoder's bias is forgotten in `mlm`: the matrix is tied, but every token has one number of its own."
)
def mlm_bias_uncounted(head, hidden_size, vocab_size=0, num_labels=0):
    counts = _layers(hidden_size, vocab_size, num_labels)
    counts["mlm"] -= vocab_size
    return _look_up(counts, head)


@head_parameters.mistake("The layer norm in `mlm` is forgotten. It has a scale and a shift for each feature.")
def mlm_norm_uncounted(head, hidden_size, vocab_size=0, num_labels=0):
    counts = _layers(hidden_size, vocab_size, num_labels)
    counts["mlm"] -= 2 * hidden_size
    return _look_up(counts, head)


@head_parameters.mistake(
    "The layer norm in `mlm` is counted with H numbers. It has two for each feature: a scale and a shift."
)
def mlm_norm_half_counted(head, hidden_size, vocab_size=0, num_labels=0):
    counts = _layers(hidden_size, vocab_size, num_labels)
    counts["mlm"] -= hidden_size
    return _look_up(counts, head)


@head_parameters.mistake(
    "No bias is counted anywhere. Every linear layer of these heads has one number more for each output."
)
def biases_uncounted(head, hidden_size, vocab_size=0, num_labels=0):
    h = hidden_size
    counts = {
        "pooler": h * h,
        "mlm": h * h + 2 * h,
        "nsp": 2 * h,
        "sequence-classification": num_labels * h,
        "token-classification": num_labels * h,
        "question-answering": 2 * h,
        "multiple-choice": h,
    }
    return _look_up(counts, head)


@head_parameters.mistake(
    "The pooler is counted as part of `sequence-classification`. Here it is counted on its own: it comes with the body, and several heads sit on it."
)
def pooler_in_the_classifier(head, hidden_size, vocab_size=0, num_labels=0):
    counts = _layers(hidden_size, vocab_size, num_labels)
    counts["sequence-classification"] += counts["pooler"]
    return _look_up(counts, head)


@head_parameters.mistake(
    "The pooler is counted into every head that reads `pooled`. Here it is counted on its own: otherwise two heads on one body would count it twice."
)
def pooler_in_every_head_on_it(head, hidden_size, vocab_size=0, num_labels=0):
    counts = _layers(hidden_size, vocab_size, num_labels)
    for name in ("sequence-classification", "nsp", "multiple-choice"):
        counts[name] += counts["pooler"]
    return _look_up(counts, head)


@head_parameters.mistake(
    "The multiple-choice head is counted with an output for each choice. It has one output, used once for every choice, so that any number of choices works."
)
def an_output_for_each_choice(head, hidden_size, vocab_size=0, num_labels=0):
    counts = _layers(hidden_size, vocab_size, num_labels)
    counts["multiple-choice"] = num_labels * hidden_size + num_labels
    return _look_up(counts, head)


@head_parameters.mistake(
    "The span head is counted with `num_labels` outputs. It always has two: start and end."
)
def span_with_labels(head, hidden_size, vocab_size=0, num_labels=0):
    counts = _layers(hidden_size, vocab_size, num_labels)
    counts["question-answering"] = num_labels * hidden_size + num_labels
    return _look_up(counts, head)


@head_parameters.mistake(
    "The next-sentence head is counted with one output. It has two, one for each answer, and a softmax between them in the loss."
)
def nsp_with_one_output(head, hidden_size, vocab_size=0, num_labels=0):
    counts = _layers(hidden_size, vocab_size, num_labels)
    counts["nsp"] = hidden_size + 1
    return _look_up(counts, head)


@head_parameters.mistake(
    "The pooler is counted as nothing, as if it only picked [CLS] out. It is a full linear layer, from H features to H features."
)
def pooler_uncounted(head, hidden_size, vocab_size=0, num_labels=0):
    counts = _layers(hidden_size, vocab_size, num_labels)
    counts["pooler"] = 0
    return _look_up(counts, head)


@head_parameters.mistake(
    "An unknown head counts 0 instead of raising a `ValueError`: a typing error would look like a head without parameters."
)
def unknown_head_counts_nothing(head, hidden_size, vocab_size=0, num_labels=0):
    return _layers(hidden_size, vocab_size, num_labels).get(head, 0)


@head_parameters.mistake(
    "An unknown head ends in a `KeyError` from the dict. The contract asks for a `ValueError`, with a message that names the argument."
)
def unknown_head_key_error(head, hidden_size, vocab_size=0, num_labels=0):
    return _layers(hidden_size, vocab_size, num_labels)[head]


# ----------------------------------------------------------------------------------------------- quiz

bert_heads_quiz = Quiz(
    "bert_heads_quiz",
    {
        "reads": Question(
            "Which of these heads needs the pooler?",
            (
                (
                    "The span head of `BertForQuestionAnswering`.",
                    "It asks every token whether the answer begins there: it reads all hidden states, and its class has no pooler at all.",
                ),
                (
                    "The MLM head of `BertForMaskedLM`.",
                    "It scores every position. It does have a layer of its own before the decoder, but that is not the pooler.",
                ),
                ("The classifier of `BertForSequenceClassification`.", ""),
                (
                    "The classifier of `BertForTokenClassification`.",
                    "It gives a label to every token: one linear layer on all hidden states.",
                ),
            ),
            "c",
        ),
        "tied": Question(
            "BERT-base has 30,522 tokens and H = 768. The MLM head adds 622,650 numbers, and yet its decoder is a matrix of 23 million. How can that be?",
            (
                ("The decoder's matrix is the embedding of the body; only its bias is new.", ""),
                (
                    "The decoder is stored with fewer bits.",
                    "Numbers are counted here, not bytes. The matrix is not stored a second time at all.",
                ),
                (
                    "The decoder is frozen, and frozen parameters are not counted.",
                    "It is trained like everything else, from both of its ends: as embedding and as decoder.",
                ),
            ),
            "a",
        ),
        "choices": Question(
            "A multiple-choice model was trained on questions with four choices. What must change so that it answers questions with five?",
            (
                (
                    "The classifier: from four outputs to five.",
                    "It has one output. It scores each choice by itself, once for every choice.",
                ),
                ("Nothing: it scores each choice by itself.", ""),
                (
                    "The softmax in the head.",
                    "There is none in the head: it gives raw scores, and whoever compares them takes the softmax over as many as there are.",
                ),
            ),
            "b",
        ),
        "new": Question(
            "You load `BertForQuestionAnswering` from a checkpoint that was only pretrained. What does it know?",
            (
                (
                    "Everything: the checkpoint was pretrained.",
                    "The body was. No answer was ever looked for, so `qa_outputs` is not in the file: it is drawn at random.",
                ),
                (
                    "Nothing: a new class begins with random weights.",
                    "The body's weights are found by their names and loaded; only what the file lacks is drawn.",
                ),
                (
                    "Only what the pooler knows.",
                    "This class has no pooler. Its body is loaded, its head is new.",
                ),
                ("Its body is trained; 2 H + 2 numbers of its head are random.", ""),
            ),
            "d",
        ),
    },
    read="“What each head adds”, and the half-truths",
)
