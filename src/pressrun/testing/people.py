"""People who can sign, without a key on disk."""

from __future__ import annotations

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from pressrun.records.approval import NAMESPACE
from pressrun.records.people import Grant, Key, Person, Role
from pressrun.rules.ssh_keys import read_public_key
from pressrun.rules.ssh_signatures import signed_bytes, write_signature


class Signatory:
    """A person with one Ed25519 key.

    Args:
        name: the person's id; the address is made of it.
        roles: granted for everything.
        team: of the person.
        valid_from: of the key; `valid_until` likewise.
    """

    def __init__(self, name: str, *roles: Role, team: str = "", valid_from: str = "", valid_until: str = "") -> None:
        self._private = Ed25519PrivateKey.generate()
        public = self._private.public_key().public_bytes(Encoding.OpenSSH, PublicFormat.OpenSSH).decode()
        self.public = public
        self.person = Person(
            id=name,
            emails=(f"{name}@example.org",),
            team=team,
            grants=tuple(Grant(role=role) for role in roles),
            keys=(Key(public=public, valid_from=valid_from, valid_until=valid_until),),
        )

    def sign(self, text: bytes, namespace: str = NAMESPACE) -> str:
        """Return this person's signature of `text`."""
        return write_signature(
            read_public_key(self.public), namespace, self._private.sign(signed_bytes(text, namespace))
        )
