"""Grading one submission: a function of what it is given, that tells what it cannot do."""

import pickle

import pytest
from nbgrader.preprocessors import OverwriteCells
from small_class import NOTEBOOK, lose, submissions
from small_course import LESSON, NAMES

from grader.classroom import canonical, exams, execute, grading
from grader.classroom.gradebook import directory_of, opened
from grader.classroom.intake import Submission
from grader.classroom.material import material
from grader.kernel.session import Status


class Silent:
    """A stand-in for `Session` whose cells put out nothing and whose answers are never called."""

    alive, death = True, ""

    def __init__(self, workdir, *, limits, isolated):
        Silent.saw = sorted(path.relative_to(workdir).as_posix() for path in workdir.rglob("*"))
        self.limits = limits

    def __enter__(self):
        return self

    def __exit__(self, *_):
        pass

    def run(self, source, seconds):
        return [], Status.OK

    def answer(self, name, seconds, **terms):
        from grader.judge.calling import Outcome

        return lambda *_: Outcome(unusable="nothing is called here")


@pytest.fixture
def needed(released, monkeypatch):
    monkeypatch.setattr(execute, "Session", Silent)
    directory = directory_of(released)
    with opened(directory) as gradebook:
        made = material(directory, gradebook, released.config(), LESSON, trusted=False)
    return pickle.loads(pickle.dumps(made))  # as it comes to a worker


def hand_in(released, student, **more):
    content = submissions(released)[student]
    text = content if isinstance(content, str) else canonical.text(canonical.canonical(content))
    return Submission(student, LESSON, {NOTEBOOK: text.encode(), "tools.py": b"x = 1", **more})


def test_what_was_prepared_is_not_drawn_again(needed, released, tmp_path):
    exams._exam.cache_clear()
    grading.prepare(needed, str(tmp_path), enough=lambda: True)
    drawn = exams._exam.cache_info().misses
    assert drawn == len(NAMES) and len(list(tmp_path.glob("headway-*"))) == 1
    assert not grading.grade(needed, hand_in(released, "right")).failed
    assert exams._exam.cache_info().misses == drawn and exams._exam.cache_info().hits >= drawn


def test_what_cannot_be_drawn_is_left_to_those_who_need_it(needed, monkeypatch, tmp_path):
    def fail(*_):
        raise ValueError("no such case")

    monkeypatch.setattr(grading, "exam", fail)
    grading.prepare(needed, str(tmp_path), enough=lambda: False)


def test_the_result_is_the_notebook_with_its_verdicts(needed, released):
    result = pickle.loads(pickle.dumps(grading.grade(needed, hand_in(released, "right"))))
    assert (result.failed, result.faults, list(result.notebooks)) == ("", (), [NOTEBOOK])
    assert all(f'aria-label=\\"Verdict on {name}\\"' in result.notebooks[NOTEBOOK] for name in NAMES)
    assert result.seconds > 0 and result.memory > 1 << 20


def test_the_kernel_gets_the_files_of_both_and_no_notebook(needed, released):
    grading.grade(needed, hand_in(released, "right", **{"pictures/mask.png": b"drawn over"}))
    assert Silent.saw == ["pictures", "pictures/mask.png", "tools.py"]


def test_locked_cells_are_the_instructors_again(needed, released):
    submission = hand_in(released, "right")
    changed = submission.files[NOTEBOOK].replace(b"check(mlm_loss)", b"11.0")
    assert changed != submission.files[NOTEBOOK]
    result = grading.grade(needed, Submission("right", LESSON, {NOTEBOOK: changed}))
    assert "check(mlm_loss)" in result.notebooks[NOTEBOOK] and '"11.0"' not in result.notebooks[NOTEBOOK]


@pytest.mark.parametrize("student", ["doubled", "essay"])
def test_what_cannot_be_graded_has_a_reason_and_no_notebook(needed, released, student):
    result = grading.grade(needed, hand_in(released, student))
    assert result.failed and result.notebooks == {}


def test_a_step_that_fails_is_a_reason_too(needed, released, monkeypatch):
    def fail(*_):
        raise RuntimeError("Inconsistent checksums\nfor a cell")

    monkeypatch.setattr(OverwriteCells, "preprocess", fail)
    result = grading.grade(needed, hand_in(released, "right"))
    assert result.failed == "RuntimeError: Inconsistent checksums for a cell"


def test_lost_cells_are_faults_and_the_rest_is_graded(needed, released):
    nb = lose(submissions(released)["right"], "mlm_loss")
    text = canonical.text(canonical.canonical(nb)).encode()
    result = grading.grade(needed, Submission("ada", LESSON, {NOTEBOOK: text}))
    assert not result.failed and "the cell mlm_loss is missing" in result.faults[0]


def test_an_answer_that_asks_the_checker_is_told(needed, released):
    nb = submissions(released)["right"]
    line = "from grader.exercises.masked_lm import _groups_by_definition"
    cell = next(
        cell for cell in nb.cells if cell.metadata.get("nbgrader", {}).get("grade_id") == "whole_word_groups"
    )
    cell.source = line
    text = canonical.text(canonical.canonical(nb)).encode()
    result = grading.grade(needed, Submission("ada", LESSON, {NOTEBOOK: text}))
    assert result.faults == (f"{NOTEBOOK} asks the checker itself: {line}",)


def test_no_notebook_of_the_lesson_is_told_with_what_there_is(needed):
    result = grading.grade(needed, Submission("ada", LESSON, {"My answers.ipynb": b"{}"}))
    assert result.failed == (
        "03_masked_lm.ipynb was not handed in; there is My answers.ipynb: if that is it, give it its old name"
    )
    assert (
        grading.grade(needed, Submission("ada", LESSON, {})).failed == "03_masked_lm.ipynb was not handed in"
    )


@pytest.mark.parametrize(
    "change", [("solution", True), ("grade", False), ("points", 1000), ("locked", False)]
)
def test_metadata_that_was_edited_earns_nothing(needed, released, change):
    """Points come back as the instructor set them, or the submission is stopped with a reason; never more."""
    nb = submissions(released)["untouched"]
    (cell,) = [cell for cell in nb.cells if cell.id == "check-mlm_loss"]
    cell.metadata.nbgrader[change[0]] = change[1]
    text = canonical.text(canonical.canonical(nb)).encode()
    result = grading.grade(needed, Submission("ada", LESSON, {NOTEBOOK: text}))
    assert result.failed or '"points": 1000' not in result.notebooks[NOTEBOOK]
