"""What a submission's process can see and use on Linux: its own working copy, the course's data, Python; nothing else.

Called in a forked child of the warm process (`server`), which is a single thread, by these steps:

1. `unshare` gives it new namespaces (mounts, processes, network, IPC, host name, and users where it is not root);
2. its next child, which is the first process of the new process namespace, calls `enter`: a new root, in which
   there is only what `visible` lists, read-only, and memory-backed folders to write to;
3. the child of that one, which becomes the kernel, calls `confine`: it gives up every right, gets its limits, and loses
   the system calls that get round both (`seccomp`).

Root does the mounting as root; the kernel then runs as a user that owns nothing on this machine. An ordinary
user does it with the rights that a user namespace gives; the kernel then is that user, who sees only this.
`Unavailable` is raised where the system does not allow it, with what it said.
"""

from __future__ import annotations

import contextlib
import ctypes
import os
import shutil
import site
import stat
import sys
from pathlib import Path

import grader

from . import seccomp
from .limits import Limits

with contextlib.suppress(ImportError):  # of Windows, where nothing here is used
    import resource

HOME = "/home/student"
SOCKETS = "/run/kernel"
VIEW = "/tmp"
"""Where the new root is put together: a folder that every system has. What is in it stays as it is."""

_libc = ctypes.CDLL(None, use_errno=True) if sys.platform == "linux" else None
_CLONE = {"mounts": 0x20000, "uts": 0x4000000, "ipc": 0x8000000, "users": 0x10000000, "pids": 0x20000000}
_CLONE["network"] = 0x40000000
_MS_RDONLY, _MS_NOSUID, _MS_NODEV, _MS_NOEXEC, _MS_REMOUNT, _MS_BIND = 1, 2, 4, 8, 32, 4096
_MS_REC, _MS_PRIVATE = 16384, 1 << 18
_MNT_DETACH = 2
_MOUNT_SETATTR = 442  # the same on every architecture; libc has no name for it before 2.36
_AT_FDCWD, _AT_RECURSIVE = -100, 0x8000
_CAP_SYS_ADMIN = 21
_PR_SET_DUMPABLE, _PR_CAPBSET_DROP, _PR_SET_NO_NEW_PRIVS, _PR_CAP_AMBIENT, _PR_SET_CHILD_SUBREAPER = (
    4,
    24,
    38,
    47,
    36,
)
DEVICES = ("null", "zero", "full", "random", "urandom")
ETC = (
    "alternatives", "fonts", "ld.so.cache", "ld.so.conf", "ld.so.conf.d", "localtime", "mime.types", "ssl/certs",
    "ssl/openssl.cnf", "timezone",
)  # fmt: skip
NOBODY = 65534
MAPPED = 8 << 30
"""How much address space, in bytes, threads and mapped files may take besides what they use."""


class Unavailable(Exception):
    """This system does not let a process be isolated; the message says what it refused."""


class Unusable(Exception):
    """A submission's folder cannot be given to a kernel; the message says why."""


# --------------------------------------------------------------------------------------------- what can be seen


def visible() -> list[Path]:
    """What is bound into the view, read-only: the system's programs, Python with its packages, this package.

    Of `sys.path`, folders of packages alone: a program's own folder or the working directory, which may be there, too,
    can be a course with all its solutions.
    """
    python = [Path(place) for place in (sys.prefix, sys.base_prefix, sys.exec_prefix, sys.base_exec_prefix)]
    python.append(Path(sys.executable).resolve().parents[1])
    packages = [
        Path(place)
        for place in (*site.getsitepackages(), *sys.path)
        if Path(place).name in ("site-packages", "dist-packages")
    ]
    system = [
        Path(place)
        for place in ("/usr", "/bin", "/sbin", "/lib", "/lib32", "/lib64", "/libx32", "/nix/store")
    ]
    return [
        place
        for place in dict.fromkeys([*system, *python, *packages])
        if place.exists() and place != Path("/")
    ]


def course() -> Path:
    """The folder that the package stands in, which may hold solutions and grades, and is itself not shown."""
    return Path(grader.__file__).parents[1]


