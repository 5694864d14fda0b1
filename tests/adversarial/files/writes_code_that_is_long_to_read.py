"""Writes cells that break or delay whoever reads them before they are run: long sums, nests, magics, null bytes.

Earns: all
"""

from nbformat.v4 import new_code_cell


def tamper(folder, nb, course):
    sources = ["-" * 90_000 + "1", "f = " + "lambda: " * 90 + "1", "!true\n" * 3, "\0"]
    nb.cells[1:1] = [new_code_cell(source, id=f"long-{number}") for number, source in enumerate(sources)]
