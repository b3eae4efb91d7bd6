"""Messages as they come from a kernel's sockets: checked, and decoded no further than needed."""

from __future__ import annotations

import hmac
import json
from collections.abc import Sequence
from typing import Any

import msgspec

DELIMITER = b"<IDS|MSG>"


class _Header(msgspec.Struct):
    msg_type: str = ""
    msg_id: str = ""


_decode_header = msgspec.json.Decoder(_Header).decode


class Message(msgspec.Struct, frozen=True):
    """One message.

    Attributes:
        channel: ``shell``, ``iopub``, ``control`` or ``stdin``.
        request: id of the request that it answers or belongs to, empty for none.
        content: JSON as it was sent.
    """

    channel: str
    type: str
    request: str
    content: bytes
    buffers: list[bytes] = []


def read_message(channel: str, frames: Sequence[bytes], session: Any) -> Message | None:
    """Return the message in `frames`, None when its signature is wrong.

    Args:
        channel: where it came from.
        frames: as received; identities come before the delimiter.
        session: the `jupyter_client` session, which knows the key.
    """
    start = frames.index(DELIMITER) + 1
    signature, header, parent, metadata, content = frames[start : start + 5]
    if session.auth is not None:
        expected = session.sign([header, parent, metadata, content])
        if not hmac.compare_digest(signature, expected):
            return None
    return Message(channel, _header(header).msg_type, _header(parent).msg_id, content, list(frames[start + 5 :]))


def _header(frame: bytes) -> _Header:
    try:
        return _decode_header(frame)
    except (msgspec.DecodeError, UnicodeDecodeError):
        plain = json.loads(frame.decode("utf-8", "replace"))
        return _Header(str(plain.get("msg_type", "")), str(plain.get("msg_id", "")))
