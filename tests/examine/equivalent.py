"""Mutants of reference answers that keep their points because they are right: by exercise and change, the reason."""

EDGE = "the two differ only for a draw exactly on the edge, which no case has"
PROMOTED = "an integer times a float is a float of the same dtype"

EQUIVALENT: dict[str, dict[str, str]] = {
    "masked_mean": {
        "mask = attention_mask[..., None].to(hidden.dtype)  ->  mask = attention_mask[..., None]": PROMOTED,
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
    "predict": {
        "predictions.extend(model(**batch).logits.argmax(-1).tolist())"
        "  ->  predictions.extend(model(**batch).logits.argmax(-1))": "a number may be a tensor without axes",
    },
    "span_loss": {
        "total = total + logits.sum() * 0  ->  total = total - logits.sum() * 0": "zero may be added or taken away",
        "total = total + logits.sum() * 0  ->  total = total + logits.mean() * 0": "any number times 0 is 0",
        "total = total + logits.sum() * 0  ->  total = logits.sum() * 0": (
            "starts inside where every end is cut off: the library gives NaN there, and the contract is silent"
        ),
    },
    "tags_to_spans": {
        "for place, tag in enumerate([*tags, 'O']):  ->  for place, tag in enumerate([*tags, 'Ox']):": (
            "what is put behind the last tag only has to begin no entity"
        ),
    },
    "looks_ahead": {
        "for i in range(length - 1):  ->  for i in range(length - 0):": "behind the last position nothing can be changed",
        "other[:, i + 1:] = (ids[:, i + 1:] + 1) % model.config.vocab_size"
        "  ->  other[:, i + 1:] = (ids[:, i + 1:] - 1) % model.config.vocab_size": "any other token will do",
        "ahead[i] = (model(other).logits[0, i] - before[i]).abs().max() > 0.0001"
        "  ->  ahead[i] = (model(other).logits[0, i] - before[i]).abs().max() >= 0.0001": EDGE,
    },
}
