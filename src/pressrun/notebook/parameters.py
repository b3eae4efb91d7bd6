"""The parameters of a notebook, read from the syntax tree of its parameters cell; suggested where it has none.

A parameter is a name that the cell binds by assignment at its top level (also inside ``if`` and ``try``). Imports,
functions, classes, loop variables and names that start with an underscore are none. A name that is computed from
parameters is *derived*: it is computed again when one of them is given.
"""

from __future__ import annotations

import ast
import math
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import msgspec

from pressrun.notebook.cell_walker import parse
from pressrun.notebook.dataflow import writes
from pressrun.notebook.ipython_syntax import plain_source
from pressrun.notebook.statements import Statement, comments_of, help_for, statements_of
from pressrun.notebook.typeforms import ANY, annotated_form, imports_of, inferred_form, literal
from pressrun.records.cells import Cell, CellFlow, Parameter

SUGGESTED_FROM_CELLS = 10  # code cells at the notebook's start that are searched for suggestions
_JSON_INTEGERS = range(-(1 << 63), 1 << 64)


class _Binding(msgspec.Struct, frozen=True):
    """One name bound by a statement: its expression and annotation, where the syntax shows them."""

    name: str
    value: ast.expr | None = None
    annotation: ast.expr | None = None
    text: str = ""
    required: bool = False


def parameters_of(cell: Cell, earlier: Sequence[Cell]) -> tuple[Parameter, ...]:
    """Return the parameters that a cell defines, in the order of their first definition.

    Args:
        cell: the parameters cell.
        earlier: the cells before it.

    Raises:
        SyntaxError: the cell is no valid Python.
    """
    imports = imports_of([*earlier, cell])
    text = plain_source(cell.body).text
    comments, alone = comments_of(text)
    found: dict[str, Parameter] = {}
    origins: dict[str, dict[str, None]] = {}
    for statement in statements_of(cell, earlier):
        read = dict.fromkeys(origin for use in sorted(statement.uses) for origin in origins.get(use, ()))
        explained = help_for(statement, comments, alone)
        names = {binding.name: binding for binding in _bindings(statement.node, text)}
        for name in [*statement.binds, *statement.changes]:
            if name not in names:
                origins[name] = {**origins.get(name, {}), **read}
        for name in statement.changes & found.keys():
            derived = tuple(origin for origin in _in_order(read, found) if origin != name)
            found[name] = msgspec.structs.replace(found[name], value=msgspec.UNSET, derived_from=derived)
        for name, binding in names.items():
            derived = tuple(origin for origin in _in_order(read, found) if origin != name)
            parameter = _parameter(binding, cell, statement, imports, explained, derived)
            if parameter.type == "Any" and not parameter.annotated and binding.value is not None:
                types = {other.name: other.type for other in found.values()}
                parameter = msgspec.structs.replace(parameter, type=_arithmetic(binding.value, types) or "Any")
            found[name] = _again(found[name], parameter) if name in found else parameter
        for name in names:
            origins[name] = {name: None}
    return tuple(found.values())


def _in_order(names: Iterable[str], found: Mapping[str, Parameter]) -> list[str]:
    order = list(found)
    return sorted(names, key=order.index)


def _bindings(node: ast.stmt, text: str) -> list[_Binding]:
    """Return the parameters that one statement binds."""
    found: list[_Binding] = []
    if isinstance(node, ast.Assign):
        for target in node.targets:
            found += _unpacked(target, node.value, text)
    elif isinstance(node, ast.AnnAssign) and isinstance(node.target, ast.Name):
        shown = _segment(text, node.value) if node.value is not None else ""
        found.append(_Binding(node.target.id, node.value, node.annotation, shown, required=node.value is None))
    elif isinstance(node, ast.AugAssign) and isinstance(node.target, ast.Name):
        sum_ = ast.BinOp(left=ast.Name(id=node.target.id, ctx=ast.Load()), op=node.op, right=node.value)
        found.append(_Binding(node.target.id, None, None, ast.unparse(sum_)))
    elif isinstance(node, ast.If | ast.Try):
        inner = [binding for child in _inner(node) for binding in _bindings(child, text)]
        shown = _segment(text, node)
        found += [_Binding(name, None, None, shown) for name in dict.fromkeys(binding.name for binding in inner)]
    return [binding for binding in found if not binding.name.startswith("_")]


def _inner(node: ast.If | ast.Try) -> list[ast.stmt]:
    statements = [*node.body, *node.orelse]
    if isinstance(node, ast.Try):
        statements += [*node.finalbody, *(child for handler in node.handlers for child in handler.body)]
    return statements


def _unpacked(target: ast.expr, value: ast.expr, text: str) -> list[_Binding]:
    """Return the names of an assignment target, each with its own part of the value where that can be told."""
    if isinstance(target, ast.Name):
        return [_Binding(target.id, value, None, _segment(text, value))]
    if isinstance(target, ast.Starred):
        return [
            _Binding(binding.name, None, None, _segment(text, value))
            for binding in _unpacked(target.value, value, text)
        ]
    if not isinstance(target, ast.Tuple | ast.List):
        return []
    parts = value.elts if isinstance(value, ast.Tuple | ast.List) else []
    starred = any(isinstance(part, ast.Starred) for part in [*target.elts, *parts])
    if len(parts) == len(target.elts) and not starred:
        return [binding for t, v in zip(target.elts, parts, strict=True) for binding in _unpacked(t, v, text)]
    whole = _segment(text, value)
    return [_Binding(b.name, None, None, whole) for t in target.elts for b in _unpacked(t, value, text)]


