"""From solutions/ to what students open, by nbgrader's own `generate_assignment`."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Iterable
from pathlib import Path

from nbformat import NotebookNode
from nbgrader.converters import GenerateAssignment
from nbgrader.utils import compute_checksum, is_solution

from grader.classroom import canonical
from grader.classroom.course import Course, CourseError

LEFT_BEHIND = {".ipynb_checkpoints", "__pycache__"}
"""Folders that editors and interpreters leave: no part of a release."""


def release(course: Course, lessons: Iterable[str], *, force: bool = False) -> list[Path]:
    """Write notebooks/ from solutions/ for these lessons, and the pages that belong to no lesson.

    The lessons' cells are noted in the gradebook, as nbgrader needs it to grade them. A lesson is replaced
    whole or not at all; one in whose released notebook somebody wrote answers only with `force`. Returns
    what was written. Raises `CourseError`.
    """
    written = []
    for lesson in lessons:
        target = course.notebooks / lesson
        if not force:
            _refuse_answers(target)
        with tempfile.TemporaryDirectory(prefix="headway-") as folder:
            generate(course, lesson, Path(folder), record=True)
            shutil.rmtree(target, ignore_errors=True)
            shutil.copytree(Path(folder, lesson), target)
        written.append(target)
    for page in course.pages:
        target = course.notebooks / page.name
        target.parent.mkdir(exist_ok=True)
        canonical.write(_page(page), target)
        written.append(target)
    return written


def generate(course: Course, lesson: str, into: Path, *, record: bool) -> None:
    """Write a lesson's release into the folder `into/lesson`; with `record`, note its cells in the gradebook."""
    changes: dict = {"CourseDirectory": {"assignment_id": lesson, "release_directory": str(into)}}
    if not record:
        changes["SaveCells"] = {"enabled": False}
    try:
        course.run(GenerateAssignment, changes, force=True, no_database=not record)
    except CourseError as error:
        advice = ""
        if "submissions associated" in str(error):
            advice = (
                ". A lesson's graded cells stay as they are once work was handed in: undo that change, or move "
                "gradebook.db away to begin a new class"
            )
        raise CourseError(f"{lesson} cannot be released: {error}{advice}") from None


def drift(course: Course, lessons: Iterable[str]) -> list[str]:
    """How notebooks/ differs from what `release` would write for these lessons: a line for each cell or file."""
    with tempfile.TemporaryDirectory(prefix="headway-") as folder:
        fresh = Path(folder)
        for lesson in lessons:
            generate(course, lesson, fresh, record=False)
        for page in course.pages:
            canonical.write(_page(page), fresh / page.name)
        expected, found = _files(fresh), _files(course.notebooks)
        if set(lessons) != set(course.lessons):
            found = {
                name: path for name, path in found.items() if name.parts[0] in lessons or name in expected
            }
        lines = [f"notebooks/{name} is missing" for name in sorted(expected.keys() - found.keys())]
        lines += [
            f"notebooks/{name} has nothing in solutions/ that it comes from"
            for name in sorted(found.keys() - expected.keys())
        ]
        for name in sorted(expected.keys() & found.keys()):
            if expected[name].read_bytes() != found[name].read_bytes():
                lines += [f"notebooks/{name}: {text}" for text in _differences(expected[name], found[name])]
        return lines


def _differences(expected: Path, found: Path) -> list[str]:
    if expected.suffix != ".ipynb":
        return ["differs"]
    try:
        wanted, stored = (
            {cell.id: cell for cell in canonical.read(path).cells} for path in (expected, found)
        )
    except ValueError:
        return ["is not a notebook"]
    lines = [f"cell {name} is missing" for name in wanted if name not in stored]
    lines += [f"cell {name} is not in solutions/" for name in stored if name not in wanted]
    lines += [f"cell {name} differs" for name in wanted if name in stored and wanted[name] != stored[name]]
    return lines or ["the order of its cells, or its form, differs"]


def _refuse_answers(folder: Path) -> None:
    for path in sorted(folder.glob("*.ipynb")):
        try:
            written = [cell for cell in canonical.read(path).cells if _answered(cell)]
        except ValueError:
            continue
        if written:
            names = ", ".join(cell.metadata.nbgrader.grade_id for cell in written)
            raise CourseError(
                f"{path} holds answers that somebody wrote there ({names}): keep a copy of it elsewhere, "
                "then release with --force"
            )


def _answered(cell: NotebookNode) -> bool:
    """Whether a cell for an answer is no longer as it was released."""
    checksum = cell.metadata.get("nbgrader", {}).get("checksum")
    return is_solution(cell) and checksum is not None and checksum != compute_checksum(cell)


def _page(path: Path) -> NotebookNode:
    try:
        return canonical.without_outputs(canonical.read(path))
    except ValueError as error:
        raise CourseError(str(error)) from None


def _files(folder: Path) -> dict[Path, Path]:
    """Every file below `folder` by its path from there."""
    return {
        path.relative_to(folder): path
        for path in folder.rglob("*")
        if path.is_file() and not LEFT_BEHIND & set(path.relative_to(folder).parts) and path.name[0] != "."
    }
