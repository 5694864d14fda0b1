"""Which cells of a lesson's notebook belong to which exercise."""

from __future__ import annotations

import ast
from typing import NamedTuple

from nbformat import NotebookNode
from nbgrader.utils import is_grade, is_solution

from grader.judge import Exercise


class Check(NamedTuple):
    """What a check cell asks: which exercise is judged, by which name the kernel knows the answer, and the source
    of what the cell does before."""

    exercise: str
    answer: str
    before: str = ""


def answer_cells(nb: NotebookNode, exercises: dict[str, Exercise]) -> dict[str, NotebookNode]:
    """The cell that a student writes each exercise's answer in: it defines a function of that name."""
    found: dict[str, NotebookNode] = {}
    for cell in _code_cells(nb):
        if is_solution(cell):
            for name in _defined(cell.source):
                if name in exercises:
                    found.setdefault(name, cell)
    return found


def check_cells(nb: NotebookNode, exercises: dict[str, Exercise]) -> dict[str, list[NotebookNode]]:
    """The cells that end in `check(<exercise>)`, of each exercise; graded or not."""
    found: dict[str, list[NotebookNode]] = {name: [] for name in exercises}
    for cell in _code_cells(nb):
        asked = check_of(cell.source)
        if asked and asked.exercise in found:
            found[asked.exercise].append(cell)
    return found


def graded_cells(nb: NotebookNode, exercises: dict[str, Exercise]) -> dict[str, str]:
    """The exercise that each graded check cell is about, by the cell's nbgrader name."""
    return {
        cell.metadata.nbgrader.grade_id: name
        for name, cells in check_cells(nb, exercises).items()
        for cell in cells
        if is_grade(cell)
    }


def _code_cells(nb: NotebookNode) -> list[NotebookNode]:
    return [cell for cell in nb.cells if cell.cell_type == "code"]


def _statements(source: str) -> list[ast.stmt]:
    try:
        return ast.parse(source).body
    except (
        SyntaxError,
        ValueError,
        RecursionError,
        MemoryError,
    ):  # a magic, a draft, or what nobody can read
        return []


def _defined(source: str) -> list[str]:
    return [
        statement.name
        for statement in _statements(source)
        if isinstance(statement, (ast.FunctionDef, ast.ClassDef))
    ]


def check_of(source: str) -> Check | None:
    """What a cell asks that ends in `check(answer)` or `check(answer, "exercise")`; None for any other."""
    match statements := _statements(source):
        case [*_, ast.Expr(ast.Call(ast.Name("check"), [ast.Name(answer)], []))]:
            exercise = answer
        case [*_, ast.Expr(ast.Call(ast.Name("check"), [ast.Name(answer), ast.Constant(str(exercise))], []))]:
            pass
        case _:
            return None
    before = "\n".join(map(ast.unparse, statements[:-1]))
    return Check(exercise, answer, before)
