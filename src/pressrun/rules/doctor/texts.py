"""Texts that stand in the source, put together from constants: strings, paths, lists of strings."""

from __future__ import annotations

import ast
from collections.abc import Mapping
from pathlib import PurePosixPath

Text = str | tuple[str, ...] | None
"""A text, a list of texts, or None where it is not known."""

_PATHS = frozenset({"Path", "PurePath", "PosixPath", "PurePosixPath"})
_SAME = frozenset({"resolve", "absolute", "as_posix", "strip"})
_MAX_DEPTH = 60  # of an expression; deeper ones are generated


def fold(node: ast.expr, known: Mapping[str, Text], depth: int = 0) -> Text:
    """Return the text that an expression gives, as far as constants and known names tell.

    >>> fold(ast.parse("Path(ROOT) / 'x.csv'", mode="eval").body, {"ROOT": "data"})
    'data/x.csv'
    """
    if depth > _MAX_DEPTH:
        return None
    match node:
        case ast.Constant(value=str(text)):
            return text
        case ast.Name(id=name):
            return known.get(name)
        case ast.BinOp(left=left, op=ast.Div(), right=right):
            return _path(fold(left, known, depth + 1), fold(right, known, depth + 1))
        case ast.BinOp(left=left, op=ast.Add(), right=right):
            return _sum(fold(left, known, depth + 1), fold(right, known, depth + 1))
        case ast.List(elts=elements) | ast.Tuple(elts=elements):
            return _texts(elements, known, depth)
        case ast.JoinedStr(values=values):
            plain = [
                fold(part.value, known, depth + 1)
                if isinstance(part, ast.FormattedValue) and part.format_spec is None
                else fold(part, known, depth + 1)
                for part in values
            ]
            return "".join(plain) if all(isinstance(part, str) for part in plain) else None  # type: ignore[arg-type]
        case ast.Call():
            return _called(node, known, depth)
    return None


def _texts(elements: list[ast.expr], known: Mapping[str, Text], depth: int) -> Text:
    found: list[str] = []
    for element in elements:
        inner = fold(element.value if isinstance(element, ast.Starred) else element, known, depth + 1)
        if isinstance(element, ast.Starred) and isinstance(inner, tuple):
            found += inner
        elif isinstance(inner, str) and not isinstance(element, ast.Starred):
            found.append(inner)
        else:
            return None
    return tuple(found)


def _sum(left: Text, right: Text) -> Text:
    if isinstance(left, str) and isinstance(right, str):
        return left + right
    if isinstance(left, tuple) and isinstance(right, tuple):
        return left + right
    return None


def _path(*parts: Text) -> Text:
    if not parts or not all(isinstance(part, str) for part in parts):
        return None
    try:
        return str(PurePosixPath(*parts))  # type: ignore[arg-type]
    except ValueError:
        return None


def _called(node: ast.Call, known: Mapping[str, Text], depth: int) -> Text:
    if node.keywords:
        return None
    function = node.func
    given = [fold(argument, known, depth + 1) for argument in node.args]
    last = function.attr if isinstance(function, ast.Attribute) else getattr(function, "id", "")
    if last in _PATHS:
        return _path(*given) if given else "."
    if last == "join" and isinstance(function, ast.Attribute) and ast.unparse(function.value).endswith("path"):
        return _path(*given)
    if isinstance(function, ast.Attribute) and last == "joinpath":
        return _path(fold(function.value, known, depth + 1), *given)
    if isinstance(function, ast.Attribute) and last in _SAME and not given:
        return fold(function.value, known, depth + 1)
    if last in {"str", "fspath"} and len(given) == 1 and isinstance(given[0], str):
        return given[0]
    return None
