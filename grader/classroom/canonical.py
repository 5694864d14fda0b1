"""One canonical form of notebooks, so that a diff shows what changed and nothing else."""

from __future__ import annotations

import hashlib
import json
import re
from pathlib import Path
from typing import Any

import nbformat
from nbconvert.preprocessors import Preprocessor
from nbformat import NotebookNode

KERNELSPEC = {"display_name": "Python 3 (ipykernel)", "language": "python", "name": "python3"}
LANGUAGE = {
    "codemirror_mode": {"name": "ipython", "version": 3},
    "file_extension": ".py",
    "mimetype": "text/x-python",
    "name": "python",
    "nbconvert_exporter": "python",
    "pygments_lexer": "ipython3",
}
KEPT_OF_NOTEBOOK = {"title"}
KEPT_OF_CELL = {"deletable", "editable", "jupyter", "name", "nbgrader", "slideshow", "tags"}
WIDGET_VIEW = "application/vnd.jupyter.widget-view+json"


def canonical(nb: NotebookNode) -> NotebookNode:
    """`nb` in canonical form, as a new notebook.

    nbformat 4.5; every cell has an id, kept if it is valid and the first of its kind, else made from the cell's
    `grade_id` or its source; no execution counts, timings, widget state or versions; streams whole, however
    the kernel happened to send them; of an output that shows a widget, only what can be shown without a kernel.
    """
    nb = nbformat.from_dict(json.loads(json.dumps(nb)))
    if (nb.nbformat, nb.nbformat_minor) < (4, 5):
        nb = nbformat.convert(nb, 4)
        for cell in nb.cells:  # the conversion draws ids at random
            cell.pop("id", None)
    nb.nbformat, nb.nbformat_minor = 4, 5
    kept = {key: value for key, value in nb.metadata.items() if key in KEPT_OF_NOTEBOOK}
    nb.metadata = nbformat.from_dict({**kept, "kernelspec": KERNELSPEC, "language_info": LANGUAGE})
    for cell in nb.cells:
        _settle(cell)
    _name(nb.cells)
    return nb


def _settle(cell: NotebookNode) -> None:
    cell.metadata = nbformat.from_dict(
        {key: value for key, value in cell.metadata.items() if key in KEPT_OF_CELL and value not in ([], {})}
    )
    if "tags" in cell.metadata:
        cell.metadata.tags = sorted(set(cell.metadata.tags))
    if cell.cell_type == "code":
        cell.execution_count = None
        cell.outputs = _outputs(cell.get("outputs", []))


def _outputs(outputs: list[NotebookNode]) -> list[NotebookNode]:
    settled: list[NotebookNode] = []
    for output in outputs:
        before = settled[-1] if settled else None
        if output.output_type == "stream" and before and before.get("name") == output.name:
            before.text += output.text
            continue
        if "execution_count" in output:
            output.execution_count = None
        if "data" in output and output.data.pop(WIDGET_VIEW, None) is not None and not output.data:
            continue
        settled.append(output)
    return settled


def _name(cells: list[NotebookNode]) -> None:
    """Give an id to each cell that has none of its own."""
    taken: set[str] = set()
    nameless = []
    for cell in cells:
        own = cell.get("id", "")
        if re.fullmatch(r"[a-zA-Z0-9_-]{1,64}", own) and own not in taken:
            taken.add(own)
        else:
            nameless.append(cell)
    for cell in nameless:
        grade_id = cell.metadata.get("nbgrader", {}).get("grade_id", "")
        made = re.sub(r"[^a-zA-Z0-9_-]+", "-", grade_id)[:56] or _digest(cell)
        number, cell.id = 1, made
        while cell.id in taken:
            number += 1
            cell.id = f"{made}-{number}"
        taken.add(cell.id)


def _digest(cell: NotebookNode) -> str:
    return hashlib.sha256(f"{cell.cell_type}\n{cell.source}".encode()).hexdigest()[:8]


def without_outputs(nb: NotebookNode) -> NotebookNode:
    """`nb` in canonical form and without stored outputs, as a new notebook."""
    nb = canonical(nb)
    for cell in nb.cells:
        if cell.cell_type == "code":
            cell.outputs = []
    return nb


def text(nb: NotebookNode) -> str:
    """A notebook as it is stored: keys sorted, one newline at the end."""
    return nbformat.writes(nb).rstrip("\n") + "\n"


def read(path: Path) -> NotebookNode:
    """The notebook stored in `path`, in canonical form. Raises `ValueError` where it is not a notebook."""
    try:
        content: Any = json.loads(Path(path).read_text("utf-8"))
        if not isinstance(content, dict) or not isinstance(content.get("nbformat"), int):
            raise ValueError("it has no `nbformat`")
        if content["nbformat"] >= 4:
            content.setdefault("nbformat_minor", 0)
            nb = nbformat.from_dict(content)
            nb = nbformat.v4.rwbase.rejoin_lines(nb)
        else:
            nb = nbformat.reads(json.dumps(content), as_version=4)
            nb.nbformat_minor = 0  # so that the ids that were just drawn are not kept
        nb = canonical(nb)
        nbformat.validate(nb)
        return nb
    except (
        ValueError,
        AttributeError,
        KeyError,
        TypeError,
        RecursionError,
        nbformat.ValidationError,
    ) as error:
        reason = str(error).splitlines()[0] if str(error) else type(error).__name__
        raise ValueError(f"{path} is not a notebook: {reason}") from None


def write(nb: NotebookNode, path: Path) -> None:
    """Store `nb` in canonical form, whole or not at all."""
    path = Path(path)
    part = path.with_name(f".{path.name}.part")
    part.write_text(text(canonical(nb)), "utf-8", newline="\n")
    part.replace(path)


class Canonical(Preprocessor):
    """The last of nbgrader's steps to a release (see `nbgrader_config.py`)."""

    enabled = True

    def preprocess(self, nb: NotebookNode, resources: dict) -> tuple[NotebookNode, dict]:
        return canonical(nb), resources
