"""Hands in what grading leaves behind: records, seeds, gradebooks, feedback.

Earns: nothing
"""

import json


def tamper(folder, nb, course):
    (folder / ".graded.json").write_text(json.dumps({"digest": "0", "faults": [], "seconds": 0, "memory": 0}))
    for name in ("gradebook.db", "gradebook.seed", "feedback.html", "hidden/answers.json", ".grading.lock"):
        (folder / name).parent.mkdir(exist_ok=True)
        (folder / name).write_text("0")
    for cell in nb.cells:
        if cell.id == "whole_word_groups":
            cell.source = "def whole_word_groups(word_ids):\n    return None"
