"""Notebooks written as lists of sources, and programs made of them that really run."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import msgspec
import pytest

from pressrun.notebook.binding import bind_parameters, injection_source
from pressrun.notebook.inspect import inspect_notebook
from pressrun.notebook.package.pipeline import PipelineSource, write_pipeline
from pressrun.notebook.package.plain_cells import Pressed
from pressrun.notebook.package.tasks import tasks_for
from pressrun.notebook.read import read_notebook
from pressrun.notebook.replay.request import ReplayRequest
from pressrun.notebook.replay.run import replay_notebook
from pressrun.records.cells import Inspection, Notebook
from pressrun.records.replay import Replay


class Made(msgspec.Struct):
    """A notebook and what it says of itself."""

    path: Path
    notebook: Notebook
    inspection: Inspection

    def injection(self, **values: Any) -> str:
        return injection_source(self.inspection, bind_parameters(self.inspection, values))

    def program(self, structure: str = "linear", entry: str = ".", **pressed: Any) -> PipelineSource:
        return write_pipeline(
            self.notebook, self.inspection, structure=structure, entry=entry, pressed=Pressed(**pressed)
        )

    def replay(self, **more: Any) -> Replay:
        """Run the notebook in a real kernel, with the tasks that its declarations ask for."""
        request = ReplayRequest(
            notebook=self.path,
            output=self.path.with_name(f"executed-{len(list(self.path.parent.iterdir()))}.ipynb"),
            python=Path(sys.executable),
            tasks=tasks_for(self.notebook.cells),
            task_directory=self.path.parent / f"tasks-{len(list(self.path.parent.iterdir()))}",
            **more,
        )
        return replay_notebook(request)


class Ran(msgspec.Struct):
    """What a run of a program gave."""

    code: int
    stdout: str
    stderr: str
    results: dict[str, Any]
    folder: Path

    def cell(self, number: int) -> dict[str, Any]:
        return next(cell for cell in self.results["cells"] if cell["cell"] == number)


def code(source: str, *tags: str) -> dict[str, Any]:
    """Return a code cell."""
    return {
        "cell_type": "code", "source": source, "outputs": [], "execution_count": None,
        "metadata": {"tags": list(tags)} if tags else {},
    }  # fmt: skip


@pytest.fixture
def make(tmp_path: Path) -> Callable[..., Made]:
    """Write a notebook of code cells; a cell is a source, a (source, tag...) tuple, or a finished dictionary."""

    def write(*cells: Any, folder: str = "nb") -> Made:
        place = tmp_path / folder
        place.mkdir(exist_ok=True)
        path = place / "study.ipynb"
        finished = [c if isinstance(c, dict) else code(*((c,) if isinstance(c, str) else c)) for c in cells]
        for number, cell in enumerate(finished):
            cell.setdefault("id", f"c{number}")
        document = {"cells": finished, "metadata": {}, "nbformat": 4, "nbformat_minor": 5}
        path.write_text(json.dumps(document))
        notebook = read_notebook(path)
        return Made(path, notebook, inspect_notebook(notebook))

    return write


@pytest.fixture
def run(tmp_path: Path) -> Callable[..., Ran]:
    """Write a program into a folder of its own and run it as a user would."""
    count = iter(range(1000))

    def start(source: PipelineSource, *words: str, project: dict[str, str] | None = None) -> Ran:
        folder = tmp_path / f"bundle-{next(count)}"
        (folder / "project").mkdir(parents=True)
        for name, text in (project or {}).items():
            (folder / "project" / name).parent.mkdir(parents=True, exist_ok=True)
            (folder / "project" / name).write_text(text)
        (folder / "pipeline.py").write_text(source.text)
        (folder / "notebook_runtime.py").write_text(source.runtime)
        results = tmp_path / f"{folder.name}.json"
        environment = {**os.environ, "TMPDIR": str(tmp_path)}
        environment.pop("PYTHONHASHSEED", None)
        done = subprocess.run(
            [sys.executable, str(folder / "pipeline.py"), "--results", str(results), *words],
            capture_output=True, text=True, check=False, cwd=tmp_path, env=environment,
        )  # fmt: skip
        found = json.loads(results.read_text()) if results.is_file() else {}
        return Ran(done.returncode, done.stdout, done.stderr, found, folder)

    return start
