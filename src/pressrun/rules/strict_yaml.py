"""YAML from people: one meaning only, bounded, and every value knows its line.

YAML can build Python objects, repeat itself through anchors until memory is full, let the last of two equal keys win,
and read ``no`` as false. None of this is wanted where a file says who may do what. So tags, anchors, aliases, merge
keys, equal keys and more than one document are refused; a plain scalar is null, true, false or a number by the core
schema of YAML 1.2, and text otherwise, dates and ``no`` included. Size, depth and the number of values are bounded
while the file is read, before anything is built from it. This module is stable.
"""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from typing import Any, NamedTuple

from pressrun.errors import UsageError

MAX_BYTES = 4 << 20
MAX_DEPTH = 32
MAX_VALUES = 300_000
MAX_DIGITS = 20

Path = tuple[str | int, ...]
"""Keys and indexes from the document down to a value."""

_NULLS = frozenset({"", "~", "null", "Null", "NULL"})
_BOOLEANS = {"true": True, "True": True, "TRUE": True, "false": False, "False": False, "FALSE": False}
# 012 is ten in YAML 1.1 and twelve in 1.2, so it stays text
_INTEGER = re.compile(r"[-+]?(?:0|[1-9][0-9]*)", re.ASCII)
_FLOAT = re.compile(r"[-+]?(?:\.[0-9]+|(?:0|[1-9][0-9]*)(?:\.[0-9]*)?)(?:[eE][-+]?[0-9]+)?", re.ASCII)
_NOT_FINITE = re.compile(r"[-+]?\.(?:inf|Inf|INF)|\.(?:nan|NaN|NAN)", re.ASCII)


class StrictYaml(NamedTuple):
    """A document that was read.

    Attributes:
        value: dictionaries with text keys, lists, text, numbers, true, false and None.
        lines: of every value, and of every key under the value's own path; from 1.
        where: name of the file.
    """

    value: Any
    lines: Mapping[Path, int]
    where: str

    def line(self, *path: str | int) -> int:
        """Return the line of a value, or of the nearest thing around it that is there."""
        while path not in self.lines and path:
            path = path[:-1]
        return self.lines.get(path, 1)

    def at(self, *path: str | int) -> str:
        """Return ``file:line`` of a value, for messages."""
        return f"{self.where}:{self.line(*path)}"


def load_yaml(text: str, where: str, *, max_bytes: int = MAX_BYTES) -> StrictYaml:
    """Return what `text` says.

    Args:
        text: the document.
        where: name of the file, for messages.
        max_bytes: the longest to accept.

    Raises:
        UsageError: it is too long or too deep, no YAML, or uses what is refused; ``where`` has the line.
    """
    import yaml  # noqa: PLC0415 - costs 50 ms of every command's start

    if len(text.encode("utf-8", "surrogatepass")) > max_bytes:
        raise UsageError(f"it is longer than {max_bytes:,} bytes", where=where)
    loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
    reader = _Reader(where)
    try:
        for event in yaml.parse(text, Loader=loader):
            reader.take(type(event).__name__, event)
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        # an unexpected end is said to be one line below the last
        line = min(mark.line, text.count("\n")) + 1 if mark is not None else 1
        raise UsageError(f"it is no YAML: {error.problem or error.context}", where=f"{where}:{line}") from error
    except (yaml.YAMLError, UnicodeError) as error:
        raise UsageError(f"it is no YAML: {' '.join(str(error).split())}", where=where) from error
    return StrictYaml(reader.value, reader.lines, where)


class _Open:
    """A list or mapping whose end has not been read."""

    def __init__(self, container: list[Any] | dict[str, Any], path: Path) -> None:
        self.container = container
        self.path = path
        self.key: str | None = None

    def below(self, step: str | int) -> Path:
        return (*self.path, step)


