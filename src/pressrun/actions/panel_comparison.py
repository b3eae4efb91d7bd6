"""A comparison of two runs, made ready to be shown side by side: texts by lines, tables by cells, images as images."""

from __future__ import annotations

import base64
import json
import re
from collections.abc import Mapping, Sequence
from typing import Any

import msgspec

from pressrun.records.cells import Cell
from pressrun.records.comparison import Comparison, Difference, OutputComparison
from pressrun.records.panel.comparison import OutputPair, PanelComparison, ShownTable, TableCell
from pressrun.rules.cause_words import cause_sentence
from pressrun.rules.compare.align import numbered_code_cells
from pressrun.rules.compare.notebooks import paired_outputs
from pressrun.rules.compare.outputs import ERROR, STDERR, joined_outputs
from pressrun.rules.compare.side_by_side import side_by_side
from pressrun.rules.compare.tables import Table, holds_dataframe, read_table
from pressrun.rules.varying import UNEQUAL

MAX_ROWS, MAX_COLUMNS, MAX_CELL = 200, 50, 200
MAX_IMAGE = 2 << 20  # characters of base64
MAX_HTML = 4 << 20  # characters that are looked at for a table
MAX_WHOLE = 8 << 20  # characters of all that is shown; what comes after is told and not shown
MAX_PAIRS = 2_000
MAX_DIFFERENCES = 2_000
_COLOURS = re.compile(r"\x1b\[[0-9;:]*m")
_IMAGES = ("image/png", "image/jpeg", "image/svg+xml")


class ComparedRuns(msgspec.Struct, frozen=True, kw_only=True):
    """Two runs and what comparing them gave.

    Attributes:
        expected: cells of the one run. `found` likewise; where those of either are not known, excerpts are shown.
    """

    job: str
    title: str
    comparison: Comparison
    expected: tuple[Cell, ...] = ()
    found: tuple[Cell, ...] = ()
    difference: Difference | None = None
    against: str = ""
    grade: str = ""
    notes: tuple[str, ...] = ()


def panel_comparison(runs: ComparedRuns) -> PanelComparison:
    """Return what a panel shows of two runs; it has a bounded size."""
    left, right = (dict(numbered_code_cells(cells)) for cells in (runs.expected, runs.found))
    outputs = sorted(runs.comparison.outputs, key=lambda output: output.sameness not in UNEQUAL)
    pairs, room = [], MAX_WHOLE
    for output in outputs[:MAX_PAIRS]:
        pair = _pair(output, left.get(output.cell), right.get(output.found_cell), known=bool(left and right))
        room -= _size_of(pair)
        pairs.append(pair if room >= 0 else _without_content(pair))
    notes = list(runs.notes)
    if len(outputs) > MAX_PAIRS:
        notes.append(f"{len(outputs) - MAX_PAIRS} more outputs were compared and are not listed.")
    return PanelComparison(
        job=runs.job,
        title=runs.title,
        sameness=runs.comparison.sameness,
        grade=runs.grade,
        against=runs.against,
        cause=cause_sentence(runs.difference) if runs.difference is not None else "",
        pairs=tuple(pairs),
        values=runs.comparison.values,
        notes=tuple(notes),
    )


def _pair(output: OutputComparison, left: Cell | None, right: Cell | None, *, known: bool) -> OutputPair:
    expected, found = _sides(output, left, right) if known else (None, None)
    whole = OutputPair(
        cell=output.cell,
        cell_id=(left.id or "") if left is not None else "",
        output=output.output,
        mime=output.mime,
        sameness=output.sameness,
        comparator=output.comparator,
        reason=output.reason,
    )
    if expected is None and found is None:
        return _with_text(whole, output.expected, output.found)
    mimes = [side for side in (expected, found) if side is not None]
    if output.mime in _IMAGES and all(output.mime in side for side in mimes):
        return _with_images(whole, *(_image(output.mime, side) for side in (expected, found)))
    if output.mime == "text/html":
        left_table, right_table = _table(expected), _table(found)
        if len([table for table in (left_table, right_table) if table is not None]) == len(mimes):
            return _with_tables(whole, left_table, right_table)
    return _with_text(whole, _text(output.mime, expected), _text(output.mime, found))


_Side = Mapping[str, Any] | None