def environment(limits: Limits, kept: dict[str, str]) -> dict[str, str]:
    """The environment variables of an isolated kernel: none of the grader's own but for language and time."""
    python = str(Path(sys.executable).parent)
    wanted = {name: value for name, value in kept.items() if name in ("LANG", "LC_ALL", "LC_CTYPE", "TZ")}
    return wanted | {
        "PATH": os.pathsep.join([python, "/usr/local/bin", "/usr/bin", "/bin"]),
        "PYTHONPATH": str(course()),
        "PYTHONDONTWRITEBYTECODE": "1",
        "HOME": HOME,
        "USER": "student",
        "TMPDIR": "/tmp",
        "MPLCONFIGDIR": "/tmp/matplotlib",
        "HF_HOME": "/tmp/huggingface",
        "HF_HUB_OFFLINE": "1",
        "OMP_NUM_THREADS": str(limits.threads),
        "TOKENIZERS_PARALLELISM": "false",
    }


# ------------------------------------------------------------------------------------------------ the three steps


def privileged() -> bool:
    """Whether this process may mount without a user namespace of its own."""
    with open("/proc/self/status") as file:
        effective = next(line for line in file if line.startswith("CapEff:")).split()[1]
    return os.geteuid() == 0 and bool(int(effective, 16) >> _CAP_SYS_ADMIN & 1)


def unshare() -> bool:
    """New namespaces for this process and its next child. Whether it is root's way: without one for users."""
    root = privileged()
    flags = sum(flag for name, flag in _CLONE.items() if name != "users")
    if root:
        _do("unshare", flags)
    else:
        _new_users(flags)
    return root


def stranger() -> int:
    """The id of a user that owns nothing here, another for each process that asks."""
    wanted = 1_879_048_192 + os.getpid()
    with open("/proc/self/uid_map") as file:
        ranges = [tuple(map(int, line.split())) for line in file]
    return wanted if any(first <= wanted < first + count for first, _, count in ranges) else NOBODY


def enter(workdir: Path, data: Path | None, sockets: Path, user: int, limits: Limits) -> None:
    """Make the view the root of this process, and the copy of `workdir` in it its working directory.

    `sockets` can be written to at `SOCKETS`, until `leave_sockets`. To be called by the first process of a new
    process namespace. Files that are written belong to `user`.
    """
    package = Path(grader.__file__).parent
    hidden = course() if course() not in map(Path, site.getsitepackages()) else None
    shown = [*visible(), package, *([data] if data else []), *(Path("/etc", name) for name in ETC)]
    sources = {place: os.path.realpath(place) for place in shown}
    workdir, sockets = Path(os.path.realpath(workdir)), Path(os.path.realpath(sockets))

    _do("mount", None, b"/", None, _MS_REC | _MS_PRIVATE, None)
    _mount("tmpfs", VIEW, "tmpfs", _MS_NOSUID | _MS_NODEV, "mode=755,size=16m")
    os.mkdir(f"{VIEW}/old")
    _do("pivot_root", VIEW.encode(), f"{VIEW}/old".encode())  # from here on, what was outside is in /old
    os.chdir("/")
    _places_to_write(workdir, user, limits)  # first: what is shown may stand below them, as a course in /tmp
    inside = [place for place in shown if hidden and place.is_relative_to(hidden)]
    for place in shown:
        if place not in inside:
            _show(place, sources[place])
    if hidden and hidden.exists():  # as a part of something shown
        _mount("tmpfs", str(hidden), "tmpfs", _MS_NOSUID | _MS_NODEV, "mode=755,size=64k")
    for place in inside:
        _show(place, sources[place])
    if hidden and os.path.ismount(hidden):
        _set_read_only(str(hidden), recursive=False)
    if (package / "classroom").exists():
        _mount("tmpfs", str(package / "classroom"), "tmpfs", _MS_RDONLY | _MS_NOSUID | _MS_NODEV, "size=4k")
    _write_etc(user)
    _devices()
    os.makedirs(SOCKETS)
    _do("mount", f"/old{sockets}".encode(), SOCKETS.encode(), None, _MS_BIND, None)
    os.makedirs("/proc", exist_ok=True)
    _mount("proc", "/proc", "proc", _MS_NOSUID | _MS_NODEV | _MS_NOEXEC)
    _do("umount2", b"/old", _MNT_DETACH)
    os.rmdir("/old")
    _set_read_only("/", recursive=False)
    name = b"headway"
    _do("sethostname", name, len(name))
    os.chdir(f"{HOME}/{workdir.name}")


