"""Grading a class: what is entered, what is not, and what happens when anything is in the way."""

import contextlib
import errno
import itertools
import multiprocessing
import os
import shutil
import signal
import sqlite3
import sys
import tempfile
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

import nbformat
import psutil
import pytest
from nbgrader.api import MissingEntry
from nbgrader.converters import Autograde
from small_class import NOTEBOOK, hand_in
from small_course import LESSON, NAMES, lesson_notebook

from grader import cli
from grader.classroom import autograde as autograding
from grader.classroom import canonical, gradebook, intake, workers
from grader.classroom.autograde import Graded, autograde, plan, summary
from grader.classroom.course import CourseError
from grader.classroom.gradebook import Entries, Score, directory_of, opened, scores
from grader.classroom.intake import read
from grader.classroom.material import Result, material
from grader.exercises import exercises

OUT_OF = {f"check_{name}": exercises(LESSON)[name].points for name in NAMES}
posix = pytest.mark.skipif(not hasattr(os, "fork"), reason="processes are not forked here")


def points(course, student):
    return {cell: score.points for cell, score in scores(course, LESSON)[student].items()}


# ------------------------------------------------------------------------------- what a class gets


def test_everybody_gets_what_was_earned(graded_class):
    everything = dict(OUT_OF)
    expected = {
        "right": everything,
        "noisy": everything,
        "untouched": dict.fromkeys(OUT_OF, 0),
        "crashing": {**everything, "check_mlm_loss": 0},
        "lost": {**everything, "check_mask_tokens": 0, "check_mlm_loss": 0},
    }
    assert {student: points(graded_class.after, student) for student in expected} == expected
    wrong = points(graded_class.after, "misconceived")
    assert all(0 < wrong[f"check_{name}"] < OUT_OF[f"check_{name}"] for name in NAMES[:3])


def test_the_scores_that_are_told_are_those_in_the_gradebook(graded_class):
    for student in graded_class.good:
        given = scores(graded_class.after, LESSON)[student].values()
        assert graded_class.graded[student].score == Score(
            sum(s.points for s in given), sum(s.out_of for s in given)
        )


def test_what_cannot_be_graded_is_told_and_not_entered(graded_class):
    told = {student: one.faults[0] for student, one in graded_class.graded.items() if not one.graded}
    assert sorted(told) == ["doubled", "essay"] and told.keys().isdisjoint(scores(graded_class.after, LESSON))
    assert "more than one cell named check_mask_tokens" in told["doubled"]
    assert "is not a notebook" in told["essay"]
    assert not [name for name in told if (graded_class.after.root / "autograded" / name).exists()]


def test_lost_cells_are_told(graded_class):
    assert {fault.split()[2] for fault in graded_class.graded["lost"].faults} == {
        "mlm_loss",
        "check_mask_tokens",
    }


def test_the_table_names_everybody_and_every_reason(graded_class):
    text = summary(graded_class.graded.values())
    for student, one in graded_class.graded.items():
        assert student in text and all(fault in text for fault in one.faults)
    lines = {line.split()[0]: line.split()[1:] for line in text.splitlines() if line}
    assert lines["right"][:3] == ["11", "of", "11"] and lines["essay:"]
    assert "Not graded, and nothing entered for them:" in text


def test_a_name_is_no_line_of_the_table():
    names = ["x\n\x1b[2Jada  11 of 11  1.0", "zoe"]
    text = summary([Graded(name, Score(1, 2), ("late",)) for name in names])
    assert len(text.splitlines()) == 8 and all(line.isprintable() for line in text.splitlines())


def test_no_submission_is_altered(graded_class):
    for student, before in graded_class.handed_in.items():
        folder = graded_class.after.root / "submitted" / student / LESSON
        assert read(folder, student, LESSON).digest == before.digest


def test_the_outcome_is_where_nbgrader_looks_for_it(graded_class):
    root = graded_class.after.root
    for student in graded_class.good:
        folder = root / "autograded" / student / LESSON
        made = {path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file()}
        assert made == {NOTEBOOK, "timestamp.txt", "pictures/mask.png", ".graded.json"}
        assert not os.access(folder / NOTEBOOK, os.W_OK) or os.geteuid() == 0
        assert [path.name for path in folder.parent.iterdir()] == [LESSON], "nothing half-done is left"
    graded_class.after.nbgrader("generate_feedback", LESSON, "--student", "right")
    page = root / "feedback" / "right" / LESSON / f"{LESSON}.html"
    assert page.read_text("utf-8").count("Well done.") == len(NAMES)
    assert not (page.parent / ".graded.json").exists()
    shutil.rmtree(root / "feedback")


