"""Pictures of who looks at whom, and of what follows from it."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import NamedTuple

import numpy
import torch
from matplotlib.figure import Figure
from matplotlib.patches import Patch, PathPatch
from matplotlib.path import Path

from .attention import SHADES
from .figures import HATCHES, MODEL, OTHER, TRUTH, figure, plain_axes

EARLIER, LATER, SOURCE = "by itself or an earlier token", "by a later token", "by a token of the source"
STILL = "by nothing"
COLOURS = {EARLIER: MODEL, LATER: OTHER, SOURCE: TRUTH}


class Panel(NamedTuple):
    """Who moves whom: `moved[i, j]` is true where output `rows[i]` depends on input `columns[j]`.

    Of two streams, the source comes first: `source_rows` rows and `source_columns` columns.
    """

    moved: torch.Tensor
    rows: Sequence[str]
    columns: Sequence[str]
    source_rows: int = 0
    source_columns: int = 0

    def kind(self, i: int, j: int) -> str:
        """From where the output of row i is moved by column j: `EARLIER`, `LATER` or `SOURCE`."""
        of_source, by_source = i < self.source_rows, j < self.source_columns
        if by_source and not of_source:
            return SOURCE
        if of_source and not by_source:
            return LATER  # the target is written after the source was read
        shift = 0 if of_source else self.source_columns - self.source_rows
        return LATER if j - shift > i else EARLIER


def influence_maps(panels: Mapping[str, Panel], columns: int = 3) -> Figure:
    """One map for each titled panel: rows are outputs, columns inputs; a filled square says that the input moves the
    output, its hatch from where."""
    for title, panel in panels.items():
        if tuple(panel.moved.shape) != (len(panel.rows), len(panel.columns)):
            raise ValueError(
                f"{title}: moved has the shape {tuple(panel.moved.shape)}, but there are {len(panel.rows)} rows and "
                f"{len(panel.columns)} columns"
            )
    columns = min(columns, len(panels))
    lines = math.ceil(len(panels) / columns)
    side = 5.0 if len(panels) == 1 else 3.5
    picture = figure(side * columns, (side + 0.2) * lines + 0.3)
    grid = picture.subplots(lines, columns, squeeze=False)
    for axes, (title, panel) in zip(grid.flat, panels.items(), strict=False):
        _map(axes, panel)
        axes.set_title(title, loc="left", fontsize=10)
    spare = grid.flat[len(panels) :]
    for axes in spare:
        axes.axis("off")
    shown = {panel.kind(*place) for panel in panels.values() for place in panel.moved.nonzero().tolist()}
    handles = [
        Patch(facecolor=colour, hatch=HATCHES[colour], edgecolor="white", label=f"moved {kind}")
        for kind, colour in COLOURS.items()
        if kind in shown
    ]
    if len(spare):
        spare[0].legend(handles=handles, loc="center", frameon=False)
    else:
        picture.legend(handles=handles, loc="outside lower center", ncols=columns, frameon=False)
    return picture


def _map(axes, panel: Panel) -> None:
    height, width = len(panel.rows), len(panel.columns)
    squares: dict[str, list] = {}
    for i in range(height):
        for j in range(width):
            kind = panel.kind(i, j) if panel.moved[i, j] else STILL
            corners = [(j - 0.5, i - 0.5), (j + 0.5, i - 0.5), (j + 0.5, i + 0.5), (j - 0.5, i + 0.5)]
            squares.setdefault(kind, []).append(corners)
    for kind in sorted(squares, key=lambda kind: kind != STILL):  # what is filled lies over what is empty
        look = {"facecolor": "white", "edgecolor": "#d5d8dd"}
        if kind != STILL:
            look = {"facecolor": COLOURS[kind], "hatch": HATCHES[COLOURS[kind]], "edgecolor": "white"}
        # one path for all squares of a kind, and no search for its limits: hatches are costly to draw
        together = Path.make_compound_path_from_polys(numpy.array(squares[kind]))
        axes.add_artist(PathPatch(together, linewidth=0.5, **look))
    if panel.source_rows:
        axes.axhline(panel.source_rows - 0.5, color="black", linewidth=1.5)
        axes.axvline(panel.source_columns - 0.5, color="black", linewidth=1.5)
    axes.set_xlim(-0.5, width - 0.5)
    axes.set_ylim(height - 0.5, -0.5)
    axes.set_aspect("equal")
    small = 8 if max(height, width) < 14 else 6.5
    axes.set_xticks(range(width), panel.columns, rotation=90, fontsize=small)
    axes.set_yticks(range(height), panel.rows, fontsize=small)
    axes.tick_params(length=0)
    axes.set_xlabel("token replaced", fontsize=8)
    axes.set_ylabel("output that moves", fontsize=8)
    plain_axes(axes)


def move_bars(moves: Sequence[float], outputs: Sequence[str], title: str, source: int = 0) -> Figure:
    """How far each output moved when one token was replaced; an output that cannot move is marked by a 0. The first
    `source` outputs are an encoder's."""
    if len(moves) != len(outputs):
        raise ValueError(f"there are {len(moves)} moves for {len(outputs)} outputs")
    picture = figure(8.5, 3.0)
    axes = picture.subplots()
    for place, move in enumerate(moves):
        colour = TRUTH if place < source else MODEL
        axes.bar(place, move, width=0.8, color=colour, hatch=HATCHES[colour], edgecolor="white")
        if move == 0:
            axes.text(place, 0, "0", ha="center", va="bottom", fontsize=9)
    if source:
        axes.axvline(source - 0.5, color="black", linewidth=1.5)
        axes.text(source - 0.6, 1.02, "encoder", ha="right", fontsize=9, transform=axes.get_xaxis_transform())
        axes.text(source - 0.4, 1.02, "decoder", ha="left", fontsize=9, transform=axes.get_xaxis_transform())
    axes.set_xticks(range(len(outputs)), outputs, rotation=60, ha="right", rotation_mode="anchor", fontsize=9)
    axes.set_xlabel("output at")
    axes.set_ylabel("how far it moves\n(share of its length)")
    axes.set_title(title, loc="left", fontsize=10, pad=18 if source else 6)
    plain_axes(axes)
    return picture


