"""A session: cells run, answers are called, and a kernel that misbehaves costs only its own cell."""

import inspect
import os
import sys
import time
from concurrent.futures import ThreadPoolExecutor

import psutil
import pytest
import torch

from grader.exercises import exercises
from grader.judge import Paper, judge, mark
from grader.kernel import session as sessions
from grader.kernel.launch import KernelFailed, connection
from grader.kernel.limits import Limits
from grader.kernel.session import Session, Status

ONES = {"x": torch.ones(2, 3)}


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    path = tmp_path_factory.mktemp("submission")
    (path / "words.txt").write_text("one two")
    (path / "helper.py").write_text("number = 7")
    return path


@pytest.fixture(scope="module", params=[False, True], ids=["trusted", "isolated"])
def isolated(request):
    if request.param and sys.platform != "linux":
        pytest.skip("isolation is Linux'")
    return request.param


@pytest.fixture(scope="module")
def session(folder, isolated):
    with Session(folder, isolated=isolated, limits=Limits(output=10_000, result=100_000)) as session:
        yield session


@pytest.fixture(autouse=True)
def alive(request):
    """Each test of the shared session finds its kernel alive, and leaves it so."""
    yield
    if "session" in request.fixturenames:
        assert request.getfixturevalue("session").alive


def texts(outputs):
    return [node.get("text") or node.get("evalue") or node.data["text/plain"] for node in outputs]


def call(session, source, arguments=ONES, gradients=(), changes=(), seconds=10.0):
    _, status = session.run(source, 60)
    assert status == Status.OK
    return session.answer("f", seconds)(arguments, gradients, changes)


# ----------------------------------------------------------------------------------------------------- cells


def test_a_cell_gives_its_outputs(session):
    outputs, status = session.run("print('hello')\nimport os; x = 2\nx + 2", 60)
    assert status == Status.OK and texts(outputs) == ["hello\n", "4"]


def test_cells_share_names_and_start_in_the_submissions_folder(session):
    session.run("from pathlib import Path\nwords = Path('words.txt').read_text()", 60)
    assert texts(session.run("words", 60)[0]) == ["'one two'"]


def test_modules_in_the_submissions_folder_are_found_after_pythons_own(session):
    assert texts(session.run("import helper; helper.number", 60)[0]) == ["7"]
    before = "import sys; sys.path.index('') > sys.path.index(json.__file__.partition('/json/')[0])"
    assert texts(session.run(f"import json; {before}", 60)[0]) == ["True"]


def test_an_exception_ends_a_cell_and_no_more(session):
    outputs, status = session.run("1/0", 60)
    assert status == Status.ERROR and outputs[-1].ename == "ZeroDivisionError"
    assert session.run("1", 60)[1] == Status.OK


def test_a_syntax_error_and_an_exit_are_told(session):
    assert session.run("def", 60)[1] == Status.ERROR
    assert session.run("raise SystemExit(3)", 60)[1] == Status.ERROR


def test_asking_to_leave_ends_nothing(session):
    for source in ("exit()", "quit()", "get_ipython().ask_exit()"):
        assert session.run(source, 60) == ([], Status.OK)
        assert texts(session.run("get_ipython().exit_now", 60)[0]) == ["False"]


def test_an_endless_cell_is_interrupted(session):
    outputs, status = session.run("while True: pass", 0.5)
    assert status == Status.TIMED_OUT and outputs[-1].evalue == "the cell was not done after 0.5 seconds"


def test_input_is_refused_and_not_waited_for(session):
    outputs, status = session.run("input('name? ')", 60)
    assert status == Status.ERROR and outputs[-1].ename == "StdinNotImplementedError"


def test_a_flood_of_output_is_cut(session):
    outputs, status = session.run("for _ in range(300): print('x' * 999)", 60)
    assert status == Status.OK and sum(map(len, texts(outputs))) < 11_000 and "was cut" in texts(outputs)[-1]


# ------------------------------------------------------------------------------------------ calls of an answer


