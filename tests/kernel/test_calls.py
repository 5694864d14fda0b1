"""Calls that are made together come to what they come to one by one."""

import sys

import pytest
import torch

from grader.judge.calling import Outcome
from grader.kernel import calls as module
from grader.kernel import session as sessions
from grader.kernel import wire
from grader.kernel.calls import Asked
from grader.kernel.limits import Limits
from grader.kernel.session import Session, Status

LIMITS = Limits(result=100_000)


def arguments(number):
    return {"x": torch.full((3,), float(number))}


def asked(number):
    return Asked(wire.encode_arguments(arguments(number)))


FORESEEN = [asked(number) for number in range(8)]


@pytest.fixture(scope="module")
def session(tmp_path_factory):
    with Session(
        tmp_path_factory.mktemp("submission"), limits=LIMITS, isolated=sys.platform == "linux"
    ) as session:
        yield session


@pytest.fixture
def sent(monkeypatch):
    """How many calls each message asks for."""
    counts = []
    exchange = Session.exchange

    def counted(self, name, seconds, together):
        counts.append(len(together))
        return exchange(self, name, seconds, together)

    monkeypatch.setattr(Session, "exchange", counted)
    return counts


def answer(session, source, seconds=5.0, foreseen=FORESEEN, cells=()):
    for cell in (*cells, source):
        assert session.run(cell, 60)[1] == Status.OK
    return session.answer(
        "f", seconds, foreseen=foreseen, revive=lambda: session.restart([*cells, source], seconds=60)
    )


def ask(call, numbers=range(8)):
    return [call(arguments(number), (), ()) for number in numbers]


def same(one, other):
    kinds = [(o.raised, o.unusable, o.timed_out, o.changed) for o in (one, other)]
    return kinds[0] == kinds[1] and str(one.value) == str(other.value)


DOUBLE = "def f(x):\n    return 2 * x"


def test_those_foreseen_are_made_together_after_a_first_result(session, sent):
    call = answer(session, DOUBLE)
    assert [outcome.value[0].item() for outcome in ask(call)] == [2.0 * number for number in range(8)]
    assert sent == [1, 7]
    assert call.asked == FORESEEN


def test_one_that_was_not_foreseen_is_made_alone(session, sent):
    call = answer(session, DOUBLE)
    assert [outcome.value[0].item() for outcome in ask(call, [0, 1, 30, 2])] == [0, 2, 60, 4]
    assert sent == [1, 7, 1]


def test_what_is_asked_twice_is_made_twice(session, sent):
    source = "seen = []\ndef f(x):\n    seen.append(1)\n    return len(seen)"
    call = answer(session, source, foreseen=[asked(0), asked(1), asked(1), asked(1)])
    assert [outcome.value for outcome in ask(call, [0, 1, 1, 1, 1])] == [1, 2, 3, 4, 5]
    assert sent == [1, 3, 1]


def test_nothing_is_made_ahead_of_an_answer_that_gives_nothing(session, sent):
    call = answer(session, "def f(x):\n    raise NotImplementedError")
    assert all(outcome.raised.name == "NotImplementedError" for outcome in ask(call, range(3)))
    assert sent == [1, 1, 1]


def test_calls_that_take_long_are_asked_for_again(session, sent, monkeypatch):
    monkeypatch.setattr(sessions, "PATIENCE", 0.0)
    call = answer(session, DOUBLE)
    assert [outcome.value[0].item() for outcome in ask(call, range(4))] == [0, 2, 4, 6]
    assert sent == [1, 7, 6, 5]


def test_what_is_too_much_for_one_reply_comes_in_several(session, sent):
    call = answer(session, "import torch\ndef f(x):\n    return torch.zeros(9_000) + x[0]")  # 36 kB
    assert [outcome.value[0].item() for outcome in ask(call)] == list(range(8))
    assert sent == [1, 7, 5, 3, 1]


def test_what_is_too_much_for_one_message_goes_in_several(session, sent, monkeypatch):
    monkeypatch.setattr(module, "TOGETHER", 3 * len(FORESEEN[0].arguments))
    assert [outcome.value[0].item() for outcome in ask(answer(session, DOUBLE))] == [
        2 * number for number in range(8)
    ]
    assert sent == [1, 3, 3, 1]


BAD = {
    "raises": "if x[0] == 5: raise KeyError(5)",
    "gives nonsense": "if x[0] == 5: return object()",
    "gives too much": "if x[0] == 5: return torch.zeros(10**6)",
    "changes": "if x[0] == 5: x += 1",
    "loops": "while x[0] == 5: pass",
    "dies": "if x[0] == 5: os._exit(3)",
    "hangs": "if x[0] == 5:\n        signal.signal(signal.SIGALRM, signal.SIG_IGN)\n        while True: pass",
}


@pytest.mark.parametrize("kind", BAD)
def test_an_answer_that_fails_on_one_of_them_fails_on_that_one_alone(session, monkeypatch, kind):
    monkeypatch.setattr(sessions, "GRACE", 2.0)
    source = f"import os, signal, torch\ndef f(x):\n    {BAD[kind]}\n    return 2 * x"
    together = ask(answer(session, source, seconds=0.5), range(6))
    session.restart()
    alone = ask(answer(session, source, seconds=0.5, foreseen=()), range(6))
    session.restart()
    assert all(map(same, together, alone))
    last = alone[-1]
    assert last.raised or last.unusable or last.timed_out or last.changed
    assert all(outcome.value is not None for outcome in alone[:-1])


def test_a_kernel_that_cannot_be_brought_back_is_dead(session):
    source = "import os\ndef f(x):\n    if x[0] == 5: os._exit(3)\n    return x"
    session.run(source, 60)
    call = session.answer("f", foreseen=FORESEEN)
    first, second = ask(call, [0, 1])
    assert first.value is not None and second.raised.name == "KernelDied"
    session.restart()


LIES = {
    "too few": "comm.send(data, buffers=buffers[:-1])",
    "none": "comm.send(data, buffers=[])",
    "too many": "comm.send(data, buffers=buffers + buffers + buffers)",
    "nonsense": "comm.send(data, buffers=[b'nonsense'] * len(buffers))",
}


@pytest.mark.parametrize("lie", LIES)
def test_a_kernel_that_sends_other_replies_gains_nothing(session, lie):
    """The calls' own code is changed in the kernel: what comes back is held to be no result."""
    forged = f"""
from grader.kernel import harness
class Comm:
    def __init__(self, comm): self.comm = comm
    def send(self, data, buffers):
        comm = self.comm
        {LIES[lie]}
true = harness._calls
harness._calls = lambda comm, message: true(Comm(comm), message)
"""
    call = answer(session, DOUBLE, cells=[forged])
    outcomes = ask(call, range(3))
    session.restart()
    assert all(
        isinstance(outcome, Outcome) and outcome.unusable and outcome.value is None for outcome in outcomes
    )
