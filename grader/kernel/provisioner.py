"""The warm process for every Jupyter program: a provisioner of jupyter_client's, named by the kernelspec `headway`.

`jupyter nbconvert --ExecutePreprocessor.kernel_name=headway`, nbclient, nbval's `--nbval-kernel-name headway` and
JupyterLab's menu of kernels get a kernel that has torch and transformers imported already, over Unix sockets. The
kernel has the rights and the environment of whoever starts it: for what isolates a submission see `session`.
"""

from __future__ import annotations

import asyncio
import functools
import shutil
import signal
import tempfile
from pathlib import Path
from typing import Any

from jupyter_client.connect import KernelConnectionInfo
from jupyter_client.provisioning import LocalProvisioner

from . import warm
from .launch import say_once
from .server import Request

SECONDS = 180.0
"""For the first kernel, which waits for the warm process to be warm."""


class WarmProvisioner(LocalProvisioner):
    """Forks kernels from this program's warm process; starts them in the ordinary way where that cannot be."""

    _warm: warm.Warm | None = None
    _folder: Path | None = None

    @property
    def has_process(self) -> bool:
        return self._warm is not None or super().has_process

    async def pre_launch(self, **kwargs: Any) -> dict[str, Any]:
        manager = self.parent
        if manager is not None and warm.possible() and not manager.shell_port:
            # Unix sockets, in a folder that only this user may enter.
            self._folder = Path(tempfile.mkdtemp(prefix="headway-"))
            manager.transport, manager.ip = "ipc", str(self._folder / "k")
        return await super().pre_launch(**kwargs)

    async def launch_kernel(self, cmd: list[str], **kwargs: Any) -> KernelConnectionInfo:
        try:
            request = Request(
                arguments=_arguments(cmd),
                connection={},
                workdir=str(kwargs.get("cwd") or Path.cwd()),
                environment=dict(kwargs["env"]),
            )
            start = functools.partial(warm.Warm, request, SECONDS)
            self._warm = await asyncio.get_running_loop().run_in_executor(None, start)
        except warm.NotWarm as error:
            say_once(self.log, error)
            return await super().launch_kernel(cmd, **kwargs)
        self.pid = self.pgid = self._warm.pid
        self.cwd = request.workdir
        return self.connection_info

    async def poll(self) -> int | None:
        if self._warm is None:
            return await super().poll()
        return self._warm.code if self._warm.ended() else None

    async def wait(self) -> int | None:
        if self._warm is None:
            return await super().wait()
        while await self.poll() is None:
            await asyncio.sleep(0.02)
        code, self._warm = self._warm.code, None
        return code

    async def send_signal(self, signum: int) -> None:
        if self._warm is None:
            await super().send_signal(signum)
        else:
            self._warm.send(signum)

    async def kill(self, restart: bool = False) -> None:
        await self.send_signal(signal.SIGKILL)

    async def terminate(self, restart: bool = False) -> None:
        await self.send_signal(signal.SIGTERM)

    async def cleanup(self, restart: bool = False) -> None:
        await super().cleanup(restart)
        if self._folder is not None and not restart:
            shutil.rmtree(self._folder, ignore_errors=True)


def _arguments(cmd: list[str]) -> list[str]:
    """What stands after the module in `python -m ipykernel_launcher ...`."""
    if "ipykernel_launcher" not in cmd:
        raise warm.NotWarm(f"the kernelspec starts {' '.join(cmd[:3])}, which is not ipykernel")
    return cmd[cmd.index("ipykernel_launcher") + 1 :]
