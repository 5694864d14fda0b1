"""The course as nbgrader sees it: solutions/ is its source, notebooks/ its release. Read from the folder it stands in."""

import os
from pathlib import Path

from nbgrader.coursedir import CourseDirectory

COURSE = Path(os.path.abspath(__file__)).parent

c = get_config()  # noqa: F821, given by traitlets

c.CourseDirectory.course_id = "headway"
c.CourseDirectory.root = str(COURSE)  # and with it gradebook.db, submitted/, autograded/ and feedback/
c.CourseDirectory.source_directory = "solutions"
c.CourseDirectory.release_directory = "notebooks"
# solutions/*/hidden/ holds what only the grader may see.
c.CourseDirectory.ignore = [*CourseDirectory().ignore, "hidden"]

# Where assignments change hands. A class sets HEADWAY_EXCHANGE to a folder that all can write to, which has to exist;
# the course's own folder is made here, open to all as nbgrader wants it.
if shared := os.environ.get("HEADWAY_EXCHANGE"):
    c.Exchange.root = os.path.abspath(shared)
else:
    exchange = COURSE / "exchange"
    c.Exchange.root = str(exchange)
    if not exchange.exists() and os.access(COURSE, os.W_OK):
        exchange.mkdir(exist_ok=True)
        exchange.chmod(0o777)

# Students work in notebooks/, so that is where they fetch to and submit from. In the instructor's copy that folder is
# the release, which a fetch must not touch.
if not (COURSE / "solutions").is_dir():
    c.Exchange.assignment_dir = str(COURSE / "notebooks")

c.ClearSolutions.code_stub = {"python": 'raise NotImplementedError("write your answer here")'}
c.ClearSolutions.text_stub = "*Write your answer here.*"
c.Execute.timeout = 120  # seconds a cell: the lessons that fine-tune need more than nbgrader's 30

# nbgrader's own steps from a solution to its release, and then one canonical form, so that a diff shows what changed.
if (COURSE / "solutions").is_dir():
    steps = ["IncludeHeaderFooter", "InstantiateTests", "LockCells", "ClearSolutions", "ClearOutput", "CheckCellMetadata"]
    steps += ["ComputeChecksums", "SaveCells", "ClearHiddenTests", "ClearMarkScheme", "ComputeChecksums", "CheckCellMetadata"]
    c.GenerateAssignment.preprocessors = [f"nbgrader.preprocessors.{step}" for step in steps]
    c.GenerateAssignment.preprocessors += ["grader.classroom.canonical.Canonical"]

    # Submissions are looked at before anything else, run in isolation, and judged where their code cannot reach;
    # `nbgrader autograde`, formgrader and `grader grade` all go this way. See grader/classroom/execute.py.
    c.Autograde.exporter_class = "grader.classroom.intake.Reader"
    steps = ["ClearOutput", "DeduplicateIds", "OverwriteKernelspec", "OverwriteCells", "CheckCellMetadata"]
    c.Autograde.sanitize_preprocessors = ["grader.classroom.intake.Inspect"]
    c.Autograde.sanitize_preprocessors += [f"nbgrader.preprocessors.{step}" for step in steps]
    steps = ["IgnorePattern", "LimitOutput", "SaveAutoGrades", "AssignLatePenalties"]
    c.Autograde.autograde_preprocessors = ["grader.classroom.execute.Execute"]
    c.Autograde.autograde_preprocessors += [f"nbgrader.preprocessors.{step}" for step in steps]
    # Pages with a student's work, in formgrader and as feedback, show it and run nothing of it.
    c.HTMLExporter.preprocessors = ["grader.classroom.harmless.Harmless"]
    c.HTMLExporter.filters = {"markdown2html": "grader.classroom.harmless.markdown"}
    c.CourseDirectory.ignore += [".graded.json"]
    c.ExportApp.plugin_class = "grader.classroom.export.ExerciseCsv"
