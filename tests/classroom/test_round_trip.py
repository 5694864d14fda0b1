"""A lesson's whole way by nbgrader's own commands, exchange and gradebook; only the answers are made up."""

import html
import json
import re
import shutil
import sys

import pytest
from small_course import LESSON, NAMES, make_course

from grader.classroom import canonical
from grader.classroom.autograde import autograde, plan
from grader.classroom.course import CONFIG, Course, CourseError, blank_record
from grader.classroom.gradebook import Score, scores
from grader.classroom.lessons import graded_cells
from grader.classroom.submissions import typical
from grader.exercises import exercises
from grader.judge import judge

NOTEBOOK = f"{LESSON}.ipynb"
EXERCISES = exercises(LESSON)
OUT_OF = {name: EXERCISES[name].points for name in NAMES}

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="nbgrader has no exchange on Windows")


@pytest.fixture(scope="module", autouse=True)
def own_record():
    with blank_record():
        yield


@pytest.fixture(scope="module")
def class_(tmp_path_factory):
    """A course in which three students fetched, worked and handed in; collected, graded, answered."""
    folder = tmp_path_factory.mktemp("class")
    course = make_course(folder / "a course")
    with (course.root / CONFIG).open(
        "a"
    ) as config:  # what is isolated, and whether it can be here, is another test's
        config.write("\nc.Execute.trust_submissions = True\n")
    course.nbgrader("generate_assignment", LESSON)
    course.nbgrader("release_assignment", LESSON)
    solution = canonical.read(course.notebook(LESSON))
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("HEADWAY_EXCHANGE", str(course.root / "exchange"))
        for student in ("right", "misconceived", "untouched"):
            desk = Course(folder / student)
            desk.notebooks.mkdir(parents=True)
            shutil.copy(course.root / CONFIG, desk.root)
            patch.setenv("JUPYTER_DATA_DIR", str(desk.root / "jupyter"))
            desk.nbgrader("fetch_assignment", LESSON)
            mine = desk.notebooks / LESSON / NOTEBOOK
            canonical.write(typical(canonical.read(mine), solution, EXERCISES)[student], mine)
            desk.nbgrader("submit", LESSON, "--student", student)
    course.nbgrader("collect", LESSON)
    course.nbgrader("autograde", LESSON)
    course.nbgrader("generate_feedback", LESSON)
    return course


def points(course, student):
    """A student's points by exercise."""
    exercise_of = graded_cells(canonical.read(course.notebook(LESSON)), EXERCISES)
    return {exercise_of[cell]: score for cell, score in scores(course, LESSON)[student].items()}


def test_right_answers_get_all_points(class_):
    assert points(class_, "right") == {name: Score(out_of, out_of) for name, out_of in OUT_OF.items()}


def test_misconceptions_get_the_points_that_the_checker_gives_them(class_):
    wrong = {name: EXERCISES[name].mistakes[0] for name in NAMES if EXERCISES[name].mistakes}
    assert len(wrong) == 3
    expected = {name: judge(EXERCISES[name], mistake.function).points for name, mistake in wrong.items()}
    assert all(0 < expected[name] < OUT_OF[name] for name in wrong)
    got = points(class_, "misconceived")
    assert {name: got[name].points for name in wrong} == expected
    assert got["masked_lm_quiz"].points == OUT_OF["masked_lm_quiz"]


def test_the_untouched_release_gets_nothing(class_):
    assert points(class_, "untouched") == {name: Score(0, out_of) for name, out_of in OUT_OF.items()}


def page(course, student):
    return (course.root / "feedback" / student / LESSON / f"{LESSON}.html").read_text("utf-8")


def plain(text):
    """What a reader of HTML sees, without its spaces."""
    return "".join(html.unescape(re.sub(r"<[^>]+>", "", text)).split())


def test_the_feedback_page_shows_the_verdicts_table_and_the_misconception(class_):
    text = page(class_, "misconceived")
    mistake = EXERCISES["mask_tokens"].mistakes[0]
    must = EXERCISES["mask_tokens"].musts[0]
    assert 'aria-label="Verdict on mask_tokens"' in text
    assert "<caption" in text and "✗ does not hold" in text and "✓ holds" in text
    for sentence in (mistake.sentence, must.sentence):
        assert plain(sentence.replace("`", "")) in plain(text)
    assert "&lt;table" not in text, "the table must not come out as text"


