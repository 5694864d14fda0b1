"""The course as a person sees it: JupyterLab and formgrader in a real browser.

With `HEADWAY_PICTURES=docs` in the environment, the README's pictures are taken on the way.
"""

import contextlib
import os
import shutil
import socket
import subprocess
import sys
import urllib.request
from collections.abc import Callable
from functools import partial
from pathlib import Path

import pytest
from namespaces import refused
from nbformat.v4 import new_output

from grader.classroom import canonical
from grader.classroom.course import Course
from grader.classroom.demo import demonstrate
from grader.classroom.gradebook import scores
from grader.exercises import exercises
from grader.judge.verdict import number

LESSON = "03_masked_lm"
BROWSERS = ("chromium", "chromium-browser", "google-chrome", "chrome")
QUIET = ["--no-sandbox", "--disable-gpu", "--disable-background-networking", "--disable-component-update"]
MINUTES = 60_000  # of Playwright's milliseconds
ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="session")
def chromium():
    found = next(filter(None, map(shutil.which, BROWSERS)), None)
    if found is None:
        assert not os.environ.get("CI"), "CI tests in a browser: install Debian's package chromium"
        pytest.skip("no Chromium found: apt-get install chromium, or have google-chrome on the PATH")
    return found


@pytest.fixture(scope="session")
def graded(tmp_path_factory):
    """A course folder in which four made-up students have handed in the lesson and been graded."""
    return demonstrate(Course.here(), LESSON, tmp_path_factory.mktemp("class"))


@pytest.fixture(scope="session")
def server(graded, tmp_path_factory):
    """The address of a JupyterLab server in that folder."""
    settings = tmp_path_factory.mktemp("settings")
    notebook_settings = settings / "user" / "@jupyterlab" / "notebook-extension"
    notebook_settings.mkdir(parents=True)
    # every cell is in the page, also those far below
    (notebook_settings / "tracker.jupyterlab-settings").write_text('{"windowingMode": "none"}')
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    folder = graded.course.root
    environment = {
        **os.environ,
        "PATH": os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]]),
        "JUPYTER_CONFIG_DIR": str(settings / "config"),
        "JUPYTERLAB_SETTINGS_DIR": str(settings / "user"),
        "JUPYTERLAB_WORKSPACES_DIR": str(settings / "workspaces"),
        "JUPYTER_PREFER_ENV_PATH": "1",
    }
    command = [sys.executable, "-m", "jupyterlab", "--no-browser", "--allow-root", f"--port={port}"]
    command += ["--IdentityProvider.token=", f"--ServerApp.root_dir={folder}"]
    log = (settings / "server.log").open("wb")
    process = subprocess.Popen(command, cwd=folder, env=environment, stdout=log, stderr=log)
    address = f"http://127.0.0.1:{port}"
    try:
        wait_for(address, process, settings / "server.log")
        yield address
    finally:
        process.terminate()
        process.wait(20)
        log.close()


def wait_for(address: str, process: subprocess.Popen, log: Path) -> None:
    for _ in range(600):
        assert process.poll() is None, log.read_text()
        with contextlib.suppress(OSError), urllib.request.urlopen(f"{address}/api", timeout=1):
            return
        with contextlib.suppress(subprocess.TimeoutExpired):
            process.wait(0.2)
    raise AssertionError(f"JupyterLab did not answer\n{log.read_text()}")


@pytest.fixture
def page(chromium, server):
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium, args=QUIET)
        page = browser.new_page(viewport={"width": 1280, "height": 900}, base_url=server)
        page.set_default_timeout(2 * MINUTES)  # a busy machine may be slow; nothing waits longer than it must
        yield page
        browser.close()


def picture(locator, name: str) -> None:
    """Take a picture for the README, where that was asked for."""
    if folder := os.environ.get("HEADWAY_PICTURES"):
        locator.screenshot(path=ROOT / folder / name)


def opened(page, path: str):
    """The notebook at `path`, opened in JupyterLab."""
    page.goto(f"/lab/tree/{path}?reset")
    notebook = page.locator(".jp-NotebookPanel:not(.lm-mod-hidden)")
    notebook.locator(".jp-Cell").first.wait_for()
    # The indicator beside the kernel's name says idle before there is a kernel, and what is run then is lost.
    page.locator("#jp-main-statusbar").get_by_text("| Idle").wait_for()
    return notebook


def run_all(page, notebook) -> None:
    page.get_by_role("menuitem", name="Run", exact=True).click()
    page.get_by_role("menuitem", name="Run All Cells", exact=True).click()
    page.wait_for_function(
        "![...document.querySelectorAll('.jp-CodeCell .jp-InputPrompt')].some(p => !/\\d/.test(p.textContent))",
        polling=500,
    )


