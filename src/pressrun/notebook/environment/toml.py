"""Reads TOML with the standard parser and writes it in one and only one way.

The writer is our own because a lock is hashed: the bytes must not depend on the version of a library. It knows what a
lock needs: text, integers, true and false, arrays, tables, and inline tables inside arrays and tables.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Mapping
from typing import Any

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

TomlError = tomllib.TOMLDecodeError
BARE_KEY = re.compile(r"[A-Za-z0-9_-]+")
ESCAPES = {"\\": "\\\\", '"': '\\"', "\b": "\\b", "\t": "\\t", "\n": "\\n", "\f": "\\f", "\r": "\\r"}


def loads(text: str) -> dict[str, Any]:
    """Parse TOML; raises `TomlError`, a ValueError."""
    return tomllib.loads(text)


def dumps(document: Mapping[str, Any]) -> str:
    """Return `document` as TOML, keys in the order given: plain values, then tables, then arrays of tables.

    >>> print(dumps({"a": [1, "x"], "t": {"b": True}, "p": [{"c": {"d": "e"}}]}), end="")
    a = [1, "x"]
    <BLANKLINE>
    [t]
    b = true
    <BLANKLINE>
    [[p]]
    c = { d = "e" }
    """
    plain, tables = [], []
    for key, value in document.items():
        if isinstance(value, Mapping):
            tables += ["", f"[{_key(key)}]", *_lines(value)]
        elif isinstance(value, list) and value and all(isinstance(item, Mapping) for item in value):
            for item in value:
                tables += ["", f"[[{_key(key)}]]", *_lines(item)]
        else:
            plain.append(f"{_key(key)} = {_value(value)}")
    return "\n".join([*plain, *tables]) + "\n"


def _lines(table: Mapping[str, Any]) -> list[str]:
    return [f"{_key(key)} = {_value(value)}" for key, value in table.items()]


def _key(key: str) -> str:
    return key if BARE_KEY.fullmatch(key) else _text(key)


def _value(value: Any) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int):
        return str(value)
    if isinstance(value, str):
        return _text(value)
    if isinstance(value, Mapping):
        return "{ " + ", ".join(_lines(value)) + " }" if value else "{}"
    if isinstance(value, (list, tuple)):
        return "[" + ", ".join(_value(item) for item in value) + "]"
    raise TypeError(f"a lock holds no {type(value).__name__}")


def _text(text: str) -> str:
    return (
        '"' + "".join(ESCAPES.get(c) or (f"\\u{ord(c):04X}" if ord(c) < 32 or ord(c) == 127 else c) for c in text) + '"'
    )
