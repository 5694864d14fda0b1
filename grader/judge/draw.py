"""Probe inputs: seeded draws that cannot hide a bug."""

from __future__ import annotations

import hashlib
import random
from collections.abc import Sequence
from pathlib import Path

import torch


def seed_of(*parts: object) -> int:
    """A seed that depends on all of `parts` and on nothing else: the same on every machine and run."""
    digest = hashlib.sha256("/".join(map(str, parts)).encode()).digest()
    return int.from_bytes(digest[:6], "big")


class Draw:
    """Seeded draws for one case.

    `hidden` is the instructor's folder of hidden data for this lesson, or None where a student practises.
    """

    def __init__(self, seed: int, hidden: Path | None = None):
        self.seed = seed
        self.hidden = hidden
        self.random = random.Random(seed)
        self.generator = torch.Generator().manual_seed(seed)

    def sizes(self, count: int, low: int = 2, high: int = 9) -> list[int]:
        """`count` different sizes from `low` to `high`, so that no two axes can be mistaken for each other."""
        return self.random.sample(range(low, high + 1), count)

    def integer(self, low: int, high: int) -> int:
        """An int from `low` to `high`, both included."""
        return self.random.randint(low, high)

    def ids(self, *shape: int, low: int = 0, high: int = 100) -> torch.Tensor:
        """int64, uniform from `low` to `high - 1`."""
        return torch.randint(low, high, shape, generator=self.generator)

    def distinct_ids(self, *shape: int, low: int = 0, high: int = 100) -> torch.Tensor:
        """int64, from `low` to `high - 1`, no id twice."""
        count = int(torch.Size(shape).numel())
        chosen = torch.randperm(high - low, generator=self.generator)[:count] + low
        return chosen.reshape(shape)

    def normal(self, *shape: int, scale: float = 1.0, dtype: torch.dtype = torch.float32) -> torch.Tensor:
        """Normal with standard deviation `scale`."""
        return torch.randn(*shape, generator=self.generator, dtype=dtype) * scale

    def uniform(self, *shape: int, edges: Sequence[float] = ()) -> torch.Tensor:
        """float32 in [0, 1), never within 0.002 of one of `edges`, where rounding would decide."""
        drawn = torch.rand(*shape, generator=self.generator) * 0.99 + 0.004
        for edge in edges:
            near = (drawn - edge).abs() < 0.002
            drawn = torch.where(near, drawn + 0.0045, drawn)
        return drawn

    def lengths(self, batch: int, longest: int, shortest: int = 1) -> list[int]:
        """`batch` lengths from `shortest` to `longest`; one is the longest and at least one is shorter."""
        rest = [self.integer(shortest, max(shortest, longest - 1)) for _ in range(batch - 1)]
        return self.shuffled([longest, *rest])

    def attention_mask(
        self, batch: int, longest: int, side: str = "right", shortest: int = 1
    ) -> torch.Tensor:
        """int64 `(batch, longest)`: 1 for a token, 0 for padding, which stands on `side` ("mixed": either)."""
        mask = torch.zeros(batch, longest, dtype=torch.int64)
        for row, length in enumerate(self.lengths(batch, longest, shortest)):
            left = side == "left" or (side == "mixed" and row % 2 == 0)
            mask[row, longest - length if left else 0 : longest if left else length] = 1
        return mask

    def choice(self, items: Sequence):
        """One of `items`."""
        return items[self.random.randrange(len(items))]

    def shuffled(self, items: Sequence) -> list:
        """`items` in a random order."""
        return self.random.sample(list(items), len(items))
