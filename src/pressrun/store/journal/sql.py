"""The journal over a database, whichever it is."""

from __future__ import annotations

import contextlib
import tempfile
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import islice
from pathlib import Path
from types import TracebackType
from typing import Any, NamedTuple

from pressrun.errors import CannotRestoreError, UsageError
from pressrun.records.entries import Draft, Entry
from pressrun.rules.merkle import Frontier
from pressrun.rules.signed_note import read_checkpoint, read_note
from pressrun.store.journal.additions import (
    Addition,
    addition,
    addition_of_stored,
    checkpoint_is_due,
    signed_checkpoint,
)
from pressrun.store.journal.database import Database, Rows
from pressrun.store.journal.failures import damaged, stored_bytes
from pressrun.store.journal.indexing import MOST_WAITING, PAGE, forget, index_waiting
from pressrun.store.journal.port import Signer, Stored, head_moved
from pressrun.store.journal.sqlite import SqliteDatabase
from pressrun.store.new_file import new_file

_FIRST = "SELECT leaf FROM journal WHERE seq = 1"
_HEAD = "SELECT size FROM tree WHERE id = 1"
_LAST_CHECKPOINT = "SELECT size, time FROM checkpoint ORDER BY size DESC LIMIT 1"
_TREE = (
    "SELECT tree.size, tree.frontier, (SELECT seq FROM indexed WHERE id = 1), last.size, last.time FROM tree LEFT JOIN "
    "(SELECT size, time FROM checkpoint ORDER BY size DESC LIMIT 1) AS last ON 1 = 1 WHERE tree.id = 1"
)
_SET_TREE = "UPDATE tree SET size = :size, frontier = :frontier WHERE id = 1"
_ADD_ENTRY = "INSERT INTO journal (seq, leaf) VALUES (:seq, :leaf)"
_ADD_CHECKPOINT = "INSERT INTO checkpoint (size, note, time) VALUES (:size, :note, :time)"
_CHECKPOINTS = "SELECT note FROM checkpoint ORDER BY size DESC"
_LAST_CHECKPOINTS = f"{_CHECKPOINTS} LIMIT :last"
_ENTRIES = (  # one statement, and so one state, also without a transaction around it; a row in any case
    "SELECT journal.seq, journal.leaf, tree.size FROM tree LEFT JOIN journal ON journal.seq > :after "
    "WHERE tree.id = 1 ORDER BY journal.seq LIMIT :page"
)
_KEEP_SNAPSHOT = (
    "INSERT INTO snapshot (id, seq, content) VALUES (1, :seq, :content) ON CONFLICT (id) DO UPDATE "
    "SET seq = excluded.seq, content = excluded.content WHERE excluded.seq >= snapshot.seq"
)
_SNAPSHOT = "SELECT seq, content FROM snapshot WHERE id = 1"


class _Tree(NamedTuple):
    frontier: Frontier
    indexed: int  # up to which entry what can be searched is made
    last_checkpoint: tuple[int, float] | None  # its size, and when it was made


