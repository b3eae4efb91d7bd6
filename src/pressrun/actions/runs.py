"""One run of a notebook: what happened, what it showed, and what it measured."""

from __future__ import annotations

from collections.abc import Collection
from pathlib import Path

import msgspec

from pressrun.actions.progress import Progress
from pressrun.errors import CannotRestoreError
from pressrun.notebook.read import cells_of
from pressrun.notebook.replay.request import ReplayRequest
from pressrun.notebook.replay.run import replay_notebook
from pressrun.records.cells import Cell
from pressrun.records.outputs import CapturedValue
from pressrun.records.replay import Replay
from pressrun.rules.compare.align import numbered_code_cells


class Run(msgspec.Struct, frozen=True, kw_only=True):
    """One run.

    Attributes:
        cells: of the executed notebook, with the outputs of this run.
        values: the declared metrics as this run gave them.
        folder: where the project was in this run; a cell that prints it prints where it ran, which is no result.
    """

    replay: Replay
    cells: tuple[Cell, ...]
    values: tuple[CapturedValue, ...] = ()
    folder: str = ""


def run_notebook(request: ReplayRequest, folder: Path, progress: Progress) -> Run:
    """Replay a notebook and read back what it showed.

    Args:
        request: the replay; what its tasks measured becomes `Run.values`.
        folder: the project's folder in this run.
        progress: told of every event.
    """
    replay = replay_notebook(request, progress.event)
    cells = executed_cells(Path(replay.executed))
    return Run(replay=replay, cells=cells, values=measured(replay), folder=str(folder))


def executed_cells(path: Path) -> tuple[Cell, ...]:
    """Return the cells of an executed notebook; none when the run ended before there was one."""
    if not path.exists():
        return ()
    return cells_of(msgspec.json.decode(path.read_bytes()))


def measured(replay: Replay) -> tuple[CapturedValue, ...]:
    """Return what the replay's tasks measured: metrics, and each model's predictions on its sample.

    A later cell's metric wins over an earlier one's. A model that could not be exported has no predictions. A run that
    ended early has what was measured until then.

    Raises:
        CannotRestoreError: the run reached its end, and the metrics could not be read.
    """
    found: dict[tuple[str, str], CapturedValue] = {}
    for task in replay.tasks:
        kind, _, name = task.name.partition(":")
        if kind == "model" and not task.error and task.value.get("predictions"):
            found[kind, name] = CapturedValue(name=name, kind="predictions", value=task.value["predictions"])
        elif kind == "metrics" and task.error:
            if not replay.ok:
                continue
            what = "the metrics could not be read from the kernel"
            raise CannotRestoreError(what, where=f"cell {name}", remedy=task.error)
        elif kind == "metrics":
            for metric, value in task.value.items():
                found[kind, metric] = CapturedValue(name=metric, kind="metric", value=value)
    return tuple(found[key] for key in sorted(found))


def without_outputs(cells: tuple[Cell, ...], numbers: Collection[int]) -> tuple[Cell, ...]:
    """Return the cells with the outputs of some taken out.

    Args:
        cells: of a source or executed notebook.
        numbers: indices in the source notebook, where injected cells are not counted.
    """
    positions = {cell.index for number, cell in numbered_code_cells(cells) if number in numbers}
    return tuple(msgspec.structs.replace(cell, outputs=()) if cell.index in positions else cell for cell in cells)
