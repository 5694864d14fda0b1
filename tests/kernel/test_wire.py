"""What crosses to a student's process and back: only what was asked, and only data."""

import io
import json
import math
import pickle

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from transformers import BertConfig, BertModel

from grader.judge.calling import Outcome, Raised, perform
from grader.judge.values import MAX_BITS, MAX_DEPTH, MAX_ITEMS, alike
from grader.kernel import wire

LIMIT = 1 << 20
PLAIN = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**MAX_BITS) + 1, 2**MAX_BITS - 1)
    | st.floats(allow_nan=True)
    | st.text(max_size=5)
    | st.sampled_from([torch.float32, torch.tensor([True, False]), torch.zeros(0, 3), torch.tensor(1.5)]),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.tuples(inner, inner)
        | st.dictionaries(st.text(max_size=3) | st.integers(0, 9), inner, max_size=3)
    ),
    max_leaves=8,
)


def there_and_back(outcome, arguments=None, gradients=(), changes=()):
    return wire.decode(*wire.encode(outcome, LIMIT), LIMIT, arguments or {}, gradients, changes)


def same(a, b):
    if isinstance(a, torch.Tensor):
        return isinstance(b, torch.Tensor) and a.dtype == b.dtype and torch.equal(a, b)
    if type(a) is not type(b):
        return False
    if isinstance(a, (list, tuple)):
        return len(a) == len(b) and all(map(same, a, b))
    if isinstance(a, dict):
        return list(a) == list(b) and all(same(a[key], b[key]) for key in a)
    return a == b or (isinstance(a, float) and math.isnan(a) and math.isnan(b))


@given(PLAIN)
def test_values_come_back_as_they_were(value):
    assert same(there_and_back(Outcome(value=value)).value, value)


@pytest.mark.parametrize("dtype", wire.DTYPES.values(), ids=str)
def test_every_dtype_comes_back(dtype):
    tensor = torch.tensor([[0, 1, 1], [1, 0, 1]]).to(dtype)
    assert same(there_and_back(Outcome(value=[tensor, tensor.T])).value, [tensor, tensor.T])


def test_everything_noted_about_a_call_comes_back():
    def answer(x, ids, names):
        print("printed")
        names.append("more")
        ids[0] = 9
        return x * 2

    arguments = {"x": torch.ones(2, 3), "ids": torch.tensor([1, 2]), "names": ["a"]}
    outcome = perform(answer, arguments, gradients=("x",), changes=("ids",))
    back = there_and_back(outcome, arguments, ("x",), ("ids",))
    assert back.printed == "printed\n" and back.changed == ("names",)
    assert same(back.value, torch.full((2, 3), 2.0)) and same(back.after, {"ids": torch.tensor([9, 2])})
    assert same(back.gradients, outcome.gradients) and back.gradients["x"] is not None


def test_what_was_raised_comes_back():
    raised = perform(lambda x: [][x], {"x": 3}).raised
    assert raised.bases[0] == "IndexError" and there_and_back(Outcome(raised=raised)).raised == raised
    assert there_and_back(Outcome(timed_out=True)) == Outcome(timed_out=True)
    assert there_and_back(Outcome(unusable="why")) == Outcome(unusable="why")


def test_a_changed_model_comes_back_as_a_copy_in_its_new_state():
    config = BertConfig(
        vocab_size=9, hidden_size=4, num_hidden_layers=1, num_attention_heads=2, intermediate_size=5
    )
    model = BertModel(config).eval()

    def freeze(model):
        model.train()
        for parameter in model.embeddings.parameters():
            parameter.requires_grad_(False)
        model.pooler.dense.weight.data.zero_()

    outcome = perform(freeze, {"model": model}, changes=("model",))
    after = there_and_back(outcome, {"model": model}, changes=("model",)).after["model"]
    assert after.training and not model.training and after.pooler.dense.weight.abs().sum() == 0
    assert model.pooler.dense.weight.abs().sum() > 0
    frozen = [name for name, parameter in after.named_parameters() if not parameter.requires_grad]
    assert frozen and all(name.startswith("embeddings") for name in frozen)


def test_too_large_is_said_and_not_sent():
    with pytest.raises(wire.TooLarge, match="more than the 1 that may come back"):
        wire.encode(Outcome(value=torch.zeros(2**19)), LIMIT)
    with pytest.raises(wire.TooLarge, match="larger than"):
        wire.encode(Outcome(value=["x" * 1000] * 1100), LIMIT)
    with pytest.raises(wire.TooLarge, match=r"torch\.complex64"):
        wire.encode(Outcome(value=torch.zeros(2, dtype=torch.complex64)), LIMIT)


