"""Runs cells in isolated sessions for test_isolation, as root or, started by root with a user's id, as that user.

Reads requests from stdin as lines of JSON: {"sources": [...], "limits": {...} or null}; without limits, the cells
run in one session that all such requests share. Answers with the outputs' texts, the status, and why it died.
"""

import ctypes
import json
import os
import sys
from pathlib import Path


def become(user: int) -> None:
    """Take the id of an ordinary user, with the Python of this process within reach."""
    libc = ctypes.CDLL(None, use_errno=True)
    private = [path for path in Path(sys.base_prefix).parents if path.stat().st_mode & 0o005 != 0o005]
    if private:  # such as /root: open it, for this process alone, with nothing else in it
        assert libc.unshare(0x20000) == 0
        python = os.open(sys.base_prefix, os.O_PATH)
        assert libc.mount(None, b"/", None, 16384 | 1 << 18, None) == 0
        assert libc.mount(b"tmpfs", bytes(private[-1]), b"tmpfs", 0, b"mode=755") == 0
        os.makedirs(sys.base_prefix)
        assert (
            libc.mount(f"/proc/self/fd/{python}".encode(), sys.base_prefix.encode(), None, 4096 | 16384, None)
            == 0
        )
        os.close(python)
    os.setgroups([])
    os.setresgid(user, user, user)
    os.setresuid(user, user, user)
    libc.prctl(4, 1, 0, 0, 0)  # dumpable again, as a process that was started by this user is


def main(folder: str, user: int) -> None:
    if os.geteuid() == 0 and user:
        os.environ["HOME"] = "/nowhere"
        become(user)
    from grader.kernel.limits import Limits
    from grader.kernel.session import Session

    def run(session, sources):
        outputs, status = [], ""
        for source in sources:
            nodes, status = session.run(source, 60)
            for node in nodes:
                if node.output_type == "error":
                    outputs.append(f"{node.ename}: {node.evalue}")
                else:
                    outputs.append(node.text if node.output_type == "stream" else node.data["text/plain"])
        return {"outputs": outputs, "status": str(status), "death": session.death}

    with Session(folder) as shared:
        for line in sys.stdin:
            request = json.loads(line)
            if request["limits"] is None:
                done = run(shared, request["sources"])
            else:
                with Session(folder, limits=Limits(**request["limits"])) as session:
                    done = run(session, request["sources"])
            print(json.dumps(done), flush=True)


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]))
