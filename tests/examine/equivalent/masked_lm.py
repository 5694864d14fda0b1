"""Lesson 03."""

from examine.equivalent import EDGE

EQUIVALENT = {
    "mask_tokens": {
        "chosen = (choose < probability) & ~special  ->  chosen = (choose <= probability) & ~special": EDGE,
        "inputs = torch.where(chosen & (action < 0.8), mask_id, ids)"
        "  ->  inputs = torch.where(chosen & (action <= 0.8), mask_id, ids)": EDGE,
        "inputs = torch.where(chosen & (action >= 0.8) & (action < 0.9), random_ids, inputs)"
        "  ->  inputs = torch.where(chosen & (action >= 0.8) & (action <= 0.9), random_ids, inputs)": EDGE,
        "inputs = torch.where(chosen & (action >= 0.8) & (action < 0.9), random_ids, inputs)"
        "  ->  inputs = torch.where(chosen & (action > 0.8) & (action < 0.9), random_ids, inputs)": EDGE,
    },
}
