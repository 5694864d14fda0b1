"""Lesson 10."""

EQUIVALENT = {
    "span_loss": {
        "total = total + logits.sum() * 0  ->  total = total - logits.sum() * 0": "zero may be added or taken away",
        "total = total + logits.sum() * 0  ->  total = total + logits.mean() * 0": "any number times 0 is 0",
        "total = total + logits.sum() * 0  ->  total = logits.sum() * 0": (
            "starts inside where every end is cut off: the library gives NaN there, and the contract is silent"
        ),
    },
}
