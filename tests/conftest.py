"""What tests of several rooms share. (This file also lets them import what stands beside it.)"""

import shutil

import pytest
from small_course import make_course

from grader.classroom.course import Course
from grader.classroom.release import release


@pytest.hookimpl(tryfirst=True)  # before xdist reads the marks
def pytest_collection_modifyitems(items):
    """With several workers, the tests of a file share one, as they share what they set up; only those of the
    exercises, which are many and set nothing up, are spread over all."""
    for item in items:
        if item.path.parent.name != "exercises":
            item.add_marker(pytest.mark.xdist_group(item.nodeid.partition("::")[0]))


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
