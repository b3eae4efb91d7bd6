"""The steps of a notebook's pipeline and how they hang together.

Every code cell that is left in production is a step of its own, but neighbouring cells that are declared with the same
KIND and NAME are one. Cells declared ``skip`` and cells without code are left out. A step's name is the declared NAME;
where two KINDs share a NAME it is ``KIND-NAME``, and without a NAME ``cell-<index>``.

Imported modules and names are no needs: any step can import them itself. A step that changes a module
(``np.random.seed``) still comes before the steps that use it.
"""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from pressrun.notebook.dataflow import writes
from pressrun.records.cells import Cell, CellFlow, Declaration, Kind, Step


class _Draft(msgspec.Struct):
    """A step while its cells are gathered."""

    kind: Kind
    name: str | None
    flows: list[CellFlow]


def steps_of(cells: Sequence[Cell], flows: Sequence[CellFlow]) -> tuple[Step, ...]:
    """Return the steps in the notebook's order.

    Args:
        cells: all cells of a notebook.
        flows: the flows of its code cells, as `dataflow.flows_of` gives them.
    """
    drafts = _drafts(cells, flows)
    names = _unique_names(drafts)
    graph = _Graph(drafts)
    return tuple(
        Step(
            name=name,
            kind=draft.kind,
            cells=tuple(flow.cell for flow in draft.flows),
            needs=tuple(graph.needs[position]),
            provides=tuple(graph.provides[position]),
            after=tuple(names[other] for other in sorted(graph.after[position])),
        )
        for position, (draft, name) in enumerate(zip(drafts, names, strict=True))
    )


def is_left_out(cell: Cell) -> bool:
    """Whether a code cell has no part in production: declared ``skip``, or without any code."""
    if cell.declaration is not None and cell.declaration.kind == "skip":
        return True
    return not has_code(cell)


def has_code(cell: Cell) -> bool:
    """Whether a cell holds more than blank lines and comments."""
    lines = (line.strip() for line in cell.body.split("\n"))
    return cell.type == "code" and any(line and not line.startswith("#") for line in lines)


def repeated_names(cells: Sequence[Cell]) -> tuple[tuple[Declaration, int, int], ...]:
    """Return each KIND and NAME that is declared again after other steps, with the first and the later cell."""
    found: list[tuple[Declaration, int, int]] = []
    seen: dict[tuple[Kind, str], int] = {}
    last: tuple[Kind, str] | None = None
    for cell in cells:
        if cell.type != "code" or is_left_out(cell):
            continue
        declared = cell.declaration
        key = (declared.kind, declared.name) if declared is not None and declared.name else None
        if declared is not None and key is not None and key != last and key in seen:
            found.append((declared, seen[key], cell.index))
        if key is not None:
            seen.setdefault(key, cell.index)
        last = key
    return tuple(found)


def _drafts(cells: Sequence[Cell], flows: Sequence[CellFlow]) -> list[_Draft]:
    by_cell = {flow.cell: flow for flow in flows}
    drafts: list[_Draft] = []
    for cell in cells:
        if cell.type != "code" or is_left_out(cell):
            continue
        declared = cell.declaration
        kind: Kind = declared.kind if declared is not None else "step"
        name = declared.name if declared is not None else None
        if name is not None and drafts and (drafts[-1].kind, drafts[-1].name) == (kind, name):
            drafts[-1].flows.append(by_cell[cell.index])
        else:
            drafts.append(_Draft(kind, name, [by_cell[cell.index]]))
    return drafts


def _unique_names(drafts: list[_Draft]) -> list[str]:
    kinds: dict[str, set[Kind]] = {}
    for draft in drafts:
        if draft.name is not None:
            kinds.setdefault(draft.name.casefold(), set()).add(draft.kind)
    names: list[str] = []
    taken: set[str] = set()
    for draft in drafts:
        name = draft.name or f"cell-{draft.flows[0].cell}"
        if draft.name is not None and len(kinds[draft.name.casefold()]) > 1:
            name = f"{draft.kind}-{name}"
        unique, number = name, 2
        while unique.casefold() in taken:
            unique, number = f"{name}-{number}", number + 1
        taken.add(unique.casefold())
        names.append(unique)
    return names


class _Graph:
    """Follows names from step to step: who wrote each last, who needs it."""

    def __init__(self, drafts: Sequence[_Draft]) -> None:
        self.needs: list[dict[str, None]] = [{} for _ in drafts]
        self.provides: list[dict[str, None]] = [{} for _ in drafts]
        self.after: list[set[int]] = [set() for _ in drafts]
        self._written: dict[str, int] = {}
        self._imported: set[str] = set()
        self._opaque: int | None = None
        used_later: set[str] = set()
        self._used_after: list[set[str]] = []
        for draft in reversed(drafts):
            self._used_after.insert(0, set(used_later))
            used_later.update(*(flow.uses for flow in draft.flows))
        for position, draft in enumerate(drafts):
            self._enter(position, draft)
            self._leave(position, draft)

    def _enter(self, position: int, draft: _Draft) -> None:
        """Note what a step takes: what it reads, and what it may leave as it was for a later step."""
        if self._opaque is not None:
            self.after[position].add(self._opaque)
        inside: set[str] = set()
        for flow in draft.flows:
            handed_on = [name for name in flow.may_define if name in self._used_after[position]]
            for name in [*flow.uses, *handed_on]:
                if name not in inside:
                    self._take(name, position)
            inside |= {name for name in writes(flow) if name not in flow.may_define}

    def _take(self, name: str, position: int) -> None:
        source = self._written.get(name)
        if source is None:
            return
        self.after[position].add(source)
        if name not in self._imported:
            self.needs[position][name] = None
            self.provides[source][name] = None

    def _leave(self, position: int, draft: _Draft) -> None:
        """Note what a step has written when it ends."""
        for flow in draft.flows:
            self._imported |= set(flow.imported)
            self._imported -= {name for name in flow.defines if name not in flow.imported}
            for name in writes(flow):
                if name in flow.imported and name not in flow.mutates:
                    self._written.pop(name, None)
                else:
                    self._written[name] = position
            for name in flow.deletes:
                self._written.pop(name, None)
            if any("may define" in reason for reason in flow.opaque):
                self._opaque = position
