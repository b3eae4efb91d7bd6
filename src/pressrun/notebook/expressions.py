"""Values written as Python expressions that evaluate to an equal value in the notebook's namespace.

A constructor is written as the notebook itself writes it (``pd.Timestamp``, ``dt.date``); where the notebook has not
imported it, ``__import__`` finds it without binding a name. Only `repr` of exact built-in types and checked identifiers
ever become source.
"""

from __future__ import annotations

import datetime
import math
from collections.abc import Callable, Mapping
from decimal import Decimal
from pathlib import PurePath, PurePosixPath, PureWindowsPath
from typing import Any

from pressrun.notebook.typeforms import ANY, TypeForm, canonical

_LARGE = 1 << 1024  # repr() of an int refuses more than 4,300 digits; hexadecimal has no limit


class Spelling:
    """How this notebook writes the constructors that values need.

    Args:
        imports: what names stand for, as `typeforms.imports_of` tells.
        taken: names that the notebook binds to something of its own, so that a builtin of that name is hidden.
    """

    def __init__(self, imports: Mapping[str, str], taken: frozenset[str] = frozenset()) -> None:
        self._imports = imports
        self._taken = taken

    def of(self, full: str) -> str:
        """Return an expression for ``builtins.float``, ``datetime.date`` and so on."""
        module, _, name = full.rpartition(".")
        if module == "builtins" and name not in self._taken:
            return name
        for alias, target in self._imports.items():
            if target == full:
                return alias
        for alias, target in self._imports.items():
            if target == module:
                return f"{alias}.{name}"
        return f"__import__({module!r}).{name}"

    def known(self, text: str) -> str:
        """Return the full name of a constructor that the notebook writes as `text`."""
        return canonical(text, self._imports)


def expression_of(value: Any, spelling: Spelling, form: TypeForm = ANY) -> str:
    """Return source whose value is equal to `value`.

    Args:
        value: a value that `values.coerce` gave.
        spelling: how the notebook writes constructors.
        form: the declared type; tells a pandas.Timestamp from a datetime, and what a constructor is called with.

    Raises:
        TypeError: there is no expression for a value of this type.
        ValueError: the value contains itself.
    """
    return _Writer(spelling).write(value, form)


