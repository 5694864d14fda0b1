"""Writes cells that take the longer to read the more often they are read: thousands of lines of magics, long sums, nests.

Earns: all
"""

from nbformat.v4 import new_code_cell


def tamper(folder, nb, course):
    sources = ["!true\n" * 3000, "-" * 90_000 + "1", "x = [" + "lambda: " * 3000 + "1]", "\0"]
    nb.cells[1:1] = [new_code_cell(source, id=f"long-{number}") for number, source in enumerate(sources)]
