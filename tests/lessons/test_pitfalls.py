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


@torch.no_grad()
@pytest.mark.parametrize("seed", [0, 38, 51, 183])
def test_who_looks_ahead_shows_it_whichever_token_comes_next(seed):
    """An answer may put any other token there. As the weights are drawn, attention passed some over (seeds 38, 51, 183)."""
    tried = 0
    for case in exercises(LESSON)["looks_ahead"].cases(seed):
        if case.name not in ("reads_both_sides", "an_open_prefix"):
            continue
        vocab, before = case.model.config.vocab_size, case.model(case.ids).logits[0]
        for place in case.ahead.nonzero().flatten().tolist():
            others = case.ids.repeat(vocab - 1, 1)
            others[:, place + 1] = (case.ids[0, place + 1] + torch.arange(1, vocab)) % vocab
            moved = (case.model(others).logits[:, place] - before[place]).abs().amax(-1)
            assert moved.min() > 1e-2, f"{case}: position {place} moves by {moved.min():.1e}"
            tried += 1
    assert tried >= 8
