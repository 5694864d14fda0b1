"""The course seed: made once, kept with the gradebook, and nowhere that students look."""

import stat
from concurrent.futures import ThreadPoolExecutor

import pytest

from grader.classroom.bundle import contents
from grader.classroom.course import Course, CourseError
from grader.classroom.gradebook import directory_of
from grader.classroom.seed import NAME, course_seed


def test_it_is_made_once_and_for_its_owner_alone(course):
    directory = directory_of(course)
    first = course_seed(directory)
    path = course.root / NAME
    assert first == course_seed(directory) == int(path.read_text(), 16)
    assert first.bit_length() > 64
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert [p.name for p in course.root.iterdir() if "part" in p.name] == []


def test_two_courses_have_two(course, tmp_path):
    other = tmp_path / "other"
    other.mkdir()
    (other / "nbgrader_config.py").write_bytes((course.root / "nbgrader_config.py").read_bytes())
    assert course_seed(directory_of(course)) != course_seed(directory_of(Course(other)))


def test_it_is_one_whoever_comes_first(course):
    directory = directory_of(course)
    with ThreadPoolExecutor(8) as pool:
        seeds = list(pool.map(course_seed, [directory] * 32))
    assert len(set(seeds)) == 1


def test_it_stands_beside_a_gradebook_that_is_elsewhere(course, tmp_path):
    directory = directory_of(course)
    elsewhere = tmp_path / "grades"
    elsewhere.mkdir()
    directory.db_url = f"sqlite:///{elsewhere / 'ours.db'}"
    course_seed(directory)
    assert (elsewhere / NAME).is_file() and not (course.root / NAME).exists()
    directory.db_url = "postgresql://server/grades"
    course_seed(directory)
    assert (course.root / NAME).is_file()


def test_a_broken_one_is_not_silently_made_anew(course):
    (course.root / NAME).write_text("")
    with pytest.raises(CourseError, match=r"gradebook\.seed should hold one hexadecimal number"):
        course_seed(directory_of(course))
    assert (course.root / NAME).read_text() == ""


def test_students_never_get_it(released):
    seed = f"{course_seed(directory_of(released)):x}"
    for name in ("LICENSE", "Makefile", "environment.yml", "pyproject.toml", "requirements.txt"):
        (released.root / name).write_text("")
    handed_out = list(contents(released).values()) + [p for p in released.notebooks.rglob("*") if p.is_file()]
    assert NAME not in {path.name for path in handed_out}
    assert all(seed.encode() not in path.read_bytes() for path in handed_out)