def test_neither_seed_nor_hidden_data_are_in_what_a_student_gets_back(graded_class):
    seed = (graded_class.after.root / "gradebook.seed").read_text().strip()
    for path in (graded_class.after.root / "autograded").rglob("*"):
        if path.is_file():
            assert seed not in path.read_text("utf-8", "replace") and path.name != "answers.json"


# ------------------------------------------------------------------------------- what is left to do


def test_a_second_round_has_only_what_could_not_be_graded(graded_class):
    again = plan(graded_class.after, LESSON)
    assert again.students == ("doubled", "essay")
    assert set(again.before) == graded_class.good
    assert set(plan(graded_class.after, LESSON, force=True).students) == set(graded_class.graded)


def test_what_has_changed_is_graded_again(class_after):
    folder = class_after.root / "submitted" / "right" / LESSON
    (folder / "helper.py").write_text("x = 1")
    assert "right" in plan(class_after, LESSON).students
    (folder / "helper.py").unlink()
    assert "right" not in plan(class_after, LESSON).students


@pytest.mark.parametrize("lost", [".graded.json", NOTEBOOK])
def test_a_missing_or_broken_outcome_is_made_again(class_after, lost):
    path = class_after.root / "autograded" / "right" / LESSON / lost
    path.unlink()
    if lost == ".graded.json":
        path.write_text("{")
    assert "right" in plan(class_after, LESSON).students


def test_what_nbgrader_graded_itself_counts_by_its_time(class_after):
    (class_after.root / "autograded" / "right" / LESSON / ".graded.json").unlink()
    assert "right" not in plan(class_after, LESSON).students
    hand_in(class_after, "right", "changed", "notes.txt", when="2026-03-02 10:00:00 UTC")
    assert "right" in plan(class_after, LESSON).students


def test_one_student_can_be_chosen(class_before):
    assert plan(class_before, LESSON, ["right"]).students == ("right",)
    with pytest.raises(CourseError, match="zoe handed in nothing for 03_masked_lm"):
        plan(class_before, LESSON, ["zoe"])


def test_an_empty_class_is_told(released):
    with pytest.raises(CourseError, match=r"nobody handed in 03_masked_lm yet: there is no .*submitted"):
        plan(released, LESSON)


# ------------------------------------------------------------------------------- with results made before


class Canned:
    """The results of the shared class in place of grading, which these tests are not about."""

    results: dict = {}  # noqa: RUF012
    kills: tuple = ()

    @staticmethod
    def grade(needed, submission) -> Result:
        if submission.student in Canned.kills:
            os.kill(os.getpid(), signal.SIGKILL)
        return Canned.results[submission.student]


def grade_canned(needed, submission):
    return Canned.grade(needed, submission)


@pytest.fixture
def canned(graded_class, monkeypatch):
    """Grading gives at once what it gave before."""
    Canned.results = {
        student: Result(
            student,
            {
                NOTEBOOK: (graded_class.after.root / "autograded" / student / LESSON / NOTEBOOK).read_text(
                    "utf-8"
                )
            }
            if one.graded
            else {},
            one.faults if one.graded else (),
            "" if one.graded else one.faults[0],
        )
        for student, one in graded_class.graded.items()
    }
    Canned.kills = ()
    monkeypatch.setattr(workers, "grade", grade_canned)
    monkeypatch.setattr(autograding, "make_ready", lambda *_, **__: None)
    return Canned


def read_one(course, student):
    return read(course.root / "submitted" / student / LESSON, student, LESSON)


def told(graded):
    return {one.student: (one.score, one.faults) for one in graded}


def whole(course, graded_class):
    """Whether a course is as the shared class's after its grading, and nothing lies about."""
    left = [path for path in (course.root / "autograded").rglob(".*") if path.name != ".graded.json"]
    return scores(course, LESSON) == scores(graded_class.after, LESSON) and not left