def leave_sockets() -> None:
    """Take the sockets out of the view, once they are bound: nothing can stand in their place from then on."""
    _do("umount2", SOCKETS.encode(), _MNT_DETACH)


def confine(user: int, root: bool, limits: Limits) -> None:
    """Give up every right for good, and take on the limits: for the process that becomes the kernel."""
    limit(limits)
    become(user, root)
    if root:
        with contextlib.suppress(
            Unavailable
        ):  # one wall more; where it is not to be had, there are the others
            _new_users(0)
    with contextlib.suppress(OSError):  # where memory is short, its processes go before anybody else's
        Path("/proc/self/oom_score_adj").write_text("1000")
    with contextlib.suppress(OSError):  # and no further namespaces
        Path("/proc/sys/user/max_user_namespaces").write_text("0")
    drop_rights()
    with contextlib.suppress(OSError):  # of a Linux that has no filters: the other walls stand
        seccomp.refuse()


def become(user: int, root: bool) -> None:
    if root:
        os.setgroups([])
        os.setresgid(user, user, user)
        os.setresuid(user, user, user)


def drop_rights() -> None:
    """No capabilities, and none to be gained by starting a program."""
    for capability in range(64):
        _libc.prctl(_PR_CAPBSET_DROP, capability, 0, 0, 0)
    _libc.prctl(_PR_CAP_AMBIENT, 4, 0, 0, 0)  # clear all
    header = (ctypes.c_uint32 * 2)(0x20080522, 0)
    _do("capset", header, (ctypes.c_uint32 * 6)())
    _do("prctl", _PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0)


def adopt_orphans() -> None:
    """Become the parent of grandchildren whose parent ends, so that they can be reaped."""
    _do("prctl", _PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)


def keep_to_itself() -> None:
    """Let no other process look into this one."""
    _do("prctl", _PR_SET_DUMPABLE, 0, 0, 0, 0)


def limit(limits: Limits, isolated: bool = True) -> None:
    """The limits that hold for a process and all that it starts: each for itself, but for how many they are.

    With `isolated` these are the processes of the user in the namespace alone.
    """
    with open("/proc/self/statm") as file:
        pages = [int(count) * resource.getpagesize() for count in file.read().split()]
    for kind, value in (
        (resource.RLIMIT_DATA, pages[5] + limits.memory),
        (resource.RLIMIT_AS, pages[0] + 2 * limits.memory + MAPPED),
        (resource.RLIMIT_FSIZE, limits.file),
        (resource.RLIMIT_CORE, 0),
        (resource.RLIMIT_NOFILE, 1024),
        *([(resource.RLIMIT_NPROC, limits.processes)] if isolated else []),
    ):
        hard = resource.getrlimit(kind)[1]
        value = value if hard == resource.RLIM_INFINITY else min(value, hard)
        resource.setrlimit(kind, (value, value))


# ----------------------------------------------------------------------------------------------- their parts


def _new_users(flags: int) -> None:
    """A user namespace, and those of `flags`, in which this process keeps its id and has every right."""
    user, group = os.geteuid(), os.getegid()
    _libc.prctl(_PR_SET_DUMPABLE, 1, 0, 0, 0)  # /proc/self is its own again after a change of user
    _do("unshare", flags | _CLONE["users"])
    try:
        Path("/proc/self/setgroups").write_text("deny")
        Path("/proc/self/uid_map").write_text(f"{user} {user} 1")
        Path("/proc/self/gid_map").write_text(f"{group} {group} 1")
    except OSError as error:
        raise Unavailable(f"a user namespace could not be set up: {error}") from None


def _show(place: Path, source: str) -> None:
    """Bind `source` of the old root at `place`, read-only; a link to another place that is shown is made anew."""
    old = Path("/old" + source)
    if not old.exists():
        return
    if place.exists() and os.path.samestat(place.stat(), old.stat()):  # as a part of something shown
        return
    if str(place) != source and place.parent == Path("/"):  # such as /bin for /usr/bin
        place.symlink_to(source)
        return
    if old.is_dir():
        place.mkdir(parents=True, exist_ok=True)
    else:
        place.parent.mkdir(parents=True, exist_ok=True)
        place.touch()
    _do("mount", bytes(old), bytes(place), None, _MS_BIND | _MS_REC, None)
    _set_read_only(str(place), recursive=True)


