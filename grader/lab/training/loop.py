"""The training loop that all recipes share: resumable, with a progress bar, the same on every run."""

from __future__ import annotations

import hashlib
import math
import random
import time
from pathlib import Path

import torch

import grader.lab
from grader.lab.course import data_folder

SECONDS_BETWEEN_SAVES = 20


def state_folder() -> Path:
    """Where a run keeps what it needs to go on after being stopped; not under version control."""
    folder = data_folder().parent / "build" / "training"
    folder.mkdir(parents=True, exist_ok=True)
    return folder


def fit(
    name: str, model, batch, steps: int, learning_rate: float, seed: int = 0, warmup: float = 0.05, loss=None
):
    """Train `model` with AdamW on `batch(rng)` for `steps` steps; returns it in eval mode.

    The learning rate rises in a line for `warmup` of the steps and falls along a cosine to a tenth of a
    percent. Every step draws its batch from a generator of its own, so that a run that was stopped goes on
    exactly where its last state was saved, unless the world, a recipe or the first weights have changed since.
    `batch` gets the generator and how much of the training is done, from 0 to 1, and gives the model's keyword
    arguments;
    `loss(model, arguments)` is the model's own unless another is given.
    """
    from tqdm import tqdm

    path = state_folder() / f"{name}.pt"
    parameters = [p for p in model.parameters() if p.requires_grad]
    optimizer = torch.optim.AdamW(parameters, lr=learning_rate, betas=(0.9, 0.98), weight_decay=0.01)
    first, run = 0, fingerprint(model, steps, seed)
    torch.manual_seed(seed)
    if path.exists():
        state = torch.load(path, weights_only=True)
        if state.get("run") == run:
            model.load_state_dict(state["model"])
            optimizer.load_state_dict(state["optimizer"])
            torch.set_rng_state(state["rng"])
            first = state["step"]
    model.train()
    saved = time.monotonic()
    bar = tqdm(range(first, steps), initial=first, total=steps, desc=name, unit="step", mininterval=2)
    shown = None
    for step in bar:
        for group in optimizer.param_groups:
            group["lr"] = learning_rate * schedule(step, steps, warmup)
        arguments = batch(random.Random(f"{name} {seed} {step}"), step / steps)
        current = loss(model, arguments) if loss else model(**arguments).loss
        optimizer.zero_grad()
        current.backward()
        torch.nn.utils.clip_grad_norm_(parameters, 1.0)
        optimizer.step()
        if step % 20 == 0:
            value = current.item()
            shown = value if shown is None else 0.9 * shown + 0.1 * value
            bar.set_postfix(loss=f"{shown:.3f}", refresh=False)
        if time.monotonic() - saved > SECONDS_BETWEEN_SAVES:
            save(path, model, optimizer, step + 1, run)
            saved = time.monotonic()
    save(path, model, optimizer, steps, run)
    return model.eval()


def fingerprint(model, steps: int, seed: int) -> str:
    """What a run rests on: the sources of world and recipes, the weights it starts from, how long and from which seed."""
    digest = hashlib.sha256(f"{steps} {seed}".encode())
    for part in (*sources(), *(value.numpy(force=True).tobytes() for value in model.state_dict().values())):
        digest.update(part)
    return digest.hexdigest()


def sources() -> list[bytes]:
    lab = Path(grader.lab.__file__).parent
    files = [*lab.glob("*.py"), *lab.glob("world/*.py"), *lab.glob("training/*.py")]
    return [file.read_bytes() for file in sorted(files)]


def save(path: Path, model, optimizer, step: int, run: str) -> None:
    state = {"model": model.state_dict(), "optimizer": optimizer.state_dict(), "rng": torch.get_rng_state()}
    part = path.with_suffix(".part")
    torch.save(state | {"step": step, "run": run}, part)
    part.replace(path)


def schedule(step: int, steps: int, warmup: float) -> float:
    """What the learning rate is multiplied with."""
    rising = max(1, round(steps * warmup))
    if step < rising:
        return (step + 1) / rising
    return 0.001 + 0.999 * 0.5 * (1 + math.cos(math.pi * (step - rising) / max(1, steps - rising)))


def pad(rows: list[list[int]], value: int = 0) -> torch.Tensor:
    """Lists of ids to one int64 `(B, L)`, filled up on the right with `value`."""
    longest = max(map(len, rows))
    return torch.tensor([row + [value] * (longest - len(row)) for row in rows])
