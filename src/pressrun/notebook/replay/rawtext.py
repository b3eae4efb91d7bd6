"""Long text that goes from the kernel to the notebook's file as the JSON it came in, without being decoded on its way.

Output of many megabytes is nearly always plain ASCII without quotes; its JSON can be handed on as it stands, at a
quarter of what decoding, splitting into lines and encoding again would cost. Any other text is decoded as usual.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

import msgspec

LONG = 100_000  # bytes; below it decoding costs nothing that anybody could notice

_STREAM = re.compile(rb'\{"name": ?"(stdout|stderr)", ?"text": ?"')


class RawText:
    """A text as the inside of a JSON string, ASCII and without quotes."""

    __slots__ = ("body",)

    def __init__(self, body: bytes) -> None:
        self.body = body

    def encoded(self) -> bytes:
        """Return the text as JSON."""
        return b'"' + self.body + b'"'

    def decoded(self) -> str:
        """Return the text."""
        return str(msgspec.json.decode(self.encoded()))


def raw_stream(content: bytes) -> dict[str, Any] | None:
    """Return a stream message's content with its text as it is, None where the message is not that plain.

    Args:
        content: a whole JSON object.
    """
    start = _STREAM.match(content)
    if start is None or not content.endswith(b'"}'):
        return None
    body = content[start.end() : -2]
    if not body.isascii() or b'"' in body:  # without a quote in it, the text is one string and reaches to the end
        return None
    return {"name": start[1].decode(), "text": RawText(body)}


def join(parts: Sequence[str | RawText]) -> str:
    """Return one text."""
    return "".join(part.decoded() if isinstance(part, RawText) else part for part in parts)


def join_raw(parts: Sequence[str | RawText]) -> str | RawText:
    """Return one text, undecoded where all of it is long and plain."""
    bodies = [part.body for part in parts if isinstance(part, RawText)]
    return RawText(b"".join(bodies)) if bodies and len(bodies) == len(parts) else join(parts)
