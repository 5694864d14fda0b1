"""The instructor's verbs: `python -m grader.cli VERB`, or `grader VERB`."""

from __future__ import annotations

import argparse
import atexit
import gc
import os
import shutil
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path


def release(options: argparse.Namespace) -> int:
    from grader.classroom.course import Course
    from grader.classroom.release import drift, release

    course = Course.here()
    lessons = course.chosen(options.lesson)
    if options.check:
        lines = drift(course, lessons)
        print("\n".join(lines) or "notebooks/ is what solutions/ gives.")
        return 1 if lines else 0
    for path in release(course, lessons, force=options.force):
        print(f"wrote {path.relative_to(course.root)}")
    return 0


def rerun(options: argparse.Namespace) -> int:
    from grader.classroom.course import Course
    from grader.classroom.rerun import notebooks, rerun

    course = Course.here()
    for path in notebooks(course, options.lesson):
        begun = time.monotonic()
        rerun(path)
        print(f"ran {path.relative_to(course.root)} in {time.monotonic() - begun:.0f} s", flush=True)
    return 0


def bundle(options: argparse.Namespace) -> int:
    from grader.classroom.bundle import bundle
    from grader.classroom.course import Course

    course = Course.here()
    path = bundle(course)
    print(f"wrote {path.relative_to(course.root)} ({path.stat().st_size / 1e6:.1f} MB)")
    return 0


def grade(options: argparse.Namespace) -> int:
    from grader.kernel import warm

    elsewhere = options.scheduler or options.container
    if options.container and (options.scheduler or options.trust_submissions):
        other = "--scheduler" if options.scheduler else "--trust-submissions"
        return _stop(f"--container and {other} exclude each other: give one of them", 2)
    if warm.possible() and not elsewhere:
        warm.start()  # it warms up while this process imports what it needs itself

    from tqdm import tqdm

    from grader.classroom import container
    from grader.classroom.autograde import autograde, plan, summary
    from grader.classroom.course import Course
    from grader.classroom.workers import NotIsolated

    course = Course.here()
    lesson = course.lesson(options.lesson)
    round = plan(course, lesson, options.student, force=options.force)
    if round.before and container.INSIDE not in os.environ:
        print(
            f"{len(round.before)} graded already, and unchanged since (--force grades them again).",
            flush=True,
        )
    if not round.students:
        return 0
    again = [lesson, *(f"--student={student}" for student in options.student)]
    again += ["--force"] if options.force else []
    again += [f"--workers={options.workers}"] if options.workers else []
    if options.container:
        container.grade(container.engine(), course, again)
    work = autograde(
        round, workers=options.workers, scheduler=options.scheduler, trusted=options.trust_submissions
    )
    done = []
    with tqdm(total=len(round.students), desc=round.lesson, unit="submission", smoothing=0.1) as bar:
        try:
            for graded in work:
                done.append(graded)
                bar.update()
        except NotIsolated as refused:
            bar.leave = False
            bar.close()
            container.grade_instead(refused, course, again)
    print(f"\n{summary(done)}")
    return 0 if all(graded.graded for graded in done) else 1


def report(options: argparse.Namespace) -> int:
    from grader.classroom.course import Course
    from grader.classroom.report import report

    course = Course.here()
    path = report(course, course.lesson(options.lesson))
    print(f"wrote {path.relative_to(course.root)}")
    return 0


def bench(options: argparse.Namespace) -> int:
    from grader.classroom.bench import bench
    from grader.classroom.course import Course

    course = Course.here()
    lesson = course.lesson(options.lesson)

    def say(text: str) -> None:
        print(f"{text} ...", file=sys.stderr, flush=True)

    trusted = options.trust_submissions
    print(bench(course, lesson, options.submissions, options.sizes, trusted=trusted, say=say))
    return 0


def demo(options: argparse.Namespace) -> int:
    from tqdm import tqdm

    from grader.classroom.course import Course
    from grader.classroom.demo import demonstrate, steps

    course = Course.here()
    lesson = course.lesson(options.lesson)
    folder = Path(tempfile.mkdtemp(prefix="headway-demo-"))
    form = "{desc}: {percentage:3.0f}%|{bar}| {elapsed}"
    try:
        with tqdm(total=steps(), desc=f"{lesson}, four students", bar_format=form) as bar:
            result = demonstrate(course, lesson, folder, bar.update)
    except BaseException:
        shutil.rmtree(folder, ignore_errors=True)
        raise
    print(f"\n{result}\n\nAll of it is in {folder}, which you may delete.")
    return 0


