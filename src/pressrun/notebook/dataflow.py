"""Static dataflow: which names each cell defines, uses and changes, and which cells a name needs.

Told from syntax alone, without running anything, and leaning to the safe side: a use that may happen counts, a binding
that may not happen does not hide an earlier one. Functions of the notebook are followed across cells: a cell that calls
``score()`` uses what the body of ``score`` reads at that moment. What cannot be seen (``exec``, ``import *``, ``%run``)
makes the cell *opaque* instead of being ignored. Pure and stable.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import msgspec

from pressrun.notebook.cell_names import CellNames, Known
from pressrun.notebook.cell_walker import names_of, parse
from pressrun.notebook.grammar import neutral_source
from pressrun.notebook.ipython_syntax import PlainSource, plain_source
from pressrun.notebook.names import BUILTINS
from pressrun.records.cells import Cell, CellFlow


class CellAnalysis(msgspec.Struct, frozen=True, kw_only=True):
    """What is known of one cell before builtins are told from the notebook's own names.

    Attributes:
        error: message and line where the cell is no valid Python.
    """

    index: int
    plain: PlainSource
    names: CellNames
    error: tuple[str, int | None] | None = None


def cell_flow(index: int, source: str) -> CellFlow:
    """Return the flow of one cell by itself.

    >>> cell_flow(3, "total = price * n").uses
    ('price', 'n')
    """
    return _flow(_analyse(index, source, Known()), BUILTINS)


def flows_of(cells: Iterable[Cell]) -> tuple[CellFlow, ...]:
    """Return the flows of a notebook's code cells, functions followed from cell to cell."""
    return flows_from(analyse_cells(cells))


def analyse_cells(cells: Iterable[Cell]) -> tuple[CellAnalysis, ...]:
    """Analyse the code cells in order, each knowing the functions that earlier ones defined."""
    known = Known()
    return tuple(_analyse(cell.index, cell.body, known) for cell in cells if cell.type == "code")


def known_after(cells: Iterable[Cell]) -> Known:
    """Return what is known of functions after these cells, for the analysis of parts of the next one."""
    known = Known()
    for cell in cells:
        if cell.type == "code":
            _analyse(cell.index, cell.body, known)
    return known


def flows_from(analyses: Sequence[CellAnalysis]) -> tuple[CellFlow, ...]:
    """Return the flows of cells that were analysed together; a builtin that the notebook rebinds counts as its name."""
    builtins = BUILTINS - {name for analysis in analyses for name in analysis.names.defines}
    return tuple(_flow(analysis, builtins) for analysis in analyses)


def backward_slice(flows: Sequence[CellFlow], names: Iterable[str], cell: int | None = None) -> tuple[int, ...]:
    """Return the cells that must run to have `names` as they are after `cell`, in the notebook's order.

    Args:
        flows: flows of a notebook, in order.
        names: the names wanted; one that no cell defines adds no cell.
        cell: index of a cell; None for the notebook's end.
    """
    rows = [flow for flow in flows if cell is None or flow.cell <= cell]
    wanted = [(name, len(rows)) for name in names]
    done: set[tuple[str, int]] = set()
    kept: set[int] = set()
    while wanted:
        name, before = wanted.pop()
        if (name, before) in done:
            continue
        done.add((name, before))
        for row in _sources(rows, name, before):
            if row not in kept:
                kept.add(row)
                wanted += [(use, row) for use in rows[row].uses]
    return tuple(rows[row].cell for row in sorted(kept))


def writes(flow: CellFlow) -> set[str]:
    """Return the names that a cell binds or whose object it changes."""
    return {*flow.defines, *flow.mutates}


def _sources(rows: Sequence[CellFlow], name: str, before: int) -> list[int]:
    """Return positions of the cells that give `name` the value it has before position `before`."""
    found: list[int] = []
    for row in range(before - 1, -1, -1):
        flow = rows[row]
        if any("may define" in reason for reason in flow.opaque):
            found.append(row)
        if name in writes(flow) and row not in found:
            found.append(row)
        if name in flow.deletes:
            break
        if name in flow.defines and name not in flow.may_define:
            break
    return found


def _analyse(index: int, source: str, known: Known) -> CellAnalysis:
    plain = plain_source(neutral_source(source))
    try:
        names = names_of(parse(plain.text), plain, known)
    except SyntaxError as error:
        return CellAnalysis(index=index, plain=plain, names=CellNames(), error=(_readable(error), error.lineno))
    except RecursionError:
        names = CellNames(opaque={"too deeply nested; it may define names": None})
    return CellAnalysis(index=index, plain=plain, names=names)


def _readable(error: SyntaxError) -> str:
    message = error.msg or "invalid syntax"
    if "print" in message and "parentheses" in message:
        return "a print statement: this is Python 2"
    return message


def _flow(analysis: CellAnalysis, builtins: frozenset[str]) -> CellFlow:
    names, plain = analysis.names, analysis.plain
    defines = () if plain.private else tuple(names.defines)
    uses = tuple(name for name in dict.fromkeys([*names.reads, *names.late]) if name not in builtins)
    return CellFlow(
        cell=analysis.index,
        defines=defines,
        may_define=tuple(name for name in defines if name not in names.settled),
        uses=uses,
        late=tuple(name for name in names.late if name in uses),
        mutates=tuple(name for name in names.mutates if name not in builtins),
        deletes=tuple(names.deletes),
        imports=tuple(names.modules),
        imported=tuple(names.imported),
        magics=plain.magics,
        shell=plain.shell,
        opaque=tuple(names.opaque) or plain.opaque,
        syntax_error=analysis.error[0] if analysis.error else None,
    )
