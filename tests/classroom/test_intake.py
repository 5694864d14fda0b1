"""What was handed in is read with suspicion."""

import json
import os
import sys

import nbformat
import pytest
from small_course import LESSON, NAMES, lesson_notebook

from grader.classroom import canonical, intake
from grader.classroom.intake import Submission, SubmissionError, faults, parse, read

WANTED = [name for exercise in NAMES for name in (exercise, f"check_{exercise}")]
links = pytest.mark.skipif(sys.platform == "win32", reason="links are a privilege on Windows")


@pytest.fixture
def folder(tmp_path):
    """A submission of a notebook, a helper in a folder, and what editors leave."""
    made = tmp_path / "submitted" / "ada" / LESSON
    (made / "helpers").mkdir(parents=True)
    (made / ".ipynb_checkpoints").mkdir()
    (made / "notes.ipynb").write_text("{}")
    (made / "helpers" / "tools.py").write_text("x = 1\n")
    (made / ".ipynb_checkpoints" / "notes.ipynb").write_text("older")
    (made / "timestamp.txt").write_text("2026-03-01 10:00:00 UTC\n")
    return made


def test_all_files_are_read_and_none_is_touched(folder):
    before = {path: path.stat() for path in folder.rglob("*")}
    submission = read(folder, "ada", LESSON, [".ipynb_checkpoints"])
    assert sorted(submission.files) == ["helpers/tools.py", "notes.ipynb", "timestamp.txt"]
    assert submission.files["helpers/tools.py"] == b"x = 1\n"
    assert {path: path.stat().st_mtime_ns for path in before} == {p: s.st_mtime_ns for p, s in before.items()}


def test_the_time_is_read_as_nbgrader_reads_it(folder):
    assert read(folder, "ada", LESSON).timestamp.isoformat() == "2026-03-01T10:00:00"


@pytest.mark.parametrize("text", [b"", b"yesterday", b"\xff", b"9" * 400, b"-00:00" + b"9" * 40 + b"th"])
def test_a_time_that_cannot_be_read_is_none(text):
    assert Submission("ada", LESSON, {"timestamp.txt": text}).timestamp is None
    assert Submission("ada", LESSON, {}).timestamp is None


def test_the_digest_is_that_of_the_files():
    def digest(files):
        return Submission("ada", LESSON, files).digest

    assert digest({"a": b"1", "b": b"2"}) == digest({"b": b"2", "a": b"1"})
    several = [{"a": b"1"}, {"a": b"2"}, {"b": b"1"}, {"a": b"1", "b": b""}, {"a1": b""}, {"a": b"1b"}]
    assert len({digest(files) for files in several}) == len(several)


@links
@pytest.mark.parametrize(
    "target", ["/etc/hosts", "../../../gradebook.db", "../../bob/{}", "nowhere", "helpers", "..", "."]
)
def test_links_that_lead_out_are_refused(folder, target):
    (folder.parents[2] / "gradebook.db").write_text("grades")
    (folder / "data.txt").symlink_to(target.format(LESSON))
    with pytest.raises(
        SubmissionError, match=r"data\.txt is a link that leads out of the folder or to no file"
    ):
        read(folder, "ada", LESSON)


@links
def test_a_linked_folder_is_refused_however_deep(folder):
    (folder / "helpers" / "more").symlink_to("/etc", target_is_directory=True)
    with pytest.raises(SubmissionError, match=r"helpers/more is a link"):
        read(folder, "ada", LESSON)


@links
def test_a_folder_that_is_itself_a_link_is_refused(folder):
    mine = folder.with_name("other")
    mine.symlink_to(folder, target_is_directory=True)
    with pytest.raises(SubmissionError, match="the folder is a link"):
        read(mine, "ada", LESSON)


@links
def test_a_link_to_a_file_beside_it_is_that_file(folder):
    (folder / "tools.py").symlink_to("helpers/tools.py")
    assert read(folder, "ada", LESSON).files["tools.py"] == b"x = 1\n"


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="there are no named pipes here")
def test_what_is_no_file_is_refused_and_not_waited_for(folder):
    os.mkfifo(folder / "pipe")
    with pytest.raises(SubmissionError, match="pipe is neither a file nor a folder"):
        read(folder, "ada", LESSON)


def test_too_much_is_refused_before_it_is_read(folder, monkeypatch):
    with (folder / "video.mp4").open("wb") as file:
        file.truncate(intake.MAX_BYTES + 1)  # a hole: no disk is used
    monkeypatch.setattr("pathlib.Path.read_bytes", lambda path: b"" if path.name != "video.mp4" else 1 / 0)
    with pytest.raises(SubmissionError, match="too large: more than 100 MB"):
        read(folder, "ada", LESSON)


