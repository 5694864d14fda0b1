"""Other right answers to lesson 04, written differently: `<exercise>__<how>`."""

import bisect
import math

import numpy as np
import torch
import torch.nn.functional as F
from transformers import TopPLogitsWarper
from transformers.loss.loss_utils import ForCausalLMLoss


def causal_mask__compared_places(length):
    places = torch.arange(length)
    return places[:, None] >= places[None, :]


def causal_mask__loops(length):
    mask = torch.zeros((length, length), dtype=torch.bool)
    for query in range(length):
        mask[query, : query + 1] = True
    return mask


def causal_mask__future_inverted(length):
    return torch.from_numpy(~np.triu(np.ones((length, length), dtype=bool), k=1))


def causal_mask__cumulated(length):
    return torch.eye(length).cumsum(0).bool()


def causal_lm_loss__library(logits, labels):
    if labels.shape[1] < 2 or (labels[:, 1:] == -100).all():
        return (logits * 0).sum()
    return ForCausalLMLoss(logits, labels, logits.shape[-1])


def causal_lm_loss__gathered(logits, labels):
    targets = labels[:, 1:]
    counted = targets != -100
    log_probabilities = logits[:, :-1].log_softmax(-1)
    found = log_probabilities.gather(-1, targets.clamp(min=0).unsqueeze(-1)).squeeze(-1)
    return -(found * counted).sum() / counted.sum().clamp(min=1)


def causal_lm_loss__labels_moved(logits, labels):
    moved = torch.full_like(labels, -100)
    moved[:, :-1] = labels[:, 1:]
    total = F.cross_entropy(logits.permute(0, 2, 1), moved, reduction="sum")
    return total / max(1, int((moved != -100).sum()))


def causal_lm_loss__loops(logits, labels):
    terms = []
    for scores, targets in zip(logits.double(), labels.tolist(), strict=True):
        for place in range(len(targets) - 1):
            if targets[place + 1] >= 0:
                terms.append(scores[place].logsumexp(0) - scores[place, targets[place + 1]])
    return torch.stack(terms).mean() if terms else torch.zeros((), requires_grad=True)


def perplexity__ignored_labels(logits, ids, attention_mask):
    both = (attention_mask[:, 1:] == 1) & (attention_mask[:, :-1] == 1)
    targets = ids[:, 1:].masked_fill(~both, -100)
    return math.exp(F.cross_entropy(logits[:, :-1].reshape(-1, logits.shape[-1]), targets.reshape(-1)))


def perplexity__row_by_row(logits, ids, attention_mask):
    total, count = 0.0, 0
    for scores, tokens, mask in zip(logits, ids, attention_mask.bool(), strict=True):
        scores, tokens = scores[mask], tokens[mask]
        found = scores.log_softmax(-1)[:-1].gather(1, tokens[1:, None])
        total, count = total - found.sum().item(), count + len(found)
    return math.exp(total / count)


def perplexity__geometric_mean(logits, ids, attention_mask):
    probabilities = logits.double().softmax(-1).numpy()
    inverse = []
    for row in range(len(ids)):
        for place in range(1, ids.shape[1]):
            if attention_mask[row, place] and attention_mask[row, place - 1]:
                inverse.append(1 / probabilities[row, place - 1, ids[row, place]])
    return float(np.exp(np.mean(np.log(inverse))))


def perplexity__zero_dimensional(logits, ids, attention_mask):
    both = (attention_mask[:, 1:] * attention_mask[:, :-1]).bool()
    return F.cross_entropy(logits[:, :-1][both], ids[:, 1:][both]).exp()


def next_token_probabilities__loops(logits, attention_mask, temperature=1.0):
    if not temperature > 0:
        raise ValueError("temperature must be positive")
    rows = []
    for scores, mask in zip(logits, attention_mask, strict=True):
        last = max(place for place, real in enumerate(mask.tolist()) if real)
        rows.append(torch.softmax(scores[last] / temperature, dim=0))
    return torch.stack(rows)


def next_token_probabilities__flipped(logits, attention_mask, temperature=1.0):
    if temperature <= 0:
        raise ValueError(f"temperature {temperature}")
    padding_after = attention_mask.flip(1).argmax(1)
    last = attention_mask.shape[1] - 1 - padding_after
    picked = logits.gather(1, last[:, None, None].expand(-1, 1, logits.shape[2])).squeeze(1)
    return F.softmax(picked.double() / temperature, dim=-1).float()


def next_token_probabilities__by_hand(logits, attention_mask, temperature=1.0):
    if temperature <= 0:
        raise ValueError("temperature")
    all_of_them = (logits / temperature - (logits / temperature).amax(-1, keepdim=True)).exp()
    all_of_them = all_of_them / all_of_them.sum(-1, keepdim=True)
    after = torch.cat([attention_mask[:, 1:], torch.zeros_like(attention_mask[:, :1])], dim=1)
    return all_of_them[(attention_mask == 1) & (after == 0)]


def sample__searchsorted(probabilities, draw):
    edges = probabilities.cumsum(-1)
    found = torch.searchsorted(edges, draw[:, None].contiguous(), right=True)
    return found[:, 0].clamp(max=probabilities.shape[1] - 1)


def sample__counted(probabilities, draw):
    return (probabilities.double().cumsum(-1) <= draw.double()[:, None]).sum(-1)


def sample__first_true(probabilities, draw):
    return (probabilities.cumsum(1) > draw.unsqueeze(1)).int().argmax(1)


def sample__subtracting(probabilities, draw):
    tokens = []
    for row, left in zip(probabilities.tolist(), draw.tolist(), strict=True):
        token = 0
        while token < len(row) - 1 and left >= row[token]:
            left -= row[token]
            token += 1
        tokens.append(token)
    return torch.tensor(tokens)


