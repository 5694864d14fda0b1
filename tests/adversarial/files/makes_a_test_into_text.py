"""Turns a check into text, which nobody runs, beside a wrong answer.

Earns: nothing
"""

from nbformat.v4 import new_markdown_cell


def tamper(folder, nb, course):
    for index, cell in enumerate(nb.cells):
        if cell.id == "whole_word_groups":
            cell.source = "def whole_word_groups(word_ids):\n    return None"
        if cell.id == "check-whole_word_groups":
            nb.cells[index] = new_markdown_cell("3.0", id=cell.id, metadata=cell.metadata)
