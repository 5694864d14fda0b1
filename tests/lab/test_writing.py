"""The pictures of a writing model say what they were given."""

import pytest

from grader.lab.figures import png
from grader.lab.writing import Step, steps_picture, sure_of_each_word

STEPS = [
    Step({"the": 0.6, "a": 0.3, "an": 0.1}, "the"),
    Step({"owl": 0.5, "cow": 0.2, "dog": 0.15, "cat": 0.1, "hen": 0.05}, "hen"),
    Step({"sleeps": 0.998, "sleep": 0.0015, "wakes": 0.0005}, "wakes"),
]


def test_each_word_has_a_bar_from_every_source():
    rows = {"model": [0.1, 0.9], "truth": [0.2, 0.8]}
    picture = sure_of_each_word(["owls", "sleep"], rows, title="owls sleep")
    axes = picture.axes[0]
    assert [bar.get_height() for bar in axes.patches] == [0.1, 0.9, 0.2, 0.8]
    assert [label.get_text() for label in axes.get_xticklabels()] == ["owls", "sleep"]
    assert [text.get_text() for text in picture.legends[0].get_texts()] == ["model", "truth"]
    assert png(picture).startswith(b"\x89PNG")


def test_a_row_of_another_length_is_refused():
    with pytest.raises(ValueError, match="model has 1 chances for 2 words"):
        sure_of_each_word(["owls", "sleep"], {"model": [0.1]})


def test_each_step_shows_its_best_tokens_and_frames_the_one_taken():
    axes = steps_picture(STEPS, best=3).axes[0]
    shown = {
        (round(text.get_position()[0]), round(text.get_position()[1])): text.get_text() for text in axes.texts
    }
    assert (
        shown[0, 0] == "the\n60%"
        and shown[1, 2] == "dog\n15%"
        and shown[2, 0] == "sleeps\n100%"
        and shown[2, 2] == "wakes\n0%"
    )
    assert shown[1, 3] == "hen\n5%", "taken from below the best"
    assert (2, 1) not in shown, "less than half a percent"
    assert (0, 3) not in shown
    frames = [(round(frame.get_x() + 0.47), round(frame.get_y() + 0.45)) for frame in axes.patches]
    assert frames == [(0, 0), (1, 3), (2, 2)]


def test_a_token_without_a_chance_cannot_be_taken():
    with pytest.raises(ValueError, match="'fox' was taken"):
        Step({"owl": 1.0}, "fox")
