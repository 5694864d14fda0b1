"""Pictures of attention: who looks at whom, and what heads are worth."""

from __future__ import annotations

import math
import statistics
from collections.abc import Mapping, Sequence

import torch
from matplotlib.colors import LinearSegmentedColormap
from matplotlib.figure import Figure

from .figures import HATCHES, HIDDEN, MODEL, OTHER, TRUTH, figure, plain_axes

SHADES = LinearSegmentedColormap.from_list(
    "weights", ["#ffffff", MODEL, "#12294a"]
)  # dark is much, also in grey


def weight_maps(
    weights: torch.Tensor, tokens: Sequence[str], names: Sequence[str], columns: int = 2
) -> Figure:
    """One map a head: `weights` (A, L, L), a row for each token that looks, a column for each that is looked at."""
    _fits(weights, (len(names), len(tokens), len(tokens)))
    rows = math.ceil(len(names) / columns)
    side = 1.5 + 0.2 * len(tokens)
    picture = figure(columns * side + 0.6, rows * side)
    grid = picture.subplots(rows, columns, squeeze=False)
    for axes, name, table in zip(grid.flat, names, weights.tolist(), strict=False):
        image = axes.imshow(table, cmap=SHADES, vmin=0, vmax=1)
        axes.set_xticks(range(len(tokens)), tokens, rotation=90, fontsize=8)
        axes.set_yticks(range(len(tokens)), tokens, fontsize=8)
        axes.set_title(name, loc="left", fontsize=10)
        axes.set_xlabel("looked at", fontsize=8)
        axes.set_ylabel("looks", fontsize=8)
        axes.tick_params(length=0)
    for axes in grid.flat[len(names) :]:
        axes.axis("off")
    picture.colorbar(image, ax=grid, shrink=0.4, label="attention weight")
    return picture


def weight_rows(weights: torch.Tensor, tokens: Sequence[str], names: Sequence[str], asking: int) -> Figure:
    """Where one token looks: `weights` (A, L), a row for each head, in percent where there is at least one."""
    _fits(weights, (len(names), len(tokens)))
    picture = figure(max(5.0, 1.4 + 0.62 * len(tokens)), 1.1 + 0.42 * len(names))
    axes = picture.subplots()
    axes.imshow(weights.tolist(), cmap=SHADES, vmin=0, vmax=1, aspect="auto")
    for row, values in enumerate(weights.tolist()):
        for column, value in enumerate(values):
            if value >= 0.005:
                ink = "white" if value > 0.4 else "black"
                axes.text(column, row, f"{value:.0%}", ha="center", va="center", fontsize=9, color=ink)
    axes.set_xticks(range(len(tokens)), tokens, fontsize=9)
    label = axes.get_xticklabels()[asking]
    label.set_fontweight("bold")
    label.set_bbox({"boxstyle": "square,pad=0.2", "facecolor": "none", "edgecolor": "black"})
    axes.set_yticks(range(len(names)), names, fontsize=9)
    axes.set_title(f"where “{tokens[asking]}” (framed) looks, in % of its attention", loc="left", fontsize=10)
    axes.tick_params(length=0)
    return picture


def cut_picture(hidden_size: int, num_heads: int) -> Figure:
    """How a token's features are cut into heads: one strip of `hidden_size` cells, a shade and hatch for each head."""
    if hidden_size % num_heads:
        raise ValueError(f"num_heads must divide the hidden size {hidden_size}, got {num_heads}")
    size = hidden_size // num_heads
    picture = figure(7.5, 1.6)
    axes = picture.subplots()
    colours = (MODEL, TRUTH, HIDDEN, OTHER)
    for head in range(num_heads):
        colour = colours[head % len(colours)]
        axes.bar(
            [head * size + i for i in range(size)], 1, width=1, color=colour, hatch=HATCHES[colour], edgecolor="white"
        )  # fmt: skip
        axes.text((head + 0.5) * size - 0.5, 1.15, f"head {head}", ha="center", fontsize=10)
    axes.set_xticks(range(hidden_size))
    axes.set_yticks([])
    axes.set_ylim(0, 1.5)
    axes.set_xlim(-0.5, hidden_size - 0.5)
    axes.set_xlabel(f"feature of one token (H = {hidden_size}); a head has D = {size} of them")
    plain_axes(axes)
    axes.spines["left"].set_visible(False)
    return picture


def quality_curve(curve: Sequence[Mapping], best: float) -> Figure:
    """Accuracy over the number of heads: `curve` has for each number its `heads`, `head_size` and `accuracies`, one a
    seed; `best` is what is possible."""
    picture = figure(7.0, 3.4)
    axes = picture.subplots()
    places = range(len(curve))
    middle = [statistics.median(row["accuracies"]) for row in curve]
    axes.plot(places, middle, color=MODEL, label="the middle run")
    for place, row in zip(places, curve, strict=True):
        values = row["accuracies"]
        axes.plot([place] * len(values), values, color=MODEL, marker="x", linestyle="none",
                  label=None if place else "one training run")  # fmt: skip
    axes.axhline(best, color=TRUTH, linestyle="--", label="the best possible")
    axes.set_ylim(0, 1.1 * best)
    axes.set_xticks(places, [f"{row['heads']}\nD = {row['head_size']}" for row in curve])
    axes.set_xlabel("heads, and features in each")
    axes.set_ylabel("masked words guessed")
    axes.legend(frameon=False)
    plain_axes(axes)
    return picture


def bars(groups: Mapping[str, Mapping[str, float]], label: str, names_label: str) -> Figure:
    """Bars side by side: for each group (a legend entry) the same named values. `label` says what is measured, with its
    unit, and `names_label` what the names are."""
    names = list(next(iter(groups.values())))
    picture = figure(7.5, 3.2)
    axes = picture.subplots()
    thick = 0.8 / len(groups)
    for number, ((group, values), colour) in enumerate(
        zip(groups.items(), (MODEL, TRUTH, HIDDEN, OTHER), strict=False)
    ):
        places = [place - 0.4 + thick * (number + 0.5) for place in range(len(names))]
        axes.bar(places, [values[name] for name in names], width=thick * 0.92, label=group, color=colour,
                 hatch=HATCHES[colour], edgecolor="white")  # fmt: skip
    axes.set_xticks(range(len(names)), names)
    axes.set_xlabel(names_label)
    axes.set_ylabel(label)
    axes.axhline(0, color="black", linewidth=0.8)
    axes.legend(frameon=False)
    plain_axes(axes)
    return picture


def _fits(weights: torch.Tensor, shape: tuple[int, ...]) -> None:
    if tuple(weights.shape) != shape:
        raise ValueError(
            f"weights should have the shape {shape} of the names and tokens, got {tuple(weights.shape)}"
        )
