"""Grading in a container: what an engine is told, and, by an engine that only records it and runs the command here,
the whole way from the verb to a graded class. One test asks a real engine, where there is one."""

import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from namespaces import refused
from small_class import NOTEBOOK, hand_in
from small_course import LESSON, ROOT

from grader import cli
from grader.classroom import autograde as autograding
from grader.classroom import canonical, container
from grader.classroom.container import Engine, command, engine
from grader.classroom.course import Course, CourseError
from grader.classroom.gradebook import scores
from grader.classroom.workers import NotIsolated

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="containers grade on macOS and Linux")

DOCKER = {"ServerVersion": "28.2.2", "SecurityOptions": ["name=seccomp,profile=builtin"]}
ROOTLESS_DOCKER = {"ServerVersion": "28.2.2", "SecurityOptions": ["name=seccomp", "name=rootless"]}
PODMAN = {"host": {"security": {"rootless": False}}, "version": {"Version": "4.3.1"}}
ROOTLESS_PODMAN = {"host": {"security": {"rootless": True}}}
BASE = "FROM docker.io/library/python:3.11-slim-bookworm"

ENGINE = """\
#!/bin/sh
"exec" "{python}" "$0" "$@"  # a path with spaces cannot stand behind #!
import json, os, sys
from pathlib import Path

here, arguments = Path(__file__).parent, sys.argv[1:]
with open(here / "log", "a") as log:
    log.write(json.dumps([os.getpid(), *arguments]) + "\\n")
if arguments[0] == "info":
{info}
elif arguments[0] == "image":
    sys.exit(arguments[-1] not in (here / "images").read_text().split())
elif arguments[0] == "build":
    print("STEP 1: FROM nowhere")
    if (here / "offline").exists():
        sys.exit("no route to the registry")
    context = {{path.name: path.read_text() for path in Path(arguments[-1]).iterdir()}}
    (here / "context").write_text(json.dumps(context))
    with open(here / "images", "a") as images:
        images.write(arguments[arguments.index("--tag") + 1] + "\\n")
elif arguments[0] == "run":
    number = next(i for i, word in enumerate(arguments) if i and not word.startswith("--"))
    image, *inner = arguments[number:]
    options = [word.removeprefix("--").partition("=")[::2] for word in arguments[1:number]]
    if image not in (here / "images").read_text().split():
        sys.exit("there is no such image")
    environment = dict(value.split("=", 1) for name, value in options if name == "env")
    os.chdir(dict(options)["workdir"])
    assert inner[0] == "python"
    os.execve({python!r}, [{python!r}, *inner[1:]], environment | {{"PATH": os.defpath}})
"""
"""An engine's program that records what it is told. Folders have the same names in a container as outside, so
that the command in it can be run here."""


class Became(BaseException):
    """In place of becoming another program: which, and how it was called."""


@pytest.fixture
def bin(tmp_path, monkeypatch) -> Path:
    """The only folder on PATH, empty. Here nothing becomes another program."""

    def become(program, arguments):
        raise Became(program, arguments)

    folder = tmp_path / "bin"
    folder.mkdir()
    monkeypatch.setenv("PATH", str(folder))
    monkeypatch.setattr(os, "execv", become)
    monkeypatch.delenv(container.INSIDE, raising=False)
    for name in container.SETTINGS:
        monkeypatch.delenv(name, raising=False)
    return folder


def install(folder: Path, name: str, info: dict | str) -> str:
    """Put an engine's program there; `info` is what it tells of itself, or what it does when it is asked."""
    code = info if isinstance(info, str) else f"print({json.dumps(json.dumps(info))})"
    program = folder / name
    program.write_text(ENGINE.format(python=sys.executable, info=f"    {code}"))
    program.chmod(0o755)
    (folder / "images").touch()
    return str(program)


@pytest.fixture
def handed_in(released) -> Course:
    """A class of three, of whom one handed in what is no notebook; the working directory is there."""
    right = canonical.read(released.notebook(LESSON))
    untouched = canonical.read(released.notebooks / LESSON / NOTEBOOK)
    for student, content in (("right", right), ("untouched", untouched), ("essay", "Dear teacher")):
        hand_in(released, student, content)
    return released