def cross_map(weights: torch.Tensor, written: Sequence[str], source: Sequence[str]) -> Figure:
    """Where a decoder looks in its source: `weights` (T, S), a row for each token that it writes."""
    if tuple(weights.shape) != (len(written), len(source)):
        raise ValueError(
            f"weights should have the shape {(len(written), len(source))}, got {tuple(weights.shape)}"
        )
    picture = figure(1.8 + 0.42 * len(source), 1.4 + 0.34 * len(written))
    axes = picture.subplots()
    image = axes.imshow(weights.tolist(), cmap=SHADES, vmin=0, vmax=1, aspect="auto")
    for i, row in enumerate(weights.tolist()):
        for j, value in enumerate(row):
            if value >= 0.1:
                ink = "white" if value > 0.4 else "black"
                axes.text(j, i, f"{value:.1f}", ha="center", va="center", fontsize=8, color=ink)
    axes.set_xticks(range(len(source)), source, rotation=60, ha="right", rotation_mode="anchor", fontsize=9)
    axes.set_yticks(range(len(written)), written, fontsize=9)
    axes.set_xlabel("token of the source, looked at")
    axes.set_ylabel("token being written")
    axes.tick_params(length=0)
    picture.colorbar(image, ax=axes, shrink=0.7, label="attention weight")
    return picture


def loss_curves(losses: Mapping[str, Sequence[float]], best: float, window: int = 10) -> Figure:
    """Training losses (nats a token), each point the mean of `window` steps, above or below the `best` that is possible."""
    picture = figure(7.0, 3.4)
    axes = picture.subplots()
    for (name, values), colour, marker in zip(losses.items(), (OTHER, MODEL), "xo", strict=False):
        starts = range(0, len(values) - window + 1, window)
        means = [sum(values[start : start + window]) / window for start in starts]
        axes.plot([start + window for start in starts], means, color=colour, marker=marker, label=name)
    axes.axhline(best, color=TRUTH, linestyle="--", linewidth=2, label="the best that is possible")
    axes.set_ylim(0, 6 * best)
    axes.set_xlabel("training step")
    axes.set_ylabel("loss (nats a token)")
    axes.legend(frameon=False)
    plain_axes(axes)
    return picture
