"""What a submission's kernel can see and do, tried from inside: as root grades, and as an ordinary user does."""

import json
import os
import shutil
import socket
import subprocess
import sys
import textwrap
from pathlib import Path

import psutil
import pytest

import grader
from grader.kernel import isolation, warm
from grader.kernel.limits import MB, Limits
from grader.kernel.session import KernelFailed, Session

pytestmark = pytest.mark.skipif(not warm.possible(), reason="isolation is Linux'")
ROOT = Path(grader.__file__).parents[1]
SECRET = "the owner's secret 71b1"
USER = 12345


class Inside:
    """Runs cells in an isolated session of another process; see `inside`."""

    def __init__(self, folder: Path, user: int):
        environment = {name: value for name, value in os.environ.items() if name != warm.ADDRESS}
        self.folder = folder
        self.process = subprocess.Popen(
            [sys.executable, str(Path(__file__).with_name("inside.py")), str(folder), str(user)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            env=environment | {"OWNER_SECRET": SECRET, "PYTHONPATH": str(ROOT)},
            cwd=folder,
        )

    def run(self, *sources: str, **limits) -> dict:
        sources = [textwrap.dedent(source) for source in sources]
        self.process.stdin.write(json.dumps({"sources": sources, "limits": limits or None}) + "\n")
        self.process.stdin.flush()
        return json.loads(self.process.stdout.readline())

    def __call__(self, source: str) -> str:
        """The output of a cell in the session that all tests share."""
        done = self.run(source)
        assert done["death"] == ""
        return "".join(done["outputs"])

    def close(self) -> None:
        self.process.stdin.close()
        self.process.wait()


@pytest.fixture(scope="module", params=["root", "ordinary"])
def inside(request, tmp_path_factory):
    if request.param == "root" and os.geteuid():
        pytest.skip("not root")
    base = tmp_path_factory.mktemp(request.param)
    folder = base / "submission"
    (folder / "pictures").mkdir(parents=True)
    (folder / "answer.txt").write_text("mine")
    (folder / "pictures" / "a.png").write_bytes(b"\x89")
    (base / "gradebook.db").write_text("points")
    (folder / "link").symlink_to(base / "gradebook.db")
    (folder / "up").symlink_to("..")
    os.mkfifo(folder / "pipe")
    user = USER if request.param == "ordinary" and not os.geteuid() else 0
    if user:
        for path in [base, *base.rglob("*")]:
            os.chown(path, user, user, follow_symlinks=False)
        for path in base.parents:
            if path.owner() == "root" and path.name.startswith(("pytest-", "popen-")):
                path.chmod(0o755)
    session = Inside(folder, user)
    yield session
    session.close()


# --------------------------------------------------------------------------------------------------- files


def test_the_working_copy_is_a_copy(inside):
    source = "import os; open('answer.txt', 'a').write('!'); open('new', 'w'); print(sorted(os.listdir()), os.getcwd())"
    assert inside(source) == "['answer.txt', 'new', 'pictures'] /home/student/submission\n"
    assert inside("print(open('answer.txt').read(), os.listdir('pictures'))") == "mine! ['a.png']\n"
    assert (inside.folder / "answer.txt").read_text() == "mine" and not (inside.folder / "new").exists()


def test_nothing_but_the_system_python_the_package_and_the_data_is_there(inside):
    shown = set(inside("import os; print(*os.listdir('/'))").split())
    ours = {Path(place).parts[1] for place in (sys.prefix, sys.base_prefix, ROOT)}
    system = {"usr", "bin", "sbin", "lib", "lib32", "lib64", "libx32", "nix"}
    assert shown <= system | ours | {"dev", "etc", "home", "proc", "run", "tmp"}
    assert inside("print(*sorted(os.listdir('/home')), *os.listdir('/run/kernel'))") == "student\n"
    assert set(inside(f"print(*os.listdir({str(ROOT)!r}))").split()) <= {"grader", "data", ".venv"}


@pytest.mark.parametrize(
    "path",
    [ROOT / "solutions", ROOT / "gradebook.db", ROOT / "tests", ROOT / ".git", ROOT / "nbgrader_config.py",
     ROOT / "notebooks", Path("/etc/shadow"), Path("/var"), Path("/sys"), Path("/boot"), Path.home() / ".ssh",
     Path.home() / ".bashrc", ROOT / "grader" / "classroom" / "__init__.py", Path("/dev/mem"), Path("/dev/sda"),
     Path("/dev/vda"), Path("/dev/tty"), Path("/run/docker.sock"), Path(__file__)],
    ids=str,
)  # fmt: skip
def test_it_is_not_there(inside, path):
    assert inside(f"import os; print(os.path.lexists({str(path)!r}))") == "False\n"


def test_the_submissions_own_surroundings_are_not_there(inside):
    for path in (inside.folder, inside.folder.parent / "gradebook.db", inside.folder.parent):
        assert inside(f"import os; print(os.path.lexists({str(path)!r}))") == "False\n"
    assert inside("import os; print(os.path.lexists('../gradebook.db'))") == "False\n"


def test_what_is_shown_can_be_read_and_not_written(inside):
    for path in (
        ROOT / "data" / "corpora",
        ROOT / "grader",
        Path(sys.prefix),
        Path(sys.base_prefix),
        Path("/usr"),
        Path("/"),
        Path("/etc"),
    ):
        said = inside(f"""
            import os
            print(len(os.listdir({str(path)!r})) > 0)
            try: open({str(path / "mark")!r}, 'w'); print('written')
            except OSError as error: print(error.strerror)
        """)
        assert said in ("True\nRead-only file system\n", "True\nPermission denied\n"), path


def test_lessons_find_their_data_and_their_checker(inside):
    source = "from grader import check; from grader.lab.course import data_folder; print(data_folder())"
    assert inside(source) == f"{ROOT / 'data'}\n"
    assert "whole_word_groups: 0 of" in inside(
        "def whole_word_groups(word_ids): return 3\nprint(check(whole_word_groups))"
    )


def test_its_temporary_files_are_its_own(inside):
    way = {part for place in isolation.visible() for part in place.parts[2:3] if place.parts[1] == "tmp"}
    known = {"connection.json", *way, *ROOT.parts[2:3]}  # the course itself may be in /tmp
    source = f"import tempfile; print(tempfile.gettempdir(), set(os.listdir('/tmp')) - {known})"
    assert inside("import os\n" + source).startswith("/tmp set()")
    assert inside("open('/dev/shm/x', 'w').close(); print(os.listdir('/dev/shm'))") == "['x']\n"


def test_no_file_outside_is_open(inside):
    said = inside("""
        import os
        for number in os.listdir('/proc/self/fd'):
            try: print(os.readlink(f'/proc/self/fd/{number}'))
            except OSError: pass
    """)
    kinds = (
        "socket:",
        "pipe:",
        "anon_inode:",
        "/dev/null",
        "/proc/",
        "/home/student/",
        "/tmp/",
        "/dev/urandom",
    )
    assert all(line.startswith(kinds) for line in said.splitlines()), said


# ----------------------------------------------------------------------------------------------- processes


def test_only_its_own_processes_are_seen_and_the_first_cannot_be_touched(inside):
    said = inside("""
        import os, signal
        seen = [int(name) for name in os.listdir('/proc') if name.isdigit()]
        print(len(seen) < 8, os.getpid() < 10)
        for number in (signal.SIGKILL, signal.SIGSTOP, signal.SIGINT, signal.SIGTERM):
            try: os.kill(1, number)
            except PermissionError: pass
        for name in ('environ', 'mem', 'fd', 'root', 'cwd', 'maps'):
            try:
                path = f'/proc/1/{name}'
                open(path).read(1) if name not in ('fd', 'root', 'cwd') else os.listdir(path)
                print('read', name)
            except OSError: pass
        import ctypes
        print(ctypes.CDLL(None).ptrace(16, 1, 0, 0), ctypes.CDLL(None).ptrace(0x4206, 1, 0, 0))
    """)
    assert said == "True True\n-1 -1\n"
    assert inside("print('still here')") == "still here\n"


def test_processes_outside_cannot_be_signalled(inside):
    said = inside(f"""
        import os
        for pid in ({os.getpid()}, {inside.process.pid}):
            try: os.kill(pid, 0); print('there')
            except OSError as error: print(error.strerror)
    """)
    assert said == "No such process\nNo such process\n"


def test_all_it_started_ends_with_it(inside):
    source = """
        import os, time
        for _ in range(3):
            if os.fork() == 0:
                os.setsid()
                if os.fork() == 0:
                    import signal
                    for number in range(1, 32):
                        try: signal.signal(number, signal.SIG_IGN)
                        except (OSError, ValueError): pass
                    while True: time.sleep(1)
                os._exit(0)
        time.sleep(0.2)
        print(len([name for name in os.listdir('/proc') if name.isdigit()]))
    """

    inside("print('up')")
    before = set(psutil.Process(inside.process.pid).children(recursive=True))
    assert int(inside.run(source, start=180.0)["outputs"][0]) >= 5
    left = set(psutil.Process(inside.process.pid).children(recursive=True)) - before
    assert not psutil.wait_procs(left, timeout=30)[1]


# ------------------------------------------------------------------------------------------ network and rights


def test_there_is_no_network(inside):
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen()
        said = inside(f"""
            import socket
            for address in (("127.0.0.1", {listener.getsockname()[1]}), ("192.0.2.1", 80)):
                try: socket.create_connection(address, timeout=5); print('connected')
                except OSError as error: print(error.strerror)
            try: print(socket.getaddrinfo('pypi.org', 443))
            except OSError as error: print('no name')
            print([name for _, name in socket.if_nameindex()])
        """)
    assert said == "Network is unreachable\nNetwork is unreachable\nno name\n['lo']\n"


def test_no_socket_outside_can_be_reached(inside):
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind("\0headway-test")
        listener.listen()
        said = inside("""
            import os, socket
            try: socket.socket(socket.AF_UNIX).connect('\\0headway-test'); print('connected')
            except OSError as error: print(error.strerror)
            print(os.path.exists('/run/kernel/k-1'), [f for f in os.listdir('/tmp') if 'warm' in f])
        """)
    assert said == "Connection refused\nFalse []\n"


def test_it_has_no_rights_and_gains_none(inside):
    said = inside("""
        import ctypes, os, subprocess
        status = dict(line.split(':\\t') for line in open('/proc/self/status').read().splitlines() if ':\\t' in line)
        print({status[name] for name in ('CapInh', 'CapPrm', 'CapEff', 'CapBnd', 'CapAmb')}, status['NoNewPrivs'])
        libc = ctypes.CDLL(None, use_errno=True)
        calls = [('unshare', 0x10000000), ('unshare', 0x20000), ('mount', b'tmpfs', b'/tmp', b'tmpfs', 0, None),
                 ('umount2', b'/proc', 2), ('chroot', b'/tmp'), ('sethostname', b'x', 1), ('setuid', 0),
                 ('mount', None, b'/', None, 4096 | 32, None)]
        print([getattr(libc, name)(*arguments) for name, *arguments in calls])
        print(os.getuid() != 0, subprocess.run(['id', '-u'], capture_output=True, text=True).stdout.strip() != '0')
    """)
    assert said == "{'0000000000000000'} 1\n[-1, -1, -1, -1, -1, -1, -1, -1]\nTrue True\n"


def test_its_environment_is_its_own(inside):
    said = inside("""
        import os
        for name in os.listdir('/proc'):
            if name.isdigit():
                try: print(open(f'/proc/{name}/environ').read(), open(f'/proc/{name}/cmdline').read())
                except OSError: pass
        print(dict(os.environ), os.uname().nodename)
    """)
    assert SECRET not in said and "OWNER_SECRET" not in said and "NBGRADER" not in said
    assert str(inside.folder) not in said and said.strip().endswith("headway")


# --------------------------------------------------------------------------------------------------- limits


def test_memory_of_a_process_is_limited(inside):
    done = inside.run("x = bytearray(1400 << 20)", "y = 'alive'; y", memory=1000 * MB)
    assert done["outputs"] == ["MemoryError: ", "'alive'"]


def test_memory_of_all_processes_is_limited(inside):
    source = """
        import os, time
        for _ in range(4):
            if os.fork() == 0:
                x = bytearray(b'x' * (150 << 20)); time.sleep(60)
        time.sleep(50)
    """
    done = inside.run(source, memory=400 * MB)
    assert done["status"] == "died" and "used more than 400 MB of memory" in done["death"]


def test_processes_are_limited(inside):
    source = """
        import os, time
        def bomb():
            while True:
                try: os.fork()
                except OSError as error: return error.strerror
        said = bomb()
        if os.getpid() > 10: time.sleep(60)
        print(said)
    """
    done = inside.run(source, processes=60)
    assert done["outputs"] == ["Resource temporarily unavailable\n"] or "processes" in done["death"]


def test_files_are_limited(inside):
    source = """
        import os
        try: open('large', 'wb').write(b'x' * (20 << 20))
        except OSError as error: print(error.strerror)
        count = 0
        try:
            while count < 1000:
                open(f'/tmp/{count}', 'wb').write(b'x' * (4 << 20)); count += 1
        except OSError as error: print(error.strerror, count)
    """
    done = inside.run(source, file=16 * MB, disk=64 * MB)
    first, second = "".join(done["outputs"]).splitlines()
    assert first == "File too large" and second.startswith("No space left on device 1")


# ------------------------------------------------------------------------------------------- what is missing


def test_a_folder_that_does_not_fit_is_told(tmp_path):
    (tmp_path / "large").write_bytes(b"x" * (3 * MB))
    with (
        pytest.raises(KernelFailed, match="cannot be copied: No space left"),
        Session(tmp_path, limits=Limits(disk=MB)),
    ):
        pass


def test_a_system_that_refuses_is_named_with_the_way_on(tmp_path, monkeypatch):
    def refuse(*_):
        raise warm.NotIsolated("unshare: Operation not permitted")

    monkeypatch.setattr(warm, "Warm", refuse)
    monkeypatch.setattr(shutil, "which", lambda _: None)
    with pytest.raises(KernelFailed, match="unshare: Operation not permitted") as caught, Session(tmp_path):
        pass
    assert "bubblewrap" in str(caught.value) and "--trust-submissions" in str(caught.value)


def test_a_working_directory_on_the_path_is_not_shown(tmp_path, monkeypatch):
    """`python -m` puts it there, and it may be a course with its solutions; packages may be anywhere."""
    packages = tmp_path / "packages" / "site-packages"
    packages.mkdir(parents=True)
    monkeypatch.setattr(sys, "path", [str(tmp_path), "", *sys.path, str(packages)])
    shown = isolation.visible()
    assert packages in shown and tmp_path not in shown and Path("") not in shown


def test_the_classroom_is_masked_also_where_the_package_is_installed(tmp_path):
    assert isolation.course() == ROOT and ROOT not in isolation.visible()
