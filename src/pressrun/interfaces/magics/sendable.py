"""Records as plain data that a kernel can send, whatever their texts hold."""

from __future__ import annotations

from typing import Any

import msgspec


def data_of(record: msgspec.Struct) -> dict[str, Any]:
    """Return a record as plain data; texts that are no valid Unicode, as file names may be, are spelt out."""
    try:
        plain: dict[str, Any] = msgspec.json.decode(msgspec.json.encode(record))
    except UnicodeEncodeError:
        plain = encodable(msgspec.to_builtins(record))
    return plain


def encodable(value: Any) -> Any:
    """Return builtins with every text so that it can be sent: bytes of a file's name that are no text are spelt out."""
    if isinstance(value, str):
        return value.encode("utf-8", "backslashreplace").decode("utf-8")
    if isinstance(value, dict):
        return {encodable(name): encodable(item) for name, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [encodable(item) for item in value]
    return value
