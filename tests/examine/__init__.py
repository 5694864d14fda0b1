"""The checker under examination: `python -m examine` in `tests/`, or `make examine`.

Every exercise's reference answer is changed a little, in all the ways of `mutants`, and each mutant is judged; every
listed mistake is judged and its diagnosis noted; every other right answer is judged over many seeds; and answers of
bad faith (`hostile`) are judged, each followed by a right one. `equivalent` says of each mutant that keeps its points
why it deserves them.
"""
