"""Gives the checks each other's names, so that the easy one is worth what the hard one is.

Earns: nothing
"""


def tamper(folder, nb, course):
    cells = {cell.id: cell for cell in nb.cells}
    answer, other = cells["whole_word_groups"], cells["masked_lm_quiz"]
    answer.source = other.source + "\n\nwhole_word_groups = masked_lm_quiz"
    one, two = cells["check-whole_word_groups"].metadata, cells["check-masked_lm_quiz"].metadata
    one.nbgrader["grade_id"], two.nbgrader["grade_id"] = two.nbgrader["grade_id"], one.nbgrader["grade_id"]
