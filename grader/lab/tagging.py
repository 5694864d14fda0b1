"""Texts with their entities marked, and pictures of what a tagger thinks of each word."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from html import escape

import torch
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle

from .attention import SHADES
from .figures import HATCHES, HIDDEN, MODEL, OTHER, TRUTH, figure, plain_axes

# A colour and a line for each type: where the colours cannot be told apart, the lines and the names can.
LOOKS = {
    "PER": (MODEL, "solid"),
    "LOC": (TRUTH, "dashed"),
    "ORG": (OTHER, "double"),
    "DATE": (HIDDEN, "dotted"),
}
ANY_OTHER = ("#3f8f5f", "groove")
MEASURES = {"precision": HIDDEN, "recall": TRUTH, "f1": MODEL}


class Marked:
    """Sentences with their entities marked: each is a pair of words and spans `(type, start, end)`, ends exclusive.

    `names` says what each line is, for example who marked it. Printed, an entity stands in brackets with its
    type. Raises `ValueError` for spans that overlap or leave the sentence, and for names that are not one a line.
    """

    def __init__(
        self,
        sentences: Sequence[tuple[Sequence[str], Sequence[tuple[str, int, int]]]],
        names: Sequence[str] = (),
    ):
        self.names = list(names) or [""] * len(sentences)
        if len(self.names) != len(sentences):
            raise ValueError(f"{len(self.names)} names for {len(sentences)} sentences")
        self.lines = [_parts(words, spans) for words, spans in sentences]

    def __repr__(self) -> str:
        width = max(map(len, self.names), default=0)
        lines = (
            " ".join(f"[{text} {kind}]" if kind else text for text, kind in parts) for parts in self.lines
        )
        return "\n".join(
            f"{name:<{width}}  {line}".strip() for name, line in zip(self.names, lines, strict=True)
        )

    def _repr_html_(self) -> str:
        body = ""
        for name, parts in zip(self.names, self.lines, strict=True):
            text = " ".join(_entity(text, kind) if kind else escape(text) for text, kind in parts)
            head = f'<span style="opacity:0.8;display:inline-block;min-width:7em">{escape(name)}</span>'
            body += f'<p style="margin:0.35em 0;line-height:2">{head if name else ""}{text}</p>'
        return f'<div style="max-width:60em;font-size:15px">{body}</div>'


def _parts(words: Sequence[str], spans: Sequence[tuple[str, int, int]]) -> list[tuple[str, str]]:
    """The sentence in pieces: (text, type of the entity), with an empty type for a word outside."""
    parts, at = [], 0
    for kind, start, end in sorted(spans, key=lambda span: span[1]):
        if not at <= start < end <= len(words):
            raise ValueError(f"the span {kind} from {start} to {end} does not fit {len(words)} words")
        parts += [(word, "") for word in words[at:start]] + [(" ".join(words[start:end]), kind)]
        at = end
    return [*parts, *((word, "") for word in words[at:])]


def _entity(text: str, kind: str) -> str:
    colour, line = LOOKS.get(kind, ANY_OTHER)
    width = 4 if line in ("double", "groove") else 2  # narrower, these look like a plain line
    style = f"background:{colour}2e;color:inherit;border:{width}px {line} {colour}"
    return (
        f'<mark style="{style};border-radius:4px;padding:0.1em 0.3em">'
        f"{escape(text)} <small><strong>{escape(kind)}</strong></small></mark>"
    )


def label_map(
    probabilities: torch.Tensor, words: Sequence[str], labels: Sequence[str], title: str = ""
) -> Figure:
    """How likely each label is for each word: float (L, C), a column a word, in percent from 10 % on. The likeliest
    label of every word is framed."""
    if tuple(probabilities.shape) != (len(words), len(labels)):
        raise ValueError(
            f"probabilities {tuple(probabilities.shape)} for {len(words)} words and {len(labels)} labels"
        )
    picture = figure(max(5.5, 1.6 + 0.72 * len(words)), 1.3 + 0.27 * len(labels))
    axes = picture.subplots()
    image = axes.imshow(probabilities.T.tolist(), cmap=SHADES, vmin=0, vmax=1, aspect="auto")
    for word, row in enumerate(probabilities.tolist()):
        best = row.index(max(row))
        axes.add_patch(
            Rectangle((word - 0.48, best - 0.46), 0.96, 0.92, fill=False, edgecolor="black", lw=1.5)
        )
        for label, value in enumerate(row):
            if value >= 0.1:
                ink = "white" if value > 0.4 else "black"
                axes.text(word, label, f"{value:.0%}", ha="center", va="center", fontsize=8, color=ink)
    axes.set_xticks(range(len(words)), words, fontsize=9, rotation=30, ha="right")
    axes.set_yticks(range(len(labels)), labels, fontsize=9)
    axes.set_xlabel("word")
    axes.set_title(title, loc="left", fontsize=10)
    axes.tick_params(length=0)
    picture.colorbar(image, ax=axes, shrink=0.8, label="probability")
    return picture


def scores_by_type(scores: Mapping[str, Mapping[str, float]], title: str = "") -> Figure:
    """Bars of precision, recall and F1, from 0 to 1, for each of the named groups (types, or all together)."""
    picture = figure(height=1.0 + 0.62 * len(scores))
    axes = picture.subplots()
    for number, (measure, colour) in enumerate(MEASURES.items()):
        places = [place + 0.27 * (number - 1) for place in range(len(scores))]
        values = [row[measure] for row in scores.values()]
        axes.barh(
            places,
            values,
            height=0.25,
            label=measure.replace("f1", "F1"),
            color=colour,
            hatch=HATCHES[colour],
            edgecolor="white",
        )
    axes.set_yticks(range(len(scores)), list(scores))
    axes.invert_yaxis()
    axes.set_xlim(0, 1)
    axes.set_xlabel("share of entities")
    axes.set_title(title, loc="left", fontsize=10)
    handles, names = axes.get_legend_handles_labels()
    picture.legend(handles, names, frameon=False, loc="outside right upper")
    plain_axes(axes)
    return picture
