import re

import pytest
import torch

from grader.judge import expect
from grader.judge.expect import Mismatch


@pytest.mark.parametrize(
    ("want", "got", "message"),
    [
        (1.5, 2.5, "loss: expected 1.5, got 2.5"),
        (1.23456, 1.23489, "loss: expected 1.23456, got 1.23489"),
        (torch.tensor(2.0), torch.tensor(2.001), "loss: expected 2, got 2.001"),
        (torch.tensor([7, 8]), torch.tensor([7, 9]), "loss[1]: expected 8, got 9"),
        (3, 4, "loss: expected 3, got 4"),
    ],
)
def test_a_message_shows_where_two_values_differ(want, got, message):
    with pytest.raises(Mismatch) as raised:
        expect.same(got, want, "loss")
    assert raised.value.message == message


@pytest.mark.parametrize(
    ("want", "got", "place"),
    [
        (torch.tensor([[7, 8]]), torch.tensor([[7, 9]]), "[0, 1]"),
        ([(1, 2), (3, 4)], [(1, 2), (3, 5)], "[1][1]"),
        ({"a": [1]}, {"a": [2]}, "['a'][0]"),
        (1, 2, ""),
    ],
)
def test_where_more_than_a_name_is_said_the_place_stands_apart(want, got, place):
    said = ", at " if place else ""
    for what, between in (("tokens", ""), ("tokens, sorted by id", said), ("mask[query, key]", said)):
        with pytest.raises(Mismatch, match=f"^{re.escape(f'{what}{between}{place}: expected')}"):
            expect.same(got, want, what)


def test_numbers_that_agree_in_four_digits_are_shown_with_more():
    want = torch.tensor([0.0, 1.2345678], dtype=torch.float64)
    with pytest.raises(Mismatch) as raised:
        expect.same(want + torch.tensor([0.0, 3e-6], dtype=torch.float64), want, "logits")
    assert raised.value.message == "logits[1]: expected 1.2345678, got 1.2345708"


def test_a_message_quotes_no_more_of_an_answer_than_a_person_reads():
    with pytest.raises(Mismatch) as raised:
        expect.that(False, f"no token is {'x' * 1_000_000}")
    assert len(raised.value.message) < 1100
