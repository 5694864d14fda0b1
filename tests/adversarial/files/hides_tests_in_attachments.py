"""Puts files, scripts and tests into the attachments and the metadata of texts.

Earns: all
"""

from nbformat.v4 import new_markdown_cell


def tamper(folder, nb, course):
    attachments = {f"../../{name}.png": {"image/png": "AAAA" * 1000} for name in range(20)}
    attachments["test.py"] = {"text/x-python": "check = lambda *_: 3.0"}
    nb.cells.append(new_markdown_cell("![](attachment:../../0.png)", id="text", attachments=attachments))
    nb.metadata.widgets = {"application/vnd.jupyter.widget-state+json": {"state": {"x": {"y": "z"}}}}
