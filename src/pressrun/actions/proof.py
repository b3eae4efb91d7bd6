"""Proving a result: run, compare, and where outputs differ run once more to tell nondeterminism from drift."""

from __future__ import annotations

from collections.abc import Callable

import msgspec

from pressrun.actions.compare import find_comparators
from pressrun.actions.runs import Run
from pressrun.records.cells import Cell
from pressrun.records.comparison import Comparison
from pressrun.records.outputs import CapturedValue
from pressrun.rules.compare.notebooks import compare_cells
from pressrun.rules.compare.settings import CompareSettings
from pressrun.rules.compare.values import compare_values
from pressrun.rules.varying import UNEQUAL, leave_out, unequal_cells, unequal_values


class Expected(msgspec.Struct, frozen=True, kw_only=True):
    """What a run is held against: the cells of another run, or restored from a bundle, and its metrics."""

    cells: tuple[Cell, ...]
    values: tuple[CapturedValue, ...] = ()


class Proof(msgspec.Struct, frozen=True, kw_only=True):
    """What the runs showed.

    Attributes:
        run: the first run.
        comparison: against what was expected, varying cells and values left out; None when the run did not reach its
        end. second: the first run against the second one, when there was one.
        varying: cells that differ between two runs in this environment; likewise `varying_values` by name.
    """

    run: Run
    comparison: Comparison | None = None
    second: Comparison | None = None
    varying: tuple[int, ...] = ()
    varying_values: tuple[str, ...] = ()


def prove(expected: Expected, run_once: Callable[[int], Run], settings: CompareSettings) -> Proof:
    """Run, compare, and where outputs differ run a second time.

    Args:
        expected: outputs and values to hold the run against.
        run_once: runs the notebook; takes the number of the run, from 1.
        settings: tolerances for the comparison with `expected`; two runs here always count as one environment.
    """
    run = run_once(1)
    if not run.replay.ok:
        return Proof(run=run)
    comparison = compared(expected.cells, expected.values, run, settings)
    if comparison.sameness not in UNEQUAL:
        return Proof(run=run, comparison=comparison)
    again = run_once(2)
    if not again.replay.ok:
        return Proof(run=run, comparison=comparison)
    here = msgspec.structs.replace(settings, same_environment=True, folders=(run.folder,))
    second = compared(run.cells, run.values, again, here)
    varying, names = unequal_cells(second), unequal_values(second)
    return Proof(
        run=run,
        comparison=leave_out(comparison, varying, names),
        second=second,
        varying=varying,
        varying_values=names,
    )


def compared(
    cells: tuple[Cell, ...], values: tuple[CapturedValue, ...], run: Run, settings: CompareSettings
) -> Comparison:
    """Compare a run's outputs and metrics with those expected; where the project was in the run is no result."""
    settings = msgspec.structs.replace(settings, folders=(*settings.folders, run.folder))
    judged = compare_values(values, run.values, settings)
    return compare_cells(cells, run.cells, settings=settings, values=judged, registry=find_comparators())
