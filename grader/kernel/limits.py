"""What a submission may use."""

from __future__ import annotations

from dataclasses import dataclass

MB = 1 << 20


@dataclass(frozen=True)
class Limits:
    """How much one submission's kernel may use, with everything that it starts. Seconds are of wall time.

    `start` is the time to come up, `notebook` that of the whole session. `memory` is what each process may
    ask for beyond what a kernel starts with, and what all together may have in use; `disk` is for all files that
    it has, its working copy included, `file` for one. `processes` counts threads too. `output` is what is kept of one
    cell's outputs, `outputs` of all cells', `result` what one call may give back, all in bytes. `threads` are those
    that torch computes with.
    """

    start: float = 180.0
    notebook: float = 1800.0
    memory: int = 4096 * MB
    processes: int = 256
    disk: int = 512 * MB
    file: int = 256 * MB
    output: int = 2 * MB
    outputs: int = 20 * MB
    result: int = 16 * MB
    threads: int = 1