# ------------------------------------------------------------------------------------ to the student's process


def test_a_slice_does_not_carry_what_it_was_cut_from():
    secret = torch.full((1000,), 7777.0)
    whole = torch.cat([torch.zeros(4), secret])
    sent = wire.encode_arguments({"x": whole[:4], "nested": [{"y": whole[1:3]}]})
    assert len(sent) < 2000 and b"".join([secret[:1].numpy().tobytes()] * 2) not in sent
    arguments = wire.decode_arguments(sent)
    assert arguments["x"].untyped_storage().nbytes() == 16 and torch.equal(arguments["x"], torch.zeros(4))


def test_arguments_arrive_as_they_are():
    tensor = torch.arange(12.0).reshape(3, 4)
    arguments = {"a": tensor.T, "b": [1, (2, None)], "c": {"d": torch.float64}, "e": tensor[:, ::2]}
    arrived = wire.decode_arguments(wire.encode_arguments(arguments))
    assert same(arrived, arguments)
    assert arrived["a"].stride() == (1, 4), "whether `view` works depends on it"


@pytest.mark.parametrize("dtype", [torch.bool, torch.int64, torch.float32, torch.bfloat16], ids=str)
@pytest.mark.parametrize("shape", [(), (0,), (2, 0, 3), (1, 3)], ids=str)
def test_tensors_of_any_kind_arrive(dtype, shape):
    tensor = torch.ones(shape, dtype=dtype)
    arrived = wire.decode_arguments(wire.encode_arguments({"x": tensor}))["x"]
    assert same(arrived, tensor) and arrived.dtype is dtype and not arrived.requires_grad


def test_flags_of_parameters_arrive():
    model = torch.nn.Linear(2, 2)
    model.bias.requires_grad_(False)
    arrived = wire.decode_arguments(wire.encode_arguments({"model": model}))["model"]
    assert [p.requires_grad for p in arrived.parameters()] == [True, False]
    assert all(type(p) is torch.nn.Parameter for p in arrived.parameters())


def test_equal_arguments_become_equal_bytes():
    def arguments():
        return {"x": torch.arange(6.0).reshape(2, 3).T, "ids": [torch.tensor([1, 2])], "k": 3}

    assert wire.encode_arguments(arguments()) == wire.encode_arguments(arguments())


def test_a_model_arrives_with_its_tied_weights_tied():
    layer = torch.nn.Linear(3, 3)
    model = torch.nn.ModuleDict({"a": layer, "b": layer})
    arrived = wire.decode_arguments(wire.encode_arguments({"model": model}))["model"]
    assert arrived["a"].weight is arrived["b"].weight and torch.equal(arrived["a"].weight, layer.weight)


# ----------------------------------------------------------------------------------------- what a liar may send


def forged(**changes):
    fields = json.loads(wire.encode(Outcome(value=1), LIMIT)[0]) | changes
    return json.dumps(fields).encode()


def nested(depth):
    value = 1
    for _ in range(depth):
        value = {"list": [value]}
    return value


class Touches:
    """Leaves a mark where it is unpickled."""

    def __init__(self, path):
        self.path = path

    def __reduce__(self):
        return (open, (str(self.path), "w"))


LIES = {
    "no JSON": b"\x80\x04N.",
    "empty": b"",
    "another shape": b"[]",
    "a bare NaN": forged(value=1).replace(b'"value": 1', b'"value": NaN'),
    "a deep JSON": b"[" * 100_000,
    "nested too deeply": forged(value=nested(MAX_DEPTH + 1)),
    "too many items": forged(value={"list": [1] * (MAX_ITEMS + 1)}),
    "a large int": forged(value=2 ** (MAX_BITS + 1)),
    "an endless int": forged(value=1).replace(b'"value": 1', b'"value": ' + b"9" * 50_000),
    "an unknown kind": forged(value={"object": "os.system"}),
    "two kinds": forged(value={"list": [], "tuple": []}),
    "a list as key": forged(value={"dict": [[[1], 2]]}),
    "a missing tensor": forged(value={"tensor": "0"}),
    "an unknown dtype": forged(value={"dtype": "load"}),
    "another field": forged(points=8),
    "two ends": forged(value=None, timed_out=True, unusable="x"),
    "a value beside an end": forged(timed_out=True),
    "a changed argument that is none": forged(changed=["grade"]),
    "an argument after the call that was not asked for": forged(after={"x": 1}),
    "a gradient that was not asked for": forged(gradients={"x": None}),
    "a number as text": forged(printed=3),
    "a flag as number": forged(timed_out=0),
    "exception without bases": forged(value=None, raised=["A", "b", "c", None]),
    "not ASCII": forged(value=1) + "é".encode(),
}


