import math
from collections import OrderedDict

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from grader.judge.values import MAX_BITS, MAX_ELEMENTS, NotPlain, alike, close, close_numbers, plain, short

PLAIN = st.recursive(
    st.none() | st.booleans() | st.integers(-1000, 1000) | st.floats(allow_nan=True) | st.text(max_size=5),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.tuples(inner, inner)
        | st.dictionaries(st.text(max_size=3) | st.integers(0, 9), inner, max_size=3)
    ),
    max_leaves=8,
)


class Liar:
    def __eq__(self, other):
        return True

    __hash__ = None


class LyingTensor(torch.Tensor):
    def __eq__(self, other):
        return torch.tensor(True)

    __hash__ = torch.Tensor.__hash__


@given(PLAIN)
def test_plain_values_stay_as_they_are_and_are_alike(value):
    assert alike(plain(value), value)


@given(PLAIN, PLAIN)
def test_alike_is_symmetric(a, b):
    assert alike(a, b) == alike(b, a)


def test_tensors_come_back_alone():
    tensor = torch.arange(6.0).reshape(2, 3).requires_grad_()
    copy = plain([tensor.T])[0]
    assert copy.is_contiguous() and not copy.requires_grad
    tensor.data.zero_()
    assert copy.sum() == 15


@pytest.mark.parametrize(
    ("value", "reason"),
    [
        (Liar(), "a Liar"),
        (torch.ones(2).as_subclass(LyingTensor), "LyingTensor"),
        (np.zeros(3), "NumPy array"),
        (2 ** (MAX_BITS + 1), "an int of more than 1000 bits"),
        ({-(10**400): 1}, "an int of more than 1000 bits"),
        (torch.ones(2, dtype=torch.complex64), "complex"),
        (torch.ones(2, 2).to_sparse(), "ordinary dense"),
        (torch.ones(2, device="meta"), "ordinary dense"),
        (torch.zeros(1).expand(MAX_ELEMENTS + 1), "elements"),
        ([0] * 300_000, "items"),
        ("x" * 2_000_000, "characters"),
        ({(1, 2): 3}, "keys"),
        ((i for i in range(3)), "generator"),
        (print, "builtin_function_or_method"),
    ],
)
def test_other_things_are_refused_with_a_reason(value, reason):
    with pytest.raises(NotPlain, match=reason):
        plain(value)


def test_endless_nesting_is_refused():
    value: list = []
    value.append(value)
    with pytest.raises(NotPlain, match="nested"):
        plain(value)


def test_numbers_of_numpy_and_ordered_dicts_are_plain():
    value = plain(OrderedDict(a=np.float32(0.5), b=np.int64(3), c=np.bool_(True)))
    assert value == {"a": 0.5, "b": 3, "c": True}
    assert [type(item) for item in value.values()] == [float, int, bool]


def test_lists_and_tuples_are_alike_but_numbers_and_truth_values_are_not():
    assert alike([1, (2, 3)], (1, [2, 3]))
    assert not alike(1, True)
    assert not alike(torch.tensor([1]), torch.tensor([1.0]))
    assert not alike(torch.tensor([1]), torch.tensor([True]))
    assert not alike(torch.ones(2), torch.ones(1, 2))
    assert not alike({"a": 1}, {"a": 1, "b": 2})


def test_floats_agree_within_rounding_and_no_further():
    want = torch.tensor([1.0, 100.0, -3.0])
    assert close(want * (1 + 1e-6), want).all()
    assert not close(want * 1.01, want).any()
    assert not close(want.double() * (1 + 1e-6), want.double())[1]
    infinite = torch.tensor([math.inf, -math.inf, math.nan])
    assert close(infinite, infinite).all() and not close(infinite, want).any()
    assert not close(want, infinite).any()


@pytest.mark.parametrize("infinity", [math.inf, -math.inf])
def test_no_finite_number_is_close_to_infinity(infinity):
    largest = math.copysign(torch.finfo(torch.float64).max, infinity)
    for number in (0.0, 1e9, largest):
        assert not close_numbers(number, infinity) and not close_numbers(infinity, number)
        pair = torch.tensor([number, infinity], dtype=torch.float64)
        assert not close(pair, pair.flip(0)).any()
    assert not close(torch.zeros(1).double(), torch.tensor([largest]).double()).any()


@given(PLAIN)
def test_short_is_short_for_anything(value):
    assert len(short(value, 80)) <= 80


def test_short_shows_small_tensors_whole_and_large_ones_by_shape():
    assert short(torch.tensor([[1, 2], [3, 4]])) == "[[1, 2], [3, 4]]"
    assert short(torch.zeros(40, 3)) == "float32 tensor of shape (40, 3)"
