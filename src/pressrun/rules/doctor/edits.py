"""One change in a cell's source: where it is, what it makes, what lines it touches."""

from __future__ import annotations

import ast
from collections.abc import Sequence
from typing import Literal

import msgspec

from pressrun.rules.doctor.analysed import AnalysedCell

Span = tuple[tuple[int, int], tuple[int, int]]


class Edit(msgspec.Struct, frozen=True, kw_only=True):
    """One replacement in a cell's source, or the removal of outputs.

    Attributes:
        start: line (1-based) and column (characters, from 0) where the replaced text begins.
        end: where it ends; equal to `start` for an insertion.
        clears: outputs that are removed: ``errors`` or ``all``; then nothing is replaced.
    """

    kind: str
    cell: int
    what: str
    line: int | None = None
    start: tuple[int, int] = (1, 0)
    end: tuple[int, int] = (1, 0)
    text: str = ""
    clears: Literal["", "errors", "all"] = ""


def apply_edits(source: str, edits: Sequence[Edit]) -> str:
    """Return a cell's source with the edits made.

    >>> edit = Edit(kind="x", cell=0, what="", start=(1, 4), end=(1, 5), text="2")
    >>> apply_edits("a = 1", [edit])
    'a = 2'
    """
    lines = source.split("\n")
    starts = [0]
    for line in lines:
        starts.append(starts[-1] + len(line) + 1)
    for edit in sorted((e for e in edits if not e.clears), key=lambda e: (e.start, e.end), reverse=True):
        first = starts[edit.start[0] - 1] + edit.start[1]
        last = starts[edit.end[0] - 1] + edit.end[1]
        source = source[:first] + edit.text + source[last:]
    return source


def lines_changed(edit: Edit, source: str) -> tuple[str, str]:
    """Return the lines that an edit changes, before and after; before is empty where it adds lines."""
    if edit.clears:
        return "", ""
    if edit.text.endswith("\n") and edit.start == edit.end:
        return "", edit.text.rstrip("\n")
    before, after = source.split("\n"), apply_edits(source, [edit]).split("\n")
    first, last = edit.start[0] - 1, edit.end[0]
    return "\n".join(before[first:last]), "\n".join(after[first : last + len(after) - len(before)])


def overlap(one: Edit, other: Edit) -> bool:
    """Whether two edits cannot both be made as they stand."""
    if one.cell != other.cell or bool(one.clears) != bool(other.clears):
        return False
    if one.clears:
        return True
    return one.start < other.end and other.start < one.end


def span_of(node: ast.expr | ast.keyword, cell: AnalysedCell) -> Span | None:
    """Return where a node stands in the cell's own source, in characters; None where the source was translated."""
    if node.end_lineno is None or node.end_col_offset is None or node.lineno == 0:
        return None
    if any(number in cell.altered for number in range(node.lineno, node.end_lineno + 1)):
        return None
    lines = cell.text.split("\n")
    if (
        cell.cell.source.replace("\r", "").split("\n")[node.lineno - 1] != lines[node.lineno - 1]
        or "\r" in cell.cell.source
    ):
        return None
    return (
        (node.lineno, _characters(lines[node.lineno - 1], node.col_offset)),
        (node.end_lineno, _characters(lines[node.end_lineno - 1], node.end_col_offset)),
    )


def _characters(line: str, octets: int) -> int:
    return len(line.encode()[:octets].decode(errors="replace"))


def text_at(span: Span, cell: AnalysedCell) -> str:
    """Return the text of a cell's source between two places."""
    lines = cell.cell.source.split("\n")
    (first, start), (last, end) = span
    if first == last:
        return lines[first - 1][start:end]
    return "\n".join([lines[first - 1][start:], *lines[first : last - 1], lines[last - 1][:end]])
