"""Pages of submissions, formgrader's and those of feedback, on which nothing that a student wrote can do anything but be
read.

nbgrader puts the HTML that a submission's cells put out, or that its texts hold, into its pages as it is. A script in
formgrader's runs with the rights of the instructor who opens it, and could give points. `nbgrader_config.py` has every
page made with the step and the filter from here.
"""

from __future__ import annotations

import functools
import re
from pathlib import PurePosixPath
from urllib.parse import unquote, urlsplit

import tinycss2
from bleach import ALLOWED_TAGS
from bleach.css_sanitizer import ALLOWED_CSS_PROPERTIES, CSSSanitizer
from bleach.sanitizer import ALLOWED_PROTOCOLS, Cleaner
from jinja2 import pass_context
from jinja2.runtime import Context
from nbconvert.filters.markdown_mistune import IPythonRenderer, MarkdownWithMath
from nbconvert.preprocessors.sanitize import SanitizeHTML
from nbformat import NotebookNode
from nbgrader.utils import is_grade
from traitlets import Set

BLOCKS = re.compile(r"<(script|style)\b.*?(</\1\s*>|\Z)", re.IGNORECASE | re.DOTALL)
TAGS = {
    *ALLOWED_TAGS, "br", "caption", "dd", "del", "details", "div", "dl", "dt", "figcaption", "figure", "h1", "h2", "h3",
    "h4", "h5", "h6", "hr", "img", "p", "pre", "s", "span", "sub", "summary", "sup", "table", "tbody", "td", "tfoot",
    "th", "thead", "tr",
}  # fmt: skip
STYLES = {
    *ALLOWED_CSS_PROPERTIES, "border-collapse", "border-left", "caption-side", "list-style", "margin", "max-width",
    "opacity", "padding",
    *(f"{space}-{side}" for space in ("margin", "padding") for side in ("top", "right", "bottom", "left")),
}  # fmt: skip
COLOURS = {"rgb", "rgba", "hsl", "hsla"}
MEASURES = {"number", "dimension", "percentage"}
PLAIN = ("aria-label", "colspan", "role", "rowspan", "scope", "style", "title")
PIECE, ALL = 20_000, 300_000
"""How many characters of a text or an output are shown, and how many of a notebook: colours, Markdown and cleaning can take
the square of their number, and whoever makes the pages of a class waits for all of them."""
ELSEWHERE = re.compile(r"(https?://|mailto:)\w", re.IGNORECASE)
"""With its slashes: without them, `http:x.html` is a file beside the page."""
SHOWN = {".csv", ".gif", ".ipynb", ".jpeg", ".jpg", ".json", ".md", ".pdf", ".png", ".py", ".txt"}
PICTURE = re.compile(r"data:image/(png|jpeg|gif);base64,", re.IGNORECASE)
CLASS = re.compile(r"highlight|dataframe|[a-z][a-z0-9]{0,2}")
"""What code in colours (Pygments) and tables are made of; others belong to the page, whose buttons are found by them."""


def _may_stay(tag: str, name: str, value: str) -> bool:
    """Whether an attribute does not more than show. A picture from elsewhere tells there who reads the page, and when."""
    if name == "class":
        return all(map(CLASS.fullmatch, value.split()))
    if tag == "a":
        return name == "href" and _runs_nothing(value)
    if tag == "img" and name == "src":
        return bool(PICTURE.match(value)) or _is_beside_the_page(value)
    return name in PLAIN or (tag == "img" and name in ("alt", "width", "height"))


def _runs_nothing(address: str) -> bool:
    """Whether a link leads elsewhere, to a place in the page, or to a file that a browser only shows: formgrader hands out
    what was handed in, and a page among that would have its own rights."""
    address = address.strip()
    if ELSEWHERE.match(address) or address.startswith("#"):
        return True
    try:
        scheme, _, path, *_ = urlsplit(address)
        return scheme in ("", "http", "https") and PurePosixPath(unquote(path)).suffix.lower() in SHOWN
    except ValueError:
        return False


