"""Says that the checks are worth what is no number.

Earns: not graded: TypeError
"""


def tamper(folder, nb, course):
    for cell in nb.cells:
        if cell.id == "check-whole_word_groups":
            cell.metadata.nbgrader["points"] = [float("inf")]
