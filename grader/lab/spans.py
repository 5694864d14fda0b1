"""Pictures of a question-answering head at work: scores over a passage, the table of all spans, windows."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from matplotlib.figure import Figure

from .figures import HATCHES, HIDDEN, MODEL, TRUTH, figure, plain_axes


def score_map(
    tokens: Sequence[str],
    rows: Mapping[str, Sequence[float]],
    wide: int = 34,
    label: str = "score (logit)",
) -> Figure:
    """Scores of tokens as shades, dark for high, the tokens in reading order in lines of `wide`.

    `rows` has one score for each token under each name; the highest of a row, the first of equals, is marked by a
    ring. All rows share one scale. Raises `ValueError` where a row has another length than the tokens.
    """
    for name, row in rows.items():
        if len(row) != len(tokens):
            raise ValueError(f"{name!r} has {len(row)} scores for {len(tokens)} tokens")
    lines = [range(at, min(at + wide, len(tokens))) for at in range(0, len(tokens), wide)]
    values = [value for row in rows.values() for value in row]
    picture = figure(11, (0.95 + 0.28 * len(rows)) * len(lines) + 0.2)
    panels = picture.subplots(len(lines), 1, squeeze=False)[:, 0]
    for axes, places in zip(panels, lines, strict=True):
        shades = [[row[place] for place in places] for row in rows.values()]
        image = axes.imshow(shades, cmap="Greys", vmin=min(values), vmax=max(values), aspect="auto")
        for height, row in enumerate(rows.values()):
            best = max(range(len(row)), key=row.__getitem__)
            if best in places:
                axes.plot(best - places[0], height, "o", mfc="none", mec=TRUTH, mew=2.2, markersize=11)
        axes.set_xlim(-0.5, wide - 0.5)
        axes.set_yticks(range(len(rows)), list(rows), fontsize=9)
        words = [tokens[place] for place in places]
        axes.set_xticks(range(len(words)), words, rotation=60, ha="right", rotation_mode="anchor", fontsize=8)
        axes.tick_params(length=0)
        plain_axes(axes)
    picture.colorbar(image, ax=list(panels), label=label, aspect=12 * len(lines))
    return picture


def span_table(
    tokens: Sequence[str], starts: Sequence[float], ends: Sequence[float], max_tokens: int
) -> Figure:
    """The summed score of every pair of a start (row) and an end (column), as shades; pairs that end before they
    start, or have more than `max_tokens` tokens, are left white. The best of the others has a ring."""
    count = len(tokens)
    allowed = {(s, e) for s in range(count) for e in range(s, min(s + max_tokens, count))}
    best = max(sorted(allowed), key=lambda pair: starts[pair[0]] + ends[pair[1]])
    picture = figure(6.6, 5.6)
    axes = picture.subplots()
    sums = [
        [starts[s] + ends[e] if (s, e) in allowed else float("nan") for e in range(count)]
        for s in range(count)
    ]
    image = axes.imshow(sums, cmap="Greys")
    axes.plot(best[1], best[0], "o", mfc="none", mec=TRUTH, mew=2.5, markersize=13)
    axes.plot([-0.5, count - 0.5], [-0.5, count - 0.5], color=HIDDEN, linewidth=0.6)
    axes.set_xticks(range(count), tokens, rotation=60, ha="right", rotation_mode="anchor", fontsize=8)
    axes.set_yticks(range(count), tokens, fontsize=8)
    axes.set_xlabel("the answer ends with")
    axes.set_ylabel("the answer starts with")
    picture.colorbar(image, ax=axes, label="start score + end score", shrink=0.8)
    return picture


def ranked_spans(spans: Mapping[str, float]) -> Figure:
    """A bar for the score of each candidate, in the order given, the first at the top."""
    picture = figure(7.5, 0.8 + 0.32 * len(spans))
    axes = picture.subplots()
    places = range(len(spans))[::-1]
    axes.barh(places, list(spans.values()), 0.7, color=MODEL, edgecolor="white")
    axes.axvline(0, color="black", linewidth=0.8)
    axes.set_yticks(places, list(spans))
    axes.set_xlabel("start score + end score")
    plain_axes(axes)
    return picture


def window_map(
    windows: Sequence[tuple[int, int]], length: int, answer: tuple[int, int] | None = None
) -> Figure:
    """Windows over a text of `length` tokens, one below the other; `answer` (end exclusive) is shown as a band."""
    picture = figure(8.5, 0.9 + 0.26 * len(windows))
    axes = picture.subplots()
    for number, (start, end) in enumerate(windows):
        axes.barh(-number, end - start, 0.7, start, color=MODEL, edgecolor="white")
        axes.text(
            (start + end) / 2,
            -number,
            f"{start} to {end}",
            ha="center",
            va="center",
            color="white",
            fontsize=8,
        )
    if answer:
        axes.axvspan(*answer, color=TRUTH, alpha=0.6, hatch=HATCHES[TRUTH], linewidth=0)
    axes.set_xlim(0, length)
    axes.set_yticks(
        [-number for number in range(len(windows))], [f"window {n + 1}" for n in range(len(windows))]
    )
    axes.set_xlabel("token of the passage")
    plain_axes(axes)
    return picture


def threshold_curves(thresholds: Sequence[float], rows: Mapping[str, Sequence[float]]) -> Figure:
    """Shares of right answers over the threshold above which “no answer” wins, a line for each of `rows`."""
    picture = figure(7.5, 3.2)
    axes = picture.subplots()
    looks = ((MODEL, "-", "o"), (TRUTH, "--", "s"), (HIDDEN, ":", "^"))
    for (name, row), (colour, line, marker) in zip(rows.items(), looks, strict=False):
        axes.plot(thresholds, row, color=colour, linestyle=line, marker=marker, markersize=4, label=name)
    axes.set_ylim(0, 1)
    axes.set_xlabel("threshold (score)")
    axes.set_ylabel("share of exact matches")
    axes.legend(frameon=False, fontsize=9)
    plain_axes(axes)
    return picture
