"""What a reader should know before a notebook is run: contradictions, names that nothing defines, blind spots.

``error`` is kept for what surely fails or cannot be meant; what only looks wrong from here is a ``warning``, because
the kernel may know better (a newer Python, a name that ``%run`` defines).
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence

from pressrun.errors import near_match
from pressrun.notebook.dataflow import CellAnalysis, writes
from pressrun.notebook.grammar import commented_out_line
from pressrun.notebook.names import BUILTINS
from pressrun.notebook.steps import has_code, is_left_out, repeated_names
from pressrun.records.cells import Cell, CellFlow, Parameter, Problem


def problems_of(
    cells: Sequence[Cell],
    analyses: Sequence[CellAnalysis],
    flows: Sequence[CellFlow],
    parameters: Sequence[Parameter],
) -> tuple[Problem, ...]:
    """Return the problems of a notebook, by cell, the graver first.

    Args:
        cells: all cells.
        analyses: of the code cells, in order.
        flows: of the code cells, in order.
        parameters: the declared ones.
    """
    found = [
        *_of_document(cells),
        *_of_declarations(cells),
        *_of_syntax(cells, analyses),
        *_of_names(cells, analyses, flows),
        *_of_models(cells, flows),
        *_of_parameters(cells, flows, parameters),
        *_of_blind_spots(flows),
    ]
    order = {"error": 0, "warning": 1, "note": 2}
    return tuple(sorted(found, key=lambda p: (order[p.level], -1 if p.cell is None else p.cell, p.line or 0)))


def _of_document(cells: Sequence[Cell]) -> Iterator[Problem]:
    if not cells:
        yield Problem(level="error", message="the notebook has no cells: there is nothing to run")
    elif not any(has_code(cell) for cell in cells):
        yield Problem(level="error", message="no cell holds code: there is nothing to run")
    for identity, count in Counter(cell.id for cell in cells if cell.id is not None).items():
        if count > 1:
            places = [cell.index for cell in cells if cell.id == identity]
            listed = ", ".join(map(str, places))
            yield Problem(level="warning", message=f"cells {listed} share the id {identity!r}", cell=places[0])
    for cell in cells:
        if "injected-parameters" in cell.tags:
            message = "the cell was injected by papermill: this notebook is the output of a run, not a source"
            yield Problem(level="warning", message=message, cell=cell.index)


def _of_declarations(cells: Sequence[Cell]) -> Iterator[Problem]:
    declared = [cell.index for cell in cells if cell.declaration is not None and cell.declaration.kind == "parameters"]
    for index in declared[1:]:
        message = f"cell {declared[0]} is declared 'parameters' already; a notebook has one parameters cell"
        yield Problem(level="error", message=message, cell=index)
    for declaration, first, later in repeated_names(cells):
        message = (
            f"{declaration.kind} {declaration.name!r} is declared in cell {first} already, with other steps between"
        )
        yield Problem(level="error", message=message, cell=later)
    for cell in cells:
        line = commented_out_line(cell.source) if cell.type == "code" else None
        if line is not None:
            message = "'# %%register' declares nothing; write '# %register' or '%%register'"
            yield Problem(level="warning", message=message, cell=cell.index, line=line)


def _of_syntax(cells: Sequence[Cell], analyses: Sequence[CellAnalysis]) -> Iterator[Problem]:
    by_index = {cell.index: cell for cell in cells}
    for analysis in analyses:
        if analysis.error is None:
            continue
        cell = by_index[analysis.index]
        is_parameters = cell.declaration is not None and cell.declaration.kind == "parameters"
        message, line = analysis.error
        level = "error" if is_parameters else "warning"
        yield Problem(level=level, message=f"no valid Python: {message}", cell=analysis.index, line=line)  # type: ignore[arg-type]


def _of_names(cells: Sequence[Cell], analyses: Sequence[CellAnalysis], flows: Sequence[CellFlow]) -> Iterator[Problem]:
    """Tell names that are surely read and that nothing before defines."""
    by_index = {cell.index: cell for cell in cells}
    unseen = False
    defined: set[str] = set()
    skipped: dict[str, int] = {}
    for analysis, flow in zip(analyses, flows, strict=True):
        cell = by_index[flow.cell]
        left_out = is_left_out(cell)
        for name, line in analysis.names.sure_reads.items():
            if name not in flow.uses or name in defined:
                continue
            if name in skipped and not left_out:
                message = f"needs {name!r}, which only the skipped cell {skipped[name]} defines"
                yield Problem(
                    level="warning" if unseen else "error", message=message, cell=flow.cell, line=line or None
                )
            elif name not in skipped and not unseen and not analysis.plain.opaque:
                yield _undefined(name, line, flow, flows, defined)
        unseen = unseen or flow.syntax_error is not None or any("may define" in reason for reason in flow.opaque)
        if left_out:
            skipped.update({name: flow.cell for name in writes(flow) if name not in defined})
        else:
            defined |= writes(flow) | set(analysis.names.sure_reads)
        defined -= set(flow.deletes) if not left_out else set()


def _undefined(name: str, line: int, flow: CellFlow, flows: Sequence[CellFlow], defined: set[str]) -> Problem:
    later = [other.cell for other in flows if other.cell > flow.cell and name in other.defines]
    if later:
        message = f"uses {name!r}, which is first defined later, in cell {later[0]}"
    else:
        hint = near_match(name, defined | set(BUILTINS))
        message = f"uses {name!r}, which no cell defines" + (f"; {hint}" if hint else "")
    return Problem(level="warning", message=message, cell=flow.cell, line=line or None)


def _of_models(cells: Sequence[Cell], flows: Sequence[CellFlow]) -> Iterator[Problem]:
    """Tell names given to ``--object``, ``--predict`` and ``--sample`` that nothing defines."""
    known: set[str] = set()
    unseen = False
    by_cell = {flow.cell: flow for flow in flows}
    for cell in cells:
        flow = by_cell.get(cell.index)
        if flow is None:
            continue
        known |= writes(flow)
        unseen = unseen or flow.syntax_error is not None or any("may define" in reason for reason in flow.opaque)
        options = cell.declaration.options if cell.declaration is not None and cell.declaration.kind == "model" else {}
        for option, value in options.items():
            root = value.partition(".")[0]
            if root in known or (option == "predict" and "." not in value):
                continue
            hint = near_match(root, known)
            message = f"--{option} names {root!r}, which neither this cell nor an earlier one defines"
            level = "warning" if unseen else "error"
            yield Problem(level=level, message=message + (f"; {hint}" if hint else ""), cell=cell.index)  # type: ignore[arg-type]


def _of_parameters(
    cells: Sequence[Cell], flows: Sequence[CellFlow], parameters: Sequence[Parameter]
) -> Iterator[Problem]:
    if not parameters:
        return
    index = parameters[0].cell
    injected = {cell.index for cell in cells if "injected-parameters" in cell.tags}
    later = [flow for flow in flows if flow.cell > index and flow.cell not in injected]
    used = {name for flow in later for name in flow.uses} | {name for p in parameters for name in p.derived_from}
    for parameter in parameters:
        again = next((flow.cell for flow in later if parameter.name in flow.defines), None)
        if again is not None:
            message = f"parameter {parameter.name!r} is bound again in cell {again}: a given value ends there"
            yield Problem(level="warning", message=message, cell=again)
        elif parameter.name not in used and not any(flow.opaque or flow.syntax_error for flow in later):
            message = f"parameter {parameter.name!r} is used by no later cell"
            yield Problem(level="note", message=message, cell=index, line=parameter.line)


def _of_blind_spots(flows: Sequence[CellFlow]) -> Iterator[Problem]:
    for flow in flows:
        for reason in flow.opaque:
            yield Problem(level="note", message=f"the dataflow may be incomplete: {reason}", cell=flow.cell)
