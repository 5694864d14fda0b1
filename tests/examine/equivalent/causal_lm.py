"""Lesson 04."""

from examine.equivalent import EDGE, LAST, NUMBER, SWAP, ZERO

REACHED = "reached_before = chances.cumsum(-1) - chances >= p"
LOSSES = "losses = F.cross_entropy(logits[:, :-1].transpose(1, 2), ids[:, 1:], reduction='none')"
LAST_REAL = "last = (attention_mask * positions).argmax(-1)"
NEXT = "return (logits[torch.arange(len(logits)), last] / temperature).softmax(-1)"
TOKEN = "token = model(ids).logits[:, -1].argmax(-1)"
WORST_KEPT = "worst_kept = logits.topk(min(k, logits.shape[-1])).values[:, -1:]"
TOLD = "told_before = model(ids).logits[0, prompt.shape[1] - 1:-1].log_softmax(-1)"

EQUIVALENT = {
    "causal_lm_loss": {
        "return logits.sum() * 0  ->  return logits.mean() * 0": ZERO,
    },
    "perplexity": {
        "return losses[counted].mean().exp().item()  ->  return losses[counted].mean().exp()": NUMBER,
        f"{LOSSES}  ->  {LOSSES.replace('(1, 2)', '(2, 1)')}": SWAP,
    },
    "next_token_probabilities": {
        f"{LAST_REAL}  ->  {LAST_REAL.replace('argmax(-1)', 'argmax(1)')}": LAST,
        f"{NEXT}  ->  {NEXT.replace('softmax(-1)', 'softmax(1)')}": LAST,
    },
    "sample": {
        "return exceeds.int().argmax(-1)  ->  return exceeds.int().argmax(1)": LAST,
        "exceeds = probabilities.cumsum(-1) > draw[:, None]  ->  exceeds = probabilities.cumsum(1) > draw[:, None]": LAST,
    },
    "greedy_generate": {
        "if token.item() == eos_id:  ->  if token == eos_id:": "a tensor of one element compares as its number does",
        f"{TOKEN}  ->  {TOKEN.replace('argmax(-1)', 'argmax(1)')}": LAST,
    },
    "top_k_filter": {
        f"{WORST_KEPT}  ->  {WORST_KEPT.replace('(k, logits.shape[-1])', '(logits.shape[-1], k)')}": (
            "the smaller of two numbers, whichever is named first"
        ),
        f"{WORST_KEPT}  ->  {WORST_KEPT.replace('shape[-1]', 'shape[1]')}": LAST,
    },
    "top_p_filter": {
        f"{REACHED}  ->  {REACHED.replace('>=', '>')}": EDGE,
        f"{REACHED}  ->  {REACHED.replace('cumsum(-1)', 'cumsum(1)')}": LAST,
        "chances = values.softmax(-1)  ->  chances = values.softmax(1)": LAST,
        "return torch.zeros_like(logits).scatter(1, order, values)"
        "  ->  return torch.ones_like(logits).scatter(1, order, values)": "every place is written over",
    },
    "position_ids": {
        "real_before = attention_mask.cumsum(-1) - attention_mask"
        "  ->  real_before = attention_mask.cumsum(1) - attention_mask": LAST,
    },
    "label_scores": {
        f"{TOLD}  ->  {TOLD.replace('log_softmax(-1)', 'log_softmax(1)')}": LAST,
        f"{TOLD}  ->  {TOLD.replace('1:-1]', '1:]')}": "the row behind the label's last token is never read",
        f"{TOLD}  ->  {TOLD.replace('logits[0,', 'logits[-1,')}": "a batch of one row: the first is the last",
    },
}
