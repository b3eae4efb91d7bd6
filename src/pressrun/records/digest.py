"""Digests: how content is named.

A digest is written ``sha256:<64 hex digits>`` everywhere: in records, manifests and messages. Stored bytes are hashed
as they are; nothing is decoded and encoded again to be hashed.
"""

from __future__ import annotations

import hashlib
from typing import Annotated, Any

import msgspec

Digest = Annotated[str, msgspec.Meta(pattern=r"^sha256:[0-9a-f]{64}$", max_length=71)]
"""``sha256:`` and 64 lower-case hex digits."""


def digest_bytes(content: bytes) -> Digest:
    """Return the digest of `content`."""
    return "sha256:" + hashlib.sha256(content).hexdigest()


def digest_text(text: str) -> Digest:
    """Return the digest of `text` encoded as UTF-8 (lone surrogates kept, so that every string has a digest)."""
    return digest_bytes(text.encode("utf-8", "surrogatepass"))


def canonical_json(value: Any) -> bytes:
    """Encode `value` (a record or plain data) to one and only one sequence of bytes.

    Keys of mappings are sorted at every level, fields of a record stand in the order of its definition, there is no
    white space, text is UTF-8; the same value gives the same bytes on every machine. Floats are written in their
    shortest round-trip form.
    """
    return msgspec.json.encode(value, order="deterministic")


def pretty_json(value: Any) -> bytes:
    """Encode as `canonical_json` does, indented by two spaces and ended by a newline: for files that people read."""
    return msgspec.json.format(canonical_json(value), indent=2) + b"\n"
