"""A quiz: questions whose wrong options each have an explanation, judged like any exercise.

A student answers by a function that returns one letter for each question, so that the answers stand in the
notebook's source and are checked, hinted at and graded as every other answer is.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from html import escape
from string import ascii_lowercase

from .exercise import Answer, Case, Exercise
from .expect import Mismatch
from .verdict import code


@dataclass(frozen=True)
class Question:
    """`options` are (text, explanation) in the order of their letters; `right` is the letter of the right one."""

    text: str
    options: tuple[tuple[str, str], ...]
    right: str

    def __post_init__(self) -> None:
        if self.right not in self.letters:
            raise ValueError(f"{self.text!r} has no option {self.right!r}")

    @property
    def letters(self) -> str:
        return ascii_lowercase[: len(self.options)]

    def explanation(self, letter: str) -> str:
        return self.options[self.letters.index(letter)][1]


class Quiz(Exercise):
    """Questions by a short name each. All must be right for the points: letters are quickly guessed one by one."""

    def __init__(self, name: str, questions: dict[str, Question], *, points: float = 1.0, read: str = ""):
        super().__init__(
            name,
            points=points,
            takes=(),
            returns=("letters: dict of str",),
            summary="Answer each question by the letter of the right option.",
            read=read,
            rounds=1,
            all_or_nothing=True,
            hints=("Check as often as you like: every wrong option is answered by what is wrong about it.",),
        )
        self.questions = questions
        self.case(your_letters)
        for key, question in questions.items():
            self.must(f"{key}: {question.text}")(self._requirement(key))

    def _requirement(self, key: str) -> Callable[[Case, Answer], None]:
        question = self.questions[key]

        def holds(_: Case, answer: Answer) -> None:
            given = answer().get(key)
            letter = given.strip().lower() if isinstance(given, str) else ""
            if len(letter) != 1 or letter not in question.letters:
                raise Mismatch(f"write one of the letters {', '.join(question.letters)}")
            if letter != question.right:
                raise Mismatch(f"({letter}) {question.explanation(letter)}")

        return holds

    def _repr_html_(self) -> str:
        blocks = ""
        for name, question in self.questions.items():
            options = "".join(
                f"<li>({letter}) {code(text)}</li>"
                for letter, (text, _) in zip(question.letters, question.options, strict=True)
            )
            blocks += (
                f"<li style='margin-bottom:0.8em'><strong>{escape(name)}</strong>: {code(question.text)}"
                f"<ul style='list-style:none;margin:0.2em 0;padding-left:1.5em'>{options}</ul></li>"
            )
        return f"<ul style='list-style:none;padding-left:0;max-width:50em'>{blocks}</ul>"

    def __repr__(self) -> str:
        lines = []
        for name, question in self.questions.items():
            lines.append(f"{name}: {question.text}")
            lines += [
                f"  ({letter}) {text}"
                for letter, (text, _) in zip(question.letters, question.options, strict=True)
            ]
        return "\n".join(lines)


def your_letters(_: object) -> Case:
    """your letters"""
    return Case()
