"""Deletes the check of an answer that is wrong.

Earns: nothing
"""


def tamper(folder, nb, course):
    nb.cells = [cell for cell in nb.cells if cell.id != "check-whole_word_groups"]
