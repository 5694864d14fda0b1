"""What tests of several rooms share. (This file also lets them import what stands beside it.)"""

import shutil

import pytest
from listening import LISTENING, keep_builtins
from namespaces import refused
from small_course import make_course

from grader.classroom.course import Course
from grader.classroom.release import release

ISOLATED = {  # files whose tests run submissions as a class is graded
    "test_isolation.py", "test_hostile.py", "test_cold.py", "test_session.py", "test_warm.py", "test_provisioner.py",
    "test_round_trip.py", "test_conformance.py", "test_execute.py", "test_autograde.py", "test_attacks.py",
}  # fmt: skip
EVERY_LESSON = pytest.mark.skip(reason='a minute each: ARGS="--every-lesson" runs these, as .ci/run does')


def pytest_configure(config):
    if hasattr(config, "workerinput"):
        keep_builtins(LISTENING)
    config.addinivalue_line(
        "markers", "every_lesson: one of many alike, of which one stands for all unless asked for"
    )


def pytest_addoption(parser):
    parser.addoption(
        "--every-lesson",
        action="store_true",
        help="run every lesson in a browser, not only the one that stands for all",
    )


def pytest_collection_modifyitems(config, items):
    said = refused() if any(item.path.name in ISOLATED for item in items) else ""
    for item in items:
        if said and item.path.name in ISOLATED:
            item.add_marker(pytest.mark.skip(reason=f"nothing can be isolated on this machine: {said}"))
        if item.get_closest_marker("every_lesson") and not config.getoption("every_lesson"):
            item.add_marker(EVERY_LESSON)


@pytest.fixture
def course(tmp_path, monkeypatch) -> Course:
    """A course of one small lesson, in a folder whose name has a space; the working directory is there."""
    made = make_course(tmp_path / "a course")
    monkeypatch.chdir(made.root)
    monkeypatch.delenv("HEADWAY_EXCHANGE", raising=False)
    return made


@pytest.fixture(scope="session")
def _released(tmp_path_factory) -> Course:
    made = make_course(tmp_path_factory.mktemp("course") / "a course")
    release(made, made.lessons)
    return made


@pytest.fixture
def released(_released, tmp_path, monkeypatch) -> Course:
    """A copy of the small course after its release, with its gradebook; the working directory is there."""
    root = shutil.copytree(_released.root, tmp_path / "a released course")
    monkeypatch.chdir(root)
    monkeypatch.delenv("HEADWAY_EXCHANGE", raising=False)
    return Course(root)
