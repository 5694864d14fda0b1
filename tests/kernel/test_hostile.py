"""A kernel whose code has been turned against its grader can spoil its own outcomes, and nothing else.

Here are the many forms of what is no outcome and no message; whole attacks on grading stand in `tests/adversarial`.
"""

import pytest
import torch

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
    session.run("import grader.kernel.harness as harness\nharness._calls = lambda *_: None", 60)
    assert "the code that makes the calls was changed" in call(session).unusable


FORGE = """
import json, uuid
def forge(kind="stream", content=b"{}", parent=b"{}", key=None):
    s = kernel.session
    header = json.dumps({"msg_id": uuid.uuid4().hex, "msg_type": kind, "session": "x", "username": "x",
                         "version": "5.3", "date": "2026-01-01T00:00:00Z"}).encode()
    parts = [header, parent, b"{}", content]
    send = kernel.iopub_thread.socket.send_multipart
    kernel.iopub_thread.schedule(lambda: send([b"<IDS|MSG>", s.sign(parts), *parts]))  # its thread's socket
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


def test_a_connection_that_hung_up_ends_the_kernel(session):
    """As ZeroMQ does where a message is larger than what may come."""
    _, status = session.run("print('x' * (40 << 20))", 60)
    assert status == Status.DIED and "more at once than can be taken" in session.death


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