class SqlJournal:
    """A `pressrun.store.journal.port.Journal` in a database. Make one with `open_journal`.

    Any number of threads and processes may use one database, also the same `SqlJournal`, also across a fork.

    Args:
        database: where it is kept; closed together with the journal.
        signer: signs checkpoints; without one none are made.
        clock: seconds since 1970.
    """

    def __init__(
        self, database: Database, signer: Signer | None = None, *, clock: Callable[[], float] = time.time
    ) -> None:
        self.database = database
        self._signer = signer
        self._clock = clock
        self._in_turn = False
        self._first: bytes | None = None

    def __enter__(self) -> SqlJournal:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Close the database."""
        self.database.close()

    def head(self) -> int:
        """Return the number of the last entry, 0 when there is none."""
        with self.database.reading() as rows:
            return _head(rows, self.database.place)

    def append(self, drafts: Sequence[Draft], *, after: int, checkpoint: bool = False) -> list[Entry]:
        """Append entries as the port says.

        Without drafts nothing is appended, and with `checkpoint` what is there is covered by one.

        Raises:
            HeadMovedError: there are entries after `after`, or another writer has its turn; nothing was appended.
            CannotRestoreError: the database failed, or ends before `after`: it is an older copy of itself.
            ValueError: an event would not be read back as it was offered, or there is nobody to sign.
        """
        if checkpoint and self._signer is None:
            raise ValueError("a checkpoint was asked for, and this journal was opened without a signer")
        added = addition(drafts, after)
        place, postgresql = self.database.place, self.database.dialect == "postgresql"
        if isinstance(self.database, SqliteDatabase) and not self._in_turn and self.database.turn_is_taken():
            # whoever has to stand back should not queue for the lock to be told so
            raise head_moved(after, self.head())
        with self.database.writing() as rows:
            if postgresql and not self._in_turn and self.database.turn_is_taken(rows):
                raise head_moved(after, _head(rows, place))
            tree = self._locked_tree(rows, after)
            frontier = self._add(rows, added, tree.frontier)
            # Without entries nothing tells PostgreSQL that what it joined to the locked row is from before it waited.
            last = tree.last_checkpoint if drafts else _last_checkpoint(rows)
            self._add_checkpoint(rows, frontier, last, asked=checkpoint)
            if frontier.size - tree.indexed > MOST_WAITING:
                index_waiting(rows, self.database.dialect, place, 2 * len(drafts))
        return added.entries

    @contextlib.contextmanager
    def turn(self) -> Iterator[SqlJournal]:
        """Wait for a turn among the writers who ask for one, and keep it while the block runs."""
        with self.database.turn():
            mine = SqlJournal(self.database, self._signer, clock=self._clock)
            mine._in_turn = True
            yield mine

    def read(self, after: int = 0, upto: int | None = None) -> Iterator[Stored]:
        """Yield entries as the port says, those that are there when the first one is asked for.

        Raises:
            CannotRestoreError: the database failed, or an entry is missing.
        """
        place = self.database.place
        head: int | None = None
        while True:
            # a statement a page: nobody knows how long the caller takes with one
            with self.database.glance() as rows:
                page = rows.run(_ENTRIES, {"after": after, "page": PAGE})
            if not page:
                raise damaged("its tree is gone", place)
            head = int(page[0][2]) if head is None else head
            last = head if upto is None else min(upto, head)
            for seq, leaf, _ in page:
                if after >= last:
                    return
                if seq != after + 1:
                    raise _missing(after + 1, head, place)
                after = seq
                yield Stored(seq, stored_bytes(leaf, f"entry {seq}", place))
            if after >= last:
                return

    def checkpoints(self, last: int | None = None) -> list[bytes]:
        """Return the signed checkpoints, oldest first; the `last` so many of them when given."""
        with self.database.reading() as rows:
            notes = rows.run(_CHECKPOINTS) if last is None else rows.run(_LAST_CHECKPOINTS, {"last": last})
        return [stored_bytes(note, "a checkpoint", self.database.place) for (note,) in reversed(notes)]

    def keep_snapshot(self, seq: int, content: bytes) -> None:
        """Keep the fold of all entries up to `seq`, unless a later one is kept already."""
        with self.database.writing() as rows:
            head = _head(rows, self.database.place)
            if not 0 <= seq <= head:
                raise ValueError(f"a fold up to entry {seq} cannot be of a journal with {head}")
            rows.run(_KEEP_SNAPSHOT, {"seq": seq, "content": content})

    def snapshot(self) -> tuple[int, bytes] | None:
        """Return the newest snapshot that was kept."""
        with self.database.reading() as rows:
            found = rows.run(_SNAPSHOT)
        return (found[0][0], bytes(found[0][1])) if found else None

    def import_leaves(self, stored: Iterable[Stored], checkpoints: Iterable[bytes] = ()) -> int:
        """Fill an empty journal with the entries of another, their bytes unchanged. All or nothing.

        Args:
            stored: from the first entry on, without a gap; never all in memory.
            checkpoints: the notes that the other journal holds, oldest first. Each has to fit the entries; whether its
                signature is good is for the audit to say.

        Returns:
            How many entries there are now.

        Raises:
            UsageError: this journal is not empty.
            CannotRestoreError: an entry is missing or cannot be read, a checkpoint does not fit, or the database
                failed.
        """
        source = iter(stored)
        notes = _by_size(checkpoints)
        with self.database.writing() as rows:
            frontier = self._empty_tree(rows)
            while page := list(islice(source, _page_size(frontier.size, notes))):
                frontier = self._add(rows, addition_of_stored(page, frontier.size), frontier)
                if (note := notes.pop(frontier.size, None)) is not None:
                    _refuse_unfit(note, frontier)
                    self._keep_checkpoint(rows, note, frontier.size)
            if notes:
                raise CannotRestoreError(
                    f"a checkpoint covers {max(notes)} entries, and there are {frontier.size}",
                    remedy="The end is missing. Use another copy.",
                )
        return frontier.size

    def backup(self, target: Path) -> None:
        """Copy the journal into a new SQLite file, durably, while others write; the file is a journal itself.

        A PostgreSQL journal is copied entry by entry, without its snapshot.

        Args:
            target: the file to make; its folder must be there.

        Raises:
            UsageError: there is something at `target`.
            CannotRestoreError: either of the two databases failed, or this journal is damaged.
        """
        with new_file(target, "copy") as partial:
            if isinstance(self.database, SqliteDatabase):
                self.database.copy_to(partial)
                return
            with tempfile.TemporaryDirectory() as folder:
                # checkpoints first: entries only become more, so those that are read after it are under every one
                notes = self.checkpoints()
                database = SqliteDatabase(Path(folder, "journal.db"))
                with SqlJournal(database, clock=self._clock) as copy:
                    copy.import_leaves(self.read(), notes)
                    database.copy_to(partial)

    def reindex(self) -> int:
        """Make anew what can be searched, from the entries; after an upgrade that makes more of them searchable.

        Returns:
            How many entries were looked at.
        """
        with self.database.writing() as rows:
            forget(rows)
            return index_waiting(rows, self.database.dialect, self.database.place)

    def _locked_tree(self, rows: Rows, after: int | None) -> _Tree:
        locked = " FOR UPDATE OF tree" if self.database.dialect == "postgresql" else ""
        # PostgreSQL looks at the condition again once it has the lock: whoever lost the race does not even wait for it
        moved = "" if after is None else " AND tree.size = :after"
        found = rows.run(f"{_TREE}{moved}{locked}", {} if after is None else {"after": after})
        if not found and after is not None:
            _expect_head(_head(rows, self.database.place), after, self.database.place)
            raise head_moved(after, after)  # it was behind `after` a moment ago, and has come up to it
        if not found:
            raise damaged("its tree is gone", self.database.place)
        size, raw, indexed, *last = found[0]
        try:
            frontier = Frontier.decode(bytes(raw)) if size else Frontier()
        except ValueError as error:
            raise damaged(f"its tree cannot be read: {error}", self.database.place) from error
        if frontier.size != size:
            raise damaged(f"its tree has {frontier.size} leaves instead of {size}", self.database.place)
        if indexed is None:
            raise damaged("the state of its index is gone", self.database.place)
        return _Tree(frontier, int(indexed), _as_checkpoint(last))

    def _empty_tree(self, rows: Rows) -> Frontier:
        tree = self._locked_tree(rows, None).frontier
        if tree.size:
            raise UsageError(
                f"the journal has {tree.size} entries, and only an empty one can be filled",
                where=self.database.place,
                remedy="Name another place.",
            )
        return tree

    def _add(self, rows: Rows, added: Addition, frontier: Frontier) -> Frontier:
        if not added.stored:
            return frontier
        rows.run_each(_ADD_ENTRY, [{"seq": seq, "leaf": leaf} for seq, leaf in added.stored])
        grown = frontier.extend(added.hashes)
        rows.run(_SET_TREE, {"size": grown.size, "frontier": grown.encode()})
        return grown

    def _add_checkpoint(self, rows: Rows, frontier: Frontier, last: tuple[int, float] | None, *, asked: bool) -> None:
        if self._signer is None or frontier.size == 0 or (last is not None and last[0] >= frontier.size):
            return
        if asked or checkpoint_is_due(frontier.size, last, self._clock()):
            if self._first is None:
                self._first = stored_bytes(rows.run(_FIRST)[0][0], "entry 1", self.database.place)
            self._keep_checkpoint(rows, signed_checkpoint(frontier, self._signer, self._first), frontier.size)

    def _keep_checkpoint(self, rows: Rows, note: bytes, size: int) -> None:
        rows.run(_ADD_CHECKPOINT, {"size": size, "note": note, "time": self._clock()})


def _head(rows: Rows, place: str) -> int:
    found = rows.run(_HEAD)
    if not found:
        raise damaged("its tree is gone", place)
    return int(found[0][0])


def _last_checkpoint(rows: Rows) -> tuple[int, float] | None:
    found = rows.run(_LAST_CHECKPOINT)
    return _as_checkpoint(found[0]) if found else None


def _as_checkpoint(columns: Sequence[Any]) -> tuple[int, float] | None:
    size, made = columns
    return None if size is None else (int(size), float(made))


def _expect_head(head: int, after: int, place: str) -> None:
    if head > after:
        raise head_moved(after, head)
    if head < after:
        raise CannotRestoreError(
            f"the journal ends at entry {head}, and entry {after} was seen before",
            where=place,
            remedy="An older copy was put in its place. Compare it with a checkpoint kept elsewhere.",
        )


def _missing(seq: int, head: int, place: str) -> CannotRestoreError:
    return CannotRestoreError(
        f"entry {seq} of {head} is missing", where=place, remedy="Restore the newest backup with `pressrun restore`."
    )


def _by_size(checkpoints: Iterable[bytes]) -> dict[int, bytes]:
    try:
        return {read_checkpoint(read_note(note).text).size: note for note in checkpoints}
    except ValueError as error:
        raise CannotRestoreError(f"a checkpoint cannot be read: {error}") from error


def _page_size(size: int, bounds: Iterable[int]) -> int:
    # pages end where checkpoints do, so that each is compared with the tree that it is about
    return min([PAGE, *(bound - size for bound in bounds if bound > size)])


def _refuse_unfit(note: bytes, frontier: Frontier) -> None:
    if read_checkpoint(read_note(note).text).root != frontier.root():
        raise CannotRestoreError(
            f"the checkpoint over {frontier.size} entries was made over other ones",
            remedy="Entries were changed. `pressrun audit verify` says which; use another copy.",
        )
