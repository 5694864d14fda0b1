"""Pictures of spans show the scores that they are given, and refuse what does not fit together."""

import numpy as np
import pytest

from grader.lab.figures import png
from grader.lab.spans import ranked_spans, score_map, span_table, threshold_curves, window_map

TOKENS = ["anna", "comes", "from", "vienna", "."]
STARTS, ENDS = [1.0, -2.0, -3.0, 2.0, -1.0], [2.5, -1.0, -2.0, 2.0, 0.0]


def rings(axes):
    return [
        tuple(map(float, line.get_xydata()[0]))
        for line in axes.lines
        if line.get_marker() == "o" and len(line.get_xydata()) == 1
    ]


def test_scores_stand_under_their_tokens_and_the_highest_has_a_ring():
    picture = score_map(TOKENS, {"start": STARTS, "end": ENDS}, wide=3)
    first, second = picture.axes[:2]
    assert np.allclose(first.images[0].get_array(), [STARTS[:3], ENDS[:3]])
    assert np.allclose(second.images[0].get_array(), [STARTS[3:], ENDS[3:]])
    assert [text.get_text() for text in second.get_xticklabels()] == TOKENS[3:]
    assert rings(first) == [(0.0, 1.0)] and rings(second) == [(0.0, 0.0)]
    assert first.images[0].get_clim() == second.images[0].get_clim() == (-3.0, 2.5)


def test_a_row_of_another_length_is_refused():
    with pytest.raises(ValueError, match="'end' has 4 scores for 5 tokens"):
        score_map(TOKENS, {"start": STARTS, "end": ENDS[:4]})


def test_the_table_shows_allowed_pairs_and_rings_the_best():
    axes = span_table(TOKENS, STARTS, ENDS, max_tokens=2).axes[0]
    table = np.ma.filled(axes.images[0].get_array(), np.nan)
    shown = {(int(s), int(e)) for s, e in np.argwhere(np.isfinite(table))}
    assert shown == {(s, e) for s in range(5) for e in (s, s + 1) if e < 5}
    assert table[3, 3] == 4.0
    assert rings(axes) == [(3.0, 3.0)]


def test_bars_windows_and_curves_are_drawn_from_their_numbers():
    bars = ranked_spans({"vienna": 4.0, "anna": 3.5}).axes[0]
    assert [bar.get_width() for bar in bars.patches] == [4.0, 3.5]
    assert [bar.get_y() for bar in bars.patches] == sorted(
        (bar.get_y() for bar in bars.patches), reverse=True
    )
    axes = window_map([(0, 6), (4, 9)], 9, answer=(5, 7)).axes[0]
    assert [(bar.get_x(), bar.get_width()) for bar in axes.patches[:2]] == [(0, 6), (4, 5)]
    (line, _) = threshold_curves([0, 1], {"a": [0.5, 0.6], "b": [0.9, 0.8]}).axes[0].lines
    assert list(line.get_ydata()) == [0.5, 0.6]


def test_pictures_can_be_made_into_files():
    for picture in (
        score_map(TOKENS, {"start": STARTS}),
        span_table(TOKENS, STARTS, ENDS, 3),
        window_map([(0, 5)], 5),
    ):
        assert png(picture).startswith(b"\x89PNG")
