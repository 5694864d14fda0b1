"""nbgrader's `Execute` step, as this course grades: cells run in an isolated kernel, verdicts are reached here.

`nbgrader_config.py` puts this class in the place of nbgrader's own, so that `nbgrader autograde`, formgrader's
button and `grader grade` all run it. What is known of a check cell comes from the gradebook, where nbgrader wrote
down the instructor's cells; nothing that stands in the submission decides who judges, by what, or with how many points.
"""

from __future__ import annotations

import ast
import shutil
import tempfile
import time
from collections.abc import Collection, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import nbformat
import nbgrader.preprocessors
from nbconvert.exporters.exporter import ResourcesDict
from nbformat import NotebookNode
from nbformat.v4 import new_output
from nbgrader.api import Gradebook
from nbgrader.coursedir import CourseDirectory
from nbgrader.utils import is_grade, is_solution
from traitlets import Bool, Dict, Integer

from grader.classroom.exams import Exam, exam
from grader.classroom.lessons import Check, check_of
from grader.classroom.needed import Ask, needed, sources
from grader.classroom.seed import course_seed
from grader.exercises import exercises, lessons
from grader.judge import Verdict
from grader.judge.verdict import number
from grader.kernel.calls import Calls
from grader.kernel.limits import Limits
from grader.kernel.session import Session, Status

KEY = "headway"
"""Where a verdict's data stand in the metadata of its output, and the terms of grading in nbconvert's resources."""
NOT_JUDGED = "NotJudged"
"""The name of the error in a check cell whose exercise could not judge the answer: the fault is not the student's."""
REVIVALS = 10
"""How many new kernels a notebook gets after its first."""


@dataclass(frozen=True)
class Terms:
    """What a lesson's submissions are judged by that is not in them: the course seed, the folder of hidden data, and
    the code cells of each of its notebooks as they were released (see `needed`)."""

    seed: int
    hidden: Path | None
    own: Mapping[str, Collection[str]]


def hidden_folder(directory: CourseDirectory, lesson: str) -> Path | None:
    """The folder of a lesson's hidden data, if it has one."""
    folder = Path(directory.format_path(directory.source_directory, ".", lesson), "hidden")
    return folder if folder.is_dir() else None


def released_cells(directory: CourseDirectory, lesson: str) -> dict[str, frozenset[str]]:
    """The sources of the code cells of a lesson's notebooks as students get them, by the notebooks' names."""
    folder = Path(directory.format_path(directory.release_directory, ".", lesson))
    found = {}
    for path in sorted(folder.glob("*.ipynb")):
        nb = nbformat.read(path, as_version=4)
        found[path.stem] = sources([cell.source for cell in nb.cells if cell.cell_type == "code"])
    return found


