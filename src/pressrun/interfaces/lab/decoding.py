"""What came over the wire, strictly: one meaning, known fields, bounded size."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, TypeVar

import msgspec

from pressrun.errors import UsageError
from pressrun.rules.strict_json import decode_json

MAX_BODY_BYTES = 1 << 20
MAX_VALUE = 4096  # characters of a value in a URL
SERVERS_OWN = frozenset({"token", "no_track_activity", "_xsrf"})
"""Names in a URL's query that are the server's business."""
_Order = TypeVar("_Order", bound=msgspec.Struct)


def decode_order(body: bytes, kind: type[_Order]) -> _Order:
    """Return the order that a request's body holds.

    Raises:
        UsageError: it is no JSON, has two meanings, or is not such an order; the message names the field.
    """
    try:
        return msgspec.convert(decode_json(body, max_bytes=MAX_BODY_BYTES), type=kind)
    except (ValueError, msgspec.MsgspecError, RecursionError) as error:
        what = str(error) or "it is too deep"
        raise UsageError(f"the request cannot be read: {what}", where=kind.__name__) from error


def decode_query(arguments: Mapping[str, Sequence[bytes]], names: Mapping[str, bool]) -> dict[str, str]:
    """Return the values in a URL's query.

    Args:
        arguments: as the server took the query apart.
        names: those that are known -> whether they have to be there.

    Raises:
        UsageError: one is missing, unknown, given twice, too long or no text.
    """
    found = {}
    for name, values in arguments.items():
        if name in names:
            found[name] = _value(name, values)
        elif name not in SERVERS_OWN and not name.isdigit():  # front ends add the time, against caches
            raise UsageError(f"{name[:80]!r} is not known here", where="query", remedy=f"Known: {', '.join(names)}.")
    for name, needed in names.items():
        if needed and name not in found:
            raise UsageError(f"{name!r} is missing", where="query")
    return {name: found.get(name, "") for name in names}


def _value(name: str, values: Sequence[bytes]) -> str:
    if len(values) != 1:
        raise UsageError(f"{name!r} is given {len(values)} times", where="query")
    try:
        text = values[0].decode("utf-8")
    except UnicodeDecodeError as error:
        raise UsageError(f"{name!r} is not UTF-8", where="query") from error
    if len(text) > MAX_VALUE:
        raise UsageError(f"{name!r} is longer than {MAX_VALUE} characters", where="query")
    return text


class Nothing(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The order of a route that needs none: ``{}``, or no body at all."""


def is_json(content_type: str) -> bool:
    """Whether a request says that its body is JSON: no form of any other page can say so without being asked first."""
    return content_type.partition(";")[0].strip().lower() == "application/json"


def encode(answer: Any) -> bytes:
    """Return an answer as JSON, every field of it."""
    return msgspec.json.encode(answer)
