"""Grades as a table for other programs: nbgrader's export, with a column for each exercise."""

from __future__ import annotations

import csv

from nbgrader.api import Gradebook, MissingEntry
from nbgrader.plugins.export import ExportPlugin

from grader.classroom.execute import checks_in

HEAD = ("assignment", "duedate", "timestamp", "student_id", "last_name", "first_name", "email",
        "raw_score", "late_submission_penalty", "score", "max_score")  # fmt: skip
FORMULA = ("=", "+", "-", "@", "\t", "\r")


class ExerciseCsv(ExportPlugin):
    """`nbgrader export`: the columns of nbgrader's own CSV, and after them the points of each exercise.

    A row for each student and assignment. An exercise's column is named after it, one of another course's graded cells
    after the cell; it is empty where the assignment has no such exercise, or the student has no entry.
    """

    def export(self, gradebook: Gradebook) -> None:
        assignments = [
            a for a in gradebook.assignments if not self.assignment or a.name in map(str, self.assignment)
        ]
        students = [s for s in gradebook.students if not self.student or s.id in map(str, self.student)]
        names = {assignment.name: _names(assignment) for assignment in assignments}
        columns = list(dict.fromkeys(name for cells in names.values() for name in cells.values()))
        to = self.to or "grades.csv"
        self.log.info("Exporting grades to %s", to)
        with open(to, "w", encoding="utf-8", newline="") as file:
            writer = csv.writer(file)
            writer.writerow([*HEAD, *columns])
            for assignment in assignments:
                for student in students:
                    row = _row(gradebook, assignment, student, names[assignment.name])
                    writer.writerow([_cell(row.get(column, "")) for column in (*HEAD, *columns)])


def _cell(value: object) -> object:
    """Points without what adding binary fractions leaves far behind the comma; a text never as what a spreadsheet would
    compute, since in an exchange that all can write to students may be called anything."""
    if isinstance(value, str) and value.startswith(FORMULA):
        return f"'{value}"
    return round(value, 6) if isinstance(value, float) else value


def _names(assignment) -> dict[tuple[str, str], str]:
    """What each graded cell of an assignment is called: {(notebook, cell): name}."""
    found = {}
    for notebook in assignment.notebooks:
        graded = {cell.name for cell in (*notebook.grade_cells, *notebook.task_cells)}
        sources = {cell.name: cell.source or "" for cell in notebook.source_cells if cell.name in graded}
        checks = checks_in(sources)
        for name in sources:
            found[notebook.name, name] = checks[name].exercise if name in checks else name
    return found


def _row(gradebook: Gradebook, assignment, student, names: dict[tuple[str, str], str]) -> dict[str, object]:
    row = {
        "assignment": assignment.name,
        "duedate": assignment.duedate or "",
        "timestamp": "",
        "student_id": student.id,
        "last_name": student.last_name or "",
        "first_name": student.first_name or "",
        "email": student.email or "",
        "raw_score": 0.0,
        "late_submission_penalty": 0.0,
        "score": 0.0,
        "max_score": assignment.max_score,
    }
    try:
        entry = gradebook.find_submission(assignment.name, student.id)
    except MissingEntry:  # nbgrader, too, has 0 in all for who handed in nothing
        return row
    penalty = entry.late_submission_penalty or 0.0
    row |= {
        "timestamp": entry.timestamp or "",
        "raw_score": entry.score,
        "late_submission_penalty": penalty,
        "score": max(0.0, entry.score - penalty),
    }
    for notebook in entry.notebooks:
        for grade in notebook.grades:
            if name := names.get((notebook.name, grade.name)):
                row[name] = row.get(name, 0.0) + grade.score
    return row
