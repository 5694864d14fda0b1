"""One form of notebooks, whoever last saved them."""

import copy
import json

import nbformat
import pytest
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook, new_output

from grader.classroom import canonical


def as_saved_by_an_editor():
    """A notebook full of what changes from one run to the next."""
    view = {canonical.WIDGET_VIEW: {"model_id": "5e1f", "version_major": 2}, "text/plain": "slider"}
    only_view = {canonical.WIDGET_VIEW: {"model_id": "77aa"}}
    outputs = [
        new_output("stream", name="stdout", text="one\n"),
        new_output("stream", name="stdout", text="two\n"),
        new_output("display_data", {"image/png": "aGVsbG8="}),
        new_output("stream", name="stdout", text="three\n"),
        new_output("display_data", view),
        new_output("display_data", only_view),
        new_output("execute_result", {"text/plain": "4"}, execution_count=12),
    ]
    timing = {"iopub.status.busy": "2025-01-01T10:00:00Z"}
    code = new_code_cell(
        "1 + 3", id="sum", execution_count=12, outputs=outputs, metadata={"execution": timing}
    )
    code.metadata.update(tags=["b", "a"], scrolled=True, vscode={"languageId": "python"})
    return new_notebook(
        cells=[new_markdown_cell("# Title", id="title", metadata={"collapsed": False}), code],
        metadata={
            "kernelspec": {"name": "my-env", "display_name": "My Env"},
            "language_info": {"name": "python", "version": "3.12.7"},
            "widgets": {"application/vnd.jupyter.widget-state+json": {"state": {}}},
        },
    )


def test_what_is_volatile_is_gone_and_what_is_said_stays():
    nb = canonical.canonical(as_saved_by_an_editor())
    nbformat.validate(nb)
    assert (nb.nbformat, nb.nbformat_minor) == (4, 5)
    assert nb.metadata == {"kernelspec": canonical.KERNELSPEC, "language_info": canonical.LANGUAGE}
    assert "version" not in nb.metadata.language_info
    title, code = nb.cells
    assert title.metadata == {} and code.metadata == {"tags": ["a", "b"]}
    assert code.execution_count is None
    seen = [output.get("text") or sorted(output.data) for output in code.outputs]
    assert seen == ["one\ntwo\n", ["image/png"], "three\n", ["text/plain"], ["text/plain"]]
    assert code.outputs[-1].execution_count is None


def test_the_notebook_given_is_left_alone():
    nb = as_saved_by_an_editor()
    before = copy.deepcopy(nb)
    canonical.canonical(nb)
    assert nb == before


def test_the_form_is_settled_after_once():
    once = canonical.canonical(as_saved_by_an_editor())
    assert canonical.text(canonical.canonical(once)) == canonical.text(once)


def test_keys_are_sorted_and_the_text_ends_in_one_newline():
    text = canonical.text(canonical.canonical(as_saved_by_an_editor()))
    assert text.endswith("}\n") and not text.endswith("\n\n")
    assert json.dumps(json.loads(text), indent=1, sort_keys=True, ensure_ascii=False) == text.rstrip()


def with_ids(*cells):
    """A notebook of these (cell, id), whatever the ids are."""
    nb = new_notebook(cells=[cell for cell, _ in cells])
    for cell, own in cells:
        cell.id = own
    return nb


def test_ids_are_kept_if_they_are_valid_and_first():
    graded = {"nbgrader": {"grade_id": "mask tokens (check)"}}
    nb = with_ids(
        (new_code_cell("a"), "kept"),
        (new_code_cell("b"), "kept"),
        (new_code_cell("c"), "not valid!"),
        (new_code_cell("d", metadata=graded), "also not"),
        (new_code_cell("c"), ""),
        (new_code_cell("e"), "mask-tokens-check-"),
    )
    ids = [cell.id for cell in canonical.canonical(nb).cells]
    assert ids[0] == "kept" and ids[5] == "mask-tokens-check-"
    assert ids[3] == "mask-tokens-check--2"
    assert ids[4] == f"{ids[2]}-2" and len(ids[2]) == 8
    assert len(set(ids)) == 6
    assert [cell.id for cell in canonical.canonical(nb).cells] == ids


def test_ids_do_not_depend_on_what_stands_around_a_cell():
    alone = canonical.canonical(with_ids((new_code_cell("x = 1"), "?")))
    among = canonical.canonical(with_ids((new_markdown_cell("x = 1"), "?"), (new_code_cell("x = 1"), "?")))
    assert alone.cells[0].id == among.cells[1].id != among.cells[0].id


@pytest.mark.parametrize("minor", [2, 4])
def test_an_older_notebook_is_read_the_same_each_time(tmp_path, minor, recwarn):
    nb = as_saved_by_an_editor()
    for cell in nb.cells:
        del cell["id"]
    nb.nbformat_minor = minor
    path = tmp_path / "older.ipynb"
    path.write_text(json.dumps(nb))
    assert canonical.text(canonical.read(path)) == canonical.text(canonical.read(path))
    assert not [warning for warning in recwarn if "id" in str(warning.message)]


def test_nbformat_3_is_read(tmp_path):
    path = tmp_path / "old.ipynb"
    code = {"cell_type": "code", "input": "1", "outputs": [], "language": "python", "metadata": {}}
    worksheet = {"cells": [code], "metadata": {}}
    path.write_text(
        json.dumps({"nbformat": 3, "nbformat_minor": 0, "metadata": {}, "worksheets": [worksheet]})
    )
    first, second = canonical.read(path), canonical.read(path)
    assert first == second and first.cells[0].source == "1"


def test_written_and_read_is_the_same(tmp_path):
    path = tmp_path / "a.ipynb"
    canonical.write(as_saved_by_an_editor(), path)
    assert canonical.read(path) == canonical.canonical(as_saved_by_an_editor())
    assert path.read_bytes() == canonical.text(canonical.read(path)).encode()
    assert list(tmp_path.iterdir()) == [path]


@pytest.mark.parametrize(
    "content",
    ["", "not JSON", "[]", '{"cells": []}', '{"nbformat": 4, "metadata": {}}', '{"nbformat": "4"}', b"\xff\xfe",
     '{"nbformat": 4, "nbformat_minor": 5, "metadata": {}, "cells": [{"cell_type": "poem", "metadata": {}, "source": ""}]}',
     '{"nbformat": 4, "nbformat_minor": 5, "metadata": {}, "cells": [7]}', "[" * 100_000],
    ids=range(10),
)  # fmt: skip
def test_what_is_not_a_notebook_is_named(tmp_path, content):
    path = tmp_path / "essay.ipynb"
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    with pytest.raises(ValueError, match=r"essay\.ipynb is not a notebook"):
        canonical.read(path)
