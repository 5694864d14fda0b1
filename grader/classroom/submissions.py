"""Made-up submissions: what students of several kinds would hand in, for demonstrations, tests and benchmarks."""

from __future__ import annotations

import ast
import sys
from collections.abc import Mapping
from pathlib import Path

from nbformat import NotebookNode, from_dict

from grader.classroom import canonical
from grader.classroom.lessons import answer_cells
from grader.judge import Exercise
from grader.judge.exercise import Mistake


def answered(
    released: NotebookNode, exercises: dict[str, Exercise], answers: Mapping[str, str]
) -> NotebookNode:
    """A copy of a released notebook with these answers written into their cells.

    `answers` holds source code by the exercise's name. Raises `KeyError` for an exercise without a cell.
    """
    nb = canonical.canonical(released)
    cells = answer_cells(nb, exercises)
    for name, source in answers.items():
        cells[name].source = source
    return nb


def reference_answers(solution: NotebookNode, exercises: dict[str, Exercise]) -> dict[str, str]:
    """The source of every reference answer in a solution notebook, by the exercise's name."""
    return {name: cell.source for name, cell in answer_cells(solution, exercises).items()}


def typical(
    released: NotebookNode, solution: NotebookNode, exercises: dict[str, Exercise]
) -> dict[str, NotebookNode]:
    """Four submissions by the kind of student who would hand them in.

    `right` has every reference answer; `half-right` has those of the first half of the exercises;
    `misconceived` shows in each exercise the first misconception that the exercise lists, and is right where
    it lists none; `untouched` is the release.
    """
    right = reference_answers(solution, exercises)
    half = list(right)[: (len(right) + 1) // 2]
    wrong = {
        name: mistake_source(exercise, exercise.mistakes[0])
        for name, exercise in exercises.items()
        if name in right and exercise.mistakes
    }
    return {
        "right": answered(released, exercises, right),
        "half-right": answered(released, exercises, {name: right[name] for name in half}),
        "misconceived": answered(released, exercises, {**right, **wrong}),
        "untouched": from_dict(released),
    }


def mistake_source(exercise: Exercise, mistake: Mistake) -> str:
    """A misconception's wrong answer as a student would write it: one cell that needs nothing else.

    The function under the exercise's name, after whatever its module defines that it uses. Raises `ValueError`
    for a mistake that is not a function at the top of its module.
    """
    path = Path(sys.modules[mistake.function.__module__].__file__)
    lines = path.read_text("utf-8").splitlines()
    defining: dict[str, ast.stmt] = {}
    for statement in ast.parse("\n".join(lines)).body:
        for name in _names_bound(statement):
            defining.setdefault(name, statement)
    function = defining.get(mistake.name)
    if not isinstance(function, ast.FunctionDef):
        raise ValueError(f"{mistake.name} is not a function at the top of {path.name}")
    needed: dict[int, ast.stmt] = {}
    _collect(function, defining, needed)
    parts = [_source(needed[line], lines) for line in sorted(needed) if needed[line] is not function]
    own = _source(function, lines).replace(f"def {mistake.name}(", f"def {exercise.name}(", 1)
    return "\n\n".join([*parts, own])


def _names_bound(statement: ast.stmt) -> list[str]:
    match statement:
        case ast.FunctionDef(name=name) | ast.ClassDef(name=name):
            return [name]
        case ast.Import(names=aliases) | ast.ImportFrom(names=aliases):
            return [alias.asname or alias.name.partition(".")[0] for alias in aliases]
        case ast.Assign(targets=targets):
            return [node.id for target in targets for node in ast.walk(target) if isinstance(node, ast.Name)]
        case ast.AnnAssign(target=ast.Name(id=name)):
            return [name]
    return []


def _collect(statement: ast.stmt, defining: dict[str, ast.stmt], needed: dict[int, ast.stmt]) -> None:
    """Add `statement` and every statement of its module that it uses to `needed`, by their lines."""
    if statement.lineno in needed:
        return
    needed[statement.lineno] = statement
    body = [*statement.body, statement.args] if isinstance(statement, ast.FunctionDef) else [statement]
    for node in (node for part in body for node in ast.walk(part)):
        if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Load) and node.id in defining:
            _collect(defining[node.id], defining, needed)


def _source(statement: ast.stmt, lines: list[str]) -> str:
    """A statement's source without its decorators."""
    return "\n".join(lines[statement.lineno - 1 : statement.end_lineno])
