"""What the saved execution counts tell: cells that ran out of order, ran again, or are gone. Pure."""

from __future__ import annotations

import itertools
from collections.abc import Sequence

from pressrun.records.cells import Cell


def count_findings(cells: Sequence[Cell]) -> tuple[str, ...]:
    """Return sentences about execution counts that a run from top to bottom can't give; none when there are none.

    Args:
        cells: of the notebook as it was saved.
    """
    ran = [(cell.index, cell.execution_count or 0) for cell in cells if cell.type == "code" and cell.execution_count]
    findings: list[str] = []
    for (earlier, first), (later, second) in itertools.pairwise(ran):
        if second <= first:
            findings.append(f"cell {earlier} was run after cell {later} (counts {first} and {second})")
    counts = sorted(count for _, count in ran)
    missing = sorted(set(range(counts[0], counts[-1] + 1)) - set(counts)) if counts else []
    if missing:
        shown = ", ".join(map(str, missing[:5])) + (" and more" if len(missing) > 5 else "")
        findings.append(f"no cell holds the counts {shown}: cells were run again or deleted")
    return tuple(findings)
