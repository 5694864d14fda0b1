"""Hands in a notebook whose metadata are nested as deeply as a parser takes.

Earns: not graded: ecursion
"""

import json

from grader.classroom import canonical


def tamper(folder, nb, course):
    text = canonical.text(canonical.canonical(nb))
    content = json.loads(text)
    content["metadata"]["nest"] = 0
    return json.dumps(content).replace('"nest": 0', '"nest": ' + "[" * 900 + "]" * 900)
