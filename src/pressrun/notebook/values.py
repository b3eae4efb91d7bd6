"""Values of parameters: parsed from the command line, or checked as they come from Python, YAML and JSON.

Strict: a value is of the declared type or refused. Only what text and JSON cannot hold is converted: an ISO string to a
date, a list to a tuple or set, a string to a path, an integer to a float.
"""

from __future__ import annotations

import ast
import datetime
import json
import re
from collections.abc import Callable
from decimal import Decimal, InvalidOperation
from pathlib import Path, PurePath
from typing import Any

from pressrun.notebook.typeforms import ANY, TypeForm

_TRUE = frozenset({"true", "yes", "on", "1"})
_FALSE = frozenset({"false", "no", "off", "0"})
_NONE = frozenset({"none", "null"})
_MOMENT = re.compile(
    r"(\d{4}-\d\d-\d\d)(?:[T ](\d\d):(\d\d)(?::(\d\d)(?:\.(\d{1,9}))?)?\s*(Z|[+-]\d\d:?\d\d)?)?", re.ASCII
)
_DURATION = re.compile(r"(-)?P(?:(\d+)W)?(?:(\d+)D)?(?:T(?:(\d+)H)?(?:(\d+)M)?(?:(\d+(?:\.\d{1,6})?)S)?)?", re.ASCII)
_CLOCK = re.compile(r"(?:(-?\d+) days?,? *)?(?:(\d+):([0-5]\d)(?::([0-5]\d(?:\.\d{1,6})?))?)?", re.ASCII)


class ValueRefused(ValueError):  # noqa: N818 - an answer to the caller, who makes the sentence
    """A value is not of the type; the message says what was expected."""


def parse_value(text: str, form: TypeForm) -> Any:
    """Return the value that `text` from the command line stands for.

    >>> parse_value("0.5", TypeForm(kind="float"))
    0.5

    Raises:
        ValueRefused: the text is no value of that type.
    """
    if form.kind == "union":
        return _parse_union(text, form)
    if form.kind == "choice":
        for choice in form.choices:
            if text == str(choice) or (choice is None and text.lower() in _NONE):
                return choice
        raise ValueRefused(f"one of {', '.join(map(repr, form.choices))}")
    if form.kind == "any":
        return _guess(text)
    if form.kind in _CONTAINERS:
        return coerce(_container(text, form), form)
    if form.kind == "constructor":
        return parse_value(text, form.items[0])
    parser = _PARSERS.get(form.kind)
    if parser is None:
        raise ValueRefused("a value that cannot be given from outside")
    return parser(text.strip() if form.kind not in {"str", "path"} else text)


def coerce(value: Any, form: TypeForm) -> Any:
    """Return `value` as a value of the type.

    Args:
        value: from Python, YAML or JSON.
        form: the declared type.

    Raises:
        ValueRefused: it is of another type.
    """
    value = _plain_number(value)
    if form.kind == "any":
        return value
    if form.kind == "none":
        return _exactly(value is None, value, "None")
    if form.kind == "union":
        return _coerce_union(value, form)
    if form.kind == "choice":
        found = [choice for choice in form.choices if type(choice) is type(value) and choice == value]
        return _exactly(bool(found), value, f"one of {', '.join(map(repr, form.choices))}")
    if form.kind == "dict":
        return _coerce_dict(value, form)
    if form.kind in _CONTAINERS:
        return _coerce_sequence(value, form)
    if form.kind == "constructor":
        return coerce(value, form.items[0])
    checker = _CHECKERS.get(form.kind)
    if checker is None:
        raise ValueRefused("a value that cannot be given from outside")
    return checker(value)


def _exactly(holds: bool, value: Any, expected: str) -> Any:
    if not holds:
        raise ValueRefused(expected)
    return value


def _plain_number(value: Any) -> Any:
    """Return the Python number of a numpy scalar; everything else as it is."""
    if type(value).__module__.partition(".")[0] == "numpy" and getattr(value, "shape", None) == ():
        return value.item()
    return value


# -- text from the command line


def _parse_union(text: str, form: TypeForm) -> Any:
    members = sorted(form.items, key=lambda member: (member.kind != "none", member.kind in {"str", "path", "any"}))
    expected: list[str] = []
    for member in members:
        try:
            return parse_value(text, member)
        except ValueRefused as refusal:
            expected.append(str(refusal))
    raise ValueRefused(" or ".join(dict.fromkeys(expected)))


def _guess(text: str) -> Any:
    """Return a Python literal or JSON value where the text is one, else the text: nothing tells the type."""
    if text.strip().lower() in {"true", "false"}:
        return text.strip().lower() == "true"
    if text.strip().lower() in _NONE:
        return None
    try:
        return _python_or_json(text)
    except ValueRefused:
        return text


