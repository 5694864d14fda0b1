"""A class in which everybody cheats but three: graded once, as `grader grade` does it, then looked at one by one."""

import json
import os
import shutil
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import nbformat
import psutil
import pytest
from attacks import (
    ATTACKS,
    EXERCISE,
    KEYS,
    NEXT,
    Attack,
    Targets,
    canary,
    contents,
    keep_a_key,
    known,
    plant,
    servers,
)
from small_class import NOTEBOOK, hand_in
from small_course import LESSON, lesson_notebook, make_course

from grader.classroom import canonical
from grader.classroom.autograde import Graded, autograde, plan, summary
from grader.classroom.course import Course
from grader.classroom.gradebook import directory_of, scores
from grader.classroom.release import release
from grader.classroom.report import report
from grader.classroom.seed import course_seed
from grader.exercises import exercises
from grader.kernel import session as sessions
from grader.kernel import warm

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="isolation is Linux'")
LIMITS = {"memory": 200 << 20, "processes": 24, "disk": 24 << 20, "file": 8 << 20, "output": 50_000,
          "outputs": 400_000, "result": 200_000, "notebook": 90.0}  # fmt: skip
HONEST = ("aaa", "mmm", "zzz")
"""Students who are graded before, among and after the others."""
OUT_OF = {name: float(exercises(LESSON)[name].points) for name in (EXERCISE, NEXT)}
LARGE = 400_000
"""Characters of the largest notebook that is handed in, and of what verdicts and cuts add to it."""
LEFT_BY_GRADING = ("autograded", "gradebook.db", ".grading.lock")
LEFT_BY_LIBRARIES = (".cache", ".config")


@dataclass(frozen=True)
class Aftermath:
    """What there is once everybody is graded."""

    root: Path
    home: Path
    secrets: dict[str, str]
    graded: dict[str, Graded]
    points: dict[str, dict[str, float]]
    before: dict[str, str]
    after: dict[str, str]
    heard: set[str]
    running: list[str]
    """What runs on this machine: command lines, and the homes that processes know, as far as they can be read."""
    impossible: dict[str, str]
    """What could not be tried here, and why."""

    def notebook(self, student: str) -> str:
        path = self.root / "autograded" / student / LESSON / NOTEBOOK
        return path.read_text("utf-8") if path.exists() else '{"cells": []}'

    def said(self, student: str) -> str:
        """All outputs of the graded notebook, and what the grader said of the submission."""
        outputs = [cell.get("outputs", []) for cell in json.loads(self.notebook(student))["cells"]]
        return json.dumps([outputs, self.graded[student].faults], ensure_ascii=False)


@pytest.fixture(scope="session")
def aftermath(request, tmp_path_factory) -> Iterator[Aftermath]:
    """Of the attacks that are to be looked at."""
    base = tmp_path_factory.mktemp("adversarial")
    home = base / "home"
    course = make_course(base / "a course")
    canonical.write(lesson_notebook((EXERCISE, NEXT)), course.notebook(LESSON))
    release(course, course.lessons)
    config = course.root / "nbgrader_config.py"
    config.write_text(f"{config.read_text()}\nc.Execute.limits = {LIMITS}\nc.Execute.timeout = 3\n")
    right = canonical.text(lesson_notebook((EXERCISE, NEXT)))
    for student in HONEST:
        other = hand_in(course, student, right)
    secrets = plant(course, home, other) | {place: canary(place) for place in ("environment", "keyring")}
    secrets["seed"] = f"{course_seed(directory_of(course)):x}"
    keep_a_key(secrets["keyring"])
    impossible = {}
    with pytest.MonkeyPatch.context() as patch, servers(base) as (addresses, heard):
        patch.setattr(sessions, "GRACE", 2.0)
        patch.setattr(exercises(LESSON)[EXERCISE], "seconds", 1.0)
        patch.setenv("HOME", str(home))
        patch.setenv("HEADWAY_CANARY", secrets["environment"])
        warm.stop()
        patch.delenv(warm.ADDRESS, raising=False)
        warm.start()
        targets = Targets(
            str(course.root), str(home), str(other), os.getpid(), os.environ[warm.ADDRESS], **addresses
        )
        for attack in {parameter(item) for item in request.session.items} - {None}:
            folder = course.root / "submitted" / attack.name / LESSON
            folder.mkdir(parents=True)
            (folder / "timestamp.txt").write_text("2026-03-01 10:00:00 UTC")
            try:
                attack.hand_in(folder, nbformat.reads(right, 4), course, known(targets))
            except pytest.skip.Exception as reason:
                impossible[attack.name] = str(reason)
                shutil.rmtree(folder.parent)
        before = contents(course.root, home)
        graded = {one.student: one for one in autograde(plan(course, LESSON), workers=2)}
        after, still_running = contents(course.root, home), running()
        warm.stop()
    points = {
        student: {cell.removeprefix("check_"): score.points for cell, score in cells.items()}
        for student, cells in scores(course, LESSON).items()
    }
    yield Aftermath(
        course.root, home, secrets, graded, points, before, after, heard, still_running, impossible
    )
    shutil.rmtree(course.root)  # holds what some programs that tidy up cannot walk through


