"""Replay notebooks with pressrun, nbclient, papermill and ploomber-engine, side by side.

CPU seconds (user and system) of the whole process tree: command, driver, kernel, and whatever any of them left behind,
which is adopted and waited for. Median of `--runs` rounds; in each round every engine runs once, in an order that turns
by one. All kernels run in one and the same environment, that of the peers. pressrun is run as its command line, with
everything that it does by default: observing the kernel, journal, verdict. One JSON line a figure, then one a notebook
with ratios (ours over theirs).

Peers do different things: nbclient and papermill record no inputs; papermill saves the notebook twice a cell, which is
its default; ploomber-engine runs the cells in its own process, without a kernel. ``papermill-tuned`` is papermill with
saving turned off. ``pressrun-engine`` is papermill's command with ``--engine pressrun``.

Notebooks: ``empty``, one cell that does nothing; ``cells200``, 200 trivial cells; ``train``, a grid search over forests
on a data set that ships with scikit-learn; ``out50``, 50 MB of output in 11 cells of 1000 lines; ``out50-one``, 50 MB
in one cell of 10,000 lines.

usage: replay.py [--peer PYTHON] [--runs N] [--only NOTEBOOK]...

`--peer` is the interpreter of an environment with the peers; without it one is made from ``peers/replay.txt`` by uv.
"""

from __future__ import annotations

import argparse
import ctypes
import json
import os
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

HERE = Path(__file__).resolve().parent
SUBREAPER = 36  # PR_SET_CHILD_SUBREAPER

TRAIN = [
    "import numpy as np\nimport pandas as pd\nfrom sklearn.datasets import load_breast_cancer\n"
    "from sklearn.ensemble import RandomForestClassifier\nfrom sklearn.model_selection import GridSearchCV",
    "frame = load_breast_cancer(as_frame=True).frame\nframe.describe()",
    "X, y = frame.drop(columns='target'), frame.target\ny.value_counts()",
    "grid = {'max_depth': [2, 4, 8], 'n_estimators': [50, 150]}\n"
    "search = GridSearchCV(RandomForestClassifier(random_state=0), grid)",
    "search.fit(X, y)\nprint(round(search.best_score_, 6))",
    "pd.DataFrame(search.cv_results_)[['params', 'mean_test_score']]",
]
NOTEBOOKS = {
    "empty": ["pass"],
    "cells200": [f"x{n} = {n}\nx{n} + 1" for n in range(200)],
    "train": TRAIN,
    "out50": ["line = 'x' * 4544\nfor _ in range(1000):\n    print(line)"] * 11,
    "out50-one": ["line = 'x' * 4999\nfor _ in range(10_000):\n    print(line)"],
}
NBCLIENT = """
import sys, nbformat, nbclient
notebook = nbformat.read(sys.argv[1], 4)
nbclient.NotebookClient(notebook, kernel_name="python3", timeout=None).execute()
nbformat.write(notebook, sys.argv[2])
"""
TUNED = """
import sys, papermill
papermill.execute_notebook(sys.argv[1], sys.argv[2], kernel_name="python3", progress_bar=False,
                           request_save_on_cell_execute=False, autosave_cell_every=0)
"""
PLOOMBER = """
import sys
from ploomber_engine import execute_notebook
execute_notebook(sys.argv[1], sys.argv[2], progress_bar=False, verbose=False)
"""


def engines(peer: str) -> dict[str, list[str]]:
    """Return the command of each engine, to which notebook and output are added."""
    papermill = ["-m", "papermill", "--no-progress-bar", "-k", "python3"]
    return {
        "pressrun": [sys.executable, "-m", "pressrun", "replay", "--json", "--python", peer],
        "pressrun-engine": [sys.executable, *papermill, "--engine", "pressrun"],
        "nbclient": [peer, "-c", NBCLIENT],
        "papermill": [peer, *papermill],
        "papermill-tuned": [peer, "-c", TUNED],
        "ploomber-engine": [peer, "-c", PLOOMBER],
    }


