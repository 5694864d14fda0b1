"""Returns more than can come back: a large tensor, and one that is large only to whoever copies it.

Earns: nothing
"""

import torch


def whole_word_groups(word_ids):
    return [torch.zeros(1).expand(1 << 40), torch.zeros(1 << 20), "x" * (1 << 20), 1 << 4_000_000]
