"""Mutants of reference answers that keep their points because they are right: by exercise and change, the reason."""

EQUIVALENT: dict[str, dict[str, str]] = {}