@pytest.mark.parametrize("text", LIES.values(), ids=LIES)
def test_what_does_not_fit_is_refused(text):
    with pytest.raises(wire.BadReply):
        wire.decode(text, b"", LIMIT, {"x": torch.ones(2)})


def test_more_bytes_than_allowed_are_not_looked_at():
    with pytest.raises(wire.BadReply, match="too many bytes"):
        wire.decode(forged(printed="x" * LIMIT), b"", LIMIT, {})


def test_nothing_is_unpickled(tmp_path):
    mark = tmp_path / "mark"
    archive = io.BytesIO()
    torch.save(Touches(mark), archive)
    for data in (pickle.dumps(Touches(mark)), archive.getvalue()):
        for parts in (
            (data, b""),
            (forged(value={"tensor": "0"}), data),
            (forged(value={"tensor": "0"}), b"\0" * 40),
        ):
            with pytest.raises(wire.BadReply):
                wire.decode(*parts, LIMIT, {})
    assert not mark.exists()
    pickle.loads(pickle.dumps(Touches(mark)))  # it would have left one
    assert mark.exists()


@pytest.mark.parametrize(
    ("dtype", "shape", "size"),
    [
        ("F32", [10**6, 10**6, 10**6], 0),
        ("F32", [0, 10**18], 0),
        ("F32", [2], 4),
        ("U16", [2], 4),
        ("I8", [1] * 40, 1),
    ],
)
def test_tensors_of_another_form_are_refused(dtype, shape, size):
    header = json.dumps({"0": {"dtype": dtype, "shape": shape, "data_offsets": [0, size]}}).encode()
    data = len(header).to_bytes(8, "little") + header + b"\0" * size
    with pytest.raises(wire.BadReply):
        wire.decode(forged(value={"tensor": "0"}), data, LIMIT, {})


def test_one_tensor_cannot_stand_for_many():
    _, data = wire.encode(Outcome(value=torch.ones(3)), LIMIT)
    with pytest.raises(wire.BadReply):
        wire.decode(forged(value={"list": [{"tensor": "0"}] * 2}), data, LIMIT, {})


def test_bools_are_bools_whatever_their_bytes():
    _, data = wire.encode(Outcome(value=torch.tensor([True, True, False])), LIMIT)
    found = wire.decode(forged(value={"tensor": "0"}), data[:-3] + b"\x02\xff\x00", LIMIT, {}).value
    assert (
        found.tolist() == [True, True, False] and found.sum() == 2 and bool((found == torch.tensor(True))[0])
    )


@pytest.mark.parametrize("gradient", [{"list": []}, 3, {"tensor": "0"}])
def test_a_gradient_has_the_form_of_its_argument(gradient):
    _, data = wire.encode(Outcome(value=torch.ones(3)), LIMIT)
    with pytest.raises(wire.BadReply, match="gradient"):
        wire.decode(forged(gradients={"x": gradient}), data, LIMIT, {"x": torch.ones(2)}, ("x",))


def test_an_argument_stays_of_its_type():
    for argument in ([1], torch.ones(2), torch.nn.Linear(2, 2)):
        with pytest.raises(wire.BadReply, match="something else"):
            wire.decode(forged(after={"x": "text"}), b"", LIMIT, {"x": argument}, (), ("x",))


def test_texts_are_cut_and_can_be_written():
    raised = ["N" * 999, "m\ud800" * 999, "l" * 999, ["B" * 999]]
    outcome = wire.decode(forged(value=None, raised=raised, printed="p\udfff" * 9999), b"", LIMIT, {})
    assert len(outcome.printed) == 2000 and len(str(outcome.raised)) < 700
    assert isinstance(outcome.raised, Raised)
    (outcome.printed + str(outcome.raised)).encode("utf-8")


def test_only_what_was_asked_for_reaches_the_judge():
    arguments = {"x": torch.ones(2)}
    outcome = perform(lambda x: x.sum(), arguments, gradients=("x",))
    assert alike(there_and_back(outcome, arguments, ("x",)).gradients["x"], torch.ones(2) * math.cos(0))
