"""The hub instead of the course's own models: the real client, against a server on loopback."""

import hashlib
import json
import os
import subprocess
import sys
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from grader.lab.checkpoints import checkpoint, wants_hub

COMMIT = "1" * 40
BERT = "google-bert/bert-base-uncased"


class Hub(ThreadingHTTPServer):
    """Speaks as much of the hub's protocol as the client asks of it; `models`: name to folder."""

    daemon_threads = True

    def __init__(self, models):
        self.models, self.asked = models, []
        super().__init__(("127.0.0.1", 0), Answer)

    @property
    def address(self):
        return f"http://127.0.0.1:{self.server_port}"


class Answer(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def log_message(self, *_):
        pass

    def do_HEAD(self):
        self.do_GET()

    def do_GET(self):
        path = self.path.split("?")[0]
        self.server.asked.append(f"{self.command} {path}")
        parts = path.strip("/").split("/")
        api = parts[:2] == ["api", "models"]
        name = "/".join(parts[2:4] if api else parts[:2])
        folder = self.server.models.get(name)
        if folder is None:
            return self.send(404, b"{}", {"X-Error-Code": "RepoNotFound"})
        files = sorted(file for file in folder.iterdir() if file.is_file())
        if api and "tree" in parts:
            if parts[-1] != "main" and parts[-1] != COMMIT:
                return self.send(404, b"{}", {"X-Error-Code": "EntryNotFound"})
            return self.json(
                [{"type": "file", "path": f.name, "size": f.stat().st_size, "oid": "0" * 40} for f in files]
            )
        if api:
            return self.json({"id": name, "modelId": name, "sha": COMMIT, "private": False, "tags": [], "downloads": 0,
                              "siblings": [{"rfilename": file.name} for file in files]})  # fmt: skip
        file = folder / "/".join(parts[4:])
        if not file.is_file():
            return self.send(404, b"{}", {"X-Error-Code": "EntryNotFound"})
        content = file.read_bytes()
        return self.send(200, content, {"ETag": f'"{hashlib.sha1(content).hexdigest()}"'})

    def json(self, value):
        self.send(200, json.dumps(value).encode(), {"Content-Type": "application/json"})

    def send(self, status, content, headers):
        self.send_response(status)
        for key, value in ({"X-Repo-Commit": COMMIT, "Content-Length": str(len(content))} | headers).items():
            self.send_header(key, value)
        self.end_headers()
        if self.command == "GET":
            self.wfile.write(content)


@pytest.fixture(scope="module")
def hub(tmp_path_factory):
    """A hub with a small BERT under the name of the well-known one."""
    from transformers import BertConfig, BertForMaskedLM

    from grader.lab.training.tokenizers import word_piece_tokenizer

    folder = tmp_path_factory.mktemp("bert-base-uncased")
    tokenizer = word_piece_tokenizer()
    BertForMaskedLM(
        BertConfig(
            vocab_size=len(tokenizer),
            hidden_size=8,
            num_hidden_layers=1,
            num_attention_heads=2,
            intermediate_size=8,
        )
    ).save_pretrained(folder)
    tokenizer.save_pretrained(folder)
    server = Hub({BERT: folder})
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield server
    server.shutdown()


LESSON = """
import json, sys
from grader.lab.checkpoints import checkpoint
name = checkpoint("tiny-bert")
from transformers import AutoModel, AutoModelForMaskedLM, AutoTokenizer, pipeline
model = AutoModelForMaskedLM.from_pretrained(name)
tokenizer = AutoTokenizer.from_pretrained(name)
body = AutoModel.from_pretrained(name)
best = pipeline("fill-mask", model=name)("the capital of [MASK] is paris .")[0]["token_str"]
result = {"name": name, "hidden": model.config.hidden_size, "body": body.config.hidden_size, "best": best,
          "tokens": tokenizer("the capital").tokens(), "gpt2": checkpoint("tiny-gpt2"), "again": checkpoint("tiny-gpt2")}
print("RESULT", json.dumps(result))
"""


def lesson(endpoint, cache, **settings):
    """Run a little lesson in a process of its own; its result, its other lines and its stderr."""
    environment = {key: value for key, value in os.environ.items() if not key.startswith(("HF_", "HEADWAY_"))}
    environment |= {"HF_ENDPOINT": endpoint, "HF_HOME": str(cache), "HEADWAY_MODELS": "hub", "NO_PROXY": "127.0.0.1",
                    "HF_HUB_DISABLE_TELEMETRY": "1", "OMP_NUM_THREADS": "1"} | settings  # fmt: skip
    done = subprocess.run(
        [sys.executable, "-c", LESSON], env=environment, capture_output=True, text=True, timeout=120
    )
    assert done.returncode == 0, done.stderr[-2000:]
    lines = done.stdout.splitlines()
    result = next(json.loads(line[7:]) for line in lines if line.startswith("RESULT "))
    return result, [line for line in lines if not line.startswith("RESULT ")], done.stderr


def test_the_same_lesson_with_the_hub_and_later_without_it(hub, tmp_path):
    result, said, errors = lesson(hub.address, tmp_path)
    assert result["name"] == BERT
    assert result["hidden"] == result["body"] == 8
    assert result["tokens"] == ["[CLS]", "the", "capital", "[SEP]"] and result["best"]
    assert f"GET /{BERT}/resolve/{COMMIT}/config.json" in hub.asked or any(
        "config.json" in a for a in hub.asked
    )
    assert result["gpt2"] == result["again"] and result["gpt2"].endswith("checkpoints/tiny-gpt2")
    assert said == ["tiny-gpt2: the hub has no model openai-community/gpt2; going on with the course's own."]
    assert errors == ""

    from_cache, said, errors = lesson("http://127.0.0.1:9", tmp_path, HF_HUB_OFFLINE="1")
    assert from_cache["name"] == BERT and from_cache["best"] == result["best"]
    assert len(said) == 1 and "HF_HUB_OFFLINE" in said[0]
    assert errors == ""


def test_an_unreachable_hub_leaves_the_course_its_own(tmp_path):
    result, said, errors = lesson("http://127.0.0.1:9", tmp_path)
    assert result["name"].endswith("checkpoints/tiny-bert")
    assert result["best"] == "france"
    assert len(said) == 2 and all(len(line) < 160 for line in said)
    assert said[0].startswith("tiny-bert: the hub at http://127.0.0.1:9 cannot be reached")
    assert said[0].endswith("going on with the course's own.")
    assert errors == ""


class TestTheSetting:
    @pytest.fixture
    def course(self, tmp_path, monkeypatch):
        (tmp_path / "data" / "corpora").mkdir(parents=True)
        monkeypatch.setenv("HEADWAY_DATA", str(tmp_path / "data"))
        monkeypatch.delenv("HEADWAY_MODELS", raising=False)
        return tmp_path

    def test_own_models_unless_told_otherwise(self, course):
        assert not wants_hub()

    def test_a_line_in_the_file(self, course):
        (course / "headway.toml").write_text('models = "hub"\n')
        assert wants_hub()

    def test_the_variable_wins(self, course, monkeypatch):
        (course / "headway.toml").write_text('models = "hub"\n')
        monkeypatch.setenv("HEADWAY_MODELS", "own")
        assert not wants_hub()

    def test_a_value_that_means_nothing(self, course, monkeypatch):
        monkeypatch.setenv("HEADWAY_MODELS", "hubb")
        with pytest.raises(ValueError, match="'own' or 'hub'"):
            wants_hub()

    def test_a_file_that_cannot_be_read(self, course):
        (course / "headway.toml").write_text("models = hub\n")
        with pytest.raises(ValueError, match=r"headway\.toml cannot be read"):
            wants_hub()

    def test_minilm_is_the_installed_one(self, monkeypatch):
        monkeypatch.setenv("HEADWAY_MODELS", "hub")
        assert checkpoint("minilm").endswith("model")
