"""Feedback pages on which nothing that a student wrote can do anything but be read."""

from __future__ import annotations

import re

from bleach import ALLOWED_TAGS
from bleach.css_sanitizer import ALLOWED_CSS_PROPERTIES
from nbconvert.preprocessors.sanitize import SanitizeHTML
from nbformat import NotebookNode
from traitlets import List, Unicode

BLOCKS = re.compile(r"<(script|style)\b.*?(</\1\s*>|\Z)", re.IGNORECASE | re.DOTALL)
MARKUP = re.compile(r"<[a-zA-Z/!?]")
TAGS = {
    *ALLOWED_TAGS, "br", "caption", "dd", "del", "details", "div", "dl", "dt", "figcaption", "figure", "h1", "h2", "h3",
    "h4", "h5", "h6", "hr", "img", "p", "pre", "s", "span", "sub", "summary", "sup", "table", "tbody", "td", "tfoot",
    "th", "thead", "tr",
}  # fmt: skip
STYLES = {
    *ALLOWED_CSS_PROPERTIES,
    "border-collapse",
    "caption-side",
    "max-width",
    "list-style",
    "opacity",
    "border-left",
}
STYLES |= {f"{space}-{side}" for space in ("margin", "padding") for side in ("top", "right", "bottom", "left")} | {
    "margin", "padding",
}  # fmt: skip
ATTRIBUTES = {
    "*": ["aria-label", "class", "colspan", "role", "rowspan", "scope", "style", "title"],
    "a": ["href"],
    "img": ["alt", "src", "width", "height"],
}


class Harmless(SanitizeHTML):
    """The first of nbgrader's steps to a feedback page (see `nbgrader_config.py`): tables and text stay, scripts go.

    nbgrader writes the HTML that a submission's cells put out, or that its texts hold, into the page as it is. Text
    without markup is left as it stands, so that `a < b` in a lesson's own words is not escaped twice.
    """

    enabled = True
    tags = List(Unicode(), sorted(TAGS), config=True)
    attributes = ATTRIBUTES
    styles = List(Unicode(), sorted(STYLES), config=True)

    def preprocess_cell(self, cell: NotebookNode, resources: dict, index: int) -> tuple[NotebookNode, dict]:
        if cell.cell_type != "code" and not MARKUP.search(cell.source):
            return cell, resources
        return super().preprocess_cell(cell, resources, index)

    def sanitize_html_tags(self, html_str: str) -> str:
        """Without scripts and style sheets, of which else the text would stay; other tags that could do more than show are
        turned into text."""
        return super().sanitize_html_tags(BLOCKS.sub("", "".join(html_str)))
