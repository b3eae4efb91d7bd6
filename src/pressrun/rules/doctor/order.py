"""What the saved execution counts tell about the order in which cells ran."""

from __future__ import annotations

import itertools
from collections import Counter
from collections.abc import Iterator

from pressrun.records.cells import Cell
from pressrun.records.findings import Finding
from pressrun.rules.doctor.analysed import AnalysedNotebook, Surroundings
from pressrun.rules.doctor.kinds import found

_SHOWN = 5  # counts that are named


def execution_counts(notebook: AnalysedNotebook, _around: Surroundings) -> Iterator[Finding]:
    """Find counts that a run from top to bottom can't give."""
    cells = [cell.cell for cell in notebook.cells if not _is_blank(cell.cell)]
    ran = [(cell.index, cell.execution_count) for cell in cells if cell.execution_count is not None]
    if not ran:
        return
    counts = Counter(count for _, count in ran)
    repeated = sorted(count for count, times in counts.items() if times > 1)
    if repeated:
        place = next(index for index, count in reversed(ran) if count == repeated[0])
        yield found("counts-repeated", f"cells share the execution counts {_some(repeated)}", at=(place, None))
    jumps = [(a, b) for a, b in itertools.pairwise(ran) if b[1] < a[1]]
    if jumps:
        (earlier, first), (later, second) = jumps[0]
        what = f"ran before cell {earlier}, which stands above it (counts {second} and {first})"
        others = [index for _, (index, _) in jumps[1:]]
        more = f"; so did cell{'s' * (len(others) > 1)} {_some(others)}" if others else ""
        yield found("counts-out-of-order", what + more, at=(later, None))
    missing = sorted(set(range(1, max(counts) + 1)) - set(counts))
    if missing:
        what = f"no cell holds the execution counts {_some(missing)}: cells were run again or deleted"
        yield found("counts-gap", what)
    idle = [cell.index for cell in cells if cell.execution_count is None and not _left_out(cell)]
    if idle:
        noun = "cell has" if len(idle) == 1 else "cells have"
        yield found("counts-missing", f"{len(idle)} {noun} no execution count: {_some(idle)}", at=(idle[0], None))


def _is_blank(cell: Cell) -> bool:
    return not cell.source.strip()


def _left_out(cell: Cell) -> bool:
    return cell.declaration is not None and cell.declaration.kind == "skip"


def _some(numbers: list[int]) -> str:
    return ", ".join(map(str, numbers[:_SHOWN])) + (
        f" and {len(numbers) - _SHOWN} more" if len(numbers) > _SHOWN else ""
    )
