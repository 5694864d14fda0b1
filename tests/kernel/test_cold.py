"""Isolation by bubblewrap, where nothing can be forked."""

import logging
import os
import shutil
import sys
from pathlib import Path

import pytest
import torch

import grader
from grader.kernel import launch, warm
from grader.kernel.limits import Limits
from grader.kernel.session import Session, Status

pytestmark = pytest.mark.skipif(shutil.which("bwrap") is None, reason="bubblewrap is not installed")
ROOT = Path(grader.__file__).parents[1]


@pytest.fixture(scope="module")
def session(tmp_path_factory):
    folder = tmp_path_factory.mktemp("cold") / "submission"
    folder.mkdir()
    (folder / "words.txt").write_text("one")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(warm, "possible", lambda: False)
        patch.setattr(launch, "_said", False)
        patch.setenv("OWNER_SECRET", "x")
        packages = folder.parent / "site-packages"
        packages.mkdir()
        (packages / "elsewhere.py").write_text("shown = True")
        (folder.parent / "solution.py").write_text("secret")
        patch.syspath_prepend(packages)
        patch.syspath_prepend(folder.parent)  # as `python -m` does with its working directory
        with Session(folder, limits=Limits(memory=1 << 30, file=1 << 20)) as session:
            yield session
    assert (folder / "words.txt").read_text() == "one"


def said(session, source):
    outputs, status = session.run("import os\n" + source, 60)
    assert status == Status.OK, outputs
    return outputs[0].text.strip()


def test_it_says_that_it_takes_longer(tmp_path, monkeypatch, caplog):
    monkeypatch.setattr(launch, "_said", False)
    with caplog.at_level(logging.WARNING):
        for _ in range(2):
            launch.say_once(logging.getLogger("x"), warm.NotWarm("no fork"))
    assert [record.getMessage() for record in caplog.records] == [
        "Kernels are started in the ordinary way, which takes longer: no fork"
    ]


def test_nothing_can_be_written_where_its_sockets_were(session):
    written = "open('/run/kernel/hoard', 'w')"
    assert said(session, f"try:\n    {written}\nexcept OSError as error:\n    print(error.strerror)") == (
        "No such file or directory"
    )
    assert not (session._folder / "sockets").exists()


def test_of_the_python_path_packages_are_shown_and_nothing_else(session):
    course, packages = sys.path[:2]
    assert said(session, f"print(open({packages + '/elsewhere.py'!r}).read())") == "shown = True"
    assert said(session, f"print(os.listdir({course!r}))") == "['site-packages']"


def test_cells_run_on_a_copy_and_answers_are_called(session):
    assert said(
        session, "open('words.txt', 'a').write('!'); print(open('words.txt').read(), os.getcwd())"
    ) == ("one! /home/student/submission")
    session.run("def f(x): return x.sum()", 60)
    assert session.answer("f")({"x": torch.ones(3)}, (), ()).value == 3


@pytest.mark.parametrize(
    "path",
    [ROOT / "solutions", ROOT / "gradebook.db", Path.home() / ".ssh", Path("/etc/shadow"), Path("/var")],
    ids=str,
)
def test_what_is_the_instructors_is_not_there(session, path):
    assert said(session, f"print(os.path.lexists({str(path)!r}))") == "False"


def test_neither_network_nor_rights_nor_the_owners_environment_are_there(session):
    source = """
import socket
try: socket.create_connection(("192.0.2.1", 80), timeout=5); print("connected")
except OSError as error: print(error.strerror)
print("OWNER_SECRET" in os.environ, [line.split()[1] for line in open("/proc/self/status") if line[:6] == "CapEff"])
print(len([name for name in os.listdir("/proc") if name.isdigit()]) < 8)
"""
    assert said(session, source) == "Network is unreachable\nFalse ['0000000000000000']\nTrue"


def test_what_is_shown_cannot_be_written_and_files_are_limited(session):
    for path in (ROOT / "data", ROOT / "grader", Path("/usr"), Path("/")):
        source = f"try: open({str(path / 'mark')!r}, 'w'); print('written')\nexcept OSError as error: print(error.errno)"
        assert said(session, source) in ("13", "30")
    source = (
        "try: open('large', 'wb').write(b'x' * (2 << 20))\nexcept OSError as error: print(error.strerror)"
    )
    assert said(session, source) == "File too large"


def test_memory_is_limited(session):
    assert said(session, "try: x = bytearray(2 << 30)\nexcept MemoryError: print('no')") == "no"


def test_it_can_be_interrupted_and_ends(session):
    assert session.run("while True: pass", 0.5)[1] == Status.TIMED_OUT and session.alive
    outputs, status = session.run("os._exit(7)", 60)
    assert status == Status.DIED and "left with code 7" in outputs[-1].evalue
    assert os.path.isdir(session.workdir)
