"""What a right answer does, one module a lesson. `masked_lm.py` belongs to `solutions/03_masked_lm/`.

A module names its lesson (`LESSON`, the folder's name) and holds its exercises as module attributes.
"""

from __future__ import annotations

import difflib
import functools
import importlib
import pkgutil
from types import ModuleType

from grader.judge import Exercise


@functools.cache
def lessons() -> dict[str, ModuleType]:
    """The exercise module of each lesson, by the lesson's name (`03_masked_lm`), in the course's order."""
    modules = [
        importlib.import_module(f"{__name__}.{info.name}")
        for info in pkgutil.iter_modules(__path__)
        if not info.name.startswith("_")
    ]
    return {module.LESSON: module for module in sorted(modules, key=lambda module: module.LESSON)}


def exercises(lesson: str) -> dict[str, Exercise]:
    """The exercises of a lesson by their names, in the order in which its module defines them.

    `lesson` may be short of its number (`masked_lm`) or of its name (`03`). Raises `ValueError` with the
    nearest names if there is no such lesson.
    """
    module = lessons()[lesson_name(lesson)]
    return {value.name: value for value in vars(module).values() if isinstance(value, Exercise)}


def lesson_name(lesson: str) -> str:
    """The full name of a lesson; `ValueError` with the nearest names if there is none."""
    for name in lessons():
        number, _, title = name.partition("_")
        if lesson in (name, number, title):
            return name
    near = difflib.get_close_matches(lesson, list(lessons()), n=3, cutoff=0.3) or list(lessons())
    raise ValueError(f"there is no lesson {lesson!r}; did you mean {' or '.join(near)}?")


def find(name: str) -> tuple[str, Exercise]:
    """The lesson and the exercise that a function of this name answers.

    Raises `ValueError` with the nearest names if there is none.
    """
    known = {exercise: lesson for lesson in lessons() for exercise in exercises(lesson)}
    if name in known:
        return known[name], exercises(known[name])[name]
    near = difflib.get_close_matches(name, known, n=3, cutoff=0.5)
    suggestion = (
        f"did you mean {' or '.join(near)}?" if near else "an answer keeps the name that the lesson gives it."
    )
    raise ValueError(f"there is no exercise {name!r}; {suggestion}")
