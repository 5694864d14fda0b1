"""Other right answers to lesson 11, written differently: `<exercise>__<how>`."""

import math
from itertools import pairwise

import numpy as np
import torch
import torch.nn.functional as F
from torch import nn


def next_sentence_pairs__loops(documents, coin, other_document, other_sentence):
    pairs, k = [], 0
    for d in range(len(documents)):
        for s in range(len(documents[d]) - 1):
            first, second, label = documents[d][s], documents[d][s + 1], 0
            if coin[k] >= 0.5:
                others = documents[:d] + documents[d + 1 :]
                if len(others) == 0:
                    raise ValueError("documents: a second one is needed")
                document = others[math.floor(other_document[k] * len(others))]
                second, label = document[math.floor(other_sentence[k] * len(document))], 1
            pairs.append((first, second, label))
            k += 1
    return pairs


def next_sentence_pairs__iterators(documents, coin, other_document, other_sentence):
    draws = iter(zip(coin, other_document, other_sentence, strict=True))
    pairs = []
    for document in documents:
        others = [other for other in documents if other is not document]
        for first, follows in pairwise(document):
            c, u, v = next(draws)
            if c < 0.5:
                pairs.append([first, follows, 0])
            elif others:
                drawn = others[int(u * len(others))]
                pairs.append([first, drawn[int(v * len(drawn))], 1])
            else:
                raise ValueError("documents must hold more than one document")
    return tuple(pairs)


def next_sentence_pairs__skips_one_place(documents, coin, other_document, other_sentence):
    places = [(d, s) for d, document in enumerate(documents) for s in range(len(document) - 1)]
    if len(documents) == 1 and any(c >= 0.5 for c in coin[: len(places)]):
        raise ValueError("a single document")
    result = []
    for (d, s), c, u, v in zip(places, coin, other_document, other_sentence, strict=True):
        label = int(not c < 0.5)
        if label:
            number = int(u * (len(documents) - 1))
            chosen = documents[number + (number >= d)]
            second = chosen[int(v * len(chosen))]
        else:
            second = documents[d][s + 1]
        result.append((documents[d][s], second, label))
    return result


def next_sentence_pairs__numpy(documents, coin, other_document, other_sentence):
    counts = [max(len(document) - 1, 0) for document in documents]
    starts = np.concatenate([[0], np.cumsum(counts)]).tolist()
    labels = (np.asarray(coin) >= 0.5).astype(int).tolist()
    pairs = []
    for d, document in enumerate(documents):
        for s in range(counts[d]):
            k = starts[d] + s
            second = document[s + 1]
            if labels[k]:
                others = [documents[i] for i in range(len(documents)) if i != d]
                if not others:
                    raise ValueError("no other document")
                chosen = others[int(np.floor(other_document[k] * len(others)))]
                second = chosen[int(np.floor(other_sentence[k] * len(chosen)))]
            pairs.append((document[s], second, labels[k]))
    return pairs


def choice_inputs__lists(prompt, choices, cls_id, sep_id, pad_id):
    rows, masks, segments = [], [], []
    length = len(prompt) + 3 + max(len(choice) for choice in choices)
    for choice in choices:
        row = [cls_id, *prompt, sep_id, *choice, sep_id]
        padding = length - len(row)
        rows.append(row + [pad_id] * padding)
        masks.append([1] * len(row) + [0] * padding)
        segments.append([0] * (len(prompt) + 2) + [1] * (len(choice) + 1) + [0] * padding)
    return torch.tensor([rows]), torch.tensor([masks]), torch.tensor([segments])


def choice_inputs__positions(prompt, choices, cls_id, sep_id, pad_id):
    texts = [[cls_id, *prompt, sep_id, *choice, sep_id] for choice in choices]
    lengths = torch.tensor([len(text) for text in texts])
    places = torch.arange(int(lengths.max()))
    mask = (places < lengths[:, None]).long()
    segments = mask * (places >= len(prompt) + 2)
    ids = torch.full(mask.shape, pad_id)
    ids[mask.bool()] = torch.tensor([token for text in texts for token in text])
    return ids[None], mask[None], segments[None]


def choice_inputs__pad_sequence(prompt, choices, cls_id, sep_id, pad_id):
    pad = nn.utils.rnn.pad_sequence
    rows = [torch.tensor([cls_id, *prompt, sep_id, *choice, sep_id]) for choice in choices]
    ids = pad(rows, batch_first=True, padding_value=pad_id)
    mask = pad([torch.ones_like(row) for row in rows], batch_first=True)
    segments = torch.zeros_like(ids)
    segments[:, len(prompt) + 2 :] = mask[:, len(prompt) + 2 :]
    return [part.unsqueeze(0) for part in (ids, mask, segments)]


def choice_inputs__numpy(prompt, choices, cls_id, sep_id, pad_id):
    start = len(prompt) + 2
    length = start + 1 + max(map(len, choices))
    ids = np.full((1, len(choices), length), pad_id, dtype=np.int64)
    mask, segments = np.zeros_like(ids), np.zeros_like(ids)
    for c, choice in enumerate(choices):
        end = start + len(choice) + 1
        ids[0, c, :end] = np.array([cls_id, *prompt, sep_id, *choice, sep_id])
        mask[0, c, :end] = 1
        segments[0, c, start:end] = 1
    return torch.from_numpy(ids), torch.from_numpy(mask), torch.from_numpy(segments)


def flatten_choices__reshape(x):
    return x.reshape(-1, x.shape[-1])


def flatten_choices__loops(x):
    return torch.stack([choice for question in x for choice in question])


def flatten_choices__concatenated(x):
    return torch.cat(list(x), dim=0)


def flatten_choices__view(x):
    return x.contiguous().view(x.size(0) * x.size(1), x.size(2))


def group_scores__view(scores, num_choices):
    return scores.view(-1, num_choices)


def group_scores__unflatten(scores, num_choices):
    return scores.squeeze(-1).unflatten(0, (-1, num_choices))


def group_scores__question_by_question(scores, num_choices):
    questions = range(0, len(scores), num_choices)
    return torch.stack([scores[start : start + num_choices, 0] for start in questions])


def group_scores__column_by_column(scores, num_choices):
    return torch.cat([scores[c::num_choices] for c in range(num_choices)], dim=1)


def choice_loss__module(scores, labels):
    return nn.CrossEntropyLoss()(scores, labels)


def choice_loss__log_softmax(scores, labels):
    return -scores.log_softmax(-1)[torch.arange(len(labels)), labels].mean()


def choice_loss__logsumexp(scores, labels):
    chosen = scores.gather(1, labels.unsqueeze(1)).squeeze(1)
    return (torch.logsumexp(scores, dim=1) - chosen).sum() / len(labels)


def choice_loss__one_hot_in_double(scores, labels):
    wide = scores.double()
    return -(F.one_hot(labels, scores.size(1)) * F.log_softmax(wide, dim=1)).sum(1).mean().to(scores.dtype)


def choice_loss__loops(scores, labels):
    losses = [
        -torch.log(torch.exp(row[label]) / torch.exp(row).sum())
        for row, label in zip(scores, labels, strict=True)
    ]
    return torch.stack(losses).mean()
