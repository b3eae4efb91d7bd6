"""Replay notebooks with and without the recorder from outside, side by side.

CPU seconds (user and system) of the whole process tree: command, driver, kernel, tracer, and whatever any of them left
behind, which is adopted and waited for; and wall seconds. In each of `--runs` rounds each notebook is replayed twice,
with ``--trace`` and with ``--no-trace``, in turns first and second; the ratio is the median of the rounds' own ratios,
because a busy machine changes from round to round. One JSON line a notebook.

Notebooks: those of the repository's examples that are asked for; ``empty``, one cell that does nothing; ``opens``,
which opens 20,000 files one after the other and does nothing with them: the worst case; ``files``, which writes 1,000
small tables and reads all of them with pandas.

usage: recording.py [--runs N] [--only NOTEBOOK]...
"""

from __future__ import annotations

import argparse
import ctypes
import json
import os
import resource
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

EXAMPLES = Path(__file__).resolve().parent.parent / "example_notebooks"
SUBREAPER = 36  # PR_SET_CHILD_SUBREAPER
MAKE = (
    "import os\nos.makedirs('many', exist_ok=True)\nfor n in range(2000):\n"
    "    open(f'many/{n}.csv', 'w').write('\\n'.join(f'{n},{k}' for k in range(200)))"
)
NOTEBOOKS = {
    "empty": ["pass"],
    "opens": [MAKE, "for n in range(20_000):\n    os.close(os.open(f'many/{n % 2000}.csv', os.O_RDONLY))"],
    "files": [
        MAKE.replace("2000", "1000"),
        "import pandas as pd\nframe = pd.concat([pd.read_csv(f'many/{n}.csv', header=None) for n in range(1000)])",
        "frame.groupby(0)[1].sum().max()",
    ],
}
EXAMPLE_NAMES = ("flight_delay", "credit_default")
WAYS = ("--no-trace", "--trace")


def document(cells: list[str]) -> dict[str, object]:
    """Return a notebook of these cells."""
    made = [
        {"cell_type": "code", "id": f"c{n}", "metadata": {}, "outputs": [], "execution_count": None, "source": source}
        for n, source in enumerate(cells)
    ]
    return {"nbformat": 4, "nbformat_minor": 5, "metadata": {}, "cells": made}


def measure(way: str, notebook: Path) -> tuple[float, float]:
    """Replay once and return CPU and wall seconds of everything that was started."""
    command = [sys.executable, "-m", "pressrun", "replay", "--json", way, str(notebook)]
    before, began = resource.getrusage(resource.RUSAGE_CHILDREN), time.monotonic()
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        sys.exit(f"{notebook.name} failed with {way}:\n{done.stdout[-2000:]}{done.stderr[-2000:]}")
    wall = time.monotonic() - began
    level = json.loads(done.stdout)["observation"]["coverage"]["level"]
    if (way == "--trace") != (level == "complete"):
        sys.exit(f"{notebook.name} with {way}: coverage is {level}")
    reap()
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime, wall


def reap() -> None:
    """Wait for what a command left behind, so that its time counts too."""
    while True:
        try:
            os.waitpid(-1, 0)
        except ChildProcessError:
            return


def compare(notebook: Path, runs: int) -> dict[str, object]:
    """Return the figures of one notebook."""
    found: dict[str, list[tuple[float, float]]] = {way: [] for way in WAYS}
    for turn in range(runs):
        for way in WAYS if turn % 2 == 0 else WAYS[::-1]:
            found[way].append(measure(way, notebook))
    plain, traced = found["--no-trace"], found["--trace"]
    figures: dict[str, object] = {"notebook": notebook.stem, "runs": runs}
    for place, kind in enumerate(("cpu_s", "wall_s")):
        figures[f"{kind}_without"] = round(statistics.median(pair[place] for pair in plain), 2)
        figures[f"{kind}_with"] = round(statistics.median(pair[place] for pair in traced), 2)
        ratios = [with_[place] / without[place] for without, with_ in zip(plain, traced, strict=True)]
        figures[f"{kind[:-2]}_ratio"] = round(statistics.median(ratios), 3)
        figures[f"{kind[:-2]}_ratio_of_least"] = round(min(p[place] for p in traced) / min(p[place] for p in plain), 3)
    return figures


def main() -> None:
    """Measure what was asked for."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--runs", type=int, default=5)
    parser.add_argument("--only", action="append", metavar="NOTEBOOK", choices=[*NOTEBOOKS, *EXAMPLE_NAMES])
    options = parser.parse_args()
    ctypes.CDLL(None).prctl(SUBREAPER, 1, 0, 0, 0)
    with tempfile.TemporaryDirectory() as place:
        for name in options.only or [*NOTEBOOKS, *EXAMPLE_NAMES]:
            notebook = Path(place) / f"{name}.ipynb"
            if name in NOTEBOOKS:
                notebook.write_text(json.dumps(document(NOTEBOOKS[name])))
            else:
                shutil.copyfile(EXAMPLES / notebook.name, notebook)
                shutil.copytree(EXAMPLES / "data", Path(place) / "data", dirs_exist_ok=True)
            print(json.dumps(compare(notebook, options.runs)), flush=True)


if __name__ == "__main__":
    main()