def calls(folder: Path) -> list[list[str]]:
    """What the engine was told, one after the other, without the numbers of its processes."""
    return [json.loads(line)[1:] for line in (folder / "log").read_text().splitlines()]


# ---------------------------------------------------------------------------------------------- which engine


@pytest.mark.parametrize(
    ("name", "info", "rootless"),
    [
        ("docker", DOCKER, False),
        ("docker", ROOTLESS_DOCKER, True),
        ("docker", {**DOCKER, "SecurityOptions": None}, False),
        ("podman", PODMAN, False),
        ("podman", ROOTLESS_PODMAN, True),
        ("docker", ROOTLESS_PODMAN, True),  # as Debian's package podman-docker installs it
    ],
)
def test_an_engine_tells_whose_root_is_roots(bin, name, info, rootless):
    program = install(bin, name, info)
    assert engine() == Engine(program, rootless)


def test_an_engine_that_does_not_answer_leaves_it_to_the_next(bin):
    install(bin, "podman", "sys.exit('Cannot connect to Podman: its machine is not running')")
    program = install(bin, "docker", DOCKER)
    assert engine().program == program


def test_where_both_answer_podman_is_asked_by_its_own_name(bin):
    install(bin, "docker", DOCKER)
    program = install(bin, "podman", ROOTLESS_PODMAN)
    assert engine() == Engine(program, True)


@pytest.mark.parametrize(
    ("does", "told"),
    [
        ("sys.exit('warning: old\\nCannot connect to the daemon.')", "docker does not (Cannot connect to the daemon.)"),
        ("sys.exit(3)", "docker does not (it left with code 3)"),
        ("__import__('signal').pause()", "docker does not within 0.5 seconds"),
        ("print('Client: 28')", "docker says nothing of itself"),
    ],
)  # fmt: skip
def test_where_none_answers_it_is_told_why(bin, monkeypatch, does, told):
    monkeypatch.setattr(container, "PATIENCE", 0.5)
    install(bin, "docker", does)
    with pytest.raises(CourseError) as error:
        engine()
    assert str(error.value) == f"no container engine answers (podman is not installed; {told})"


def test_on_windows_the_way_is_its_subsystem_for_linux(bin, monkeypatch):
    install(bin, "docker", DOCKER)
    monkeypatch.setattr(sys, "platform", "win32")
    with pytest.raises(CourseError, match=r"on Windows, use its subsystem for Linux \(WSL\)"):
        engine()


# ------------------------------------------------------------------------------------------- what it is told


def options(told: list[str], name: str) -> list[str]:
    return [word.partition("=")[2] for word in told if word.partition("=")[0] == f"--{name}"]


@pytest.fixture
def of_a_user(monkeypatch):
    monkeypatch.setattr(os, "getuid", lambda: 1234)
    monkeypatch.setattr(os, "getgid", lambda: 5678)


def test_a_container_has_no_rights_no_network_and_the_course(course, of_a_user):
    told = command(Engine("/bin/docker", False), "image:tag", course, ["03", "--force"])
    assert told[:2] == ["/bin/docker", "run"]
    assert {"--rm", "--init", "--pull=never", "--network=none", "--read-only", "--cap-drop=ALL"} < set(told)
    assert "no-new-privileges" in options(told, "security-opt") and not options(told, "cap-add")
    assert not {"--privileged", "--pid", "--ipc", "--device", "--volume", "-v"} & {
        word.partition("=")[0] for word in told
    }
    root = course.root.resolve()
    assert options(told, "mount") == [
        f"type=bind,source={root},target={root}",
        f"type=bind,source={ROOT}/grader,target={ROOT}/grader,readonly",
        f"type=bind,source={ROOT}/data,target={ROOT}/data,readonly",
    ]
    assert options(told, "workdir") == [str(root)]
    assert told[told.index("image:tag") :] == [
        *("image:tag", "python", "-P", "-m", "grader.cli", "grade", "03", "--force")
    ]