def test_too_many_files_are_refused(folder, monkeypatch):
    monkeypatch.setattr(intake, "MAX_FILES", 3)
    with pytest.raises(SubmissionError, match=r"too large: .* 3 files"):
        read(folder, "ada", LESSON)


# ------------------------------------------------------------------------------------------- the notebook


@pytest.mark.parametrize(
    "content",
    [b"", b"Dear teacher", b"[]", b"{}", b"\xff\xfe\x00", b"[" * 100_000, b"null",
     b'{"nbformat": 4, "nbformat_minor": 4, "metadata": {}, "cells": 7}',
     b'{"nbformat": 4, "nbformat_minor": 4, "metadata": {}, "cells": [7]}',
     b'{"nbformat": 99, "nbformat_minor": 4, "metadata": {}, "cells": []}',
     b'{"nbformat": 4, "nbformat_minor": 4, "metadata": [], "cells": []}'],
    ids=range(11),
)  # fmt: skip
def test_what_is_no_notebook_is_named(content):
    with pytest.raises(
        SubmissionError, match=r"^essay\.ipynb is not a notebook: .*; ask for the notebook itself$"
    ):
        parse("essay.ipynb", content)


def test_a_notebook_is_parsed_as_nbgrader_does(recwarn):
    nb = lesson_notebook()
    content = canonical.text(canonical.canonical(nb)).encode()
    wanted = nbformat.reads(content.decode(), as_version=4)
    assert any(cell.outputs for cell in wanted.cells if cell.cell_type == "code")
    for cell in wanted.cells:
        cell |= {"outputs": []} if cell.cell_type == "code" else {}
    assert parse("a.ipynb", content) == wanted
    assert parse("a.ipynb", b"\xef\xbb\xbf" + content).cells
    without = json.loads(content)
    for cell in without["cells"]:
        del cell["id"]
    assert len(parse("a.ipynb", json.dumps(without).encode()).cells) == len(nb.cells)
    assert not recwarn.list


def test_what_cells_once_put_out_may_be_of_any_size():
    nb = lesson_notebook()
    content = json.loads(canonical.text(canonical.canonical(nb)))
    content["cells"][-1]["outputs"] = [{"output_type": "none"}] * (intake.MAX_PARTS + 1)
    assert parse("a.ipynb", json.dumps(content).encode()).cells[-1].outputs == []


def test_more_than_a_person_writes_is_refused(monkeypatch):
    nb = lesson_notebook()
    nb.metadata.many = [[]] * intake.MAX_PARTS
    with pytest.raises(SubmissionError, match=r"^a\.ipynb is too large: more than 30 MB, or 10,000 parts"):
        parse("a.ipynb", canonical.text(nb).encode())
    monkeypatch.setattr(intake, "MAX_NOTEBOOK", 10)
    with pytest.raises(SubmissionError, match="too large"):
        parse("a.ipynb", canonical.text(lesson_notebook()).encode())


def test_lost_cells_are_named_in_the_lessons_order():
    nb = lesson_notebook()
    assert faults(nb, "a.ipynb", WANTED) == []
    nb.cells = [cell for cell in nb.cells if cell.id not in ("check-mask_tokens", "mlm_loss")]
    assert faults(nb, "a.ipynb", WANTED) == [
        f"the cell {name} is missing from a.ipynb, and with it the points that hang on it"
        for name in ("check_mask_tokens", "mlm_loss")
    ]


def test_doubled_cells_are_refused_wherever_they_stand():
    nb = lesson_notebook()
    nb.cells += [lesson_notebook().cells[3]]
    with pytest.raises(
        SubmissionError, match="more than one cell named check_mask_tokens: delete the copies"
    ):
        faults(nb, "a.ipynb", WANTED)


def test_another_lessons_notebook_is_recognised():
    nb = lesson_notebook()
    with pytest.raises(SubmissionError, match="none of this lesson's cells"):
        faults(nb, "a.ipynb", ["accuracy", "check_accuracy"])
    assert faults(nb, "a.ipynb", []) == []


@pytest.mark.parametrize("odd", ["mine", None, 7, [], {"grade": True}])
def test_odd_metadata_is_no_cell_of_ours(odd):
    nb = lesson_notebook()
    nb.cells[2].metadata.nbgrader = odd
    assert [fault.split()[2] for fault in faults(nb, "a.ipynb", WANTED)] == ["mask_tokens"]
