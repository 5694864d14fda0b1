"""Which cells of a lesson's notebook belong to which exercise."""

from __future__ import annotations

import ast

from nbformat import NotebookNode
from nbgrader.utils import is_grade, is_solution

from grader.judge import Exercise


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
        name = _checked(cell.source)
        if name in found:
            found[name].append(cell)
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
    except SyntaxError:  # a magic, or a draft
        return []


def _defined(source: str) -> list[str]:
    return [
        statement.name
        for statement in _statements(source)
        if isinstance(statement, (ast.FunctionDef, ast.ClassDef))
    ]


def _checked(source: str) -> str:
    match _statements(source)[-1:]:
        case [ast.Expr(ast.Call(ast.Name("check"), [ast.Name(answer)], []))]:
            return answer
        case [ast.Expr(ast.Call(ast.Name("check"), [ast.Name(), ast.Constant(str(name))], []))]:
            return name
    return ""