def test_a_course_that_the_package_stands_in_is_all_that_is_mounted(of_a_user):
    told = command(Engine("/bin/docker", False), "image", Course(ROOT), ["03"])
    assert options(told, "mount") == [f"type=bind,source={ROOT},target={ROOT}"]


def test_nothing_of_this_environment_goes_in(course, of_a_user, monkeypatch):
    monkeypatch.setenv("SECRET_TOKEN", "canary")
    told = command(Engine("/bin/docker", False), "image", course, ["03"])
    names = {value.partition("=")[0] for value in options(told, "env")}
    assert "canary" not in " ".join(told) and names == {
        *("HEADWAY_CONTAINER", "HEADWAY_DATA", "HOME", "PYTHONPATH", "PYTHONDONTWRITEBYTECODE", "COLUMNS", "LINES")
    }  # fmt: skip


def test_files_belong_to_who_grades(course, of_a_user, monkeypatch):
    def user(rootless):
        told = command(Engine("/bin/docker", rootless), "image", course, ["03"])
        return options(told, "user") + options(told, "cap-add")

    assert user(rootless=False) == ["1234:5678"]
    assert user(rootless=True) == ["0:0", "SETFCAP"], "its root is the user outside"
    monkeypatch.setattr(os, "getuid", lambda: 0)
    owner = course.root.stat()
    of_root = ["SETFCAP"] if owner.st_uid == 0 else []
    assert user(rootless=False) == [f"{owner.st_uid}:{owner.st_gid}", *of_root]
    if os.geteuid() == 0:
        os.chown(course.root, 4321, 8765)
        assert user(rootless=False) == ["4321:8765"], "root grades for the owner of the course"


def test_a_folder_that_an_engine_cannot_be_told_of_is_refused(course, of_a_user):
    moved = Course(course.root.rename(course.root.with_name("a course, renamed")))
    with pytest.raises(CourseError, match="no comma"):
        command(Engine("/bin/docker", False), "image", moved, ["03"])


# ------------------------------------------------------------------------------------------------- the image


@pytest.fixture
def sources(tmp_path, monkeypatch) -> Path:
    """Copies of what the image is made from."""
    folder = tmp_path / "sources"
    folder.mkdir()
    copies = tuple(Path(shutil.copy(path, folder)) for path in container.SOURCES)
    monkeypatch.setattr(container, "SOURCES", copies)
    return folder


def image(folder: Path, capsys) -> tuple[str, str]:
    """Which image is used, and what is said of it."""
    with pytest.raises(Became) as became:
        container.grade(engine(), Course(ROOT), ["03"])
    told = became.value.args[1]
    return told[told.index("python") - 1], capsys.readouterr().out


def test_an_image_is_built_once_and_anew_where_a_pin_changes(bin, sources, capsys):
    install(bin, "docker", DOCKER)
    first, said = image(bin, capsys)
    assert first.startswith("localhost/headway:") and said.count("\n") == 1 and "takes minutes" in said
    context = json.loads((bin / "context").read_text())
    assert context == {path.name: path.read_text() for path in sources.iterdir()}
    assert BASE in context["Containerfile"].splitlines()
    assert image(bin, capsys) == (first, ""), "it is there"
    names = {first}
    for path in sorted(sources.iterdir()):
        path.write_text(path.read_text() + "\n# changed\n")
        another, said = image(bin, capsys)
        assert another not in names and said
        names.add(another)
    assert [told[0] for told in calls(bin)].count("build") == 4


def test_pips_settings_count_when_it_is_built_and_are_not_in_its_name(bin, sources, capsys, monkeypatch):
    install(bin, "docker", DOCKER)
    monkeypatch.setenv("PIP_EXTRA_INDEX_URL", "https://user:password@wheels.example")
    name, _ = image(bin, capsys)
    (build,) = [told for told in calls(bin) if told[0] == "build"]
    assert "--build-arg=PIP_EXTRA_INDEX_URL" in build and "password" not in " ".join(build)
    assert not [word for word in build if "PIP_INDEX_URL" in word]
    monkeypatch.delenv("PIP_EXTRA_INDEX_URL")
    assert image(bin, capsys) == (name, "")


