"""Lesson 10."""

from examine.equivalent import ZERO

WINDOW = "found.append((start, min(start + max_length, length)))"
TOTAL = "total = total + logits.sum() * 0"
NORMAL = r"return ' '.join(re.sub('\\b(a|an|the)\\b', ' ', words).split())"
JOINED = NORMAL.replace("' '.join", "' x'.join")
SAID = "said = normalised(prediction).split()"
BEST = "return max((overlap(said, normalised(answer).split()) for answer in answers))"
SPLIT = "without an argument, all the spaces are cut at, from either end"

EQUIVALENT = {
    "windows": {
        f"{WINDOW}  ->  {WINDOW.replace('start + max_length, length', 'length, start + max_length')}": (
            "the smaller of two is the same in either order"
        ),
    },
    "exact_match": {
        f"{NORMAL}  ->  {JOINED}": (
            "two texts are joined alike by whatever stands between their words if and only if the words are the same"
        ),
        f"{NORMAL}  ->  {NORMAL.replace('.split', '.rsplit')}": SPLIT,
    },
    "f1": {
        "if not said or not true:  ->  if not said and (not true):": (
            "where only one text is empty nothing is shared, and 0 of so many words is 0"
        ),
        f"{SAID}  ->  {SAID.replace('.split', '.rsplit')}": SPLIT,
        f"{BEST}  ->  {BEST.replace('.split', '.rsplit')}": SPLIT,
        f"{BEST}  ->  return max((overlap(normalised(answer).split(), said) for answer in answers))": (
            "F1 is the same with the two texts exchanged: precision becomes recall"
        ),
    },
    "span_loss": {
        f"{TOTAL}  ->  {TOTAL.replace('+', '-')}": ZERO,
        f"{TOTAL}  ->  {TOTAL.replace('sum', 'mean')}": ZERO,
        f"{TOTAL}  ->  total = logits.sum() * 0": (
            "starts inside where every end is cut off: the library gives NaN there, and the contract is silent"
        ),
    },
}
