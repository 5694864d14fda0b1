"""Grading one submission: a function from what was handed in to what it is worth, for whatever process runs it.

Nothing is read here but the function's arguments and nothing is written: neither the gradebook nor the course's folder
need be in reach, so that the same function works in a process beside this one and on another machine.
"""

from __future__ import annotations

import contextlib
import re
import sys
import tempfile
import time
from collections.abc import Callable, Collection, Mapping
from pathlib import Path, PurePosixPath

import nbformat
import psutil
import torch
from nbconvert.exporters import NotebookExporter
from nbformat import NotebookNode
from nbgrader.preprocessors import AssignLatePenalties, SaveAutoGrades
from traitlets.config import Config
from traitlets.utils.importstring import import_item

from grader.classroom.course import quiet
from grader.classroom.exams import Exam, exam, rehearse
from grader.classroom.execute import KEY, Execute, Terms, checks_of, not_judged
from grader.classroom.intake import Inspect, Submission, SubmissionError, disown, faults, legible, parse
from grader.classroom.material import Material, Result

CHECKER = re.compile(r"\bgrader\s*\.\s*(exercises|judge)\b")
ENTERING = (SaveAutoGrades, AssignLatePenalties)
"""The steps of nbgrader's that write into the gradebook, which is the business of one writer alone."""


def grade(material: Material, submission: Submission) -> Result:
    """Grade a submission. Raises nothing: what cannot be graded has its reason in `failed`."""
    begun = time.monotonic()
    notebooks: dict[str, str] = {}
    noted: list[str] = []
    failed = ""
    try:
        for name in _handed_in(material, submission):
            nb = parse(name, submission.files[name])
            wanted = material.notebooks[Path(name).stem]
            noted += faults(nb, name, wanted)
            disown(nb, wanted)
            noted += borrowed(nb, name, material.own.get(Path(name).stem, ()))
            with quiet():
                notebooks[name] = _graded(material, submission, Path(name).stem, nb)
            noted += map(legible, not_judged(nbformat.reads(notebooks[name], as_version=4)))
        noted += [
            f"{name}.ipynb was not handed in"
            for name in material.notebooks
            if f"{name}.ipynb" not in notebooks
        ]
    except SubmissionError as error:
        failed = str(error)
    except Exception as error:  # of a step of nbgrader's, say on metadata that somebody edited
        failed = in_short(error)
    return Result(
        submission.student,
        {} if failed else notebooks,
        tuple(noted),
        failed,
        time.monotonic() - begun,
        _memory(),
    )


def in_short(error: Exception) -> str:
    """An exception on one line, for a person."""
    reason = " ".join(str(error).split())[:300]
    return legible(f"{type(error).__name__}: {reason}" if reason else type(error).__name__)


def borrowed(nb: NotebookNode, name: str, own: Collection[str]) -> list[str]:
    """What a person should look at: what a right answer does stands in the package, which students have, and an answer that
    asks there is right. `own` are the lesson's cells, whose lines may."""
    released = {line.strip() for source in own for line in source.splitlines()}
    cells = [cell.source for cell in nb.cells if cell.cell_type == "code"]
    lines = [line.strip() for source in cells for line in source.splitlines() if CHECKER.search(line)]
    return [
        legible(f"{name} asks the checker itself: {line[:100]}") for line in lines if line not in released
    ][:1]


def _handed_in(material: Material, submission: Submission) -> list[str]:
    """The names of the notebooks that are the lesson's. Raises `SubmissionError` where there is none."""
    names = [f"{name}.ipynb" for name in material.notebooks if f"{name}.ipynb" in submission.files]
    if not names:
        wanted = " and ".join(f"{name}.ipynb" for name in material.notebooks)
        others = ", ".join(name for name in submission.files if name.endswith(".ipynb"))
        there_is = f"; there is {others}: if that is it, give it its old name" if others else ""
        raise SubmissionError(f"{wanted} was not handed in{there_is}")
    return names


