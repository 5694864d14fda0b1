"""Other right answers to lesson 10, written differently: `<exercise>__<how>`."""

import re
import string
from collections import Counter

import numpy as np
import torch
import torch.nn.functional as F


def answer_text__names(context, offsets, start, end):
    (first, _), (_, last) = offsets[start], offsets[end]
    return context[first:last]


def answer_text__characters(context, offsets, start, end):
    begin, stop = offsets[start][0], offsets[end][1]
    return "".join(sign for place, sign in enumerate(context) if begin <= place < stop)


def answer_text__min_and_max(context, offsets, start, end):
    places = torch.tensor(offsets[start : end + 1])
    return context[places.min() : places.max()]


def best_span__loops(start_logits, end_logits, context_mask, max_tokens):
    best, found = float("-inf"), None
    for start in range(len(start_logits)):
        for end in range(start, min(start + max_tokens, len(end_logits))):
            if context_mask[start] and context_mask[end]:
                score = start_logits[start] + end_logits[end]
                if score > best:
                    best, found = score, [start, end]
    if found is None:
        raise ValueError("context_mask: no token belongs to the context")
    return found


def best_span__table(start_logits, end_logits, context_mask, max_tokens):
    kept = context_mask.bool()
    if not kept.any():
        raise ValueError("context_mask is 0 everywhere")
    length = len(kept)
    allowed = torch.ones(length, length, dtype=torch.bool).triu().tril(max_tokens - 1)
    allowed &= kept[:, None] & kept[None, :]
    table = (start_logits[:, None] + end_logits[None, :]).masked_fill(~allowed, float("-inf"))
    best = table.argmax()
    return best // length, best % length


def best_span__sorted_ids(start_logits, end_logits, context_mask, max_tokens):
    places = context_mask.nonzero().flatten().tolist()
    pairs = [(s, e) for s in places for e in places if 0 <= e - s <= max_tokens - 1]
    return max(pairs, key=lambda pair: float(start_logits[pair[0]] + end_logits[pair[1]]))


def best_span__numpy_windows(start_logits, end_logits, context_mask, max_tokens):
    places = np.flatnonzero(context_mask.numpy())
    if places.size == 0:
        raise ValueError("no context")
    ends = np.where(context_mask.numpy() == 1, end_logits.double().numpy(), -np.inf)
    best = [ends[s : s + max_tokens].max() + float(start_logits[s]) for s in places]
    start = int(places[int(np.argmax(best))])
    return start, start + int(ends[start : start + max_tokens].argmax())


def best_span__probabilities(start_logits, end_logits, context_mask, max_tokens):
    if context_mask.sum() == 0:
        raise ValueError("no context")
    hidden = context_mask == 0
    starts = start_logits.double().masked_fill(hidden, -torch.inf).softmax(-1)
    ends = end_logits.double().masked_fill(hidden, -torch.inf).softmax(-1)
    table = torch.outer(starts, ends).triu().tril(max_tokens - 1)
    return divmod(int(table.argmax()), len(hidden))


def span_labels__walking(offsets, sequence_ids, answer_start, answer):
    stop = answer_start + len(answer)
    first = sequence_ids.index(1)
    last = first
    while last + 1 < len(sequence_ids) and sequence_ids[last + 1] == 1:
        last += 1
    if offsets[first][0] > answer_start or offsets[last][1] < stop:
        return 0, 0
    start = first
    while offsets[start][1] <= answer_start:
        start += 1
    end = last
    while offsets[end][0] >= stop:
        end -= 1
    return start, end


def span_labels__character_map(offsets, sequence_ids, answer_start, answer):
    token_of = {
        character: place
        for place, ((a, b), kind) in enumerate(zip(offsets, sequence_ids, strict=True))
        if kind == 1
        for character in range(a, b)
    }
    start, end = token_of.get(answer_start), token_of.get(answer_start + len(answer) - 1)
    return [0, 0] if start is None or end is None else [start, end]


def span_labels__tensors(offsets, sequence_ids, answer_start, answer):
    places = torch.tensor(offsets)
    context = torch.tensor([kind == 1 for kind in sequence_ids])
    stop = answer_start + len(answer)
    if places[context][0, 0] > answer_start or places[context][-1, 1] < stop:
        return torch.tensor(0), torch.tensor(0)
    touched = (context & (places[:, 0] < stop) & (places[:, 1] > answer_start)).nonzero().flatten()
    return touched.min(), touched.max()


def span_loss__library(start_logits, end_logits, start_positions, end_positions):
    from transformers.loss.loss_utils import ForQuestionAnsweringLoss

    if min(start_positions.min(), end_positions.min()) >= start_logits.shape[1]:
        return (start_logits + end_logits).sum() * 0
    return ForQuestionAnsweringLoss(start_logits, end_logits, start_positions, end_positions)


def span_loss__picked(start_logits, end_logits, start_positions, end_positions):
    parts = []
    for logits, positions in ((start_logits, start_positions), (end_logits, end_positions)):
        kept = positions < logits.shape[-1]
        picked = logits[kept].log_softmax(-1).gather(1, positions[kept, None])
        parts.append(-picked.sum() / max(int(kept.sum()), 1))
    return torch.stack(parts).mean()


