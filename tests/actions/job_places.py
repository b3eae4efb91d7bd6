"""Notebooks and jobs for tests: small files, real processes."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from pressrun.actions.job_view import job_of
from pressrun.actions.panel_place import Place, place_of_notebook
from pressrun.records.panel.jobs import Job
from pressrun.store.jobs import JobFolder

PATIENCE_S = 120.0
Source = str | tuple[str, Sequence[Mapping[str, Any]]]


def printed(text: str) -> list[dict[str, Any]]:
    """Return the output of a cell that printed a text."""
    return [{"output_type": "stream", "name": "stdout", "text": text}]


def write_notebook(path: Path, *cells: Source, metadata: Mapping[str, Any] | None = None) -> Path:
    """Write a notebook; a cell is its source, or its source and the outputs it was saved with."""
    made = []
    for number, cell in enumerate(cells):
        source, outputs = (cell, []) if isinstance(cell, str) else cell
        count = number + 1 if outputs else None
        made.append(
            {
                "cell_type": "code",
                "id": f"cell-{number}",
                "metadata": {},
                "source": source,
                "outputs": list(outputs),
                "execution_count": count,
            }
        )
    kernel = {"kernelspec": {"name": "python3", "display_name": "Python 3", "language": "python"}}
    document = {"cells": made, "metadata": {**kernel, **(metadata or {})}, "nbformat": 4, "nbformat_minor": 5}
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(document, indent=1), encoding="utf-8")
    return path


def place_in(root: Path, path: str = "project/work.ipynb") -> Place:
    """Return the place of a notebook below a root; its folder is the project."""
    (root / path).parent.joinpath("pyproject.toml").touch()
    return place_of_notebook(root, path)


def wait_until(holds: Callable[[], bool], what: str) -> None:
    """Wait until something holds; raise where it does not in a long time."""
    deadline = time.monotonic() + PATIENCE_S
    while not holds():
        if time.monotonic() > deadline:
            raise TimeoutError(f"{what} did not come about in {PATIENCE_S:g} s")
        time.sleep(0.05)


def ended(folder: JobFolder, place: Place) -> Job:
    """Return a job once it has ended."""
    wait_until(lambda: job_of(folder, place).state not in {"waiting", "running"}, "the end of the job")
    return job_of(folder, place)
