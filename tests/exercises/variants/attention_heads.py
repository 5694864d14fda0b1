"""Other right answers to lesson 06, written differently: `<exercise>__<how>`."""

import math

import numpy as np
import torch
import torch.nn.functional as F


def attention__the_librarys(q, k, v, mask=None):
    shape = (*q.shape[:-1], k.shape[-2])
    mask = torch.ones(shape, dtype=torch.bool) if mask is None else mask.expand(shape)
    units = torch.eye(k.shape[-2], dtype=v.dtype).expand(*k.shape[:-1], -1)
    weights = F.scaled_dot_product_attention(q, k, units, attn_mask=mask)
    return F.scaled_dot_product_attention(q, k, v, attn_mask=mask), weights


def attention__einsum_and_nan_to_num(q, k, v, mask=None):
    scores = torch.einsum("...ld,...sd->...ls", q * q.shape[-1] ** -0.5, k)
    if mask is not None:
        scores = torch.where(mask, scores, float("-inf"))
    weights = torch.nan_to_num(F.softmax(scores, dim=-1))
    return [torch.einsum("...ls,...sd->...ld", weights, v), weights]


def attention__additive_mask(q, k, v, mask=None):
    scores = torch.matmul(q, k.transpose(-1, -2)) / math.sqrt(k.size(-1))
    if mask is not None:
        scores = scores + torch.zeros(mask.shape, dtype=scores.dtype).masked_fill(
            ~mask, torch.finfo(scores.dtype).min
        )
    weights = torch.softmax(scores, dim=-1)
    if mask is not None:
        weights = weights * mask
    return torch.matmul(weights, v), weights


def attention__powers(q, k, v, mask=None):
    scores = (q @ k.mT) / np.sqrt(q.shape[-1])
    powers = torch.exp(scores - scores.amax(-1, keepdim=True))
    if mask is not None:
        powers = powers * mask
    weights = powers / powers.sum(-1, keepdim=True).clamp(min=torch.finfo(powers.dtype).tiny)
    return weights @ v, weights


def attention__query_by_query(q, k, v, mask=None):
    *before, length, size = q.shape
    source = k.shape[-2]
    mask = (
        torch.ones(*before, length, source, dtype=torch.bool)
        if mask is None
        else mask.expand(*before, length, source)
    )
    q, k, v, mask = (
        q.reshape(-1, length, size),
        k.reshape(-1, source, size),
        v.reshape(-1, source, size),
        mask.reshape(-1, length, source),
    )
    weights = torch.zeros(len(q), length, source, dtype=q.dtype)
    for n in range(len(q)):
        for i in range(length):
            seen = mask[n, i].nonzero().flatten()
            if len(seen):
                weights[n, i, seen] = ((k[n, seen] @ q[n, i]) / size**0.5).softmax(0)
    return (weights @ v).reshape(*before, length, size), weights.reshape(*before, length, source)


def attention__numpy(q, k, v, mask=None):
    a, b, c = (x.numpy().astype(np.float64) for x in (q, k, v))
    scores = a @ np.swapaxes(b, -1, -2) / math.sqrt(a.shape[-1])
    scores = scores if mask is None else np.where(mask.numpy(), scores, -1e30)
    powers = np.exp(scores - scores.max(-1, keepdims=True))
    weights = powers / powers.sum(-1, keepdims=True)
    weights = weights if mask is None else weights * mask.numpy()
    return torch.from_numpy(weights @ c), torch.from_numpy(weights)


def split_heads__unflatten(x, num_heads):
    if x.shape[-1] % num_heads != 0:
        raise ValueError("num_heads must divide the hidden size")
    return x.unflatten(-1, (num_heads, -1)).transpose(1, 2)


def split_heads__slices(x, num_heads):
    size, rest = divmod(x.size(2), num_heads)
    if rest:
        raise ValueError(f"num_heads = {num_heads} does not divide {x.size(2)}")
    return torch.stack([x[:, :, i * size : i * size + size] for i in range(num_heads)], 1)


def split_heads__chunks(x, num_heads):
    size = x.shape[2] / num_heads
    if size != int(size):
        raise ValueError("num_heads")
    return torch.stack(torch.chunk(x, num_heads, dim=-1)).transpose(0, 1)


