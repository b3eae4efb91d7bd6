"""Comparing what ``pipeline.py`` printed and showed with what the notebook's kernel gave.

A program has text alone, so both sides are reduced to it: standard output joined, then the ``text/plain`` of everything
shown, in order. Cells declared ``skip``, standard error, images and markup are left out on both sides.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import msgspec

from pressrun.errors import ResultsDifferError
from pressrun.records.cells import Cell, Notebook

_WIDGET = "application/vnd.jupyter.widget-view+json"


class CellResult(msgspec.Struct, frozen=True):
    """What one cell gave in a run of ``pipeline.py``."""

    cell: int
    stdout: str = ""
    shown: tuple[str, ...] = ()


class PipelineResults(msgspec.Struct, frozen=True):
    """Content of the file that ``--results`` writes."""

    parameters: dict[str, Any] = {}
    metrics: dict[str, float] = {}
    cells: tuple[CellResult, ...] = ()


def read_results(path: Path) -> PipelineResults:
    """Read a results file.

    Raises:
        ResultsDifferError: the file is missing or is not what ``--results`` writes.
    """
    try:
        return msgspec.convert(json.loads(path.read_bytes()), PipelineResults)
    except (OSError, ValueError) as error:
        raise ResultsDifferError(
            "pipeline.py gave no results that can be read", where=str(path), remedy="Run it by itself and look."
        ) from error


def cells_from_results(notebook: Notebook, results: PipelineResults) -> tuple[Cell, ...]:
    """Return the notebook's code cells with the outputs of a run of ``pipeline.py``.

    Args:
        notebook: the notebook that the pipeline was made of.
        results: what the run gave; a cell that is not in it has no outputs.
    """
    found = {result.cell: result for result in results.cells}
    cells = []
    for cell in _compared(notebook.cells):
        result = found.get(cell.index, CellResult(cell.index))
        cells.append(msgspec.structs.replace(cell, outputs=_outputs(result.stdout, result.shown)))
    return tuple(cells)


def text_only(cells: Sequence[Cell]) -> tuple[Cell, ...]:
    """Return the code cells of an executed notebook with their outputs reduced to what a program can give."""
    reduced = []
    for cell in _compared(cells):
        printed, shown = [], []
        for output in cell.outputs:
            kind = output.get("output_type")
            if kind == "stream" and output.get("name", "stdout") == "stdout":
                printed.append(_joined(output.get("text", "")))
            elif kind in {"display_data", "execute_result"}:
                data = output.get("data", {})
                if "text/plain" in data and _WIDGET not in data:
                    shown.append(_joined(data["text/plain"]))
        reduced.append(msgspec.structs.replace(cell, outputs=_outputs("".join(printed), shown)))
    return tuple(reduced)


def _compared(cells: Sequence[Cell]) -> list[Cell]:
    return [c for c in cells if c.type == "code" and not (c.declaration is not None and c.declaration.kind == "skip")]


def _joined(text: Any) -> str:
    return "".join(text) if isinstance(text, list) else str(text)


def _outputs(stdout: str, shown: Sequence[str]) -> tuple[dict[str, Any], ...]:
    printed = stdout.replace("\r\n", "\n")  # a kernel runs !commands on a terminal
    stream = [{"output_type": "stream", "name": "stdout", "text": printed}] if printed else []
    return (
        *stream,
        *({"output_type": "display_data", "data": {"text/plain": text}, "metadata": {}} for text in shown),
    )