def _segment(text: str, node: ast.AST) -> str:
    return ast.get_source_segment(text, node) or ast.unparse(node)


def _parameter(
    binding: _Binding,
    cell: Cell,
    statement: Statement,
    imports: Mapping[str, str],
    explained: str,
    derived: tuple[str, ...],
) -> Parameter:
    form = inferred_form(binding.value, imports) if binding.value is not None else ANY
    known = annotated_form(binding.annotation, imports) if binding.annotation is not None else None
    return Parameter(
        name=binding.name,
        expression=binding.text,
        type=ast.unparse(binding.annotation) if binding.annotation is not None else form.text,
        value=json_value(literal(binding.value)) if binding.value is not None else msgspec.UNSET,
        help=explained,
        cell=cell.index,
        line=statement.line,
        derived_from=derived,
        annotated=known is not None,
    )


def _arithmetic(node: ast.expr, types: Mapping[str, str]) -> str:
    """Return ``int`` or ``float`` for arithmetic on numbers and numeric parameters, empty for anything else."""
    if isinstance(node, ast.Constant) and type(node.value) in {int, float}:
        return type(node.value).__name__
    if isinstance(node, ast.Name):
        return types.get(node.id, "") if types.get(node.id) in {"int", "float"} else ""
    if isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.USub):
        return _arithmetic(node.operand, types)
    if not isinstance(node, ast.BinOp) or isinstance(node.op, ast.Pow | ast.MatMult):
        return ""
    sides = {_arithmetic(node.left, types), _arithmetic(node.right, types)}
    if "" in sides:
        return ""
    return "float" if "float" in sides or isinstance(node.op, ast.Div) else "int"


def _again(first: Parameter, later: Parameter) -> Parameter:
    """Return a parameter that the cell binds a second time: the later value, the first annotation and comment."""
    known = first.annotated and not later.annotated
    keep_type = known or later.type == "Any"
    return msgspec.structs.replace(
        later,
        type=first.type if keep_type else later.type,
        annotated=first.annotated or later.annotated,
        help=later.help or first.help,
        expression=later.expression or first.expression,
        value=later.value if later.expression else first.value,
    )


def json_value(value: Any) -> Any:
    """Return a literal's value where JSON holds it without loss of meaning, else UNSET."""
    if value is None or isinstance(value, bool):
        return value
    if isinstance(value, int):
        return value if value in _JSON_INTEGERS else msgspec.UNSET
    if isinstance(value, float):
        return value if math.isfinite(value) else msgspec.UNSET
    if isinstance(value, str):
        return value if value.isprintable() or _is_text(value) else msgspec.UNSET
    if isinstance(value, list | tuple):
        items = [json_value(item) for item in value]
        return msgspec.UNSET if msgspec.UNSET in items else items
    if isinstance(value, dict) and all(isinstance(key, str) and _is_text(key) for key in value):
        pairs = {key: json_value(item) for key, item in value.items()}
        return msgspec.UNSET if msgspec.UNSET in pairs.values() else pairs
    return msgspec.UNSET


def _is_text(value: str) -> bool:
    try:
        value.encode()
    except UnicodeEncodeError:
        return False
    return True


def suggested_parameters(cells: Sequence[Cell], flows: Sequence[CellFlow]) -> tuple[Parameter, ...]:
    """Suggest parameters for a notebook that declares none: literals bound once at its start, and used later.

    Names that are bound again or changed in place anywhere are left out, and so are empty containers and None: they
    hold results. Suggestions are shown, never injected.
    """
    counts: dict[str, int] = {}
    for flow in flows:
        for name in writes(flow):
            counts[name] = counts.get(name, 0) + 1
    found: dict[str, Parameter] = {}
    code = [cell for cell in cells if cell.type == "code" and cell.body.strip()]
    for cell in code[:SUGGESTED_FROM_CELLS]:
        used_later = {use for flow in flows if flow.cell >= cell.index for use in flow.uses}
        try:
            candidates = parameters_of(cell, [other for other in cells if other.index < cell.index])
            own = _read_names(cell.body)
        except SyntaxError:
            continue
        for parameter in candidates:
            name = parameter.name
            is_used = name in used_later or name in own
            if counts.get(name) == 1 and is_used and not parameter.derived_from and _is_setting(parameter):
                found[name] = parameter
    return tuple(found.values())


def _read_names(body: str) -> set[str]:
    tree = parse(plain_source(body).text)
    return {node.id for node in ast.walk(tree) if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Load)}


def _is_setting(parameter: Parameter) -> bool:
    if parameter.value is msgspec.UNSET:
        return False
    return parameter.value is not None and parameter.value not in ("", [], {})
