"""Saved outputs: errors, results that the source cannot have given, and outputs that are too large."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from typing import Any

from pressrun.records.cells import Cell
from pressrun.records.findings import Finding
from pressrun.rules.doctor.analysed import AnalysedCell, AnalysedNotebook, Surroundings
from pressrun.rules.doctor.kinds import NOTE, SHOULD, found
from pressrun.rules.doctor.texts import fold

LARGE_CELL = 2_000_000  # bytes of outputs of one cell
LARGE_NOTEBOOK = 20_000_000  # bytes of all outputs: more than review and comparison tools show
_ANSI = re.compile(r"\x1b\[[0-9;]*[A-Za-z]")
_ARROW = re.compile(r"^-+> (\d+) (.*)$", re.MULTILINE)
_FRAME = re.compile(
    r"^(?:Cell In\[\d+\], line \d+|Input In \[\d+\], in |(?:/tmp|<ipython-input-)\S*)[^\n]*\n", re.MULTILINE
)
_CUT = re.compile(r"truncated|output hidden|\.\.\. \(\d+ more", re.IGNORECASE)
_QUIET = frozenset({"capture", "writefile", "file"})


def saved_errors(notebook: AnalysedNotebook, _around: Surroundings) -> Iterator[Finding]:
    """Find saved errors in cells that are not said to raise."""
    for cell in notebook.cells:
        error = _error(cell.cell)
        if error is not None and not cell.may_raise:
            name, value = str(error.get("ename") or "error"), _first_line(str(error.get("evalue") or ""))
            what = f"the saved output is an error: {name}" + (f": {value}" if value else "")
            level = NOTE if cell.left_out else SHOULD
            yield found("output-error", what, at=(cell.index, None), level=level, subject=name, fixable=True)


def large_outputs(notebook: AnalysedNotebook, _around: Surroundings) -> Iterator[Finding]:
    """Find cells whose outputs are over the limit, and a notebook whose outputs are."""
    sizes = {cell.index: sum(_size(output) for output in cell.cell.outputs) for cell in notebook.cells}
    total = sum(sizes.values())
    for index, size in sizes.items():
        if size > LARGE_CELL:
            what = f"its outputs have {size / 1e6:.1f} MB (limit {LARGE_CELL / 1e6:.0f} MB)"
            level = SHOULD if size > LARGE_NOTEBOOK else NOTE
            yield found("output-large", what, at=(index, None), level=level, fixable=True)
    if total > LARGE_NOTEBOOK and max(sizes.values()) <= LARGE_NOTEBOOK:
        what = f"all outputs together have {total / 1e6:.1f} MB (limit {LARGE_NOTEBOOK / 1e6:.0f} MB)"
        yield found("output-large", what, level=SHOULD)


def stale_outputs(notebook: AnalysedNotebook, _around: Surroundings) -> Iterator[Finding]:
    """Find saved outputs that the cell's present source cannot have given."""
    for cell in notebook.cells:
        why = _stale(cell)
        if why:
            level = NOTE if cell.left_out and cell.cell.source.strip() else SHOULD
            yield found("output-stale", why, at=(cell.index, None), level=level, fixable=True)


def _stale(cell: AnalysedCell) -> str:
    outputs = [output for output in cell.cell.outputs if _shows_something(output)]
    if not outputs:
        return ""
    if not cell.cell.source.strip():
        return "an output is saved, and the cell holds no code"
    counts = {o.get("execution_count") for o in outputs if o.get("output_type") == "execute_result"}
    differing = sorted(str(count) for count in counts - {cell.cell.execution_count, None})
    if differing and cell.cell.execution_count is not None:
        return f"the saved result is of run {differing[0]}, the cell is of run {cell.cell.execution_count}"
    if cell.tree is None:
        return ""
    return _traceback_differs(cell) or _literal_missing(cell) or _result_differs(cell)


