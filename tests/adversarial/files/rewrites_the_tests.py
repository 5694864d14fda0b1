"""Writes other cells in the place of the checks: points, another exercise, another answer.

Earns: nothing
"""


def tamper(folder, nb, course):
    for cell in nb.cells:
        if cell.id == "whole_word_groups":
            cell.source = "def whole_word_groups(word_ids):\n    return None"
        if cell.id == "check-whole_word_groups":
            cell.source = "from grader import check\ncheck(masked_lm_quiz)\n3.0"
