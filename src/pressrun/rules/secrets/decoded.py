r"""What Python source says when its constants are put together: ``"ghp_" + "abc"``, f-strings, ``b64decode("...")``.

Also which constant is given to which name, however deep: assignments, keyword arguments, dictionaries, items, defaults.
"""

from __future__ import annotations

import ast
import base64
import binascii
from collections.abc import Iterator

import msgspec

from pressrun.rules.sources import parsed

LONGEST = 1 << 16  # characters of a text that is put together
_DEEPEST = 200  # operands of one concatenation


class DecodedText(msgspec.Struct, frozen=True):
    """A text in the source, put together: where, and to which name it is given (empty when to none)."""

    text: str
    line: int
    name: str = ""
    constant: bool = False


def decoded_texts(body: str) -> Iterator[DecodedText]:
    """Give the texts that a cell's Python holds, put together; nothing for a cell in another language.

    Args:
        body: the cell's source.
    """
    for node in ast.walk(parsed(body)):
        for name, value in _given(node):
            text = folded(value)
            if text:
                yield DecodedText(text, value.lineno, name, isinstance(value, ast.Constant))
        if isinstance(node, ast.BinOp | ast.JoinedStr | ast.Call | ast.Constant):
            text = folded(node)
            if text and len(text) >= 8:
                yield DecodedText(text, node.lineno)


def _given(node: ast.AST) -> Iterator[tuple[str, ast.expr]]:
    if isinstance(node, ast.Assign):
        for target in node.targets:
            yield from _targets(target, node.value)
    elif isinstance(node, ast.AnnAssign | ast.NamedExpr) and node.value is not None:
        yield from _targets(node.target, node.value)
    elif isinstance(node, ast.keyword) and node.arg:
        yield node.arg, node.value
    elif isinstance(node, ast.Dict):
        for key, value in zip(node.keys, node.values, strict=True):
            if isinstance(key, ast.Constant) and isinstance(key.value, str):
                yield key.value, value
    elif isinstance(node, ast.arguments):
        yield from _defaults(node)
    elif isinstance(node, ast.Call):
        yield from _called(node)


def _defaults(node: ast.arguments) -> Iterator[tuple[str, ast.expr]]:
    positional = [*node.posonlyargs, *node.args]
    for argument, default in zip(positional[len(positional) - len(node.defaults) :], node.defaults, strict=True):
        yield argument.arg, default
    for argument, given in zip(node.kwonlyargs, node.kw_defaults, strict=True):
        if given is not None:
            yield argument.arg, given


def _targets(target: ast.expr, value: ast.expr) -> Iterator[tuple[str, ast.expr]]:
    if isinstance(target, ast.Name):
        yield target.id, value
    elif isinstance(target, ast.Attribute):
        yield target.attr, value
    elif isinstance(target, ast.Subscript) and isinstance(target.slice, ast.Constant):
        yield str(target.slice.value), value
    elif isinstance(target, ast.Tuple | ast.List) and isinstance(value, ast.Tuple | ast.List):
        for one, given in zip(target.elts, value.elts, strict=False):
            yield from _targets(one, given)


def _called(node: ast.Call) -> Iterator[tuple[str, ast.expr]]:
    """Give the pairs of ``os.putenv("API_KEY", "...")``, and the password of ``auth=("user", "...")``."""
    name = _callee(node)
    first = node.args[0] if node.args else None
    if (
        name in {"setdefault", "putenv", "setenv", "set_password", "set"}
        and len(node.args) >= 2
        and isinstance(first, ast.Constant)
    ):
        yield str(first.value), node.args[-1]
    if name in {"HTTPBasicAuth", "HTTPDigestAuth", "BasicAuth"} and len(node.args) == 2:
        yield "password", node.args[1]
    for keyword in node.keywords:
        if keyword.arg == "auth" and isinstance(keyword.value, ast.Tuple) and len(keyword.value.elts) == 2:
            yield "password", keyword.value.elts[1]


def folded(node: ast.expr, depth: int = 0) -> str:
    """Return the text that an expression of constants gives; what is no constant stands as ``{}``. Empty: no text."""
    if depth > _DEEPEST:
        return ""
    if isinstance(node, ast.Constant):
        return _constant(node.value)
    if isinstance(node, ast.JoinedStr):
        parts = [
            folded(part, depth + 1) if isinstance(part, ast.Constant) else _formatted(part, depth)
            for part in node.values
        ]
        return "".join(parts)[:LONGEST]
    if isinstance(node, ast.BinOp) and isinstance(node.op, ast.Add):
        left, right = folded(node.left, depth + 1), folded(node.right, depth + 1)
        return f"{left or '{}'}{right or '{}'}"[:LONGEST] if left or right else ""
    if isinstance(node, ast.Call):
        return _call(node, depth)
    return ""


def _formatted(node: ast.expr, depth: int) -> str:
    inner = folded(node.value, depth + 1) if isinstance(node, ast.FormattedValue) else ""
    return inner or "{}"


def _callee(node: ast.Call) -> str:
    if isinstance(node.func, ast.Attribute):
        return node.func.attr
    return node.func.id if isinstance(node.func, ast.Name) else ""


def _constant(value: object) -> str:
    if isinstance(value, str):
        return value
    return value.decode("utf-8", "replace") if isinstance(value, bytes) else ""


def _call(node: ast.Call, depth: int) -> str:
    name = _callee(node)
    if (
        name == "join"
        and isinstance(node.func, ast.Attribute)
        and node.args
        and isinstance(node.args[0], ast.List | ast.Tuple)
    ):
        between = folded(node.func.value, depth + 1)
        parts = [folded(item, depth + 1) for item in node.args[0].elts]
        return between.join(parts)[:LONGEST] if all(parts) else ""
    if name in {"encode", "decode", "strip"} and isinstance(node.func, ast.Attribute):
        return folded(node.func.value, depth + 1)
    if not node.args:
        return ""
    if name in {"b64decode", "urlsafe_b64decode", "standard_b64decode"}:
        return decoded_base64(folded(node.args[0], depth + 1))
    if name in {"unhexlify", "fromhex", "a2b_hex"}:
        try:
            return bytes.fromhex(folded(node.args[0], depth + 1)).decode()
        except ValueError:
            return ""
    return folded(node.args[0], depth + 1) if name in {"str", "bytes", "SecretStr"} else ""


def decoded_base64(text: str) -> str:
    """Return the text that `text` stands for in base64, empty when it stands for none."""
    if len(text) > LONGEST:
        return ""
    try:
        plain = base64.b64decode(
            text.replace("-", "+").replace("_", "/") + "=" * (-len(text) % 4), validate=True
        ).decode()
    except (ValueError, binascii.Error, UnicodeError):
        return ""
    return plain if plain.isprintable() or all(c.isprintable() or c.isspace() for c in plain) else ""