def _traceback_differs(cell: AnalysedCell) -> str:
    """Compare the failing line that a saved traceback quotes with the line that stands there now."""
    error = _error(cell.cell)
    if error is None:
        return ""
    lines = error.get("traceback")
    text = _ANSI.sub("", "\n".join(map(str, lines))) if isinstance(lines, list) else ""
    frame = _FRAME.search(text)
    arrow = _ARROW.search(text, frame.end()) if frame is not None else None
    if arrow is None:
        return ""
    quoted, number = arrow[2].strip(), int(arrow[1])
    source = [line.strip() for line in cell.cell.source.splitlines()]
    if not quoted or quoted in source or any(line.startswith(quoted) for line in source):
        return ""
    return f"the saved error was raised by a line {number} that is no longer there"


def _literal_missing(cell: AnalysedCell) -> str:
    """Compare texts that the cell surely prints with what it printed."""
    if _error(cell.cell) is not None or any(command.name in _QUIET for command in cell.commands):
        return ""
    streams = [o for o in cell.cell.outputs if o.get("output_type") == "stream" and o.get("name") == "stdout"]
    printed = "".join(_text(output.get("text")) for output in streams)
    if not streams or _CUT.search(printed) or "\r" in printed or "\x1b" in printed or "\b" in printed:
        return ""
    for statement in cell.tree.body if cell.tree is not None else []:
        text = _printed_literal(statement)
        if text is not None and text not in printed:
            return f"the cell prints {_first_line(text)!r}, which the saved output does not hold"
        if _may_end(statement):
            break
    return ""


def _printed_literal(statement: ast.stmt) -> str | None:
    """Return the text that a statement ``print("...")`` prints."""
    call = statement.value if isinstance(statement, ast.Expr) else None
    if not (isinstance(call, ast.Call) and isinstance(call.func, ast.Name) and call.func.id == "print"):
        return None
    if call.keywords or len(call.args) != 1:
        return None
    text = fold(call.args[0], {})
    return text if isinstance(text, str) and text.strip() else None


def _may_end(statement: ast.stmt) -> bool:
    """Whether what follows a statement may not run, or print elsewhere."""
    ends = (ast.Raise, ast.Return, ast.With, ast.Assert)
    redirects = any(
        isinstance(node, ast.Attribute) and node.attr in {"stdout", "clear_output", "exit"}
        for node in ast.walk(statement)
    )
    return isinstance(statement, ends) or redirects or "clear_output" in ast.dump(statement)


def _result_differs(cell: AnalysedCell) -> str:
    """Compare a last expression that is a number or text with the saved result."""
    body = cell.tree.body if cell.tree is not None else []
    result = next((o for o in cell.cell.outputs if o.get("output_type") == "execute_result"), None)
    if result is None or not body or cell.altered:
        return ""
    last = body[-1]
    if not isinstance(last, ast.Expr):
        shown = _first_line(_text((result.get("data") or {}).get("text/plain")))
        return f"the saved result {shown!r} is of an expression that is no longer there" if _binds(last) else ""
    return _constant_differs(last.value, result)


def _constant_differs(value: ast.expr, result: dict[str, Any]) -> str:
    if not isinstance(value, ast.Constant) or isinstance(value.value, float | complex | bytes):
        return ""
    shown, expected = _text((result.get("data") or {}).get("text/plain")).strip(), repr(value.value)
    if not shown or shown == expected or len(expected) > 60:
        return ""
    return f"the saved result is {_first_line(shown)!r}, and the cell ends in {expected}"


def _binds(statement: ast.stmt) -> bool:
    return isinstance(
        statement, ast.Assign | ast.AugAssign | ast.Import | ast.ImportFrom | ast.FunctionDef | ast.ClassDef
    )


def _error(cell: Cell) -> dict[str, Any] | None:
    return next((output for output in cell.outputs if output.get("output_type") == "error"), None)


def _shows_something(output: dict[str, Any]) -> bool:
    if output.get("output_type") == "stream":
        return bool(_text(output.get("text")).strip())
    return True


def _size(value: Any) -> int:
    """Return roughly the bytes that a JSON value takes."""
    if isinstance(value, str):
        return len(value)
    if isinstance(value, dict):
        return sum(len(key) + _size(item) for key, item in value.items())
    if isinstance(value, list | tuple):
        return sum(_size(item) for item in value)
    return 8


def _text(value: Any) -> str:
    return value if isinstance(value, str) else ""


def _first_line(text: str) -> str:
    line = text.strip().split("\n", 1)[0]
    return line if len(line) <= 80 else f"{line[:79]}…"
