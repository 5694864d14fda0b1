"""Pictures of a model's input: what is added up under each token, and what a batch does to its rows."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import torch
from matplotlib.figure import Figure

from .attention import SHADES
from .figures import HATCHES, HIDDEN, MODEL, TRUTH, figure, plain_axes

PAPER = "#ffffff"


def input_layers(tokens: Sequence[str], layers: Mapping[str, Sequence[int]]) -> Figure:
    """The numbers that stand above each token of a text, one row a layer, the first next to the text.

    In a layer of at most two values, such as segments, 0 and 1 differ in shade and in hatch.
    """
    for name, row in layers.items():
        if len(row) != len(tokens):
            raise ValueError(f"{name} has {len(row)} numbers for {len(tokens)} tokens")
    picture = figure(max(6.0, 1.6 + 0.62 * len(tokens)), 0.9 + 0.62 * len(layers))
    axes = picture.subplots()
    for height, (name, row) in enumerate(layers.items(), 1):
        for place, value in enumerate(row):
            second = set(row) <= {0, 1} and value == 1
            axes.bar(
                place, 0.66, 0.9, bottom=height - 0.33, color=TRUTH if second else PAPER,
                hatch=HATCHES[TRUTH] if second else "", alpha=0.75 if second else 1, edgecolor="white" if second else MODEL,
            )  # fmt: skip
            axes.text(
                place, height, value, ha="center", va="center", fontsize=10,
                bbox={"boxstyle": "round,pad=0.15", "facecolor": PAPER, "edgecolor": "none"},
            )  # fmt: skip
        axes.text(-0.7, height, name, ha="right", va="center", fontsize=10)
        if height > 1:
            axes.text(len(tokens) - 0.3, height - 0.5, "+", ha="left", va="center", fontsize=13)
    for place, token in enumerate(tokens):
        axes.text(place, 0.25, token, ha="center", va="center", fontsize=9, family="monospace")
    axes.set_xlim(-0.6, len(tokens))
    axes.set_ylim(0, len(layers) + 0.5)
    axes.axis("off")
    return picture


def vectors(parts: Mapping[str, torch.Tensor], tokens: Sequence[str], features: int = 24) -> Figure:
    """Vectors of a text side by side: each of `parts` is a float (L, H) tensor, drawn as a map of its first
    `features` features, a column for each token. All maps have one scale."""
    for name, part in parts.items():
        if part.dim() != 2 or len(part) != len(tokens):
            raise ValueError(f"{name} has the shape {tuple(part.shape)} for {len(tokens)} tokens")
    picture = figure(1.0 + 0.21 * len(tokens) * len(parts), 3.8)
    row = picture.subplots(1, len(parts), sharey=True, squeeze=False)[0]
    most = max(part[:, :features].abs().max().item() for part in parts.values())
    for axes, (name, part) in zip(row, parts.items(), strict=True):
        image = axes.imshow(
            part[:, :features].T.tolist(), cmap="cividis", vmin=-most, vmax=most, aspect="auto"
        )
        axes.set_title(name, fontsize=10)
        axes.set_xticks(range(len(tokens)), tokens, rotation=90, fontsize=8, family="monospace")
        axes.tick_params(length=0)
    row[0].set_ylabel(f"feature (the first {features})")
    picture.colorbar(image, ax=row, shrink=0.8, label="value")
    return picture


def batch_grids(
    tokens: Sequence[Sequence[str]], changes: Mapping[str, torch.Tensor], padding: str = "[PAD]"
) -> Figure:
    """One batch several times over, a cell for each place: `changes` names float (B, L) tensors of relative
    changes, which are written as percentages and shaded, dark for much; `padding` is only hatched."""
    shape = (len(tokens), len(tokens[0]))
    for name, values in changes.items():
        if tuple(values.shape) != shape:
            raise ValueError(
                f"{name} has the shape {tuple(values.shape)} for {shape[0]} rows of {shape[1]} tokens"
            )
    picture = figure(max(6.0, 0.4 + 0.66 * shape[1]), len(changes) * (0.55 + 0.5 * shape[0]))
    grids = picture.subplots(len(changes), 1, squeeze=False)[:, 0]
    for axes, (name, values) in zip(grids, changes.items(), strict=True):
        axes.set_xlim(-0.5, shape[1] - 0.5)
        axes.set_ylim(shape[0] - 0.5, -0.5)
        for b, row in enumerate(tokens):
            for i, token in enumerate(row):
                _cell(axes, i, b, token, None if token == padding else values[b, i].item())
        axes.set_yticks(range(shape[0]), [f"row {b}" for b in range(shape[0])], fontsize=9)
        axes.set_xticks([])
        axes.set_title(name, loc="left", fontsize=10)
        axes.tick_params(length=0)
        for side in axes.spines.values():
            side.set_visible(False)
    return picture


def _cell(axes, column: int, row: int, token: str, change: float | None) -> None:
    hidden = change is None
    colour = PAPER if hidden else SHADES(min(1.0, change))
    axes.bar(
        column, 0.9, 0.94, bottom=row - 0.45, color=colour, edgecolor=HIDDEN, linewidth=0.5, hatch="...." if hidden else ""
    )  # fmt: skip
    if hidden:
        return
    ink = "white" if change > 0.4 else "black"
    axes.text(column, row - 0.14, token, ha="center", va="center", fontsize=8, family="monospace", color=ink)
    axes.text(column, row + 0.24, f"{change:.0%}", ha="center", va="center", fontsize=8, color=ink)


def sizes_by_position(sizes: torch.Tensor, untrained: float, used: int) -> Figure:
    """The sizes (P,) of a model's position vectors, beside that of an `untrained` one; the first `used` are
    those of the texts that it was trained on."""
    picture = figure(7.5, 2.8)
    axes = picture.subplots()
    axes.plot(sizes.tolist(), color=MODEL, label="position vectors")
    axes.axhline(untrained, color=HIDDEN, linestyle="--", label="size of a fresh random vector")
    axes.axvspan(-0.5, used - 0.5, color=TRUTH, alpha=0.2, label=f"the first {used} positions")
    axes.set_xlim(-0.5, len(sizes) - 0.5)
    axes.set_ylim(0)
    axes.set_xlabel("position")
    axes.set_ylabel("Euclidean size")
    axes.legend(frameon=False, loc="upper right", fontsize=9)
    plain_axes(axes)
    return picture
