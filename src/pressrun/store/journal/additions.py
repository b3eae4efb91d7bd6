"""What one append adds, worked out before any database is asked."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import msgspec

from pressrun.errors import CannotRestoreError
from pressrun.records.entries import Draft, Entry, decode_entry, encode_entry
from pressrun.rules.merkle import Frontier, leaf_hash
from pressrun.rules.signed_note import Checkpoint, checkpoint_text, sign_note
from pressrun.store.journal.port import Signer, Stored

CHECKPOINT_ENTRIES = 256
CHECKPOINT_S = 60.0
ORIGIN_BYTES = 8


class Addition(NamedTuple):
    """Entries that follow each other, and everything that is kept with them.

    Attributes:
        stored: their bytes.
        entries: as they are read back from these bytes.
        hashes: of the leaves, for the Merkle tree.
    """

    stored: list[Stored]
    entries: list[Entry]
    hashes: list[bytes]


def addition(drafts: Sequence[Draft], after: int) -> Addition:
    """Return what appending `drafts` after the entry `after` adds.

    Raises:
        ValueError: `after` is negative, or an event would not be read back as it is offered, for instance a digest that
            is none, or a number that JSON does not have. What was appended can never be corrected, so this is the last
            moment to see it.
    """
    if after < 0:
        raise ValueError(f"entries are numbered from 1 on, so nothing follows {after}")
    stored = [Stored(seq, encode_entry(draft, seq)) for seq, draft in enumerate(drafts, after + 1)]
    entries = [_entry_of(item) for item in stored]
    for entry, draft in zip(entries, drafts, strict=True):
        if entry.event != draft.event:
            raise ValueError(f"a {type(draft.event).__name__} would not be read back as it was offered: {draft.event}")
    return _added(stored, entries)


def addition_of_stored(stored: Sequence[Stored], after: int) -> Addition:
    """Return what appending entries that another journal holds adds, their bytes unchanged.

    Raises:
        CannotRestoreError: they do not follow `after` without a gap, or one of them is no entry.
    """
    for number, item in enumerate(stored, after + 1):
        if item.seq != number:
            raise CannotRestoreError(f"entry {number} is missing: {item.seq} comes in its place")
    return _added(stored, [_entry_of(item) for item in stored])


def checkpoint_is_due(size: int, last: tuple[int, float] | None, now: float) -> bool:
    """Whether a checkpoint has to be made although nobody asked for one.

    Args:
        size: entries by now.
        last: entries under the last checkpoint, and when it was made, seconds since 1970; None when there is none.
        now: the time, seconds since 1970.
    """
    if last is None:
        return size > 0
    # a clock that went back makes one too many, not one too few
    return size > last[0] and (size - last[0] >= CHECKPOINT_ENTRIES or not 0 <= now - last[1] < CHECKPOINT_S)


def log_origin(first: bytes) -> str:
    """Return the name by which notes call a journal: of its first entry, since one key may sign several journals.

    Args:
        first: the bytes of entry 1.
    """
    return f"pressrun/{leaf_hash(first)[:ORIGIN_BYTES].hex()}"


def signed_checkpoint(frontier: Frontier, signer: Signer, first: bytes) -> bytes:
    """Return the note that says what the tree is, signed; `first` are the bytes of entry 1."""
    text = checkpoint_text(Checkpoint(origin=log_origin(first), size=frontier.size, root=frontier.root()))
    return sign_note(text, signer)


def _added(stored: Sequence[Stored], entries: list[Entry]) -> Addition:
    return Addition(list(stored), entries, [leaf_hash(item.leaf) for item in stored])


def _entry_of(item: Stored) -> Entry:
    try:
        entry = decode_entry(item.leaf)
    except msgspec.MsgspecError as error:
        raise CannotRestoreError(f"entry {item.seq} cannot be read: {error}") from error
    if entry.seq != item.seq:
        raise CannotRestoreError(f"entry {item.seq} says that it is entry {entry.seq}")
    return entry
