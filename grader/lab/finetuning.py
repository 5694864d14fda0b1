"""Fine-tuning to look at while it runs, and afterwards."""

from __future__ import annotations

import copy
import html
import time
from collections.abc import Mapping, Sequence
from statistics import fmean

import ipywidgets as widgets
import torch
import torch.nn.functional as F
from matplotlib.figure import Figure
from matplotlib.ticker import PercentFormatter
from torch import nn

from .figures import HATCHES, HIDDEN, MODEL, OTHER, TRUTH, figure, plain_axes, png

EVERY = 5  # steps between two lines of text of a run
PICTURES = 0.1  # the part of a run's time that its pictures may take
LINES = ((MODEL, "-", "o"), (TRUTH, "--", "s"), (OTHER, "-.", "^"), (HIDDEN, ":", "D"))


class PassOn(nn.Module):
    """Stands where a model has its embeddings, and hands hidden states on as they are."""

    def forward(self, inputs_embeds: torch.Tensor, **_) -> torch.Tensor:
        return inputs_embeds


class ForFirstToken(nn.Module):
    """Stands where a `BertModel` has its last layer, and computes that layer's output for the first token alone,
    (B, L, H) to (B, 1, H): what the pooler reads. All other tokens still give their keys and values."""

    def __init__(self, layer: nn.Module):
        super().__init__()
        self.layer = layer

    def forward(
        self, hidden: torch.Tensor, attention_mask: torch.Tensor | None = None, *_, **__
    ) -> torch.Tensor:
        attention, first = self.layer.attention, hidden[:, :1]
        read = attention.self
        query, key, value = (
            part.unflatten(-1, (read.num_attention_heads, -1)).transpose(1, 2)
            for part in (read.query(first), read.key(hidden), read.value(hidden))
        )
        mask = attention_mask if attention_mask is None else attention_mask[..., :1, :]
        dropout = read.dropout.p if read.training else 0.0
        found = F.scaled_dot_product_attention(query, key, value, mask, dropout).transpose(1, 2).flatten(2)
        return self.layer.feed_forward_chunk(attention.output(found, first))


def for_first_token(model: nn.Module) -> nn.Module:
    """A `BertForSequenceClassification` or `BertForMultipleChoice` as a second one with the same weights and the same
    logits, which computes its last layer for the first token alone: the head reads no other."""
    twin = _shallow(model)
    twin.bert, twin.bert.encoder = _shallow(model.bert), _shallow(model.bert.encoder)
    *below, last = model.bert.encoder.layer
    twin.bert.encoder.layer = nn.ModuleList([*below, ForFirstToken(last)])
    return twin


def split_at(model: nn.Module, layers: int) -> tuple[nn.Module, nn.Module]:
    """A `BertForSequenceClassification` as two models that share its weights: what training the one changes is
    changed in the other.

    `lower(**batch).last_hidden_state` is what the embeddings and the first `layers` layers give; `upper`, fed with
    that as `inputs_embeds`, gives the logits. So a frozen lower part needs to run only once. Raises `ValueError`
    where the model has fewer layers.
    """
    if not 0 <= layers <= len(model.bert.encoder.layer):
        raise ValueError(f"layers must be from 0 to {len(model.bert.encoder.layer)}, got {layers}")
    lower, upper = _shallow(model.bert), _shallow(model)
    lower.encoder, lower.pooler = _shallow(model.bert.encoder), None
    lower.encoder.layer = model.bert.encoder.layer[:layers]
    upper.bert, upper.bert.embeddings = _shallow(model.bert), PassOn()
    upper.bert.encoder = _shallow(model.bert.encoder)
    upper.bert.encoder.layer = model.bert.encoder.layer[layers:]
    return lower.eval(), upper


def _shallow(module: nn.Module) -> nn.Module:
    """`module` as a second one with the same parts, in which parts can be replaced."""
    twin = copy.copy(module)
    twin._modules = dict(module._modules)
    return twin


