"""Other right answers to lesson 03, written differently: `<exercise>__<how>`."""

import numpy as np
import torch
import torch.nn.functional as F


def mask_tokens__loops(ids, special, choose, action, random_ids, mask_id, probability=0.15):
    inputs, labels = ids.clone(), torch.full_like(ids, -100)
    for b in range(ids.shape[0]):
        for i in range(ids.shape[1]):
            if special[b, i] or not choose[b, i] < probability:
                continue
            labels[b, i] = ids[b, i]
            if action[b, i] < 0.8:
                inputs[b, i] = mask_id
            elif action[b, i] < 0.9:
                inputs[b, i] = random_ids[b, i]
    return inputs, labels


def mask_tokens__arithmetic(ids, special, choose, action, random_ids, mask_id, probability=0.15):
    chosen = (choose < probability).long() * (1 - special.long())
    masked, random = chosen * (action < 0.8), chosen * ((action >= 0.8) & (action < 0.9))
    inputs = ids * (1 - masked - random) + mask_id * masked + random_ids * random
    return [inputs, ids * chosen - 100 * (1 - chosen)]


def mask_tokens__numpy(ids, special, choose, action, random_ids, mask_id, probability=0.15):
    ids, special, choose, action, random_ids = (x.numpy() for x in (ids, special, choose, action, random_ids))
    chosen = np.logical_and(choose < probability, ~special)
    labels = np.where(chosen, ids, -100)
    inputs = np.select(
        [chosen & (action < 0.8), chosen & (action < 0.9)], [np.full_like(ids, mask_id), random_ids], ids
    )
    return torch.from_numpy(inputs), torch.from_numpy(labels)


def mlm_loss__picked_log_softmax(logits, labels):
    kept = labels != -100
    if not kept.any():
        return logits.new_zeros((), requires_grad=True)
    return -logits[kept].log_softmax(-1).gather(1, labels[kept][:, None]).mean()


def mlm_loss__sum_over_count(logits, labels):
    total = F.cross_entropy(logits.transpose(1, 2), labels, reduction="sum")
    return total / (labels != -100).sum().clamp(min=1)


def mlm_loss__loops_in_double(logits, labels):
    terms = []
    for row, targets in zip(logits.double(), labels.tolist(), strict=True):
        for scores, target in zip(row, targets, strict=True):
            if target >= 0:
                terms.append(torch.logsumexp(scores, 0) - scores[target])
    total = torch.stack(terms).mean() if terms else logits.sum() * 0
    return total.to(logits.dtype)


def fill_masks__sorted(logits, ids, mask_id, k):
    if k < 1 or k > logits.shape[2]:
        raise ValueError("k must lie between 1 and the size of the vocabulary")
    return torch.sort(logits[ids.eq(mask_id)], dim=-1, descending=True).indices[:, 0:k]


def fill_masks__one_by_one(logits, ids, mask_id, k):
    size = logits.size(-1)
    if k not in range(1, size + 1):
        raise ValueError(f"k = {k} is not possible with {size} tokens")
    found = torch.empty((0, k), dtype=torch.long)
    for b, row in enumerate(ids.tolist()):
        for i, token in enumerate(row):
            if token == mask_id:
                order = sorted(range(size), key=lambda v, b=b, i=i: -logits[b, i, v].item())
                found = torch.cat([found, torch.tensor([order[:k]])])
    return found


def fill_masks__probabilities(logits, ids, mask_id, k):
    if not 0 < k <= logits.shape[-1]:
        raise ValueError("k")
    b, i = torch.where(ids == mask_id)
    return logits.double().softmax(-1)[b, i].topk(k, dim=-1)[1]


def whole_word_groups__look_back(word_ids):
    groups = []
    for i, word in enumerate(word_ids):
        if word is None:
            continue
        if i > 0 and word_ids[i - 1] == word:
            groups[-1].append(i)
        else:
            groups.append([i])
    return groups


def whole_word_groups__groupby(word_ids):
    from itertools import groupby

    runs = groupby(enumerate(word_ids), key=lambda pair: pair[1])
    return tuple(tuple(i for i, _ in run) for word, run in runs if word is not None)


def whole_word_groups__split_at_none(word_ids):
    texts, start = [], 0
    for stop in [i for i, word in enumerate(word_ids) if word is None] + [len(word_ids)]:
        texts.append(range(start, stop))
        start = stop + 1
    groups = []
    for text in texts:
        words = {}
        for i in text:
            words.setdefault(word_ids[i], []).append(i)
        groups += words.values()
    return groups


def pseudo_log_likelihood__one_batch(model, ids, special, mask_id):
    places = torch.nonzero(~special).squeeze(1)
    if len(places) == 0:
        return 0.0
    batch = ids.repeat(len(places), 1)
    rows = torch.arange(len(places))
    batch[rows, places] = mask_id
    with torch.no_grad():
        scores = model(input_ids=batch, attention_mask=torch.ones_like(batch)).logits
    return float(scores.log_softmax(-1)[rows, places, ids[places]].sum())


def pseudo_log_likelihood__by_the_loss(model, ids, special, mask_id):
    score = 0.0
    for i in range(len(ids)):
        if special[i]:
            continue
        masked, labels = ids.clone().unsqueeze(0), torch.full((1, len(ids)), -100)
        masked[0, i], labels[0, i] = mask_id, ids[i]
        score -= model(masked, labels=labels).loss.item()
    return score


def pseudo_log_likelihood__in_double(model, ids, special, mask_id):
    import math

    total = 0
    for i, (token, skip) in enumerate(zip(ids.tolist(), special.tolist(), strict=True)):
        if not skip:
            masked = [mask_id if j == i else t for j, t in enumerate(ids.tolist())]
            scores = model(torch.tensor([masked])).logits[0, i].detach().double()
            total += math.log(torch.softmax(scores, 0)[token].item())
    return total
