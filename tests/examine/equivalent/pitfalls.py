"""Lesson 14."""

from examine.equivalent import EDGE, LAST

PROBABILITIES = "probabilities = model(**batch).logits.softmax(-1)"
PADDED = "ids = torch.tensor([[pad_id] * (longest - len(prompt)) + list(prompt) for prompt in prompts])"
LONGER = "ids = torch.cat([ids, logits[:, -1].argmax(-1, keepdim=True)], dim=1)"
POSITIONS = "positions = (mask.cumsum(-1) - 1).clamp(min=0)"
OTHER = "other[:, i + 1:] = (ids[:, i + 1:] + 1) % model.config.vocab_size"
AHEAD = "ahead[i] = (model(other).logits[0, i] - before[i]).abs().max() > 0.0001"
ROW = "there is one text, the first and the last"
NAMES = "return [names[i] for i in logits.argmax(-1).tolist()]"

EQUIVALENT = {
    "classify": {f"{PROBABILITIES}  ->  {PROBABILITIES.replace('-1', '1')}": LAST},
    "generate_batch": {
        f"{PADDED}  ->  {PADDED.replace('list(prompt)', 'prompt')}": "a prompt is a list already",
        f"{LONGER}  ->  {LONGER.replace('argmax(-1', 'argmax(1')}": LAST,
        f"{POSITIONS}  ->  {POSITIONS.replace('cumsum(-1)', 'cumsum(1)')}": LAST,
    },
    "looks_ahead": {
        **{
            f"for i in range(length - 1):  ->  for i in range({end}):": "behind the last position nothing can be changed"
            for end in ("length", "length - 0", "length - 1 + 1")
        },
        **{
            f"{OTHER}  ->  {OTHER.replace('+ 1) %', f'{step}) %')}": "any other token will do"
            for step in ("- 1", "+ 2")
        },
        f"{AHEAD}  ->  {AHEAD.replace('>', '>=')}": EDGE,
        f"{AHEAD}  ->  {AHEAD.replace('0.0001', '0.0002')}": (
            "how far a logit moves depends on which other tokens are tried, so no case comes near the edge"
        ),
        f"{AHEAD}  ->  {AHEAD.replace('[0, i]', '[-1, i]')}": ROW,
        "before = model(ids).logits[0]  ->  before = model(ids).logits[-1]": ROW,
    },
    "named_predictions": {f"{NAMES}  ->  {NAMES.replace('-1', '1')}": LAST},
}
