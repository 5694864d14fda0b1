"""Writes half characters and null bytes into its answer's cell.

Earns: nothing
"""

from grader.classroom import canonical


def tamper(folder, nb, course):
    (cell,) = [cell for cell in nb.cells if cell.id == "whole_word_groups"]
    cell.source = "here\ndef whole_word_groups(word_ids):\n    return None"
    return canonical.text(canonical.canonical(nb)).replace('"here', r'"print(\"\ud83d\u0000\")')
