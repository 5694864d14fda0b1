"""Writes half characters into texts, which no file can be written with.

Earns: all
"""

from nbformat.v4 import new_markdown_cell

from grader.classroom import canonical


def tamper(folder, nb, course):
    nb.cells.append(new_markdown_cell("a half", id="half"))
    return canonical.text(canonical.canonical(nb)).replace('"a half"', r'"\ud83d half"')
