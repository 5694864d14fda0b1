"""Lesson 06."""

from examine.equivalent import SWAP

SCORES = "scores = q @ k.transpose(-2, -1) / math.sqrt(q.shape[-1])"
SPLIT = "return x.view(batch, length, num_heads, hidden // num_heads).transpose(1, 2)"

EQUIVALENT = {
    "attention": {
        f"{SCORES}  ->  {SCORES.replace('(-2, -1)', '(-1, -2)')}": SWAP,
        "weights = weights.masked_fill(~mask.any(-1, keepdim=True), 0.0)  ->  weights = weights.masked_fill(~mask, 0.0)": (
            "a hidden key of a query that has others weighs 0 already"
        ),
    },
    "split_heads": {
        f"{SPLIT}  ->  {SPLIT.replace('(1, 2)', '(2, 1)')}": SWAP,
    },
    "merge_heads": {
        "return x.transpose(1, 2).flatten(2)  ->  return x.transpose(2, 1).flatten(2)": SWAP,
    },
}
