"""The instructor's verbs, as typed."""

import subprocess
import sys
import zipfile

import pytest
from small_course import LESSON, NAMES, ROOT

from grader import cli
from grader.classroom.course import Course, CourseError
from grader.classroom.course import reason as why


def run(capsys, *arguments):
    """The exit code, what was printed, and what was said on stderr."""
    code = cli.main(list(arguments))
    return (code, *capsys.readouterr())


def test_release_writes_and_then_nothing_has_drifted(course, capsys):
    code, out, err = run(capsys, "release")
    assert (code, err) == (0, "")
    assert out.splitlines() == [f"wrote notebooks/{LESSON}", "wrote notebooks/00_start_here.ipynb"]
    assert run(capsys, "release", "--check") == (0, "notebooks/ is what solutions/ gives.\n", "")
    (course.notebooks / "00_start_here.ipynb").unlink()
    code, out, err = run(capsys, "release", "03", "--check")
    assert (code, out, err) == (1, "notebooks/00_start_here.ipynb is missing\n", "")


@pytest.mark.parametrize("verb", ["release", "rerun", "demo", "grade", "report", "bench"])
def test_a_wrong_lesson_gets_the_nearest_names(course, capsys, verb):
    code, out, err = run(capsys, verb, "03_maskedlm")
    assert (code, out) == (1, "")
    assert err == "grader: there is no lesson '03_maskedlm' in solutions/; did you mean 03_masked_lm?\n"
    assert "there are 03_masked_lm" in run(capsys, verb, "zzz")[2]


@pytest.mark.parametrize("arguments", [[], ["relase"], ["bundle", "extra"]])
def test_a_wrong_command_says_which_there_are(capsys, arguments):
    with pytest.raises(SystemExit) as stop:
        cli.main(arguments)
    assert stop.value.code == 2
    assert "usage: grader" in capsys.readouterr().err


def test_help_names_every_verb(capsys):
    with pytest.raises(SystemExit) as stop:
        cli.main(["--help"])
    assert stop.value.code == 0
    told = capsys.readouterr().out
    assert all(f"{name} " in told and verb.help in told for name, verb in cli.VERBS.items())


def test_what_a_person_can_cause_is_one_line(course, capsys, monkeypatch):
    (course.root / "nbgrader_config.py").write_text("c = get_config(\n")
    code, _, err = run(capsys, "release")
    assert code == 1 and "nbgrader_config.py cannot be read" in err and err.count("\n") == 1

    def full(*_):
        raise OSError(28, "No space left on device", "gradebook.db")

    monkeypatch.setitem(cli.VERBS, "bundle", cli.Verb(full, ""))
    assert run(capsys, "bundle")[::2] == (1, "grader: No space left on device: gradebook.db\n")

    def stopped(*_):
        raise KeyboardInterrupt

    monkeypatch.setitem(cli.VERBS, "bundle", cli.Verb(stopped, ""))
    assert run(capsys, "bundle")[::2] == (130, "grader: stopped.\n")


def test_an_empty_course_says_so(course, capsys):
    (course.solutions / LESSON).rename(course.root / "elsewhere")
    code, _, err = run(capsys, "demo")
    assert code == 1 and "holds no lesson yet" in err


def test_grading_and_reporting_say_what_is_to_be_done_first(released, capsys):
    code, out, err = run(capsys, "grade", "03")
    assert (code, out) == (1, "") and "nobody handed in 03_masked_lm yet" in err and err.count("\n") == 1
    assert run(capsys, "report", "03") == (
        1,
        "",
        "grader: nobody is graded in 03_masked_lm yet: run the verb grade first\n",
    )


@pytest.mark.parametrize("workers", ["0", "-1", "many", "1.5"])
def test_a_number_of_workers_is_one_or_more(capsys, workers):
    with pytest.raises(SystemExit) as stop:
        cli.main(["grade", "03", f"--workers={workers}"])
    assert stop.value.code == 2 and "is not a number of 1 or more" in capsys.readouterr().err


