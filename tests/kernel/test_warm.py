"""The warm process: there on demand, gone with its owner, and no loss if it dies."""

import json
import os
import signal
import socket
import subprocess
import sys
import textwrap

import psutil
import pytest

from grader.kernel import warm
from grader.kernel.server import Request
from grader.kernel.session import Session, Status

pytestmark = pytest.mark.skipif(not warm.possible(), reason="forks")


@pytest.fixture(scope="module")
def server():
    with Session(os.path.dirname(__file__), isolated=False):
        pass
    return psutil.Process(warm._server.process.pid)


def test_it_is_one_thread_and_stays_so(server):
    assert server.num_threads() == 1


def test_it_is_started_once_and_found_by_processes_started_here(server, tmp_path):
    code = textwrap.dedent("""
        import sys
        from grader.kernel import warm
        from grader.kernel.session import Session
        if __name__ == "__main__":
            with Session(sys.argv[1], isolated=False) as session:
                print(session.run("import os; os.getppid()", 60)[0][0].data["text/plain"])
            assert warm._server is None
    """)
    done = subprocess.run(
        [sys.executable, "-c", code, str(tmp_path)], capture_output=True, text=True, timeout=300
    )
    assert done.returncode == 0, done.stderr
    assert psutil.Process(warm._server.process.pid) == server


def test_its_folder_is_closed_to_others(server):
    assert warm._server.folder.stat().st_mode & 0o777 == 0o700


def test_its_environment_has_nothing_of_the_owners_but_what_it_needs(server):
    """Every kernel can read it in /proc/self/environ."""
    assert set(server.environ()) <= {"PATH", "HOME", "LANG", "LC_ALL", "TZ", "PYTHONPATH", *warm.ENVIRONMENT}


def test_a_request_that_is_none_harms_nobody(server):
    for sent in (b"", b"{}\n", b"\xff\n", json.dumps({"arguments": 3}).encode() + b"\n"):
        with socket.socket(socket.AF_UNIX) as connection:
            connection.connect(warm._server.address)
            connection.sendall(sent)
            connection.shutdown(socket.SHUT_WR)
            while connection.recv(4096):
                pass
    assert server.is_running()


def test_what_cannot_be_made_is_refused_with_the_reason(server, tmp_path):
    request = Request([], {}, str(tmp_path / "nowhere"), {})
    with pytest.raises(warm.Refused, match="nowhere"):
        warm.Warm(request, 60)


def test_a_kernel_outlives_the_warm_process_and_the_next_starts_another(server, tmp_path):
    with Session(tmp_path, isolated=False) as session:
        server.send_signal(signal.SIGKILL)
        warm._server.process.wait()
        assert session.run("1", 60)[1] == Status.OK
        with Session(tmp_path, isolated=False) as other:
            assert other.run("1", 60)[1] == Status.OK
            assert warm._server.process.pid != server.pid


def test_once_the_package_is_edited_the_next_kernel_has_it_as_it_is_now(server, tmp_path, monkeypatch):
    before, later = warm._server.process, warm._written() + 1
    with Session(tmp_path, isolated=False) as session:
        assert warm._server.process is before
        monkeypatch.setattr(warm, "_written", lambda: later)
        with Session(tmp_path, isolated=False) as other:
            assert other.run("1", 60)[1] == Status.OK
        now = warm._server.process
        assert now.pid != before.pid and before.poll() is not None
        assert session.run("1", 60)[1] == Status.OK  # whoever was there goes on
        with Session(tmp_path, isolated=False):
            assert warm._server.process is now


OWNER = """
import sys
from grader.kernel import warm
from grader.kernel.session import Session
session = Session(sys.argv[1], isolated=sys.argv[2] == "isolated").__enter__()
session.run("import subprocess; subprocess.Popen(['sleep', '1000'])", 60)
print(warm._server.process.pid, flush=True)
sys.stdin.read()
"""


@pytest.mark.parametrize("how", ["isolated", "trusted"])
def test_all_ends_with_an_owner_that_is_killed(tmp_path, how):
    environment = {name: value for name, value in os.environ.items() if name != warm.ADDRESS}
    owner = subprocess.Popen(
        [sys.executable, "-c", OWNER, str(tmp_path), how],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        env=environment,
    )
    server = psutil.Process(int(owner.stdout.readline()))
    everyone = [server, *server.children(recursive=True)]
    assert len(everyone) >= 3  # the warm process, a keeper, a kernel
    owner.kill()
    owner.wait()
    _, alive = psutil.wait_procs(everyone, timeout=60)
    assert not alive
