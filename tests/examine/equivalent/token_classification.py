"""Lesson 09."""

from examine.equivalent import LAST, NUMBER

BEST = "best = logits.argmax(-1).tolist()"
NOTHING_OPEN = "spans, kind, start = ([], None, 0)"
NEVER_READ = "where no entity is open nobody asks where it started"

EQUIVALENT = {
    "word_predictions": {
        f"{BEST}  ->  best = logits.argmax(-1)": NUMBER,
        f"{BEST}  ->  best = logits.argmax(1).tolist()": LAST,
    },
    "tags_to_spans": {
        "for place, tag in enumerate([*tags, 'O']):  ->  for place, tag in enumerate([*tags, 'Ox']):": (
            "what is put behind the last tag only has to begin no entity"
        ),
        f"{NOTHING_OPEN}  ->  spans, kind, start = ([], None, 1)": NEVER_READ,
        f"{NOTHING_OPEN}  ->  spans, kind, start = ([], None, -1)": NEVER_READ,
    },
}
