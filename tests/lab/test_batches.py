"""Pictures of a model's input say what they are given, and refuse what does not fit together."""

import pytest
import torch

from grader.lab.batches import batch_grids, input_layers, sizes_by_position, vectors
from grader.lab.figures import png

TOKENS = ["[CLS]", "anna", "sleeps", "[SEP]"]


def written(picture) -> list[str]:
    return [text.get_text() for axes in picture.axes for text in axes.texts]


def test_layers_stand_above_their_tokens():
    picture = input_layers(TOKENS, {"word piece": [2, 136, 700, 3], "segment": [0, 0, 1, 1]})
    texts = written(picture)
    assert [text for text in texts if text in TOKENS] == TOKENS
    assert {"word piece", "segment", "136", "700", "+"} <= set(texts)
    heights = {text.get_text(): text.get_position()[1] for text in picture.axes[0].texts}
    assert heights["anna"] < heights["136"] < heights["segment"]


def test_only_a_layer_of_two_values_is_shaded():
    hatched = [
        bool(bar.get_hatch())
        for bar in input_layers(TOKENS, {"a": [1, 2, 3, 4], "b": [0, 0, 1, 1]}).axes[0].patches
    ]
    assert hatched == [False, False, False, False, False, False, True, True]


def test_a_layer_of_another_length_is_refused():
    with pytest.raises(ValueError, match="segment has 3 numbers for 4 tokens"):
        input_layers(TOKENS, {"segment": [0, 0, 1]})


def test_vectors_share_one_scale():
    parts = {"word": torch.full((4, 30), 0.1), "sum": torch.full((4, 30), -2.0)}
    picture = vectors(parts, TOKENS, features=24)
    images = [axes.images[0] for axes in picture.axes[:2]]
    assert {image.get_clim() for image in images} == {(-2.0, 2.0)}
    assert images[0].get_array().shape == (24, 4)


def test_vectors_of_another_length_are_refused():
    with pytest.raises(ValueError, match="word has the shape"):
        vectors({"word": torch.zeros(3, 30)}, TOKENS)


def test_a_batch_shows_changes_of_real_tokens_only():
    tokens = [["anna", "sleeps", "."], ["anna", "[PAD]", "[PAD]"]]
    changes = torch.tensor([[0.0, 0.25, 0.5], [0.761, 0.9, 0.9]])
    texts = written(batch_grids(tokens, {"without its mask": changes}))
    assert texts == ["anna", "0%", "sleeps", "25%", ".", "50%", "anna", "76%"]


def test_changes_of_another_shape_are_refused():
    with pytest.raises(ValueError, match="2 rows of 1 tokens"):
        batch_grids([["a"], ["b"]], {"without": torch.zeros(2, 2)})


def test_sizes_are_drawn_beside_an_untrained_one():
    picture = sizes_by_position(torch.tensor([1.0, 0.8, 0.2]), untrained=0.2, used=2)
    trained, fresh = picture.axes[0].lines
    assert trained.get_ydata() == pytest.approx([1.0, 0.8, 0.2])
    assert set(fresh.get_ydata()) == {0.2}
    assert len(png(picture)) > 1000