class Execute(nbgrader.preprocessors.Execute):
    """Runs a submission's cells in a `Session`; a graded cell that is `check(NAME)` is judged in this process."""

    trust_submissions = Bool(
        False,
        help="Run submissions without isolation, as stock nbgrader does: they can then read and change all that "
        "you can. For machines where isolation is not to be had.",
    ).tag(config=True)
    more_cases = Integer(
        2, min=1, help="How many times as many cases an answer is graded with as in practice."
    ).tag(config=True)
    run_everything = Bool(
        False,
        help="Run all cells of a submission, also those of the lesson's own that no answer needs: trainings, pictures.",
    ).tag(config=True)
    limits = Dict(
        help="What one submission may use, as fields of grader.kernel.limits.Limits: {'memory': 2 << 30}."
    ).tag(config=True)

    def preprocess(
        self, nb: NotebookNode, resources: ResourcesDict, km: object = None
    ) -> tuple[NotebookNode, ResourcesDict]:
        language = nb.metadata.get("kernelspec", {}).get("language", "python")
        if language != "python":
            raise RuntimeError(f"only notebooks in Python can be graded here, and this one is in {language}")
        terms = resources.get(KEY) or self._terms(resources)
        where = resources["nbgrader"]
        checks = checks_of(where["db_url"], where["assignment"], where["notebook"])
        limits = Limits(**self.limits)
        with (
            working_copy(Path(resources["metadata"]["path"])) as folder,
            Session(folder, limits=limits, isolated=not self.trust_submissions) as session,
        ):
            kernel = _Kernel(session, self.timeout or limits.notebook)
            cells = [cell for cell in nb.cells if cell.cell_type == "code"]
            asked = [checks.get(_grade_id(cell)) if is_grade(cell) else None for cell in cells]
            runs = self._runs(cells, asked, terms.own.get(resources["nbgrader"]["notebook"], ()))
            for count, (cell, check, run) in enumerate(zip(cells, asked, runs, strict=True), 1):
                if not run:
                    cell.outputs, cell.execution_count = [], None
                    continue
                if check:
                    cell.outputs = self._judged(kernel, check, float(cell.metadata.nbgrader.points), terms)
                else:
                    cell.outputs = kernel.run(cell.source)
                    if is_grade(cell) and not is_solution(cell):
                        cell.outputs = fair(cell.source, cell.outputs, float(cell.metadata.nbgrader.points))
                cell.execution_count = count
                for output in cell.outputs:
                    if output.output_type == "execute_result":
                        output.execution_count = count
        return nb, resources

    def _runs(self, cells: list[NotebookNode], asked: list[Check | None], own: Collection[str]) -> list[bool]:
        """Which cells are run. All, where one is graded in the kernel: it may rest on more than names tell."""
        if self.run_everything or any(
            is_grade(cell) and not is_solution(cell) and not check
            for cell, check in zip(cells, asked, strict=True)
        ):
            return [True] * len(cells)
        parts = [
            Ask(check.answer, check.before) if check else cell.source
            for cell, check in zip(cells, asked, strict=True)
        ]
        return needed(parts, own)

    def _judged(self, kernel: _Kernel, check: Check, points: float, terms: Terms) -> list[NotebookNode]:
        if check.before:
            kernel.run(check.before)
        try:
            asked = exam(check.exercise, terms.seed, self.more_cases, terms.hidden)
            verdict = asked.mark(kernel.answer(check.answer, asked))
        except Exception as error:  # of a requirement whose author did not think of such a result
            message = f"{check.exercise} cannot be judged: {type(error).__name__}: {str(error)[:300]}. Tell whoever wrote it"
            line = f"{NOT_JUDGED}: {message}"
            return [new_output("error", ename=NOT_JUDGED, evalue=message, traceback=[line])]
        return [shown(verdict, points)]

    def _terms(self, resources: ResourcesDict) -> Terms:
        """From the course that nbgrader is converting: a preprocessor's parent is the exporter, whose is the converter."""
        directory = self.parent.parent.coursedir
        lesson = resources["nbgrader"]["assignment"]
        return Terms(
            course_seed(directory), hidden_folder(directory, lesson), released_cells(directory, lesson)
        )


class _Kernel:
    """A session's kernels, one after another: a new one takes over where one died, with all that ran before."""

    def __init__(self, session: Session, seconds: float):
        self.session, self.seconds = session, seconds
        self.done: list[str] = []
        self.left = REVIVALS
        self.end = time.monotonic() + session.limits.notebook

    def run(self, source: str) -> list[NotebookNode]:
        """The outputs of a cell. Where it failed, in whatever way, there is an error among them."""
        self._revive()
        outputs, status = self.session.run(source, self.seconds)
        if status in (Status.OK, Status.ERROR):
            self.done.append(source)
        if status != Status.OK and not any(output.output_type == "error" for output in outputs):
            message = f"the cell ended as: {status}"
            outputs.append(
                new_output("error", ename="Failed", evalue=message, traceback=[f"Failed: {message}"])
            )
        return outputs

    def answer(self, name: str, asked: Exam) -> Calls:
        self._revive()
        seconds = asked.paper.exercise.seconds
        return self.session.answer(name, seconds, foreseen=asked.foreseen, revive=self._revive)

    def _revive(self) -> None:
        if not self.session.alive and self.left and time.monotonic() < self.end:
            self.left -= 1
            self.session.restart(self.done, self.seconds)


@contextmanager
def working_copy(folder: Path) -> Iterator[Path]:
    """A copy of a submission's folder for its kernel, gone afterwards: plain files only, and no notebooks, in which
    the instructor's locked cells stand."""
    with tempfile.TemporaryDirectory(prefix="headway-") as made:
        copy = Path(made, folder.name)

        def left_out(inside: str, names: list[str]) -> list[str]:
            paths = [Path(inside, name) for name in names]
            return [
                path.name
                for path in paths
                if path.is_symlink() or not (path.is_dir() or path.is_file()) or path.suffix == ".ipynb"
            ]

        shutil.copytree(folder, copy, ignore=left_out, copy_function=shutil.copyfile)
        yield copy