def test_an_image_that_cannot_be_built_is_told_with_what_the_engine_said(bin, sources):
    install(bin, "docker", DOCKER)
    (bin / "offline").touch()
    with pytest.raises(CourseError) as error:
        container.grade(engine(), Course(ROOT), ["03"])
    assert "could not be built" in str(error.value) and "no route to the registry" in str(error.value)
    assert "run" not in [told[0] for told in calls(bin)]


def test_every_package_of_the_course_gets_into_the_image():
    text = (ROOT / "grader" / "classroom" / "Containerfile").read_text()
    assert "COPY pyproject.toml requirements.txt " in text and text.count("COPY") == 1, (
        "and no file but these"
    )
    assert "--constraint /tmp/headway/requirements.txt /tmp/headway" in text


# -------------------------------------------------------------------------------------------------- the verb


def test_every_option_of_grade_is_handed_on_or_stays_out(bin, handed_in):
    install(bin, "podman", PODMAN)
    given = ["--student", "right", "--student", "essay", "--force", "--workers", "3"]
    with pytest.raises(Became) as became:
        cli.main(["grade", "03", "--container", *given])
    told = became.value.args[1]
    again = cli.parser().parse_args(told[told.index("grader.cli") + 1 :])
    assert vars(again) == vars(cli.parser().parse_args(["grade", LESSON, *given]))
    known = {flags[-1] for flags, _ in cli.VERBS["grade"].arguments}
    assert known == {
        *("lesson", "--student", "--force", "--workers", "--scheduler", "--container", "--trust-submissions")
    }, "a new option: hand it on to the container, or refuse it there"


@pytest.mark.parametrize("other", [["--scheduler", "tcp://localhost:1"], ["--trust-submissions"]])
def test_a_container_is_the_only_place_or_none(course, capsys, other):
    assert cli.main(["grade", "03", "--container", *other]) == 2
    assert (
        capsys.readouterr().err
        == f"grader: --container and {other[0]} exclude each other: give one of them\n"
    )


def test_no_engine_stops_the_verb(bin, handed_in, capsys):
    assert cli.main(["grade", "03", "--container"]) == 1
    said = "podman is not installed; docker is not installed"
    assert capsys.readouterr().err == f"grader: no container engine answers ({said})\n"


@pytest.mark.parametrize(
    "place", ["sqlite:////var/lib/grades.db", "sqlite://", "postgresql://localhost/grades"]
)
def test_a_gradebook_that_is_not_in_the_course_would_be_missed(bin, course, place):
    install(bin, "docker", DOCKER)
    with (course.root / "nbgrader_config.py").open("a") as config:
        config.write(f"\nc.CourseDirectory.db_url = {place!r}\n")
    with pytest.raises(CourseError, match="the gradebook is not in it but " + re.escape(place)):
        container.grade(engine(), course, ["03"])
    assert [told[0] for told in calls(bin)] == ["info"]


# ----------------------------------------------------------------------- where the system isolates nothing


@pytest.fixture
def refusing(bin, handed_in, monkeypatch):
    """A class on a system on which no kernel can be isolated."""

    def refuse(*_, **__):
        raise NotIsolated("submissions cannot be isolated here")

    monkeypatch.setattr(autograding, "make_ready", refuse)
    return bin


def test_a_container_grades_where_the_system_isolates_nothing(refusing, capsys):
    program = install(refusing, "docker", DOCKER)
    with pytest.raises(Became) as became:
        cli.main(["grade", "03", "--student", "right"])
    became, told = became.value.args
    assert became == told[0] == program and told[-2:] == [LESSON, "--student=right"]
    first, *_ = capsys.readouterr().out.splitlines()
    assert first == "Nothing can be isolated here, so a container of docker grades."


