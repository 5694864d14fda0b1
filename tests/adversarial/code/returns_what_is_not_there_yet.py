"""Returns what would be computed only by whoever looks at it.

Earns: nothing
"""


def whole_word_groups(word_ids):
    return (group for group in iter(list, None))