@posix
def test_results_are_entered_whoever_made_them(class_before, canned, graded_class):
    graded = list(autograde(plan(class_before, LESSON), workers=2))
    assert told(graded) == told(graded_class.graded.values())
    assert whole(class_before, graded_class)


@posix
def test_regrading_gives_equal_points_and_keeps_those_given_by_hand(class_after, canned):
    with opened(directory_of(class_after)) as book:
        grade = book.find_grade("check_mlm_loss", LESSON, LESSON, "untouched")
        grade.manual_score, grade.extra_credit = 2.5, 0.5
        book.find_comment("mlm_loss", LESSON, LESSON, "untouched").manual_comment = "Nearly."
        book.db.commit()
    before = scores(class_after, LESSON)
    assert before["untouched"]["check_mlm_loss"].points == 3.0
    (graded,) = autograde(plan(class_after, LESSON, ["untouched"], force=True), workers=1)
    assert scores(class_after, LESSON) == before and graded.score.points == 3.0
    with opened(directory_of(class_after)) as book:
        grade = book.find_grade("check_mlm_loss", LESSON, LESSON, "untouched")
        assert (grade.auto_score, grade.manual_score, grade.extra_credit) == (0, 2.5, 0.5)
        assert grade.needs_manual_grade
        assert book.find_comment("mlm_loss", LESSON, LESSON, "untouched").manual_comment == "Nearly."


@posix
def test_points_of_an_earlier_version_do_not_stay_for_cells_that_are_gone(class_after, canned):
    canned.results["right"] = canned.results["lost"]
    hand_in(class_after, "right", "changed", "notes.txt")
    list(autograde(plan(class_after, LESSON, ["right"]), workers=1))
    assert points(class_after, "right") == points(class_after, "lost")


def edit_marks(canned, student, name, **marks):
    """Have the result of a student differ in nbgrader's marks of the cell of this name."""
    result = canned.results[student]
    nb = nbformat.reads(result.notebooks[NOTEBOOK], 4)
    (cell,) = [cell for cell in nb.cells if cell.metadata.get("nbgrader", {}).get("grade_id") == name]
    cell.metadata.nbgrader |= marks
    canned.results[student] = replace(result, notebooks={NOTEBOOK: canonical.text(nb)})


@posix
def test_nor_do_they_for_checks_that_say_they_are_none(class_after, canned):
    edit_marks(canned, "right", "check_mlm_loss", grade=False)
    list(autograde(plan(class_after, LESSON, ["right"], force=True), workers=1))
    assert points(class_after, "right") == {**OUT_OF, "check_mlm_loss": 0}


@posix
def test_what_nbgrader_cannot_enter_stops_nobody(class_before, canned, graded_class):
    edit_marks(canned, "misconceived", "mlm_loss", grade_id="none of ours")
    graded = {one.student: one for one in autograde(plan(class_before, LESSON), workers=2)}
    assert not graded["misconceived"].graded and "MissingEntry" in graded["misconceived"].faults[0]
    assert scores(class_before, LESSON) == {
        student: cells
        for student, cells in scores(graded_class.after, LESSON).items()
        if student != "misconceived"
    }


@posix
def test_a_late_submission_is_penalized_as_nbgrader_would(class_before, canned):
    with opened(directory_of(class_before)) as book:
        book.update_or_create_assignment(LESSON, duedate="2026-02-28 10:00:00 UTC")
    config = class_before.root / "nbgrader_config.py"
    config.write_text(config.read_text() + "\nc.LateSubmissionPlugin.penalty_method = 'zero'\n")
    list(autograde(plan(class_before, LESSON, ["right"]), workers=1))
    with opened(directory_of(class_before)) as book:
        entry = book.find_submission(LESSON, "right")
        assert entry.total_seconds_late == 86400
        assert (entry.score, entry.late_submission_penalty) == (11, 11)


