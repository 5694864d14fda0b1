import pytest
import torch

from grader.judge.spec import Spec, WrongForm, fit_result

DIMS = {"B": 3, "L": 11, "V": 5}


def fit(text, value, dims=DIMS):
    return Spec.parse(text).fit(value, dims)


@pytest.mark.parametrize("text", ["ids: int63 (B, L)", "ids: tensor", "x: int64", "(B, L)", ""])
def test_a_line_that_says_nothing_known_is_refused(text):
    with pytest.raises(ValueError, match="cannot read"):
        Spec.parse(text)


def test_arguments_bind_axes_and_must_agree():
    dims = {}
    Spec.parse("ids: int64 (B, L)").bind(torch.zeros(3, 11), dims)
    assert dims == {"B": 3, "L": 11}
    with pytest.raises(ValueError, match="axis L is 12 here and 11 elsewhere"):
        Spec.parse("labels: int64 (B, L)").bind(torch.zeros(3, 12), dims)


def test_leading_axes_of_any_number():
    dims = {}
    Spec.parse("q: float (..., L, D)").bind(torch.zeros(2, 3, 11, 4), dims)
    assert fit("output: float (..., L, D)", torch.zeros(2, 3, 11, 4), dims).shape == (2, 3, 11, 4)
    with pytest.raises(WrongForm):
        fit("output: float (..., L, D)", torch.zeros(3, 11, 4), dims)


@pytest.mark.parametrize(
    ("value", "message"),
    [
        (
            torch.zeros(11, 3, dtype=torch.int64),
            r"expected \(B, L\) = \(3, 11\), got \(11, 3\): are batch and length swapped",
        ),
        (torch.zeros(3, dtype=torch.int64), "the length axis is missing"),
        (torch.zeros(3, 1, 11, dtype=torch.int64), "one axis too many, of size 1"),
        (torch.zeros(3, 12, dtype=torch.int64), r"got \(3, 12\)"),
        (torch.zeros(3, 11), "dtype int64, got float32"),
        (None, "is a `return` missing"),
        ([[1]], "should be a tensor of shape"),
    ],
)
def test_a_wrong_tensor_is_told_by_the_names_of_its_axes(value, message):
    with pytest.raises(WrongForm, match=message):
        fit("labels: int64 (B, L)", value)


def test_products_and_numbers_as_axes():
    assert fit("x: float (B*L, 2)", torch.zeros(33, 2)).shape == (33, 2)
    with pytest.raises(WrongForm):
        fit("x: float (B*L, 2)", torch.zeros(3, 2))
    with pytest.raises(WrongForm, match="the axis of size 1 is missing"):
        fit("x: float (1, B, L)", torch.zeros(3, 11))


def test_numbers_and_tensors_of_one_number():
    assert fit("score: float", torch.tensor(0.5)) == 0.5
    assert fit("score: float", 1) == 1
    for value in (True, "1", [1.0], torch.zeros(2)):
        with pytest.raises(WrongForm, match="should be a float"):
            fit("score: float", value)


def test_several_results_are_a_tuple_or_a_list():
    specs = (Spec.parse("inputs: int64 (B)"), Spec.parse("labels: int64 (B)"))
    ids = torch.zeros(3, dtype=torch.int64)
    assert len(fit_result([ids, ids], specs, DIMS)) == 2
    with pytest.raises(WrongForm, match=r"tuple of 2 \(inputs, labels\), got a tensor"):
        fit_result(ids, specs, DIMS)
