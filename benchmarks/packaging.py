"""Package an 88 MB random forest: pressrun's export and proof against ``mlflow.sklearn.save_model``.

Each side runs in a process of its own that first trains the forest; CPU seconds (user and system, children included)
count from then on. pressrun exports the model as it does in a kernel, writes the safest format, loads it in a fresh
process and compares its predictions. MLflow saves with its defaults, which infer the requirements in a child process
that loads the model, and once more with the requirements given. One JSON line a figure.

usage: packaging.py [--peer PYTHON] [--lean PYTHON] [--trees N] [--repeat N]

`--peer` is the interpreter of an environment with mlflow, `--lean` of one that holds what a lock of such a notebook
holds (numpy, scikit-learn, skops, the kernel); without them they are made from ``peers/*.txt`` by uv.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path

HERE = Path(__file__).resolve().parent

TRAIN = """
import json, os, resource, sys, tempfile
from pathlib import Path
import numpy as np
from sklearn.ensemble import RandomForestRegressor

def cpu():
    used = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    return sum(one.ru_utime + one.ru_stime for one in used)

rng = np.random.default_rng(0)
X = rng.normal(size=(4000, 10))
y = X[:, 0] * 3 + rng.normal(size=4000)
model = RandomForestRegressor(n_estimators=int(sys.argv[1]), random_state=0, n_jobs=-1).fit(X, y)
place = Path(tempfile.mkdtemp(dir=sys.argv[2]))

def size():
    return sum(path.stat().st_size for path in place.rglob("*") if path.is_file())
"""

PRESSRUN = """
from pressrun.notebook.package.models import finish_model
from pressrun.notebook.package.tasks import export_task
from pressrun.notebook.read import cells_of
from pressrun.records.replay import TaskResult

cell = {"cell_type": "code", "metadata": {}, "outputs": [], "execution_count": None}
cell["source"] = "%%register model forest --object model --sample X"
(task,) = [export_task(cell) for cell in cells_of({"cells": [cell]})]
(place / "task").mkdir()
before = cpu()
names = {}
exec(compile(task.source, "task", "exec"), names)
value = names["run"](globals(), str(place / "task"))
exported = cpu()
result = TaskResult(name=task.name, value=json.loads(json.dumps(value)), directory=str(place / "task"))
files = finish_model(result, python=Path(sys.argv[3]), directory=place / "models")
done = cpu()
print(json.dumps({"cpu_s": done - before, "export_cpu_s": exported - before, "bytes": files.description.size,
                  "format": files.description.model_format}))
"""

MLFLOW = """
import logging, warnings
warnings.simplefilter("ignore")
import mlflow.sklearn
logging.disable(logging.WARNING)
given = {"pip_requirements": ["scikit-learn"]} if sys.argv[3] == "given" else {}
before = cpu()
mlflow.sklearn.save_model(model, str(place / "model"), serialization_format="cloudpickle", **given)
print(json.dumps({"cpu_s": cpu() - before, "bytes": size()}))
"""


def measure(python: Path, code: str, *words: str) -> dict:
    """Run one side and return what it printed last."""
    environment = {key: value for key, value in os.environ.items() if key != "PYTHONDONTWRITEBYTECODE"}
    with tempfile.TemporaryDirectory() as scratch:
        command = [str(python), "-c", TRAIN + code, words[0], scratch, *words[1:]]
        done = subprocess.run(command, capture_output=True, text=True, check=False, env=environment, cwd=scratch)
    if done.returncode:
        raise SystemExit(done.stderr)
    return json.loads(done.stdout.strip().splitlines()[-1])


def environment_of(place: Path, requirements: str) -> Path:
    """Make an environment with uv."""
    subprocess.run(["uv", "venv", "--quiet", str(place)], check=True)
    listed = str(HERE / "peers" / requirements)
    subprocess.run(["uv", "pip", "install", "--quiet", "--python", str(place), "-r", listed], check=True)
    return place / "bin" / "python"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n", 1)[0])
    parser.add_argument("--peer", type=Path)
    parser.add_argument("--lean", type=Path)
    parser.add_argument("--trees", type=int, default=242)
    parser.add_argument("--repeat", type=int, default=3)
    args = parser.parse_args()
    with tempfile.TemporaryDirectory() as scratch:
        peer = args.peer or environment_of(Path(scratch) / "peer", "mlflow.txt")
        lean = args.lean or environment_of(Path(scratch) / "lean", "forest.txt")
        sides = {
            "pressrun": lambda: measure(Path(sys.executable), PRESSRUN, str(args.trees), str(lean)),
            "mlflow default": lambda: measure(peer, MLFLOW, str(args.trees), "inferred"),
            "mlflow requirements given": lambda: measure(peer, MLFLOW, str(args.trees), "given"),
        }
        for run in sides.values():
            run()  # the first run compiles what it imports
        runs: dict[str, list[dict]] = {name: [] for name in sides}
        for _ in range(args.repeat):
            for name, run in sides.items():
                runs[name].append(run())
    ours = statistics.median(run["cpu_s"] for run in runs["pressrun"])
    for name, found in runs.items():
        seconds = statistics.median(run["cpu_s"] for run in found)
        line = {"figure": "package a forest", "side": name, **found[-1], "cpu_s": round(seconds, 2)}
        if name != "pressrun":
            line["pressrun_to_this"] = round(ours / seconds, 2)
        print(json.dumps(line))


if __name__ == "__main__":
    main()
