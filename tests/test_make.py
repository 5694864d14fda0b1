"""What `make` does, with a Python that only pretends: nothing is installed and nothing is fetched."""

import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from grader.cli import VERBS

ROOT = Path(__file__).parents[1]
TOOLS = ["make", "sh", "awk", "cat", "cksum", "find", "id", "rm"]
FOR_STUDENTS = ["lab", "models", "setup", "clean"]
FOR_INSTRUCTORS = ["test", "examine", "demo", "release", "rerun", "grade", "report", "bench", "bundle"]

pytestmark = pytest.mark.skipif(
    shutil.which("make") is None, reason="make is not installed (Windows has plain commands)"
)

PRETENDER = """#!/bin/sh
# Answers as a Python of another version; `-m` is written down instead of done, and makes an environment of pretenders.
# As the pip of Debian 12, it cannot install without PIP_USE_PEP517.
case "$1" in
-m) echo "$*" >> "$LOG"
    if [ "$2" = venv ]; then
        for folder; do :; done
        rm -rf "$folder"; mkdir -p "$folder/bin"; cp "$0" "$folder/bin/python"
    fi
    if [ "$3" = install ] && { [ -e "$LOG.offline" ] || [ "$PIP_USE_PEP517" != 1 ]; }; then exit 1; fi ;;
*)  while [ "$1" != -c ]; do shift; done
    exec {python} -S -E -c 'import sys; sys.version_info = ({version}, "final", 0); exec(sys.argv[1])' "$2" ;;
esac
"""


class Course:
    """A copy of what `make` reads, in a folder whose name has a space, and a PATH with nothing but what is put there."""

    def __init__(self, folder: Path):
        self.root = folder / "my courses" / "headway"
        self.programs = folder / "programs"
        self.log = folder / "log"
        for directory in (self.root / "solutions" / "03_masked_lm", self.root / "tests", self.programs):
            directory.mkdir(parents=True)
        for name in ("Makefile", "pyproject.toml", "requirements.txt"):
            shutil.copy(ROOT / name, self.root)
        for tool in [*TOOLS, "mkdir", "cp"]:
            (self.programs / tool).symlink_to(shutil.which(tool))
        self.python("python3", "3, 11, 2")

    def python(self, name: str, version: str) -> Path:
        path = self.programs / name
        path.write_text(PRETENDER.replace("{python}", f"'{sys.executable}'").replace("{version}", version))
        path.chmod(0o755)
        return path

    def make(self, *arguments: str, **environment: str) -> subprocess.CompletedProcess:
        """Run make; what it started is in `self.started()`."""
        self.log.write_text("")
        environment = {"PATH": str(self.programs), "LOG": str(self.log), "LC_ALL": "C"} | environment
        return subprocess.run(
            ["make", *arguments], cwd=self.root, env=environment, capture_output=True, text=True, timeout=60
        )

    def started(self) -> list[str]:
        return self.log.read_text().splitlines()


@pytest.fixture
def course(tmp_path) -> Course:
    return Course(tmp_path)


def listed(text: str) -> list[str]:
    return re.findall(r"^  (\w+)\s+\S.*$", text, re.MULTILINE)


def test_make_alone_lists_every_target_with_a_line(course):
    done = course.make()
    assert (done.returncode, done.stderr, course.started()) == (0, "", [])
    assert listed(done.stdout) == FOR_STUDENTS + FOR_INSTRUCTORS
    phony = re.search(r"^\.PHONY: (.*)$", (ROOT / "Makefile").read_text(), re.MULTILINE)[1].split()
    assert sorted(phony) == sorted(["help", *FOR_STUDENTS, *FOR_INSTRUCTORS])


def test_lab_installs_with_the_pins_and_opens_the_start_page(course):
    done = course.make("lab", "PORT=8890", "ARGS=--no-browser")
    assert done.returncode == 0, done.stderr
    venv, install, lab = course.started()
    assert venv == "-m venv --clear .venv"
    assert install == "-m pip install --disable-pip-version-check -c requirements.txt -e .[test]"
    assert lab.startswith("-m jupyterlab ") and lab.endswith("--no-browser")
    assert "--ServerApp.port=8890" in lab and "--ServerApp.root_dir=." in lab
    assert "--LabApp.default_url=/lab/tree/notebooks/00_start_here.ipynb" in lab
    assert (ROOT / "notebooks" / "00_start_here.ipynb").is_file()


