"""Which cells have to run: the student's and what these need, read off their names."""

import pytest

from grader.classroom.needed import Ask, needed, sources

SHOWN = "picture = draw(model)"


def runs(*cells, changed=()):
    """Which of these cells run, all of them the lesson's own but those numbered in `changed`."""
    texts = [cell for cell in cells if isinstance(cell, str)]
    own = sources([text for text in texts if cells.index(text) not in changed])
    return [number for number, run in enumerate(needed(cells, own)) if run]


def test_what_nothing_needs_does_not_run():
    assert runs("import torch", "def double(x):\n    return 2 * x", SHOWN, Ask("double")) == [1, 3]


def test_what_an_answer_uses_inside_runs_too_and_what_that_uses():
    cells = (
        "import torch",
        "two = torch.tensor(2)",
        "def double(x):\n    return two * x",
        SHOWN,
        Ask("double"),
    )
    assert runs(*cells) == [0, 1, 2, 4]


def test_names_used_anywhere_in_a_function_count():
    answer = "def double(x):\n    def inner():\n        return [two * y for y in [x]]\n    return inner()[0]"
    assert runs("two = 2", "three = 3", answer, Ask("double")) == [0, 2, 3]
    local = "def double(x):\n    two = 2\n    return two * x"
    assert runs("two = 2", local, Ask("double")) == [1, 2]


def test_a_cell_that_may_change_data_which_is_needed_runs():
    cells = ("sizes = []", "sizes.append(2)", "def double(x):\n    return sizes[0] * x", Ask("double"))
    assert runs(*cells) == [0, 1, 2, 3]


def test_a_function_that_changes_such_data_counts_where_it_is_called():
    cells = (
        "sizes = []",
        "def grow():\n    sizes.append(2)",
        "grow()",
        "def double(x):\n    return sizes[0] * x",
        Ask("double"),
    )
    assert runs(*cells) == [0, 1, 2, 3, 4]


def test_modules_and_functions_are_used_without_being_changed():
    assert runs(
        "import torch", "torch.ones(3)", "def double(x):\n    return torch.mul(x, 2)", Ask("double")
    ) == [0, 2, 3]


def test_a_function_may_use_what_is_bound_after_it_but_not_after_the_question():
    answer = "def double(x):\n    return two * x"
    assert runs(answer, "two = 2", Ask("double"), "two = 3") == [0, 1, 2]


def test_a_name_that_a_function_binds_for_all_counts():
    cells = (
        "def set_up():\n    global two\n    two = 2",
        "set_up()",
        "def double(x):\n    return two * x",
        Ask("double"),
    )
    assert runs(*cells) == [0, 1, 2, 3]


def test_what_the_student_wrote_runs_with_all_that_it_needs():
    cells = ("model = build()", SHOWN, "def double(x):\n    return 2 * x", "print(picture)", Ask("double"))
    assert runs(*cells, changed=(3,)) == [0, 1, 2, 3, 4]


def test_only_the_space_around_a_cell_may_differ():
    assert needed(["a = 1\n"], sources(["\na = 1"])) == [False]
    assert needed(["a  = 1"], sources(["a = 1"])) == [True]


@pytest.mark.parametrize(
    "telling",
    [
        "two = globals()['t' + 'wo']",
        "%run helpers.py",
        "import sys\nm = sys.modules['__main__']",
        "x = Out[3]",
        "print(_)",
    ],
)
def test_where_names_cannot_tell_everything_runs(telling):
    cells = ("two = 2", SHOWN, telling, "def double(x):\n    return 2 * x", Ask("double"))
    assert runs(*cells, changed=(2,)) == [0, 1, 2, 3, 4]
    assert runs(*cells) == [3, 4]  # the lesson's own, and not needed


def test_a_star_may_bind_anything():
    assert runs("from helpers import *", "def double(x):\n    return two * x", Ask("double")) == [0, 1, 2]


def test_a_cell_that_is_no_python_runs_where_it_is_the_students():
    assert runs("def double(:", SHOWN, Ask("double"), changed=(0,)) == [0, 2]


def test_what_a_check_cell_does_before_it_asks_is_needed():
    assert runs("two = 2", "def double(x):\n    return x", Ask("double", "double(two)")) == [0, 1, 2]


@pytest.mark.parametrize(
    "written",
    [
        "!true\n" * 3000,
        "-" * 90_000 + "1",
        "lambda: " * 3000 + "1",
        "1;" * 300_000,
        "f = " + "lambda: " * 180 + "1",
    ],
    ids=["magics", "a long sum", "a deep nest", "more than is read", "functions in functions"],
)
def test_what_takes_long_to_read_is_run_and_not_read(written):
    cells = ("two = 2", SHOWN, written, "def double(x):\n    return 2 * x", Ask("double"))
    # How deep a nest its parser and symbol table follow depends on the version of Python, so which of the two comes out
    # does, too: where they give up everything runs, and where they do not, this cell needs nothing. Both grade rightly.
    assert runs(*cells, changed=(2,)) in ([0, 1, 2, 3, 4], [2, 3, 4])
