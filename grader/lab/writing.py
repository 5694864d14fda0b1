"""Pictures of a model that writes: how sure it is of each word, and how it takes one token after the other."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from matplotlib.figure import Figure
from matplotlib.patches import Rectangle

from .attention import SHADES
from .figures import HATCHES, HIDDEN, MODEL, OTHER, TRUTH, figure, plain_axes

NOTHING = ("", 0.0)


@dataclass(frozen=True)
class Step:
    """One step of writing: the chance of each token, likeliest first, and the token that was taken."""

    chances: Mapping[str, float]
    taken: str

    def __post_init__(self) -> None:
        if self.taken not in self.chances:
            raise ValueError(f"{self.taken!r} was taken but has no chance among {len(self.chances)} tokens")


def sure_of_each_word(words: Sequence[str], rows: Mapping[str, Sequence[float]], title: str = "") -> Figure:
    """The words of a text from left to right, over each a bar for every source in `rows`: the probability that it
    gave to this very word."""
    for name, chances in rows.items():
        if len(chances) != len(words):
            raise ValueError(f"{name} has {len(chances)} chances for {len(words)} words")
    picture = figure(max(5.0, 1.2 + 0.75 * len(words)), 3.0)
    axes = picture.subplots()
    thick = 0.8 / len(rows)
    colours = (MODEL, TRUTH, HIDDEN, OTHER)
    for number, ((name, chances), colour) in enumerate(zip(rows.items(), colours, strict=False)):
        places = [place - 0.4 + thick * (number + 0.5) for place in range(len(words))]
        axes.bar(places, chances, width=thick * 0.92, label=name, color=colour, hatch=HATCHES[colour],
                 edgecolor="white")  # fmt: skip
    axes.set_xticks(range(len(words)), words)
    axes.set_ylim(0, 1)
    axes.set_ylabel("probability of this word")
    axes.set_title(title, loc="left", fontsize=10)
    picture.legend(frameon=False, loc="outside upper right", ncols=len(rows), fontsize=9)
    plain_axes(axes)
    return picture


def steps_picture(steps: Sequence[Step], best: int = 4, title: str = "") -> Figure:
    """A column for each step with its `best` likeliest tokens, the darker the likelier; the token taken is framed, in a
    row of its own where it was not among the best. Tokens below half a percent are left out, unless taken."""
    columns, taken = [], []
    for step in steps:
        ranked = list(step.chances.items())
        rank = next(i for i, (token, _) in enumerate(ranked) if token == step.taken)
        shown = [*ranked[:best], *[NOTHING] * (best - len(ranked)), ranked[rank] if rank >= best else NOTHING]
        columns.append([pair if pair[1] >= 0.005 or pair[0] == step.taken else NOTHING for pair in shown])
        taken.append(min(rank, best))
    picture = figure(max(5.0, 1.2 + 0.92 * len(steps)), 1.2 + 0.5 * (best + 1))
    axes = picture.subplots()
    table = [[column[row][1] for column in columns] for row in range(best + 1)]
    axes.imshow(table, cmap=SHADES, vmin=0, vmax=1, aspect="auto")
    for number, column in enumerate(columns):
        for row, (token, chance) in enumerate(column):
            if token:
                ink = "white" if chance > 0.4 else "black"
                axes.text(
                    number, row, f"{token}\n{chance:.0%}", ha="center", va="center", fontsize=8, color=ink
                )
        axes.add_patch(Rectangle((number - 0.47, taken[number] - 0.45), 0.94, 0.9, fill=False, linewidth=2))
    axes.set_xticks(range(len(steps)), [str(number + 1) for number in range(len(steps))])
    axes.set_xlabel("step (framed: the token taken)")
    axes.set_yticks(
        range(best + 1), ["likeliest", *[f"number {rank + 1}" for rank in range(1, best)], "below"]
    )
    axes.set_title(title, loc="left", fontsize=10)
    axes.tick_params(length=0)
    plain_axes(axes)
    return picture
