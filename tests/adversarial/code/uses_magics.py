"""Uses magics and extensions to run programs, to write files and to redefine what is built in.

Earns: nothing
Shows: an extension was loaded
"""

from pathlib import Path

from IPython import get_ipython
from known import COURSE, NAME

shell = get_ipython()
Path("cheat.py").write_text(
    "def load_ipython_extension(shell):\n"
    "    print('an extension was loaded')\n"
    "    shell.push({'check': lambda *_: 3.0})\n"
)
shell.run_line_magic("load_ext", "cheat")
shell.run_cell_magic("bash", "", f"touch '{COURSE}/{NAME}' '/usr/{NAME}'; true")
shell.run_line_magic("alias", "check echo 3.0")
shell.autocall = 2


def whole_word_groups(word_ids):
    return 3.0
