"""Marked texts and pictures of taggers say what they are given, and refuse what does not fit together."""

import re

import pytest
import torch

from grader.lab.figures import png
from grader.lab.tagging import LOOKS, Marked, label_map, scores_by_type

WORDS = ["anna", "lives", "in", "new", "york", "."]
SPANS = [("LOC", 3, 5), ("PER", 0, 1)]


def test_a_marked_sentence_prints_its_entities_in_brackets():
    assert repr(Marked([(WORDS, SPANS)])) == "[anna PER] lives in [new york LOC] ."
    assert repr(Marked([(WORDS, [])])) == " ".join(WORDS)


def test_lines_stand_under_their_names():
    text = repr(Marked([(WORDS, SPANS), (WORDS, [])], names=["true", "predicted"]))
    assert text.splitlines() == [
        "true       [anna PER] lives in [new york LOC] .",
        "predicted  anna lives in new york .",
    ]


def test_neighbours_of_one_type_stay_apart():
    assert repr(Marked([(["a", "b"], [("PER", 0, 1), ("PER", 1, 2)])])) == "[a PER] [b PER]"


def test_no_two_types_have_the_same_line_and_each_is_named():
    page = Marked(
        [(list("abcde"), [(kind, i, i + 1) for i, kind in enumerate([*LOOKS, "MISC"])])]
    )._repr_html_()
    lines = re.findall(r"border:\dpx (\w+)", page)
    assert len(lines) == len(set(lines)) == 5
    assert all(f"<strong>{kind}</strong>" in page for kind in [*LOOKS, "MISC"])


def test_words_cannot_write_html():
    page = Marked([(["<b>", "&"], [("<i>", 0, 1)])], names=["<u>"])._repr_html_()
    assert not {"<b>", "<i>", "<u>"} & set(re.findall(r"<\w>", page))


@pytest.mark.parametrize(
    "spans", [[("PER", 0, 2), ("LOC", 1, 3)], [("PER", 4, 7)], [("PER", 2, 2)], [("PER", -1, 1)]]
)
def test_spans_that_do_not_fit_are_refused(spans):
    with pytest.raises(ValueError, match="does not fit"):
        Marked([(WORDS, spans)])


def test_names_are_one_a_line():
    with pytest.raises(ValueError, match="2 names for 1 sentences"):
        Marked([(WORDS, [])], names=["a", "b"])


def test_a_label_map_frames_the_likeliest_label_of_each_word():
    probabilities = torch.tensor([[0.7, 0.25, 0.05], [0.1, 0.2, 0.7]])
    axes = label_map(probabilities, ["anna", "sleeps"], ["O", "B-PER", "I-PER"], "a title").axes[0]
    frames = [(round(patch.get_x() + 0.48), round(patch.get_y() + 0.46)) for patch in axes.patches]
    assert frames == [(0, 0), (1, 2)]
    assert [text.get_text() for text in axes.texts] == ["70%", "25%", "10%", "20%", "70%"]
    assert [label.get_text() for label in axes.get_yticklabels()] == ["O", "B-PER", "I-PER"]


def test_a_label_map_refuses_what_does_not_fit():
    with pytest.raises(ValueError, match=r"\(2, 3\) for 3 words and 2 labels"):
        label_map(torch.zeros(2, 3), ["a", "b", "c"], ["O", "B-PER"])


def test_scores_are_bars_from_0_to_1_that_differ_without_colour():
    rows = {
        "PER": {"precision": 0.9, "recall": 0.8, "f1": 0.85},
        "all": {"precision": 0.5, "recall": 0.4, "f1": 0.44},
    }
    picture = scores_by_type(rows)
    axes = picture.axes[0]
    assert [round(bar.get_width(), 2) for bar in axes.patches] == [0.9, 0.5, 0.8, 0.4, 0.85, 0.44]
    assert len({bar.get_hatch() for bar in axes.patches}) == 3
    assert axes.get_xlim() == (0, 1)
    assert png(picture).startswith(b"\x89PNG")
