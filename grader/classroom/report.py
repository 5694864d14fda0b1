"""What a class got right and wrong in a lesson, on one page without scripts, to read before the next lecture."""

from __future__ import annotations

import base64
import itertools
import json
import statistics
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from html import escape
from pathlib import Path

import nbformat
from nbformat import NotebookNode
from nbgrader.api import SubmittedAssignment

from grader.classroom.course import Course, CourseError
from grader.classroom.execute import KEY
from grader.classroom.gradebook import directory_of, known, opened
from grader.classroom.lessons import answer_cells
from grader.exercises import exercises, lessons
from grader.judge.verdict import code, number
from grader.lab.figures import HIDDEN, MODEL, TRUTH, figure, plain_axes, png

FOLDER = "reports"


@dataclass(frozen=True)
class Item:
    """A graded cell: what it is called, what it is worth, and what each student has for it."""

    name: str
    out_of: float
    points: dict[str, float]

    @property
    def right(self) -> float:
        """The share of students with all points."""
        return statistics.fmean(got >= self.out_of for got in self.points.values())

    @property
    def mean(self) -> float:
        """The mean share of the points."""
        return statistics.fmean(self.points.values()) / self.out_of if self.out_of else 0.0

    def discrimination(self, totals: dict[str, float]) -> float | None:
        """How well this tells apart who does well in all the rest from who does not: the correlation of its points with
        the sum of the other items' points (corrected item-total correlation). None where one of both does not vary.
        """
        rest = [totals[student] - got for student, got in self.points.items()]
        own = list(self.points.values())
        if len(set(own)) < 2 or len({round(value, 6) for value in rest}) < 2:
            return None
        return statistics.correlation(own, rest)


@dataclass(frozen=True)
class Held:
    """A misconception or a missed requirement: of which exercise, in words, and the students who have it."""

    exercise: str
    sentence: str
    students: tuple[str, ...]


@dataclass(frozen=True)
class Overview:
    """A class in a lesson. `answers` are sources by student and exercise; `late` are seconds by student; `missing` have
    not handed in, `waiting` have, and are not graded."""

    lesson: str
    out_of: float
    totals: dict[str, float]
    items: tuple[Item, ...]
    misconceptions: tuple[Held, ...]
    unrecognised: tuple[Held, ...]
    answers: dict[tuple[str, str], str]
    late: dict[str, float]
    missing: tuple[str, ...]
    waiting: tuple[str, ...]


def overview(course: Course, lesson: str) -> Overview:
    """What the gradebook and `autograded/` tell of a lesson. Raises `CourseError` where nobody is graded yet."""
    directory = directory_of(course)
    held: dict[tuple[str, str], list[str]] = defaultdict(list)
    missed: dict[tuple[str, str], list[str]] = defaultdict(list)
    names: dict[str, str] = {}
    answers: dict[tuple[str, str], str] = {}
    with opened(directory) as gradebook:
        assignment = known(gradebook, lesson)
        entries = sorted(assignment.submissions, key=lambda entry: entry.student.id)
        enrolled = {student.id for student in gradebook.students}
        if not entries:
            raise CourseError(f"nobody is graded in {lesson} yet: run the verb grade first")
        order = [
            (notebook.name, cell.name)
            for notebook in assignment.notebooks
            for cell in notebook.source_cells
            if cell.name in {graded.name for graded in notebook.grade_cells}
        ]
        worth = {
            (notebook.name, cell.name): cell.max_score
            for notebook in assignment.notebooks
            for cell in notebook.grade_cells
        }
        points: dict[tuple[str, str], dict[str, float]] = {cell: {} for cell in order}
        for entry in entries:
            student = entry.student.id
            for cell, got in _grades(entry):
                if cell in points:
                    points[cell][student] = got
            folder = Path(directory.format_path(directory.autograded_directory, student, lesson))
            for nb in _notebooks(folder, {name for name, _ in order}):
                for verdict_of, verdict in _verdicts(nb):
                    names[verdict_of] = exercise = verdict["exercise"]
                    if verdict["misconception"]:
                        held[exercise, verdict["misconception"]].append(student)
                    elif verdict["missed"]:
                        missed[exercise, verdict["missed"][0]].append(student)
                answers |= {(student, name): source for name, source in _answers(nb, lesson).items()}
        totals = {entry.student.id: entry.score for entry in entries}
        late = {e.student.id: e.total_seconds_late for e in entries if e.total_seconds_late > 0}
        out_of = assignment.max_score
    submitted = {
        path.parent.name
        for path in Path(directory.root).glob(f"{directory.submitted_directory}/[!.]*/{lesson}")
        if path.is_dir()
    }
    return Overview(
        lesson,
        out_of,
        totals,
        tuple(Item(names.get(cell[1], cell[1]), worth[cell], points[cell]) for cell in order if points[cell]),
        _ranked(held),
        _ranked(missed),
        answers,
        late,
        tuple(sorted(enrolled - submitted - totals.keys())),
        tuple(sorted(submitted - totals.keys())),
    )


