"""Lesson 02."""

from examine.equivalent import PROMOTED

ENDS = "for end in range(len(word), start, -1):"
RANKS = "ranks = {tuple(pair): rank for rank, pair in enumerate(merges)}"
ROW = "input_ids[row, start:start + len(sequence)] = torch.tensor(sequence, dtype=torch.int64)"

EQUIVALENT = {
    "word_pieces": {
        f"{ENDS}  ->  {ENDS.replace('len(word)', 'len(word) + 1')}": "a slice beyond the end is the slice up to the end",
        f"{ENDS}  ->  {ENDS.replace('start,', 'start - 1,')}": "no vocabulary holds a piece without a character",
    },
    "byte_pairs": {
        f"{RANKS}  ->  {RANKS.replace('tuple(pair)', 'pair')}": "the merges are tuples already",
    },
    "pad_batch": {
        f"{ROW}  ->  {ROW.replace(', dtype=torch.int64', '')}": "written into an int64 tensor, also an empty row becomes int64",
    },
    "masked_mean": {
        "mask = attention_mask[..., None].to(hidden.dtype)  ->  mask = attention_mask[..., None]": PROMOTED,
    },
}
