"""`python -m grader.lab.training [NAME ...] [--check]`: train the course's models, or measure the stored ones."""

from __future__ import annotations

import argparse
import difflib
import sys
import time

from grader.lab.checkpoints import quiet_loading
from grader.lab.training.recipes import RECIPES


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="python -m grader.lab.training", description=__doc__)
    parser.add_argument(
        "names", nargs="*", metavar="NAME", help=f"one of {', '.join(RECIPES)}; all without one"
    )
    parser.add_argument(
        "--check", action="store_true", help="only measure the stored ones against their cards"
    )
    options = parser.parse_args(arguments)
    for name in options.names:
        if name not in RECIPES:
            near = difflib.get_close_matches(name, RECIPES, n=2, cutoff=0.4) or sorted(RECIPES)
            parser.error(f"there is no recipe {name!r}; did you mean {' or '.join(near)}?")
    quiet_loading()
    chosen = options.names or list(RECIPES)
    failed = False
    for name in chosen:
        recipe, start = RECIPES[name], time.monotonic()
        if not options.check:
            for other in recipe.after:
                if not (RECIPES[other].folder / "model.safetensors").is_file():
                    print(
                        f"{name} starts from {other}, which is missing: run `make models NAME={other}` first"
                    )
                    return 1
            recipe.make()
        problems = recipe.check()
        failed |= bool(problems)
        print(
            f"{name}: {'as its card says' if not problems else 'not as it should be'} ({time.monotonic() - start:.0f} s)",
            flush=True,
        )
        for problem in problems:
            print(f"    {problem}")
    return int(failed)


if __name__ == "__main__":
    sys.exit(main())
