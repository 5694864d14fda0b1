"""Hands in thousands of empty folders, which no count of files counts.

Earns: not graded: too large
"""


def tamper(folder, nb, course):
    for number in range(2100):
        (folder / "folders" / f"{number}").mkdir(parents=True)