@pytest.mark.parametrize("port", ["abc", "70000", "-1"])
def test_what_is_not_a_port_is_named_in_one_line(course, port):
    course.make("setup")
    done = course.make("lab", f"PORT={port}")
    assert done.returncode != 0 and course.started() == []
    assert done.stderr.startswith(f"PORT={port} is not a port")


def test_jupyterlab_does_not_ask_about_news(course):
    course.make("setup")
    settings = json.loads((course.root / ".venv/share/jupyter/lab/settings/overrides.json").read_text())
    assert settings == {"@jupyterlab/apputils-extension:notification": {"fetchNews": "false"}}


def test_instructors_get_the_kernel_that_starts_warm(course):
    course.make("setup")
    spec = course.root / ".venv/share/jupyter/kernels/headway/kernel.json"
    assert not spec.exists()  # students have no grader/kernel
    course.make("clean")
    source = shutil.copytree(ROOT / "grader/kernel/kernelspec", course.root / "grader/kernel/kernelspec")
    course.make("setup")
    assert spec.read_bytes() == (source / "kernel.json").read_bytes()


def test_a_second_call_installs_nothing(course):
    course.make("setup")
    course.make("lab")
    assert [line.split()[1] for line in course.started()] == ["jupyterlab"]


@pytest.mark.parametrize("changed", ["pyproject.toml", "requirements.txt"])
def test_changed_pins_are_installed_into_the_same_environment(course, changed):
    course.make("setup")
    with (course.root / changed).open("a") as file:
        file.write("# later\n")
    course.make("setup")
    assert [line for line in course.started() if "install" in line] and not [
        s for s in course.started() if "venv" in s
    ]


def test_files_that_are_only_newer_change_nothing(course):
    course.make("setup")
    os.utime(course.root / "pyproject.toml", (4e9, 4e9))
    course.make("setup")
    assert course.started() == []


def test_an_interrupted_install_goes_on(course):
    offline = Path(f"{course.log}.offline")
    offline.touch()
    done = course.make("setup")
    assert done.returncode != 0 and "run the same command again" in done.stderr
    offline.unlink()
    assert course.make("setup").returncode == 0
    assert [line for line in course.started() if "pip install" in line]
    assert not [line for line in course.started() if "venv" in line]


def test_a_moved_folder_gets_a_new_environment(course):
    course.make("setup")
    course.root = course.root.rename(course.root.parent / "elsewhere")
    course.make("setup")
    assert course.started()[0] == "-m pip --version" and "-m venv --clear .venv" in course.started()


def test_an_environment_whose_python_is_gone_is_made_anew(course):
    course.make("setup")
    python = course.root / ".venv" / "bin" / "python"
    python.unlink()
    python.symlink_to("/nowhere/python3.11")
    assert course.make("setup").returncode == 0
    assert course.started()[0] == "-m venv --clear .venv"


def test_an_old_python_is_named_in_one_line(course):
    course.python("python3", "3, 9, 2")
    done = course.make("lab")
    first, *rest = done.stderr.splitlines()
    assert done.returncode != 0 and course.started() == [] and not (course.root / ".venv").exists()
    assert first.startswith("Headway needs Python 3.11") and "python3 is Python 3.9.2" in first
    assert all(line.startswith("make: ***") for line in rest)


def test_no_python_is_named_in_one_line(course):
    (course.programs / "python3").unlink()
    assert "python3 is missing" in course.make("test").stderr.splitlines()[0]


def test_a_newer_python_beside_an_old_one_is_found(course):
    course.python("python3", "3, 10, 13")
    course.python("python3.12", "3, 12, 1")
    done = course.make("setup")
    assert done.returncode == 0 and "Making .venv with Python 3.12.1" in done.stdout


