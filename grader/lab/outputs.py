"""Pictures of what a head gives: probabilities as maps, with names for rows and columns."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import torch
from matplotlib.figure import Figure

from .attention import SHADES
from .figures import figure

ROW = 0.2  # inches

Panel = tuple[torch.Tensor, Sequence[str], Sequence[str]]
"""Probabilities, float (rows, columns), with the names of the rows and of the columns."""


def output_maps(panels: Mapping[str, Panel], across: int = 3) -> Figure:
    """One map for each of `panels`, by its title, `across` of them beside each other: the darker, the likelier,
    on one scale from 0 to 1. Raises `ValueError` where names and probabilities do not fit."""
    for title, (table, rows, columns) in panels.items():
        if tuple(table.shape) != (len(rows), len(columns)):
            raise ValueError(
                f"{title}: {tuple(table.shape)} probabilities for {len(rows)} rows and {len(columns)} columns"
            )
    across = min(across, len(panels))
    down = -(-len(panels) // across)
    tallest = max(len(rows) for _, rows, _ in panels.values())
    width = max(7.0, 1.6 + 2.7 * across)
    picture = figure(width, max(2.2, down * (1.2 + ROW * tallest)))
    map_width = (width - 1.6) / across - 0.5  # without the names of its rows
    grid = picture.subplots(down, across, squeeze=False).flatten()
    for axes, (title, (table, rows, columns)) in zip(grid, panels.items(), strict=False):
        image = axes.imshow(table.tolist(), cmap=SHADES, vmin=0, vmax=1, aspect="auto")
        axes.set_title(title, loc="left", fontsize=9)
        axes.set_box_aspect(ROW * len(rows) / map_width)  # a row is as high in every map
        axes.set_anchor("N")
        axes.set_yticks(range(len(rows)), rows, fontsize=8)
        axes.set_xticks(range(len(columns)), columns, fontsize=8, rotation=90 if len(columns) > 3 else 0)
        axes.set_xticks([place - 0.5 for place in range(1, len(columns))], minor=True)
        axes.set_yticks([place - 0.5 for place in range(1, len(rows))], minor=True)
        axes.grid(which="minor", color="#d8dade", linewidth=0.6)
        axes.tick_params(which="minor", length=0)
    for axes in grid[len(panels) :]:
        axes.axis("off")
    picture.colorbar(image, ax=list(grid), label="probability", shrink=0.6, panchor=False)
    return picture
