"""Other right answers to lesson 02, written differently: `<exercise>__<how>`."""

import re
from itertools import pairwise, zip_longest

import numpy as np
import torch
from transformers.tokenization_python import PythonBackend  # here, for a call has little time


def word_pieces__recursive(word, vocab, unknown="[UNK]"):
    def cut(rest, mark):
        if not rest:
            return []
        for end in range(len(rest), 0, -1):
            if mark + rest[:end] in vocab:
                after = cut(rest[end:], "##")
                return None if after is None else [mark + rest[:end], *after]
        return None

    pieces = cut(word, "")
    return [unknown] if pieces is None else pieces


def word_pieces__library(word, vocab, unknown="[UNK]"):
    from tokenizers.models import WordPiece

    entries = {**vocab, unknown: max(vocab.values(), default=0) + 1}
    cut = WordPiece(entries, unk_token=unknown, max_input_chars_per_word=len(word) + 1)
    return tuple(token.value for token in cut.tokenize(word))


def word_pieces__longest_candidate(word, vocab, unknown="[UNK]"):
    pieces, rest = [], word
    while rest:
        mark = "##" if pieces else ""
        fitting = [p for p in vocab if p.startswith(mark) and rest.startswith(p[len(mark) :]) and p != mark]
        if not mark:
            fitting = [p for p in vocab if rest.startswith(p)]
        if not fitting:
            return [unknown]
        pieces.append(max(fitting, key=len))
        rest = rest[len(pieces[-1]) - len(mark) :]
    return pieces


def word_pieces__regular_expression(word, vocab, unknown="[UNK]"):
    def longest(entries):
        return re.compile("|".join(map(re.escape, sorted(entries, key=len, reverse=True))) or r"(?!)")

    first, later = longest(vocab), longest(p[2:] for p in vocab if p.startswith("##") and p != "##")
    pieces, at = [], 0
    while at < len(word):
        found = (later if at else first).match(word, at)
        if not found:
            return [unknown]
        pieces.append(("##" if at else "") + found[0])
        at = found.end()
    return pieces


def byte_pairs__one_pass_over_the_merges(word, merges):
    pieces = list(word)
    for left, right in merges:
        i = 0
        while i < len(pieces) - 1:
            if pieces[i] == left and pieces[i + 1] == right:
                pieces[i : i + 2] = [left + right]
            i += 1
    return pieces


def byte_pairs__one_merge_at_a_time(word, merges):
    ranks = {(a, b): rank for rank, (a, b) in enumerate(merges)}
    pieces = [*word]
    while True:
        known = [(ranks[pair], i) for i, pair in enumerate(pairwise(pieces)) if pair in ranks]
        if not known:
            return tuple(pieces)
        _, i = min(known)
        pieces = [*pieces[:i], pieces[i] + pieces[i + 1], *pieces[i + 2 :]]


def byte_pairs__library(word, merges):
    from tokenizers.models import BPE

    pieces = {*word, *(half for pair in merges for half in pair), *("".join(pair) for pair in merges)}
    model = BPE({piece: i for i, piece in enumerate(sorted(pieces))}, [tuple(pair) for pair in merges])
    return [token.value for token in model.tokenize(word)]


def pair_inputs__parts(first, second, cls_id, sep_id):
    parts = [[cls_id, *first, sep_id], [*second, sep_id]]
    return parts[0] + parts[1], [number for number, part in enumerate(parts) for _ in part]


def pair_inputs__library(first, second, cls_id, sep_id):
    from tokenizers import Tokenizer
    from tokenizers.models import WordLevel
    from tokenizers.pre_tokenizers import WhitespaceSplit
    from tokenizers.processors import BertProcessing

    tokenizer = Tokenizer(WordLevel({str(i): i for i in range(200)}, unk_token="0"))
    tokenizer.pre_tokenizer = WhitespaceSplit()
    tokenizer.post_processor = BertProcessing((str(sep_id), sep_id), (str(cls_id), cls_id))
    encoded = tokenizer.encode(" ".join(map(str, first)), " ".join(map(str, second)))
    return encoded.ids, encoded.type_ids


def pair_inputs__tensors_inside(first, second, cls_id, sep_id):
    ids = torch.tensor([cls_id, *first, sep_id, *second, sep_id])
    segments = (torch.arange(len(ids)) > len(first) + 1).long()
    return ids.tolist(), segments.tolist()


