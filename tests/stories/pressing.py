"""A small project with a notebook, its data and a module of its own, and the command line to press it."""

import json
import os
import subprocess
import sys
from importlib import metadata
from pathlib import Path
from typing import NamedTuple

CELLS = [
    "%%register parameters\nrows: int = 3  # how many rows to add up\nhalf = rows // 2",
    "%%register data numbers\nimport csv\nwith open('../data/numbers.csv') as file:\n"
    "    values = [float(row['x']) for row in csv.DictReader(file)]",
    "%%register step total\nfrom helper import add\ntotal = add(values[:rows])\nprint('total', total, 'half', half)",
    "# %register metrics\nmean = total / rows",
    "%%register check positive\nassert mean > 0, 'the mean is not positive'",
    "%%register skip\nraise RuntimeError('exploration that never worked')",
    "{'mean': mean, 'rows': rows}",
]


class PressedExample(NamedTuple):
    """What pressing an example notebook came to: its bundle, and what the command said."""

    bundle: Path
    returncode: int
    stdout: str
    stderr: str


def write_notebook(path, sources):
    """Write a notebook of nbformat 4.5 without outputs."""
    cells = [
        {"cell_type": "code", "id": f"c{i}", "metadata": {}, "source": s, "outputs": [], "execution_count": None}
        for i, s in enumerate(sources)
    ]
    metadata = {"kernelspec": {"name": "python3", "display_name": "Python 3", "language": "python"}}
    document = {"nbformat": 4, "nbformat_minor": 5, "metadata": metadata, "cells": cells}
    path.write_text(json.dumps(document), encoding="utf-8")
    return path


def make_project(folder):
    """Write the project and return the notebook's path."""
    for name in ("notebooks", "data"):
        (folder / name).mkdir(parents=True)
    (folder / "pyproject.toml").write_text("[project]\nname = 'numbers'\nversion = '1'\n")
    (folder / "data" / "numbers.csv").write_text("x\n1\n2\n3\n4\n")
    (folder / "notebooks" / "helper.py").write_text("def add(values):\n    return sum(values)\n")
    return write_notebook(folder / "notebooks" / "sums.ipynb", CELLS)


def pressrun(*words, cwd, home=None, timeout_s=280):
    """Run the command line as a user does; return the finished process."""
    environment = dict(os.environ)
    if home is not None:
        kept = {"PATH", "LANG", "TMPDIR", "SSL_CERT_FILE"}
        passed = {k: v for k, v in environment.items() if k in kept or k.startswith(("UV_", "PIP_"))}
        environment = passed | {"HOME": str(home)}
    command = [sys.executable, "-m", "pressrun", *map(str, words)]
    return subprocess.run(
        command, cwd=cwd, env=environment, capture_output=True, text=True, timeout=timeout_s, check=False
    )


def saved_outputs_hold():
    """Whether the installed scikit-learn is the one whose outputs are saved in the example notebooks."""
    return metadata.version("scikit-learn").startswith("1.9.")
