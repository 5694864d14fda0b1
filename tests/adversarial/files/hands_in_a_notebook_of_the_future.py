"""Hands in a notebook in a format that is yet to come.

Earns: all
"""

import json

from grader.classroom import canonical


def tamper(folder, nb, course):
    text = json.loads(canonical.text(canonical.canonical(nb)))
    text["nbformat_minor"] = 99
    text["cells"][0]["what_is_to_come"] = {"outputs": ["3.0"]}
    return json.dumps(text)
