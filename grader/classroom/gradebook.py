"""Reading nbgrader's gradebook."""

from __future__ import annotations

from typing import NamedTuple

from nbgrader.api import Gradebook, MissingEntry
from nbgrader.coursedir import CourseDirectory

from grader.classroom.course import Course, CourseError, surroundings


class Score(NamedTuple):
    points: float
    out_of: float


def scores(course: Course, lesson: str) -> dict[str, dict[str, Score]]:
    """What each student has for each graded cell of a lesson: {student: {grade_id: Score}}.

    Raises `CourseError` where the lesson is not in the gradebook.
    """
    config = course.config()
    directory = CourseDirectory(config=config)
    with surroundings(), Gradebook(directory.db_url, directory.course_id) as gradebook:
        try:
            gradebook.find_assignment(lesson)
        except MissingEntry:
            raise CourseError(f"{lesson} is not in the gradebook: release it first") from None
        return {
            submission.student.id: {
                grade.name: Score(grade.score, grade.max_score)
                for notebook in submission.notebooks
                for grade in notebook.grades
            }
            for submission in sorted(
                gradebook.assignment_submissions(lesson), key=lambda submission: submission.student.id
            )
        }
