"""nbgrader_config.py as nbgrader reads it, from the course's folder and from others."""

import os
import subprocess
import sys
from pathlib import Path

import nbformat
import pytest
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook
from nbgrader.apps import NbGrader
from traitlets.config.loader import PyFileConfigLoader

ROOT = Path(__file__).parents[1]
CONFIG = "nbgrader_config.py"


def cell(new, source, **grading):
    metadata = {
        "schema_version": 3,
        "locked": False,
        "solution": False,
        "grade": False,
        "task": False,
    } | grading
    return new(source, metadata={"nbgrader": metadata})


@pytest.fixture
def course(tmp_path) -> Path:
    """A course of one small lesson with a hidden folder, in a folder whose name has a space."""
    root = tmp_path / "a course"
    lesson = root / "solutions" / "lesson"
    for folder in ("hidden/deeper", "pictures"):
        (lesson / folder).mkdir(parents=True)
    (root / CONFIG).write_bytes((ROOT / CONFIG).read_bytes())
    for name in ("hidden/answers.json", "hidden/deeper/answers.json", "pictures/mask.svg"):
        (lesson / name).write_text("secret" if "hidden" in name else "drawing")
    solution = "def f():\n    ### BEGIN SOLUTION\n    return 1\n    ### END SOLUTION"
    cells = [
        cell(new_code_cell, solution, solution=True, grade_id="f"),
        cell(new_markdown_cell, "Because.", solution=True, grade=True, points=1, grade_id="why"),
    ]
    metadata = {"kernelspec": {"name": "python3", "display_name": "Python 3", "language": "python"}}
    nbformat.write(new_notebook(cells=cells, metadata=metadata), lesson / "lesson.ipynb")
    (root / "solutions" / "00_start_here.ipynb").write_bytes((lesson / "lesson.ipynb").read_bytes())
    return root


def settings(root: Path):
    return PyFileConfigLoader(CONFIG, path=str(root)).load_config()


def test_release_holds_neither_hidden_files_nor_solutions(course):
    path = os.pathsep.join(
        [str(Path(sys.executable).parent), os.environ["PATH"]]
    )  # nbgrader calls alembic by name
    done = subprocess.run(
        [sys.executable, "-m", "nbgrader", "generate_assignment", "lesson"],
        cwd=course,
        env={**os.environ, "PATH": path, "HOME": str(course), "JUPYTER_CONFIG_DIR": str(course / "none")},
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr
    released = course / "notebooks" / "lesson"
    assert sorted(str(p.relative_to(released)) for p in released.rglob("*") if p.is_file()) == [
        "lesson.ipynb",
        str(Path("pictures/mask.svg")),
    ]
    code, text = nbformat.read(released / "lesson.ipynb", as_version=4).cells
    assert code.source == 'def f():\n    raise NotImplementedError("write your answer here")'
    assert text.source == "*Write your answer here.*"
    assert (course / "gradebook.db").is_file()


def test_the_course_is_found_from_any_folder(course, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    app = NbGrader(config_file=str(course / "nbgrader_config"))
    app.initialize([])
    folder = app.coursedir
    assert (folder.root, folder.course_id) == (str(course), "headway")
    assert (folder.source_directory, folder.release_directory) == ("solutions", "notebooks")
    assert folder.db_url == f"sqlite:///{course / 'gradebook.db'}"
    assert {"hidden", ".ipynb_checkpoints", "*.pyc", "__pycache__"} <= set(folder.ignore)
    NbGrader.clear_instance()


@pytest.mark.skipif(sys.platform == "win32", reason="nbgrader has no exchange on Windows")
def test_the_exchange_is_made_in_the_course(course, monkeypatch):
    monkeypatch.delenv("HEADWAY_EXCHANGE", raising=False)
    assert settings(course).Exchange.root == str(course / "exchange")
    assert (course / "exchange").stat().st_mode & 0o777 == 0o777
    settings(course)


def test_a_shared_exchange_is_one_setting_away(course, tmp_path, monkeypatch):
    monkeypatch.setenv("HEADWAY_EXCHANGE", str(tmp_path / "shared"))
    assert settings(course).Exchange.root == str(tmp_path / "shared")
    assert not (tmp_path / "shared").exists(), "a mistyped or unmounted folder must not be made up"
    assert not (course / "exchange").exists()


def test_students_fetch_into_notebooks_and_instructors_do_not(course):
    assert "assignment_dir" not in settings(course).Exchange
    (course / "solutions").rename(course / "elsewhere")
    assert settings(course).Exchange.assignment_dir == str(course / "notebooks")


def test_a_cell_may_take_two_minutes(course):
    assert settings(course).Execute.timeout == 120