def test_the_feedback_page_says_well_done_and_nothing_is_written(class_):
    assert page(class_, "right").count("Well done.") == len(NAMES)
    assert page(class_, "untouched").count("Nothing is written here yet.") >= len(NAMES)


def test_feedback_reaches_the_student(class_, monkeypatch):
    class_.nbgrader("release_feedback", LESSON)
    desk = class_.root.parent / "right"
    monkeypatch.setenv("HEADWAY_EXCHANGE", str(class_.root / "exchange"))
    monkeypatch.setenv("JUPYTER_DATA_DIR", str(desk / "jupyter"))
    Course(desk).nbgrader("fetch_feedback", LESSON, "--student", "right")
    (found,) = (desk / "notebooks" / LESSON / "feedback").rglob("*.html")
    assert "Well done." in found.read_text("utf-8")


@pytest.mark.parametrize(
    ("student", "said", "unsaid"),
    [("right", "Success!", "FAILED"), ("misconceived", "VALIDATION FAILED ON 3 CELL(S)", "Success!")],
)
def test_validate_tells_a_student(class_, student, said, unsaid):
    mine = Course(class_.root.parent / student)
    told = mine.nbgrader("validate", str(mine.notebooks / LESSON / NOTEBOOK))
    assert said in told and unsaid not in told


def hand_in(course, student, nb, name=NOTEBOOK):
    folder = course.root / "submitted" / student / LESSON
    folder.mkdir(parents=True)
    (folder / name).write_text(nb if isinstance(nb, str) else canonical.text(nb), "utf-8")


def test_bad_submissions_are_named_and_never_stop_the_others(released):
    course = released
    original = course.notebooks / LESSON / NOTEBOOK
    right = typical(canonical.read(original), canonical.read(course.notebook(LESSON)), EXERCISES)["right"]

    def without(*ids):
        nb = canonical.canonical(right)
        nb.cells = [cell for cell in nb.cells if cell.id not in ids]
        return nb

    doubled = canonical.canonical(right)
    doubled.cells.append(canonical.canonical(right).cells[3])
    doubled.cells[-1].id = "pasted"
    foreign = without(*(f"{prefix}{name}" for prefix in ("", "check-") for name in NAMES))
    hand_in(course, "lost", without("check-mask_tokens", "mlm_loss"))
    hand_in(course, "essay", "Dear teacher, here is my essay.")
    odd = without()
    odd.cells[2].metadata.nbgrader = "mine"
    hand_in(course, "odd", odd)
    hand_in(course, "half", json.dumps(right)[:500])
    hand_in(course, "foreign", foreign)
    hand_in(course, "doubled", doubled)
    hand_in(course, "renamed", right, "My answers.ipynb")
    hand_in(course, "right", right)
    names = ["essay", "half", "foreign", "doubled", "renamed", "odd", "lost", "right"]
    graded = {one.student: one for one in autograde(plan(course, LESSON), trusted=True)}
    assert [name for name in names if graded[name].graded] == ["odd", "lost", "right"]
    said = {name: " ".join(graded[name].faults) for name in names}
    assert said["essay"].startswith("03_masked_lm.ipynb is not a notebook")
    assert "is not a notebook" in said["half"]
    assert "none of this lesson's cells" in said["foreign"]
    assert "more than one cell named check_mask_tokens" in said["doubled"]
    assert "there is My answers.ipynb: if that is it, give it its old name" in said["renamed"]
    assert "the cell check_mask_tokens is missing" in said["lost"]
    assert "the cell mlm_loss is missing" in said["lost"]
    assert "the cell mask_tokens is missing" in said["odd"]
    assert graded["right"].faults == ()
    assert sorted(scores(course, LESSON)) == ["lost", "odd", "right"], (
        "what cannot be graded does not have 0 points"
    )
    assert points(course, "right") == {name: Score(out_of, out_of) for name, out_of in OUT_OF.items()}
    assert {name: score.points for name, score in points(course, "lost").items()} == {
        **OUT_OF,
        "mask_tokens": 0,
        "mlm_loss": 0,
    }


def test_nbgraders_own_command_says_what_is_no_notebook(released):
    hand_in(released, "essay", "Dear teacher, here is my essay.")
    with pytest.raises(CourseError, match=r"failed: 03_masked_lm\.ipynb is not a notebook: "):
        released.nbgrader("autograde", LESSON)
