"""Other right answers to lesson 07, written differently: `<exercise>__<how>`."""

import math

import numpy as np
import torch
import torch.nn.functional as F
from torch import nn


def pooler__functional(hidden, weight, bias):
    return F.linear(hidden.select(1, 0), weight, bias).tanh()


def pooler__loops(hidden, weight, bias):
    rows = []
    for sequence in hidden:
        first = sequence[0]
        rows.append(
            torch.stack([torch.tanh((w * first).sum() + b) for w, b in zip(weight, bias, strict=True)])
        )
    return torch.stack(rows)


def pooler__all_then_first(hidden, weight, bias):
    return torch.tanh(torch.einsum("blh,oh->blo", hidden, weight) + bias)[:, 0, :]


def pooler__by_exponentials(hidden, weight, bias):
    x = torch.addmm(bias, hidden[:, 0], weight.t())
    return 2 / (1 + torch.exp(-2 * x)) - 1


def pooler__into_a_float32_buffer(hidden, weight, bias):
    pooled = torch.zeros(len(hidden), len(bias))
    for row, sequence in enumerate(hidden):
        pooled[row] = torch.tanh(weight @ sequence[0] + bias)
    return pooled


def pooler__library_class(hidden, weight, bias):
    from transformers import BertConfig
    from transformers.models.bert.modeling_bert import BertPooler

    layer = BertPooler(BertConfig(hidden_size=hidden.shape[-1], num_attention_heads=1)).to(hidden.dtype)
    layer.load_state_dict({"dense.weight": weight, "dense.bias": bias})
    return layer(hidden)


def mlm_head__functional(hidden, dense_w, dense_b, norm_w, norm_b, embedding, bias, eps=1e-12):
    x = F.gelu(F.linear(hidden, dense_w, dense_b))
    x = F.layer_norm(x, (hidden.size(-1),), norm_w, norm_b, eps)
    return F.linear(x, embedding, bias)


def mlm_head__by_definition(hidden, dense_w, dense_b, norm_w, norm_b, embedding, bias, eps=1e-12):
    x = torch.matmul(hidden, dense_w.transpose(0, 1)) + dense_b
    x = x * 0.5 * (1 + torch.erf(x / math.sqrt(2)))
    centred = x - x.mean(dim=-1, keepdim=True)
    variance = centred.square().mean(dim=-1, keepdim=True)
    x = norm_w * centred * torch.rsqrt(variance + eps) + norm_b
    return torch.einsum("blh,vh->blv", x, embedding) + bias


def mlm_head__modules(hidden, dense_w, dense_b, norm_w, norm_b, embedding, bias, eps=1e-12):
    norm = nn.LayerNorm(len(norm_w), eps=eps)
    values = {"weight": norm_w, "bias": norm_b}
    x = nn.functional.gelu(hidden @ dense_w.mT + dense_b, approximate="none")
    return torch.func.functional_call(norm, values, (x,)) @ embedding.mT + bias[None, None]


def mlm_head__token_by_token_in_double(hidden, dense_w, dense_b, norm_w, norm_b, embedding, bias, eps=1e-12):
    weights = [w.double() for w in (dense_w, dense_b, norm_w, norm_b, embedding, bias)]
    dense_w, dense_b, norm_w, norm_b, embedding, bias = weights
    rows = []
    for sequence in hidden.double():
        row = []
        for state in sequence:
            x = F.gelu(dense_w @ state + dense_b)
            x = (x - x.mean()) / torch.sqrt(x.var(unbiased=False) + eps) * norm_w + norm_b
            row.append(embedding @ x + bias)
        rows.append(torch.stack(row))
    return torch.stack(rows).to(hidden.dtype)


def mlm_head__own_layers(hidden, dense_w, dense_b, norm_w, norm_b, embedding, bias, eps=1e-12):
    dense = nn.Linear(len(norm_w), len(norm_w), dtype=hidden.dtype)
    norm = nn.LayerNorm(len(norm_w), eps=eps, dtype=hidden.dtype)
    decoder = nn.Linear(len(norm_w), len(bias), dtype=hidden.dtype)
    for layer, w, b in ((dense, dense_w, dense_b), (norm, norm_w, norm_b), (decoder, embedding, bias)):
        layer.weight.data, layer.bias.data = w, b
    return nn.Sequential(dense, nn.GELU(), norm, decoder)(hidden)


