"""Install pressrun without a lock, as a user does, and press a small notebook there.

The pinned requirements of this repository say nothing about what a user gets from an index today; this does. The new
environment has the newest releases that the project's own bounds allow, an empty home and an empty cache. What is
installed is the wheel that a release would have, with the panel as `make panel` built it.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
UV = Path(sys.executable).parent / "uv"
CELLS = [
    "# %register parameters\nrows = 3  # how many rows to add up",
    "import csv\nwith open('numbers.csv') as file:\n    values = [float(row['x']) for row in csv.DictReader(file)]",
    "total = sum(values[:rows])\nprint('total', total)\ntotal",
]


def main() -> None:
    """Install, press, verify; end with the first failing command's output."""
    with tempfile.TemporaryDirectory(prefix="pressrun-fresh-") as place:
        home, environment, work = (Path(place) / name for name in ("home", "environment", "work"))
        home.mkdir()
        work.mkdir()
        run([str(UV), "venv", "--quiet", "--python", sys.executable, str(environment)], work, home)
        python = environment / "bin" / "python"
        wheel = build_wheel(Path(place) / "wheel", home)
        run([str(UV), "pip", "install", "--quiet", "--python", str(python), str(wheel)], work, home)
        (work / "numbers.csv").write_text("x\n1\n2\n3\n4\n", encoding="utf-8")
        (work / "sums.ipynb").write_text(json.dumps(notebook()), encoding="utf-8")
        pressrun = str(environment / "bin" / "pressrun")
        print(run([pressrun, "package", "sums.ipynb", "-o", "bundle"], work, home))
        receipt = json.loads(run([pressrun, "verify", "bundle", "--rebuild", "--json"], work, home))
        grade = receipt["receipt"]["grade"] if "receipt" in receipt else receipt["grade"]
        print(f"fresh install: {grade}")
        if grade != "R4":
            sys.exit(f"expected grade R4, got {grade}")


def build_wheel(folder: Path, home: Path) -> Path:
    """Build the wheel in the environment that runs this; end when the panel that belongs in it was not built."""
    if not (ROOT / "labextension" / "dist" / "package.json").exists():
        sys.exit("The wheel holds the panel for JupyterLab, and it was not built yet: run `make panel`.")
    command = [str(UV), "build", "--wheel", "--quiet", "--no-build-isolation", "--python", sys.executable]
    run([*command, "--out-dir", str(folder), str(ROOT)], ROOT, home)
    return next(folder.glob("*.whl"))


def notebook() -> dict[str, object]:
    """Return a notebook of nbformat 4.5 that needs nothing but Python."""
    cells = [
        {"cell_type": "code", "id": f"cell-{i}", "metadata": {}, "source": s, "outputs": [], "execution_count": None}
        for i, s in enumerate(CELLS)
    ]
    kernel = {"name": "python3", "display_name": "Python 3", "language": "python"}
    return {"nbformat": 4, "nbformat_minor": 5, "metadata": {"kernelspec": kernel}, "cells": cells}


def run(command: list[str], folder: Path, home: Path) -> str:
    """Run `command` with an empty home; return its standard output, or end with all that it said."""
    kept = {
        key: value for key, value in os.environ.items() if key not in {"VIRTUAL_ENV", "PYTHONPATH", "XDG_CACHE_HOME"}
    }
    clean = {"UV_SYSTEM_CERTS": "true"} | kept | {"HOME": str(home), "UV_CACHE_DIR": str(home / "uv-cache")}
    done = subprocess.run(command, cwd=folder, env=clean, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        sys.exit(f"{' '.join(command)}\nended with {done.returncode}\n{done.stdout}\n{done.stderr}")
    return done.stdout


if __name__ == "__main__":
    main()
