"""What students get: one zip, with nothing in it that is the instructor's."""

from __future__ import annotations

import zipfile
from pathlib import Path

from grader.classroom.course import Course, CourseError
from grader.classroom.release import LEFT_BEHIND, drift

NAME = "headway-students.zip"
TOP = "headway"
FILES = ("LICENSE", "Makefile", "environment.yml", "nbgrader_config.py", "pyproject.toml", "requirements.txt")
FOLDERS = ("notebooks", "data", "grader")
INSTRUCTORS = (Path("grader/kernel"), Path("grader/classroom"))
README = Path(__file__).with_name("students.md")
DATE = (1980, 1, 1, 0, 0, 0)


def bundle(course: Course, target: Path | None = None) -> Path:
    """Write the students' edition to `target`, by default `dist/headway-students.zip`; the path is returned.

    The same course gives the same bytes. Raises `CourseError` where notebooks/ is not what `release` would
    write, or a file is missing.
    """
    if differences := drift(course, course.lessons):
        raise CourseError(
            "notebooks/ is not what solutions/ would give, so first run the verb release:\n  "
            + "\n  ".join(differences[:10])
        )
    target = target or course.root / "dist" / NAME
    target.parent.mkdir(parents=True, exist_ok=True)
    part = target.with_name(f".{target.name}.part")
    with zipfile.ZipFile(part, "w", zipfile.ZIP_DEFLATED, compresslevel=9) as archive:
        for name, path in sorted(contents(course).items()):
            info = zipfile.ZipInfo(f"{TOP}/{name}", DATE)
            info.compress_type = zipfile.ZIP_DEFLATED
            info.create_system = 3  # Unix, whatever this is written on
            info.external_attr = 0o100644 << 16
            archive.writestr(info, path.read_bytes())
    part.replace(target)
    return target


def contents(course: Course) -> dict[str, Path]:
    """The files of the students' edition: where each stands in it, and where it is taken from."""
    found = {"README.md": README}
    for name in FILES:
        found[name] = course.root / name
    for folder in FOLDERS:
        for path in (course.root / folder).rglob("*"):
            inside = path.relative_to(course.root)
            if path.is_file() and _students(inside):
                found[inside.as_posix()] = path
    if missing := [name for name, path in found.items() if not path.is_file()]:
        raise CourseError(f"the course lacks {', '.join(missing)}")
    return found


def _students(inside: Path) -> bool:
    parts = inside.parts
    return (
        not any(part.startswith(".") or part in LEFT_BEHIND or part == "hidden" for part in parts)
        and inside.suffix not in (".pyc", ".part")
        and not any(inside.is_relative_to(room) for room in INSTRUCTORS)
    )
