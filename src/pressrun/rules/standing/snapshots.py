"""A state as bytes, kept so that the next command folds only what is new.

A snapshot is a cache and no evidence: the journal alone is. The state that it gives is equal to that of folding the
journal, however often a state was kept and read in between, so an audit can fold the journal and compare.

What is under each name, and each bundle's replays, is a part of its own that is decoded when it is first asked for, and
copied as it is into the next snapshot when nobody did: reading the state of a large registry costs what the command
looks at. The parts are JSON, as the entries are, so that whatever an entry can hold comes back as it was. What is under
a name is compressed: it says the same digests many times over, and reading the snapshot costs more than unpacking it.
"""

from __future__ import annotations

import itertools
import zlib
from collections.abc import Callable, Iterable, Iterator, MutableMapping
from typing import Any, Generic, NamedTuple, TypeVar

import msgspec

from pressrun.records.standing import (
    STANDING_FORMAT,
    CollectionStands,
    DocumentStands,
    Inconsistency,
    NameStands,
    ProposalStands,
    ReplayStands,
    Standing,
    Witness,
)

_MAGIC = b"pressrun standing\n"
_CHECKSUM_BYTES = 4
_Part = TypeVar("_Part")


class _Head(msgspec.Struct, kw_only=True):
    """All of a `Standing` but the parts: of those, the keys and how many bytes each has."""

    format: int
    head: int
    time: str
    witnesses: list[Witness]
    unsettled: dict[str, list[str]]
    documents: dict[str, list[DocumentStands]]
    proposals: dict[str, ProposalStands]
    collections: dict[str, CollectionStands]
    inconsistencies: list[Inconsistency]
    unread: dict[str, int]
    names: dict[str, int]
    replays: dict[str, int]


_encoder = msgspec.json.Encoder()
_head_decoder = msgspec.json.Decoder(_Head)
_name_decoder = msgspec.json.Decoder(NameStands)
_replays_decoder = msgspec.json.Decoder(dict[str, ReplayStands])
_COMPRESSION = 1  # the fastest


class _Codec(NamedTuple):
    """How one kind of parts is written and read."""

    write: Callable[[Any], bytes]
    read: Callable[[memoryview], Any]


_NAMES = _Codec(
    write=lambda stands: zlib.compress(_encoder.encode(stands), _COMPRESSION),
    read=lambda raw: _name_decoder.decode(zlib.decompress(raw)),
)
_REPLAYS = _Codec(write=_encoder.encode, read=_replays_decoder.decode)


class Parts(MutableMapping[str, _Part], Generic[_Part]):
    """A mapping whose values are decoded when they are first asked for; it keeps the order in which keys came.

    Args:
        encoded: key -> bytes of its value.
        codec: how they are read.
    """

    def __init__(self, encoded: Iterable[tuple[str, memoryview]], codec: _Codec) -> None:
        self._slots: dict[str, _Part | memoryview] = dict(encoded)
        self._read = codec.read

    def __getitem__(self, key: str) -> _Part:
        slot = self._slots[key]
        if isinstance(slot, memoryview):
            value: _Part = self._read(slot)
            self._slots[key] = value
            return value
        return slot

    def get(self, key: str, default: Any = None) -> Any:
        """Return the value, or `default`: without the exception that the inherited method makes of an absent key."""
        return self[key] if key in self._slots else default

    def __setitem__(self, key: str, value: _Part) -> None:
        self._slots[key] = value

    def __delitem__(self, key: str) -> None:
        del self._slots[key]

    def __contains__(self, key: object) -> bool:
        return key in self._slots

    def __iter__(self) -> Iterator[str]:
        return iter(self._slots)

    def __len__(self) -> int:
        return len(self._slots)

    def slots(self) -> Iterable[_Part | memoryview]:
        """Return the values, bytes for those that nobody asked for."""
        return self._slots.values()


def encode_snapshot(standing: Standing) -> bytes:
    """Return the state as bytes for `decode_snapshot`."""
    names = _encoded(standing.names, _NAMES)
    replays = _encoded(standing.replays, _REPLAYS)
    head = _encoder.encode(
        _Head(
            format=standing.format,
            head=standing.head,
            time=standing.time,
            witnesses=standing.witnesses,
            unsettled=standing.unsettled,
            documents=standing.documents,
            proposals=standing.proposals,
            collections=standing.collections,
            inconsistencies=standing.inconsistencies,
            unread=standing.unread,
            names=dict(zip(standing.names, map(len, names), strict=True)),
            replays=dict(zip(standing.replays, map(len, replays), strict=True)),
        )
    )
    body = b"".join([len(head).to_bytes(8, "big"), head, *names, *replays])
    return _MAGIC + zlib.crc32(body).to_bytes(_CHECKSUM_BYTES, "big") + body


def _encoded(parts: MutableMapping[str, Any], codec: _Codec) -> list[bytes | memoryview]:
    values = parts.slots() if isinstance(parts, Parts) else parts.values()
    return [value if isinstance(value, memoryview) else codec.write(value) for value in values]


def decode_snapshot(raw: bytes) -> Standing | None:
    """Return the state that was encoded; None when another version of pressrun wrote it, or the bytes are damaged.

    Then fold the journal from its beginning: nothing is lost.
    """
    start = len(_MAGIC) + _CHECKSUM_BYTES
    if not raw.startswith(_MAGIC):
        return None
    body = memoryview(raw)[start:]
    if zlib.crc32(body) != int.from_bytes(raw[len(_MAGIC) : start], "big"):
        return None
    size = int.from_bytes(body[:8], "big")
    try:
        head = _head_decoder.decode(body[8 : 8 + size])
    except (msgspec.MsgspecError, UnicodeDecodeError):
        return None
    if head.format != STANDING_FORMAT:
        return None
    ends = list(itertools.accumulate([*head.names.values(), *head.replays.values()], initial=8 + size))
    parts = [body[begin:end] for begin, end in itertools.pairwise(ends)]
    return Standing(
        format=head.format,
        head=head.head,
        time=head.time,
        witnesses=head.witnesses,
        unsettled=head.unsettled,
        documents=head.documents,
        proposals=head.proposals,
        collections=head.collections,
        inconsistencies=head.inconsistencies,
        unread=head.unread,
        names=Parts(zip(head.names, parts[: len(head.names)], strict=True), _NAMES),
        replays=Parts(zip(head.replays, parts[len(head.names) :], strict=True), _REPLAYS),
    )
