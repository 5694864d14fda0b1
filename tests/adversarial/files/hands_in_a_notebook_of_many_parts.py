"""Hands in a notebook of a few MB that takes many times as much memory, and minutes, to read.

Earns: not graded: too large
"""

import json

from grader.classroom import canonical


def tamper(folder, nb, course):
    content = json.loads(canonical.text(canonical.canonical(nb)))
    content["metadata"]["many"] = 0
    return json.dumps(content).replace('"many": 0', f'"many": [{"{}, " * 1_000_000}0]')