def span_loss__loops(start_logits, end_logits, start_positions, end_positions):
    def side(logits, positions):
        losses = [
            torch.logsumexp(row, 0) - row[place]
            for row, place in zip(logits, positions.tolist(), strict=True)
            if place < len(row)
        ]
        return sum(losses) / len(losses) if losses else logits.mul(0).sum()

    return 0.5 * side(start_logits, start_positions) + 0.5 * side(end_logits, end_positions)


def span_loss__ignore_index(start_logits, end_logits, start_positions, end_positions):
    length = start_logits.size(1)
    total = start_logits.new_zeros((), requires_grad=True)
    for logits, positions in ((start_logits, start_positions), (end_logits, end_positions)):
        labels = torch.where(positions < length, positions, -100)
        total = total + torch.nan_to_num(F.cross_entropy(logits, labels)) / 2
    return total


def windows__steps(length, max_length, stride):
    if stride >= max_length:
        raise ValueError("stride must be below max_length")
    step = max_length - stride
    starts = range(0, max(length - stride, 1), step)
    return [(start, min(start + max_length, length)) for start in starts]


def windows__while_loop(length, max_length, stride):
    if not stride < max_length:
        raise ValueError(f"stride {stride}")
    found = [[0, min(max_length, length)]]
    while found[-1][1] < length:
        start = found[-1][1] - stride
        found.append([start, min(start + max_length, length)])
    return found


def windows__tensors(length, max_length, stride):
    if max_length <= stride:
        raise ValueError("stride")
    count = 1 + max(0, -(-(length - max_length) // (max_length - stride)))
    starts = torch.arange(count) * (max_length - stride)
    return torch.stack([starts, (starts + max_length).clamp(max=length)], dim=1).tolist()


def windows__recursive(length, max_length, stride, begin=0):
    if stride >= max_length:
        raise ValueError("no way forward")
    if begin + max_length >= length:
        return ((begin, length),)
    rest = windows__recursive(length, max_length, stride, begin + max_length - stride)
    return ((begin, begin + max_length), *rest)


def best_answer__sorted(candidates, null_score, threshold=0.0):
    ranked = sorted(candidates, key=lambda row: row["score"], reverse=True)
    if not ranked or null_score > ranked[0]["score"] + threshold:
        return ""
    return ranked[0]["text"]


def best_answer__loop(candidates, null_score, threshold=0.0):
    text, best = "", float("-inf")
    for row in candidates:
        if row["score"] > best:
            text, best = row["text"], row["score"]
    return text if best >= null_score - threshold else ""


def best_answer__as_candidate(candidates, null_score, threshold=0.0):
    rows = [*candidates, {"text": "", "score": null_score - threshold}]
    return max(rows, key=lambda row: row["score"])["text"] if candidates else ""


def _normal(text):
    text = re.sub(f"[{re.escape(string.punctuation)}]", "", text.lower())
    return [word for word in text.split() if word not in {"a", "an", "the"}]


def _squad(text):
    kept = "".join(sign for sign in text.lower() if sign not in set(string.punctuation))
    return " ".join(re.compile(r"\b(a|an|the)\b", re.UNICODE).sub(" ", kept).split())


def exact_match__word_lists(prediction, answers):
    return 1.0 if _normal(prediction) in [_normal(answer) for answer in answers] else 0.0


def exact_match__squad(prediction, answers):
    return max(int(_squad(answer) == _squad(prediction)) for answer in answers)


def exact_match__translate(prediction, answers):
    table = str.maketrans("", "", string.punctuation)

    def normal(text):
        words = text.translate(table).casefold().split()
        return tuple(word for word in words if word not in ("a", "an", "the"))

    return torch.tensor([normal(prediction) == normal(answer) for answer in answers]).any().float()


def f1__counters(prediction, answers):
    best = 0.0
    for answer in answers:
        said, true = _normal(prediction), _normal(answer)
        if not (said and true):
            best = max(best, 1.0 if said == true else 0.0)
            continue
        shared = sum(min(said.count(word), true.count(word)) for word in set(said))
        best = max(best, 2 * shared / (len(said) + len(true)))
    return best


def f1__squad(prediction, answers):
    def score(answer):
        gold, said = _squad(answer).split(), _squad(prediction).split()
        same = sum((Counter(gold) & Counter(said)).values())
        if len(gold) == 0 or len(said) == 0:
            return int(gold == said)
        if same == 0:
            return 0
        precision, recall = 1.0 * same / len(said), 1.0 * same / len(gold)
        return (2 * precision * recall) / (precision + recall)

    return max(map(score, answers))


def f1__crossing_out(prediction, answers):
    scores = []
    for answer in answers:
        said, left = _normal(prediction), _normal(answer)
        total, shared = len(said) + len(left), 0
        for word in said:
            if word in left:
                left.remove(word)
                shared += 1
        scores.append(2 * shared / total if total else 1.0)
    return np.max(scores)
