"""Grades for other programs."""

import csv

from small_course import LESSON, NAMES

from grader.classroom.export import HEAD, _cell
from grader.classroom.gradebook import directory_of, opened, scores
from grader.exercises import exercises


def exported(course, *arguments):
    course.nbgrader("export", "--to", "out.csv", *arguments)
    with (course.root / "out.csv").open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def test_every_student_has_a_row_and_every_exercise_a_column(class_after):
    with opened(directory_of(class_after)) as book:
        book.update_or_create_student("zoe", last_name="O'Hara, jr.", first_name='"Z"')
    config = class_after.root / "nbgrader_config.py"
    config.write_text(
        config.read_text() + "\nc.ExportApp.plugin_class = 'grader.classroom.export.ExerciseCsv'\n"
    )
    rows = exported(class_after)
    assert list(rows[0]) == [*HEAD, *NAMES]
    by_student = {row["student_id"]: row for row in rows}
    given = scores(class_after, LESSON)
    assert set(by_student) == {*given, "zoe"}
    for student, cells in given.items():
        row = by_student[student]
        assert {name: float(row[name]) for name in NAMES} == {
            name: cells[f"check_{name}"].points for name in NAMES
        }
        assert float(row["score"]) == round(sum(score.points for score in cells.values()), 6)
        assert float(row["max_score"]) == sum(exercises(LESSON)[name].points for name in NAMES)
        assert row["timestamp"] == "2026-03-01 10:00:00"
    assert by_student["zoe"]["last_name"] == "O'Hara, jr." and by_student["zoe"]["mask_tokens"] == ""
    assert float(by_student["zoe"]["score"]) == 0
    chosen = exported(
        class_after, "--ExportPlugin.student=['right']", "--ExportPlugin.assignment=['03_masked_lm']"
    )
    assert [row["student_id"] for row in chosen] == ["right"]
    assert exported(class_after, "--ExportPlugin.assignment=['other']") == []


def test_points_that_were_added_up_end_where_they_should():
    assert _cell(0.1 + 0.2) == 0.3 and _cell(7.720000000000001) == 7.72
    assert _cell("0.1") == "0.1" and _cell("") == ""


def test_no_text_is_a_formula():
    assert _cell("=1+1") == "'=1+1" and _cell("@sum(1)") == "'@sum(1)" and _cell("O'Hara") == "O'Hara"
    assert _cell(-0.5) == -0.5