def truncate_pair__library(first, second, max_length):
    """The library's Python tokenizers: they are what the exercise's definition was taken from."""

    class Cutter(PythonBackend):
        def __init__(self):
            self.truncation_side = "right"

        def __getattr__(self, name):
            raise AttributeError(name)

    if max_length < 3:
        raise ValueError("max_length")
    surplus = len(first) + len(second) + 3 - max_length
    kept_first, kept_second, _ = PythonBackend.truncate_sequences(
        Cutter(), list(first), list(second), surplus, "longest_first"
    )
    return kept_first, kept_second


def truncate_pair__arithmetic(first, second, max_length):
    if max_length < 3:
        raise ValueError(f"max_length = {max_length} leaves no room for the special tokens")
    room, a, b = max_length - 3, len(first), len(second)
    if a + b <= room:
        return first, second
    if b <= room // 2:
        return first[: room - b], second
    if a <= (room + 1) // 2:
        return first, second[: room - a]
    return first[: (room + 1) // 2], second[: room // 2]


def truncate_pair__lengths_only(first, second, max_length):
    if max_length <= 2:
        raise ValueError("max_length")
    a, b = len(first), len(second)
    while a + b > max_length - 3:
        a, b = (a - 1, b) if a > b else (a, b - 1)
    return tuple(first[:a]), tuple(second[:b])


def truncate_pair__popping_copies(first, second, max_length):
    if max_length < 3:
        raise ValueError("max_length must be 3 or more")
    texts = [first.copy(), second.copy()]
    for _ in range(len(first) + len(second) + 3 - max_length):
        texts[len(texts[0]) <= len(texts[1])].pop()
    return texts


def pad_batch__pad_sequence(sequences, pad_id, side="right"):
    from torch.nn.utils.rnn import pad_sequence

    if side not in {"left", "right"}:
        raise ValueError("side")
    rows = [torch.tensor(row, dtype=torch.long) for row in sequences]
    return (
        pad_sequence(rows, batch_first=True, padding_value=pad_id, padding_side=side),
        pad_sequence([torch.ones_like(row) for row in rows], batch_first=True, padding_side=side),
    )


def pad_batch__filled_in(sequences, pad_id, side="right"):
    if side != "right" and side != "left":
        raise ValueError(f"no side {side}")
    longest = max(len(row) for row in sequences)
    ids = torch.full((len(sequences), longest), pad_id)
    mask = torch.zeros_like(ids)
    for b, row in enumerate(sequences):
        for i, token in enumerate(row):
            place = i if side == "right" else i + longest - len(row)
            ids[b, place], mask[b, place] = token, 1
    return [ids, mask]


def pad_batch__transposed_by_zip(sequences, pad_id, side="right"):
    if side not in ("right", "left"):
        raise ValueError(side)
    rows = sequences if side == "right" else [row[::-1] for row in sequences]
    columns = torch.tensor(list(zip_longest(*rows, fillvalue=pad_id)))
    marks = torch.tensor(list(zip_longest(*[[1] * len(row) for row in rows], fillvalue=0)))
    return (columns.T, marks.T) if side == "right" else (columns.T.flip(1), marks.T.flip(1))


def pad_batch__by_lengths(sequences, pad_id, side="right"):
    if side not in ("right", "left"):
        raise ValueError(side)
    lengths = np.array([len(row) for row in sequences])
    places = np.arange(lengths.max())
    kept = places < lengths[:, None] if side == "right" else places >= (lengths.max() - lengths)[:, None]
    ids = np.full(kept.shape, pad_id)
    ids[kept] = np.concatenate([np.array(row, dtype=int) for row in sequences])
    return torch.from_numpy(ids), torch.from_numpy(kept.astype(np.int64))


def masked_mean__einsum(hidden, attention_mask):
    mask = attention_mask.to(hidden.dtype)
    return torch.einsum("blh,bl->bh", hidden, mask) / mask.sum(1, keepdim=True).clamp(min=1)


def masked_mean__weights(hidden, attention_mask):
    weights = attention_mask.double() / attention_mask.sum(1, keepdim=True).clamp(min=1)
    return (weights.unsqueeze(1) @ hidden.double()).squeeze(1).to(hidden.dtype)


def masked_mean__small_epsilon(hidden, attention_mask):
    mask = attention_mask.unsqueeze(-1).expand(hidden.size()).float()
    return torch.sum(hidden * mask, 1) / torch.clamp(mask.sum(1), min=1e-9)


def masked_mean__nan_replaced(hidden, attention_mask):
    hidden = hidden.masked_fill(attention_mask.unsqueeze(-1) == 0, float("nan"))
    return hidden.nanmean(dim=1).nan_to_num()


def masked_mean__rows(hidden, attention_mask):
    means = []
    for row, mask in zip(hidden, attention_mask.bool(), strict=True):
        means.append(row[mask].sum(0) / max(1, int(mask.sum())))
    return torch.stack(means)