def parameter(item: pytest.Item) -> Attack | None:
    return item.callspec.params.get("attack") if hasattr(item, "callspec") else None


def running() -> list[str]:
    """All processes but this one, those above it, and the warm process."""
    own = {os.getpid(), warm._server.process.pid, *(process.pid for process in psutil.Process().parents())}
    found = []
    for process in psutil.process_iter():
        try:
            if process.pid not in own and process.status() != psutil.STATUS_ZOMBIE:
                found.append(" ".join([*process.cmdline(), process.environ().get("HOME", "")]))
        except psutil.Error:
            continue
    return found


@pytest.mark.parametrize("attack", ATTACKS, ids=lambda attack: attack.name)
def test_attack(attack: Attack, aftermath: Aftermath):
    if attack.name in aftermath.impossible:
        pytest.skip(aftermath.impossible[attack.name])
    told, said = aftermath.graded[attack.name].faults, aftermath.said(attack.name)
    assert aftermath.points.get(attack.name) == honest(attack), told
    assert attack.told.get("Shows", "") in said
    if honest(attack) is None:
        assert attack.reason in told[0]
    read = [place for place, secret in aftermath.secrets.items() if secret in said]
    assert not read and "canary" not in said
    place = str(aftermath.root / "autograded" / attack.name)
    written = [
        path for path in aftermath.after.keys() - aftermath.before.keys() if not path.startswith(place)
    ]
    assert not [path for path in written if attack.name in path]
    assert attack.name not in aftermath.heard
    assert not [command for command in aftermath.running if attack.name in command]
    assert len(aftermath.notebook(attack.name)) < LIMITS["outputs"] + LARGE


def honest(attack: Attack) -> dict[str, float] | None:
    """The points that an attack has earned; None where it cannot be graded."""
    if attack.reason:
        return None
    earned = {"nothing": 0.0, "all": OUT_OF[EXERCISE]}[attack.told["Earns"]]
    return {EXERCISE: earned, NEXT: 0.0 if attack.told.get("Next") == "lost" else OUT_OF[NEXT]}


@pytest.mark.parametrize("attack", ATTACKS, ids=lambda attack: attack.name)
def test_an_attack_says_what_it_tries_and_what_it_earns(attack):
    assert set(attack.told) <= set(KEYS) and attack.sentence.endswith(".")
    assert attack.reason or attack.told["Earns"] in ("nothing", "all")
    assert attack.told.get("Next", "lost") == "lost"


@pytest.mark.parametrize("student", HONEST)
def test_the_honest_get_what_they_earned(student, aftermath):
    assert aftermath.points[student] == OUT_OF and not aftermath.graded[student].faults


def test_nobody_else_has_points(aftermath):
    assert aftermath.points.keys() == {student for student, one in aftermath.graded.items() if one.graded}


def test_nothing_is_written_but_by_the_grader(aftermath):
    """Into the course's folder, what was handed in, the grader's home."""
    changed = {
        path for path in aftermath.before.keys() | aftermath.after.keys()
        if aftermath.before.get(path) != aftermath.after.get(path)
    }  # fmt: skip
    places = [aftermath.root / name for name in LEFT_BY_GRADING]
    places += [aftermath.home / name for name in LEFT_BY_LIBRARIES]
    allowed = tuple(map(str, places))
    assert not [path for path in changed if not path.startswith(allowed)]


def test_the_class_is_reported_on(aftermath):
    text = report(Course(aftermath.root), LESSON).read_text("utf-8")
    assert f"{len(aftermath.points)} students graded" in text and "canary" not in text


def test_nobody_was_called(aftermath):
    assert not aftermath.heard


def test_nothing_is_left_running(aftermath):
    """No process that knows the home of this class, as all do that were forked for it."""
    assert not [command for command in aftermath.running if str(aftermath.home) in command]


def test_the_summary_has_no_lines_but_the_graders(aftermath):
    text = summary(aftermath.graded.values())
    assert all(line.isprintable() for line in text.splitlines())
    assert sum(" of " in line and line[0] != " " for line in text.splitlines()) == len(aftermath.points)