@posix
def test_the_verb_ends_with_the_table_and_a_second_call_has_little_to_do(
    class_before, canned, monkeypatch, capsys
):
    monkeypatch.chdir(class_before.root)
    assert cli.main(["grade", "03", "--workers", "2"]) == 1, "two cannot be graded"
    out, err = capsys.readouterr()
    assert "100%" in err and out.strip().startswith("student") and "11 of 11" in out
    assert "doubled: 03_masked_lm.ipynb has more than one cell" in out
    assert cli.main(["grade", "03", "--student", "right"]) == 0
    assert capsys.readouterr().out.startswith("1 graded already")


@posix
def test_nobody_waits_for_work_that_is_not_wanted_any_more(class_before, canned, monkeypatch, tmp_path):
    """As after Ctrl+C: the workers end, though they are at work."""
    monkeypatch.setattr(Canned, "grade", staticmethod(lambda *_: time.sleep(600)))
    submissions = iter([read_one(class_before, "right"), Result("essay", {}, failed="no notebook")])
    work = workers.results(None, submissions, workers.Processes(2, str(tmp_path)))
    next(work)
    with pytest.raises(KeyboardInterrupt):
        work.throw(KeyboardInterrupt)
    assert multiprocessing.active_children() == []


@pytest.mark.skipif(not hasattr(os, "sched_setaffinity"), reason="cores are taken on Linux")
def test_each_worker_computes_on_a_core_of_its_own(tmp_path):
    allowed = sorted(os.sched_getaffinity(0))
    with workers.Processes(2, str(tmp_path)).start() as executor:
        assert len(executor.submit(os.sched_getaffinity, 0).result()) == 1

    def taken(number):
        workers.take_a_core(number)
        return os.sched_getaffinity(0)

    with contextlib.ExitStack() as threads:  # it is a thread that computes on a core
        pools = [threads.enter_context(ThreadPoolExecutor(1)) for _ in range(len(allowed) + 1)]
        cores = [pool.submit(taken, number).result() for number, pool in enumerate(pools)]
    assert cores == [{core} for core in (*allowed, allowed[0])]


# ------------------------------------------------------------------------------- nbgrader's own command


@pytest.mark.parametrize("student", ["doubled", "linked"])
def test_nbgrader_stops_what_cannot_be_graded_and_enters_nothing(class_before, student):
    if student == "linked":
        hand_in(class_before, student, "unread", "notes.txt")
        folder = class_before.root / "submitted" / student / LESSON
        shutil.copy(class_before.root / "submitted" / "right" / LESSON / NOTEBOOK, folder)
        (folder / "tools.py").symlink_to(class_before.root / "nbgrader_config.py")
    with pytest.raises(CourseError):
        class_before.run(Autograde, {"CourseDirectory": {"assignment_id": LESSON, "student_id": student}})
    assert scores(class_before, LESSON) == {}
    assert not (class_before.root / "autograded" / student / LESSON).exists()
    with opened(directory_of(class_before)) as book, pytest.raises(MissingEntry):
        book.find_submission(LESSON, student)


def test_nbgrader_reads_in_bounds_too(class_before):
    nb = lesson_notebook()
    nb.metadata.many = [[]] * intake.MAX_PARTS
    hand_in(class_before, "many", canonical.text(nb))
    with pytest.raises(CourseError, match="too large"):
        class_before.run(Autograde, {"CourseDirectory": {"assignment_id": LESSON, "student_id": "many"}})


# ------------------------------------------------------------------------------- faults


@posix
def test_a_killed_worker_costs_only_the_submission_that_kills_it(class_before, canned, graded_class):
    canned.kills = ("noisy",)
    graded = told(autograde(plan(class_before, LESSON), workers=2))
    assert graded.pop("noisy") == (None, ("the process that graded it ended twice (BrokenProcessPool)",))
    expected = told(graded_class.graded.values())
    expected.pop("noisy")
    assert graded == expected
    canned.kills = ()
    assert plan(class_before, LESSON).students == ("doubled", "essay", "noisy")
    list(autograde(plan(class_before, LESSON), workers=1))
    assert whole(class_before, graded_class)


def in_a_child(work, *arguments) -> int:
    """Do `work` in a forked process; its exit code."""
    child = multiprocessing.get_context("fork").Process(target=work, args=arguments)
    child.start()
    child.join(120)
    return child.exitcode