def test_a_call_gives_the_outcome_of_the_answer(session):
    source = "import warnings\ndef f(x):\n    print('seen'); warnings.warn('careful')\n    return x.sum(), [1, None]"
    outcome = call(session, source)
    assert outcome.value[0] == 6 and outcome.value[1] == [1, None]
    assert outcome.printed == "seen\n" and outcome.warned == ("UserWarning: careful",)


def test_gradients_and_changes_come_along(session):
    outcome = call(session, "def f(x, ids):\n    ids += 1\n    return 2 * x", {**ONES, "ids": [1]}, ("x",))
    assert outcome.raised.name == "TypeError"
    arguments = {**ONES, "ids": torch.zeros(2, dtype=torch.int64)}
    outcome = call(session, "def f(x, ids):\n    ids += 1\n    return 2 * x", arguments, ("x",), ("ids",))
    assert outcome.after["ids"].tolist() == [1, 1] and outcome.gradients["x"].shape == (2, 3)
    assert not outcome.changed and arguments["ids"].sum() == 0
    assert call(session, "def f(x):\n    x += 1\n    return x").changed == ("x",)


def test_what_an_answer_raises_comes_with_its_line(session):
    outcome = call(session, "def f(x):\n    return x @ torch.ones(7)\nimport torch")
    assert outcome.raised.name == "RuntimeError" and outcome.raised.line == "return x @ torch.ones(7)"


def test_a_name_that_is_not_there_or_no_function_is_told(session):
    assert "name 'absent' is not defined" in str(session.answer("absent")({}, (), ()).raised)
    session.run("number = 3", 60)
    assert session.answer("number")({}, (), ()).unusable == "number is no function"


def test_an_endless_answer_is_out_of_time(session):
    assert call(session, "def f(x):\n    while True: pass", seconds=0.3).timed_out
    catches = "def f(x):\n    while True:\n        try:\n            while True: pass\n        except BaseException: pass"
    assert call(session, catches.replace("except BaseException", "except Exception"), seconds=0.3).timed_out


def test_a_result_that_is_too_large_is_told(session):
    outcome = call(session, "import torch\ndef f(x): return torch.zeros(100_000)")
    assert outcome.unusable.startswith("the result has 0 MB, more than the 0 that may come back")


def test_an_object_that_lies_does_not_get_through(session):
    source = "class Yes:\n    def __eq__(self, other): return True\ndef f(x): return Yes()"
    assert "a Yes" in call(session, source).unusable


def test_a_judge_comes_to_the_verdict_that_it_has_here(session):
    exercise = exercises("03_masked_lm")["whole_word_groups"]
    assert exercise.mistakes
    for mistake in exercise.mistakes[:2]:
        source = inspect.getsource(mistake.function).partition("def ")[2].partition("(")[2]
        session.run(f"import torch\ndef {exercise.name}({source}", 60)
        there = mark(Paper(exercise, seed=5), session.answer(exercise.name))
        here = judge(exercise, mistake.function, seed=5)
        assert (there.points, there.mistake) == (here.points, here.mistake) and there.points < exercise.points


@pytest.mark.skipif(not hasattr(os, "sched_setaffinity"), reason="cores are taken on Linux")
def test_a_kernel_computes_on_its_graders_core_and_cannot_take_another(folder):
    allowed = os.sched_getaffinity(0)
    source = (
        "import os\nprint(os.sched_getaffinity(0))\n"
        f"try:\n    os.sched_setaffinity(0, {allowed})\nexcept OSError: pass\n"
        "print(os.sched_getaffinity(0))"
    )

    def run():
        os.sched_setaffinity(0, {max(allowed)})
        with Session(folder) as session:
            return session.run(source, 60)[0][0].text

    with ThreadPoolExecutor(1) as elsewhere:
        assert elsewhere.submit(run).result() == 2 * f"{ {max(allowed)} }\n"
    assert os.sched_getaffinity(0) == allowed


# ---------------------------------------------------------------------------------- a kernel that does not last


