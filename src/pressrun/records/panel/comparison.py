"""Two runs side by side, ready to be shown."""

from __future__ import annotations

from typing import Literal

import msgspec

from pressrun.records.comparison import Sameness, ValueComparison


class DiffLine(msgspec.Struct, frozen=True, kw_only=True):
    """A line of two texts side by side; `left` or `right` is None where it has no partner."""

    kind: Literal["same", "changed", "removed", "added", "gap"]
    left: str | None = None
    right: str | None = None


class TableCell(msgspec.Struct, frozen=True, kw_only=True):
    """A place in a table where the two differ."""

    row: int
    column: int


class ShownTable(msgspec.Struct, frozen=True, kw_only=True):
    """A table as text, at most 200 rows and 50 columns."""

    header: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    cut: bool = False


class OutputPair(msgspec.Struct, frozen=True, kw_only=True):
    """One output of the two runs, ready to be shown side by side. What a kind does not use is empty.

    Attributes:
        cell: index in the expected notebook; `cell_id` its id where it has one. `output`: 0-based in the cell.
        kind: how to show it. ``image``: `expected_image` and `found_image` are base64 of `mime` (png, jpeg or svg; svg
            is only ever shown as an image). ``table``: both tables and where they differ.
        reason: why they are the same or not, in words.
    """

    cell: int
    cell_id: str = ""
    output: int
    mime: str
    sameness: Sameness
    comparator: str = ""
    reason: str = ""
    kind: Literal["text", "image", "table"] = "text"
    lines: tuple[DiffLine, ...] = ()
    expected_image: str = ""
    found_image: str = ""
    expected_table: ShownTable | None = None
    found_table: ShownTable | None = None
    table_differences: tuple[TableCell, ...] = ()
    cut: bool = False


class PanelComparison(msgspec.Struct, frozen=True, kw_only=True):
    """The comparison that a job made.

    Attributes:
        title: ``churn.ipynb, run 12: saved outputs and replay``.
        sameness: of the whole. `cause`: why they differ, where it is known, in words.
        pairs: those that differ first, then in the notebook's order.
        values: metrics and predictions.
    """

    job: str
    title: str
    sameness: Sameness
    grade: str = ""
    against: str = ""
    cause: str = ""
    pairs: tuple[OutputPair, ...] = ()
    values: tuple[ValueComparison, ...] = ()
    notes: tuple[str, ...] = ()
