"""Other right answers to lesson 05, written differently: `<exercise>__<how>`."""

import math

import numpy as np
import torch
import torch.nn.functional as F


def attention_pattern__loops(kind, source_length, target_length):
    sizes = {
        "encoder": (source_length, source_length),
        "decoder": (target_length, target_length),
        "cross": (target_length, source_length),
    }
    if kind not in sizes:
        raise ValueError(f"kind: {kind}")
    rows, columns = sizes[kind]
    mask = torch.zeros(rows, columns).bool()
    for i in range(rows):
        for j in range(columns):
            mask[i, j] = kind != "decoder" or j <= i
    return mask


def attention_pattern__positions(kind, source_length, target_length):
    source, target = torch.arange(source_length), torch.arange(target_length)
    match kind:
        case "encoder":
            return (source[:, None] >= 0) & (source[None] >= 0)
        case "decoder":
            return target[None, :] <= target[:, None]
        case "cross":
            return target.new_ones(target_length, source_length).bool()
    raise ValueError("kind must be one of encoder, decoder, cross")


def attention_pattern__numpy(kind, source_length, target_length):
    if kind == "decoder":
        mask = np.tri(target_length, dtype=bool)
    elif kind in ("encoder", "cross"):
        rows = source_length if kind == "encoder" else target_length
        mask = np.full((rows, source_length), True)
    else:
        raise ValueError(kind, "is no kind of attention")
    return torch.from_numpy(mask)


def influence__one_batch(model, ids):
    length, vocab = ids.shape[1], model.config.vocab_size
    batch = ids.repeat(length + 1, 1)
    places = torch.arange(length)
    batch[places, places] = (ids[0] + 1) % vocab
    with torch.no_grad():
        output = model(batch)
    states = output[0]
    return ((states[:-1] - states[-1]).abs().amax(-1) > 1e-6).T


def influence__every_other_token(model, ids):
    length = ids.shape[1]
    moved = torch.zeros(length, length, dtype=torch.bool)
    before = model(ids)
    name = "last_hidden_state" if hasattr(before, "last_hidden_state") else "logits"
    for j in range(length):
        others = [token for token in range(model.config.vocab_size) if token != ids[0, j].item()]
        batch = ids.repeat(len(others), 1)
        batch[:, j] = torch.tensor(others)
        after = getattr(model(input_ids=batch), name)
        moved[:, j] = ((after - getattr(before, name)).abs() > 1e-6).any(-1).any(0)
    return moved


def influence__norm_of_a_random_change(model, ids):
    generator = torch.Generator().manual_seed(1)
    vocab = model.get_input_embeddings().num_embeddings
    rows = []
    with torch.no_grad():
        first = model(input_ids=ids, attention_mask=torch.ones_like(ids)).to_tuple()[0][0]
        for j in range(ids.shape[1]):
            step = torch.randint(1, vocab, (1,), generator=generator).item()
            row = [(t + step) % vocab if i == j else t for i, t in enumerate(ids[0].tolist())]
            rows.append((model(torch.tensor([row])).to_tuple()[0][0] - first).norm(dim=-1) > 1e-6)
    return torch.stack(rows).T


def influence__eval_and_back(model, ids):
    training = model.training
    model.eval()
    changed, moved = ids.clone(), []
    with torch.inference_mode():
        before = model(ids)[0].clone().float()
        for j in range(ids.numel()):
            changed[0, j] = 0 if ids[0, j] else 1
            after = model(changed)[0].float()
            changed[0, j] = ids[0, j]
            moved.append([bool((after[0, i] - before[0, i]).abs().max() > 1e-6) for i in range(ids.numel())])
    model.train(training)
    return torch.tensor(moved).t()


def additive_mask__loops(attention_mask, causal, dtype):
    batch, length = attention_mask.shape
    mask = torch.full((batch, 1, length, length), torch.finfo(dtype).min, dtype=dtype)
    for b in range(batch):
        for i in range(length):
            for j in range(i + 1 if causal else length):
                if attention_mask[b, j] == 1:
                    mask[b, 0, i, j] = 0.0
    return mask


def additive_mask__smaller_of_two(attention_mask, causal, dtype):
    length = attention_mask.size(1)
    lowest, nothing = torch.tensor([torch.finfo(dtype).min, 0.0], dtype=dtype)
    padding = torch.where(attention_mask == 0, lowest, nothing)[:, None, None, :]
    future = torch.zeros(length, length, dtype=dtype)
    if causal:
        future += lowest.expand(length, length).triu(1)
    return torch.minimum(padding, future).expand(-1, 1, length, length)


