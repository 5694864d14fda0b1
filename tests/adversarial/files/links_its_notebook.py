"""Hands in a link to the reference notebook as its own.

Earns: not graded: is a link that leads out of the folder
"""

from small_class import NOTEBOOK
from small_course import LESSON


def tamper(folder, nb, course):
    (folder / NOTEBOOK).symlink_to(course.notebook(LESSON))
    return False