def _graded(material: Material, submission: Submission, name: str, nb: NotebookNode) -> str:
    """The notebook after nbgrader's steps, all but those that write into the gradebook."""
    place = _place(material)
    with tempfile.TemporaryDirectory(prefix="headway-") as folder:
        desk = Path(folder, submission.student, material.lesson)
        lay_out(with_own(submission.files, material), desk)
        resources = {
            "unique_key": name,
            "output_files_dir": f"{name}_files",
            "metadata": {"name": name, "path": str(desk)},
            "nbgrader": {
                "student": submission.student,
                "assignment": material.lesson,
                "notebook": name,
                "db_url": place.gradebook,
            },
            KEY: Terms(material.seed, place.hidden, material.own),
        }
        for steps in (material.sanitize, material.grade):
            exporter = NotebookExporter(config=Config(material.settings))
            for step in map(import_item, steps):
                if not issubclass(step, (*ENTERING, Inspect)):
                    exporter.register_preprocessor(step)
            text, _ = exporter.from_notebook_node(nb, resources=resources)
            nb = nbformat.reads(text, as_version=4)
    return text


def _memory() -> int:
    """The most memory that this process has held so far, in bytes; where that is not kept, what it holds now."""
    try:
        import resource
    except ImportError:  # Windows
        return psutil.Process().memory_info().rss
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak if sys.platform == "darwin" else peak * 1024


def prepare(material: Material, folder: str, enough: Callable[[], bool]) -> None:
    """Draw the cases of every exercise of the lesson, and see what known mistakes do with them until that is `enough`: a
    process that is forked from this one then need not. Files go into `folder`."""
    place = _places[material.name] = _Place(material, folder)
    threads = torch.get_num_threads()
    torch.set_num_threads(1)  # others would not be there in a process that is forked
    try:
        rehearse(_exams(material, place), enough)
    finally:
        torch.set_num_threads(threads)


def _exams(material: Material, place: _Place) -> list[Exam]:
    """What is asked in this lesson. Of what cannot be drawn, each submission will tell."""
    found = []
    for step in map(import_item, material.grade):
        if issubclass(step, Execute):
            more = step(config=Config(material.settings)).more_cases
            for name in material.notebooks:
                for check in checks_of(place.gradebook, material.lesson, name).values():
                    with contextlib.suppress(Exception):
                        found.append(exam(check.exercise, material.seed, more, place.hidden))
    return found


class _Place:
    """A lesson's material as files, for nbgrader's steps; gone with the process."""

    def __init__(self, material: Material, folder: str | None = None):
        self._folder = tempfile.TemporaryDirectory(prefix="headway-", dir=folder)
        self.root = Path(self._folder.name)
        (self.root / "gradebook.db").write_bytes(material.gradebook)
        self.gradebook = f"sqlite:///{self.root / 'gradebook.db'}"
        self.hidden = self.root / "hidden" if material.hidden else None
        if self.hidden:
            lay_out(material.hidden, self.hidden)


_places: dict[str, _Place] = {}


def _place(material: Material) -> _Place:
    if material.name not in _places:
        _places.clear()  # the lesson before is done
        _places[material.name] = _Place(material)
    return _places[material.name]


def with_own(files: Mapping[str, bytes], material: Material) -> dict[str, bytes]:
    """`files` of a submission with the instructor's own, in whose way none of them stands."""
    own = {
        part.as_posix()
        for name in material.files
        for part in (PurePosixPath(name), *PurePosixPath(name).parents)
    }
    above = set(material.files)
    kept = {
        name: content
        for name, content in files.items()
        if name not in own and not above & {part.as_posix() for part in PurePosixPath(name).parents}
    }
    return {**kept, **material.files}


def lay_out(files: Mapping[str, bytes], folder: Path) -> None:
    """Write `files` into the new `folder`."""
    folder.mkdir(parents=True)
    for name, content in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
