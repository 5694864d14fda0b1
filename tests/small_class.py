"""A small class: what its students hand in, and what is known of them before and after grading."""

from dataclasses import dataclass
from pathlib import Path

from small_course import LESSON

from grader.classroom import canonical
from grader.classroom.autograde import Graded
from grader.classroom.course import Course
from grader.classroom.intake import Submission
from grader.classroom.submissions import typical
from grader.exercises import exercises

NOTEBOOK = f"{LESSON}.ipynb"
NOISY = """
import sys, warnings
from tqdm import tqdm
def noisy(function):
    def called(*arguments):
        warnings.warn("careful")
        print("to stderr", file=sys.stderr)
        return [function(*arguments) for _ in tqdm(range(1))][0]
    return called
mask_tokens = noisy(mask_tokens)
print("8.0")
"""
"""What may follow a right answer: it warns, writes to stderr and draws a progress bar, and stays right."""


def lose(nb, *names):
    """`nb` without the cells of these names."""
    nb.cells = [cell for cell in nb.cells if cell.id not in names]
    return nb


def double(nb, name):
    """`nb` with a copy of a cell pasted at its end."""
    (cell,) = [cell for cell in nb.cells if cell.id == name]
    nb.cells.append(canonical.canonical(nb).cells[nb.cells.index(cell)])
    nb.cells[-1].id = "pasted"
    return nb


def append(nb, name, text):
    """`nb` with `text` at the end of a cell."""
    (cell,) = [cell for cell in nb.cells if cell.id == name]
    cell.source += f"\n{text}"
    return nb


def hand_in(
    course: Course, student: str, content, name: str = NOTEBOOK, when: str = "2026-03-01 10:00:00 UTC"
) -> Path:
    """Put a notebook, or a text in place of one, where nbgrader collects it."""
    folder = course.root / "submitted" / student / LESSON
    folder.mkdir(parents=True, exist_ok=True)
    text = content if isinstance(content, str) else canonical.text(canonical.canonical(content))
    (folder / name).write_text(text, "utf-8")
    (folder / "timestamp.txt").write_text(when)
    return folder


def submissions(course: Course) -> dict:
    """What the class hands in, by student."""
    original = canonical.read(course.notebooks / LESSON / NOTEBOOK)
    kinds = typical(original, canonical.read(course.notebook(LESSON)), exercises(LESSON))

    def right():
        return canonical.canonical(kinds["right"])

    return {
        "right": right(),
        "misconceived": kinds["misconceived"],
        "untouched": kinds["untouched"],
        "noisy": append(right(), "mask_tokens", NOISY),
        "crashing": append(right(), "mlm_loss", "mlm_loss = lambda *_: __import__('os')._exit(1)"),
        "lost": lose(right(), "check-mask_tokens", "mlm_loss"),
        "doubled": double(right(), "check-mask_tokens"),
        "essay": "Dear teacher, here is my essay.",
    }


@dataclass(frozen=True)
class Class:
    """A course before and after its class was graded, what grading told, and what had been handed in."""

    before: Course
    after: Course
    graded: dict[str, Graded]
    handed_in: dict[str, Submission]

    @property
    def good(self) -> set[str]:
        return {student for student, one in self.graded.items() if one.graded}