def killed_at(course, step):
    """Grade, and be killed at the `step`-th of the moments between which anything on disk changes."""
    moments = itertools.count(1)

    def dying(function):
        def called(*arguments, **settings):
            if next(moments) == step:
                os.kill(os.getpid(), signal.SIGKILL)
            return function(*arguments, **settings)

        return called

    for owner, name in [
        (autograding, "lay_out"),
        (autograding, "_protect"),
        (Entries, "enter"),
        (Entries, "_penalize"),
        (autograding.Path, "rename"),
        (autograding, "_remove"),
    ]:
        setattr(owner, name, dying(getattr(owner, name)))
    list(autograde(plan(course, LESSON), workers=1))


@posix
@pytest.mark.parametrize("step", [1, 3, 4, 5, 6, 7, 8, 12])
def test_a_grader_killed_at_any_moment_finishes_next_time(class_before, canned, graded_class, step):
    assert in_a_child(killed_at, class_before, step) == -signal.SIGKILL
    known = scores(class_before, LESSON)
    assert all(known[student] == scores(graded_class.after, LESSON)[student] for student in known)
    list(autograde(plan(class_before, LESSON), workers=1))
    assert whole(class_before, graded_class)


def work_for_long(course, pids):
    Canned.grade = staticmethod(lambda *_: (pids.put((os.getpid(), tempfile.mkdtemp())), time.sleep(600)))
    list(autograde(plan(course, LESSON), workers=2))


@posix
def test_workers_and_what_they_wrote_end_with_a_killed_grader(class_before, canned, monkeypatch):
    monkeypatch.setattr(Canned, "grade", Canned.grade)
    context = multiprocessing.get_context("fork")
    pids = context.Queue()
    child = context.Process(target=work_for_long, args=(class_before, pids))
    child.start()
    busy = [pids.get(timeout=60) for _ in range(2)]
    grading = [psutil.Process(pid) for pid, _ in busy]
    os.kill(child.pid, signal.SIGKILL)
    child.join(60)
    _, alive = psutil.wait_procs(grading, timeout=20)
    assert not alive
    assert not [folder for _, folder in busy if Path(folder).parent.exists()]
    with autograding._alone(class_before):
        pass


@posix
def test_a_locked_gradebook_is_told_and_nothing_is_lost(class_before, canned, graded_class, monkeypatch):
    monkeypatch.setattr(gradebook, "PATIENCE", 0.1)
    round = plan(class_before, LESSON)
    other = sqlite3.connect(class_before.root / "gradebook.db")
    other.execute("BEGIN EXCLUSIVE")
    with pytest.raises(
        CourseError, match=r"another program has been writing into it .* run the same command again"
    ):
        list(autograde(round, workers=1))
    other.rollback()
    other.close()
    list(autograde(plan(class_before, LESSON), workers=1))
    assert whole(class_before, graded_class)


@posix
def test_a_gradebook_locked_halfway_is_waited_for(class_before, canned, graded_class):
    """Another program writes between two submissions, for a moment."""
    work = autograde(plan(class_before, LESSON), workers=1)
    first = next(work)
    with contextlib.closing(sqlite3.connect(class_before.root / "gradebook.db")) as other:
        other.execute("UPDATE student SET first_name = 'A' WHERE id = ?", (first.student,))
        other.commit()
    list(work)
    assert whole(class_before, graded_class)


@pytest.mark.parametrize("content", [b"Dear teacher" * 1000, b""])
def test_a_broken_gradebook_is_told_and_left_alone(class_before, content):
    path = class_before.root / "gradebook.db"
    path.write_bytes(content)
    with pytest.raises(CourseError, match=r"is broken|is not in the gradebook"):
        plan(class_before, LESSON)
    assert not content or path.read_bytes() == content


def disk_of(course, size, answer):
    """Grade where no file can grow beyond `size` bytes."""
    import resource

    signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, size))
    try:
        list(autograde(plan(course, LESSON), workers=1))
    except (CourseError, OSError) as error:
        answer.send(str(error))


