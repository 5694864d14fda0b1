"""The step that runs a submission's cells: who judges what, and what a kernel's death costs."""

import contextlib
import shutil
from pathlib import Path
from typing import ClassVar

import pytest
import torch
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook, new_output
from small_course import LESSON, NAMES, graded, lesson_notebook, source

from grader.classroom import canonical, exams, execute
from grader.classroom.execute import (
    KEY,
    Execute,
    Terms,
    checks_in,
    fair,
    not_judged,
    released_cells,
    shown,
    working_copy,
)
from grader.classroom.gradebook import directory_of
from grader.classroom.lessons import Check, check_of
from grader.classroom.needed import sources
from grader.exercises import exercises
from grader.judge import Paper, judge, mark
from grader.judge.calling import Outcome, Raised, perform
from grader.kernel.limits import Limits
from grader.kernel.session import Status

EXERCISES = exercises(LESSON)


class Here:
    """A stand-in for `Session` that runs cells in this process; a cell that says DIE ends its kernel."""

    made: ClassVar[list] = []

    def __init__(self, workdir, *, limits, isolated):
        self.workdir, self.limits, self.isolated = workdir, limits, isolated
        self.alive, self.ran, self.restarts = True, [], []
        self.names: dict = {}
        Here.made.append(self)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.alive = False

    def run(self, source, seconds):
        self.ran.append(source)
        if not self.alive:
            return [], Status.DIED
        if "DIE" in source:
            self.alive = False
            return [], Status.DIED
        if "SLEEP" in source:
            return [], Status.TIMED_OUT
        try:
            exec(source, self.names)
        except Exception as error:
            return [
                new_output("error", ename=type(error).__name__, evalue=str(error), traceback=[])
            ], Status.ERROR
        return list(self.names.pop("outputs", [])), Status.OK

    def answer(self, name, seconds, foreseen, revive):
        def call(arguments, gradients, changes):
            if not self.alive:
                return Outcome(raised=Raised("KernelDied", "it died", "", ("KernelDied",)))
            try:
                return perform(self.names[name], arguments, gradients=gradients, changes=changes)
            except KeyError:
                return Outcome(
                    raised=Raised("NameError", f"name {name!r} is not defined", "", ("NameError",))
                )

        call.asked = []
        return call

    def restart(self, cells, seconds):
        self.restarts.append(list(cells))
        self.alive, self.names = True, {}
        for cell in cells:
            self.run(cell, seconds)


@pytest.fixture
def run(released, monkeypatch):
    """A function that executes a notebook as the small course's lesson, and gives its cells by their ids."""
    Here.made = []
    monkeypatch.setattr(execute, "Session", Here)
    folder = released.root / "autograded" / "ada" / LESSON
    folder.mkdir(parents=True)

    def go(nb, own=(), **settings):
        resources = {
            "metadata": {"path": str(folder)},
            "nbgrader": {
                "student": "ada",
                "assignment": LESSON,
                "notebook": LESSON,
                "db_url": f"sqlite:///{released.root / 'gradebook.db'}",
            },
            KEY: Terms(11, None, {LESSON: sources(own)}),
        }
        step = Execute(**settings)
        with contextlib.suppress(FileNotFoundError):
            shutil.copy(released.solutions / LESSON / "pictures" / "mask.png", folder)
        step(nb, resources)
        return {cell.id: cell for cell in nb.cells}

    return go


def points(cell):
    (output,) = cell.outputs
    return float(output.data["text/plain"])


def test_right_answers_are_worth_all_and_say_so(run):
    cells = run(lesson_notebook())
    for name in NAMES:
        (output,) = cells[f"check-{name}"].outputs
        assert output.output_type == "execute_result"
        assert points(cells[f"check-{name}"]) == EXERCISES[name].points
        assert output.metadata[KEY]["right"] and output.metadata[KEY]["exercise"] == name
        assert 'aria-label="Verdict on' in output.data["text/html"]
    assert [cell.execution_count for cell in cells.values() if cell.cell_type == "code"] == list(range(1, 10))


def test_check_is_never_run_where_the_student_could_be(run):
    nb = lesson_notebook()
    nb.cells[1].source += "\ndef check(answer):\n    raise SystemExit"
    cells = run(nb)
    assert points(cells["check-mask_tokens"]) == EXERCISES["mask_tokens"].points
    assert not [text for text in Here.made[0].ran if text.startswith("check(")]


SHOWN = "for _ in range(10):\n    print('a training')"


