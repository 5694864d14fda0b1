import ast

import pytest

from examine.mutants import mutants

SOURCE = '''
LIMIT = 3  # not a function: left alone


def helper(x):
    return x * 2


def best(scores: list, k=1):
    """The 2 best."""
    if len(scores) < k and k:
        raise ValueError(f"fewer than {k}")
    kept = [s for s in scores if s >= 0]
    total = sum(kept[1:k], start=0.5)
    return torch.where(helper(kept) == 1, -total, max(kept, default=True))
'''


@pytest.fixture(scope="module")
def names():
    return [mutant.name for mutant in mutants(SOURCE, "best")]


@pytest.mark.parametrize(
    "change",
    [
        "return x * 2  ->  return x / 2",
        "return x * 2  ->  return x",
        "return x * 2  ->  return x * 3",
        "def best(scores: list, k=1):  ->  def best(scores: list, k=0):",
        "if len(scores) < k and k:  ->  if len(scores) <= k and k:",
        "if len(scores) < k and k:  ->  if len(scores) < k or k:",
        "if len(scores) < k and k:  ->  if not (len(scores) < k and k):",
        "kept = [s for s in scores if s >= 0]  ->  kept = [s for s in scores]",
        "kept = [s for s in scores if s >= 0]  ->  pass",
        "total = sum(kept[1:k], start=0.5)  ->  total = sum(kept[:k], start=0.5)",
        "total = sum(kept[1:k], start=0.5)  ->  total = sum(kept[1:k + 1], start=0.5)",
        "total = sum(kept[1:k], start=0.5)  ->  total = sum(kept[1:k])",
        "total = sum(kept[1:k], start=0.5)  ->  total = kept[1:k]",
        "total = sum(kept[1:k], start=0.5)  ->  total = sum(kept[1:k], start=1.5)",
        "total = sum(kept[1:k], start=0.5)  ->  total = mean(kept[1:k], start=0.5)",
    ],
)
def test_makes_the_change(names, change):
    assert change in names


def test_exchanges_arguments_signs_functions_and_truth(names):
    ends = [name.partition("  ->  ")[2] for name in names]
    line = "return torch.where(helper(kept) == 1, -total, max(kept, default=True))"
    for before, after in (
        ("where(helper(kept) == 1, -total", "where(-total, helper(kept) == 1"),
        ("-total", "total"),
        ("max", "min"),
        ("True", "False"),
        ("==", "!="),
    ):
        assert line.replace(before, after) in ends


def test_leaves_docstrings_annotations_messages_and_the_rest_of_the_cell_alone(names):
    sources = [mutant.source for mutant in mutants(SOURCE, "best")]
    for kept in ("LIMIT = 3", '"""The 2 best."""', "scores: list", "fewer than {k}"):
        assert all(kept in source for source in sources), kept


def test_every_mutant_is_a_program_of_its_own(names):
    sources = [mutant.source for mutant in mutants(SOURCE, "best")]
    assert len(set(sources)) == len(sources) > 40
    assert ast.unparse(ast.parse(SOURCE)) not in sources


def test_a_cell_without_the_function_is_an_error():
    with pytest.raises(ValueError, match="no function worst"):
        list(mutants(SOURCE, "worst"))