def _grades(entry: SubmittedAssignment) -> Iterable[tuple[tuple[str, str], float]]:
    for notebook in entry.notebooks:
        for grade in notebook.grades:
            yield (notebook.name, grade.name), grade.score


def _notebooks(folder: Path, names: set[str]) -> Iterable[NotebookNode]:
    for name in sorted(names):
        path = folder / f"{name}.ipynb"
        if path.is_file():
            yield nbformat.from_dict(json.loads(path.read_text("utf-8")))


def _verdicts(nb: NotebookNode) -> Iterable[tuple[str, dict]]:
    """The verdicts in a graded notebook, by the names of their cells."""
    for cell in nb.cells:
        for output in cell.get("outputs", []):
            if KEY in output.get("metadata", {}) and "nbgrader" in cell.metadata:
                yield cell.metadata.nbgrader.grade_id, output.metadata[KEY]


def _answers(nb: NotebookNode, lesson: str) -> dict[str, str]:
    if lesson not in lessons():
        return {}
    for cell in nb.cells:
        cell.source = "".join(cell.source)
    return {name: cell.source for name, cell in answer_cells(nb, exercises(lesson)).items()}


def _ranked(found: dict[tuple[str, str], list[str]]) -> tuple[Held, ...]:
    """What most students have comes first."""
    return tuple(
        Held(exercise, sentence, tuple(students))
        for (exercise, sentence), students in sorted(found.items(), key=lambda pair: (-len(pair[1]), pair[0]))
    )


# ------------------------------------------------------------------------------------------------ the page


def report(course: Course, lesson: str) -> Path:
    """Write the report on a lesson to `reports/LESSON.html`; the path is returned. Raises `CourseError`."""
    path = course.root / FOLDER / f"{lesson}.html"
    text = page(overview(course, lesson))
    path.parent.mkdir(exist_ok=True)
    part = path.with_name(f".{path.name}.part")
    part.write_text(text, "utf-8")
    part.replace(path)
    return path


def page(seen: Overview) -> str:
    """The report as HTML that needs nothing else: no script, no style or picture from elsewhere."""
    count = len(seen.totals)
    mean = statistics.fmean(seen.totals.values())
    median = statistics.median(seen.totals.values())
    parts = [
        f"<h1>{escape(seen.lesson)}</h1>",
        f"<p>{_students(count)} graded. Mean {number(mean)}, median {number(median)} of {number(seen.out_of)} points.</p>",
        _who("Not graded yet, or what was handed in cannot be graded", seen.waiting),
        _who("Handed in nothing", seen.missing),
        _who("Late", [f"{student} ({_duration(seconds)})" for student, seconds in seen.late.items()]),
        "<h2>Points</h2>",
        *_distribution(seen),
        "<h2>Exercises</h2>",
        *_exercises(seen),
        "<h2>Misconceptions</h2>",
        *_held(seen, seen.misconceptions, "misconception", "No misconception was recognised."),
    ]
    if seen.unrecognised:
        parts += [
            "<h2>Missed, for a reason that is not known</h2>",
            "<p>The first requirement that does not hold, where no known misconception explains the answer. What many "
            "have here may be a misconception that the exercise does not know yet.</p>",
            *_held(seen, seen.unrecognised, "requirement", ""),
        ]
    parts += _examples(seen)
    body = "\n".join(part for part in parts if part)
    return (
        f'<!DOCTYPE html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n'
        f'<meta name="viewport" content="width=device-width">\n<title>{escape(seen.lesson)}: what the class got wrong'
        f"</title>\n<style>{STYLE}</style>\n</head>\n<body>\n{body}\n</body>\n</html>\n"
    )


STYLE = (
    "body{font:16px/1.5 system-ui,sans-serif;max-width:62em;margin:2em auto;padding:0 1em;color:#1a1a1a;background:#fff}"
    "table{border-collapse:collapse}th,td{text-align:left;vertical-align:top;padding:.3em 1em .3em 0;"
    "border-bottom:1px solid #ccc}td.n,th.n{text-align:right;white-space:nowrap}img{max-width:100%}"
    "pre{background:#f4f4f4;padding:.7em;overflow:auto}h2{margin-top:2em}"
)


def _students(count: int) -> str:
    return "1 student" if count == 1 else f"{count} students"


def _duration(seconds: float) -> str:
    for size, unit in ((86400, "days"), (3600, "hours"), (60, "minutes")):
        if seconds >= size:
            return f"{seconds / size:.1f} {unit}"
    return f"{seconds:.0f} seconds"


def _who(title: str, names: Iterable[str]) -> str:
    names = list(names)
    return f"<p><strong>{title} ({len(names)}):</strong> {escape(', '.join(names))}</p>" if names else ""


def _picture(picture, alt: str) -> list[str]:
    data = base64.b64encode(png(picture)).decode()
    return [
        f'<figure><img src="data:image/png;base64,{data}" alt="{escape(alt)}"></figure>',
        f"<p>{escape(alt)}</p>",
    ]


