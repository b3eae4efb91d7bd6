"""Types of parameters: what an annotation or a default value tells, as a small tree that values are checked against.

No code of the notebook is run and none of its libraries is imported: ``pd.Timestamp`` is known by its name, through
the notebook's own imports.
"""

from __future__ import annotations

import ast
import operator
import re
from collections.abc import Callable, Iterable, Mapping
from typing import Any, Literal

import msgspec

from pressrun.notebook.cell_walker import parse
from pressrun.notebook.ipython_syntax import parsed_expression, plain_source
from pressrun.notebook.names import dotted_name, words
from pressrun.records.cells import Cell

FormKind = Literal[
    "any", "none", "bool", "int", "float", "complex", "str", "bytes", "list", "tuple", "set", "frozenset", "dict",
    "choice", "union", "date", "datetime", "time", "timedelta", "timestamp", "decimal", "path", "constructor",
    "unsupported",
]  # fmt: skip


class TypeForm(msgspec.Struct, frozen=True, kw_only=True):
    """One type.

    Attributes:
        items: element types: one for list, set and ``tuple[T, ...]``; key and value for dict; each for a fixed tuple;
            the members of a union.
        text: as the notebook writes it; the callable for ``constructor``.
        choices: the values of ``Literal[...]``.
        repeated: whether a tuple may have any length.
    """

    kind: FormKind
    items: tuple[TypeForm, ...] = ()
    text: str = ""
    choices: tuple[Any, ...] = ()
    repeated: bool = False


ANY = TypeForm(kind="any", text="Any")
NONE = TypeForm(kind="none", text="None")

_PLAIN: dict[str, FormKind] = {
    "bool": "bool", "int": "int", "float": "float", "complex": "complex", "str": "str", "bytes": "bytes",
    "list": "list", "tuple": "tuple", "set": "set", "frozenset": "frozenset", "dict": "dict", "None": "none",
    "object": "any", "Any": "any", "List": "list", "Tuple": "tuple", "Set": "set", "FrozenSet": "frozenset",
    "Dict": "dict", "Sequence": "list", "Iterable": "list", "Collection": "list", "MutableSequence": "list",
    "Mapping": "dict", "MutableMapping": "dict", "Text": "str",
    "datetime.date": "date", "datetime.datetime": "datetime", "datetime.time": "time",
    "datetime.timedelta": "timedelta", "pandas.Timestamp": "timestamp", "decimal.Decimal": "decimal",
    "pathlib.Path": "path", "pathlib.PurePath": "path", "pathlib.PosixPath": "path", "pathlib.PurePosixPath": "path",
    "pathlib.WindowsPath": "path", "pathlib.PureWindowsPath": "path", "os.PathLike": "path",
}  # fmt: skip
_TYPING = ("typing.", "typing_extensions.", "collections.abc.", "builtins.")
_WRAPPERS = frozenset({"Annotated", "Final", "ClassVar", "Required", "NotRequired"})
_MAKERS = words(
    "now today utcnow utcfromtimestamp fromtimestamp fromordinal fromisoformat fromisocalendar strptime home cwd",
    "resolve absolute expanduser with_suffix with_name joinpath combine normalize floor ceil round quantize",
)
_CALLS: dict[str, FormKind] = {
    "bool": "bool", "int": "int", "float": "float", "complex": "complex", "str": "str", "bytes": "bytes",
    "list": "list", "tuple": "tuple", "set": "set", "frozenset": "frozenset", "dict": "dict", "len": "int",
    "sorted": "list", "os.path.join": "str", "os.getcwd": "str", "os.path.expanduser": "str",
    "os.path.abspath": "str",
}  # fmt: skip
_ARITHMETIC: dict[type[ast.operator], Callable[[Any, Any], Any]] = {
    ast.Add: operator.add, ast.Sub: operator.sub, ast.Mult: operator.mul, ast.Div: operator.truediv,
    ast.FloorDiv: operator.floordiv, ast.Mod: operator.mod, ast.Pow: operator.pow,
}  # fmt: skip
_NUMPY = re.compile(r"numpy\.(?:u?int|float|complex|datetime|timedelta|as)?(?:\d+|array)")
_NOT_JSON = frozenset(
    {"date", "datetime", "time", "timedelta", "timestamp", "decimal", "path", "tuple", "set", "frozenset"}
)


