"""Lesson 07."""

SIGNATURE = "def head_parameters(head, hidden_size, vocab_size=0, num_labels=0):"
UNASKED = "the contract says of no head that needs it what it adds where it is left out"
SCORES = "return F.linear(pooled, weight, bias).reshape(-1, num_choices)"

EQUIVALENT = {
    "choice_head": {
        f"{SCORES}  ->  {SCORES.replace('pooled, weight', 'weight, pooled')}": (
            "one row times many is many rows times one, laid across, and the reshape reads both in the same order"
        ),
    },
    "head_parameters": {
        f"{SIGNATURE}  ->  {SIGNATURE.replace(f'{name}=0', f'{name}={other}')}": UNASKED
        for name in ("vocab_size", "num_labels")
        for other in (1, -1)
    },
}
