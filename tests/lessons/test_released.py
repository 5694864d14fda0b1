"""notebooks/ is what solutions/ gives, and gives nothing away."""

import ast

import pytest
from answers import COURSE, released_answers

from grader.classroom import canonical
from grader.classroom.lessons import answer_cells
from grader.classroom.release import drift
from grader.exercises import exercises

every_lesson = pytest.mark.parametrize("lesson", COURSE.lessons)
RELEASED = sorted(COURSE.notebooks.glob("**/[!.]*.ipynb"))


def test_nothing_has_drifted():
    assert drift(COURSE, COURSE.lessons) == [], "run: make release"


@pytest.mark.parametrize("path", RELEASED, ids=lambda path: path.stem)
def test_a_released_notebook_holds_no_solution_no_hidden_test_and_no_output(path):
    text = path.read_text("utf-8")
    for mark in ("BEGIN SOLUTION", "END SOLUTION", "BEGIN HIDDEN", "END HIDDEN", "MARK SCHEME"):
        assert mark not in text
    for cell in canonical.read(path).cells:
        assert not cell.get("outputs") and not cell.get("execution_count"), cell.id
    assert text == canonical.text(canonical.read(path))


def region(source: str) -> str:
    """What stands between the marks of a solution."""
    lines = source.splitlines()
    first, last = (
        next(i for i, line in enumerate(lines) if mark in line) for mark in ("BEGIN", "END SOLUTION")
    )
    return "\n".join(lines[first + 1 : last])


def squeezed(text: str) -> str:
    return "".join(text.split())


@every_lesson
def test_no_reference_answer_is_given_away(lesson):
    nb = canonical.read(COURSE.notebook(lesson))
    path = COURSE.notebooks / lesson / COURSE.notebook(lesson).name
    released = canonical.read(path)
    everything = squeezed("\n".join(cell.source for cell in released.cells))
    stubs = answer_cells(released, exercises(lesson))
    for name, cell in answer_cells(nb, exercises(lesson)).items():
        answer = region(cell.source)
        assert answer.strip() and squeezed(answer) not in everything, name
        assert not {line.strip() for line in answer.splitlines()} & {
            line.strip() for line in stubs[name].source.splitlines() if line.strip()
        }, name


@every_lesson
def test_every_answer_cell_says_that_it_is_to_be_written(lesson):
    for name, function in released_answers(lesson).items():
        code = ast.parse(answer_source(lesson, name))
        raised = [node for node in ast.walk(code) if isinstance(node, ast.Raise)]
        assert len(raised) == 1 and "write your answer here" in ast.unparse(raised[0]), name
        assert callable(function)


def answer_source(lesson: str, name: str) -> str:
    path = COURSE.notebooks / lesson / COURSE.notebook(lesson).name
    return answer_cells(canonical.read(path), exercises(lesson))[name].source


@every_lesson
def test_nothing_hidden_is_released(lesson):
    released = {path.name for path in (COURSE.notebooks / lesson).rglob("*")}
    hidden = {path.name for path in (COURSE.solutions / lesson / "hidden").rglob("*")}
    assert not released & (hidden | {"hidden"})