def _sides(output: OutputComparison, left: Cell | None, right: Cell | None) -> tuple[_Side, _Side]:
    one, other = (joined_outputs(cell.outputs if cell is not None else ()) for cell in (left, right))
    if output.mime == STDERR:
        return {STDERR: one.stderr} if one.stderr else None, {STDERR: other.stderr} if other.stderr else None
    pairs = paired_outputs(one, other)
    return pairs[output.output] if output.output < len(pairs) else (None, None)


def _text(mime: str, side: _Side) -> str | None:
    """Return the text to show of one side, None where it has no such output."""
    if side is None:
        return None
    if mime == "text/html" and "text/plain" in side:
        return str(side["text/plain"])  # for a reader; the markup was compared
    value = side[mime] if mime in side else side.get("text/plain", next(iter(side.values())))
    if mime == ERROR and isinstance(value, dict):
        return f"{value.get('ename', '')}: {value.get('evalue', '')}"
    text = value if isinstance(value, str) else json.dumps(value, indent=1, ensure_ascii=False, default=str)
    return _COLOURS.sub("", text)


def _with_text(pair: OutputPair, expected: str | None, found: str | None) -> OutputPair:
    lines, cut = side_by_side(expected, found)
    return msgspec.structs.replace(pair, kind="text", lines=lines, cut=cut)


def _image(mime: str, side: _Side) -> str:
    if side is None:
        return ""
    text = str(side[mime])
    if mime == "image/svg+xml":
        return base64.b64encode(text.encode("utf-8", "replace")).decode("ascii")
    return "".join(text.split())


def _with_images(pair: OutputPair, expected: str, found: str) -> OutputPair:
    cut = max(len(expected), len(found)) > MAX_IMAGE
    return msgspec.structs.replace(
        pair, kind="image", expected_image="" if cut else expected, found_image="" if cut else found, cut=cut
    )


def _table(side: _Side) -> Table | None:
    html = str(side.get("text/html", "")) if side is not None else ""
    return read_table(html) if html and len(html) <= MAX_HTML and holds_dataframe(html) else None


def _with_tables(pair: OutputPair, expected: Table | None, found: Table | None) -> OutputPair:
    left, right = (shown_table(table) if table is not None else None for table in (expected, found))
    places = _differing(left, right) if left is not None and right is not None else ()
    cut = any(table.cut for table in (left, right) if table is not None) or len(places) > MAX_DIFFERENCES
    return msgspec.structs.replace(
        pair,
        kind="table",
        expected_table=left,
        found_table=right,
        table_differences=places[:MAX_DIFFERENCES],
        cut=cut,
    )


def shown_table(table: Table) -> ShownTable:
    """Return a table as text: labels of the rows first, levels of a header joined."""
    levels = len(table.names[0]) if table.names else len(table.index[0]) if table.index else 0
    names = [_label(row[level] for row in table.names) for level in range(levels)]
    header = [*names, *(_label(column) for column in table.columns)]
    rows = [(*index, *values) for index, values in zip(table.index, table.rows, strict=True)]
    return ShownTable(
        header=tuple(text[:MAX_CELL] for text in header[:MAX_COLUMNS]),
        rows=tuple(tuple(text[:MAX_CELL] for text in row[:MAX_COLUMNS]) for row in rows[:MAX_ROWS]),
        cut=len(rows) > MAX_ROWS or len(header) > MAX_COLUMNS or any(len(t) > MAX_CELL for row in rows for t in row),
    )


def _label(parts: Any) -> str:
    return " / ".join(part for part in parts if part)


def _differing(left: ShownTable, right: ShownTable) -> tuple[TableCell, ...]:
    """Return the places whose text is not the same, also where only one of the tables has them."""
    height = max(len(left.rows), len(right.rows))
    width = max(len(left.header), len(right.header))
    return tuple(
        TableCell(row=row, column=column)
        for row in range(height)
        for column in range(width)
        if _at(left.rows, row, column) != _at(right.rows, row, column)
    )


def _at(rows: Sequence[Sequence[str]], row: int, column: int) -> str | None:
    return rows[row][column] if row < len(rows) and column < len(rows[row]) else None


def _size_of(pair: OutputPair) -> int:
    return len(msgspec.json.encode(pair))


def _without_content(pair: OutputPair) -> OutputPair:
    return msgspec.structs.replace(
        pair,
        lines=(),
        expected_image="",
        found_image="",
        expected_table=None,
        found_table=None,
        table_differences=(),
        cut=True,
    )
