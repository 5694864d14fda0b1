"""Names its own cell as the check and the check as its answer.

Earns: nothing
"""


def tamper(folder, nb, course):
    cells = {cell.id: cell for cell in nb.cells}
    answer, check = cells["whole_word_groups"], cells["check-whole_word_groups"]
    answer.source = "3.0"
    answer.metadata, check.metadata = check.metadata, answer.metadata