def _python_or_json(text: str) -> Any:
    try:
        return ast.literal_eval(text.strip())
    except (ValueError, TypeError, SyntaxError, MemoryError, RecursionError):
        pass
    try:
        return json.loads(text)
    except (ValueError, RecursionError) as error:
        raise ValueRefused("a Python literal or JSON") from error


def _container(text: str, form: TypeForm) -> Any:
    example = {"dict": '{"a": 1}', "tuple": "(1, 2)", "set": "{1, 2}", "frozenset": "{1, 2}"}.get(form.kind, "[1, 2]")
    try:
        return _python_or_json(text)
    except ValueRefused as refusal:
        raise ValueRefused(f"a {form.kind} as a Python literal or JSON, for example {example}") from refusal


def _parse_bool(text: str) -> bool:
    if text.lower() in _TRUE:
        return True
    if text.lower() in _FALSE:
        return False
    raise ValueRefused("true or false (also yes, no, on, off, 1, 0)")


def _parse_none(text: str) -> None:
    if text.lower() not in _NONE:
        raise ValueRefused("none")


def _number(kind: Callable[[str], Any], expected: str) -> Callable[[str], Any]:
    def parse_number(text: str) -> Any:
        try:
            return kind(text)
        except (ValueError, InvalidOperation) as error:
            raise ValueRefused(expected) from error

    return parse_number


def _integer(text: str) -> int:
    try:
        return int(text)
    except ValueError:
        return int(text, 0)


def _parse_bytes(text: str) -> bytes:
    try:
        value = ast.literal_eval(text)
    except (ValueError, TypeError, SyntaxError, MemoryError, RecursionError) as error:
        raise ValueRefused("bytes as Python writes them, for example b'abc'") from error
    return bytes(_exactly(isinstance(value, bytes), value, "bytes as Python writes them, for example b'abc'"))


def _parse_path(text: str) -> Path:
    if not text or "\x00" in text:
        raise ValueRefused("a path")
    return Path(text)


def _parse_date(text: str) -> datetime.date:
    try:
        return datetime.date.fromisoformat(text)
    except ValueError as error:
        raise ValueRefused("a date as YYYY-MM-DD") from error


def _parse_moment(text: str) -> datetime.datetime:
    """Parse ISO 8601 as people write it; the standard library's parser of Python 3.10 knows too little of it."""
    expected = "a moment as YYYY-MM-DD or YYYY-MM-DDTHH:MM[:SS[.ffffff]][+HH:MM]"
    match = _MOMENT.fullmatch(text)
    if match is None:
        raise ValueRefused(expected)
    day, hour, minute, second, fraction, zone = match.groups()
    digits = (fraction or "").rstrip("0")
    if len(digits) > 6:
        raise ValueRefused(f"{expected}; fractions of a second to the microsecond")
    offset = None
    if zone:
        sign, numbers = (1, "0000") if zone == "Z" else (-1 if zone[0] == "-" else 1, zone[1:].replace(":", ""))
        offset = sign * datetime.timedelta(hours=int(numbers[:2]), minutes=int(numbers[2:]))
    try:
        clock = datetime.time(int(hour or 0), int(minute or 0), int(second or 0), int(digits.ljust(6, "0") or 0))
        zone_info = None if offset is None else datetime.timezone(offset) if offset else datetime.timezone.utc
        return datetime.datetime.combine(datetime.date.fromisoformat(day), clock, tzinfo=zone_info)
    except ValueError as error:
        raise ValueRefused(expected) from error


def _parse_time(text: str) -> datetime.time:
    try:
        return datetime.time.fromisoformat(text)
    except ValueError as error:
        raise ValueRefused("a time as HH:MM[:SS]") from error


def _parse_duration(text: str) -> datetime.timedelta:
    match = _DURATION.fullmatch(text)
    if match and text.rstrip("-PT"):
        weeks, days, hours, minutes, seconds = (part or "0" for part in match.groups()[1:])
        parts = {"weeks": int(weeks), "days": int(days), "hours": int(hours), "minutes": int(minutes)}
    else:
        clock = _CLOCK.fullmatch(text)
        if clock is None or not any(clock.groups()):
            raise ValueRefused("a duration such as P7D, PT30M, '7 days' or 01:30:00")
        parts = {"days": int(clock[1] or 0), "hours": int(clock[2] or 0), "minutes": int(clock[3] or 0)}
        seconds = clock[4] or "0"
    try:
        length = datetime.timedelta(**parts, microseconds=int(Decimal(seconds) * 1_000_000))
    except OverflowError as error:
        raise ValueRefused("a duration of less than a billion days") from error
    return -length if match and match[1] else length


