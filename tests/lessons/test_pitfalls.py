"""Lesson 14: the broken code that it hands out is known to its checker, and earns at most a quarter."""

import ast

import pytest
import torch
from answers import COURSE

from grader.classroom import canonical
from grader.exercises import exercises
from grader.judge import Quiz, judge

LESSON = "14_pitfalls"
BROKEN = [exercise for exercise in exercises(LESSON).values() if not isinstance(exercise, Quiz)]


def handed_out(name):
    """The function `broken_<name>` as it stands in the lesson."""
    for cell in canonical.read(COURSE.notebook(LESSON)).cells:
        if cell.cell_type == "code" and f"def broken_{name}(" in cell.source:
            (definition,) = (
                node
                for node in ast.parse(cell.source).body
                if isinstance(node, ast.FunctionDef) and node.name == f"broken_{name}"
            )
            names = {"torch": torch}
            exec(ast.unparse(definition), names)
            return names[f"broken_{name}"]
    raise LookupError(f"the lesson hands out no broken_{name}")


@pytest.mark.parametrize("exercise", BROKEN, ids=lambda exercise: exercise.name)
def test_the_broken_code_is_recognised_and_earns_at_most_a_quarter(exercise):
    for seed in (0, 1, 2):
        verdict = judge(exercise, handed_out(exercise.name), seed=seed)
        assert verdict.mistake.startswith("as_found"), str(verdict)
        assert verdict.points <= exercise.points / 4, str(verdict)
