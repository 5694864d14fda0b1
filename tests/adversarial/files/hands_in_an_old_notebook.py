"""Hands in a notebook in a format of long ago, in which the checks' cells have other parts.

Earns: all
"""

import json

import nbformat


def tamper(folder, nb, course):
    return json.dumps(nbformat.v3.downgrade(nbformat.convert(nb, 4)))
