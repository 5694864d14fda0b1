"""Pictures of who looks at whom: every square is of the kind that it should be, and bad sizes are refused."""

import pytest
import torch

from grader.lab.figures import png
from grader.lab.influence import (
    EARLIER,
    LATER,
    SOURCE,
    Panel,
    cross_map,
    influence_maps,
    loss_curves,
    move_bars,
)

ONE_STREAM = Panel(torch.ones(3, 3, dtype=torch.bool), "abc", "abc")
TWO_STREAMS = Panel(torch.ones(5, 5, dtype=torch.bool), "abcxy", "abcxy", 3, 3)
ACROSS = Panel(torch.ones(2, 3, dtype=torch.bool), "xy", "abc", 0, 3)


def kinds(panel):
    return [[panel.kind(i, j) for j in range(len(panel.columns))] for i in range(len(panel.rows))]


def test_in_one_stream_the_diagonal_divides_earlier_from_later():
    assert kinds(ONE_STREAM) == [[EARLIER, LATER, LATER], [EARLIER, EARLIER, LATER], [EARLIER] * 3]


def test_of_two_streams_each_has_a_diagonal_and_the_target_reads_the_source():
    found = kinds(TWO_STREAMS)
    assert [row[:3] for row in found[:3]] == kinds(ONE_STREAM)
    assert [row[3:] for row in found[:3]] == [[LATER] * 2] * 3
    assert found[3] == [SOURCE] * 3 + [EARLIER, LATER]
    assert found[4] == [SOURCE] * 3 + [EARLIER, EARLIER]


def test_a_target_over_its_source_reads_the_source_alone():
    assert kinds(ACROSS) == [[SOURCE] * 3] * 2


def test_the_legend_names_what_is_to_be_seen_and_nothing_else():
    triangle = ONE_STREAM._replace(moved=ONE_STREAM.moved.tril())
    (legend,) = influence_maps({"causal": triangle}).legends
    assert [text.get_text() for text in legend.get_texts()] == [f"moved {EARLIER}"]
    (legend,) = influence_maps({"causal": triangle, "across": ACROSS}).legends
    assert [text.get_text() for text in legend.get_texts()] == [f"moved {EARLIER}", f"moved {SOURCE}"]
    *_, spare = influence_maps({"causal": triangle, "across": ACROSS, "all": ONE_STREAM}, columns=2).axes
    assert len(spare.get_legend().get_texts()) == 3


def test_squares_are_filled_where_something_moves():
    moved = torch.tensor([[True, False, False], [True, True, False], [False, False, True]])
    axes = influence_maps({"some": ONE_STREAM._replace(moved=moved)}).axes[0]
    filled = [patch for patch in axes.patches if patch.get_facecolor()[:3] != (1.0, 1.0, 1.0)]
    hit = [
        [sum(each.get_path().contains_point((j, i)) for each in filled) for j in range(3)] for i in range(3)
    ]
    assert hit == moved.int().tolist()


def test_an_output_that_does_not_move_is_marked():
    axes = move_bars([0, 0.5, 0.0], "abc", "replaced: b").axes[0]
    assert [text.get_text() for text in axes.texts] == ["0", "0"]


@pytest.mark.parametrize(
    "picture",
    [
        lambda: influence_maps({"one": ONE_STREAM, "two": TWO_STREAMS, "across": ACROSS}, columns=2),
        lambda: move_bars([0.1, 0.2, 0, 0.3], "abxy", "replaced: a", source=2),
        lambda: cross_map(torch.rand(2, 3), "xy", "abc"),
        lambda: loss_curves({"leaky": [3.0, 2.0, 1.0, 0.5], "causal": [3.0, 2.5, 2.0, 1.8]}, 1.2, window=2),
    ],
)
def test_pictures_are_drawn(picture):
    assert png(picture()).startswith(b"\x89PNG")


def test_curves_are_means_of_the_window():
    lines = loss_curves({"one": [1.0, 3.0, 5.0, 7.0, 9.0]}, 2.0, window=2).axes[0].lines
    assert lines[0].get_xydata().tolist() == [[2, 2], [4, 6]]


def test_sizes_that_do_not_fit_are_refused():
    with pytest.raises(ValueError, match="one: moved has the shape"):
        influence_maps({"one": ONE_STREAM._replace(rows="ab")})
    with pytest.raises(ValueError, match="2 moves for 3 outputs"):
        move_bars([1.0, 2.0], "abc", "")
    with pytest.raises(ValueError, match="should have the shape"):
        cross_map(torch.rand(3, 2), "xy", "abc")
