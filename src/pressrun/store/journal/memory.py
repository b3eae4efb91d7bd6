"""A journal in memory, for tests and examples: what a database holds, without one."""

from __future__ import annotations

import contextlib
import threading
import time
from collections.abc import Callable, Iterator, Sequence

from pressrun.records.entries import Draft, Entry
from pressrun.rules.merkle import Frontier
from pressrun.store.journal.additions import addition, checkpoint_is_due, signed_checkpoint
from pressrun.store.journal.port import Journal, Signer, Stored, head_moved

_PATIENCE_S = 60.0


class MemoryJournal:
    """A `pressrun.store.journal.port.Journal` that is gone with its process. Threads may share it.

    Args:
        signer: signs checkpoints; without one none are made.
        clock: seconds since 1970.

    >>> journal = MemoryJournal()
    >>> journal.head()
    0
    """

    def __init__(self, signer: Signer | None = None, *, clock: Callable[[], float] = time.time) -> None:
        self._signer = signer
        self._clock = clock
        self._lock = threading.Lock()
        self._turn = threading.Lock()
        self._stored: list[Stored] = []
        self._tree = Frontier()
        self._notes: list[bytes] = []
        self._last: tuple[int, float] | None = None
        self._snapshot: tuple[int, bytes] | None = None

    def close(self) -> None:
        """Do nothing; there is nothing to let go of."""

    def head(self) -> int:
        """Return the number of the last entry, 0 when there is none."""
        return len(self._stored)

    def append(self, drafts: Sequence[Draft], *, after: int, checkpoint: bool = False) -> list[Entry]:
        """Append entries as the port says.

        Raises:
            HeadMovedError: there are entries after `after`, or another writer has its turn; nothing was appended.
            ValueError: an event would not be read back as it was offered, `after` is no entry, or there is nobody to
                sign.
        """
        if self._turn.locked():
            raise head_moved(after, self.head())
        return self.append_in_turn(drafts, after=after, checkpoint=checkpoint)

    def append_in_turn(self, drafts: Sequence[Draft], *, after: int, checkpoint: bool = False) -> list[Entry]:
        """Append whoever has a turn; for the journal that `turn` gives."""
        if checkpoint and self._signer is None:
            raise ValueError("a checkpoint was asked for, and this journal was made without a signer")
        added = addition(drafts, after)
        with self._lock:
            head = self.head()
            if head > after:
                raise head_moved(after, head)
            if head < after:
                raise ValueError(f"there is no entry {after} to append after")
            tree = self._tree.extend(added.hashes)
            stored = [*self._stored[:1], *added.stored]
            self._add_checkpoint(tree, stored[0].leaf if stored else b"", asked=checkpoint)
            self._tree = tree
            self._stored += added.stored
        return added.entries

    @contextlib.contextmanager
    def turn(self) -> Iterator[Journal]:
        """Keep the other threads that ask for a turn waiting while the block runs."""
        came = self._turn.acquire(timeout=_PATIENCE_S)
        try:
            yield _InTurn(self)
        finally:
            if came:
                self._turn.release()

    def read(self, after: int = 0, upto: int | None = None) -> Iterator[Stored]:
        """Yield the entries numbered above `after`, up to and including `upto`, in order."""
        yield from self._stored[after:upto]

    def checkpoints(self, last: int | None = None) -> list[bytes]:
        """Return the signed checkpoints, oldest first; the `last` so many of them when given."""
        return self._notes[max(0, len(self._notes) - last) :] if last is not None else list(self._notes)

    def keep_snapshot(self, seq: int, content: bytes) -> None:
        """Keep the fold of all entries up to `seq`, unless a later one is kept already."""
        if not 0 <= seq <= self.head():
            raise ValueError(f"a fold up to entry {seq} cannot be of a journal with {self.head()}")
        if self._snapshot is None or seq >= self._snapshot[0]:
            self._snapshot = (seq, content)

    def snapshot(self) -> tuple[int, bytes] | None:
        """Return the newest snapshot that was kept."""
        return self._snapshot

    def _add_checkpoint(self, tree: Frontier, first: bytes, *, asked: bool) -> None:
        if self._signer is None or (self._last is not None and self._last[0] >= tree.size) or not tree.size:
            return
        now = self._clock()
        if asked or checkpoint_is_due(tree.size, self._last, now):
            self._notes.append(signed_checkpoint(tree, self._signer, first))
            self._last = (tree.size, now)


class _InTurn:
    def __init__(self, journal: MemoryJournal) -> None:
        self.append = journal.append_in_turn
        self.head = journal.head
        self.read = journal.read
        self.checkpoints = journal.checkpoints
        self.keep_snapshot = journal.keep_snapshot
        self.snapshot = journal.snapshot
        self.turn = journal.turn
