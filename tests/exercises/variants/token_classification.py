"""Other right answers to lesson 09, written differently: `<exercise>__<how>`."""

import itertools
import re

import numpy as np
import torch


def spans_to_tags__word_by_word(length, spans):
    for kind, start, end in spans:
        if start < 0 or end > length or start >= end:
            raise ValueError(f"spans: {kind} from {start} to {end} is no span of {length} words")
    tags = []
    for word in range(length):
        over = [span for span in spans if span[1] <= word < span[2]]
        if len(over) > 1:
            raise ValueError(f"spans overlap at word {word}")
        tags.append("O" if not over else ("B-" if over[0][1] == word else "I-") + over[0][0])
    return tags


def spans_to_tags__sorted(length, spans):
    tags, at = (), 0
    for kind, start, end in sorted(spans, key=lambda span: span[1]):
        if not at <= start < end <= length:
            raise ValueError("spans must lie in the sentence, have words, and not overlap")
        tags += ("O",) * (start - at) + (f"B-{kind}",) + (f"I-{kind}",) * (end - start - 1)
        at = end
    return tags + ("O",) * (length - at)


def spans_to_tags__numpy_count(length, spans):
    counts = np.zeros(length, dtype=int)
    tags = np.full(length, "O", dtype=object)
    for kind, start, end in spans:
        if start < 0 or start >= end or length < end:
            raise ValueError("spans")
        counts[start:end] += 1
        tags[start:end] = "I-" + kind
        tags[start] = "B-" + kind
    if (counts > 1).any():
        raise ValueError("spans overlap")
    return tags.tolist()


def spans_to_tags__own_error(length, spans):
    class BadSpan(ValueError):
        pass

    for (_, a, b), (_, c, d) in itertools.combinations(spans, 2):
        if max(a, c) < min(b, d):
            raise BadSpan("spans: two of them overlap")
    place = {}
    for kind, start, end in spans:
        if start >= end or start < 0 or end > length:
            raise BadSpan("spans: empty or out of range")
        place |= {word: f"I-{kind}" for word in range(start, end)} | {start: f"B-{kind}"}
    return [place.get(word, "O") for word in range(length)]


def align_labels__seen(word_labels, word_ids):
    seen, labels = set(), []
    for word in word_ids:
        labels.append(-100 if word is None or word in seen else word_labels[word])
        seen.add(word)
    return labels


def align_labels__neighbours(word_labels, word_ids):
    before = [None, *word_ids][:-1]
    return tuple(
        -100 if w is None or w == b else word_labels[w] for b, w in zip(before, word_ids, strict=True)
    )


def align_labels__groupby(word_labels, word_ids):
    labels = []
    for word, group in itertools.groupby(word_ids):
        size = len(list(group))
        labels += [-100] * size if word is None else [word_labels[word]] + [-100] * (size - 1)
    return labels


def align_labels__tensor(word_labels, word_ids):
    ids = torch.tensor([-1 if word is None else word for word in word_ids])
    new = torch.ones(len(ids), dtype=torch.bool)
    new[1:] = ids[1:] != ids[:-1]
    padded = torch.tensor([*word_labels, -100])  # -1 reads the last
    return torch.where(new & (ids >= 0), padded[ids], -100).tolist()


def word_predictions__first_seen(logits, word_ids):
    best, seen, labels = logits.argmax(dim=-1).tolist(), set(), []
    for label, word in zip(best, word_ids, strict=True):
        if word is not None and word not in seen:
            seen.add(word)
            labels.append(label)
    return labels


def word_predictions__tensors(logits, word_ids):
    first = [i for i, w in enumerate(word_ids) if w is not None and (i == 0 or word_ids[i - 1] != w)]
    return [logits[i].softmax(-1).max(dim=-1).indices for i in first]


def word_predictions__numpy(logits, word_ids):
    scores = logits.numpy()
    return [np.argmax(scores[list(word_ids).index(w)]) for w in dict.fromkeys(word_ids) if w is not None]


def word_predictions__by_alignment(logits, word_ids):
    words = [w for w in word_ids if w is not None]
    marks = align_labels__neighbours([1] * (max(words) + 1 if words else 0), word_ids)
    return logits[torch.tensor(marks) == 1].argmax(-1).tolist()


def tags_to_spans__open_entity(tags):
    spans, kind, start = [], None, None
    for at, tag in enumerate(tags):
        if kind is not None and tag != f"I-{kind}":
            spans.append((kind, start, at))
            kind = None
        if kind is None and tag != "O":
            kind, start = tag[2:], at
    if kind is not None:
        spans.append((kind, start, len(tags)))
    return spans


