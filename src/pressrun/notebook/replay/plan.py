"""What a replay will run: the notebook without its saved outputs, with the parameters injected. Pure.

The executed notebook keeps the sources as their author wrote them. What an earlier run left behind (outputs, counts,
timings, states of widgets, an injected cell that is now replaced) is taken out, so that nothing in the result can be
older than the run.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import msgspec

from pressrun.notebook.replay.outcome import PlannedCell
from pressrun.records.cells import Cell
from pressrun.records.digest import digest_text

INJECTED_TAG = "injected-parameters"
INJECTED_CELL = -1
RUN_KEY = "run"
"""Beside ``register`` in the metadata ``pressrun`` of a notebook and its cells: what a run says of itself."""
STALE_METADATA = ("papermill", "widgets", "execution", "ExecuteTime")


class Plan(msgspec.Struct, frozen=True, kw_only=True):
    """What will be run.

    Attributes:
        document: the notebook to run; its cells hold no outputs.
        indices: for each of its cells the index in the source notebook, -1 for the injected one.
        code_cells: its code cells.
        left_out: indices of source cells that are not in `document`: an injected cell that is replaced.
    """

    document: dict[str, Any]
    indices: tuple[int, ...]
    code_cells: tuple[PlannedCell, ...]
    left_out: tuple[int, ...] = ()

    @property
    def skipped(self) -> tuple[int, ...]:
        """Positions of code cells that are not run."""
        return tuple(cell.position for cell in self.code_cells if cell.skipped)


def make_plan(document: dict[str, Any], cells: Sequence[Cell], injection: str) -> Plan:
    """Return what to run.

    Args:
        document: the notebook's JSON, nbformat 4; left as it is.
        cells: its cells as read, one for each.
        injection: source of the cell to inject after the parameters cell, empty for none.
    """
    replaced = tuple(cell.index for cell in cells if injection and INJECTED_TAG in cell.tags)
    chosen = [(cell.index, _without_results(document["cells"][cell.index])) for cell in cells]
    chosen = [(index, raw) for index, raw in chosen if index not in replaced]
    if injection:
        place = _place_of_injection(cells, replaced)
        position = next((at for at, (index, _) in enumerate(chosen) if index >= place), len(chosen))
        chosen.insert(position, (INJECTED_CELL, _injected_cell(document, injection)))
    by_index = {cell.index: cell for cell in cells}
    code = tuple(
        _planned(position, index, raw, by_index.get(index))
        for position, (index, raw) in enumerate(chosen)
        if raw["cell_type"] == "code"
    )
    return Plan(
        document={**document, "metadata": _lasting(document), "cells": [raw for _, raw in chosen]},
        indices=tuple(index for index, _ in chosen),
        code_cells=code,
        left_out=replaced,
    )


def _place_of_injection(cells: Sequence[Cell], replaced: Sequence[int]) -> int:
    """Return the index that the injected cell comes before."""
    if replaced:
        return replaced[0]
    declared = (cell.index for cell in cells if cell.declaration and cell.declaration.kind == "parameters")
    return next(declared, -1) + 1


def _without_results(raw: dict[str, Any]) -> dict[str, Any]:
    cell = {**raw, "metadata": _lasting(raw), "source": joined(raw.get("source", ""))}
    if raw["cell_type"] == "code":
        cell |= {"outputs": [], "execution_count": None}
    return cell


def _lasting(owner: dict[str, Any]) -> dict[str, Any]:
    """Return the metadata without what an earlier run wrote into it."""
    metadata = {key: value for key, value in (owner.get("metadata") or {}).items() if key not in STALE_METADATA}
    ours = metadata.get("pressrun")
    if isinstance(ours, dict) and RUN_KEY in ours:
        rest = {key: value for key, value in ours.items() if key != RUN_KEY}
        metadata = {key: value for key, value in metadata.items() if key != "pressrun"}
        metadata |= {"pressrun": rest} if rest else {}
    return metadata


def with_run(metadata: dict[str, Any], told: dict[str, Any]) -> dict[str, Any]:
    """Return metadata that holds what a run says of itself."""
    ours = metadata.get("pressrun")
    return {**metadata, "pressrun": {**(ours if isinstance(ours, dict) else {}), RUN_KEY: told}}


def _injected_cell(document: dict[str, Any], source: str) -> dict[str, Any]:
    cell: dict[str, Any] = {
        "cell_type": "code",
        "execution_count": None,
        "metadata": {"tags": [INJECTED_TAG]},
        "outputs": [],
        "source": source,
    }
    if document.get("nbformat_minor", 0) < 5:
        return cell
    taken = {raw.get("id") for raw in document["cells"]}
    names = (INJECTED_TAG if not number else f"{INJECTED_TAG}-{number}" for number in range(len(taken) + 1))
    return {**cell, "id": next(name for name in names if name not in taken)}


def _planned(position: int, index: int, raw: dict[str, Any], cell: Cell | None) -> PlannedCell:
    skipped = not raw["source"].strip() or bool(cell and cell.declaration and cell.declaration.kind == "skip")
    return PlannedCell(
        position=position,
        cell=index,
        id=raw.get("id"),
        digest=cell.digest if cell else digest_text(raw["source"]),
        tags=cell.tags if cell else (INJECTED_TAG,),
        skipped=skipped,
        dropped=_blank_lines_at_the_top(cell.body if cell else raw["source"]),
    )


def _blank_lines_at_the_top(source: str) -> int:
    lines = source.splitlines()
    return next((number for number, line in enumerate(lines) if line.strip()), 0)


def joined(text: str | list[str]) -> str:
    """Return text that a file may hold as a list of lines."""
    return text if isinstance(text, str) else "".join(text)
