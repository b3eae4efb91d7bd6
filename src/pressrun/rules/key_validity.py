"""When a person's key counts: it is theirs, and it held at the time of the entry that it signed."""

from __future__ import annotations

from pressrun.records.people import Person
from pressrun.rules.ssh_keys import read_public_key
from pressrun.rules.ssh_signatures import fingerprint
from pressrun.rules.timestamps import seconds_of


def key_problem(person: Person, public: str, at: str) -> str:
    """Say why a key did not count as a person's at a time; empty when it did.

    Args:
        person: whose key it has to be.
        public: the key, in OpenSSH's form, without a comment.
        at: UTC, ISO 8601; from ``valid_from`` on, and before ``valid_until``.

    Raises:
        ValueError: it is no public key that may sign.
    """
    name = fingerprint(read_public_key(public))
    known = next((own for own in person.keys if own.public == public), None)
    if known is None:
        return f"it was signed with {name}, which is no key of {person.id}'s"
    moment = seconds_of(at)
    if moment is None:
        return f"it cannot be told whether {name} was valid: {at[:40]!r} is no time"
    begins, ends = seconds_of(known.valid_from), seconds_of(known.valid_until)
    # a bound that is there and cannot be read never holds
    if known.valid_from and (begins is None or moment < begins):
        return f"the key {name} was not valid before {known.valid_from}"
    if known.valid_until and (ends is None or moment >= ends):
        return f"the key {name} was not valid any more from {known.valid_until} on"
    return ""