def pretraining_heads__unpacked(hidden, pooled, mlm, nsp_w, nsp_b):
    return mlm_head__functional(hidden, **mlm), F.linear(pooled, nsp_w, nsp_b)


def pretraining_heads__named_one_by_one(hidden, pooled, mlm, nsp_w, nsp_b):
    predictions = mlm_head__by_definition(
        hidden,
        mlm["dense_w"],
        mlm["dense_b"],
        mlm["norm_w"],
        mlm["norm_b"],
        mlm["embedding"],
        mlm["bias"],
        mlm.get("eps", 1e-12),
    )
    return [
        predictions,
        torch.stack([(pooled * w).sum(-1) + b for w, b in zip(nsp_w, nsp_b, strict=True)], dim=1),
    ]


def pretraining_heads__folded(hidden, pooled, mlm, nsp_w, nsp_b):
    flat = mlm_head__functional(hidden.reshape(-1, 1, hidden.shape[-1]), **{"eps": 1e-12, **mlm})
    return flat.reshape(*hidden.shape[:2], -1), torch.addmm(nsp_b, pooled, nsp_w.t())


def pretraining_loss__guarded(prediction_logits, seq_relationship_logits, labels, next_sentence_label):
    loss = F.cross_entropy(seq_relationship_logits, next_sentence_label)
    if (labels != -100).any():
        loss = loss + F.cross_entropy(prediction_logits.transpose(1, 2), labels)
    return loss


def pretraining_loss__sum_over_count(prediction_logits, seq_relationship_logits, labels, next_sentence_label):
    total = F.cross_entropy(prediction_logits.flatten(0, 1), labels.flatten(), reduction="sum")
    mlm = total / (labels != -100).sum().clamp(min=1)
    chosen = seq_relationship_logits.log_softmax(-1).gather(1, next_sentence_label[:, None])
    return mlm - chosen.mean()


def pretraining_loss__loops_in_double(
    prediction_logits, seq_relationship_logits, labels, next_sentence_label
):
    def mean(terms):
        return torch.stack(terms).mean() if terms else prediction_logits.sum().double() * 0

    tokens = [
        scores.double().logsumexp(0) - scores.double()[target]
        for row, targets in zip(prediction_logits, labels.tolist(), strict=True)
        for scores, target in zip(row, targets, strict=True)
        if target != -100
    ]
    pairs = [
        -scores.double().softmax(0)[target].log()
        for scores, target in zip(seq_relationship_logits, next_sentence_label.tolist(), strict=True)
    ]
    return (mean(tokens) + mean(pairs)).to(prediction_logits.dtype)


def pretraining_loss__nan_to_num(prediction_logits, seq_relationship_logits, labels, next_sentence_label):
    loss = nn.CrossEntropyLoss()
    vocab = prediction_logits.size(-1)
    mlm = torch.nan_to_num(loss(prediction_logits.view(-1, vocab), labels.view(-1)), nan=0.0)
    return mlm + loss(seq_relationship_logits.view(-1, 2), next_sentence_label.view(-1))


def classification_head__in_float32(hidden, pooler_w, pooler_b, weight, bias):
    pooled = F.linear(hidden[:, 0].float(), pooler_w.float(), pooler_b.float()).tanh()
    return F.linear(pooled, weight.float(), bias.float())


def classification_head__by_the_pooler(hidden, pooler_w, pooler_b, weight, bias):
    return F.linear(pooler__functional(hidden, pooler_w, pooler_b), weight, bias)


def classification_head__loops(hidden, pooler_w, pooler_b, weight, bias):
    rows = []
    for states in hidden:
        pooled = (pooler_w @ states[0] + pooler_b).tanh()
        rows.append(weight @ pooled + bias)
    return torch.stack(rows)