def tags_to_spans__seqeval(tags):
    from seqeval.metrics.sequence_labeling import get_entities

    return [(kind, start, end + 1) for kind, start, end in get_entities(tags)]


def tags_to_spans__growing(tags):
    spans = []
    for at, tag in enumerate(tags):
        if tag == "O":
            continue
        prefix, kind = tag.split("-")
        if prefix == "I" and spans and spans[-1][0] == kind and spans[-1][2] == at:
            spans[-1][2] += 1
        else:
            spans.append([kind, at, at + 1])
    return spans


def tags_to_spans__starts_first(tags):
    def begins(at):
        return tags[at] != "O" and (
            tags[at][0] == "B" or at == 0 or tags[at - 1] == "O" or tags[at - 1][2:] != tags[at][2:]
        )

    spans = []
    for start in filter(begins, range(len(tags))):
        end = start + 1
        while end < len(tags) and tags[end] == "I-" + tags[start][2:]:
            end += 1
        spans.append((tags[start][2:], start, end))
    return tuple(spans)


def tags_to_spans__regular_expression(tags):
    line = "".join(f"<{at}:{tag}>" for at, tag in enumerate(tags))
    spans = []
    for match in re.finditer(r"<(\d+):[BI]-(\w+)>(?:<\d+:I-\2>)*", line):
        start = int(match[1])
        spans.append((match[2], start, start + match[0].count("<")))
    return spans


def entity_scores__sets(true_tags, predicted_tags):
    true, predicted = (
        {(number, *span) for number, tags in enumerate(rows) for span in tags_to_spans__open_entity(tags)}
        for rows in (true_tags, predicted_tags)
    )
    right = len(true & predicted)
    precision = right / len(predicted) if predicted else 0.0
    recall = right / len(true) if true else 0.0
    f1 = 2 * precision * recall / (precision + recall) if precision + recall else 0.0
    return {"precision": precision, "recall": recall, "f1": f1}


def entity_scores__seqeval(true_tags, predicted_tags):
    from seqeval.metrics import f1_score, precision_score, recall_score

    return {
        "f1": f1_score(true_tags, predicted_tags, zero_division=0),
        "recall": recall_score(true_tags, predicted_tags, zero_division=0),
        "precision": precision_score(true_tags, predicted_tags, zero_division=0),
    }


def entity_scores__counters(true_tags, predicted_tags):
    right = wrong = missed = 0
    for true, predicted in zip(true_tags, predicted_tags, strict=True):
        spans, guesses = tags_to_spans__growing(true), tags_to_spans__growing(predicted)
        right += sum(guess in spans for guess in guesses)
        wrong += sum(guess not in spans for guess in guesses)
        missed += sum(span not in guesses for span in spans)
    return {
        "precision": right / max(right + wrong, 1),
        "recall": right / max(right + missed, 1),
        "f1": right / max(right + (wrong + missed) / 2, 0.5),
    }


def entity_scores__tensors(true_tags, predicted_tags):
    counts = torch.zeros(3)
    for true, predicted in zip(true_tags, predicted_tags, strict=True):
        spans, guesses = tags_to_spans__starts_first(true), tags_to_spans__starts_first(predicted)
        counts += torch.tensor([len(set(spans) & set(guesses)), len(guesses), len(spans)])
    right, predicted, true = counts
    return {
        "precision": torch.nan_to_num(right / predicted),
        "recall": torch.nan_to_num(right / true),
        "f1": torch.nan_to_num(2 * right / (predicted + true)),
    }


def entities__from_spans(text, offsets, tags):
    return [
        {
            "entity_group": kind,
            "word": text[offsets[start][0] : offsets[end - 1][1]],
            "start": offsets[start][0],
            "end": offsets[end - 1][1],
        }
        for kind, start, end in tags_to_spans__open_entity(tags)
    ]


def entities__growing(text, offsets, tags):
    found, previous = [], "O"
    for (start, end), tag in zip(offsets, tags, strict=True):
        if tag != "O":
            if tag[0] == "I" and previous[2:] == tag[2:]:
                found[-1]["end"] = end
            else:
                found.append({"start": start, "end": end, "entity_group": tag[2:]})
        previous = tag
    for row in found:
        row["word"] = text[row["start"] : row["end"]]
    return found


def entities__min_and_max(text, offsets, tags):
    rows = []
    for kind, first, last in tags_to_spans__seqeval(tags):
        places = [place for pair in offsets[first:last] for place in pair]
        start, end = min(places), max(places)
        rows.append(dict(entity_group=kind, word="".join(text[start:end]), start=start, end=end))
    return tuple(rows)
