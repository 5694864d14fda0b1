"""Pictures of outputs show the probabilities that they were given, under the right names."""

import pytest
import torch

from grader.lab.figures import png
from grader.lab.outputs import output_maps

TOKENS = ["[CLS]", "owls", "sleep", "[SEP]"]


def panels() -> dict:
    generator = torch.Generator().manual_seed(0)
    return {
        "tokens (1, 4, 5)": (torch.rand(4, 5, generator=generator).softmax(-1), TOKENS, list("abcde")),
        "text (1, 2)": (torch.tensor([[0.25, 0.75]]), ["text"], ["no", "yes"]),
    }


def labels(axis) -> list[str]:
    return [label.get_text() for label in axis.get_ticklabels()]


@pytest.mark.parametrize("across", [1, 2, 3])
def test_a_map_shows_its_probabilities_under_their_names(across):
    picture = output_maps(panels(), across)
    maps = [axes for axes in picture.axes if axes.get_title(loc="left")]
    for axes, (title, (table, rows, columns)) in zip(maps, panels().items(), strict=True):
        assert axes.get_title(loc="left") == title
        assert torch.allclose(torch.tensor(axes.images[0].get_array().data).float(), table)
        assert axes.images[0].get_clim() == (0, 1)
        assert (labels(axes.yaxis), labels(axes.xaxis)) == (rows, columns)
    assert png(picture).startswith(b"\x89PNG")


def test_a_row_is_as_high_in_every_map():
    picture = output_maps(panels())
    heights = [axes.get_box_aspect() for axes in picture.axes if axes.get_title(loc="left")]
    assert heights[0] == pytest.approx(4 * heights[1])


def test_names_that_do_not_fit_are_refused():
    with pytest.raises(ValueError, match=r"text: \(1, 2\) probabilities for 1 rows and 3 columns"):
        output_maps({"text": (torch.ones(1, 2) / 2, ["text"], ["a", "b", "c"])})
