"""Lesson 02."""

from examine.equivalent import PROMOTED

EQUIVALENT = {
    "masked_mean": {
        "mask = attention_mask[..., None].to(hidden.dtype)  ->  mask = attention_mask[..., None]": PROMOTED,
    },
}