class _Writer:
    def __init__(self, spelling: Spelling) -> None:
        self.spelling = spelling
        self.open: list[int] = []

    def write(self, value: Any, form: TypeForm) -> str:
        form = _member(value, form)
        if form.kind == "constructor":
            return f"{form.text}({self.write(value, form.items[0])})"
        if isinstance(value, datetime.datetime) and (form.kind == "timestamp" or _of_pandas(value)):
            return self._timestamp(value)
        for kind, write in _WRITERS:
            if isinstance(value, kind):
                return write(self, value)
        if isinstance(value, dict | list | tuple | set | frozenset):
            if id(value) in self.open:
                raise ValueError("the value contains itself")
            self.open.append(id(value))
            text = self._dict(value, form) if isinstance(value, dict) else self._sequence(value, form)
            self.open.pop()
            return text
        raise TypeError(f"no expression for {type(value).__module__}.{type(value).__qualname__}")

    def call(self, full: str, *arguments: str) -> str:
        return f"{self.spelling.of(full)}({', '.join(arguments)})"

    def _dict(self, value: dict[Any, Any], form: TypeForm) -> str:
        key_form, value_form = form.items if len(form.items) == 2 else (ANY, ANY)
        pairs = (f"{self.write(key, key_form)}: {self.write(item, value_form)}" for key, item in value.items())
        return f"{{{', '.join(pairs)}}}"

    def _sequence(self, value: Any, form: TypeForm) -> str:
        fixed = form.kind == "tuple" and form.items and not form.repeated and len(form.items) == len(value)
        forms = list(form.items) if fixed else [form.items[0] if len(form.items) == 1 else ANY] * len(value)
        elements = list(value) if isinstance(value, list | tuple) else sorted(value, key=repr)
        written = [self.write(element, item) for element, item in zip(elements, forms, strict=True)]
        if isinstance(value, list):
            return f"[{', '.join(written)}]"
        if isinstance(value, tuple):
            return f"({written[0]},)" if len(written) == 1 else f"({', '.join(written)})"
        name = "builtins.frozenset" if isinstance(value, frozenset) else "builtins.set"
        if not written:
            return self.call(name)
        shown = f"{{{', '.join(written)}}}"
        return self.call(name, shown) if isinstance(value, frozenset) else shown

    def int(self, value: int) -> str:
        return int.__repr__(value) if abs(value) < _LARGE else hex(value)

    def float(self, value: float) -> str:
        return (
            float.__repr__(value) if math.isfinite(value) else self.call("builtins.float", repr(float.__repr__(value)))
        )

    def complex(self, value: complex) -> str:
        return self.call("builtins.complex", self.float(value.real), self.float(value.imag))

    def date(self, value: datetime.date) -> str:
        return self.call("datetime.date", str(value.year), str(value.month), str(value.day))

    def moment(self, value: datetime.datetime) -> str:
        parts = [value.year, value.month, value.day, value.hour, value.minute, value.second, value.microsecond]
        return self.call("datetime.datetime", *_trimmed(parts, 5), *self._zone(value), *_fold(value))

    def time(self, value: datetime.time) -> str:
        parts = [value.hour, value.minute, value.second, value.microsecond]
        return self.call("datetime.time", *_trimmed(parts, 2), *self._zone(value), *_fold(value))

    def duration(self, value: datetime.timedelta) -> str:
        parts = {"days": value.days, "seconds": value.seconds, "microseconds": value.microseconds}
        return self.call("datetime.timedelta", *(f"{name}={number}" for name, number in parts.items() if number))

    def path(self, value: PurePath) -> str:
        name = "Path" if hasattr(value, "exists") else type(value).__name__
        if not isinstance(value, PurePosixPath | PureWindowsPath):
            name = "PurePath"
        return self.call(f"pathlib.{name}", repr(str(value)))

    def decimal(self, value: Decimal) -> str:
        return self.call("decimal.Decimal", repr(str(value)))

    def _zone(self, value: datetime.datetime | datetime.time) -> list[str]:
        if value.tzinfo is None:
            return []
        key = getattr(value.tzinfo, "key", None)
        if isinstance(key, str):
            return [f"tzinfo={self.call('zoneinfo.ZoneInfo', repr(key))}"]
        if value.tzinfo is datetime.timezone.utc:
            return [f"tzinfo={self.spelling.of('datetime.timezone')}.utc"]
        offset = value.utcoffset()
        if offset is None:
            raise TypeError(f"no expression for the time zone {value.tzinfo!r}")
        return [f"tzinfo={self.call('datetime.timezone', self.duration(offset))}"]

    def _timestamp(self, value: datetime.datetime) -> str:
        """Write a pandas.Timestamp; equal to the same moment as datetime, also with a time zone."""
        text = value.isoformat()
        if value.hour == value.minute == value.second == value.microsecond == 0 and value.tzinfo is None:
            text = text.partition("T")[0] if not getattr(value, "nanosecond", 0) else text
        return self.call("pandas.Timestamp", repr(text))


_WRITERS: tuple[tuple[type | tuple[type, ...], Callable[[_Writer, Any], str]], ...] = (
    ((bool, type(None)), lambda _writer, value: repr(value)),
    (int, _Writer.int),
    (float, _Writer.float),
    (complex, _Writer.complex),
    (str, lambda _writer, value: str.__repr__(value)),
    (bytes, lambda _writer, value: bytes.__repr__(value)),
    (datetime.datetime, _Writer.moment),
    (datetime.date, _Writer.date),
    (datetime.time, _Writer.time),
    (datetime.timedelta, _Writer.duration),
    (PurePath, _Writer.path),
    (Decimal, _Writer.decimal),
)

_HELD: dict[str, type | tuple[type, ...]] = {
    "timestamp": datetime.datetime,
    "datetime": datetime.datetime,
    "list": list,
    "tuple": tuple,
    "set": set,
    "frozenset": frozenset,
    "dict": dict,
}


def _member(value: Any, form: TypeForm) -> TypeForm:
    """Return the member of a union that `value` belongs to, as far as its writing depends on it."""
    if form.kind != "union":
        return form
    fitting = [member for member in form.items if member.kind in _HELD and isinstance(value, _HELD[member.kind])]
    return fitting[0] if fitting else ANY


def _of_pandas(value: object) -> bool:
    return type(value).__module__.partition(".")[0] == "pandas"


def _trimmed(parts: list[int], least: int) -> list[str]:
    while len(parts) > least and not parts[-1]:
        parts.pop()
    return [str(part) for part in parts]


def _fold(value: datetime.datetime | datetime.time) -> list[str]:
    return [f"fold={value.fold}"] if value.fold else []
