"""Lesson 09."""

EQUIVALENT = {
    "tags_to_spans": {
        "for place, tag in enumerate([*tags, 'O']):  ->  for place, tag in enumerate([*tags, 'Ox']):": (
            "what is put behind the last tag only has to begin no entity"
        ),
    },
}