def imports_of(cells: Iterable[Cell]) -> dict[str, str]:
    """Return what imported names stand for: ``{"pd": "pandas", "date": "datetime.date"}``."""
    found: dict[str, str] = {}
    for cell in cells:
        if cell.type != "code" or "import" not in cell.body:
            continue
        try:
            tree = parse(plain_source(cell.body).text)
        except SyntaxError:
            continue
        for node in _module_level(tree.body):
            if isinstance(node, ast.Import):
                for name in node.names:
                    top = name.name.partition(".")[0]
                    found[name.asname or top] = name.name if name.asname else top
            elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
                found.update({name.asname or name.name: f"{node.module}.{name.name}" for name in node.names})
    return found


def _module_level(body: list[ast.stmt]) -> Iterable[ast.stmt]:
    for node in body:
        yield node
        for inner in ("body", "orelse", "finalbody"):
            if not isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
                yield from _module_level(getattr(node, inner, []))
        for handler in getattr(node, "handlers", []):
            yield from _module_level(handler.body)


def canonical(name: str, imports: Mapping[str, str]) -> str:
    """Return the full name: ``pandas.Timestamp`` for ``pd.Timestamp``; typing's names without their module."""
    first, dot, rest = name.partition(".")
    full = imports.get(first, first) + dot + rest
    for prefix in _TYPING:
        full = full.removeprefix(prefix)
    return full


def annotated_form(annotation: ast.expr, imports: Mapping[str, str]) -> TypeForm | None:
    """Return the type that an annotation tells; None where it tells none that pressrun knows."""
    text = ast.unparse(annotation)
    if isinstance(annotation, ast.Constant):
        if annotation.value is None:
            return NONE
        inner = parsed_expression(annotation.value) if isinstance(annotation.value, str) else None
        return annotated_form(inner, imports) if inner is not None else None
    if isinstance(annotation, ast.BinOp) and isinstance(annotation.op, ast.BitOr):
        return _union([annotated_form(side, imports) for side in (annotation.left, annotation.right)], text)
    if isinstance(annotation, ast.Subscript):
        return _subscripted(annotation, text, imports)
    kind = _PLAIN.get(canonical(dotted_name(annotation), imports))
    return TypeForm(kind=kind, text=text, repeated=kind == "tuple") if kind else None


def _subscripted(annotation: ast.Subscript, text: str, imports: Mapping[str, str]) -> TypeForm | None:
    name = canonical(dotted_name(annotation.value), imports)
    parts = annotation.slice.elts if isinstance(annotation.slice, ast.Tuple) else [annotation.slice]
    if name in _WRAPPERS:
        return annotated_form(parts[0], imports)
    if name == "Literal":
        values = tuple(literal(part) for part in parts)
        known = all(isinstance(value, str | int | bytes | None) for value in values)
        return TypeForm(kind="choice", text=text, choices=values) if known else None
    if name == "Optional":
        return _union([annotated_form(parts[0], imports), NONE], text)
    forms = [annotated_form(part, imports) for part in parts if not _is_ellipsis(part)]
    if name == "Union":
        return _union(forms, text)
    kind = _PLAIN.get(name)
    items = tuple(
        form or TypeForm(kind="any", text=ast.unparse(part)) for form, part in zip(forms, parts, strict=False)
    )
    if kind not in {"list", "tuple", "set", "frozenset", "dict"}:
        return None
    return TypeForm(kind=kind, text=text, items=items, repeated=any(_is_ellipsis(part) for part in parts))


def _union(members: list[TypeForm | None], text: str) -> TypeForm | None:
    flat: list[TypeForm] = []
    for member in members:
        if member is None:
            return None
        flat += member.items if member.kind == "union" else (member,)
    return TypeForm(kind="union", text=text, items=tuple(flat))


def _is_ellipsis(node: ast.expr) -> bool:
    return isinstance(node, ast.Constant) and node.value is Ellipsis


def literal(expression: ast.expr) -> Any:
    """Return the value of a literal, arithmetic on numbers included (``60 * 60``); UNSET where it is none."""
    try:
        return ast.literal_eval(expression)
    except (ValueError, TypeError, SyntaxError, MemoryError, RecursionError):
        return _computed(expression)


def _computed(node: ast.expr) -> Any:
    if isinstance(node, ast.Constant) and type(node.value) in {int, float}:
        return node.value
    if isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.USub):
        inner = _computed(node.operand)
        return inner if inner is msgspec.UNSET else -inner
    if not isinstance(node, ast.BinOp):
        return msgspec.UNSET
    left, right = _computed(node.left), _computed(node.right)
    if left is msgspec.UNSET or right is msgspec.UNSET:
        return msgspec.UNSET
    compute = _ARITHMETIC.get(type(node.op))
    if compute is None or (compute is operator.pow and (abs(right) > 1024 or abs(left) > 1 << 32)):
        return msgspec.UNSET
    try:
        return compute(left, right)
    except (ArithmeticError, ValueError):
        return msgspec.UNSET


