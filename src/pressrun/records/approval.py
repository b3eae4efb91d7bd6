"""What a person signs when approving: the content, where it goes, under which policy, with which verdict."""

from __future__ import annotations

import msgspec

from pressrun.records.digest import Digest, canonical_json

NAMESPACE = "approval@pressrun"
"""Signature namespace (``ssh-keygen -Y sign -n``): a signature made for anything else is refused."""


class Ballot(msgspec.Struct, frozen=True, kw_only=True):
    """The signed statement. Changing a byte of any field makes the signature wrong.

    Attributes:
        nonce: of the request: an approval cannot be copied to another one.
        person: who approves; `role` the role they do it in.
        expires: UTC, ISO 8601.
    """

    format: int = 1
    kind: str = "pressrun-approval"
    request: str
    name: str
    number: int
    environment: str
    bundle: Digest
    policy: Digest
    verdict: Digest
    nonce: str
    person: str
    role: str
    expires: str

    def signed_bytes(self) -> bytes:
        """Return the bytes that are signed."""
        return canonical_json(self)
