"""The answers that stand in a notebook of the instructor's own, as functions of this process."""

from __future__ import annotations

import linecache
from collections.abc import Callable
from dataclasses import dataclass

from nbformat import NotebookNode

from grader.classroom.lessons import answer_cells
from grader.judge import Exercise


@dataclass(frozen=True)
class Written:
    """The answers of one notebook: their cells' sources and the functions, by exercise, and all names as they stand
    after the setup cells and the answer cells."""

    cells: dict[str, str]
    names: dict

    @property
    def functions(self) -> dict[str, Callable]:
        return {name: self.names[name] for name in self.cells}


def answers(nb: NotebookNode, known: dict[str, Exercise], lesson: str) -> Written:
    """The functions that a notebook's answer cells define, after its cells tagged `setup`; no other cell is run.

    Runs that code with all rights of this process: only for notebooks of the instructor's own.
    """
    cells = answer_cells(nb, known)
    names: dict = {"__name__": f"answers to {lesson}"}
    setup = [cell for cell in nb.cells if "setup" in cell.metadata.get("tags", [])]
    for cell in [*setup, *cells.values()]:
        file = f"<cell {cell.id} of {lesson}>"
        linecache.cache[file] = (len(cell.source), None, cell.source.splitlines(keepends=True), file)
        exec(compile(cell.source, file, "exec"), names)
    return Written({name: cell.source for name, cell in cells.items()}, names)
