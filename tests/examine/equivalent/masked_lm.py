"""Lesson 03."""

from examine.equivalent import NUMBER, ZERO

EQUIVALENT = {
    "mlm_loss": {
        "return logits.sum() * 0  ->  return logits.mean() * 0": ZERO,
    },
    "pseudo_log_likelihood": {
        "return log_probabilities[rows, places, ids[places]].sum().item()"
        "  ->  return log_probabilities[rows, places, ids[places]].sum()": NUMBER,
    },
    "mask_tokens": {
        "inputs = torch.where(chosen & (action < 0.8), mask_id, ids)"
        "  ->  inputs = torch.where(chosen & (action <= 0.8), mask_id, ids)": "the next line writes over what lies just at 0.8",
        "inputs = torch.where(chosen & (action >= 0.8) & (action < 0.9), random_ids, inputs)"
        "  ->  inputs = torch.where(chosen & (action >= 0.8) & (action <= 0.9), random_ids, inputs)": (
            "0.9 as float32 lies a little below 0.9: on which side a draw of it falls depends on the precision of the comparison"
        ),
    },
}