def _is_beside_the_page(address: str) -> bool:
    try:
        return not any(urlsplit(address.replace("\\", "/"))[:2])
    except ValueError:
        return False


class _Styles(CSSSanitizer):
    """Of a style, what neither loads anything (`url(...)`, in whatever property) nor lies over what stands before it."""

    def sanitize_css(self, style: str) -> str:
        kept = tinycss2.parse_declaration_list(
            super().sanitize_css(style), skip_comments=True, skip_whitespace=True
        )
        return tinycss2.serialize([one for one in kept if not any(map(self._does_more, one.value))])

    @staticmethod
    def _does_more(part: tinycss2.ast.Node) -> bool:
        loads = part.type == "url" or (part.type == "function" and part.lower_name not in COLOURS)
        return loads or (part.type in MEASURES and part.value < 0)


@functools.cache
def _cleaner() -> Cleaner:
    styles = _Styles(allowed_css_properties=STYLES)
    protocols = {*ALLOWED_PROTOCOLS, "data"}
    return Cleaner(TAGS, {"*": _may_stay}, protocols, css_sanitizer=styles)


def clean(html: str) -> str:
    """Without scripts and style sheets, of which else the text would stay; other tags that could do more than show are
    turned into text."""
    return _cleaner().clean(BLOCKS.sub("", html))


@pass_context
def markdown(context: Context, source: str) -> str:
    """The template filter `markdown2html` as nbconvert has it, but for anchors; cleaned is what it gives, because words and
    formulas of a lesson are not HTML before, and a link of Markdown's is none either."""
    cell = context.get("cell", {})
    renderer = IPythonRenderer(
        escape=False, attachments=cell.get("attachments", {}), exclude_anchor_links=True
    )
    return clean(MarkdownWithMath(renderer=renderer).render(source))


class Harmless(SanitizeHTML):
    """The step over a notebook that is to be a page: cleans what cells put out, and shortens what would take long to be
    made into HTML. Texts are left to `markdown`."""

    enabled = True
    safe_output_keys = Set(
        {"text/plain", "text/latex", "text/markdown", "image/png", "image/jpeg"}, config=True
    )
    sanitized_output_types = Set({"text/html"}, config=True)

    def preprocess(self, nb: NotebookNode, resources: dict) -> tuple[NotebookNode, dict]:
        room = _Room(ALL)
        for cell in nb.cells:
            cell.source = room.take(cell.source, "# " if cell.cell_type == "code" else "")
            _shorten(
                cell.get("outputs", []), _Room(PIECE) if is_grade(cell) else room
            )  # a verdict is always seen
        return super().preprocess(nb, resources)

    def preprocess_cell(self, cell: NotebookNode, resources: dict, index: int) -> tuple[NotebookNode, dict]:
        if cell.cell_type == "markdown":
            return cell, resources
        return super().preprocess_cell(cell, resources, index)

    def sanitize_html_tags(self, html_str: str | list[str]) -> str:
        return clean("".join(html_str))


class _Room:
    """What a page has room for, in characters."""

    def __init__(self, left: int):
        self.left = left

    def take(self, text: str, begin: str = "") -> str:
        """As much of a text as there is room for; the rest is told, in a line that begins with `begin`."""
        shown = text[: min(PIECE, self.left)]
        self.left -= len(shown)
        rest = len(text) - len(shown)
        return f"{shown}\n\n{begin}[{rest:,} more characters are not shown here]" if rest else text


def _shorten(outputs: list[NotebookNode], room: _Room) -> None:
    for output in outputs:
        if output.output_type == "stream":
            output.text = room.take(output.text)
        elif output.output_type == "error":
            output.traceback = [room.take("\n".join(output.traceback))]
        else:
            for mime, text in output.data.items():
                if mime.startswith("text/"):
                    output.data[mime] = room.take("".join(text))
