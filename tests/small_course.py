"""A course folder with one small lesson: the course's own settings and exercises, few cells, no model to load."""

import shutil
from pathlib import Path

from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook, new_output

from grader.classroom import canonical
from grader.classroom.course import CONFIG, Course
from grader.exercises import exercises

ROOT = Path(__file__).parents[1]
LESSON = "03_masked_lm"
NAMES = ("mask_tokens", "mlm_loss", "whole_word_groups", "masked_lm_quiz")
PICTURE = b"\x89PNG not really"

SOLUTIONS = {
    "mask_tokens": '''\
def mask_tokens(ids, special, choose, action, random_ids, mask_id, probability=0.15):
    """Inputs and labels, both (B, L)."""
    ### BEGIN SOLUTION
    chosen = (choose < probability) & ~special
    inputs = torch.where(chosen & (action < 0.8), mask_id, ids)
    inputs = torch.where(chosen & (action >= 0.8) & (action < 0.9), random_ids, inputs)
    return inputs, torch.where(chosen, ids, -100)
    ### END SOLUTION''',
    "mlm_loss": '''\
def mlm_loss(logits, labels):
    """A scalar tensor."""
    ### BEGIN SOLUTION
    total = F.cross_entropy(logits.flatten(0, 1), labels.flatten(), reduction="sum")
    return total / (labels != -100).sum().clamp(min=1)
    ### END SOLUTION''',
    "whole_word_groups": '''\
def whole_word_groups(word_ids):
    """A list of lists of positions."""
    ### BEGIN SOLUTION
    groups, before = [], None
    for position, word in enumerate(word_ids):
        if word is not None:
            if word == before:
                groups[-1].append(position)
            else:
                groups.append([position])
        before = word
    return groups
    ### END SOLUTION''',
    "masked_lm_quiz": """\
def masked_lm_quiz():
    letters = {}
    ### BEGIN SOLUTION
    letters = LETTERS
    ### END SOLUTION
    return letters""",
}


def source(name: str) -> str:
    """The reference answer as it stands in the notebook."""
    quiz = exercises(LESSON)["masked_lm_quiz"]
    return SOLUTIONS[name].replace("LETTERS", repr({key: q.right for key, q in quiz.questions.items()}))


def graded(**settings):
    return {"nbgrader": {"schema_version": 3, "task": False, **settings}}


def lesson_notebook(names=NAMES):
    """The solution notebook, with outputs as an editor would have left them."""
    setup = new_code_cell(
        "import torch\nimport torch.nn.functional as F\nfrom grader import check",
        id="setup",
        metadata={"tags": ["setup"]},
    )
    cells = [new_markdown_cell("# A small lesson", id="title"), setup]
    for name in names:
        answer = graded(grade_id=name, solution=True, grade=False, locked=False)
        check = graded(
            grade_id=f"check_{name}",
            solution=False,
            grade=True,
            locked=True,
            points=exercises(LESSON)[name].points,
        )
        done = new_output("execute_result", {"text/plain": "4"}, execution_count=7)
        cells += [
            new_code_cell(source(name), id=name, metadata=answer),
            new_code_cell(f"check({name})", id=f"check-{name}", metadata=check, outputs=[done]),
        ]
    return new_notebook(cells=cells, metadata={"kernelspec": canonical.KERNELSPEC})


def make_course(root: Path) -> Course:
    """Write the small course into the new folder `root`."""
    lesson = root / "solutions" / LESSON
    (lesson / "hidden").mkdir(parents=True)
    (lesson / "pictures").mkdir()
    (lesson / "hidden" / "answers.json").write_text("{}")
    (lesson / "pictures" / "mask.png").write_bytes(PICTURE)
    shutil.copy(ROOT / CONFIG, root)
    canonical.write(lesson_notebook(), lesson / f"{LESSON}.ipynb")
    start = new_code_cell("print('ready')", id="ready", outputs=[new_output("stream", text="ready\n")])
    canonical.write(new_notebook(cells=[start]), root / "solutions" / "00_start_here.ipynb")
    return Course(root)
