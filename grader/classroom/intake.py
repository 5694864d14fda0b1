"""What was handed in: read with suspicion, once, as plain data; what cannot be graded is told from what can."""

from __future__ import annotations

import hashlib
import json
import os
import stat
import warnings
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any, TextIO

import nbformat
from nbconvert.exporters import NotebookExporter
from nbconvert.exporters.exporter import ResourcesDict
from nbformat import NotebookNode
from nbgrader.api import Gradebook, Notebook
from nbgrader.coursedir import CourseDirectory
from nbgrader.preprocessors import NbGraderPreprocessor
from nbgrader.utils import is_grade, is_ignored, is_solution, is_task, parse_utc

MAX_BYTES = 100 << 20
MAX_NOTEBOOK = 30 << 20
MAX_PARTS = 10_000
"""Lists and objects that a notebook may consist of, but for what its cells once put out: each takes many times its length
to read, and to say what is wrong with it."""
MAX_FILES = 2000
"""Folders are counted, too."""
MAX_PATH = 240
"""Characters of a file's path inside the folder: more is more than Windows, or a program that walks through it, can take."""
TIMESTAMP = "timestamp.txt"


class SubmissionError(Exception):
    """A submission that cannot be graded; the message says why, and what to do, to an instructor."""

    def __init__(self, message: str):
        super().__init__(legible(message))


def legible(text: str) -> str:
    """On one line, and without characters that do something to a terminal: names of files may hold any."""
    return "".join(char if char.isprintable() else "\N{REPLACEMENT CHARACTER}" for char in text)


@dataclass(frozen=True)
class Submission:
    """What one student handed in for a lesson: the files by their paths inside the folder, written with `/`."""

    student: str
    lesson: str
    files: Mapping[str, bytes]

    @property
    def digest(self) -> str:
        """The same for the same files, and for no others."""
        digest = hashlib.sha256()
        for name in sorted(self.files):
            for part in (name.encode("utf-8", "surrogateescape"), self.files[name]):
                digest.update(b"%d:" % len(part))
                digest.update(part)
        return digest.hexdigest()

    @property
    def timestamp(self) -> datetime | None:
        """When it was handed in, in UTC without a zone, as nbgrader keeps it; None where that is not known."""
        try:
            return parse_utc(self.files[TIMESTAMP][:100].decode("utf-8").strip())
        except Exception:  # of parsers fed with anything whatever
            return None


def read(folder: Path, student: str, lesson: str, ignore: Sequence[str] = ()) -> Submission:
    """The submission in `folder`, without what `ignore` (globs of names) leaves out.

    Raises `SubmissionError` for a folder that holds links to elsewhere, what is no file, or more than can be.
    """
    if folder.is_symlink():
        raise SubmissionError("the folder is a link to elsewhere. Put what was handed in there itself")
    root = os.path.realpath(folder)
    owner = os.stat(root).st_uid
    files: dict[str, bytes] = {}
    size = 0
    for count, (path, inside) in enumerate(_entries(Path(root), root, list(ignore))):
        state = path.stat()
        size += 0 if stat.S_ISDIR(state.st_mode) else state.st_size
        if size > MAX_BYTES or count >= MAX_FILES:
            raise SubmissionError(
                f"it is too large: more than {MAX_BYTES >> 20} MB or {MAX_FILES} files. Delete what does not "
                "belong to the lesson, then grade again"
            )
        if stat.S_ISDIR(state.st_mode):
            continue
        if state.st_nlink > 1 and state.st_uid != owner:
            raise SubmissionError(
                f"{inside} is another name of a file that is somebody else's. Ask for a copy of it"
            )
        files[inside] = path.read_bytes()
    return Submission(student, lesson, files)


def _entries(folder: Path, root: str, ignore: list[str]) -> Iterator[tuple[Path, str]]:
    """Each file and folder below `folder` with its path from `root`."""
    with os.scandir(folder) as entries:
        found = sorted(entries, key=lambda entry: entry.name)
    for entry in found:
        inside = Path(entry.path).relative_to(root).as_posix()
        if is_ignored(entry.path, ignore):
            continue
        if len(inside) > MAX_PATH:
            raise SubmissionError(
                f"{inside[:60]}… is too long a path: more than {MAX_PATH} characters. Rename it, or move it up"
            )
        if entry.is_symlink():
            target = os.path.realpath(entry.path)
            if not target.startswith(root + os.sep) or not os.path.isfile(target):
                raise SubmissionError(
                    f"{inside} is a link that leads out of the folder or to no file. Ask for the file itself"
                )
            yield Path(target), inside
        elif entry.is_dir(follow_symlinks=False):
            yield Path(entry.path), inside
            yield from _entries(Path(entry.path), root, ignore)
        elif stat.S_ISREG(entry.stat(follow_symlinks=False).st_mode):
            yield Path(entry.path), inside
        else:
            raise SubmissionError(f"{inside} is neither a file nor a folder. Delete it, then grade again")


def parse(name: str, content: bytes) -> NotebookNode:
    """The notebook with these bytes, in the current format, without outputs, which are none of what is graded.

    Raises `SubmissionError` where it is none, or larger than a person writes.
    """
    try:
        text = _without_outputs(content)
    except Exception as error:  # of parsers fed with anything whatever
        raise _no_notebook(name, error) from None
    if text is None:
        raise SubmissionError(
            f"{name} is too large: more than {MAX_NOTEBOOK >> 20} MB, or {MAX_PARTS:,} parts without outputs. "
            "Delete what does not belong to the lesson, then grade again"
        )
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # about cells without ids, which get theirs
            nb = nbformat.reads(text, as_version=4)
            if b"\\ud" in content.lower():  # perhaps half a character, which no file can be written with
                nb = nbformat.reads(nbformat.writes(nb).encode("utf-8", "replace").decode(), as_version=4)
            nbformat.validate(nb)
        return nb
    except Exception as error:
        raise _no_notebook(name, error) from None


