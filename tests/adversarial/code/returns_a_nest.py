"""Returns lists in lists, without end and in themselves, and dicts that multiply.

Earns: nothing
"""


def whole_word_groups(word_ids):
    nest = [[0] * 1000] * 1000
    for _ in range(100):
        nest = [nest, nest]
    nest.append(nest)
    return nest
