"""Names that a run from top to bottom does not have when it needs them."""

from __future__ import annotations

from collections.abc import Iterator

import msgspec

from pressrun.errors import near_match
from pressrun.records.findings import Finding, Level
from pressrun.rules.doctor.analysed import AnalysedCell, AnalysedNotebook, Surroundings
from pressrun.rules.doctor.events import Place, Reading
from pressrun.rules.doctor.kinds import BLOCKS, NOTE, SHOULD, found

# names that a hosted service puts into every notebook
_GIVEN_BY_SERVICES = frozenset({"spark", "sc", "sqlContext", "dbutils", "displayHTML", "table"})


class _Seen(msgspec.Struct):
    """What the cells so far have done to names."""

    defined: set[str] = set()
    deleted: dict[str, int] = {}
    skipped: dict[str, int] = {}
    unseen: bool = False

    def may_have(self, name: str) -> bool:
        """Whether a cell that cannot be seen through may have defined a name of which nothing is known."""
        return self.unseen and name not in self.deleted and name not in self.skipped

    def after(self, cell: AnalysedCell) -> None:
        """Take in what a cell does."""
        flow = cell.flow
        self.unseen = self.unseen or flow.syntax_error is not None or any("may define" in why for why in flow.opaque)
        bound = {*flow.defines, *flow.mutates}
        if cell.left_out:
            self.skipped.update({name: cell.index for name in bound if name not in self.defined})
            return
        # what was told once is not told again for every later use
        self.defined |= bound | set(cell.sure_reads)
        self.defined -= set(flow.deletes)
        self.deleted.update(dict.fromkeys(flow.deletes, cell.index))


def undefined_names(notebook: AnalysedNotebook, _around: Surroundings) -> Iterator[Finding]:
    """Find names that are read before any cell has defined them."""
    seen = _Seen()
    seen.defined |= {"__session__", *(parameter.name for parameter in notebook.parameters)}
    for cell in notebook.cells:
        if not cell.left_out and not any("may define" in why for why in cell.flow.opaque):
            for name, line in cell.sure_reads.items():
                if name in cell.flow.uses and name not in seen.defined and not seen.may_have(name):
                    yield _finding(name, line, cell, notebook, seen)
        seen.after(cell)


def _finding(name: str, line: int, cell: AnalysedCell, notebook: AnalysedNotebook, seen: _Seen) -> Finding:
    place = _sure_place(name, cell)
    level: Level = SHOULD if seen.unseen or place is None or name in _GIVEN_BY_SERVICES else BLOCKS
    level = NOTE if cell.may_raise else level
    at = (cell.index, place.line if place is not None else line or None)
    later = next(
        (other.index for other in notebook.run if other.index > cell.index and name in other.flow.defines), None
    )
    if name in seen.skipped:
        what = f"uses {name!r}, which only the skipped cell {seen.skipped[name]} defines"
        return found("name-skipped", what, at=at, level=level, subject=name)
    if name in seen.deleted:
        what = f"uses {name!r}, which cell {seen.deleted[name]} deletes"
        return found("name-deleted", what, at=at, level=level, subject=name)
    if later is not None:
        what = f"uses {name!r}, which is first defined later, in cell {later}"
        fix = f"Move the definition of {name!r} from cell {later} above this cell."
        return found("name-defined-later", what, at=at, level=level, subject=name, fix=fix)
    if place is not None and _ran_well(cell):
        what = f"uses {name!r}, which no cell defines, and shows a result nevertheless"
        return found("name-from-lost-cell", what, at=at, level=level, subject=name)
    if name in _GIVEN_BY_SERVICES:
        fix = f"Create {name!r} in the notebook, or run it where the service gives it."
        return found(
            "name-undefined",
            f"uses {name!r}, which only a hosted service defines",
            at=at,
            level=level,
            subject=name,
            fix=fix,
        )
    hint = near_match(name, seen.defined)
    what = f"uses {name!r}, which no cell defines" + (f"; {hint}" if hint else "")
    return found("name-undefined", what, at=at, level=level, subject=name)


def _sure_place(name: str, cell: AnalysedCell) -> Place | None:
    """Return where the cell surely reads a name, None where that depends on a branch, a loop, a handler or a call."""
    for event in cell.events:
        if isinstance(event, Reading) and event.name == name and not event.dotted:
            place = event.place
            if place.sure and not place.function and not place.survives("NameError"):
                return place
    return None


def _ran_well(cell: AnalysedCell) -> bool:
    """Whether the saved cell ran to its end: it has a count and a result, and no error."""
    kinds = {output.get("output_type") for output in cell.cell.outputs}
    return cell.cell.execution_count is not None and bool(kinds & {"execute_result"}) and "error" not in kinds
