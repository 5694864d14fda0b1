"""Whether this machine lets a process be isolated."""

import functools
import shutil
import subprocess
import sys

NAMESPACES = ["unshare", "--user", "--map-root-user", "--mount", "--pid", "--fork", "--net", "--ipc", "--uts"]


@functools.cache
def refused() -> str:
    """Why nothing can be isolated here: another system, or a Linux that gives nobody namespaces of their own, as in a
    container without rights. Empty where it can."""
    if sys.platform != "linux":
        return "submissions are isolated on Linux only"
    if shutil.which("unshare") is None:
        return ""
    done = subprocess.run(
        [*NAMESPACES, "mount", "-t", "tmpfs", "none", "/mnt"], capture_output=True, text=True
    )
    return done.stderr.strip() if done.returncode else ""
