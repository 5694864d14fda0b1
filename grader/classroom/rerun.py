"""Running solution notebooks, so that their stored outputs are what their cells give today."""

from __future__ import annotations

from pathlib import Path

from nbclient import NotebookClient
from nbclient.exceptions import CellExecutionError, CellTimeoutError, DeadKernelError
from nbformat import NotebookNode

from grader.classroom import canonical
from grader.classroom.course import Course, CourseError, blank_record, surroundings

SECONDS = 600  # a cell


def notebooks(course: Course, names: list[str]) -> list[Path]:
    """The notebooks in solutions/ that these names mean, lessons or pages; all of them, if none are given."""
    pages = {path.stem: path for path in course.pages}
    if not names:
        return [*pages.values(), *map(course.notebook, course.lessons)]
    return [pages.get(name) or course.notebook(course.lesson(name)) for name in names]


def rerun(path: Path) -> None:
    """Run a notebook in its folder, in a new kernel, and store it with its outputs, canonical.

    Raises `CourseError` where a cell raises, writes to stderr or takes too long; the file is then as it was.
    """
    try:
        nb = canonical.without_outputs(canonical.read(path))
    except ValueError as error:
        raise CourseError(str(error)) from None
    client = NotebookClient(
        nb,
        timeout=SECONDS,
        kernel_name="python3",
        extra_arguments=["--log-level=ERROR"],
        resources={"metadata": {"path": str(path.parent)}},
    )
    try:
        with surroundings(), blank_record():
            client.execute()
    except CellExecutionError as error:
        raise CourseError(f"{path}: {_failing(nb)} raised {error.ename}: {error.evalue}") from None
    except CellTimeoutError:
        raise CourseError(f"{path}: {_failing(nb)} was not done after {SECONDS} seconds") from None
    except DeadKernelError:
        raise CourseError(f"{path}: the kernel died in {_failing(nb)}: out of memory?") from None
    for cell in nb.cells:
        for output in cell.get("outputs", []):
            if output.output_type == "stream" and output.name == "stderr":
                raise CourseError(
                    f"{path}: cell {cell.id} writes to stderr, which nbgrader takes for a failure: "
                    f"{output.text.strip()[:300]}"
                )
    canonical.write(nb, path)


def _failing(nb: NotebookNode) -> str:
    """The cell that was running when execution ended: the last that began."""
    begun = [cell for cell in nb.cells if cell.cell_type == "code" and "execution" in cell.metadata]
    return f"cell {begun[-1].id}" if begun else "the first cell"
