"""A small class, graded once for all tests that look at what grading leaves."""

import shutil

import pytest
from small_class import Class, hand_in, submissions
from small_course import LESSON, make_course

from grader.classroom.autograde import autograde, plan
from grader.classroom.course import Course
from grader.classroom.gradebook import directory_of
from grader.classroom.intake import read
from grader.classroom.release import release
from grader.classroom.seed import course_seed


@pytest.fixture(scope="session")
def graded_class(tmp_path_factory) -> Class:
    """Nobody may write into it; `class_before` and `class_after` are copies."""
    course = make_course(tmp_path_factory.mktemp("class") / "a course")
    release(course, course.lessons)
    for student, content in submissions(course).items():
        hand_in(course, student, content)
    course_seed(directory_of(course))
    before = Course(shutil.copytree(course.root, course.root.with_name("before")))
    handed_in = {
        folder.parent.name: read(folder, folder.parent.name, LESSON)
        for folder in course.root.glob(f"submitted/*/{LESSON}")
    }
    graded = {one.student: one for one in autograde(plan(course, LESSON), workers=2, trusted=True)}
    return Class(before, course, graded, handed_in)


@pytest.fixture
def class_before(graded_class, tmp_path) -> Course:
    return Course(shutil.copytree(graded_class.before.root, tmp_path / "a class"))


@pytest.fixture
def class_after(graded_class, tmp_path) -> Course:
    return Course(shutil.copytree(graded_class.after.root, tmp_path / "a graded class"))
