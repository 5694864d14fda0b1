"""Says in the cell's metadata that the checks are worth a hundred times as much, and not locked.

Earns: all
"""


def tamper(folder, nb, course):
    for cell in nb.cells:
        if cell.id.startswith("check-"):
            cell.metadata.nbgrader.update(points=300, locked=False, checksum="0" * 32)