def test_what_the_lesson_only_shows_is_not_run_again(run):
    nb = lesson_notebook()
    nb.cells.insert(
        2, new_code_cell(SHOWN, id="shown", outputs=[new_output("stream", name="stdout", text="old")])
    )
    cells = run(nb, own=[SHOWN, nb.cells[1].source])
    assert SHOWN not in Here.made[0].ran
    assert (cells["shown"].outputs, cells["shown"].execution_count) == ([], None)
    assert [points(cells[f"check-{name}"]) for name in NAMES] == [EXERCISES[name].points for name in NAMES]


def test_what_the_lesson_only_shows_is_run_where_it_is_wanted_or_was_changed(run):
    for own, settings in (([SHOWN], {"run_everything": True}), ([], {})):
        nb = lesson_notebook()
        nb.cells.insert(2, new_code_cell(SHOWN, id="shown"))
        run(nb, own=own, **settings)
        assert SHOWN in Here.made[-1].ran


def test_everything_is_run_beside_a_cell_of_plain_asserts(run):
    nb = lesson_notebook()
    nb.cells.insert(2, new_code_cell(SHOWN, id="shown"))
    asserts = graded(grade_id="asserts", grade=True, solution=False, locked=True, points=1)
    nb.cells.append(new_code_cell("assert True", id="asserts", metadata=asserts))
    run(nb, own=[SHOWN])
    assert SHOWN in Here.made[0].ran


def test_a_lessons_own_cells_are_those_that_were_released(released):
    (name,) = released_cells(directory_of(released), LESSON)
    nb = canonical.read(released.notebooks / LESSON / f"{LESSON}.ipynb")
    assert released_cells(directory_of(released), LESSON)[name] == sources(
        [cell.source for cell in nb.cells if cell.cell_type == "code"]
    )
    assert released_cells(directory_of(released), "another") == {}


def test_grading_draws_more_cases_with_the_course_seed(run, monkeypatch):
    papers = {}

    def spy(paper, call):
        papers[paper.exercise.name] = paper
        return mark(paper, call)

    monkeypatch.setattr(exams, "mark", spy)
    run(lesson_notebook(), more_cases=3)
    exercise, drawn = EXERCISES["mlm_loss"], papers["mlm_loss"].cases
    wanted = Paper(exercise, seed=11, rounds=3 * exercise.rounds).cases
    assert [case.name for case in drawn] == [case.name for case in wanted]
    assert all(torch.equal(a.logits, b.logits) for a, b in zip(drawn, wanted, strict=True))


def test_an_exercise_that_cannot_judge_an_answer_costs_no_other(run, monkeypatch):
    def fails(paper, call):
        if paper.exercise.name == "mlm_loss":
            raise TypeError("unhashable type: 'list'")
        return mark(paper, call)

    monkeypatch.setattr(exams, "mark", fails)
    cells = run(lesson_notebook())
    (output,) = cells["check-mlm_loss"].outputs
    assert output.ename == "NotJudged" and "mlm_loss cannot be judged: TypeError" in output.evalue
    (told,) = not_judged(new_notebook(cells=list(cells.values())))
    assert told.startswith("mlm_loss cannot be judged") and told.endswith("give the points by hand")
    said = new_code_cell(
        "assert False", metadata=graded(grade_id="a", grade=True, solution=False, locked=True, points=1)
    )
    said.outputs = [output]
    assert not_judged(new_notebook(cells=[said])) == [], "a student's kernel may say anything"
    assert points(cells["check-mask_tokens"]) == EXERCISES["mask_tokens"].points


def test_what_a_submission_says_of_its_cells_is_not_asked(run):
    """The cell's own source names another exercise; the instructor's cell of this name decides."""
    nb = lesson_notebook()
    cells = {cell.id: cell for cell in nb.cells}
    cells["check-mask_tokens"].source = "check(mlm_loss)"
    extra = new_code_cell(
        "check(mlm_loss)",
        id="extra",
        metadata=graded(grade_id="mine", grade=True, solution=False, locked=True, points=100),
    )
    nb.cells.append(extra)
    cells = run(nb)
    assert cells["check-mask_tokens"].outputs[0].metadata[KEY]["exercise"] == "mask_tokens"
    assert not [output for output in cells["extra"].outputs if KEY in output.get("metadata", {})]


def test_tags_and_outputs_of_the_submission_mean_nothing(run):
    nb = lesson_notebook()
    for cell in nb.cells[2:]:
        cell.metadata.tags = ["skip-execution", "raises-exception"]
    nb.cells[2].source = "def mask_tokens(*arguments):\n    raise NotImplementedError"
    cells = run(nb)
    assert points(cells["check-mask_tokens"]) == 0
    assert points(cells["check-mlm_loss"]) == EXERCISES["mlm_loss"].points