def sample__bisect(probabilities, draw):
    edges = [np.cumsum(row) for row in probabilities.double().numpy()]
    return torch.tensor([bisect.bisect_right(row, u) for row, u in zip(edges, draw.tolist(), strict=True)])


def greedy_generate__library(model, ids, steps, eos_id):
    if steps == 0:
        return ids
    return model.generate(
        ids,
        attention_mask=torch.ones_like(ids),
        max_new_tokens=steps,
        do_sample=False,
        eos_token_id=eos_id,
        pad_token_id=eos_id,
    )


def greedy_generate__cached(model, ids, steps, eos_id):
    past, seen, tokens = None, ids, ids[0].tolist()
    with torch.no_grad():
        for _ in range(steps):
            output = model(seen, past_key_values=past, use_cache=True)
            past, seen = output.past_key_values, output.logits[:, -1:].argmax(-1)
            tokens.append(seen.item())
            if tokens[-1] == eos_id:
                break
    return torch.tensor([tokens])


def greedy_generate__eval_and_back(model, ids, steps, eos_id):
    training = model.training
    model.eval()
    text, new = ids.clone(), None
    while text.shape[1] < ids.shape[1] + steps and new != eos_id:
        probabilities = model(input_ids=text).logits[0, -1].softmax(-1)
        new = max(range(len(probabilities)), key=lambda token: probabilities[token].item())
        text = torch.hstack([text, torch.tensor([[new]])])
    model.train(training)
    return text


def greedy_generate__recursive(model, ids, steps, eos_id):
    if steps < 1:
        return ids
    with torch.inference_mode():
        token = model(ids).logits[0, -1].topk(1).indices
    longer = torch.cat((ids, token.clone()[None]), dim=-1)
    return longer if token == eos_id else greedy_generate__recursive(model, longer, steps - 1, eos_id)


def top_k_filter__scattered(logits, k):
    if k < 1:
        raise ValueError("k")
    values, places = logits.topk(min(k, logits.shape[1]), dim=1)
    return torch.full_like(logits, float("-inf")).scatter_(1, places, values)


def top_k_filter__ranked(logits, k):
    if not k >= 1:
        raise ValueError("k must be 1 or more")
    ranks = logits.argsort(dim=-1, descending=True).argsort(dim=-1)
    return torch.where(ranks < k, logits, -torch.inf)


def top_k_filter__lists(logits, k):
    if k <= 0:
        raise ValueError("k must be positive")
    rows = []
    for row in logits.tolist():
        best = sorted(range(len(row)), key=row.__getitem__, reverse=True)[:k]
        rows.append([score if token in best else -math.inf for token, score in enumerate(row)])
    return torch.tensor(rows)


def top_p_filter__library(logits, p):
    if p <= 0 or p >= 1:
        raise ValueError("p")
    return TopPLogitsWarper(top_p=p)(torch.zeros(len(logits), 1), logits)


def top_p_filter__one_by_one(logits, p):
    if not 0 < p < 1:
        raise ValueError("p must lie between 0 and 1")
    filtered = torch.full_like(logits, -math.inf)
    for row, probabilities in enumerate(logits.double().softmax(-1)):
        reached = 0.0
        for token in probabilities.argsort(descending=True).tolist():
            filtered[row, token] = logits[row, token]
            reached += probabilities[token].item()
            if reached >= p:
                break
    return filtered


def top_p_filter__pairwise(logits, p):
    if p >= 1 or p <= 0:
        raise ValueError("p")
    probabilities = logits.softmax(-1)
    likelier = logits[:, None, :] > logits[:, :, None]  # [b, v, w]: w is likelier than v
    before = (likelier * probabilities[:, None, :]).sum(-1)
    return logits.masked_fill(before >= p, -math.inf)


def position_ids__as_in_the_library(attention_mask):
    return (attention_mask.long().cumsum(-1) - 1).masked_fill(attention_mask == 0, 0)


def position_ids__loops(attention_mask):
    positions = torch.zeros_like(attention_mask)
    for row, mask in enumerate(attention_mask):
        real = mask.nonzero().flatten()
        positions[row, real] = torch.arange(len(real))
    return positions


def position_ids__first_subtracted(attention_mask):
    first = attention_mask.argmax(1, keepdim=True)
    return (torch.arange(attention_mask.shape[1])[None] - first) * attention_mask


def label_scores__by_the_loss(model, prompt, labels):
    scores = []
    for label in labels:
        ids = torch.cat([prompt, torch.tensor(label)[None]], dim=1)
        targets = ids.masked_fill(torch.arange(ids.shape[1])[None] < prompt.shape[1], -100)
        with torch.no_grad():
            scores.append(-model(ids, labels=targets).loss.item() * len(label))
    return scores


def label_scores__token_by_token(model, prompt, labels):
    scores = []
    for label in labels:
        text, score = prompt, 0.0
        for token in label:
            with torch.no_grad():
                score += math.log(model(text).logits[0, -1].double().softmax(-1)[token].item())
            text = torch.cat([text, torch.tensor([[token]])], dim=1)
        scores.append(score)
    return tuple(scores)


def label_scores__one_batch(model, prompt, labels):
    longest, start = max(map(len, labels)), prompt.shape[1]
    rows = [[*prompt[0].tolist(), *label, *[0] * (longest - len(label))] for label in labels]
    with torch.no_grad():
        scores = model(torch.tensor(rows)).logits.log_softmax(-1)
    return [
        sum(scores[row, start + place - 1, token].item() for place, token in enumerate(label))
        for row, label in enumerate(labels)
    ]
