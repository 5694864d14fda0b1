"""A verdict, and how it shows itself: a table in JupyterLab, text when printed, a bare number to nbgrader."""

from __future__ import annotations

import re
import textwrap
from dataclasses import dataclass, field
from html import escape


@dataclass(frozen=True)
class Finding:
    """What was seen: a sentence, the input it was seen on, and values beside the place where it shows."""

    message: str
    input: dict[str, str] = field(default_factory=dict)
    beside: dict[str, str] = field(default_factory=dict)

    @property
    def text(self) -> str:
        if not self.beside:
            return self.message
        return f"{self.message} (there: {', '.join(f'{name} {text}' for name, text in self.beside.items())})"


@dataclass(frozen=True)
class Requirement:
    """One requirement as judged. `holds` is None where the answer never came so far."""

    sentence: str
    points: float
    holds: bool | None
    finding: Finding | None = None
    look: str = ""

    @property
    def mark(self) -> str:
        return {True: "✓ holds", False: "✗ does not hold", None: "– not reached"}[self.holds]


@dataclass(frozen=True)
class Verdict:
    """What `check` returns. `mistake` is the name of the recognised misconception, empty if there is none."""

    exercise: str
    asked: str
    points: float
    out_of: float
    requirements: tuple[Requirement, ...]
    problem: Finding | None = None
    misconception: str = ""
    mistake: str = ""
    look: str = ""
    hints: int = 0
    warned: tuple[str, ...] = ()
    printed: str = ""

    @property
    def right(self) -> bool:
        return all(row.holds for row in self.requirements)

    @property
    def counterexample(self) -> Finding | None:
        """The first thing that went wrong, in the order in which requirements are listed."""
        if self.problem:
            return self.problem
        return next((row.finding for row in self.requirements if row.finding), None)

    @property
    def title(self) -> str:
        if not self.out_of:
            held = sum(bool(row.holds) for row in self.requirements)
            return f"{self.exercise}: {held} of {len(self.requirements)} requirements hold (extra, without points)"
        return f"{self.exercise}: {number(self.points)} of {number(self.out_of)} {'point' if self.out_of == 1 else 'points'}"

    def __repr__(self) -> str:
        # nbgrader reads the points of a graded cell from here.
        return number(self.points)

    def __str__(self) -> str:
        lines = [self.title, f"Asked: {self.asked}", ""]
        for row in self.requirements:
            points = f" [{number(row.points)}]" if self.out_of else ""
            lines += textwrap.wrap(f"{row.mark}{points}: {row.sentence}", 100, subsequent_indent="    ")
            if row.finding:
                lines += textwrap.wrap(
                    row.finding.text, 100, initial_indent="    > ", subsequent_indent="      "
                )
        for label, text in self._remarks():
            lines += ["", *textwrap.wrap(f"{label} {text}", 100, subsequent_indent="    ")]
        return "\n".join(lines)

    def _repr_html_(self) -> str:
        rows = "".join(
            f'<tr><td style="{CELL}white-space:nowrap">{row.mark}</td><td style="{CELL}">{code(row.sentence)}'
            + (f'<br><span style="opacity:0.85">{code(row.finding.text)}</span>' if row.finding else "")
            + "</td>"
            + (f'<td style="{CELL}text-align:right">{number(row.points)}</td>' if self.out_of else "")
            + "</tr>"
            for row in self.requirements
        )
        heads = ["Holds?", "Requirement"] + ["Points"] * bool(self.out_of)
        head = "".join(f'<th scope="col" style="{CELL}">{text}</th>' for text in heads)
        remarks = "".join(
            f'<p style="margin:0.4em 0"><strong>{label}</strong> {code(text)}</p>'
            for label, text in self._remarks()
        )
        edge = "#2e7d32" if self.right else "#b26a00"
        return (
            f'<div role="region" aria-label="Verdict on {escape(self.exercise)}" '
            f'style="border-left:4px solid {edge};padding:0.2em 0 0.2em 0.9em;max-width:60em;font-size:14px">'
            f'<table style="margin:0;border-collapse:collapse"><caption style="text-align:left;font-weight:bold;'
            f'font-size:16px;caption-side:top;padding:0.3em 0">{escape(self.title)}</caption>'
            f"<thead><tr>{head}</tr></thead><tbody>{rows}</tbody></table>{remarks}</div>"
        )

    def _remarks(self) -> list[tuple[str, str]]:
        """What stands below the table: (label, text), the text in plain characters with `code` in backticks."""
        remarks = []
        if self.right:
            remarks.append(("Verdict:", "every requirement holds. Well done."))
        if self.problem:
            remarks.append(("What happened:", self.problem.message))
        if (seen := self.counterexample) and (case := seen.input.get("case")):
            values = [f"{name} = {text}" for name, text in seen.input.items() if name != "case"]
            remarks.append(("Tried on:", "; ".join([case, *values])))
        if self.misconception:
            remarks.append(("The likely cause:", self.misconception))
        if self.look:
            remarks.append(("Look again at:", self.look))
        if self.hints and not self.right:
            remarks.append(
                (
                    "Stuck?",
                    f"`hint({self.exercise})` has {self.hints} {'hint' if self.hints == 1 else 'hints'}.",
                )
            )
        if self.warned:
            remarks.append(("Warned (costs nothing):", "; ".join(self.warned)))
        if self.printed.strip():
            remarks.append(("Printed by your code:", self.printed.strip()))
        return remarks


CELL = "text-align:left;vertical-align:top;padding:0.25em 0.8em 0.25em 0;"


def number(points: float) -> str:
    """Points as people write them: `3`, `2.5`, `-0.25`."""
    return f"{round(points, 2):g}"


def code(text: str) -> str:
    """HTML of a plain text in which backticks mark code, and asterisks around a word or more emphasis."""
    parts = escape(text).split("`")
    if len(parts) % 2 == 0:  # a lone backtick is a character like any other
        return EMPHASIS.sub(r"<em>\1</em>", escape(text))
    return "".join(
        f"<code>{part}</code>" if index % 2 else EMPHASIS.sub(r"<em>\1</em>", part)
        for index, part in enumerate(parts)
    )


EMPHASIS = re.compile(
    r"(?<![\w*])\*([^\W\d_](?:[^*\n]*\w)?)\*(?![\w*])"
)  # *so*, but not 2*3*4, *args or **kwargs
