"""Mutants of reference answers that keep their points because they are right, and why: one module a lesson, called as
the lesson's module of exercises, each with its `EQUIVALENT` by exercise and change. A lesson without such mutants has none.

A reason says that the change makes no difference, or that the contract leaves open which of the two is right.
"""

from __future__ import annotations

import importlib
import pkgutil

EDGE = "the two differ only for a draw exactly on the edge, which no case has"
LAST = "of so many axes this is the last one by either number"
NUMBER = "a number may be a tensor without axes"
STRICT = "`strict` only guards against unequal lengths, and these are equal"
SWAP = "the same two axes are exchanged, whichever is named first"
ZERO = "any finite number times 0 is 0"
PROMOTED = "an integer times a float is a float of the same dtype"


def equivalent(exercise: str) -> dict[str, str]:
    """By the changes to the reference answer of `exercise` that leave it right, the reason for each."""
    modules = [importlib.import_module(f"{__name__}.{info.name}") for info in pkgutil.iter_modules(__path__)]
    return next((module.EQUIVALENT[exercise] for module in modules if exercise in module.EQUIVALENT), {})
