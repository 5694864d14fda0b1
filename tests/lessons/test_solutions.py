"""What every solution notebook keeps to, so that it can be graded, compared and read."""

import re
from collections import Counter
from pathlib import Path

import pytest
from answers import COURSE, size

from grader.classroom import canonical
from grader.classroom.lessons import answer_cells, check_cells
from grader.exercises import exercises, lessons

NOTEBOOKS = {lesson: COURSE.notebook(lesson) for lesson in COURSE.lessons}
PAGES = [*COURSE.pages, *NOTEBOOKS.values()]
MACHINE = re.compile(
    r"/home/|/Users/|/root/|/tmp/|/var/folders/|site-packages|[A-Z]:\\\\|" + re.escape(str(COURSE.root)) + "/"
)

every_lesson = pytest.mark.parametrize("lesson", NOTEBOOKS)
every_page = pytest.mark.parametrize("path", PAGES, ids=lambda path: path.stem)


def read(lesson):
    return canonical.read(NOTEBOOKS[lesson])


def code_cells(path):
    return [cell for cell in canonical.read(path).cells if cell.cell_type == "code"]


def grading(cell):
    """(grade, solution, locked) of a cell; all False where nbgrader does not know it."""
    known = cell.metadata.get("nbgrader", {})
    return tuple(bool(known.get(key)) for key in ("grade", "solution", "locked"))


def test_there_are_lessons():
    assert "03_masked_lm" in COURSE.lessons


@every_lesson
def test_it_has_its_name_and_its_exercises(lesson):
    assert re.fullmatch(r"\d\d_[a-z0-9_]+", lesson)
    assert lesson in lessons(), "its module in grader/exercises/ is missing"
    assert NOTEBOOKS[lesson].stem == lesson


@every_lesson
def test_every_exercise_has_one_cell_for_its_answer(lesson):
    nb = read(lesson)
    found = answer_cells(nb, exercises(lesson))
    assert set(found) == set(exercises(lesson))
    for name, cell in found.items():
        assert grading(cell) == (False, True, False), name
        assert cell.source.count("### BEGIN SOLUTION") == cell.source.count("### END SOLUTION") == 1, name
    assert len({cell.id for cell in found.values()}) == len(found), "each answer has a cell of its own"


@every_lesson
def test_every_exercise_with_points_has_one_graded_check_of_as_many(lesson):
    found = check_cells(read(lesson), exercises(lesson))
    for name, exercise in exercises(lesson).items():
        if exercise.points:
            (cell,) = found[name]
            assert grading(cell) == (True, False, True), name
            assert cell.metadata.nbgrader.points == exercise.points, name
        else:
            assert found[name], f"{name} is never checked"
            assert all("nbgrader" not in cell.metadata for cell in found[name]), name


@every_lesson
def test_nothing_else_is_graded_and_no_name_is_there_twice(lesson):
    nb = read(lesson)
    checks = {cell.id for cells in check_cells(nb, exercises(lesson)).values() for cell in cells}
    answers = {cell.id for cell in answer_cells(nb, exercises(lesson)).values()}
    known = [cell for cell in nb.cells if "nbgrader" in cell.metadata]
    assert {cell.id for cell in known} <= checks | answers
    names = Counter(cell.metadata.nbgrader.grade_id for cell in known)
    assert [name for name, count in names.items() if count > 1] == []


@every_lesson
def test_its_first_code_cell_sets_up_and_answers_need_nothing_else(lesson):
    first = next(cell for cell in read(lesson).cells if cell.cell_type == "code")
    assert "setup" in first.metadata.get("tags", [])


@every_lesson
def test_the_stored_verdicts_give_full_points(lesson):
    for name, cells in check_cells(read(lesson), exercises(lesson)).items():
        for cell in cells:
            (verdict,) = (output for output in cell.outputs if output.output_type == "execute_result")
            assert "text/html" in verdict.data, name
            assert float(verdict.data["text/plain"]) == exercises(lesson)[name].points, name


@every_page
def test_stored_outputs_hold_no_error_and_nothing_from_stderr(path):
    outputs = [output for cell in code_cells(path) for output in cell.outputs]
    assert outputs, "run it: make rerun"
    assert [output.evalue for output in outputs if output.output_type == "error"] == []
    assert [output.text for output in outputs if output.get("name") == "stderr"] == []


@every_page
def test_no_code_cell_is_longer_than_25_lines(path):
    long = {cell.id: len(cell.source.splitlines()) for cell in code_cells(path)}
    assert {name: lines for name, lines in long.items() if lines > 25} == {}


@every_page
def test_it_is_stored_in_canonical_form(path):
    assert path.read_text("utf-8") == canonical.text(canonical.read(path))


@every_page
def test_it_is_small_and_names_no_folder_of_the_machine_it_was_made_on(path):
    assert size(path) < 3
    assert MACHINE.findall(path.read_text("utf-8")) == []


def test_the_pattern_for_machine_paths_finds_them():
    for text in (
        "/home/ada/x",
        r'"C:\\Users"',
        str(Path(COURSE.root, "data")),
        "/usr/lib/site-packages/torch",
    ):
        assert MACHINE.search(text)
    assert not MACHINE.search("80/10/10 of the tokens, see notebooks/03_masked_lm")
