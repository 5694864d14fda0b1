"""Where an exercise says what to read again, that section stands in its lesson."""

import re

import pytest
from answers import COURSE

from grader.classroom import canonical
from grader.exercises import exercises


@pytest.mark.parametrize("lesson", COURSE.lessons)
def test_the_sections_that_exercises_name_are_there(lesson):
    cells = canonical.read(COURSE.notebook(lesson)).cells
    headings = "\n".join(
        line
        for cell in cells
        if cell.cell_type == "markdown"
        for line in cell.source.split("\n")
        if line[:1] == "#"
    )
    named = {
        section for each in exercises(lesson).values() for section in re.findall("“(.*?)”", each.read or "")
    }
    assert named and {section for section in named if section not in headings} == set()
