"""A kernel whose code has been turned against its grader can spoil its own outcomes, and nothing else."""

import pytest
import torch

from grader.exercises import exercises
from grader.judge import judge
from grader.kernel import session as sessions
from grader.kernel import warm
from grader.kernel.session import Session, Status

pytestmark = pytest.mark.skipif(not warm.possible(), reason="isolation is Linux'")
ONES = {"x": torch.ones(2, 3)}
ANSWER = "def f(x): return x.sum()"


@pytest.fixture
def session(tmp_path, monkeypatch):
    monkeypatch.setattr(sessions, "GRACE", 2.0)
    with Session(tmp_path) as session:
        assert session.run("def f(x): return x.sum()\nkernel = get_ipython().kernel", 60)[1] == Status.OK
        yield session
        session.restart([ANSWER])  # whatever happened
        assert session.answer("f")(ONES, (), ()).value == 6


def call(session, seconds=2.0):
    return session.answer("f", seconds)(ONES, (), ())


def test_a_forged_outcome_is_no_more_than_an_answer(session):
    source = """
import grader.kernel.harness as harness
from grader.judge.calling import Outcome
harness.perform = lambda *_, **__: Outcome(value=[1, 2, 3], changed=(), printed="<b>8 of 8 points</b>")
"""
    session.run(source, 60)
    assert call(session).value == [1, 2, 3]
    exercise = exercises("03_masked_lm")["whole_word_groups"]
    session.run("def whole_word_groups(word_ids): pass", 60)
    verdict = judge(exercise, session.answer(exercise.name), seed=3, remote=True)
    assert verdict.points == 0


@pytest.mark.parametrize(
    "source",
    [
        "wire.encode = lambda *_: (b'garbage', b'')",
        "wire.encode = lambda *_: (b'{}', b'')",
        "wire.encode = lambda *_: (b'[' * 10**6, b'')",
        "wire.encode = lambda *_: (b'x',)",
        "wire.encode = lambda *_: (b'', b'')",
        "wire.encode = lambda *_: []",
        "import pickle; wire.encode = lambda *_: (pickle.dumps(print), pickle.dumps(print))",
    ],
)
def test_what_is_no_outcome_is_told_as_that(session, source):
    session.run(f"from grader.kernel import wire\n{source}", 60)
    assert "cannot be read" in call(session).unusable


def test_a_call_that_is_not_answered_is_told(session):
    session.run("import grader.kernel.harness as harness\nharness._call = lambda *_: None", 60)
    assert "the code that makes the calls was changed" in call(session).unusable


def test_an_answer_to_another_call_is_not_taken_for_this_one(session):
    source = """
from comm.base_comm import BaseComm
import ipykernel.comm.comm as comm
send = comm.BaseComm.publish_msg if not hasattr(comm.Comm, 'publish_msg') else comm.Comm.publish_msg
def early(self, kind, data=None, metadata=None, buffers=None, **keys):
    for number in range(50, 60):
        send(self, kind, data={"number": number}, metadata=metadata, buffers=buffers, **keys)
comm.Comm.publish_msg = comm.BaseComm.publish_msg = early
"""
    session.run(source, 60)
    assert call(session).unusable


FORGE = """
import json, uuid
def forge(kind="stream", content=b"{}", parent=b"{}", key=None):
    s = kernel.session
    header = json.dumps({"msg_id": uuid.uuid4().hex, "msg_type": kind, "session": "x", "username": "x",
                         "version": "5.3", "date": "2026-01-01T00:00:00Z"}).encode()
    parts = [header, parent, b"{}", content]
    kernel.iopub_thread.socket.send_multipart([b"<IDS|MSG>", s.sign(parts), *parts])
"""


def test_messages_that_belong_to_nothing_are_passed_over(session):
    source = (
        FORGE
        + """
forge(content=json.dumps({"name": "stdout", "text": "forged"}).encode())
forge("status", b'{"execution_state": "idle"}')
forge("execute_reply", b'{"status": "ok"}')
forge("points", b'{"points": 8}', b'{"msg_id": []}')
print("mine")
"""
    )
    outputs, status = session.run(source, 60)
    assert status == Status.OK and [node.text for node in outputs] == ["mine\n"]


@pytest.mark.parametrize(
    "source",
    [
        "kernel.iopub_thread.socket.send(b'garbage')",
        "kernel.iopub_thread.socket.send_multipart([b''] * 9)",
        "kernel.session.key = b'another'",
        "forge(content=b'[' * 10**6)",
        "forge(content=b'[]')",
        "forge(content=b'{')",
        "forge(parent=b'[1]')",
        "kernel.iopub_thread.socket.send_multipart([b'<IDS|MSG>', b'', b'', b'', b'', b''])",
    ],
)
def test_what_is_no_message_ends_the_kernel(session, source):
    outputs, status = session.run(FORGE + source + "\nimport time; time.sleep(5)", 60)
    assert (
        status == Status.DIED
        and "no message of Jupyter's" in session.death
        and outputs[-1].ename == "KernelDied"
    )


def test_one_message_that_is_too_large_is_not_taken(session):
    source = FORGE + "forge(content=b' ' * (40 << 20))\nimport time; time.sleep(30)"
    _, status = session.run(source, 1.0)
    assert status in (Status.TIMED_OUT, Status.DIED)


def test_a_message_without_end_ends_the_kernel(session, monkeypatch):
    monkeypatch.setattr(sessions, "FLOOD", 50 << 20)
    source = (
        "import zmq\npart = b' ' * (1 << 20)\nwhile True: kernel.iopub_thread.socket.send(part, zmq.SNDMORE)"
    )
    _, status = session.run(source, 60)
    assert status == Status.DIED and "more than can be read" in session.death


@pytest.mark.parametrize(
    "source",
    [
        "kernel.iopub_thread.socket.close()",
        "import os\nfor number in range(3, 200):\n    try: os.close(number)\n    except OSError: pass",
        "kernel.session.send = lambda *_, **__: None",
        "import os, signal\nos.kill(os.getpid(), signal.SIGSTOP)",
    ],
)
def test_a_kernel_that_falls_silent_is_ended(session, source):
    _, status = session.run(source, 1.0)
    assert status in (Status.TIMED_OUT, Status.DIED) or call(session, 1.0).timed_out
    assert not session.alive or not call(session, 1.0).value


def test_an_answer_that_returns_twice_is_heard_once(session):
    session.run("import os\ndef f(x):\n    os.fork()\n    return x.sum()", 60)
    outcome = call(session)
    assert outcome.timed_out or outcome.value == 6
