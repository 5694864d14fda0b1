"""What sentences look like in a verdict: backticks are code, asterisks emphasis, and all else is text."""

import pytest

from grader.judge.verdict import code


@pytest.mark.parametrize(
    ("text", "html"),
    [
        ("Raise a `ValueError`.", "Raise a <code>ValueError</code>."),
        ("by *more* than that", "by <em>more</em> than that"),
        ("the *first real* token, and *one* more", "the <em>first real</em> token, and <em>one</em> more"),
        ("a lone ` beside *one*", "a lone ` beside <em>one</em>"),
        ("`a *b* c`", "<code>a *b* c</code>"),
        ("2 * 3 * 4, 2*3*4", "2 * 3 * 4, 2*3*4"),
        ("*args, **kwargs, *more", "*args, **kwargs, *more"),
        ("<b> & `<i>`", "&lt;b&gt; &amp; <code>&lt;i&gt;</code>"),
    ],
)
def test_marks_in_a_sentence(text, html):
    assert code(text) == html
