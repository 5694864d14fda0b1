"""Gives a file a name that looks, in the table of who has what, like a line of the grader's, in colour.

Earns: not graded: is a link that leads out of the folder
"""


def tamper(folder, nb, course):
    (folder / "x\n\x1b[2Jada       11 of 11      1.0\n").symlink_to(course.root / "gradebook.db")
