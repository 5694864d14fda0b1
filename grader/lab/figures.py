"""Pictures and tables that lessons share: one look, readable in greyscale, each with a text that says the same.

The same colour means the same thing in every lesson: what a model says is `MODEL`, what is true is `TRUTH`
(known from the grammar, or measured), what is hidden or masked is `HIDDEN`.
"""

from __future__ import annotations

import base64
import io
from collections.abc import Mapping, Sequence
from html import escape

from IPython.display import display
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure

MODEL = "#2f6db3"
TRUTH = "#e09b2d"
HIDDEN = "#8a8f98"
OTHER = "#7a5195"
HATCHES = {MODEL: "", TRUTH: "////", HIDDEN: "....", OTHER: "xxxx"}


def figure(width: float = 7.5, height: float = 3.2, **settings) -> Figure:
    """An empty figure of `width` by `height` inches, in the course's look; not known to pyplot, so that it
    is shown once and by `show` alone."""
    made = Figure(figsize=(width, height), layout="constrained", **settings)
    FigureCanvasAgg(made)
    return made


def plain_axes(axes) -> None:
    """Take away the frame lines that carry nothing."""
    for side in ("top", "right"):
        axes.spines[side].set_visible(False)


def png(picture: Figure) -> bytes:
    """The picture as the bytes of a PNG file, 110 dots an inch."""
    stream = io.BytesIO()
    picture.savefig(stream, format="png", dpi=110, metadata={"Software": None})
    return stream.getvalue()


def show(picture: Figure, alt: str) -> None:
    """Show `picture` in the notebook, with `alt` below it: what is to be seen in it, in words.

    JupyterLab gives pictures no alternative text, so the words stand where everybody finds them; exported
    pages have them as `alt`, too. A rerun of the notebook is compared by them.
    """
    words = {"image/png": base64.b64encode(png(picture)).decode(), "text/plain": alt}
    display(words, metadata={"image/png": {"alt": alt}}, raw=True)
    caption = f'<p style="max-width:50em;margin:0 0 0.5em;font-size:13px;opacity:0.85">{escape(alt)}</p>'
    display({"text/html": caption, "text/plain": alt}, raw=True)


def guesses(rows: Mapping[str, Mapping[str, float]], *, best: int = 6, title: str = "") -> Figure:
    """Probabilities of words side by side: `rows` names each source ("model", "truth", ...) and gives its
    distribution over words. Shown are the `best` words of each source, the likeliest at the top."""
    words: dict[str, float] = {}
    for row in rows.values():
        for word in sorted(row, key=lambda w: -row[w])[:best]:
            words[word] = max(words.get(word, 0.0), row[word])
    order = sorted(words, key=lambda w: words[w])
    colours = dict(zip(rows, (MODEL, TRUTH, HIDDEN, OTHER), strict=False))
    picture = figure(height=0.9 + 0.13 * len(order) * (len(rows) + 1))
    axes = picture.subplots()
    thick = 0.8 / len(rows)
    for number, (name, row) in enumerate(rows.items()):
        places = [place + 0.4 - thick * (number + 0.5) for place in range(len(order))]
        axes.barh(
            places,
            [row.get(word, 0.0) for word in order],
            height=thick * 0.92,
            label=name,
            color=colours[name],
            hatch=HATCHES[colours[name]],
            edgecolor="white",
        )
    axes.set_yticks(range(len(order)), order)
    axes.set_xlim(0, 1)
    axes.set_xlabel("probability")
    axes.set_title(title, loc="left", fontsize=10)
    axes.legend(frameon=False, loc="lower right")
    plain_axes(axes)
    return picture


class Table:
    """A small table: named rows of texts, one column a token. `marks` are columns to set off, with a word that
    says why, so that nothing hangs on colour."""

    def __init__(self, rows: Mapping[str, Sequence[object]], marks: Mapping[int, str] | None = None):
        self.rows = {name: [str(cell) for cell in cells] for name, cells in rows.items()}
        lengths = {len(cells) for cells in self.rows.values()}
        if len(lengths) != 1:
            raise ValueError(f"all rows of a table have one length; got {sorted(lengths)}")
        self.marks = dict(marks or {})
        if self.marks:
            self.rows[""] = [self.marks.get(column, "") for column in range(*lengths)]

    def __repr__(self) -> str:
        cells = [[name, *row] for name, row in self.rows.items()]
        widths = [max(map(len, column)) for column in zip(*cells, strict=True)]
        return "\n".join(
            "  ".join(f"{cell:>{w}}" for cell, w in zip(row, widths, strict=True)).rstrip() for row in cells
        )

    def _repr_html_(self) -> str:
        base = "padding:0.25em 0.5em;text-align:center;font-family:monospace;font-size:13px;"
        body = ""
        for name, row in self.rows.items():
            cells = "".join(
                f'<td style="{base}{MARKED if column in self.marks else ""}">{escape(cell)}</td>'
                for column, cell in enumerate(row)
            )
            body += f'<tr><th scope="row" style="{base}text-align:right">{escape(name)}</th>{cells}</tr>'
        return f'<div style="overflow-x:auto"><table style="border-collapse:collapse">{body}</table></div>'


MARKED = "background:rgba(224,155,45,0.25);font-weight:bold;"
