"""Long text that goes from the kernel to the notebook's file as the JSON it came in, without being decoded on its way.

Output of many megabytes is nearly always plain ASCII without quotes; its JSON can be handed on as it stands, at a
quarter of what decoding, splitting into lines and encoding again would cost. Any other text is decoded as usual.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

import msgspec

LONG = 100_000  # bytes; below it decoding costs nothing that anybody could notice
QUOTES = 8  # in a stream message whose text has none

_STREAM = re.compile(rb'\{"name": ?"(stdout|stderr)", ?"text": ?"')


class RawText:
    """A text as the inside of a JSON string, in parts; each is ASCII, without quotes, and a string of its own."""

    __slots__ = ("parts",)

    def __init__(self, parts: Sequence[memoryview]) -> None:
        self.parts = parts

    def encoded(self) -> list[bytes | memoryview]:
        """Return the text as JSON, in parts."""
        return [b'"', *self.parts, b'"']

    def decoded(self) -> str:
        """Return the text."""
        return str(msgspec.json.decode(b"".join(self.encoded())))


def plain_stream(content: bytes) -> tuple[str, memoryview] | None:
    """Return the name and the undecoded text of a stream message, None where it is not long and plain.

    Args:
        content: the message's content: a whole JSON object.
    """
    if len(content) < LONG or not content.isascii() or content.count(b'"') != QUOTES:
        return None
    head = _STREAM.match(content)
    if head is None or not content.endswith(b'"}'):
        return None
    return head[1].decode(), memoryview(content)[head.end() : -2]


def join(parts: Sequence[str | RawText]) -> str:
    """Return one text."""
    return "".join(part.decoded() if isinstance(part, RawText) else part for part in parts)


def join_raw(parts: Sequence[str | RawText]) -> str | RawText:
    """Return one text, undecoded where all of it is long and plain."""
    raw = [part for part in parts if isinstance(part, RawText)]
    if not raw or len(raw) < len(parts):
        return join(parts)
    return RawText([view for part in raw for view in part.parts])
