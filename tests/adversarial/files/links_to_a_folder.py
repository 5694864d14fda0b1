"""Hands in a link to the folder of the solutions.

Earns: not graded: is a link that leads out of the folder
"""


def tamper(folder, nb, course):
    (folder / "data").symlink_to(course.solutions, target_is_directory=True)
