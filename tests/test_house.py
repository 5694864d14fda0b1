"""What stands where, and who may use whom; and that students get their edition and nothing more."""

import ast
import json
import os
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest
from small_course import LESSON, ROOT

from grader.classroom import canonical
from grader.classroom.bundle import FILES, bundle
from grader.classroom.submissions import answered, reference_answers
from grader.exercises import exercises

PACKAGE = ROOT / "grader"
FLOORS = {"lab": 1, "judge": 1, "exercises": 2, "practice": 2, "kernel": 3, "classroom": 4, "cli": 5}
FACE = PACKAGE / "__init__.py"
MODULES = sorted(path for path in PACKAGE.rglob("*.py") if path != FACE)
WORKSHOP = {
    "nbformat",
    "nbclient",
    "nbconvert",
    "nbgrader",
    "jupyter_client",
    "IPython",
    "multiprocessing",
    "subprocess",
}


def room(path: Path) -> str:
    return path.relative_to(PACKAGE).parts[0].removesuffix(".py")


def imports(path: Path) -> set[str]:
    """The full names of all modules, and of what is taken from them, that a file imports anywhere."""
    package = list(path.relative_to(ROOT).parent.parts)
    found = set()
    for node in ast.walk(ast.parse(path.read_text("utf-8"))):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            up = package[: len(package) - node.level + 1] if node.level else []
            origin = ".".join([*up, *([node.module] if node.module else [])])
            found |= {f"{origin}.{alias.name}" for alias in node.names}
    return found


def rooms_used(path: Path) -> set[str]:
    return {name.split(".")[1] for name in imports(path) if name.startswith("grader.")}


def name(path: Path) -> str:
    return path.relative_to(ROOT).as_posix()


@pytest.mark.parametrize("path", MODULES, ids=name)
def test_a_room_uses_only_its_own_floor_and_those_below(path):
    assert room(path) in FLOORS, "a new room: say in FLOORS which floor it is on"
    above = {used for used in rooms_used(path) if FLOORS.get(used, 6) > FLOORS[room(path)]}
    assert not above


def test_the_face_hands_on_what_students_use():
    assert rooms_used(FACE) == set(), "it loads nothing before it is asked"
    import grader
    from grader import practice

    assert grader.__all__ == ["check", "hint", "progress"] and {*grader.__all__} <= {*dir(grader)}
    assert all(getattr(grader, name) is getattr(practice, name) for name in grader.__all__)
    with pytest.raises(AttributeError, match="no attribute 'grade'"):
        grader.grade  # noqa: B018


def test_who_does_not_judge_does_not_wait_for_torch():
    code = "import sys, grader.cli, grader.kernel.warm; assert 'torch' not in sys.modules, 'torch was imported'"
    subprocess.run([sys.executable, "-c", code], check=True)


@pytest.mark.parametrize("path", [path for path in MODULES if room(path) in ("judge", "exercises")], ids=name)
def test_judging_knows_nothing_of_notebooks_or_processes(path):
    assert not {imported.split(".")[0] for imported in imports(path)} & WORKSHOP


def test_the_verbs_load_what_students_lack_only_when_they_run():
    top = [
        node
        for node in ast.parse((PACKAGE / "cli.py").read_text("utf-8")).body
        if isinstance(node, (ast.Import, ast.ImportFrom))
    ]
    assert not [node for node in top if isinstance(node, ast.ImportFrom) and node.module.startswith("grader")]


# ------------------------------------------------------------------------------- the students' edition


@pytest.fixture(scope="module")
def edition(tmp_path_factory, _released):
    """The students' edition, unpacked: the real package, data and settings, with the small lesson."""
    folder = tmp_path_factory.mktemp("bundle")
    course = type(_released)(folder / "a course")
    course.root.mkdir()
    for inside in ("solutions", "notebooks", "nbgrader_config.py"):
        (course.root / inside).symlink_to(_released.root / inside)
    for inside in (*FILES, "grader", "data"):
        if inside != "nbgrader_config.py":
            (course.root / inside).symlink_to(ROOT / inside)
    with zipfile.ZipFile(bundle(course, folder / "students.zip")) as archive:
        archive.extractall(folder / "at home")
    return folder / "at home" / "headway"


