"""A notebook analysed for the doctor's rules. Nothing is run."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator

import msgspec

from pressrun.notebook.cell_walker import parse
from pressrun.notebook.dataflow import CellAnalysis, analyse_cells, flows_from
from pressrun.notebook.inspect import parameters_cell_of
from pressrun.notebook.ipython_syntax import logical_lines
from pressrun.notebook.names import BUILTINS
from pressrun.notebook.parameters import parameters_of
from pressrun.notebook.steps import is_left_out
from pressrun.records.cells import Cell, CellFlow, Notebook, Parameter
from pressrun.rules.doctor.analysed import AnalysedCell, AnalysedNotebook, Command
from pressrun.rules.doctor.events import Event, Known
from pressrun.rules.doctor.sites import events_of

# words that begin a line magic where a cell is a single line and no such variable exists
_AUTOMAGIC = re.compile(
    r"^(pip|conda|mamba|cd|ls|ll|pwd|who|whos|load_ext|reload_ext|matplotlib|autoreload|env|set_env|time|timeit|run|pylab|history"
    r"|mkdir|rm|cp|mv|cat|more|less|man|pushd|popd|writefile|config|reset|pinfo|alias|store|precision|xmode|pdb|debug|tensorboard)"
    r"(?:\s+(?![=(.\[+*/<>!&|^%@,:])(.*))?$"
)
_COMMAND = re.compile(r"^(?:[\w.\[\]'\", ]{1,200}?\s*=\s*)?([!%]{1,2})\s*(.*)$", re.DOTALL)


def analyse_notebook(notebook: Notebook) -> AnalysedNotebook:
    """Analyse a notebook's code cells in order, each knowing what earlier ones bound."""
    cells = tuple(_without_automagic(cell) for cell in notebook.cells)
    analyses = analyse_cells(cells)
    by_index = {cell.index: cell for cell in cells}
    known = Known()
    analysed = tuple(
        _analysed(by_index[analysis.index], analysis, flow, known)
        for analysis, flow in zip(analyses, flows_from(analyses), strict=True)
    )
    return AnalysedNotebook(
        every=cells,
        cells=analysed,
        parameters=_parameters(cells),
        metadata=notebook.metadata,
        known=known,
    )


def _analysed(cell: Cell, analysis: CellAnalysis, flow: CellFlow, known: Known) -> AnalysedCell:
    tree = _tree(analysis)
    left_out = is_left_out(cell)
    return AnalysedCell(
        cell=cell,
        text=analysis.plain.text,
        altered=analysis.plain.altered,
        tree=tree,
        error=analysis.error,
        flow=flow,
        sure_reads=_sure_reads(analysis),
        events=_events(cell.index, tree, known),
        commands=tuple(_commands(cell.body)),
        left_out=left_out,
        may_raise="raises-exception" in cell.tags,
    )


def _sure_reads(analysis: CellAnalysis) -> dict[str, int]:
    """Return the names that the cell surely needs; a builtin is there even where a later cell rebinds it."""
    if analysis.plain.opaque:
        return {}
    return {name: line for name, line in analysis.names.sure_reads.items() if name not in BUILTINS}


def _tree(analysis: CellAnalysis) -> ast.Module | None:
    if analysis.error is not None:
        return None
    try:
        return parse(analysis.plain.text)
    except SyntaxError:
        return None


def _events(index: int, tree: ast.Module | None, known: Known) -> tuple[Event, ...]:
    if tree is None:
        return ()
    try:
        return events_of(index, tree, known)
    except RecursionError:  # generated code: an expression nested a thousand deep tells nothing
        return ()


def _parameters(cells: tuple[Cell, ...]) -> tuple[Parameter, ...]:
    cell = parameters_cell_of(cells)
    if cell is None:
        return ()
    try:
        return parameters_of(cell, cells[: cell.index])
    except SyntaxError:
        return ()


def _without_automagic(cell: Cell) -> Cell:
    """Write out the ``%`` that IPython adds to a cell of one line that begins with a magic's name."""
    body = cell.body.strip()
    match = _AUTOMAGIC.match(body) if cell.type == "code" and "\n" not in body else None
    if match is None or (match[2] is None and match[1] not in {"ls", "ll", "pwd", "who", "whos", "pylab", "history"}):
        return cell
    return msgspec.structs.replace(cell, body=cell.body.replace(match[1], f"%{match[1]}", 1))


def _commands(body: str) -> Iterator[Command]:
    """Yield the shell commands and magics of a cell, with the line each begins at."""
    text = body.replace("\r\n", "\n").replace("\r", "\n")
    if "%" not in text and "!" not in text:
        return
    first = next((number for number, line in enumerate(text.split("\n")) if line.strip()), 0)
    head = text.split("\n")[first].strip()
    if head.startswith("%%"):
        name = head[2:].partition(" ")[0]
        below = "\n".join(text.split("\n")[first + 1 :])
        yield Command("cell-magic", name, below, first + 1)
        if name in {"time", "timeit", "capture", "prun", "memit"}:
            yield from _lines(below, first + 1)
        return
    yield from _lines(text, 0)


def _lines(text: str, skipped: int) -> Iterator[Command]:
    for start, end in logical_lines(text):
        raw = text[start:end]
        line = raw.strip()
        match = _COMMAND.match(line) if line[:1] in {"%", "!"} or "!" in line or "%" in line else None
        if match is None:
            continue
        number = skipped + text.count("\n", 0, start) + 1 + (len(raw) - len(raw.lstrip("\n")))
        assigned = line[:1] not in {"%", "!"}
        if assigned and _is_python(line):
            continue
        indented = raw.lstrip("\n")[:1] in {" ", "\t"}
        content = match[2].replace("\\\n", " ").strip()
        if match[1].startswith("!"):
            yield Command("shell", "", content, number, assigned, not indented)
        else:
            name, _, rest = content.partition(" ")
            yield Command("magic", name, rest, number, assigned, not indented)


def _is_python(line: str) -> bool:
    """Whether a line with ``=`` and ``%`` or ``!`` is an expression of Python (``x = a % b``)."""
    try:
        parse(line)
    except SyntaxError:
        return False
    return True
