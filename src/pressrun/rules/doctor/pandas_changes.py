"""Changes that pandas 3 makes to a temporary copy, so that they are lost."""

from __future__ import annotations

import ast
from collections.abc import Iterator

from pressrun.records.findings import Finding
from pressrun.rules.doctor.analysed import AnalysedNotebook, Surroundings
from pressrun.rules.doctor.events import Assignment, Call
from pressrun.rules.doctor.frames import is_frame
from pressrun.rules.doctor.kinds import BLOCKS, SHOULD, found

_IN_PLACE = frozenset(
    {
        "fillna", "replace", "ffill", "bfill", "interpolate", "clip", "drop", "dropna", "drop_duplicates",
        "sort_values", "sort_index", "mask", "where", "rename", "update", "reset_index",
    }
)  # fmt: skip
_VALUES_ONLY = frozenset({"fillna", "replace", "ffill", "bfill", "interpolate", "clip", "mask", "where"})
"""Methods of a column after which its frame was changed before copy-on-write."""


def chained_changes(notebook: AnalysedNotebook, around: Surroundings) -> Iterator[Finding]:
    """Find ``df[c].method(inplace=True)`` and ``df[rows][c] = value``."""
    copies = around.at_least("pandas", 3)
    if copies is None and not around.bundle and around.python is not None:
        return  # no pandas there
    for cell, call in notebook.events(Call):
        frame = _column_changed(call)
        if frame is None:
            continue
        known = is_frame(call.origin.rpartition(".")[0].rpartition("[")[0])
        sure = known and copies is True and call.place.sure and not call.place.function
        if not known and (call.origin.startswith("{}") or not _looks_like_frame(frame)):
            continue
        target = ast.unparse(call.node.func.value) if isinstance(call.node.func, ast.Attribute) else ""
        what = f"{target}.{call.last}(inplace=True) changes a temporary copy" + ("" if copies else " with pandas 3")
        fixable = isinstance(call.node.func, ast.Attribute) and cell.tree is not None and _alone(call, cell.tree)
        fix = f"Write {target} = {target}.{call.last}(...) without inplace."
        yield found(
            "pandas-chained-inplace",
            what,
            at=call.place.at,
            level=BLOCKS if sure else SHOULD,
            subject=target,
            fix=fix,
            fixable=fixable,
        )
    for _, assignment in notebook.events(Assignment):
        yield from _chained_assignments(assignment, copies=copies)


def _column_changed(call: Call) -> ast.Subscript | None:
    """Return ``df[c]`` of ``df[c].method(..., inplace=True)``."""
    function = call.node.func
    if not isinstance(function, ast.Attribute) or function.attr not in _VALUES_ONLY:
        return None
    if not any(
        word.arg == "inplace" and isinstance(word.value, ast.Constant) and word.value.value is True
        for word in call.node.keywords
    ):
        return None
    column = function.value
    return column if isinstance(column, ast.Subscript) and isinstance(column.value, ast.Name | ast.Subscript) else None


def _looks_like_frame(column: ast.Subscript) -> bool:
    """Whether a subscript is a column by its form: a constant text of a name that is called like a frame."""
    constant = isinstance(column.slice, ast.Constant) and isinstance(column.slice.value, str)
    name = column.value.id if isinstance(column.value, ast.Name) else ""
    return constant and (name.startswith(("df", "data", "train", "test")) or name.endswith(("df", "data", "frame")))


def _alone(call: Call, tree: ast.Module) -> bool:
    """Whether the call is a statement of its own."""
    return any(isinstance(node, ast.Expr) and node.value is call.node for node in ast.walk(tree))


def _chained_assignments(assignment: Assignment, *, copies: bool | None) -> Iterator[Finding]:
    for target, owner in zip(assignment.targets, assignment.owners, strict=False):
        if not (isinstance(target, ast.Subscript) and isinstance(target.value, ast.Subscript)):
            continue
        outer = target.value
        frame = owner.rpartition("[")[0].removesuffix("[").rpartition("[")[0].removesuffix("[")
        if not (isinstance(outer.value, ast.Name) and is_frame(frame)):
            continue
        sure = copies is True and assignment.place.sure and not assignment.place.function
        what = f"{ast.unparse(target)} = ... changes a temporary copy" + ("" if copies else " with pandas 3")
        fix = f"Write {outer.value.id}.loc[rows, column] = ..."
        yield found(
            "pandas-chained-inplace",
            what,
            at=assignment.place.at,
            level=BLOCKS if sure else SHOULD,
            subject=ast.unparse(target),
            fix=fix,
        )
