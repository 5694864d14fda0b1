"""Writes an answer that breaks whoever reads it for the report on the class.

Earns: nothing
"""


def tamper(folder, nb, course):
    (cell,) = [cell for cell in nb.cells if cell.id == "whole_word_groups"]
    cell.source += "\n\n" + "-" * 90_000 + "1"
