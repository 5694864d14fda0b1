"""Lesson 05."""

from examine.equivalent import LAST, SWAP

ONE_ROW = "a batch of one row: the first is the last"
ANOTHER = "any other token of the vocabulary will do"
FAR = "in every case what counts lies far above the threshold, and what does not far below: at it, the token put in would decide"

MOVED = "moved[:, j] = (run(changed) - before).abs().amax(-1) > 1e-06"
CHANGED = "changed[0, j] = (ids[0, j] + 1) % model.config.vocab_size"
OUTPUT = "return output.logits[0] if 'logits' in output else output.last_hidden_state[0]"
SCORES = "scores = q @ k.transpose(-2, -1) / math.sqrt(q.shape[-1])"

EQUIVALENT = {
    "influence": {
        "moved = torch.zeros(length, length, dtype=torch.bool)  ->  moved = torch.ones(length, length, dtype=torch.bool)": (
            "every place is written over"
        ),
        f"{MOVED}  ->  {MOVED.replace('>', '>=')}": FAR,
        f"{MOVED}  ->  {MOVED.replace('1e-06', '2e-06')}": FAR,
        f"{MOVED}  ->  {MOVED.replace('amax(-1)', 'amax(1)')}": LAST,
        f"{CHANGED}  ->  {CHANGED.replace('+ 1', '- 1')}": ANOTHER,
        f"{CHANGED}  ->  {CHANGED.replace('+ 1', '+ 2')}": ANOTHER,
        f"{CHANGED}  ->  {CHANGED.replace('changed[0,', 'changed[-1,')}": ONE_ROW,
        f"{CHANGED}  ->  {CHANGED.replace('ids[0,', 'ids[-1,')}": ONE_ROW,
        f"{OUTPUT}  ->  {OUTPUT.replace('logits[0]', 'logits[-1]')}": ONE_ROW,
        f"{OUTPUT}  ->  {OUTPUT.replace('state[0]', 'state[-1]')}": ONE_ROW,
    },
    "cross_attention": {
        f"{SCORES}  ->  {SCORES.replace('(-2, -1)', '(-1, -2)')}": SWAP,
    },
}
