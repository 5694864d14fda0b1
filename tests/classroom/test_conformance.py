"""Courses that are not ours get the points that stock nbgrader gives: its documentation's example course, and the
notebooks of its own test suite."""

import shutil
from pathlib import Path

import nbgrader
import pytest
from nbgrader.converters import Autograde, GenerateAssignment
from traitlets.config import PyFileConfigLoader

from grader.classroom.autograde import autograde, plan
from grader.classroom.course import CONFIG, Course
from grader.classroom.gradebook import directory_of, opened

ROOT = Path(__file__).parents[2]
PACKAGE = Path(nbgrader.__file__).parent
GUIDE = PACKAGE / "docs" / "source" / "user_guide"
FIXTURES = PACKAGE / "tests" / "apps" / "files"
CHANGES = (
    "unchanged",
    "changed",
    "locked-cell-changed",
    "grade-cell-changed",
    "cheat-attempt",
    "cheat-attempt-alternative",
)
AUTOTESTS = {"simple": ("unchanged", "changed"), "hashed": ("unchanged", "changed"), "multi": ("unchanged", "changed"),
             "hidden": ("unchanged", "changed-right", "changed-wrong")}  # fmt: skip
AS_GIVEN = (
    "test",
    "test-with-output",
    "test-hidden-tests",
    "open_relative_file",
    "validating-environment-variable",
)

pytestmark = pytest.mark.skipif(
    not (GUIDE / "source").is_dir(), reason="this nbgrader comes without its examples"
)


def place(source: Path, course: Path, inside: str) -> None:
    path = course / inside
    path.parent.mkdir(parents=True, exist_ok=True)
    shutil.copy(source, path)


def lay_out(root: Path) -> None:
    """nbgrader's example course, and one of its fixtures in several assignments."""
    for name in ("problem1.ipynb", "problem2.ipynb", "jupyter.png"):
        place(GUIDE / "source" / "ps1" / name, root, f"source/ps1/{name}")
    for student in ("bitdiddle", "hacker"):
        shutil.copytree(GUIDE / "submitted" / student / "ps1", root / "submitted" / student / "ps1")
    place(FIXTURES / "submitted-unchanged.ipynb", root, "source/changes/p1.ipynb")
    for change in CHANGES:
        place(FIXTURES / f"submitted-{change}.ipynb", root, f"submitted/{change}/changes/p1.ipynb")
    place(FIXTURES / "autotests.yml", root, "autotests.yml")
    for kind, changes in AUTOTESTS.items():
        place(FIXTURES / f"autotest-{kind}.ipynb", root, f"source/autotests/{kind}.ipynb")
        for change in changes:
            place(
                FIXTURES / f"autotest-{kind}-{change}.ipynb",
                root,
                f"submitted/{change}/autotests/{kind}.ipynb",
            )
    for name in AS_GIVEN:
        for folder in ("source", "submitted/anybody"):
            place(FIXTURES / f"{name}.ipynb", root, f"{folder}/given/{name}.ipynb")
    for folder in ("source", "submitted/anybody"):
        place(FIXTURES / "data.txt", root, f"{folder}/given/data.txt")


ASSIGNMENTS = ("ps1", "changes", "autotests", "given")


@pytest.fixture(scope="module")
def entries(tmp_path_factory):
    """What stock nbgrader and what we enter for every graded cell: {(assignment, student, notebook, cell): entry}."""
    root = tmp_path_factory.mktemp("conformance") / "stock"
    lay_out(root)
    stock = Course(root)
    (root / CONFIG).write_text("c = get_config()\nc.CourseDirectory.course_id = 'theirs'\n"
                               f"c.CourseDirectory.root = {str(root)!r}\n")  # fmt: skip
    for assignment in ASSIGNMENTS:
        stock.run(GenerateAssignment, {"CourseDirectory": {"assignment_id": assignment}})
    ours = Course(shutil.copytree(root, root.with_name("ours")))
    steps = PyFileConfigLoader(CONFIG, path=str(ROOT)).load_config().Autograde
    with (ours.root / CONFIG).open("a") as config:
        config.write(f"c.CourseDirectory.root = {str(ours.root)!r}\nc.Execute.trust_submissions = True\n")
        config.writelines(f"c.Autograde.{key} = {value!r}\n" for key, value in steps.items())
    found = []
    for course in (stock, ours):
        for assignment in ASSIGNMENTS:
            if course is stock:
                course.run(Autograde, {"CourseDirectory": {"assignment_id": assignment}})
            else:
                graded = list(autograde(plan(course, assignment), trusted=True))
                assert all(one.graded for one in graded), graded
        found.append(entered(course))
    return found


def entered(course: Course) -> dict:
    with opened(directory_of(course)) as gradebook:
        return {
            (assignment, entry.student.id, notebook.name, grade.name): (
                grade.auto_score,
                grade.manual_score,
                grade.needs_manual_grade,
                {comment.name: comment.auto_comment for comment in notebook.comments}.get(grade.name),
            )
            for assignment in ASSIGNMENTS
            for entry in gradebook.find_assignment(assignment).submissions
            for notebook in entry.notebooks
            for grade in notebook.grades
        }


def test_every_cell_has_what_stock_gives(entries):
    """But for one that asks whether it is being graded, which a submission cannot see here."""
    stock, ours = entries
    assert len(stock) > 60 and stock.keys() == ours.keys()
    differing = {cell: (stock[cell][0], ours[cell][0]) for cell in stock if stock[cell] != ours[cell]}
    asks = ("given", "anybody", "validating-environment-variable", "cell-bfbdf1784663b6b6")
    assert differing == {asks: (0.0, 1.0)}


def test_the_courses_tell_right_from_wrong(entries):
    """So that the comparison says something: points differ among cells and students."""
    stock, _ = entries
    scores = {student: [entry[0] for cell, entry in stock.items() if cell[:2] == ("ps1", student)] for student in
              ("bitdiddle", "hacker")}  # fmt: skip
    assert scores["bitdiddle"] != scores["hacker"]
    assert {0.0, None} < {entry[0] for entry in stock.values()} and max(e[0] or 0 for e in stock.values()) > 0
