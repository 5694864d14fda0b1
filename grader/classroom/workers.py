"""Who grades: processes on this machine or those of a cluster, each submission for itself, and none the worse for a
worker that is lost."""

from __future__ import annotations

import contextlib
import gc
import multiprocessing
import os
import shutil
import signal
import sys
import tempfile
import threading
from collections import deque
from collections.abc import Iterator
from concurrent.futures import (
    FIRST_COMPLETED,
    Executor,
    Future,
    ProcessPoolExecutor,
    ThreadPoolExecutor,
    wait,
)
from contextlib import AbstractContextManager
from dataclasses import dataclass
from multiprocessing.connection import wait as wait_for_sentinels
from multiprocessing.sharedctypes import Synchronized
from typing import Protocol

import torch

from grader.classroom.course import CourseError
from grader.classroom.grading import grade, prepare
from grader.classroom.intake import Submission
from grader.classroom.material import Material, Result
from grader.exercises import lessons
from grader.kernel import warm
from grader.kernel.launch import WAYS_ON
from grader.kernel.session import KernelFailed, Session

FORKED = sys.platform == "linux"
"""Whether workers are forked, and then have all that this process has from the start."""


class NotIsolated(CourseError):
    """Kernels cannot be isolated here as wanted."""


class Crew(Protocol):
    """Workers that can be brought up, again and again; `window` is how many submissions they have at most at a time."""

    window: int

    def start(self) -> AbstractContextManager[Executor]: ...


@dataclass(frozen=True)
class Processes:
    """`count` processes on this machine, which keep temporary files in `folder`."""

    count: int
    folder: str

    @property
    def window(self) -> int:
        return 4 * self.count

    @contextlib.contextmanager
    def start(self) -> Iterator[Executor]:
        context = multiprocessing.get_context("fork" if FORKED else "spawn")
        others = multiprocessing.active_children()
        begun = context.Value("i", 0)
        executor = ProcessPoolExecutor(
            self.count, context, initializer=_begin_work, initargs=(self.folder, begun)
        )
        try:
            yield executor
        except BaseException:  # nobody wants the results any more
            for process in multiprocessing.active_children():
                if process not in others:
                    process.terminate()
            raise
        finally:
            executor.shutdown(wait=True, cancel_futures=True)


@dataclass(frozen=True)
class Cluster:
    """The workers of the Dask cluster whose scheduler has this address. `start` raises `CourseError` where it has none."""

    scheduler: str
    window: int = 256

    @contextlib.contextmanager
    def start(self) -> Iterator[Executor]:
        try:
            from distributed import Client
        except ImportError:
            raise CourseError(
                'a scheduler needs Dask: .venv/bin/python -m pip install -c requirements.txt -e ".[cluster]"'
            ) from None
        try:
            client = Client(self.scheduler, timeout=10, set_as_default=False)
        except (OSError, ValueError) as error:
            raise CourseError(f"no Dask scheduler answers at {self.scheduler}: {error}") from None
        try:
            yield client.get_executor(retries=0)
        finally:
            client.close()


def cores() -> int:
    """How many cores this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def results(
    needed: Material, submissions: Iterator[Submission | Result], crew: Crew
) -> Iterator[tuple[Submission | None, Result]]:
    """The result of each submission.

    Where a worker is lost, nobody can tell with which submission: those that were on their way are done again, one
    at a time, and one that loses its worker once more is given up.
    """
    suspects: deque[Submission] = deque()
    running: dict[Future, Submission] = {}
    more = True
    while more or suspects or running:
        with crew.start() as executor:
            lost = False
            while not lost and (more or suspects or running):
                while len(running) < (1 if suspects else crew.window):
                    submission = suspects[0] if suspects else next(submissions, None)
                    more = submission is not None
                    if submission is None:
                        break
                    if isinstance(submission, Result):
                        yield None, submission
                        continue
                    running[executor.submit(grade, needed, submission)] = submission
                done, _ = wait(running, return_when=FIRST_COMPLETED)
                for future in done:
                    submission = running.pop(future)
                    suspected = submission in suspects
                    if suspected:
                        suspects.remove(submission)
                    try:
                        yield submission, future.result()
                    except Exception as error:
                        lost = True
                        if suspected:
                            reason = f"the process that graded it ended twice ({type(error).__name__})"
                            yield None, Result(submission.student, {}, failed=reason)
                        else:
                            suspects.append(submission)
            if lost:
                suspects.extend(running.values())
                running.clear()


def make_ready(needed: Material, folder: str, *, isolated: bool) -> None:
    """Bring up what processes on this machine share: the warm process, from which their kernels are forked, and what
    they import and ask, as far as they inherit it. Files go into `folder`.

    Raises `NotIsolated` where kernels cannot be isolated as wanted, before any submission is touched.
    """
    if warm.possible():
        warm.start()
    lessons()
    with ThreadPoolExecutor(1) as beside:
        probe = beside.submit(_probe, isolated)
        if FORKED:
            prepare(needed, folder, enough=probe.done)
        probe.result()


def _probe(isolated: bool) -> None:
    """Wait until a kernel has come up."""
    try:
        with tempfile.TemporaryDirectory(prefix="headway-") as folder, Session(folder, isolated=isolated):
            pass
    except KernelFailed as error:
        if isolated:
            said = str(error)
            raise NotIsolated(said if WAYS_ON in said else f"{said}\n{WAYS_ON}") from None


def _begin_work(folder: str, begun: Synchronized) -> None:
    """In a worker, one of those that have `begun`: use one core, keep temporary files in `folder`, leave Ctrl+C to
    the process that wants the results, and end with that folder when that process has ended, however it did."""
    with begun.get_lock():
        take_a_core(begun.value)
        begun.value += 1
    torch.set_num_threads(1)
    gc.freeze()  # what was imported is no garbage, and stays shared with the process that was forked
    tempfile.tempdir = folder
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    owner = multiprocessing.parent_process()

    def watch() -> None:
        wait_for_sentinels([owner.sentinel])
        shutil.rmtree(folder, ignore_errors=True)
        os._exit(1)

    threading.Thread(target=watch, daemon=True).start()


def take_a_core(number: int) -> None:
    """Compute on one core, as kernels that are started from here will: a submission that keeps as many processes busy
    as it may takes no time from those that are graded beside it."""
    if hasattr(os, "sched_setaffinity"):
        allowed = sorted(os.sched_getaffinity(0))
        os.sched_setaffinity(0, {allowed[number % len(allowed)]})
