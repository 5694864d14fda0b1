"""Where the course's own files lie."""

from __future__ import annotations

import os
from pathlib import Path


def data_folder() -> Path:
    """The folder `data/` of the course.

    Looked for in `HEADWAY_DATA`, beside the package, and upwards from the working directory. Raises
    `FileNotFoundError` with what to do where it is in none of them.
    """
    if configured := os.environ.get("HEADWAY_DATA"):
        places = [Path(configured)]
    else:
        here = Path.cwd()
        places = [root / "data" for root in (Path(__file__).parents[2], here, *here.parents)]
    for place in places:
        if (place / "corpora").is_dir():
            return place
    raise FileNotFoundError(
        "the course's data/ folder was not found in "
        + ", ".join(str(place) for place in places[:2])
        + "; start from the course's folder, or set HEADWAY_DATA to where data/ lies"
    )