def test_a_student_runs_the_lesson_reads_verdicts_moves_the_explorer_and_validates(page):
    notebook = opened(page, f"students/right/{LESSON}/{LESSON}.ipynb")
    run_all(page, notebook)
    assert notebook.locator("[data-mime-type='application/vnd.jupyter.stderr']").count() == 0
    assert notebook.locator("[data-mime-type='application/vnd.jupyter.error']").count() == 0
    for exercise in exercises(LESSON).values():
        verdict = notebook.get_by_role("region", name=f"Verdict on {exercise.name}", exact=True)
        assert f"{number(exercise.points)} of {number(exercise.points)} point" in verdict.inner_text()
        assert "does not hold" not in verdict.inner_text()

    slider = notebook.get_by_role("slider").first
    explorer = notebook.locator(".jp-OutputArea-output").filter(has=page.get_by_role("slider"))
    before = explorer.locator("img").get_attribute("src")
    text = explorer.inner_text()
    slider.focus()
    slider.press("ArrowRight")
    page.wait_for_function(
        "([element, old]) => element.src !== old", arg=[explorer.locator("img").element_handle(), before]
    )
    assert explorer.inner_text() != text
    picture(explorer, "explorer.png")
    before = explorer.locator("img").get_attribute("src")
    explorer.get_by_role("combobox").first.select_option(index=1)
    page.wait_for_function(
        "([element, old]) => element.src !== old", arg=[explorer.locator("img").element_handle(), before]
    )

    notebook.get_by_role("button", name="Validate").click()
    dialog = page.get_by_role("dialog")
    dialog.get_by_text("Success! Your notebook passes all the tests.").wait_for()


@pytest.mark.every_lesson
@pytest.mark.parametrize("lesson", [name for name in Course(ROOT).lessons if name != LESSON])
def test_a_lesson_runs_without_an_error(page, graded, lesson):
    page.set_default_timeout(10 * MINUTES)
    broken = []
    page.on("pageerror", lambda error: broken.append(str(error)))
    shutil.copytree(ROOT / "solutions" / lesson, graded.course.root / "every" / lesson)
    notebook = opened(page, f"every/{lesson}/{lesson}.ipynb")
    run_all(page, notebook)
    assert notebook.locator("[data-mime-type='application/vnd.jupyter.stderr']").count() == 0
    assert notebook.locator("[data-mime-type='application/vnd.jupyter.error']").count() == 0
    for exercise in exercises(lesson).values():
        verdict = notebook.get_by_role("region", name=f"Verdict on {exercise.name}", exact=True).first
        assert "every requirement holds" in verdict.inner_text()
    explorers = notebook.locator(".jp-OutputArea-output").filter(has=page.locator(".widget-inline-hbox"))
    assert explorers.count() and not notebook.get_by_text("Error displaying widget").count()
    for explorer in explorers.all():
        assert explorer.locator("img, table, pre").count(), "an explorer that shows nothing"
        work(page, explorer)
    assert not broken, broken
    shut_down(page)


SHOWN = """async explorer => {
    const pictures = [...explorer.querySelectorAll('img')].map(async picture => {
        const bytes = new Uint8Array(await (await fetch(picture.src)).arrayBuffer());
        return bytes.reduce((sum, byte) => (31 * sum + byte) % 2147483647, bytes.length);
    });
    const texts = [...explorer.querySelectorAll('.widget-html')].map(text => text.innerText);
    return [...texts, ...await Promise.all(pictures)].join();
}"""
"""What an explorer shows, pictures by their bytes; without its controls, which move whether or not anything follows."""


def work(page, explorer) -> None:
    """Move every control of an explorer, sliders and lines by keyboard, and back again: each time something else is to
    be seen, and then what a reader finds at first, so that no control is moved where another leaves it no say."""
    shown = explorer.evaluate(SHOWN)
    for kind in ("slider", "combobox", "textbox"):
        for control in explorer.get_by_role(kind).all():
            for back, step in enumerate(steps(kind, control)):
                step()
                page.wait_for_function(
                    f"async ([explorer, before]) => (await ({SHOWN})(explorer) === before) === {'true' if back else 'false'}",
                    arg=[explorer.element_handle(), shown],
                )