def _set_read_only(place: str, recursive: bool) -> None:
    attributes = (ctypes.c_uint64 * 4)(_MS_RDONLY | _MS_NOSUID | _MS_NODEV, 0, 0, 0)
    flags = _AT_RECURSIVE if recursive else 0
    _do("syscall", _MOUNT_SETATTR, _AT_FDCWD, place.encode(), flags, attributes, ctypes.sizeof(attributes))


def _write_etc(user: int) -> None:
    etc = Path("/etc")
    etc.mkdir(exist_ok=True)
    (etc / "passwd").write_text(f"student:x:{user}:{user}:student:{HOME}:/bin/sh\n")
    (etc / "group").write_text(f"student:x:{user}:\n")
    (etc / "hosts").write_text("127.0.0.1 localhost headway\n")
    (etc / "nsswitch.conf").write_text("passwd: files\ngroup: files\nhosts: files\n")


def _devices() -> None:
    os.makedirs("/dev", exist_ok=True)
    for name in DEVICES:
        Path("/dev", name).touch()
        _do("mount", f"/old/dev/{name}".encode(), f"/dev/{name}".encode(), None, _MS_BIND, None)
    for name, target in (("fd", "fd"), ("stdin", "fd/0"), ("stdout", "fd/1"), ("stderr", "fd/2")):
        os.symlink(f"/proc/self/{target}", f"/dev/{name}")
    os.mkdir("/dev/pts")
    with contextlib.suppress(Unavailable):  # terminals, for programs that want one
        _mount("devpts", "/dev/pts", "devpts", _MS_NOSUID | _MS_NOEXEC, "newinstance,ptmxmode=0666,mode=620")
        os.symlink("pts/ptmx", "/dev/ptmx")


def _places_to_write(workdir: Path, user: int, limits: Limits) -> None:
    """Home with the working copy, /tmp and /dev/shm: in memory, together no larger than `limits.disk`."""
    os.makedirs("/run/writable")
    options = f"mode=755,size={limits.disk},nr_inodes=100000"
    _mount("tmpfs", "/run/writable", "tmpfs", _MS_NOSUID | _MS_NODEV, options)
    for place in (HOME, "/tmp", "/dev/shm"):
        part = f"/run/writable/{Path(place).name}"
        os.mkdir(part)
        os.chmod(part, 0o700)
        os.makedirs(place, exist_ok=True)
        _do("mount", part.encode(), place.encode(), None, _MS_BIND, None)
    try:
        copy(Path("/old" + str(workdir)), Path(HOME, workdir.name))
    except OSError as error:
        raise Unusable(f"the submission's folder cannot be copied: {error.strerror}") from None
    for folder, folders, files in os.walk("/run/writable"):
        for name in ["", *folders, *files]:
            os.chown(os.path.join(folder, name), user, user, follow_symlinks=False)
    _do("umount2", b"/run/writable", _MNT_DETACH)
    os.rmdir("/run/writable")


def copy(source: Path, target: Path) -> None:
    """Copy a folder's folders and ordinary files. Links are left out: they could lead anywhere."""
    target.mkdir()
    with os.scandir(source) as entries:
        for entry in entries:
            mode = entry.stat(follow_symlinks=False).st_mode
            if stat.S_ISDIR(mode):
                copy(Path(entry.path), target / entry.name)
            elif stat.S_ISREG(mode):
                shutil.copyfile(entry.path, target / entry.name, follow_symlinks=False)
                os.chmod(target / entry.name, stat.S_IMODE(mode) & 0o777 | 0o600)


def _mount(source: str, target: str, kind: str, flags: int, options: str = "") -> None:
    _do("mount", source.encode(), target.encode(), kind.encode(), flags, options.encode() or None)


def _do(call: str, *arguments: object) -> None:
    """A system call; `Unavailable` with its name and reason where it fails."""
    if getattr(_libc, call)(*arguments) != 0:
        shown = [argument.decode() for argument in arguments if isinstance(argument, bytes)]
        reason = os.strerror(ctypes.get_errno())
        raise Unavailable(f"{call}{f' of {shown[-1]}' if shown else ''}: {reason}")