def test_the_course_is_found_from_its_folders_and_from_outside(course, tmp_path, monkeypatch):
    monkeypatch.chdir(course.solutions / LESSON)
    assert Course.here() == course
    monkeypatch.chdir(tmp_path)
    assert Course.here() == Course(ROOT)


@pytest.mark.skipif(sys.platform == "win32", reason="nbgrader has no exchange on Windows")
def test_demo_ends_with_a_table_and_the_feedback_pages(course, capsys):
    code, out, err = run(capsys, "demo")
    assert code == 0
    lines = out.splitlines()
    head = lines[1].split()
    assert head == ["student", *NAMES, "together"]
    rows = {line.split()[0]: line.split("  ")[-1].strip() for line in lines[3:7]}
    assert rows == {
        "right": "11 of 11",
        "half-right": "7 of 11",
        "misconceived": "6 of 11",
        "untouched": "0 of 11",
    }
    pages = [line.strip() for line in lines if line.endswith(".html")]
    assert len(pages) == 4
    for page in pages:
        with open(page, encoding="utf-8") as file:
            assert "Verdict on mask_tokens" in file.read()
    assert "100%" in err and "WARNING" not in err and "INFO" not in err
    assert not (course.root / "gradebook.db").exists(), "the demonstration happens elsewhere"


def test_the_students_edition_says_whose_verbs_these_are(tmp_path):
    """cli.py alone, as in the bundle, where grader/classroom is missing."""
    package = tmp_path / "grader"
    package.mkdir()
    (package / "cli.py").write_bytes((ROOT / "grader" / "cli.py").read_bytes())
    for verb in cli.VERBS:
        done = subprocess.run(
            [sys.executable, str(package / "cli.py"), verb], capture_output=True, text=True, cwd=tmp_path
        )
        assert done.returncode == 2
        assert f"`{verb}` belongs to the instructor's edition" in done.stderr


@pytest.mark.parametrize(
    ("log", "said"),
    [
        (
            "[ERROR] There was an error\n    Traceback (most recent call last):\n    RuntimeError: no end",
            "no end",
        ),
        ("    sqlite3.OperationalError: database is locked", "OperationalError: database is locked"),
        ("\x1b[31m[AutogradeApp | ERROR]\x1b[m No notebooks found", "No notebooks found"),
        ("something else\nlast line\n", "last line"),
        ("", "it gave no reason"),
    ],
)
def test_nbgraders_reason_is_read_off_its_log(log, said):
    assert why(log) == said


def test_a_failing_command_of_nbgrader_is_told(course):
    with pytest.raises(
        CourseError, match=r"`nbgrader release_assignment 03_masked_lm` failed: .*generate_assignment"
    ):
        course.nbgrader("release_assignment", LESSON)


def test_bundle_refuses_what_has_drifted(course, capsys):
    code, _, err = run(capsys, "bundle")
    assert code == 1 and "first run the verb release" in err and f"notebooks/{LESSON}" in err


def test_bundle_of_the_small_course_names_what_is_missing(released, capsys):
    code, _, err = run(capsys, "bundle")
    assert (code, err) == (
        1,
        "grader: the course lacks LICENSE, Makefile, environment.yml, pyproject.toml, requirements.txt\n",
    )
    assert not (released.root / "dist" / "headway-students.zip").exists()


def test_bundle_writes_the_same_bytes_each_time(released, capsys):
    for name in ("LICENSE", "Makefile", "environment.yml", "pyproject.toml", "requirements.txt"):
        (released.root / name).write_bytes((ROOT / name).read_bytes())
    assert run(capsys, "bundle")[0] == 0
    path = released.root / "dist" / "headway-students.zip"
    first = path.read_bytes()
    (released.root / "Makefile").touch()
    assert run(capsys, "bundle")[0] == 0
    assert path.read_bytes() == first
    assert zipfile.ZipFile(path).testzip() is None
