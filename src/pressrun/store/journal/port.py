"""What a journal is, whichever database it is kept in.

An append is optimistic: it names the entry that the caller's knowledge ends with, and fails when others have written
since. The caller folds what is new, decides again, and retries. This is the only way to write; there is no check that
another writer could slip in behind.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager
from typing import NamedTuple, Protocol

from pressrun.errors import HeadMovedError
from pressrun.records.entries import Draft, Entry


def head_moved(expected: int, found: int) -> HeadMovedError:
    """Return the error for an append after `expected` when the head was at `found`.

    Where both are one, nothing was appended yet, and another writer has its turn to do so.
    """
    if found == expected:
        return HeadMovedError(f"another writer has its turn to append after entry {found}", remedy="Try again.")
    return HeadMovedError(f"the journal has moved from entry {expected} to {found}", remedy="Try again.")


class Stored(NamedTuple):
    """An entry as it is stored: its number and the bytes that are hashed."""

    seq: int
    leaf: bytes


class Signer(Protocol):
    """Signs checkpoints."""

    @property
    def name(self) -> str:
        """Name of the key, as it stands in the note's signature line; also the log's origin."""

    @property
    def public(self) -> bytes:
        """The public key, 32 bytes."""

    def sign(self, text: bytes) -> bytes:
        """Return the ed25519 signature of `text`, 64 bytes."""


class Journal(Protocol):
    """An append-only list of entries. Every method may raise `CannotRestoreError` when the database fails."""

    def head(self) -> int:
        """Return the number of the last entry, 0 when there is none."""

    def append(self, drafts: Sequence[Draft], *, after: int, checkpoint: bool = False) -> list[Entry]:
        """Append entries, all or none, durably, together with the tree over them.

        Args:
            drafts: what happened, in order.
            after: the number of the last entry that the caller has seen.
            checkpoint: whether a signed checkpoint has to cover them; one is also made when 256 entries or 60 seconds
                have passed since the last one.

        Returns:
            The entries as they are read back.

        Raises:
            HeadMovedError: there are entries after `after`, or another writer has its turn; nothing was appended.
        """

    def turn(self) -> AbstractContextManager[Journal]:
        """Wait for a turn among the writers who ask for one, and keep it while the block runs.

        For whoever lost a race: fold, decide and append again, to the journal that the block is given. Whoever appends
        to any other meanwhile is told that the head moved. Without turns, the more writers there are the fewer of them
        get anywhere: those who have just written are always ahead. Nothing is decided by a turn. One that does not
        come within a minute is gone without.
        """

    def read(self, after: int = 0, upto: int | None = None) -> Iterator[Stored]:
        """Yield the entries numbered above `after`, up to and including `upto`, in order."""

    def checkpoints(self, last: int | None = None) -> list[bytes]:
        """Return the signed checkpoints (notes), oldest first; the `last` so many of them when given."""

    def keep_snapshot(self, seq: int, content: bytes) -> None:
        """Keep the fold of all entries up to `seq` in place of an older one. It is a cache and may be lost."""

    def snapshot(self) -> tuple[int, bytes] | None:
        """Return the newest snapshot that was kept: the number of its last entry, and its content."""