def _no_notebook(name: str, error: Exception) -> SubmissionError:
    reason = (str(error) or type(error).__name__).strip().splitlines()[0][:200]
    return SubmissionError(f"{name} is not a notebook: {reason}; ask for the notebook itself")


def _without_outputs(content: bytes) -> str | None:
    """A notebook's JSON without what its cells once put out; None where it is too large."""
    if len(content) > MAX_NOTEBOOK:
        return None
    found = json.loads(content.decode("utf-8-sig"))
    for sheet in (found, *found.get("worksheets", ())):
        for cell in sheet.get("cells", ()):
            if "outputs" in cell:
                cell["outputs"] = []
    parts = [found]
    for part in parts:
        inside = part.values() if isinstance(part, dict) else part
        parts += [one for one in inside if isinstance(one, (dict, list))]
        if len(parts) > MAX_PARTS:
            return None
    return json.dumps(found)


def names_of_cells(notebook: Notebook) -> tuple[str, ...]:
    """Of the cells of a notebook in the gradebook, those that are answered or graded."""
    names = {
        cell.name for cell in (*notebook.grade_cells, *notebook.solution_cells, *notebook.task_cells)
    }
    return tuple(cell.name for cell in notebook.source_cells if cell.name in names)


def faults(nb: NotebookNode, name: str, wanted: Sequence[str]) -> list[str]:
    """What a person should know of the notebook `name`: which of the cells `wanted` (nbgrader's names of what is
    answered or graded) are lost.

    Raises `SubmissionError` where there is nothing to grade: cells that are there twice, or none at all.
    """
    found = Counter(name for name in _named(nb) if isinstance(name, str))
    if wanted and not set(wanted) & set(found):
        raise SubmissionError(f"{name} has none of this lesson's cells: is it another lesson's notebook?")
    if twice := [cell for cell in wanted if found[cell] > 1]:
        raise SubmissionError(
            f"{name} has more than one cell named {', '.join(twice)}: delete the copies, keep the one to be graded"
        )
    return [
        f"the cell {cell} is missing from {name}, and with it the points that hang on it"
        for cell in wanted
        if cell not in found
    ]


def disown(nb: NotebookNode, wanted: Sequence[str]) -> None:
    """Take nbgrader's mark from cells that are none of the lesson's (of another's, say, pasted in): they are run, not graded."""
    for cell in nb.cells:
        mark = cell.metadata.get("nbgrader")
        others = not isinstance(mark, dict) or (_is_marked(cell) and mark.get("grade_id") not in list(wanted))
        if mark is not None and others:
            del cell.metadata["nbgrader"]


def _named(nb: NotebookNode) -> list[str]:
    """The nbgrader names of the cells that are graded or answered in."""
    return [
        cell.metadata.nbgrader.get("grade_id", "")
        for cell in nb.cells
        if isinstance(cell.metadata.get("nbgrader"), dict) and _is_marked(cell)
    ]


def _is_marked(cell: NotebookNode) -> bool:
    """Whether points or comments are entered for a cell."""
    return bool(is_grade(cell) or is_solution(cell) or is_task(cell))


class Reader(NotebookExporter):
    """How nbgrader's own command reads a notebook: in the bounds of `parse` (see `nbgrader_config.py`)."""

    def from_file(self, file_stream: TextIO, resources: dict | None = None, **kw: Any) -> tuple[str, dict]:
        nb = parse(Path(file_stream.name).name, file_stream.read().encode())
        return self.from_notebook_node(nb, resources=resources, **kw)


class Inspect(NbGraderPreprocessor):
    """The first of nbgrader's steps over a submission: stops one that cannot be graded (see `nbgrader_config.py`).

    nbgrader enters a submission into the gradebook before its first step; one that is stopped and has no points yet is
    taken out again, so that nobody has 0 points for what nobody looked at.
    """

    def preprocess(self, nb: NotebookNode, resources: ResourcesDict) -> tuple[NotebookNode, ResourcesDict]:
        where = resources["nbgrader"]
        directory: CourseDirectory = self.parent.parent.coursedir
        with Gradebook(where["db_url"]) as gradebook:
            notebook = gradebook.find_notebook(where["notebook"], where["assignment"])
            wanted = names_of_cells(notebook)
        student, lesson = where["student"], where["assignment"]
        folder = Path(directory.format_path(directory.submitted_directory, student, lesson))
        try:
            read(folder, student, lesson, directory.ignore)
            for fault in faults(nb, f"{where['notebook']}.ipynb", wanted):
                self.log.warning("%s: %s", student, fault)
            disown(nb, wanted)
        except SubmissionError:
            self._forget(where)
            raise
        return nb, resources

    def _forget(self, where: dict[str, str]) -> None:
        with Gradebook(where["db_url"]) as gradebook:
            submission = gradebook.find_submission(where["assignment"], where["student"])
            grades = [grade for notebook in submission.notebooks for grade in notebook.grades]
            if all(grade.auto_score is None and grade.manual_score is None for grade in grades):
                gradebook.remove_submission(where["assignment"], where["student"])
