"""Lesson 14."""

from examine.equivalent import EDGE

EQUIVALENT = {
    "looks_ahead": {
        "for i in range(length - 1):  ->  for i in range(length - 0):": "behind the last position nothing can be changed",
        "other[:, i + 1:] = (ids[:, i + 1:] + 1) % model.config.vocab_size"
        "  ->  other[:, i + 1:] = (ids[:, i + 1:] - 1) % model.config.vocab_size": "any other token will do",
        "ahead[i] = (model(other).logits[0, i] - before[i]).abs().max() > 0.0001"
        "  ->  ahead[i] = (model(other).logits[0, i] - before[i]).abs().max() >= 0.0001": EDGE,
    },
}
