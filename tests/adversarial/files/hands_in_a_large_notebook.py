"""Hands in a notebook of many thousand cells, each of which says much.

From: others, output floods
Earns: all
"""

from nbformat.v4 import new_code_cell, new_markdown_cell


def tamper(folder, nb, course):
    nb.cells[1:1] = [new_code_cell("print('x' * 45_000)", id=f"much-{number}") for number in range(40)]
    nb.cells += [new_markdown_cell("x" * 200, id=f"text-{number}") for number in range(500)]
