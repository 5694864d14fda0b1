"""Adds a locked cell that has a check's name and is not graded, so that the real one is taken for the copy.

Earns: not graded: RuntimeError
"""

from nbformat.v4 import new_code_cell
from small_course import graded


def tamper(folder, nb, course):
    metadata = graded(grade_id="check_whole_word_groups", grade=False, solution=False, locked=True)
    nb.cells.append(new_code_cell("3.0", id="again", metadata=metadata))
