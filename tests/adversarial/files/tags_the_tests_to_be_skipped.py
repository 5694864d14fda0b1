"""Tags all cells so that they are not run, or may fail, and stores the outputs that it would like to have.

From: nbgrader, which gave 8 of 8
Earns: nothing
"""

from nbformat.v4 import new_output


def tamper(folder, nb, course):
    for cell in nb.cells:
        if cell.cell_type == "code":
            cell.metadata.tags = ["skip-execution", "raises-exception", "remove-output"]
            cell.metadata.jupyter = {"source_hidden": True}
            cell.outputs = [new_output("execute_result", {"text/plain": "3.0"}, execution_count=1)]
            cell.outputs[0].metadata["headway"] = {"points": 3.0, "out_of": 3.0, "right": True}
        if cell.id == "whole_word_groups":
            cell.source = "def whole_word_groups(word_ids):\n    return None"
