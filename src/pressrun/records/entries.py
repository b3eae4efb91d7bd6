"""How events are stored: one entry each, whose bytes are what is hashed; they are never decoded and encoded again.

Readers keep going at what a later version added: a field they do not know is passed over, an event they do not know
is an `UnreadEvent`.
"""

from __future__ import annotations

import msgspec

from pressrun.records.digest import canonical_json
from pressrun.records.events import Event
from pressrun.records.people import Via

ENTRY_FORMAT = 1


class UnreadEvent(msgspec.Struct, frozen=True, kw_only=True):
    """An event that a later version wrote. It counts in the audit and is passed over by everything else."""

    kind: str


class Draft(msgspec.Struct, frozen=True, kw_only=True):
    """An event as it is offered to the journal.

    Attributes:
        time: UTC by the actor's clock, ISO 8601 with microseconds; the order of entries is their number, not this.
        actor: id of who acts; `via` how that was known.
    """

    event: Event
    actor: str
    via: Via
    time: str


class Entry(msgspec.Struct, frozen=True, kw_only=True):
    """An event as it stands in the journal.

    Attributes:
        seq: from 1, without gaps. Its leaf in the Merkle tree has the index ``seq - 1``.
    """

    format: int = ENTRY_FORMAT
    seq: int
    time: str
    actor: str
    via: str
    event: Event | UnreadEvent


class _StoredEntry(msgspec.Struct, frozen=True, kw_only=True):
    format: int
    seq: int
    time: str
    actor: str
    via: str
    event: Event


class _EnvelopeOnly(msgspec.Struct, frozen=True, kw_only=True):
    format: int
    seq: int
    time: str
    actor: str
    via: str
    event: msgspec.Raw


class _KindOnly(msgspec.Struct, frozen=True, kw_only=True):
    kind: str


_decoder = msgspec.json.Decoder(_StoredEntry)
_envelope_decoder = msgspec.json.Decoder(_EnvelopeOnly)


def encode_entry(draft: Draft, seq: int) -> bytes:
    """Return the bytes to store, which are those to hash."""
    return canonical_json(
        _StoredEntry(format=ENTRY_FORMAT, seq=seq, time=draft.time, actor=draft.actor, via=draft.via, event=draft.event)
    )


def decode_entry(leaf: bytes) -> Entry:
    """Read stored bytes.

    Raises:
        msgspec.MsgspecError: they are no entry at all (an event of a later version is none of that).
    """
    try:
        found = _decoder.decode(leaf)
    except UnicodeDecodeError as error:  # the one thing that msgspec does not wrap
        raise msgspec.DecodeError(f"it is no UTF-8: {error}") from error
    except msgspec.ValidationError:
        envelope = _envelope_decoder.decode(leaf)
        kind = msgspec.json.decode(envelope.event, type=_KindOnly).kind
        return Entry(
            format=envelope.format, seq=envelope.seq, time=envelope.time, actor=envelope.actor, via=envelope.via,
            event=UnreadEvent(kind=kind),
        )  # fmt: skip
    return Entry(format=found.format, seq=found.seq, time=found.time, actor=found.actor, via=found.via,
                 event=found.event)  # fmt: skip