def _count(text: str) -> int:
    if not text.isdecimal() or int(text) == 0:
        raise argparse.ArgumentTypeError(f"{text!r} is not a number of 1 or more")
    return int(text)


@dataclass(frozen=True)
class Verb:
    """What a verb does, in a line for its help; `run` returns the exit code."""

    run: Callable[[argparse.Namespace], int]
    help: str
    arguments: tuple[tuple[tuple[str, ...], dict], ...] = ()


LESSONS = (
    ("lesson",),
    {"nargs": "*", "metavar": "LESSON", "help": "such as 03_masked_lm or 03; all, if none is given"},
)

VERBS = {
    "release": Verb(
        release,
        "write notebooks/ from solutions/",
        (
            LESSONS,
            (("--check",), {"action": "store_true", "help": "write nothing; say what differs, and exit with 1 if anything does"}),
            (("--force",), {"action": "store_true", "help": "also where somebody wrote answers into notebooks/"}),
        ),
    ),
    "rerun": Verb(rerun, "run solution notebooks and store their outputs", (LESSONS,)),
    "grade": Verb(
        grade,
        "grade what was handed in and is not graded yet",
        (
            (("lesson",), {"metavar": "LESSON", "help": "such as 03_masked_lm or 03"}),
            (("--student",), {"action": "append", "default": [], "metavar": "NAME", "help": "only this one; repeatable"}),
            (("--force",), {"action": "store_true", "help": "also what is graded already"}),
            (("--workers",), {"type": _count, "metavar": "N", "help": "how many at a time; all cores, if not given"}),
            (("--scheduler",), {"default": "", "metavar": "tcp://HOST:PORT", "help": "grade on this Dask cluster"}),
            (("--container",), {"action": "store_true", "help": "grade in a Linux container, by Docker or Podman"}),
            (("--trust-submissions",), {"action": "store_true", "help": "run them without isolation, as you"}),
        ),
    ),
    "report": Verb(
        report,
        "write a page on what the class got wrong in a lesson",
        ((("lesson",), {"metavar": "LESSON", "help": "such as 03_masked_lm or 03"}),),
    ),
    "bench": Verb(
        bench,
        "measure how fast a class is graded",
        (
            (("lesson",), {"nargs": "?", "default": "03", "metavar": "LESSON", "help": "03, if none is given"}),
            (("--submissions",), {"type": _count, "default": 40, "metavar": "N", "help": "for both; 40, if not given"}),
            (("--sizes",), {"type": _count, "nargs": "*", "default": [80, 160], "metavar": "N", "help": "then only we; 80 160"}),
            (("--trust-submissions",), {"action": "store_true", "help": "run them without isolation, as you"}),
        ),
    ),
    "bundle": Verb(bundle, "write the zip that students get"),
    "demo": Verb(
        demo,
        "grade four made-up students in a throw-away folder",
        ((("lesson",), {"nargs": "?", "default": "03", "metavar": "LESSON", "help": "03, if none is given"}),),
    ),
}  # fmt: skip


def parser() -> argparse.ArgumentParser:
    top = argparse.ArgumentParser(prog="grader", description="The instructor's side of Headway.")
    verbs = top.add_subparsers(dest="verb", metavar="VERB", required=True)
    for name, verb in VERBS.items():
        sub = verbs.add_parser(name, help=verb.help, description=verb.help.capitalize() + ".")
        for flags, settings in verb.arguments:
            sub.add_argument(*flags, **settings)
    return top


def main(arguments: list[str] | None = None) -> int:
    """Run one verb. What a person can put right is one line on stderr and exit code 1 (2 for a wrong command)."""
    arguments = sys.argv[1:] if arguments is None else arguments
    asked = next((argument for argument in arguments if argument in VERBS), None)
    if asked and not Path(__file__).with_name("classroom").joinpath("course.py").is_file():
        return _stop(
            f"`{asked}` belongs to the instructor's edition of this course; this is the students'. "
            "Check your answers in the notebooks, which `make lab` opens.",
            2,
        )
    options = parser().parse_args(arguments)
    atexit.register(gc.freeze)  # at its end, Python would look through all of torch for garbage
    from grader.classroom.course import CourseError

    try:
        return VERBS[options.verb].run(options)
    except CourseError as error:
        return _stop(str(error))
    except OSError as error:
        where = f": {error.filename}" if error.filename else ""
        return _stop(f"{error.strerror or error}{where}")
    except KeyboardInterrupt:
        return _stop("stopped.", 130)


def _stop(message: str, code: int = 1) -> int:
    print(f"grader: {message}", file=sys.stderr)
    return code


if __name__ == "__main__":
    sys.exit(main())