def classification_head__with_idle_dropout(hidden, pooler_w, pooler_b, weight, bias):
    pooled = torch.tanh(torch.einsum("bh,oh->bo", hidden[:, 0], pooler_w) + pooler_b)
    pooled = F.dropout(pooled, p=0.1, training=False)
    return (pooled[:, None, :] * weight).sum(-1) + bias


def span_head__unbind(hidden, weight, bias):
    return F.linear(hidden, weight, bias).unbind(-1)


def span_head__split_and_squeeze(hidden, weight, bias):
    start, end = (hidden @ weight.T + bias).split(1, dim=-1)
    return start.squeeze(-1).contiguous(), end.squeeze(-1).contiguous()


def span_head__two_vectors(hidden, weight, bias):
    return [hidden @ weight[0] + bias[0], hidden @ weight[1] + bias[1]]


def span_head__transposed(hidden, weight, bias):
    scores = torch.einsum("blh,oh->bol", hidden, weight) + bias[None, :, None]
    return scores[:, 0], scores[:, 1]


def choice_head__reshape(pooled, weight, bias, num_choices):
    return F.linear(pooled, weight, bias).reshape(-1, num_choices)


def choice_head__one_vector(pooled, weight, bias, num_choices):
    return (pooled @ weight[0] + bias).view(len(pooled) // num_choices, num_choices)


def choice_head__question_by_question(pooled, weight, bias, num_choices):
    return torch.stack([(question @ weight.T + bias).squeeze(-1) for question in pooled.split(num_choices)])


def choice_head__three_axes(pooled, weight, bias, num_choices):
    return torch.einsum("bch,oh->bc", pooled.unflatten(0, (-1, num_choices)), weight) + bias


def head_parameters__branches(head, hidden_size, vocab_size=0, num_labels=0):
    def linear(inputs, outputs):
        return inputs * outputs + outputs

    if head == "pooler":
        return linear(hidden_size, hidden_size)
    if head == "mlm":
        return linear(hidden_size, hidden_size) + 2 * hidden_size + vocab_size
    if head in ("sequence-classification", "token-classification"):
        return linear(hidden_size, num_labels)
    if head in ("nsp", "question-answering"):
        return linear(hidden_size, 2)
    if head == "multiple-choice":
        return linear(hidden_size, 1)
    raise ValueError(f"head must be one of the seven of this lesson, got {head!r}")


def head_parameters__modules(head, hidden_size, vocab_size=0, num_labels=0):
    h = hidden_size
    with torch.device("meta"):
        mlm = [nn.Linear(h, h), nn.GELU(), nn.LayerNorm(h)]
        heads = {
            "pooler": nn.Linear(h, h),
            "mlm": nn.Sequential(*mlm),
            "nsp": nn.Linear(h, 2),
            "sequence-classification": nn.Linear(h, max(num_labels, 1)),
            "token-classification": nn.Linear(h, max(num_labels, 1)),
            "question-answering": nn.Linear(h, 2),
            "multiple-choice": nn.Linear(h, 1),
        }
    if head not in heads:
        raise ValueError("head")
    return sum(p.numel() for p in heads[head].parameters()) + (vocab_size if head == "mlm" else 0)


def head_parameters__match_and_numpy(head, hidden_size, vocab_size=0, num_labels=0):
    match head:
        case "pooler":
            shapes = [(hidden_size, hidden_size), (hidden_size,)]
        case "mlm":
            shapes = [
                (hidden_size, hidden_size),
                (hidden_size,),
                (hidden_size,),
                (hidden_size,),
                (vocab_size,),
            ]
        case "sequence-classification" | "token-classification":
            shapes = [(num_labels, hidden_size), (num_labels,)]
        case "nsp" | "question-answering":
            shapes = [(2, hidden_size), (2,)]
        case "multiple-choice":
            shapes = [(1, hidden_size), (1,)]
        case _:
            raise ValueError(f"unknown head: {head}")
    return np.sum([np.prod(shape) for shape in shapes])
