"""JSON from people we do not know: bounded before it is parsed, and one meaning only.

A parser that takes the last of two equal keys, a reader that takes the first, and both are right: that is how two
programs come to see different things in the same bytes. So equal keys, NaN, over-long integers and lone surrogates
are refused, and size, depth and the number of values are bounded before a parser sees the text. This module is stable.
"""

from __future__ import annotations

import itertools
import json
import re
from typing import Any

MAX_DEPTH = 64
MAX_CONTAINERS = 100_000
MAX_COMMAS = 300_000
MAX_STRINGS = 300_000
MAX_DIGITS = 20

_STRING = re.compile(rb'"[^"]*"')
_STEPS = bytes.maketrans(b"[{]}", b"\x01\x01\x00\x00")
_NOT_BRACKETS = bytes(set(range(256)) - set(b"[]{}"))


def decode_json(raw: bytes, *, max_bytes: int) -> Any:
    """Return the value that `raw` says.

    Args:
        raw: UTF-8 JSON.
        max_bytes: longest text to accept.

    Raises:
        ValueError: it is too long, too deep, not JSON, or has two meanings; the message is a sentence about it.
    """
    if len(raw) > max_bytes:
        raise ValueError(f"it is longer than {max_bytes:,} bytes")
    _check_shape(raw)
    try:
        text = raw.decode("utf-8")
    except UnicodeDecodeError as error:
        raise ValueError(f"it is not UTF-8 (byte {error.start})") from error
    value = json.loads(text, object_pairs_hook=_no_equal_keys, parse_constant=_no_constant, parse_int=_short_integer)
    if "\\u" in text and any(0xD800 <= ord(character) < 0xE000 for string in _strings(value) for character in string):
        raise ValueError("a string holds half a surrogate pair")
    return value


def _check_shape(raw: bytes) -> None:
    unescaped = raw.replace(b"\\\\", b"").replace(b'\\"', b"")
    if unescaped.count(b'"') > 2 * MAX_STRINGS:
        raise ValueError(f"it holds more than {MAX_STRINGS:,} strings")
    outside = _STRING.sub(b"", unescaped)
    if outside.count(b",") > MAX_COMMAS:
        raise ValueError(f"it holds more than {MAX_COMMAS:,} values")
    brackets = outside.translate(_STEPS, _NOT_BRACKETS)
    if len(brackets) > 2 * MAX_CONTAINERS:
        raise ValueError(f"it holds more than {MAX_CONTAINERS:,} lists and objects")
    deepest = max(itertools.accumulate(1 if step else -1 for step in brackets), default=0)
    if deepest > MAX_DEPTH:
        raise ValueError(f"it is nested more than {MAX_DEPTH} deep")


def _no_equal_keys(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        seen: set[str] = set()
        for key, _ in pairs:
            if key in seen:
                raise ValueError(f"the key {key!r} stands twice in one object")
            seen.add(key)
    return found


def _no_constant(word: str) -> Any:
    raise ValueError(f"it holds {word}, which is not JSON")


def _short_integer(digits: str) -> int:
    if len(digits) > MAX_DIGITS:
        raise ValueError(f"it holds an integer of {len(digits):,} digits")
    return int(digits)


def _strings(value: Any) -> list[str]:
    found: list[str] = []
    waiting = [value]
    while waiting:
        item = waiting.pop()
        if isinstance(item, str):
            found.append(item)
        elif isinstance(item, list):
            waiting.extend(item)
        elif isinstance(item, dict):
            found.extend(item)
            waiting.extend(item.values())
    return found
