"""Files that a notebook names in its source.

Some readers open files where no hook in Python can see it (parquet through pyarrow, DuckDB, HDF5). What such a
reader was asked for usually stands in the source: as a string, or as an expression of strings. This pass folds such
expressions (``Path("data") / "x.parquet"``, ``os.path.join(ROOT, "x")``, ``f"{ROOT}/x"``) and keeps those that name
a file that exists. It runs no code. It can't see a path that is computed at run time, and says nothing about whether
the file was read: what it finds is marked with the event ``literal-path``.
"""

from __future__ import annotations

import ast
import os
from collections.abc import Iterable, Mapping
from pathlib import Path

from pressrun.records.capture import FileAccess
from pressrun.records.cells import Cell

EVENT = "literal-path"
_PATH_TYPES = {"Path", "PurePath", "PosixPath", "PurePosixPath"}
_MAX_LENGTH = 1024  # characters; a longer string is text, not a path


def literal_paths(cells: Iterable[Cell], folder: Path, values: Mapping[str, object] | None = None) -> list[FileAccess]:
    """Return the existing files that the cells' sources name.

    Args:
        cells: the notebook's code cells, with the source that runs in `Cell.body`.
        folder: the folder that the notebook runs in; relative paths are taken from there.
        values: names known from outside, for example parameters given to this run.

    Returns:
        One record a file, its path absolute, mode ``read``; folders are left out, because a folder that is only named
        (``os.chdir("..")``, ``DATA = Path("data")``) was not read.
    """
    known: dict[str, str] = {name: value for name, value in (values or {}).items() if isinstance(value, str)}
    found: dict[str, set[int]] = {}
    for cell in cells:
        if cell.type != "code":
            continue
        try:
            tree = ast.parse(cell.body)
        except (SyntaxError, ValueError):
            tree = ast.parse(_without_magics(cell.body))
        finder = _Finder(known)
        finder.visit(tree)
        for text in finder.texts:
            path = _existing_file(text, folder)
            if path:
                found.setdefault(path, set()).add(cell.index)
    return [FileAccess(path=path, mode="read", cells=tuple(sorted(found[path])), event=EVENT) for path in sorted(found)]


def _without_magics(source: str) -> str:
    """Blank the lines that are no Python; give up on the cell when that is not enough."""
    lines = ["" if line.lstrip().startswith(("%", "!", "?")) else line for line in source.splitlines()]
    text = "\n".join(lines)
    try:
        ast.parse(text)
    except (SyntaxError, ValueError):
        return ""
    return text


def _existing_file(text: str, folder: Path) -> str | None:
    if not text or len(text) > _MAX_LENGTH or "\n" in text or "\0" in text or "://" in text:
        return None
    try:
        path = os.path.normpath(folder / Path(text).expanduser())
        return path if Path(path).is_file() else None
    except (OSError, RuntimeError):  # a name too long for the file system; a home that can't be told
        return None


class _Finder(ast.NodeVisitor):
    """Fold constant path expressions; remember simple assignments for the cells that follow."""

    def __init__(self, known: dict[str, str]) -> None:
        self.known = known
        self.texts: list[str] = []

    def visit_Assign(self, node: ast.Assign) -> None:
        self.generic_visit(node)
        folded = self.fold(node.value)
        for target in node.targets:
            if isinstance(target, ast.Name):
                self._bind(target.id, folded)

    def visit_AnnAssign(self, node: ast.AnnAssign) -> None:
        self.generic_visit(node)
        if isinstance(node.target, ast.Name) and node.value is not None:
            self._bind(node.target.id, self.fold(node.value))

    def _bind(self, name: str, folded: str | None) -> None:
        if folded is None:
            self.known.pop(name, None)
        else:
            self.known[name] = folded

    def generic_visit(self, node: ast.AST) -> None:
        if isinstance(node, ast.expr):
            folded = self.fold(node)
            if folded is not None and not isinstance(node, ast.Name):
                self.texts.append(folded)
        super().generic_visit(node)

    def fold(self, node: ast.expr) -> str | None:
        """Return the text that the expression gives, None when it is no constant expression of strings."""
        match node:
            case ast.Constant(value=str(text)):
                return text
            case ast.Name(id=name):
                return self.known.get(name)
            case ast.BinOp(left=left, op=ast.Div(), right=right):
                return self._join([left, right])
            case ast.BinOp(left=left, op=ast.Add(), right=right):
                parts = [self.fold(left), self.fold(right)]
                return None if None in parts else "".join(part for part in parts if part is not None)
            case ast.JoinedStr(values=values):
                parts = [self.fold(v.value if isinstance(v, ast.FormattedValue) else v) for v in values]
                return None if None in parts else "".join(part for part in parts if part is not None)
            case ast.Call(func=function, args=arguments, keywords=[]):
                return self._fold_call(function, arguments)
        return None

    def _fold_call(self, function: ast.expr, arguments: list[ast.expr]) -> str | None:
        name = ast.unparse(function)
        if name.rpartition(".")[2] in _PATH_TYPES or name in {"os.path.join", "path.join"}:
            return self._join(arguments)
        if isinstance(function, ast.Attribute) and function.attr == "joinpath":
            return self._join([function.value, *arguments])
        if isinstance(function, ast.Attribute) and function.attr in {"resolve", "absolute", "as_posix", "expanduser"}:
            return self.fold(function.value)
        if name in {"str", "os.fspath"} and len(arguments) == 1:
            return self.fold(arguments[0])
        return None

    def _join(self, parts: list[ast.expr]) -> str | None:
        texts = [self.fold(part) for part in parts]
        known = [text for text in texts if text is not None]
        return str(Path(*known)) if len(known) == len(texts) and known else None