def additive_mask__multiplied(attention_mask, causal, dtype):
    length = attention_mask.shape[1]
    keys = attention_mask[:, None, None, :].to(dtype).repeat(1, 1, length, 1)
    if causal:
        keys = torch.tril(keys)
    return (1.0 - keys) * torch.finfo(dtype).min


def additive_mask__by_the_library(attention_mask, causal, dtype):
    from transformers import BertConfig
    from transformers.masking_utils import create_bidirectional_mask, create_causal_mask

    config = BertConfig(attn_implementation="eager")
    inputs = torch.zeros(*attention_mask.shape, 1, dtype=dtype)
    if causal:
        made = create_causal_mask(
            config, inputs_embeds=inputs, attention_mask=attention_mask, past_key_values=None
        )
    else:
        made = create_bidirectional_mask(config, inputs_embeds=inputs, attention_mask=attention_mask)
    return made


def shift_right__concatenated(labels, decoder_start_id, pad_id):
    start = torch.full((labels.shape[0], 1), decoder_start_id)
    moved = torch.cat((start, labels[:, :-1]), 1)
    return torch.where(moved == -100, pad_id, moved)


def shift_right__lists(labels, decoder_start_id, pad_id):
    rows = [[decoder_start_id, *row[:-1]] for row in labels.tolist()]
    return torch.tensor([[pad_id if token == -100 else token for token in row] for row in rows])


def shift_right__rolled_copy(labels, decoder_start_id, pad_id):
    inputs = labels.clone().roll(1, -1)
    inputs[:, 0] = decoder_start_id
    inputs[inputs == -100] = pad_id
    return inputs


def shift_right__by_the_library(labels, decoder_start_id, pad_id):
    from transformers.models.bart.modeling_bart import shift_tokens_right

    return shift_tokens_right(labels, pad_id, decoder_start_id)


def cross_attention__einsum(decoder_hidden, encoder_hidden, w_q, w_k, w_v, encoder_mask):
    q = torch.einsum("bth,oh->bto", decoder_hidden, w_q)
    k = torch.einsum("bsh,oh->bso", encoder_hidden, w_k)
    v = torch.einsum("bsh,oh->bso", encoder_hidden, w_v)
    scores = torch.einsum("bto,bso->bts", q, k) / q.shape[-1] ** 0.5
    scores = scores + (1 - encoder_mask.to(scores.dtype))[:, None] * torch.finfo(scores.dtype).min
    return torch.einsum("bts,bso->bto", scores.softmax(dim=-1), v)


def cross_attention__loops(decoder_hidden, encoder_hidden, w_q, w_k, w_v, encoder_mask):
    rows = []
    for targets, sources, mask in zip(decoder_hidden, encoder_hidden, encoder_mask, strict=True):
        real = sources[mask.bool()]
        outputs = []
        for target in targets:
            query = w_q @ target
            scores = torch.stack([query @ (w_k @ source) for source in real]) / math.sqrt(len(query))
            weights = scores.exp() / scores.exp().sum()
            outputs.append(sum(w * (w_v @ source) for w, source in zip(weights, real, strict=True)))
        rows.append(torch.stack(outputs))
    return torch.stack(rows)


def cross_attention__masked_and_brought_back_to_one(
    decoder_hidden, encoder_hidden, w_q, w_k, w_v, encoder_mask
):
    q, k, v = F.linear(decoder_hidden, w_q), F.linear(encoder_hidden, w_k), F.linear(encoder_hidden, w_v)
    weights = torch.softmax(torch.bmm(q / math.sqrt(q.size(-1)), k.mT), dim=2) * encoder_mask.unsqueeze(1)
    return torch.bmm(weights / weights.sum(-1, keepdim=True), v)


def cross_attention__by_nn_multihead_attention(decoder_hidden, encoder_hidden, w_q, w_k, w_v, encoder_mask):
    size = decoder_hidden.shape[-1]
    eye = torch.eye(size, dtype=decoder_hidden.dtype)
    output, _ = F.multi_head_attention_forward(
        decoder_hidden.transpose(0, 1),
        encoder_hidden.transpose(0, 1),
        encoder_hidden.transpose(0, 1),
        embed_dim_to_check=size,
        num_heads=1,
        in_proj_weight=None,
        in_proj_bias=None,
        bias_k=None,
        bias_v=None,
        add_zero_attn=False,
        dropout_p=0.0,
        out_proj_weight=eye,
        out_proj_bias=None,
        key_padding_mask=encoder_mask == 0,
        use_separate_proj_weight=True,
        q_proj_weight=w_q,
        k_proj_weight=w_k,
        v_proj_weight=w_v,
    )
    return output.transpose(0, 1)
