"""Every Jupyter program can have a warm kernel by the kernelspec's name."""

import importlib.metadata
import json
import logging
from pathlib import Path

import psutil
import pytest
from jupyter_client.manager import KernelManager
from nbclient import NotebookClient
from nbclient.exceptions import CellExecutionError, CellTimeoutError, DeadKernelError
from nbformat.v4 import new_code_cell, new_notebook

from grader.kernel import launch, provisioner, warm

ROOT = Path(provisioner.__file__).parents[2]
SPEC = Path(provisioner.__file__).with_name("kernelspec") / "kernel.json"


@pytest.fixture
def kernelspec(tmp_path, monkeypatch):
    """The kernelspec where Jupyter finds it, whatever is installed."""
    folder = tmp_path / "jupyter" / "kernels" / "headway"
    folder.mkdir(parents=True)
    (folder / "kernel.json").write_bytes(SPEC.read_bytes())
    monkeypatch.setenv("JUPYTER_PATH", str(folder.parents[1]))
    monkeypatch.setenv("JUPYTER_RUNTIME_DIR", str(tmp_path / "runtime"))


def run(folder, *sources, seconds=120):
    cells = [new_code_cell(source) for source in sources]
    client = NotebookClient(
        new_notebook(cells=cells),
        kernel_name="headway",
        timeout=seconds,
        interrupt_on_timeout=False,
        resources={"metadata": {"path": str(folder)}},
    )
    nb = client.execute()
    return [
        output.get("text") or output["data"]["text/plain"] for cell in nb.cells for output in cell.outputs
    ]


def test_it_is_installed_under_the_name_that_the_kernelspec_says():
    (entry,) = [
        entry
        for entry in importlib.metadata.entry_points(group="jupyter_client.kernel_provisioners")
        if entry.value.startswith("grader.")
    ]
    spec = json.loads(SPEC.read_text())
    assert entry.name == spec["metadata"]["kernel_provisioner"]["provisioner_name"]
    assert entry.load() is provisioner.WarmProvisioner


@pytest.mark.skipif(not warm.possible(), reason="forks")
def test_a_notebook_runs_warm_in_its_folder_and_environment(kernelspec, tmp_path, monkeypatch):
    monkeypatch.setenv("OWN_VARIABLE", "seen")
    first = (
        "import os, sys\nprint('torch' in sys.modules, os.environ['OWN_VARIABLE'], os.getcwd())\nos.getpid()"
    )
    shown, pid = run(tmp_path, first)
    assert shown == f"True seen {tmp_path}\n"
    assert not psutil.pid_exists(int(pid))


@pytest.mark.skipif(not warm.possible(), reason="forks")
def test_what_one_kernel_draws_is_not_what_the_next_draws(kernelspec, tmp_path):
    source = "import random, torch, numpy as np\n(random.random(), torch.rand(1).item(), np.random.rand())"
    (first,), (second,) = run(tmp_path, source), run(tmp_path, source)
    assert not set(first.strip("()").split(", ")) & set(second.strip("()").split(", "))


def test_errors_and_deaths_are_those_of_any_kernel(kernelspec, tmp_path):
    with pytest.raises(CellExecutionError, match="ZeroDivisionError"):
        run(tmp_path, "1/0")
    with pytest.raises(DeadKernelError):
        run(tmp_path, "import os; os._exit(1)")
    with pytest.raises(CellTimeoutError):
        run(tmp_path, "while True: pass", seconds=1)


@pytest.mark.skipif(not warm.possible(), reason="forks")
def test_it_can_be_interrupted_and_restarted(kernelspec, tmp_path):
    manager = KernelManager(kernel_name="headway")
    manager.start_kernel(cwd=str(tmp_path))
    try:
        assert manager.get_connection_info()["transport"] == "ipc"
        client = manager.blocking_client()
        client.start_channels()
        client.wait_for_ready(timeout=120)
        request = client.execute("print('on')\nwhile True: pass")
        while client.get_iopub_msg(timeout=60)["msg_type"] != "stream":
            pass
        manager.interrupt_kernel()
        reply = client.get_shell_msg(timeout=60)
        assert (
            reply["parent_header"]["msg_id"] == request and reply["content"]["ename"] == "KeyboardInterrupt"
        )
        before = manager.provisioner.pid
        manager.restart_kernel(now=True)
        client.wait_for_ready(timeout=120)
        assert manager.is_alive() and manager.provisioner.pid != before and not psutil.pid_exists(before)
    finally:
        folder = manager.provisioner._folder
        manager.shutdown_kernel(now=True)
        client.stop_channels()
    assert not manager.is_alive() and not folder.exists()


def test_where_nothing_can_be_forked_kernels_start_as_ever_and_it_is_said_once(
    kernelspec, tmp_path, monkeypatch, caplog
):
    monkeypatch.setattr(warm, "possible", lambda: False)
    monkeypatch.setattr(launch, "_said", False)
    caplog.set_level(logging.WARNING)
    for logger in ("traitlets", "nbclient"):
        monkeypatch.setattr(logging.getLogger(logger), "propagate", True)
    assert run(tmp_path, "import sys\nprint('torch' in sys.modules)") == ["False\n"]
    assert run(tmp_path, "1 + 1") == ["2"]
    said = [record.getMessage() for record in caplog.records if "ordinary way" in record.getMessage()]
    assert len(said) == 1 and "forked on Linux only" in said[0]
