"""Headway's checker, as a student meets it: `check` an answer, take a `hint`, see your `progress`."""

from .practice import check, hint, progress

__all__ = ["check", "hint", "progress"]