def inferred_form(expression: ast.expr, imports: Mapping[str, str]) -> TypeForm:
    """Return the type that a default value tells; ``Any`` where it tells none."""
    value = literal(expression)
    if value is not msgspec.UNSET:
        return _of_literal(expression, value, imports)
    match expression:
        case ast.List() | ast.Tuple() | ast.Set() | ast.Dict():
            return _of_display(expression, imports)
        case ast.ListComp():
            return TypeForm(kind="list", text="list")
        case ast.SetComp():
            return TypeForm(kind="set", text="set")
        case ast.DictComp():
            return TypeForm(kind="dict", text="dict")
        case ast.JoinedStr():
            return TypeForm(kind="str", text="str")
        case ast.Compare() | ast.UnaryOp(op=ast.Not()):
            return TypeForm(kind="bool", text="bool")
        case ast.Call():
            return _of_call(expression, imports)
        case ast.BinOp(op=ast.Div()):
            left = inferred_form(expression.left, imports)
            return left if left.kind == "path" else ANY
        case ast.Name(id="None"):
            return NONE
    return ANY


def _of_literal(expression: ast.expr, value: object, imports: Mapping[str, str]) -> TypeForm:
    if value is None:
        return TypeForm(kind="any", text="None")
    if isinstance(expression, ast.List | ast.Tuple | ast.Set | ast.Dict):
        return _of_display(expression, imports)
    name = type(value).__name__
    kind = _PLAIN.get(name, "any")
    return TypeForm(kind=kind, text=name if kind != "any" else "Any")


def _of_display(expression: ast.List | ast.Tuple | ast.Set | ast.Dict, imports: Mapping[str, str]) -> TypeForm:
    """Return list, tuple, set or dict; with element types only where JSON could not tell them (dates, tuples)."""
    if isinstance(expression, ast.Dict):
        value = _common(expression.values, imports)
        return TypeForm(kind="dict", text="dict", items=(ANY, value) if value else ())
    kind: FormKind = (
        "list" if isinstance(expression, ast.List) else "tuple" if isinstance(expression, ast.Tuple) else "set"
    )
    element = _common(expression.elts, imports)
    return TypeForm(kind=kind, text=kind, items=(element,) if element else (), repeated=kind == "tuple")


def _common(elements: list[ast.expr], imports: Mapping[str, str]) -> TypeForm | None:
    forms = [inferred_form(element, imports) for element in elements]
    if not forms or forms[0].kind not in _NOT_JSON or any(form.kind != forms[0].kind for form in forms):
        return None
    return forms[0]


def _of_call(call: ast.Call, imports: Mapping[str, str]) -> TypeForm:
    text = dotted_name(call.func)
    full = canonical(text, imports)
    if full in _CALLS:
        kind = _CALLS[full]
        return TypeForm(kind=kind, text=kind, repeated=kind == "tuple")
    kind_of_name = _PLAIN.get(full)
    if kind_of_name and "." in full:
        return TypeForm(kind=kind_of_name, text=text)
    owner = call.func.value if isinstance(call.func, ast.Attribute) and call.func.attr in _MAKERS else None
    if isinstance(owner, ast.Call):
        return _of_call(owner, imports)
    if owner is not None:
        kind_of_name = _PLAIN.get(canonical(dotted_name(owner), imports))
        if kind_of_name:
            return TypeForm(kind=kind_of_name, text=dotted_name(owner))
    if not _is_constructor(full):
        return ANY
    one_literal = len(call.args) == 1 and not call.keywords and _is_scalar(literal(call.args[0]))
    if one_literal:
        return TypeForm(kind="constructor", text=text, items=(inferred_form(call.args[0], imports),))
    return TypeForm(kind="unsupported", text=text)


def _is_constructor(name: str) -> bool:
    """Whether calling `name` makes a value of that type: a class by its name, or a scalar or array of numpy."""
    return name.rpartition(".")[2][:1].isupper() or bool(_NUMPY.fullmatch(name))


def _is_scalar(value: object) -> bool:
    return isinstance(value, str | int | float | list) and not isinstance(value, bool)
