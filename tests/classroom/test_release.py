"""Releasing a small course: what is written, what is refused, what drift says."""

import filecmp

import nbformat
import pytest
from small_course import LESSON, PICTURE, lesson_notebook

from grader.classroom import canonical
from grader.classroom.course import CourseError
from grader.classroom.gradebook import scores
from grader.classroom.release import drift, generate, release

NOTEBOOK = f"{LESSON}.ipynb"


def solution(course):
    return course.solutions / LESSON / NOTEBOOK


def edit(path, change):
    nb = canonical.read(path)
    change(nb)
    canonical.write(nb, path)


def test_a_release_holds_stubs_and_no_outputs_in_canonical_form(course):
    written = release(course, [LESSON])
    assert written == [course.notebooks / LESSON, course.notebooks / "00_start_here.ipynb"]
    path = course.notebooks / LESSON / NOTEBOOK
    text = path.read_text()
    assert "SOLUTION" not in text and "cross_entropy" not in text
    assert 'raise NotImplementedError(\\"write your answer here\\")' in text
    assert all(not cell.get("outputs") for cell in canonical.read(path).cells)
    assert text == canonical.text(canonical.read(path))
    page = course.notebooks / "00_start_here.ipynb"
    assert canonical.read(page).cells[0].outputs == []
    assert (course.notebooks / LESSON / "pictures" / "mask.png").read_bytes() == PICTURE
    assert not (course.notebooks / LESSON / "hidden").exists()


def test_nbgraders_own_command_writes_the_same(released):
    ours = released.notebooks.rename(released.root / "ours")
    released.nbgrader("generate_assignment", LESSON)
    assert filecmp.dircmp(ours / LESSON, released.notebooks / LESSON).diff_files == []
    assert (ours / LESSON / NOTEBOOK).read_bytes() == (released.notebooks / LESSON / NOTEBOOK).read_bytes()


def test_the_gradebook_knows_a_released_lesson_and_no_other(course):
    with pytest.raises(CourseError, match="release it first"):
        scores(course, LESSON)
    release(course, [LESSON])
    assert scores(course, LESSON) == {}


def test_a_comparison_writes_nothing(course):
    before = sorted(course.root.rglob("*"))
    assert drift(course, [LESSON]) != []
    after = sorted(path for path in course.root.rglob("*") if path.name != "exchange")
    assert after == [path for path in before if path.name != "exchange"]


def test_nothing_has_drifted_after_a_release(released):
    (released.notebooks / ".ipynb_checkpoints").mkdir()
    (released.notebooks / ".ipynb_checkpoints" / NOTEBOOK).write_text("left by an editor")
    assert drift(released, [LESSON]) == []


def test_drift_names_the_cells(released):

    def change(nb):
        nb.cells[0].source = "# A better title"
        del nb.cells[1]
        nb.cells.append(nbformat.v4.new_markdown_cell("The end", id="end"))

    edit(solution(released), change)
    where = f"notebooks/{LESSON}/{NOTEBOOK}"
    assert drift(released, [LESSON]) == [
        f"{where}: cell end is missing",
        f"{where}: cell setup is not in solutions/",
        f"{where}: cell title differs",
    ]


def test_drift_names_files(released):
    (released.notebooks / LESSON / "pictures" / "mask.png").unlink()
    (released.notebooks / "old").mkdir()
    (released.notebooks / "old" / "notes.txt").write_text("")
    edit(
        released.notebooks / "00_start_here.ipynb",
        lambda nb: nb.cells.reverse() or nb.cells[0].update(source="1"),
    )
    assert drift(released, [LESSON]) == [
        f"notebooks/{LESSON}/pictures/mask.png is missing",
        "notebooks/old/notes.txt has nothing in solutions/ that it comes from",
        "notebooks/00_start_here.ipynb: cell ready differs",
    ]


def test_a_changed_answer_in_solutions_is_no_drift(released):

    def change(nb):
        nb.cells[4].source = nb.cells[4].source.replace("clamp(min=1)", "clamp(1)")

    edit(solution(released), change)
    assert drift(released, [LESSON]) == []


def test_a_lesson_that_cannot_be_released_leaves_the_old_release(released):
    before = (released.notebooks / LESSON / NOTEBOOK).read_bytes()

    def forget_the_end(nb):
        nb.cells[2].source = nb.cells[2].source.replace("### END SOLUTION", "")

    edit(solution(released), forget_the_end)
    with pytest.raises(CourseError, match="03_masked_lm cannot be released: no end solution statement found"):
        release(released, [LESSON])
    assert (released.notebooks / LESSON / NOTEBOOK).read_bytes() == before


def test_answers_written_into_the_release_are_not_thrown_away(released):
    path = released.notebooks / LESSON / NOTEBOOK
    edit(path, lambda nb: nb.cells[2].update(source="def mask_tokens(*arguments):\n    return 1"))
    before = path.read_bytes()
    with pytest.raises(CourseError, match=r"holds answers that somebody wrote there \(mask_tokens\)"):
        release(released, [LESSON])
    assert path.read_bytes() == before
    release(released, [LESSON], force=True)
    assert drift(released, [LESSON]) == []


def test_graded_cells_cannot_change_once_work_was_handed_in(released):
    from nbgrader.api import Gradebook

    with Gradebook(f"sqlite:///{released.root / 'gradebook.db'}", "headway") as gradebook:
        gradebook.add_student("ada")
        gradebook.add_submission(LESSON, "ada")
    canonical.write(lesson_notebook(("mask_tokens", "mlm_loss")), solution(released))
    with pytest.raises(CourseError, match=r"Cannot add or remove cells.*move gradebook\.db away"):
        release(released, [LESSON])


def test_no_notebook_or_two_are_named(course):
    (course.solutions / LESSON / "copy.ipynb").write_bytes(solution(course).read_bytes())
    with pytest.raises(
        CourseError, match=r"should hold one notebook, and holds 2: 03_masked_lm.ipynb, copy.ipynb"
    ):
        course.notebook(LESSON)


def test_a_broken_notebook_is_named(course, tmp_path):
    solution(course).write_text("an essay")
    with pytest.raises(CourseError, match=r"03_masked_lm cannot be released: .*JSON"):
        generate(course, LESSON, tmp_path / "into", record=False)
    (course.solutions / "00_start_here.ipynb").write_text("an essay")
    with pytest.raises(CourseError, match=r"00_start_here\.ipynb is not a notebook"):
        release(course, [])
