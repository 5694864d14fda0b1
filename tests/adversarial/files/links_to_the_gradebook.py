"""Hands in a link to the gradebook as a file of its own.

From: nbgrader, a link was followed and copied
Earns: not graded: is a link that leads out of the folder
"""


def tamper(folder, nb, course):
    (folder / "data.txt").symlink_to(course.root / "gradebook.db")