@posix
@pytest.mark.skipif(sys.platform == "darwin", reason="limits of a file's size are another matter there")
@pytest.mark.parametrize("full", ["outcome", "gradebook"])
def test_a_full_disk_is_told_and_the_next_round_finishes(class_before, canned, graded_class, full):
    size = 4_096
    if full == "gradebook":  # which is full already, while there is room for each submission's outcome
        path = class_before.root / "gradebook.db"
        with contextlib.closing(sqlite3.connect(path)) as book:
            others = [(f"other-{number}", "x" * 1000) for number in range(500)]
            book.executemany("INSERT INTO student (id, first_name) VALUES (?, ?)", others)
            book.commit()
        size = path.stat().st_size - 1000
    reader, writer = multiprocessing.Pipe()
    assert in_a_child(disk_of, class_before, size, writer) == 0
    assert reader.poll(), "it went through"
    said = reader.recv()
    assert os.strerror(errno.EFBIG) in said or "full" in said or "disk" in said
    known = scores(class_before, LESSON)
    assert all(known[student] == scores(graded_class.after, LESSON)[student] for student in known)
    list(autograde(plan(class_before, LESSON), workers=1))
    assert whole(class_before, graded_class)


@posix
def test_a_clock_that_jumps_changes_nothing(class_before, canned, graded_class, monkeypatch):
    now = itertools.cycle([0.0, 4e9, 1e6])
    monkeypatch.setattr(time, "time", lambda: next(now))
    graded = list(autograde(plan(class_before, LESSON), workers=1))
    assert all(one.seconds >= 0 for one in graded)
    assert plan(class_before, LESSON).students == ("doubled", "essay")
    assert whole(class_before, graded_class)


def test_two_rounds_at_once_are_refused(class_before, monkeypatch):
    monkeypatch.setattr(autograding, "PATIENCE", 0.1)
    with (
        autograding._alone(class_before),
        pytest.raises(CourseError, match="being graded by another process already"),
    ):
        list(autograde(plan(class_before, LESSON)))


# ------------------------------------------------------------------------------- on several machines


@pytest.fixture(scope="module")
def cluster():
    """A Dask scheduler and two worker processes."""
    distributed = pytest.importorskip("distributed")
    with distributed.LocalCluster(
        n_workers=2, threads_per_worker=1, processes=True, dashboard_address=None, protocol="tcp"
    ) as running:
        yield running.scheduler_address


def test_a_cluster_gives_what_this_machine_gives(class_before, graded_class, cluster):
    some = ["right", "misconceived", "essay"]
    graded = told(autograde(plan(class_before, LESSON, some), scheduler=cluster))
    assert graded == {student: told(graded_class.graded.values())[student] for student in some}
    for student in ("right", "misconceived"):
        assert scores(class_before, LESSON)[student] == scores(graded_class.after, LESSON)[student]
        mine, other = (
            canonical.read(course.root / "autograded" / student / LESSON / NOTEBOOK)
            for course in (class_before, graded_class.after)
        )
        assert [cell.outputs for cell in mine.cells[3::2]] == [cell.outputs for cell in other.cells[3::2]]


def test_no_scheduler_is_told(class_before):
    pytest.importorskip("distributed")
    with pytest.raises(CourseError, match=r"no Dask scheduler answers at tcp://127\.0\.0\.1:1"):
        list(autograde(plan(class_before, LESSON, ["right"]), scheduler="tcp://127.0.0.1:1"))


def test_what_goes_to_workers_is_plain_and_holds_no_student(graded_class):
    directory = directory_of(graded_class.after)
    with opened(directory) as book:
        needed = material(directory, book, graded_class.after.config(), LESSON, trusted=False)
    assert b"misconceived" not in needed.gradebook
    assert needed.notebooks == {LESSON: tuple(name for n in NAMES for name in (n, f"check_{n}"))}
    assert list(needed.files) == ["pictures/mask.png"] and list(needed.hidden) == ["answers.json"]
    assert needed.settings["Execute"]["timeout"] == 120
    assert Graded("ada").graded is False


@posix
def test_where_isolation_is_not_to_be_had_nothing_is_graded(class_before, monkeypatch):
    def refuse(*_, **__):
        raise workers.KernelFailed("the system does not let a process be isolated")

    monkeypatch.setattr(workers, "Session", refuse)
    with pytest.raises(workers.NotIsolated, match=r"(?s)the system does not .* --container.* --trust-sub"):
        list(autograde(plan(class_before, LESSON), workers=1))
    assert scores(class_before, LESSON) == {}
