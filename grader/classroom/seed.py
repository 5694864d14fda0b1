"""The course seed: which cases a class is graded with. Made once, known to instructors alone."""

from __future__ import annotations

import contextlib
import os
import secrets
import tempfile
from pathlib import Path

from nbgrader.coursedir import CourseDirectory
from sqlalchemy.engine import make_url

from grader.classroom.course import CourseError

NAME = "gradebook.seed"


def course_seed(directory: CourseDirectory) -> int:
    """The seed of the course, from the file `gradebook.seed` beside its gradebook, which is made if it is missing.

    Every grading draws its cases with it, so that the same answer gets the same points whenever it is graded.
    Raises `CourseError` where the file holds something else.
    """
    path = _path(directory)
    if not path.exists():
        _make(path)
    try:
        return int(path.read_text("ascii").strip(), 16)
    except ValueError:
        raise CourseError(
            f"{path} should hold one hexadecimal number. Put it back from a backup, so that regrading gives the "
            "same points; or delete it and grade the class anew"
        ) from None


def _path(directory: CourseDirectory) -> Path:
    """Beside the gradebook; in the course's folder where that is a database server's."""
    url = make_url(directory.db_url)
    root = Path(directory.root)
    return (
        (root / url.database).with_name(NAME) if url.drivername == "sqlite" and url.database else root / NAME
    )


def _make(path: Path) -> None:
    """Write a new seed, whole or not at all, never over another that somebody makes at the same moment."""
    with tempfile.NamedTemporaryFile("w", encoding="ascii", dir=path.parent, prefix=f".{NAME}.") as part:
        part.write(secrets.token_hex(16) + "\n")
        part.flush()
        with contextlib.suppress(FileExistsError):
            os.link(part.name, path)
