"""From an answer to a verdict. Knows nothing of notebooks, nbgrader or processes."""

from . import expect
from .draw import Draw
from .exercise import Answer, Case, Exercise
from .judging import judge, mark
from .paper import Paper
from .quiz import Question, Quiz
from .verdict import Verdict

__all__ = [
    "Answer",
    "Case",
    "Draw",
    "Exercise",
    "Paper",
    "Question",
    "Quiz",
    "Verdict",
    "expect",
    "judge",
    "mark",
]