_CONTAINERS = frozenset({"list", "tuple", "set", "frozenset", "dict"})
_PARSERS: dict[str, Callable[[str], Any]] = {
    "bool": _parse_bool,
    "none": _parse_none,
    "int": _number(_integer, "an integer"),
    "float": _number(float, "a number"),
    "complex": _number(complex, "a complex number such as 1+2j"),
    "decimal": _number(Decimal, "a decimal number"),
    "str": str,
    "bytes": _parse_bytes,
    "path": _parse_path,
    "date": _parse_date,
    "datetime": _parse_moment,
    "timestamp": _parse_moment,
    "time": _parse_time,
    "timedelta": _parse_duration,
}


# -- values from Python, YAML and JSON


def _coerce_union(value: Any, form: TypeForm) -> Any:
    expected: list[str] = []
    results: list[Any] = []
    for member in form.items:
        try:
            result = coerce(value, member)
        except ValueRefused as refusal:
            expected.append(str(refusal))
            continue
        if type(result) is type(value):
            return result
        results.append(result)
    if not results:
        raise ValueRefused(" or ".join(dict.fromkeys(expected)))
    return results[0]


def _coerce_sequence(value: Any, form: TypeForm) -> Any:
    if not isinstance(value, list | tuple | set | frozenset) or (
        form.kind in {"list", "tuple"} and isinstance(value, set | frozenset)
    ):
        raise ValueRefused(f"a {form.kind}")
    elements = list(value)
    if form.kind == "tuple" and form.items and not form.repeated:
        if len(elements) != len(form.items):
            raise ValueRefused(f"a tuple of {len(form.items)} values")
        result = [coerce(element, item) for element, item in zip(elements, form.items, strict=True)]
    else:
        item = form.items[0] if form.items else ANY
        result = [coerce(element, item) for element in elements]
    make: Callable[[list[Any]], Any] = {"list": list, "tuple": tuple, "set": set}.get(form.kind, frozenset)
    try:
        return make(result)
    except TypeError as error:
        raise ValueRefused(f"a {form.kind} of values that can be in one") from error


def _coerce_dict(value: Any, form: TypeForm) -> dict[Any, Any]:
    if not isinstance(value, dict):
        raise ValueRefused("a dict")
    key_form, value_form = form.items if len(form.items) == 2 else (ANY, ANY)
    return {_key(key, key_form): coerce(element, value_form) for key, element in value.items()}


def _key(key: Any, form: TypeForm) -> Any:
    """Coerce a key; JSON has only strings there, so a string may stand for a number or a date."""
    try:
        return coerce(key, form)
    except ValueRefused:
        if isinstance(key, str):
            return parse_value(key, form)
        raise


def _checker(expected: str, *types: type, text: Callable[[str], Any] | None = None) -> Callable[[Any], Any]:
    def check(value: Any) -> Any:
        if text is not None and isinstance(value, str):
            return text(value)
        return _exactly(
            isinstance(value, types) and not (isinstance(value, bool) and bool not in types), value, expected
        )

    return check


def _check_float(value: Any) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise ValueRefused("a number")
    try:
        return float(value)
    except OverflowError as error:
        raise ValueRefused("a number that a float can hold") from error


def _check_complex(value: Any) -> complex:
    return value if isinstance(value, complex) else complex(_check_float(value))


def _check_decimal(value: Any) -> Decimal:
    if isinstance(value, bool) or not isinstance(value, int | float | str | Decimal):
        raise ValueRefused("a decimal number")
    return value if isinstance(value, Decimal) else Decimal(_PARSERS["decimal"](str(value)))


def _check_date(value: Any) -> datetime.date:
    if isinstance(value, str):
        return _parse_date(value)
    if not isinstance(value, datetime.date) or isinstance(value, datetime.datetime):
        raise ValueRefused("a date")
    return value


def _check_moment(value: Any) -> datetime.datetime:
    if isinstance(value, str):
        return _parse_moment(value)
    if isinstance(value, datetime.datetime):
        return value
    if isinstance(value, datetime.date):
        return datetime.datetime.combine(value, datetime.time())
    raise ValueRefused("a date and time")


def _check_path(value: Any) -> PurePath:
    if isinstance(value, str):
        return _parse_path(value)
    if not isinstance(value, PurePath):
        raise ValueRefused("a path")
    return value


_CHECKERS: dict[str, Callable[[Any], Any]] = {
    "bool": _checker("true or false", bool),
    "int": _checker("an integer", int),
    "float": _check_float,
    "complex": _check_complex,
    "decimal": _check_decimal,
    "str": _checker("a string", str),
    "bytes": _checker("bytes", bytes),
    "path": _check_path,
    "date": _check_date,
    "datetime": _check_moment,
    "timestamp": _check_moment,
    "time": _checker("a time of day", datetime.time, text=_parse_time),
    "timedelta": _checker("a duration", datetime.timedelta, text=_parse_duration),
}