def test_python_can_be_chosen(course, tmp_path):
    chosen = course.python("python3.13", "3, 13, 0").rename(tmp_path / "my python")
    assert "with Python 3.13.0" in course.make("setup", f"PYTHON={chosen}").stdout


def test_a_chosen_python_that_is_too_old_is_refused(course):
    course.python("python3.10", "3, 10, 1")
    assert "python3.10 is Python 3.10.1" in course.make("setup", "PYTHON=python3.10").stderr


def test_settings_from_elsewhere_do_not_reach_the_course(course):
    spy = course.python("python3", "3, 11, 2")
    spy.write_text(
        spy.read_text().replace(
            'echo "$*"',
            'echo "$*" PYTHONPATH=$PYTHONPATH JUPYTER_PATH=$JUPYTER_PATH '
            "PREFER=$JUPYTER_PREFER_ENV_PATH PATH=$PATH",
        )
    )
    course.make("lab", PYTHONPATH="/other", JUPYTER_PATH="/other", NAME="laptop", LESSON="x")
    lab = course.started()[-1]
    assert "PYTHONPATH= JUPYTER_PATH= PREFER=1" in lab
    assert f"PATH={course.root}/.venv/bin:" in lab


@pytest.mark.parametrize(
    ("call", "started"),
    [
        ("demo", "-m grader.cli demo"),
        ("release", "-m grader.cli release"),
        ("release LESSON=03_masked_lm CHECK=1", "-m grader.cli release 03_masked_lm --check"),
        ("release FORCE=1", "-m grader.cli release --force"),
        ("demo LESSON=03", "-m grader.cli demo 03"),
        ("rerun LESSON=03_masked_lm", "-m grader.cli rerun 03_masked_lm"),
        ("grade LESSON=03 ARGS=--force", "-m grader.cli grade 03 --force"),
        ("report LESSON=03", "-m grader.cli report 03"),
        ("bench ARGS=--sizes", "-m grader.cli bench --sizes"),
        ("bundle", "-m grader.cli bundle"),
        ("models", "-m grader.lab.training"),
        ("models NAME=tiny-bert CHECK=1", "-m grader.lab.training tiny-bert --check"),
    ],
)
def test_targets_start_the_verb_of_their_name(course, call, started):
    course.make("setup")
    done = course.make(*call.split(), NAME="laptop")  # WSL has a NAME of its own
    assert (done.returncode, course.started()) == (0, [started])


def test_every_verb_has_a_target_and_every_target_a_verb():
    called = re.findall(r"-m grader\.cli (\w+)", (ROOT / "Makefile").read_text())
    assert sorted(called) == sorted(VERBS)


def test_test_runs_the_tests_and_then_the_solutions(course):
    course.make("setup")
    assert course.make("test", "ARGS=-k masked").returncode == 0
    tests, *notebooks = course.started()
    assert tests.startswith("-m pytest ") and tests.endswith(" tests -k masked") and notebooks == []
    (course.root / "solutions" / "03_masked_lm" / "03_masked_lm.ipynb").touch()
    course.make("test")
    assert [line.split()[-1] for line in course.started()] == ["tests", "solutions"]
    assert "--nbval " in course.started()[1]


def test_the_student_edition_says_what_it_is(course):
    shutil.rmtree(course.root / "solutions")
    shutil.rmtree(course.root / "tests")
    assert listed(course.make().stdout) == FOR_STUDENTS
    for target in FOR_INSTRUCTORS:
        done = course.make(target)
        assert done.returncode != 0 and f"make {target} is for instructors" in done.stderr
        assert course.started() == []
    course.make("setup")
    assert course.started()[-1].endswith(" -e .")


def test_clean_keeps_answers_and_grades(course):
    course.make("setup")
    kept = [course.root / name for name in ("gradebook.db", "submitted/ada/x.ipynb", ".progress/03.json")]
    for path in kept:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.touch()
    (course.root / "grader" / "__pycache__").mkdir(parents=True)
    assert course.make("clean").returncode == 0
    assert not (course.root / ".venv").exists() and not (course.root / "grader" / "__pycache__").exists()
    assert all(path.exists() for path in kept)
