"""Notebooks made in a line, and replays of them."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import psutil
import pytest

from pressrun.notebook.replay.events import ReplayEvent
from pressrun.notebook.replay.request import ReplayRequest
from pressrun.notebook.replay.run import replay_notebook
from pressrun.records.replay import Replay


def notebook_document(*cells: str | dict[str, Any], **metadata: Any) -> dict[str, Any]:
    made = []
    for number, cell in enumerate(cells):
        given = cell if isinstance(cell, dict) else {"source": cell}
        saved = {
            "cell_type": "code",
            "id": f"cell-{number}",
            "metadata": {},
            "execution_count": 99,
            "outputs": [{"output_type": "stream", "name": "stdout", "text": "stale"}],
            **given,
        }
        if saved["cell_type"] != "code":
            del saved["execution_count"], saved["outputs"]
        made.append(saved)
    kernelspec = {"name": "python3", "display_name": "Python 3", "language": "python"}
    return {
        "nbformat": 4,
        "nbformat_minor": 5,
        "metadata": {"kernelspec": kernelspec, "language_info": {"name": "python"}, **metadata},
        "cells": made,
    }


class Ran:
    """One replay, with what it left."""

    def __init__(self, replay: Replay, events: list[ReplayEvent]) -> None:
        self.replay = replay
        self.events = events
        self.document: dict[str, Any] = json.loads(Path(replay.executed).read_text(encoding="utf-8"))

    @property
    def statuses(self) -> list[str]:
        return [run.status for run in self.replay.cells]

    def outputs(self, cell: int) -> list[dict[str, Any]]:
        return self.document["cells"][cell]["outputs"]

    def text(self, cell: int) -> str:
        parts = []
        for output in self.outputs(cell):
            found = output.get("text") or output.get("data", {}).get("text/plain") or output.get("traceback") or []
            parts.append("".join(found))
        return "".join(parts)


Run = Callable[..., Ran]


@pytest.fixture
def write(tmp_path: Path) -> Callable[..., Path]:
    def make(*cells: str | dict[str, Any], name: str = "nb.ipynb", **metadata: Any) -> Path:
        path = tmp_path / name
        path.write_text(json.dumps(notebook_document(*cells, **metadata)), encoding="utf-8")
        return path

    return make


@pytest.fixture
def run(tmp_path: Path, write: Callable[..., Path]) -> Run:
    """Replay cells: ``run("x = 1", "1/0", cell_timeout_s=2.0)``."""

    def replay(*cells: str | dict[str, Any], metadata: dict[str, Any] | None = None, **request: Any) -> Ran:
        path = write(*cells, **(metadata or {}))
        events: list[ReplayEvent] = []
        output = request.pop("output", tmp_path / "out.ipynb")
        result = replay_notebook(ReplayRequest(notebook=path, output=output, **request), events.append)
        return Ran(result, events)

    return replay


@pytest.fixture
def left_behind() -> Callable[[], list[psutil.Process]]:
    """Give a function that lists the processes below this one that were not there when the test began."""
    before = set(psutil.Process().children(recursive=True))  # a resource tracker of an earlier test, for example
    return lambda: [process for process in psutil.Process().children(recursive=True) if process not in before]
