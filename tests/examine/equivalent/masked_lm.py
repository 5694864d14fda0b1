"""Lesson 03."""

from examine.equivalent import EDGE, NUMBER, ZERO

EQUIVALENT = {
    "mlm_loss": {
        "return logits.sum() * 0  ->  return logits.mean() * 0": ZERO,
    },
    "pseudo_log_likelihood": {
        "return log_probabilities[rows, places, ids[places]].sum().item()"
        "  ->  return log_probabilities[rows, places, ids[places]].sum()": NUMBER,
    },
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
