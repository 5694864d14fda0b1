"""Running solution notebooks again: outputs are stored, or the notebook stays as it was."""

import pytest
from nbformat.v4 import new_code_cell, new_notebook
from small_course import LESSON

from grader.classroom import canonical
from grader.classroom import rerun as rerunning
from grader.classroom.course import CourseError
from grader.classroom.rerun import notebooks, rerun


@pytest.fixture
def notebook(tmp_path):
    """A function that writes a notebook of these cells and gives its path."""

    def make(*sources, **metadata):
        path = tmp_path / "a folder" / "note book.ipynb"
        path.parent.mkdir(exist_ok=True)
        cells = [new_code_cell(source, id=f"cell-{i}") for i, source in enumerate(sources)]
        canonical.write(new_notebook(cells=cells), path)
        return path

    return make


def test_outputs_are_stored_in_canonical_form(notebook):
    path = notebook(
        "import ipywidgets, os, pathlib",
        "print(pathlib.Path.cwd().name)",
        "ipywidgets.IntSlider(3)",
        "for i in range(3):\n    print(i, flush=True)",
    )
    rerun(path)
    first = path.read_bytes()
    nb = canonical.read(path)
    assert nb.cells[1].outputs[0].text == "a folder\n"
    assert list(nb.cells[2].outputs[0].data) == ["text/plain"]
    assert [output.text for output in nb.cells[3].outputs] == ["0\n1\n2\n"]
    assert first == canonical.text(nb).encode()
    rerun(path)
    assert path.read_bytes() == first


@pytest.mark.parametrize(
    ("bad", "said"),
    [
        ("1 / 0", "cell cell-1 raised ZeroDivisionError: division by zero"),
        ("import warnings; warnings.warn('careful')", "cell cell-1 writes to stderr.*careful"),
        ("import os; os._exit(1)", "the kernel died in cell cell-1"),
        ("import time; time.sleep(60)", "cell cell-1 was not done after 3 seconds"),
    ],
)
def test_what_goes_wrong_is_named_and_the_notebook_stays(notebook, monkeypatch, bad, said):
    monkeypatch.setattr(rerunning, "SECONDS", 3)
    path = notebook("print('fine')", bad, "print('after')")
    before = path.read_bytes()
    with pytest.raises(CourseError, match=said):
        rerun(path)
    assert path.read_bytes() == before
    assert list(path.parent.iterdir()) == [path]


def test_the_names_of_notebooks(course):
    start = course.solutions / "00_start_here.ipynb"
    lesson = course.solutions / LESSON / f"{LESSON}.ipynb"
    assert notebooks(course, []) == [start, lesson]
    assert notebooks(course, ["03"]) == notebooks(course, ["masked_lm"]) == [lesson]
    assert notebooks(course, ["00_start_here"]) == [start]
    with pytest.raises(CourseError, match=r"there is no lesson '3_masked_ml'.*did you mean 03_masked_lm"):
        notebooks(course, ["3_masked_ml"])
