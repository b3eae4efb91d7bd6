"""Which columns of which frame a variable holds, where constants tell."""

from __future__ import annotations

import ast
import itertools

import msgspec

from pressrun.rules.doctor.analysed import AnalysedNotebook
from pressrun.rules.doctor.events import Assignment, Call
from pressrun.rules.doctor.texts import fold

_SAME_COLUMNS = frozenset(
    {
        "copy", "to_numpy", "fillna", "dropna", "astype", "reset_index", "head", "sample", "ravel", "squeeze",
        "ffill", "bfill", "round", "sort_values", "sort_index", "tolist", "reshape",
    }
)  # fmt: skip


class Columns(msgspec.Struct, frozen=True):
    """Columns of a frame: those of `only`, or where that is None all but those of `without`."""

    frame: int
    only: frozenset[str] | None = None
    without: frozenset[str] = frozenset()

    def holds(self, name: str) -> bool:
        """Whether a column is surely among them, given that the frame had it."""
        return name in self.only if self.only is not None else name not in self.without


class Frames:
    """Follows variables. A frame is known by a number; what is not understood gives a new one."""

    def __init__(self) -> None:
        self._columns: dict[str, Columns] = {}
        self._numbers = itertools.count(1)
        self._texts: dict[str, str | tuple[str, ...] | None] = {}

    def of(self, node: ast.expr) -> Columns | None:
        """Return the columns that an expression holds, None where that is not known."""
        if isinstance(node, ast.Name):
            return self._columns.get(node.id)
        if isinstance(node, ast.Subscript):
            return self._selected(node)
        if isinstance(node, ast.Attribute):
            owner = self.of(node.value)
            if node.attr in {"values", "T"}:
                return owner if node.attr == "values" else None
            return self._pick(owner, frozenset({node.attr})) if isinstance(node.value, ast.Name) else None
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute):
            owner = self.of(node.func.value)
            if owner is None or node.func.attr in _SAME_COLUMNS:
                return owner
            return self._dropped(owner, node) if node.func.attr == "drop" else None
        return None

    def _pick(self, owner: Columns | None, names: frozenset[str]) -> Columns | None:
        if owner is None or not all(owner.holds(name) for name in names):
            return None
        return Columns(owner.frame, names)

    def _selected(self, node: ast.Subscript) -> Columns | None:
        owner = self.of(node.value)
        names = fold(node.slice, self._texts)
        if isinstance(names, str):
            return self._pick(owner, frozenset({names}))
        if isinstance(names, tuple) and not isinstance(node.slice, ast.Tuple):
            return self._pick(owner, frozenset(names))
        return None

    def _dropped(self, owner: Columns, call: ast.Call) -> Columns | None:
        words = {word.arg: word.value for word in call.keywords}
        columns = words.get("columns")
        axis = words.get("axis", call.args[1] if len(call.args) > 1 else None)
        if columns is None and isinstance(axis, ast.Constant) and axis.value in {1, "columns"}:
            columns = call.args[0] if call.args else words.get("labels")
        if columns is None:
            return owner if not call.keywords or "index" in words else None
        names = fold(columns, self._texts)
        if names is None:
            return None
        gone = frozenset({names} if isinstance(names, str) else names)
        if owner.only is not None:
            return Columns(owner.frame, owner.only - gone)
        return Columns(owner.frame, None, owner.without | gone)

    def assigned(self, event: Assignment, _notebook: AnalysedNotebook) -> None:
        """Take in an assignment or a ``del``."""
        if event.value is None:
            self._deleted(event)
            return
        single = isinstance(event.targets[0], ast.Name) if event.targets else False
        if isinstance(event.value, ast.Call) and _called(event.value) == "train_test_split":
            self._split(event)
            return
        columns, text = self.of(event.value), fold(event.value, self._texts)
        for name in event.names:
            self._texts.pop(name, None)
            self._columns.pop(name, None)
        if not single or len(event.names) != 1:
            return
        name = event.names[0]
        if text is not None and event.place.sure:
            self._texts[name] = text
        if columns is not None:
            self._columns[name] = columns
        elif "()" in event.origin:
            self._columns[name] = Columns(next(self._numbers))

    def _split(self, event: Assignment) -> None:
        given = event.value.args if isinstance(event.value, ast.Call) else []
        parts = [self.of(argument) for argument in given for _ in range(2)]
        if len(parts) != len(event.names):
            parts = [None] * len(event.names)
        for name, columns in zip(event.names, parts, strict=True):
            self._columns.pop(name, None)
            if columns is not None:
                self._columns[name] = columns

    def _deleted(self, event: Assignment) -> None:
        for name in event.names:
            self._columns.pop(name, None)
        for target in event.targets:
            if isinstance(target, ast.Subscript) and isinstance(target.value, ast.Name):
                self._without(target.value.id, fold(target.slice, self._texts))

    def called(self, call: Call) -> None:
        """Take in a call that removes columns in place."""
        function = call.node.func
        if not (isinstance(function, ast.Attribute) and isinstance(function.value, ast.Name)):
            return
        name = function.value.id
        if function.attr == "pop":
            self._without(name, call.given[0] if call.given else None)
        elif any(word.arg == "inplace" for word in call.node.keywords) and name in self._columns:
            after = self._dropped(self._columns[name], call.node) if function.attr == "drop" else self._columns[name]
            if after is None or function.attr == "rename":
                self._columns.pop(name)
            else:
                self._columns[name] = after

    def _without(self, name: str, gone: str | tuple[str, ...] | None) -> None:
        columns = self._columns.get(name)
        if columns is None:
            return
        if not isinstance(gone, str):
            self._columns.pop(name)
        elif columns.only is not None:
            self._columns[name] = Columns(columns.frame, columns.only - {gone})
        else:
            self._columns[name] = Columns(columns.frame, None, columns.without | {gone})


def _called(call: ast.Call) -> str:
    return call.func.attr if isinstance(call.func, ast.Attribute) else getattr(call.func, "id", "")