def _distribution(seen: Overview) -> list[str]:
    width = max(1, round(seen.out_of / 10))
    last = int(max(seen.out_of, *seen.totals.values()) // width)
    edges = [width * place for place in range(last + 2)]
    drawn = figure(height=3.0)
    axes = drawn.subplots()
    counts, _, _ = axes.hist(seen.totals.values(), bins=edges, color=MODEL, edgecolor="white")
    mean = statistics.fmean(seen.totals.values())
    axes.axvline(mean, color=TRUTH, linestyle="--", label=f"mean {number(mean)}")
    axes.set_xticks(edges[:-1])
    axes.yaxis.get_major_locator().set_params(integer=True)
    axes.set_xlabel(f"points (of {number(seen.out_of)}), each bar from the number at its left edge")
    axes.set_ylabel("students")
    axes.legend(frameon=False)
    plain_axes(axes)
    whole = {seen.out_of} if width > 1 else set(edges)  # bars of a single number
    labels = [f"{low}" if low in whole else f"{low} to <{high}" for low, high in itertools.pairwise(edges)]
    told = "; ".join(f"{label}: {count:.0f}" for label, count in zip(labels, counts, strict=True) if count)
    return _picture(drawn, f"How many students have how many points ({told}).")


def _exercises(seen: Overview) -> list[str]:
    drawn = figure(height=0.9 + 0.35 * len(seen.items))
    axes = drawn.subplots()
    places = range(len(seen.items))
    axes.barh(
        places,
        [item.mean for item in seen.items],
        color=HIDDEN,
        hatch="....",
        edgecolor="white",
        label="mean points",
    )
    axes.barh(places, [item.right for item in seen.items], height=0.4, color=MODEL, label="all points")
    axes.set_yticks(places, [item.name for item in seen.items])
    axes.invert_yaxis()
    axes.set_xlim(0, 1)
    axes.set_xlabel("share of students with all points; mean share of the points")
    axes.legend(frameon=False, loc="lower left", bbox_to_anchor=(0, 1), ncols=2)
    plain_axes(axes)
    told = "; ".join(f"{item.name} {item.right:.0%}, {item.mean:.0%}" for item in seen.items)
    rows = "".join(
        f'<tr><td>{escape(item.name)}</td><td class="n">{number(item.out_of)}</td><td class="n">{item.right:.0%}</td>'
        f'<td class="n">{item.mean:.0%}</td><td class="n">{_discrimination(item, seen.totals)}</td></tr>'
        for item in seen.items
    )
    heads = ["Points", "Have all", "Mean", "Discrimination"]
    head = '<th scope="col">Exercise</th>' + "".join(
        f'<th scope="col" class="n">{text}</th>' for text in heads
    )
    return [
        *_picture(drawn, f"Of each exercise, who has all points, and the mean share of the points: {told}."),
        f"<table><thead><tr>{head}</tr></thead><tbody>{rows}</tbody></table>",
        "<p>Discrimination is the correlation of an exercise's points with the sum of the others': near 0 (or below) it "
        "says nothing about who understands the rest, and is worth a second look.</p>",
    ]


def _discrimination(item: Item, totals: dict[str, float]) -> str:
    value = item.discrimination(totals)
    return "–" if value is None else f"{value:.2f}"


def _held(seen: Overview, found: tuple[Held, ...], what: str, nothing: str) -> list[str]:
    if not found:
        return [f"<p>{nothing}</p>"]
    rows = "".join(
        f'<tr><td class="n">{len(one.students)}</td><td class="n">{len(one.students) / len(seen.totals):.0%}</td>'
        f"<td>{escape(one.exercise)}</td><td>{code(one.sentence)} {_link(seen, one)}</td></tr>"
        for one in found
    )
    head = (
        '<th scope="col" class="n">Students</th><th scope="col" class="n">Share</th><th scope="col">Exercise</th>'
        f'<th scope="col">The {what}</th>'
    )
    return [f"<table><thead><tr>{head}</tr></thead><tbody>{rows}</tbody></table>"]


def _example(seen: Overview, one: Held) -> tuple[str, str] | None:
    """The student and exercise of the shortest answer that shows it."""
    written = [(student, one.exercise) for student in one.students if (student, one.exercise) in seen.answers]
    return min(written, key=lambda key: (len(seen.answers[key]), key), default=None)


def _link(seen: Overview, one: Held) -> str:
    key = _example(seen, one)
    return f'<a href="#{_anchor(key)}">an example</a>' if key else ""


def _anchor(key: tuple[str, str]) -> str:
    student, exercise = key
    return escape(f"example-{exercise}-{student.encode().hex()}")


def _examples(seen: Overview) -> list[str]:
    shown = dict.fromkeys(
        filter(None, (_example(seen, one) for one in (*seen.misconceptions, *seen.unrecognised)))
    )
    if not shown:
        return []
    blocks = [
        f'<h3 id="{_anchor(key)}">{escape(key[1])}, by {escape(key[0])}</h3>\n<pre><code>{escape(seen.answers[key])}'
        "</code></pre>"
        for key in shown
    ]
    return ["<h2>Examples</h2>", *blocks]
