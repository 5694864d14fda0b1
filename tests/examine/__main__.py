"""`make examine` (LESSON=03_masked_lm for one, ARGS="--part 0.1" for a sample): examine the checker and print the table."""

from __future__ import annotations

import argparse
import json
import multiprocessing
import os
import sys
from concurrent.futures import ProcessPoolExecutor, as_completed
from pathlib import Path

from tqdm import tqdm

from examine.examination import Record, examine
from grader.exercises import exercises, lessons
from grader.judge import Quiz

COLUMNS = (
    "lesson", "exercises", "mistakes named", "right answers accepted", "mutants killed", "explained", "survivors",
    "bad faith caught", "median ms", "slowest ms", "slowest wrong ms",
)  # fmt: skip


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="python -m examine", description=__doc__)
    parser.add_argument("lesson", nargs="*", help="such as 03_masked_lm or 03; all, if none is given")
    parser.add_argument("--exercise", default="", help="only exercises whose name has this in it")
    parser.add_argument("--seeds", type=int, default=200, help="of every right answer")
    parser.add_argument(
        "--part",
        type=float,
        default=1.0,
        help="of mutants and attacks, chosen by chance but always the same; 0 leaves the seeds",
    )
    parser.add_argument("--jobs", type=int, default=os.cpu_count())
    parser.add_argument("--json", type=Path, help="write all that was found there, too")
    options = parser.parse_args(arguments)
    wanted = [
        (lesson, name)
        for lesson in lessons()
        if not options.lesson or any(lesson.startswith(chosen) for chosen in options.lesson)
        for name, exercise in exercises(lesson).items()
        if not isinstance(exercise, Quiz) and not exercise.trained and options.exercise in name
    ]
    if not wanted:
        parser.error("no exercise has that name; lessons are " + ", ".join(lessons()))
    found = examined(wanted, options.seeds, options.part, options.jobs)
    print(table(found))
    lines = [line for records in found.values() for record in records for line in record.open]
    print("\n".join(lines))
    if options.json:
        everything = {lesson: [vars(record) for record in records] for lesson, records in found.items()}
        options.json.write_text(json.dumps(everything, indent=1))
    return 1 if lines else 0


def examined(
    wanted: list[tuple[str, str]], seeds: int, part: float, jobs: int, quiet: bool = False
) -> dict[str, list[Record]]:
    """The record of every exercise, by lesson, each made in one of `jobs` processes."""
    found: dict[str, dict[str, Record]] = {lesson: {} for lesson, _ in wanted}
    os.environ.setdefault("OMP_NUM_THREADS", "1")
    context = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(jobs, mp_context=context) as pool:
        futures = {pool.submit(examine, lesson, name, seeds, part): (lesson, name) for lesson, name in wanted}
        bar = tqdm(as_completed(futures), total=len(futures), unit="exercise", disable=quiet)
        for future in bar:
            lesson, name = futures[future]
            found[lesson][name] = future.result()
    order = {lesson: [name for other, name in wanted if other == lesson] for lesson in found}
    return {lesson: [records[name] for name in order[lesson]] for lesson, records in found.items()}


def table(found: dict[str, list[Record]]) -> str:
    """One line a lesson; in each cell what was reached, of how many."""
    rows = [COLUMNS]
    for lesson, records in found.items():
        times = [time for record in records for time in record.times]
        times_wrong = [time for record in records for time in record.times_wrong]
        rows.append(
            (
                lesson,
                str(len(records)),
                _of(records, "mistakes", "misnamed"),
                _of(records, "accepted", "rejected", more=True),
                f"{sum(r.killed for r in records)} of {sum(r.mutants for r in records)}",
                str(sum(len(r.explained) for r in records)),
                str(sum(len(r.survivors) for r in records)),
                _of(records, "attacks", "successful"),
                f"{sorted(r.median for r in records)[len(records) // 2]:.0f}",
                f"{max(times):.0f}",
                f"{max(times_wrong, default=0):.0f}",
            )
        )
    widths = [max(len(row[place]) for row in rows) for place in range(len(COLUMNS))]
    return "\n".join(
        "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)) for row in rows
    )


def _of(records: list[Record], all_of: str, failed: str, more: bool = False) -> str:
    count, bad = (
        sum(getattr(record, all_of) for record in records),
        sum(len(getattr(record, failed)) for record in records),
    )
    return f"{count} of {count + bad}" if more else f"{count - bad} of {count}"


if __name__ == "__main__":
    sys.exit(main())