def steps(kind: str, control) -> tuple[Callable[[], None], Callable[[], None]]:
    """How a person moves a control a little, and back."""
    if kind == "slider":
        now, highest = (float(control.get_attribute(f"aria-value{which}")) for which in ("now", "max"))
        keys = ("ArrowLeft", "ArrowRight") if now == highest else ("ArrowRight", "ArrowLeft")
        return tuple(partial(control.press, key) for key in keys)
    if kind == "combobox":
        chosen = control.evaluate("element => element.selectedIndex")
        return tuple(partial(control.select_option, index=index) for index in (0 if chosen else 1, chosen))

    def write(text: str) -> None:
        control.fill(text)
        control.press("Enter")

    line = control.input_value()
    return partial(write, line[:-1]), partial(write, line)


def shut_down(page) -> None:
    """End all kernels: a dozen of them, with their models, are much to keep."""
    (token,) = (cookie["value"] for cookie in page.context.cookies() if cookie["name"] == "_xsrf")
    for session in page.request.get("/api/sessions").json():
        done = page.request.delete(f"/api/sessions/{session['id']}", headers={"X-XSRFToken": token})
        assert done.ok


def test_a_misconception_is_named_on_the_page(page):
    notebook = opened(page, f"students/misconceived/{LESSON}/{LESSON}.ipynb")
    run_all(page, notebook)
    verdict = notebook.get_by_role("region", name="Verdict on mask_tokens")
    mistake = exercises(LESSON)["mask_tokens"].mistakes[0]
    assert mistake.sentence.replace("`", "") in verdict.inner_text()
    assert "✗ does not hold" in verdict.inner_text()
    picture(verdict, "verdict.png")


def test_an_instructor_sees_the_grades(page, graded):
    page.goto(f"/formgrader/gradebook/{LESSON}/{LESSON}")
    table = page.locator("#DataTables_Table_0")
    table.get_by_text("Submission #4").wait_for()
    most = number(sum(exercise.points for exercise in exercises(LESSON).values()))
    assert f"{most} / {most}" in table.inner_text() and f"0 / {most}" in table.inner_text()
    picture(page.locator("body"), "formgrader.png")
    feedback = next(path for path in graded.feedback if "misconceived" in str(path))
    page.goto(feedback.as_uri())
    mistake = exercises(LESSON)["mask_tokens"].mistakes[0]
    assert mistake.sentence.replace("`", "") in page.locator("body").inner_text()


def test_a_script_in_a_submission_is_not_run_by_formgrader(page, graded):
    """It would have the rights of the instructor who looks at it."""
    script = "<script>window.won = true</script><img src=x onerror='window.won = true'>"
    for path in graded.course.root.glob(f"autograded/*/{LESSON}/{LESSON}.ipynb"):
        nb = canonical.read(path)
        nb.cells[0].source += f"\n\n{script}\n\n[read on](javascript:won())"
        (checked,) = [cell for cell in nb.cells if cell.source == "check(mask_tokens)"]
        checked.outputs.append(new_output("display_data", {"text/html": script}))
        path.chmod(0o644)
        canonical.write(nb, path)
    page.goto(f"/formgrader/gradebook/{LESSON}/{LESSON}")
    page.get_by_role("link", name="Submission #1").click()
    page.get_by_role("region", name="Verdict on mask_tokens").wait_for()
    page.locator("input.score").first.wait_for()
    assert not page.evaluate("window.won") and page.get_by_text("read on").count()
    assert not page.locator("a[href^='javascript:']").count()


def test_the_demonstration_grades_as_it_should(graded):
    points = {
        student: {name: (score.points, score.out_of) for name, score in row.items()}
        for student, row in graded.points.items()
    }
    everything = exercises(LESSON)
    assert points["right"] == {name: (e.points, e.points) for name, e in everything.items()}
    assert all(earned == 0 for earned, _ in points["untouched"].values())
    assert sum(earned > 0 for earned, _ in points["half-right"].values()) == 3
    for name, exercise in everything.items():
        earned, most = points["misconceived"][name]
        assert earned < most or not exercise.mistakes


@pytest.mark.skipif(bool(refused()), reason=f"nothing can be isolated on this machine: {refused()}")
def test_formgraders_button_grades_as_the_command_does(page, graded):
    """Here, "untouched" has handed in the right answers after all."""
    course = graded.course
    late, right = (
        course.root / "submitted" / who / LESSON / f"{LESSON}.ipynb" for who in ("untouched", "right")
    )
    shutil.copyfile(right, late)
    page.goto(f"/formgrader/manage_submissions/{LESSON}")
    row = page.get_by_role("row").filter(has_text="untouched")
    row.locator(".autograde a").click()
    page.get_by_text(f"Successfully autograded '{LESSON}' for student 'untouched'.").wait_for()
    points = scores(course, LESSON)
    assert points["untouched"] == points["right"]
    assert sum(score.points for score in points["right"].values()) > 0
