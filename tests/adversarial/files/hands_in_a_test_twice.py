"""Hands in a check twice, once with points beside it.

From: nbgrader, where the whole batch stopped
Earns: not graded: more than one cell named check_whole_word_groups
"""

import copy


def tamper(folder, nb, course):
    (cell,) = [cell for cell in nb.cells if cell.id == "check-whole_word_groups"]
    nb.cells.append(copy.deepcopy(cell))
    nb.cells[-1].update(id="again", source="3.0")
