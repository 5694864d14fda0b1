"""Lesson 01."""

from examine.equivalent import LAST, NUMBER, STRICT

BEST = "scores, places = logits.softmax(dim=-1).max(dim=-1)"
RESULTS = (
    "return [{'label': id2label[place], 'score': score} "
    "for place, score in zip(places.tolist(), scores.tolist(), strict=True)]"
)

EQUIVALENT = {
    "as_pipeline": {
        f"{BEST}  ->  scores, places = logits.softmax(dim=1).max(dim=-1)": LAST,
        f"{BEST}  ->  scores, places = logits.softmax(dim=-1).max(dim=1)": LAST,
        f"{RESULTS}  ->  {RESULTS.replace(', strict=True', '')}": STRICT,
        f"{RESULTS}  ->  {RESULTS.replace('strict=True', 'strict=False')}": STRICT,
        f"{RESULTS}  ->  {RESULTS.replace('scores.tolist()', 'scores')}": NUMBER,
    },
}
