"""What varies by itself: cells whose outputs differ between two runs in one environment.

Such a difference is nondeterminism, not drift. It is named and left out of the verdict; it is never called equal. Pure.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import TypeVar

import msgspec

from pressrun.records.comparison import Comparison, OutputComparison, Sameness, ValueComparison

# from the best to the worst that a part of a comparison can do to the whole
_ORDER: tuple[Sameness, ...] = (
    "not-compared",
    "identical",
    "normalised",
    "within-tolerance",
    "missing",
    "extra",
    "different",
)
UNEQUAL: frozenset[Sameness] = frozenset({"different", "missing", "extra"})
_Part = TypeVar("_Part", OutputComparison, ValueComparison)
REASON = "varies between two runs in one environment"


def unequal_cells(comparison: Comparison) -> tuple[int, ...]:
    """Return the cells of the expected notebook whose outputs differ, sorted."""
    return tuple(sorted({output.cell for output in comparison.outputs if output.sameness in UNEQUAL}))


def unequal_values(comparison: Comparison) -> tuple[str, ...]:
    """Return the names of the metrics and predictions that differ, sorted."""
    return tuple(sorted({value.name for value in comparison.values if value.sameness in UNEQUAL}))


def leave_out(comparison: Comparison, cells: Iterable[int], values: Iterable[str] = ()) -> Comparison:
    """Return the comparison with some cells and values marked as not compared, and the whole judged anew.

    Args:
        comparison: of two runs.
        cells: indices of the cells to leave out, in the expected notebook.
        values: names of the values to leave out.
    """
    varying, names = set(cells), set(values)
    outputs = tuple(_unjudged(output) if output.cell in varying else output for output in comparison.outputs)
    kept = tuple(_unjudged(value) if value.name in names else value for value in comparison.values)
    return msgspec.structs.replace(comparison, outputs=outputs, values=kept, sameness=worst(outputs, kept))


def worst(outputs: Iterable[OutputComparison], values: Iterable[ValueComparison] = ()) -> Sameness:
    """Return the worst sameness of all parts that were compared.

    ``not-compared`` where there were parts and none was compared; ``identical`` where there was nothing to compare.
    """
    parts: list[OutputComparison | ValueComparison] = [*outputs, *values]
    found = [part.sameness for part in parts if part.sameness != "not-compared"]
    unequal = [sameness for sameness in found if sameness in UNEQUAL]
    if not found:
        return "not-compared" if parts else "identical"
    return "different" if unequal else max(found, key=_ORDER.index)


def _unjudged(part: _Part) -> _Part:
    if part.sameness not in UNEQUAL:
        return part
    return msgspec.structs.replace(part, sameness="not-compared", reason=REASON)