def merge_heads__concatenated(x):
    return torch.cat(torch.unbind(x, dim=1), dim=-1)


def merge_heads__contiguous_view(x):
    batch, heads, length, size = x.shape
    return x.transpose(1, 2).contiguous().view(batch, length, heads * size)


def merge_heads__einsum(x):
    return torch.einsum("bald->blad", x).reshape(x.size(0), x.size(2), -1)


def multi_head_attention__head_by_head(x, weights, num_heads, mask=None):
    hidden = x.shape[-1]
    if hidden % num_heads:
        raise ValueError("num_heads must divide H")
    size = hidden // num_heads
    output = weights["b_o"].expand(x.shape).clone()
    for a in range(num_heads):
        part = slice(a * size, (a + 1) * size)
        q, k, v = (x @ weights[f"w_{n}"][part].T + weights[f"b_{n}"][part] for n in "qkv")
        scores = q @ k.transpose(1, 2) / size**0.5
        if mask is not None:
            scores = scores.masked_fill(mask.eq(0).unsqueeze(1), float("-inf"))
        output = output + scores.softmax(-1) @ v @ weights["w_o"][:, part].T
    return output


def multi_head_attention__the_librarys_module(x, weights, num_heads, mask=None):
    hidden = x.shape[-1]
    if hidden % num_heads:
        raise ValueError(f"num_heads must divide {hidden}, got {num_heads}")
    block = torch.nn.MultiheadAttention(hidden, num_heads, batch_first=True)
    with torch.no_grad():
        block.in_proj_weight.copy_(torch.cat([weights["w_q"], weights["w_k"], weights["w_v"]]))
        block.in_proj_bias.copy_(torch.cat([weights["b_q"], weights["b_k"], weights["b_v"]]))
        block.out_proj.weight.copy_(weights["w_o"])
        block.out_proj.bias.copy_(weights["b_o"])
    return block(x, x, x, key_padding_mask=None if mask is None else mask == 0)[0]