def files(edition: Path) -> list[str]:
    return sorted(path.relative_to(edition).as_posix() for path in edition.rglob("*") if path.is_file())


def test_students_get_what_they_work_with(edition):
    top = {path.name for path in edition.iterdir()}
    assert top == {"README.md", "notebooks", "data", "grader", *FILES}
    has = set(files(edition))
    assert {f"notebooks/{LESSON}/{LESSON}.ipynb", "notebooks/00_start_here.ipynb", "grader/cli.py"} <= has
    own = {name(path) for path in [*MODULES, FACE] if room(path) not in ("kernel", "classroom")}
    assert own <= has
    data = {name(path) for path in (ROOT / "data").rglob("*") if path.is_file() and path.name[0] != "."}
    assert {path for path in data if "__pycache__" not in path} <= has


def test_students_get_nothing_of_the_instructors(edition):
    for path in files(edition):
        parts = Path(path).parts
        assert not {"solutions", "hidden", "tests", "__pycache__"} & set(parts), path
        assert parts[:2] not in (("grader", "kernel"), ("grader", "classroom")), path
        assert not path.endswith((".pyc", ".db")), path


def test_no_released_notebook_of_theirs_holds_a_solution_or_an_output(edition):
    for path in edition.rglob("*.ipynb"):
        text = path.read_text("utf-8")
        assert "BEGIN SOLUTION" not in text and "HIDDEN TESTS" not in text
        assert not any(cell.get("outputs") for cell in json.loads(text)["cells"])


def run(edition: Path, *arguments: str) -> subprocess.CompletedProcess:
    """Run Python in the edition, with its own package in place of the one that is installed."""
    scripts = str(Path(sys.executable).parent)
    kept = {
        key: value for key, value in os.environ.items() if key not in ("HEADWAY_DATA", "HEADWAY_EXCHANGE")
    }
    environment = {
        **kept,
        "PYTHONPATH": str(edition),
        "PATH": os.pathsep.join([scripts, os.environ["PATH"]]),
        "JUPYTER_PREFER_ENV_PATH": "1",
    }
    return subprocess.run(
        [sys.executable, *arguments],
        cwd=edition,
        env=environment,
        capture_output=True,
        text=True,
        encoding="utf-8",
    )


def test_check_works_there_and_the_instructors_verbs_say_why_not(edition):
    code = (
        "import grader, grader.lab.course as course\n"
        "def mlm_loss(logits, labels): raise NotImplementedError\n"
        "print(grader.__file__); print(course.data_folder()); print(grader.check(mlm_loss))\n"
    )
    done = run(edition, "-c", code)
    assert (done.returncode, done.stderr) == (0, "")
    package, data, title = done.stdout.splitlines()[:3]
    assert Path(package) == edition / "grader" / "__init__.py" and Path(data) == edition / "data"
    assert title == "mlm_loss: 0 of 3 points"
    done = run(edition, "-m", "grader.cli", "release")
    assert done.returncode == 2 and "belongs to the instructor's edition" in done.stderr


def test_validate_works_there(edition, _released):
    path = edition / "notebooks" / LESSON / f"{LESSON}.ipynb"
    done = run(edition, "-m", "nbgrader", "validate", str(path))
    assert "VALIDATION FAILED ON 4 CELL(S)" in done.stdout, done.stderr
    solution = canonical.read(_released.notebook(LESSON))
    known = exercises(LESSON)
    canonical.write(answered(canonical.read(path), known, reference_answers(solution, known)), path)
    done = run(edition, "-m", "nbgrader", "validate", str(path))
    assert "Success! Your notebook passes all the tests." in done.stdout, done.stderr