class Run(widgets.VBox):
    """One fine-tuning, as it goes: a bar of the steps done, the loss, and the accuracy after each epoch.

    `losses` has an entry a step, `accuracies` one an epoch; `chance` is the accuracy of a guess. It draws once it is
    displayed, as often as costs little time. Like every widget it is kept out of a notebook's stored output,
    where only its title stands.
    """

    def __init__(self, title: str, batches: int, epochs: int, chance: float = 0.5):
        if batches < 1 or epochs < 1:
            raise ValueError(f"a run has batches and epochs, not {batches} batches in {epochs} epochs")
        self.title = title
        self.chance = chance
        self.steps, self.epochs = batches * epochs, epochs
        self.losses: list[float] = []
        self.accuracies: list[float] = []
        self._displayed = False
        self._next_picture = 0.0  # by the monotonic clock
        self._bar = widgets.IntProgress(max=self.steps, layout={"width": "min(42em, 95%)"})
        self._text = widgets.HTML()
        self._picture = widgets.Image(format="png", layout={"max_width": "100%", "object_fit": "contain"})
        super().__init__(
            [widgets.HTML(f"<strong>{html.escape(title)}</strong>"), self._bar, self._text, self._picture]
        )

    def step(self, loss: float) -> None:
        """Note the loss of one step."""
        self.losses.append(loss)
        done = len(self.losses)
        self._bar.value = done
        if done % EVERY == 0 or done == self.steps:
            self._tell()

    def epoch(self, accuracy: float) -> None:
        """Note the accuracy at the end of an epoch."""
        self.accuracies.append(accuracy)
        self._tell()

    def _tell(self) -> None:
        lately = fmean(self.losses[-10:]) if self.losses else float("nan")
        reached = f", accuracy {self.accuracies[-1]:.2f}" if self.accuracies else ""
        self._text.value = f"step {len(self.losses)} of {self.steps}: loss {lately:.2f}{reached}"
        ended = len(self.accuracies) == self.epochs
        if self._displayed and (ended or time.monotonic() >= self._next_picture):
            self._draw()

    def _draw(self) -> None:
        began = time.monotonic()
        self._picture.value = png(curves({self.title: self}, self.chance))
        ended = time.monotonic()
        self._next_picture = ended + (ended - began) / PICTURES

    def _repr_mimebundle_(self, **kwargs):
        self._displayed = True
        self._draw()
        return super()._repr_mimebundle_(**kwargs)

    def __repr__(self) -> str:
        return f"{self.title}: {self.epochs} epochs of {self.steps // self.epochs} steps (run this cell to watch)"


def curves(runs: Mapping[str, Run], chance: float = 0.5, window: int = 10) -> Figure:
    """Loss and accuracy of some runs over their epochs; each loss is the mean of the last `window` steps."""
    picture = figure(8.5, 2.9)
    loss, accuracy = picture.subplots(1, 2)
    for (name, run), (colour, line, marker) in zip(runs.items(), LINES, strict=False):
        per_epoch = run.steps / run.epochs
        smooth = [fmean(run.losses[max(0, i - window) : i]) for i in range(1, len(run.losses) + 1)]
        at = [i / per_epoch for i in range(1, len(smooth) + 1)]
        loss.plot(at, smooth, color=colour, linestyle=line, label=name)
        epochs = range(1, len(run.accuracies) + 1)
        accuracy.plot(epochs, run.accuracies, color=colour, linestyle=line, marker=marker, label=name)
    longest = max(run.epochs for run in runs.values())
    accuracy.axhline(chance, color=HIDDEN, linewidth=0.8)
    accuracy.text(
        0.82, chance - 0.01, "a coin" if chance == 0.5 else "a guess", va="top", fontsize=8, color=HIDDEN
    )
    loss.set_xlim(0, longest)
    loss.set_ylim(0)
    accuracy.set_xlim(0.8, longest + 0.2)
    accuracy.set_ylim(chance - 0.1, 1.02)
    accuracy.set_xticks(range(1, longest + 1))
    accuracy.yaxis.set_major_formatter(PercentFormatter(1.0))
    loss.set_ylabel("training loss")
    accuracy.set_ylabel("validation accuracy")
    for axes in (loss, accuracy):
        axes.set_xlabel("epoch")
        plain_axes(axes)
    if len(runs) > 1:
        loss.legend(frameon=False, fontsize=9)
    return picture


def word_effects(words: Sequence[str], effects: Sequence[float], title: str = "") -> Figure:
    """A bar for each word of a text: by how much a probability is higher with the word than without it."""
    if len(words) != len(effects):
        raise ValueError(f"{len(effects)} effects for {len(words)} words")
    picture = figure(max(6.0, 0.8 + 0.27 * len(words)), 2.9)
    axes = picture.subplots()
    for place, effect in enumerate(effects):
        colour = MODEL if effect > 0 else TRUTH
        axes.bar(place, effect, 0.8, color=colour, hatch=HATCHES[colour], edgecolor="white")
    axes.axhline(0, color="black", linewidth=0.8)
    axes.set_xticks(range(len(words)), words, rotation=60, ha="right", rotation_mode="anchor", fontsize=9)
    axes.set_ylim(*(edge * max(0.1, *map(abs, effects)) for edge in (-1.1, 1.1)))
    axes.set_ylabel("towards positive")
    axes.set_title(title, loc="left", fontsize=10)
    plain_axes(axes)
    return picture


def share_bars(shares: Mapping[str, float], counts: Mapping[str, int], chance: float = 0.5) -> Figure:
    """A bar for the share of right answers in each group of texts, with how many texts it rests on."""
    picture = figure(7.0, 0.9 + 0.4 * len(shares))
    axes = picture.subplots()
    for place, (name, share) in enumerate(shares.items()):
        axes.barh(place, share, 0.7, color=MODEL)
        axes.text(share + 0.01, place, f"{counts[name]} texts", va="center", fontsize=9)
    axes.axvline(chance, color="black", linestyle=":", linewidth=1)
    axes.set_yticks(range(len(shares)), list(shares))
    axes.invert_yaxis()
    axes.set_xlim(0, 1.1)
    axes.xaxis.set_major_formatter(PercentFormatter(1.0))
    axes.set_xlabel("right answers (dotted: a coin)")
    plain_axes(axes)
    return picture