def not_judged(nb: NotebookNode) -> list[str]:
    """What an instructor should know of checks that came to no verdict in this graded notebook."""
    return [
        f"{output.evalue}, and give the points by hand"
        for cell in nb.cells
        if cell.cell_type == "code"
        and is_grade(cell)
        and check_of(cell.source)  # others are the kernel's own words
        for output in cell.outputs
        if output.output_type == "error" and output.ename == NOT_JUDGED
    ]


def shown(verdict: Verdict, points: float) -> NotebookNode:
    """A verdict as the output of its cell, worth `points` when right: the table, the points as nbgrader reads them,
    and as metadata what a report on the class needs."""
    earned = verdict.points * points / verdict.out_of if verdict.out_of else 0.0
    data = {
        "exercise": verdict.exercise,
        "points": round(earned, 2),
        "out_of": points,
        "right": verdict.right,
        "mistake": verdict.mistake,
        "misconception": verdict.misconception,
        "missed": [row.sentence for row in verdict.requirements if row.holds is False],
        "problem": verdict.problem.message if verdict.problem else "",
    }
    return new_output(
        "execute_result",
        {"text/plain": number(earned), "text/html": verdict._repr_html_()},
        metadata={KEY: data},
    )


def fair(source: str, outputs: list[NotebookNode], points: float) -> list[NotebookNode]:
    """The outputs of a graded cell of plain asserts, so that nbgrader reads from them what the cell's author meant.

    nbgrader takes any text on stderr for a failure, and the first result for a number of points. Here, what is written to
    stderr costs nothing; only a cell that ends in an expression has a result, the last one; and where that is a
    number that cannot be the cell's points, the cell has failed (nbgrader gives all points for less than 0 or NaN, and
    loses the submission for too many).
    """
    results = [output for output in outputs if output.output_type == "execute_result"]
    own = results[-1] if results and _ends_in_expression(source) else None
    for output in outputs:
        if output.output_type == "stream":
            output.name = "stdout"
        elif output.output_type == "execute_result" and output is not own:
            output.output_type = "display_data"
            output.pop("execution_count", None)
    if own is not None and not 0 <= _number(own.data.get("text/plain", "")) <= points:
        message = f"the result {own.data['text/plain'][:80]} is not between 0 and the cell's {number(points)} points"
        line = f"NotPoints: {message}"
        outputs = [output for output in outputs if output is not own]
        outputs.append(new_output("error", ename="NotPoints", evalue=message, traceback=[line]))
    elif own is not None and not own.data.get("text/plain"):
        own.data["text/plain"] = "(no text)"  # nbgrader cannot do without
    return outputs


def checks_of(gradebook: str, lesson: str, notebook: str) -> dict[str, Check]:
    """The graded cells of this notebook that the grader judges itself, by their names, as the instructor wrote them;
    `gradebook` is a database's URL."""
    with Gradebook(gradebook) as book:
        found = book.find_notebook(notebook, lesson)
        graded = {cell.name for cell in found.grade_cells}
        sources = {
            cell.name: cell.source
            for cell in found.source_cells
            if cell.name in graded and cell.locked and cell.cell_type == "code"
        }
    return checks_in(sources)


def checks_in(sources: dict[str, str]) -> dict[str, Check]:
    """Those of these cells, source by name, that end in `check(NAME)` for an exercise that there is."""
    asked = {name: check_of(source) for name, source in sources.items() if "check(" in source}
    known = (
        {exercise for lesson in lessons() for exercise in exercises(lesson)} if any(asked.values()) else set()
    )
    return {name: check for name, check in asked.items() if check and check.exercise in known}


def _grade_id(cell: NotebookNode) -> str:
    return cell.metadata.nbgrader.get("grade_id", "")


def _ends_in_expression(source: str) -> bool:
    if source.rstrip().endswith(";"):
        return False
    try:
        body = ast.parse(source).body
    except SyntaxError:  # a magic
        return True
    return bool(body) and isinstance(body[-1], ast.Expr)


def _number(text: str) -> float:
    try:
        return float(text)
    except ValueError:
        return 0.0
