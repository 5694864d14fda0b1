"""The page that `make lab` opens."""

import re
from pathlib import Path

import nbformat
import pytest

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