class _Reader:
    """Builds plain data from YAML's events; a loop, so that no depth of nesting overflows the stack."""

    def __init__(self, where: str) -> None:
        self.value: Any = None
        self.lines: dict[Path, int] = {}
        self._where = where
        self._open: list[_Open] = []
        self._documents = 0
        self._values = 0

    def take(self, kind: str, event: Any) -> None:
        line = event.start_mark.line + 1
        if kind == "DocumentStartEvent":
            self._documents += 1
            if self._documents > 1:
                raise self._refused("a second document begins here; one file is one document", line)
        elif kind == "AliasEvent":
            raise self._refused(f"the alias *{event.anchor} is not allowed; write the value out", line)
        elif kind in {"SequenceEndEvent", "MappingEndEvent"}:
            self._open.pop()
        elif kind in {"ScalarEvent", "SequenceStartEvent", "MappingStartEvent"}:
            self._refuse_marks(event, line)
            self._value(kind, event, line)

    def _refuse_marks(self, event: Any, line: int) -> None:
        if event.anchor is not None:
            raise self._refused(f"the anchor &{event.anchor} is not allowed", line)
        # "!" is the non-specific tag: even that changes how a scalar is read
        if event.tag is not None:
            raise self._refused(f"the tag {event.tag} is not allowed", line)
        self._values += 1
        if self._values > MAX_VALUES:
            raise self._refused(f"it holds more than {MAX_VALUES:,} values", line)

    def _value(self, kind: str, event: Any, line: int) -> None:
        parent = self._open[-1] if self._open else None
        if parent is not None and isinstance(parent.container, dict) and parent.key is None:
            parent.key = self._key(kind, event, parent, line)
            self.lines[parent.below(parent.key)] = line
            return
        value: Any = {}
        if kind == "ScalarEvent":
            value = self._scalar(event, line)
        elif kind == "SequenceStartEvent":
            value = []
        path = self._put(parent, value, line)
        if kind != "ScalarEvent":
            if len(self._open) >= MAX_DEPTH:
                raise self._refused(f"it is nested more than {MAX_DEPTH} deep", line)
            self._open.append(_Open(value, path))

    def _put(self, parent: _Open | None, value: Any, line: int) -> Path:
        if parent is None:
            self.value = value
            self.lines[()] = line
            return ()
        if isinstance(parent.container, list):
            path = parent.below(len(parent.container))
            parent.container.append(value)
            self.lines[path] = line
            return path
        assert parent.key is not None
        path = parent.below(parent.key)
        parent.container[parent.key] = value
        parent.key = None
        return path

    def _key(self, kind: str, event: Any, parent: _Open, line: int) -> str:
        if kind != "ScalarEvent":
            raise self._refused("a key must be text", line)
        key = str(event.value)
        plain = not event.style  # None or "", depending on the parser
        if plain and key == "<<":
            raise self._refused("the merge key << is not allowed; write the values out", line)
        if plain and not isinstance(self._scalar(event, line), str):
            raise self._refused(f"the key {key!r} is not text; put it in quotes", line)
        self._refuse_surrogates(key, line)
        if key in parent.container:
            first = self.lines[parent.below(key)]
            raise self._refused(f"the key {key!r} stands here and in line {first}", line)
        return key

    def _scalar(self, event: Any, line: int) -> Any:
        text = str(event.value)
        self._refuse_surrogates(text, line)
        if event.style:
            return text
        if text in _NULLS:
            return None
        if text in _BOOLEANS:
            return _BOOLEANS[text]
        if _NOT_FINITE.fullmatch(text):
            raise self._refused(f"{text} is no number that can be compared", line)
        if _INTEGER.fullmatch(text):
            if len(text) > MAX_DIGITS:
                raise self._refused(f"an integer has more than {MAX_DIGITS} digits", line)
            return int(text)
        if _FLOAT.fullmatch(text):
            number = float(text)
            if not math.isfinite(number):
                raise self._refused(f"{text[:40]} is too large a number", line)
            return number
        return text

    def _refuse_surrogates(self, text: str, line: int) -> None:
        if not text.isascii() and any(0xD800 <= ord(character) < 0xE000 for character in text):
            raise self._refused("a text holds half a surrogate pair", line)

    def _refused(self, what: str, line: int) -> UsageError:
        return UsageError(what, where=f"{self._where}:{line}")
