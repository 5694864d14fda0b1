"""Adds graded cells of its own, worth a hundred points.

Earns: all
"""

from nbformat.v4 import new_code_cell
from small_course import graded


def tamper(folder, nb, course):
    for name in ("mine", "check_mine", "check_whole_word_groups_2"):
        metadata = graded(grade_id=name, grade=True, solution=False, locked=True, points=100)
        nb.cells.append(new_code_cell("100.0", id=name, metadata=metadata))