def test_without_an_engine_grading_stops_and_names_all_ways_on(refusing, capsys):
    install(refusing, "docker", "sys.exit('is the daemon running?')")
    assert cli.main(["grade", "03"]) == 1
    said = capsys.readouterr().err.splitlines()[-1]
    assert said.endswith(
        "submissions cannot be isolated here; or start Docker or Podman, for no container engine answers "
        "(podman is not installed; docker does not (is the daemon running?))"
    )


def test_a_container_that_isolates_nothing_either_says_so_and_starts_no_other(refusing, capsys, monkeypatch):
    install(refusing, "docker", DOCKER)
    monkeypatch.setenv(container.INSIDE, "docker")
    assert cli.main(["grade", "03"]) == 1
    assert (
        "grader: in the container of docker, submissions cannot be isolated here" in capsys.readouterr().err
    )
    assert not (refusing / "log").exists()


# -------------------------------------------------------------------------------------------- the whole way


def grade(course: Course, path: str, *arguments: str) -> tuple[int, int, str]:
    """Run the verb with --container; the exit code, the number of its process, and what it printed."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("HEADWAY_")}
    process = subprocess.Popen(
        [sys.executable, "-m", "grader.cli", "grade", "03", "--container", *arguments],
        cwd=course.root,
        env={**kept, "PATH": path},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    said = process.communicate()[0]
    return process.returncode, process.pid, said


def points(course: Course) -> dict[str, float]:
    return {
        student: sum(score.points for score in cells.values())
        for student, cells in scores(course, LESSON).items()
    }


@pytest.mark.skipif(bool(refused()), reason="nothing can be isolated on this machine")
def test_the_verb_grades_a_class_by_an_engine(handed_in, tmp_path, monkeypatch):
    folder = tmp_path / "engine"
    folder.mkdir()
    install(folder, "podman", ROOTLESS_PODMAN)
    path = f"{folder}{os.pathsep}{os.defpath}"
    code, process, said = grade(handed_in, path, "--workers=2")
    assert code == 1, "an essay cannot be graded"
    assert "Building the container" in said and "100%" in said and "essay: " in said
    assert points(handed_in) == {"right": 11, "untouched": 0}
    assert [told[0] for told in calls(folder)] == ["info", "image", "build", "run"]
    (number, *_) = json.loads((folder / "log").read_text().splitlines()[-1])
    assert number == process, "signals and exit code are the engine's own, because the verb has become it"
    monkeypatch.setenv("PATH", path)
    assert cli.main(["grade", "03", "--container", "--student", "right"]) == 0
    assert len(calls(folder)) == 4, "where there is nothing to grade, no engine is asked"


def test_what_is_graded_already_is_not_told_again_inside(handed_in, monkeypatch, capsys):
    done = autograding.Round(handed_in, LESSON, (), ("right",))
    monkeypatch.setattr(autograding, "plan", lambda *_, **__: done)
    monkeypatch.delenv(container.INSIDE, raising=False)
    assert cli.main(["grade", "03"]) == 0 and capsys.readouterr().out.startswith("1 graded already")
    monkeypatch.setenv(container.INSIDE, "docker")
    assert cli.main(["grade", "03"]) == 0 and capsys.readouterr().out == ""


@pytest.fixture
def real() -> str:
    """The PATH on which a real engine is found that has an image of the present pins."""
    try:
        found = engine()
    except CourseError as missing:
        pytest.skip(str(missing))
    if not container._is_there(found, container._name()):
        pytest.skip("the image is not built: `grader grade --container` builds it")
    return os.environ["PATH"]


def test_a_real_engine_gives_the_points_that_are_given_without(handed_in, real):
    code, _, said = grade(handed_in, real, "--workers=2")
    assert code == 1 and "100%" in said and "Building" not in said
    assert points(handed_in) == {"right": 11, "untouched": 0}
    made = [handed_in.root / "gradebook.db", *(handed_in.root / "autograded").rglob("*")]
    assert {path.lstat().st_uid for path in made} == {handed_in.root.stat().st_uid}