def measure(engine: str, command: list[str], notebook: Path, output: Path) -> tuple[float, float]:
    """Run one engine and return CPU and wall seconds of everything that it started."""
    words = [str(notebook), "-o", str(output)] if engine == "pressrun" else [str(notebook), str(output)]
    environment = {
        name: value for name, value in os.environ.items() if name not in {"PYTHONDONTWRITEBYTECODE", "PYTHONPATH"}
    }
    environment["PLOOMBER_STATS_ENABLED"] = "false"
    before, began = resource.getrusage(resource.RUSAGE_CHILDREN), time.monotonic()
    done = subprocess.run([*command, *words], env=environment, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        sys.exit(f"{engine} failed on {notebook.name}:\n{done.stderr[-3000:]}")
    wall = time.monotonic() - began
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


def check(engine: str, name: str, output: Path) -> int:
    """Return the bytes of output text, after making sure that the engine really ran every cell."""
    cells = [cell for cell in json.loads(output.read_text())["cells"] if cell["cell_type"] == "code"]
    ran = sum(cell.get("execution_count") is not None for cell in cells)
    if ran < len(NOTEBOOKS[name]):
        sys.exit(f"{engine} ran {ran} of {len(NOTEBOOKS[name])} cells of {name}")
    return sum(len("".join(o.get("text", ""))) for cell in cells for o in cell["outputs"])


def document(cells: list[str]) -> dict[str, object]:
    """Return a notebook of these cells."""
    made = [
        {"cell_type": "code", "id": f"c{n}", "metadata": {}, "outputs": [], "execution_count": None, "source": source}
        for n, source in enumerate(cells)
    ]
    kernel = {"name": "python3", "display_name": "Python 3", "language": "python"}
    metadata = {"kernelspec": kernel, "language_info": {"name": "python"}}
    return {"nbformat": 4, "nbformat_minor": 5, "metadata": metadata, "cells": made}


def compare(name: str, commands: dict[str, list[str]], runs: int, place: Path) -> None:
    """Measure every engine on one notebook and print the figures."""
    notebook = place / f"{name}.ipynb"
    notebook.write_text(json.dumps(document(NOTEBOOKS[name])))
    found: dict[str, list[tuple[float, float]]] = {engine: [] for engine in commands}
    output_bytes = {}
    order = list(commands)
    for turn in range(runs):
        for engine in order[turn % len(order) :] + order[: turn % len(order)]:
            output = place / f"{name}-{engine}-out.ipynb"
            output.unlink(missing_ok=True)
            found[engine].append(measure(engine, commands[engine], notebook, output))
            output_bytes[engine] = check(engine, name, output)
            output.unlink()
    cpu = {engine: statistics.median(pair[0] for pair in pairs) for engine, pairs in found.items()}
    for engine, pairs in found.items():
        figure = {
            "notebook": name,
            "engine": engine,
            "cpu_s": round(cpu[engine], 3),
            "cpu_s_runs": [round(pair[0], 3) for pair in pairs],
            "wall_s": round(statistics.median(pair[1] for pair in pairs), 3),
            "output_bytes": output_bytes[engine],
        }
        print(json.dumps({"benchmark": "replay", **figure}), flush=True)
    ratios = {engine: round(cpu["pressrun"] / seconds, 3) for engine, seconds in cpu.items() if engine != "pressrun"}
    print(json.dumps({"benchmark": "replay", "notebook": name, "pressrun_over": ratios}), flush=True)


def make_peers(place: Path) -> str:
    """Make the environment of the peers and return its interpreter."""
    uv = [sys.executable, "-m", "uv", "--quiet"]
    subprocess.run([*uv, "venv", "--python", sys.executable, str(place)], check=True)
    python = str(place / "bin" / "python")
    subprocess.run(
        [*uv, "pip", "install", "--compile-bytecode", "--python", python, "-r", str(HERE / "peers" / "replay.txt")],
        check=True,
    )
    return python


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--peer", help="interpreter of an environment with the peers")
    parser.add_argument("--runs", type=int, default=3, help="rounds; the median counts (default: 3)")
    parser.add_argument("--only", action="append", choices=list(NOTEBOOKS), help="this notebook; may be given again")
    args = parser.parse_args()
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(SUBREAPER, 1, 0, 0, 0)
    with tempfile.TemporaryDirectory() as folder:
        place = Path(folder)
        peer = args.peer or make_peers(place / "peers")
        commands = engines(str(Path(peer).absolute()))
        for engine, command in commands.items():  # once without measuring: byte code, caches
            notebook = place / "warm.ipynb"
            notebook.write_text(json.dumps(document(["1"])))
            measure(engine, command, notebook, place / f"warm-{engine}.ipynb")
        for name in args.only or NOTEBOOKS:
            compare(name, commands, args.runs, place)


if __name__ == "__main__":
    main()