def test_a_kernel_that_dies_can_be_followed_by_another(folder, isolated):
    with Session(folder, isolated=isolated) as session:
        outputs, status = session.run("import os; os._exit(3)", 60)
        assert status == Status.DIED and not session.alive and "left with code 3" in outputs[-1].evalue
        assert session.run("1", 60)[1] == Status.DIED
        assert session.answer("f")(ONES, (), ()).raised.name == "KernelDied"
        session.restart(["def f(x): return x.sum()", "1/0"], seconds=60)
        assert session.alive and session.answer("f")(ONES, (), ()).value == 6
        session.run("def f(x):\n    import os, signal; os.kill(os.getpid(), signal.SIGSEGV)", 60)
        outcome = session.answer("f")(ONES, (), ())
        assert outcome.raised.name == "KernelDied" and "signal 11" in outcome.raised.message


STUBBORN = """
import os, signal
pids = os.getpid(), os.fork()
if pids[1] == 0:
    import time
    while True: time.sleep(100)
print(*pids)
def f(x):
    signal.signal(signal.SIGALRM, signal.SIG_IGN)
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    while True: pass
"""


def gone(pid):
    return not psutil.pid_exists(pid) or psutil.Process(pid).status() == psutil.STATUS_ZOMBIE


def test_an_answer_that_cannot_be_interrupted_ends_with_its_kernel(folder):
    with Session(folder, isolated=False) as session:
        outputs, _ = session.run(STUBBORN, 60)
        pids = [int(pid) for pid in outputs[0].text.split()]
        assert session.answer("f", 0.2)(ONES, (), ()).timed_out
        assert not session.alive and "could not be stopped" in session.death
        assert all(map(gone, pids))


def test_a_notebooks_time_is_limited(folder):
    with Session(folder, isolated=False, limits=Limits(notebook=20)) as session:
        session._deadline = time.monotonic() + 0.4
        _, status = session.run("while True: pass", 60)
        assert status == Status.TIMED_OUT and "notebook was not done after 20 seconds" in session.death
        assert session.run("1", 60)[1] == Status.DIED


def test_nothing_of_a_session_remains(folder):
    with Session(folder, isolated=False) as session:
        pid = int(texts(session.run("import os; os.getpid()", 60)[0])[0])
        place = session._folder
    assert gone(pid) and not place.exists()


@pytest.mark.skipif(sys.platform != "linux", reason="isolation is Linux'")
def test_a_course_in_a_temporary_folder_is_shown_and_what_stands_beside_it_is_not(
    folder, tmp_path, monkeypatch
):
    """The kernel has a /tmp of its own; the course's data (and package, and Python) may stand below the real one."""
    data = tmp_path / "data"
    (data / "corpora").mkdir(parents=True)
    (data / "card.md").write_text("shown")
    monkeypatch.setenv("HEADWAY_DATA", str(data))
    with Session(folder) as session:
        look = f"print(open({str(data / 'card.md')!r}).read(), __import__('os').listdir({str(tmp_path)!r}))"
        assert texts(session.run(look, 30)[0]) == ["shown ['data']\n"]
        write = f"open({str(data / 'new.md')!r}, 'w')"
        assert "Read-only file system" in texts(session.run(write, 30)[0])[0]
    assert not (data / "new.md").exists()


def test_a_kernel_that_ends_while_it_starts_leaves_its_last_words(tmp_path, monkeypatch):
    """As where bubblewrap is there, and the system refuses it what it needs."""

    class Refused:
        def ended(self):
            return "it left with code 1"

        def kill(self):
            pass

    def launch(folder, *_):
        (folder / "log").write_text("bwrap: no permissions to create a new namespace")
        return Refused(), connection(folder / "k")

    monkeypatch.setattr(sessions, "launch", launch)
    with (
        pytest.raises(KernelFailed, match=r"(?s)it left with code 1.bwrap: no permissions"),
        Session(tmp_path),
    ):
        pass
