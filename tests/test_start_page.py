"""The page that `make lab` opens."""

import re
from pathlib import Path

import nbformat
import pytest

from grader.exercises import exercises
from grader.judge import judge
from grader.judge.verdict import number

ROOT = Path(__file__).parents[1]
PAGES = [ROOT / folder / "00_start_here.ipynb" for folder in ("solutions", "notebooks")]


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.parent.name)
def test_every_lesson_is_linked_and_every_link_leads_somewhere(page):
    text = "\n".join(cell.source for cell in nbformat.read(page, as_version=4).cells)
    links = sorted(re.findall(r"\]\(([^)]+)\)", text))
    lessons = (ROOT / "solutions").glob("[0-9][0-9]_*/*.ipynb")
    assert links == sorted(f"{lesson.parent.name}/{lesson.name}" for lesson in lessons)
    assert [link for link in links if not (page.parent / link).is_file()] == []


def test_both_editions_say_the_same():
    solution, released = [nbformat.read(page, as_version=4) for page in PAGES]
    assert [(cell.id, cell.source) for cell in solution.cells] == [
        (cell.id, cell.source) for cell in released.cells
    ]
    assert all(not cell.get("outputs") and cell.get("execution_count") is None for cell in released.cells)


def test_the_verdict_that_it_shows_is_what_the_checker_says():
    (text,) = (
        cell.source for cell in nbformat.read(PAGES[0], as_version=4).cells if "does not hold" in cell.source
    )
    exercise = exercises("03_masked_lm")["mask_tokens"]
    verdict = judge(exercise, exercise.mistakes[0].function)
    assert f"**{verdict.title}**" in text
    rows = re.findall(r"^> \| ([✓✗][^|]*) \| (.*) \| ([\d.]+) \|$", text, re.MULTILINE)
    assert [(mark, points) for mark, _, points in rows] == [
        (row.mark, number(row.points)) for row in verdict.requirements
    ]
    for (_, said, _), row in zip(rows, verdict.requirements, strict=True):
        sentence, _, finding = said.partition("<br>")
        assert row.sentence.startswith(sentence.rstrip("."))
        assert finding.replace("`", "") == (row.finding.message if row.finding else "")
    assert verdict.misconception.startswith(re.search(r"\*\*The likely cause:\*\* (.*)", text)[1])
