"""Hands in packages named as the course's and what Python loads at its start, beside a wrong answer.

Earns: nothing
"""

import os

CODE = """
import sys
print("loaded from the submission", __name__)
class Fake:
    def __getattr__(self, name): return lambda *_, **__: 3.0
sys.modules[__name__] = check = Fake()
"""


def tamper(folder, nb, course):
    for name in (
        "torch",
        "json",
        "safetensors",
        "ipykernel",
        "IPython",
        "grader",
        "numpy",
        "sitecustomize",
        "usercustomize",
    ):
        (folder / f"{name}.py").write_text(CODE)
    for name in (
        "grader/__init__.py",
        "grader/judge/__init__.py",
        "nbgrader/__init__.py",
        "IPython/__init__.py",
    ):
        os.makedirs(folder / name, exist_ok=True)
        os.rmdir(folder / name)
        (folder / name).write_text(CODE)
    for name in ("x.pth", ".pythonrc", "ipython_config.py", "ipython_kernel_config.py", "nbgrader_config.py", "conftest.py",
                 "jupyter_config.py", "profile_default/startup/0.py", "pyvenv.cfg", ".env"):  # fmt: skip
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(CODE)
    for cell in nb.cells:
        if cell.id == "whole_word_groups":
            cell.source = "from grader import check\n\n\ndef whole_word_groups(word_ids):\n    return None"