@pytest.mark.parametrize("bad", ["DIE", "1 / 0", "SLEEP", "def mask_tokens(:"])
def test_a_cell_that_fails_costs_only_what_hangs_on_it(run, bad):
    nb = lesson_notebook()
    nb.cells[2].source = bad
    cells = run(nb)
    assert cells["mask_tokens"].outputs[-1].output_type == "error"
    got = {name: points(cells[f"check-{name}"]) for name in NAMES}
    assert got == {name: 0 if name == "mask_tokens" else EXERCISES[name].points for name in NAMES}


def test_a_new_kernel_runs_what_ran_before_and_not_what_killed(run):
    nb = lesson_notebook()
    nb.cells[4].source = "DIE"
    run(nb)
    (session,) = Here.made
    assert session.restarts == [[nb.cells[1].source, nb.cells[2].source]]


def test_a_kernel_that_dies_in_a_call_loses_that_exercise_alone(run, monkeypatch):
    def dies(self, name, seconds, **terms):
        call = answers(self, name, seconds, **terms)
        if name != "mlm_loss":
            return call

        def last(*given):
            self.alive = False
            return call(*given)

        last.asked = call.asked
        return last

    answers = Here.answer
    monkeypatch.setattr(Here, "answer", dies)
    cells = run(lesson_notebook())
    got = {name: points(cells[f"check-{name}"]) for name in NAMES}
    assert got == {name: 0 if name == "mlm_loss" else EXERCISES[name].points for name in NAMES}
    assert "KernelDied: it died" in cells["check-mlm_loss"].outputs[0].data["text/html"]


def test_a_notebook_that_kills_every_kernel_ends(run):
    nb = lesson_notebook()
    nb.cells[2:2] = [new_code_cell("DIE", id=f"die-{i}") for i in range(30)]
    run(nb)
    assert len(Here.made[0].restarts) == execute.REVIVALS


def test_no_new_kernel_once_the_notebooks_time_is_over(run):
    nb = lesson_notebook()
    nb.cells[2].source = "DIE"
    cells = run(nb, limits={"notebook": 0.0})
    assert Here.made[0].restarts == []
    assert points(cells["check-mlm_loss"]) == 0


def test_a_dead_kernels_cell_has_an_error_where_the_session_gave_none(run):
    nb = lesson_notebook()
    nb.cells[2].source = "DIE"
    assert run(nb)["mask_tokens"].outputs[0].ename == "Failed"


def test_isolation_and_limits_are_settings(run):
    run(lesson_notebook(("mlm_loss",)), limits={"memory": 5 << 20})
    run(lesson_notebook(("mlm_loss",)), trust_submissions=True)
    first, second = Here.made
    assert first.isolated and first.limits == Limits(memory=5 << 20)
    assert not second.isolated and second.limits == Limits()


def test_another_language_is_refused_with_its_name(run):
    nb = lesson_notebook()
    nb.metadata.kernelspec = {"name": "ir", "display_name": "R", "language": "R"}
    with pytest.raises(RuntimeError, match="this one is in R"):
        run(nb)


def test_the_kernel_sees_a_copy_without_notebooks_and_links(tmp_path):
    folder = tmp_path / "ada" / LESSON
    (folder / "helpers").mkdir(parents=True)
    (folder / "helpers" / "tools.py").write_text("x = 1")
    (folder / "a.ipynb").write_text("hidden tests stand in locked cells")
    (folder / "link").symlink_to("/etc/hosts")
    (folder / "helpers").chmod(0o755)
    with working_copy(folder) as copy:
        assert sorted(p.relative_to(copy).as_posix() for p in copy.rglob("*")) == [
            "helpers",
            "helpers/tools.py",
        ]
        (copy / "helpers" / "tools.py").write_text("changed")
        (copy / "made.txt").write_text("new")
    assert not copy.exists()
    assert (folder / "helpers" / "tools.py").read_text() == "x = 1"


# ------------------------------------------------------------------------------- which cells are judged here


@pytest.mark.parametrize(
    ("text", "check"),
    [
        ("check(mlm_loss)", Check("mlm_loss", "mlm_loss")),
        ('# is it right?\ncheck(mine, "mlm_loss")', Check("mlm_loss", "mine")),
        ("import math\ncheck(mlm_loss)", Check("mlm_loss", "mlm_loss", "import math")),
        ("verdict = check(mlm_loss)", None),
        ("check(mlm_loss);check", None),
        ("check(mlm_loss())", None),
        ("check('mlm_loss')", None),
        ("%time check(mlm_loss)", None),
        ("print(check(mlm_loss))", None),
        ("", None),
    ],
)
def test_a_check_is_recognised(text, check):
    assert check_of(text) == check


