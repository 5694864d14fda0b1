"""Adds a cell that nbgrader takes for a task of its own, and whose name would be a script on its pages.

Earns: all
"""

from nbformat.v4 import new_markdown_cell
from small_course import graded


def tamper(folder, nb, course):
    name = "'\"><script>won()</script>"
    metadata = graded(grade_id=name, grade=False, solution=False, locked=False, points=9) | {"tags": [name]}
    metadata["nbgrader"]["task"] = True
    nb.cells.append(new_markdown_cell("A task", id="task", metadata=metadata))