def multi_head_attention__sdpa_without_key_bias(x, weights, num_heads, mask=None):
    batch, length, hidden = x.shape
    if num_heads * (hidden // num_heads) != hidden:
        raise ValueError("num_heads")

    def heads(letter):
        bias = 0 if letter == "k" else weights["b_" + letter]  # the softmax takes the key bias away again
        return (x @ weights["w_" + letter].T + bias).view(batch, length, num_heads, -1).transpose(1, 2)

    seen = None if mask is None else (mask > 0)[:, None, None].expand(batch, num_heads, length, length)
    output = F.scaled_dot_product_attention(heads("q"), heads("k"), heads("v"), attn_mask=seen)
    return F.linear(output.transpose(1, 2).reshape(x.shape), weights["w_o"], weights["b_o"])


def multi_head_attention__additive_in_double(x, weights, num_heads, mask=None):
    if x.size(2) % num_heads > 0:
        raise ValueError("num_heads")
    x, w = x.double(), {name: value.double() for name, value in weights.items()}
    q, k, v = (torch.stack((x @ w["w_" + n].T + w["b_" + n]).chunk(num_heads, dim=2), dim=1) for n in "qkv")
    scores = q @ k.transpose(2, 3) * q.size(3) ** -0.5
    if mask is not None:
        scores = scores + (1.0 - mask[:, None, None, :]) * -1e9
    mixed = torch.cat((scores.softmax(3) @ v).unbind(1), dim=2)
    return (mixed @ w["w_o"].T + w["b_o"]).float()


def attention_parameters__by_building(hidden_size, num_heads):
    if hidden_size % num_heads:
        raise ValueError("num_heads must divide hidden_size")
    return sum(sum(p.numel() for p in torch.nn.Linear(hidden_size, hidden_size).parameters()) for _ in "qkvo")


def attention_parameters__head_by_head(hidden_size, num_heads):
    size = hidden_size / num_heads
    if not size.is_integer():
        raise ValueError("num_heads")
    one_head = 3 * (hidden_size * int(size) + int(size))
    return num_heads * one_head + hidden_size * hidden_size + hidden_size


def attention_parameters__factored(hidden_size, num_heads):
    if hidden_size % num_heads != 0:
        raise ValueError(f"{num_heads} heads do not divide {hidden_size}")
    return torch.tensor(4 * hidden_size * (hidden_size + 1))


def bert_parameters__linear_and_norm(
    vocab_size, hidden_size, num_layers, num_heads, intermediate_size, max_positions, type_vocab_size
):
    if hidden_size % num_heads:
        raise ValueError("num_heads must divide hidden_size")

    def linear(a, b):
        return a * b + b

    norm = 2 * hidden_size
    attention = 4 * linear(hidden_size, hidden_size) + norm
    feed_forward = linear(hidden_size, intermediate_size) + linear(intermediate_size, hidden_size) + norm
    embeddings = sum((vocab_size, max_positions, type_vocab_size)) * hidden_size + norm
    return embeddings + num_layers * (attention + feed_forward) + linear(hidden_size, hidden_size)


def bert_parameters__by_building(*sizes):
    from transformers import BertConfig, BertModel

    names = ("vocab_size", "hidden_size", "num_hidden_layers", "num_attention_heads", "intermediate_size")
    names += ("max_position_embeddings", "type_vocab_size")
    with torch.device("meta"):
        return BertModel(BertConfig(**dict(zip(names, sizes, strict=True)))).num_parameters()


def bert_parameters__polynomial(
    vocab_size, hidden_size, num_layers, num_heads, intermediate_size, max_positions, type_vocab_size
):
    h, i = hidden_size, intermediate_size
    if h // num_heads * num_heads != h:
        raise ValueError("num_heads")
    return (
        h * (vocab_size + max_positions + type_vocab_size + 3)
        + h * h
        + num_layers * (4 * h * h + 9 * h + 2 * h * i + i)
    )


def head_entropy__xlogy(weights, attention_mask):
    terms = -torch.special.xlogy(weights, weights).sum(dim=-1)
    real = attention_mask.bool()
    return terms.transpose(0, 1)[:, real].mean(dim=1)


def head_entropy__clamped(weights, attention_mask):
    terms = -(weights * weights.clamp(min=1e-30).log()).sum(-1)
    kept = attention_mask.unsqueeze(1)
    return (terms * kept).sum(dim=(0, 2)) / attention_mask.sum()


def head_entropy__nan_to_num_in_double(weights, attention_mask):
    weights = weights.double()
    terms = torch.nan_to_num(weights * weights.log(), nan=0.0)
    return -torch.einsum("bhqk,bq->h", terms, attention_mask.double()) / attention_mask.sum()


def head_entropy__loops(weights, attention_mask):
    batch, heads, length, _ = weights.shape
    result = []
    for a in range(heads):
        values = []
        for b in range(batch):
            for i in range(length):
                if attention_mask[b, i] == 1:
                    values.append(-sum(w * math.log(w) for w in weights[b, a, i].tolist() if w > 0))
        result.append(sum(values) / len(values))
    return torch.tensor(result)


def head_entropy__distributions(weights, attention_mask):
    rows = weights.permute(0, 2, 1, 3)[attention_mask == 1]
    return torch.distributions.Categorical(probs=rows).entropy().mean(0)


def attention_operations__summed_by_product(length, hidden_size, num_heads):
    size = hidden_size // num_heads
    products = [(length, hidden_size, hidden_size)] * 4
    products += [(length, size, length), (length, length, size)] * num_heads
    return sum(math.prod(sizes) for sizes in products), num_heads * length * length


def attention_operations__factored(length, hidden_size, num_heads):
    return [2 * length * hidden_size * (2 * hidden_size + length), num_heads * length**2]


def attention_operations__by_running_it(length, hidden_size, num_heads):
    from torch.utils.flop_counter import FlopCounterMode

    x, w = torch.randn(1, length, hidden_size), torch.randn(hidden_size, hidden_size)
    with FlopCounterMode(display=False) as counter:
        q, k, v = ((x @ w).view(length, num_heads, -1).transpose(0, 1) for _ in "qkv")
        weights = (q @ k.mT).softmax(-1)
        (weights @ v).transpose(0, 1).reshape(1, length, hidden_size) @ w
    return counter.get_total_flops() // 2, weights.numel()