def test_only_exercises_that_there_are_are_judged_here():
    cells = {"a": "check(mlm_loss)", "b": "check(their_own)", "c": "assert f() == 1", "d": "check(f) == 1"}
    assert list(checks_in(cells)) == ["a"]
    assert checks_in({}) == {}


def test_what_a_check_cell_does_first_is_done_in_the_kernel(run, released):
    from nbgrader.api import Gradebook

    with Gradebook(f"sqlite:///{released.root / 'gradebook.db'}", "headway") as gradebook:
        cell = gradebook.find_source_cell("check_mlm_loss", LESSON, LESSON)
        cell.source = "mine = mlm_loss\ncheck(mine, 'mlm_loss')"
        gradebook.db.commit()
    cells = run(lesson_notebook(("mlm_loss",)))
    assert "mine = mlm_loss" in Here.made[0].ran
    assert points(cells["check-mlm_loss"]) == EXERCISES["mlm_loss"].points


# ------------------------------------------------------------------------------- how a verdict is shown


def test_points_follow_what_the_cell_is_worth():
    exercise = EXERCISES["mlm_loss"]
    names: dict = {}
    exec("import torch\nimport torch.nn.functional as F\n" + source("mlm_loss"), names)
    right = judge(exercise, names["mlm_loss"])
    for worth in (exercise.points, 6.0, 0.0):
        output = shown(right, worth)
        assert float(output.data["text/plain"]) == worth == output.metadata[KEY]["points"]


def test_a_misconception_is_noted_for_the_report():
    exercise = EXERCISES["mlm_loss"]
    mistake = exercise.mistakes[0]
    data = shown(judge(exercise, mistake.function), exercise.points).metadata[KEY]
    assert (data["mistake"], data["misconception"]) == (mistake.name, mistake.sentence)
    assert not data["right"] and data["missed"]


# ------------------------------------------------------------------------------- plain asserts of other courses


def result(text, **more):
    return new_output("execute_result", {"text/plain": text, **more}, execution_count=1)


def kinds(outputs):
    return [output.output_type for output in outputs]


def nbgraders_points(source, outputs, points=8.0):
    from nbgrader.utils import determine_grade

    cell = new_code_cell(
        source, metadata=graded(grade_id="a", grade=True, solution=False, locked=True, points=points)
    )
    cell.outputs = fair(source, outputs, points)
    return determine_grade(cell)[0]


@pytest.mark.parametrize(
    ("source", "outputs", "points"),
    [
        ("assert f()", [], 8),
        ("assert f()", [new_output("error", ename="AssertionError", evalue="", traceback=[])], 0),
        ("assert f()", [new_output("stream", name="stderr", text="UserWarning: a warning")], 8),
        ("assert f()", [new_output("stream", name="stderr", text="100%|####| 3/3")], 8),
        ("assert f()", [result("8")], 8),
        ("assert f()", [result("50.0")], 8),
        ("assert f()", [result("1.0"), new_output("error", ename="AssertionError", evalue="", traceback=[])], 0),
        ("score(f)", [result("2.5")], 2.5),
        ("score(f)", [result("8.0"), result("2.5")], 2.5),
        ("score(f)", [result("50.0")], 0),
        ("score(f)", [result("nan")], 0),
        ("score(f)", [result("-1")], 0),
        ("score(f)", [result("inf")], 0),
        ("score(f)", [result("'fine'")], 8),
        ("score(f);", [result("1")], 8),
        ("%%score\nf", [result("3")], 3),
    ],
)  # fmt: skip
def test_points_are_what_the_cells_author_meant(source, outputs, points):
    assert nbgraders_points(source, outputs) == points


def test_a_result_without_text_does_not_lose_the_submission():
    assert (
        nbgraders_points("figure()", [new_output("execute_result", {"image/png": "aGk="}, execution_count=1)])
        == 8
    )


def test_a_plain_course_runs_in_the_kernel(run, released):
    """A graded cell that is no check is run there, and what it gives is read as nbgrader reads it."""
    from nbgrader.api import Gradebook

    with Gradebook(f"sqlite:///{released.root / 'gradebook.db'}", "headway") as gradebook:
        gradebook.find_source_cell("check_mlm_loss", LESSON, LESSON).source = "assert mlm_loss"
        gradebook.db.commit()
    nb = lesson_notebook(("mlm_loss",))
    nb.cells[-1].source = "assert mlm_loss, 'there is one'"
    nb.cells.insert(1, new_markdown_cell("text"))
    cells = run(nb)
    assert cells["check-mlm_loss"].outputs == []
    assert nb.cells[-1].source in Here.made[0].ran


def test_nothing_of_the_working_copy_remains(run):
    run(lesson_notebook(("mlm_loss",)))
    assert not Path(Here.made[0].workdir).exists()
