"""Names a cell with something that is no name.

Earns: nothing
"""


def tamper(folder, nb, course):
    for cell in nb.cells:
        if cell.id == "check-whole_word_groups":
            cell.metadata.nbgrader["grade_id"] = ["check_whole_word_groups"]
