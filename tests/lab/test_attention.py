"""The pictures of attention say what they were given."""

import pytest
import torch

from grader.lab.attention import bars, cut_picture, quality_curve, weight_maps, weight_rows
from grader.lab.figures import png

TOKENS = ["[CLS]", "owls", "sleep", "[SEP]", "[PAD]"]


def weights(*shape: int) -> torch.Tensor:
    return torch.rand(*shape, generator=torch.Generator().manual_seed(0)).softmax(-1)


def shown(axes) -> list[str]:
    return [text.get_text() for text in axes.texts]


def labels(axis) -> list[str]:
    return [label.get_text() for label in axis.get_ticklabels()]


def test_there_is_a_map_for_each_head():
    table = weights(3, 5, 5)
    picture = weight_maps(table, TOKENS, ["a", "b", "c"])
    maps = [axes for axes in picture.axes if axes.get_title(loc="left")]
    assert [axes.get_title(loc="left") for axes in maps] == ["a", "b", "c"]
    for axes, head in zip(maps, table, strict=True):
        assert torch.allclose(torch.tensor(axes.images[0].get_array().data).float(), head)
        assert labels(axes.xaxis) == labels(axes.yaxis) == TOKENS
    assert png(picture).startswith(b"\x89PNG")


def test_a_row_of_weights_is_written_in_percent():
    table = torch.tensor([[0.5, 0.5, 0.0, 0.0, 0.0], [0.004, 0.0, 0.0, 0.0, 0.996]])
    picture = weight_rows(table, TOKENS, ["first", "second"], asking=1)
    axes = picture.axes[0]
    assert shown(axes) == ["50%", "50%", "100%"]
    assert "owls" in axes.get_title(loc="left")
    assert [label.get_fontweight() for label in axes.get_xticklabels()].index("bold") == 1


@pytest.mark.parametrize("make", [weight_maps, lambda w, t, n: weight_rows(w, t, n, 0)])
def test_weights_of_another_shape_are_refused(make):
    with pytest.raises(ValueError, match="shape"):
        make(weights(2, 4, 4), TOKENS, ["a", "b"])


def test_the_cut_names_each_head_and_colours_its_features():
    axes = cut_picture(12, 3).axes[0]
    assert shown(axes) == ["head 0", "head 1", "head 2"]
    colours = [bar.get_facecolor() for bar in axes.patches]
    assert len(colours) == 12 and len(set(colours[:4])) == 1 and len(set(colours)) == 3
    with pytest.raises(ValueError, match="divide"):
        cut_picture(10, 3)


def test_the_curve_shows_every_run_and_the_middle_one():
    rows = [
        {"heads": 1, "head_size": 8, "accuracies": [0.2, 0.4, 0.9]},
        {"heads": 2, "head_size": 4, "accuracies": [0.5, 0.7, 0.1]},
    ]
    axes = quality_curve(rows, best=0.8).axes[0]
    middle, first, second, best = axes.lines
    assert list(middle.get_ydata()) == [0.4, 0.5]
    assert [list(line.get_ydata()) for line in (first, second)] == [[0.2, 0.4, 0.9], [0.5, 0.7, 0.1]]
    assert set(best.get_ydata()) == {0.8}
    assert labels(axes.xaxis) == ["1\nD = 8", "2\nD = 4"]


def test_bars_stand_side_by_side():
    axes = bars({"all": {"x": 1.0, "y": 2.0}, "some": {"x": 3.0, "y": 4.0}}, "loss (nats)", "letter").axes[0]
    assert [bar.get_height() for bar in axes.patches] == [1.0, 2.0, 3.0, 4.0]
    places = [bar.get_x() + bar.get_width() / 2 for bar in axes.patches]
    assert places[0] < places[2] < places[1] < places[3]
    assert (axes.get_xlabel(), axes.get_ylabel()) == ("letter", "loss (nats)")
    assert labels(axes.xaxis) == ["x", "y"]
    assert [text.get_text() for text in axes.get_legend().get_texts()] == ["all", "some"]
