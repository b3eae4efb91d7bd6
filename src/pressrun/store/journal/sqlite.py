"""SQLite, as the journal needs it: durable, one writer at a time, readers that never wait.

Goes through the standard library's module: importing SQLAlchemy alone would cost three times what a whole command may.
"""

from __future__ import annotations

import contextlib
import os
import sqlite3
import time
from collections import deque
from collections.abc import Iterable, Iterator, Mapping
from contextlib import AbstractContextManager
from pathlib import Path
from types import TracebackType
from typing import Any, Final, Literal

from pressrun.errors import CannotRestoreError
from pressrun.store.journal.database import Rows
from pressrun.store.journal.failures import sqlite_failure
from pressrun.store.journal.schema import APPLICATION_ID, NEWEST, statements
from pressrun.store.journal.sqlite_file import (
    cannot_share,
    creating,
    file_turn_is_taken,
    prepare_file,
    refuse_network,
    turn_by_file,
)

PATIENCE_S: Final = 60.0
"""How long a writer waits for the one before it. SQLite's waiting is not fair: with 64 writers the last waits long."""
_PAUSE_S: Final = 0.01
_NOTHING: Mapping[str, object] = {}
_SETTINGS = (
    "PRAGMA synchronous = FULL",  # a commit that was acknowledged survives a power loss, in WAL mode too
    "PRAGMA fullfsync = ON",  # on macOS: through the drive's own cache
    "PRAGMA checkpoint_fullfsync = ON",
    "PRAGMA journal_size_limit = 67108864",  # bytes that a write-ahead log keeps after a burst
    "PRAGMA trusted_schema = OFF",  # a file from elsewhere may not bring code along
    "PRAGMA cell_size_check = ON",
)

# Handles that a forked child inherited. They are never used there, and never closed: the child would believe itself
# the last user of the file, and take the write-ahead log away from under the parent.
_inherited: list[sqlite3.Connection] = []


class _SqliteRows:
    def __init__(self, connection: sqlite3.Connection, place: str) -> None:
        self._connection = connection
        self._place = place

    def run(self, sql: str, values: Mapping[str, object] = _NOTHING) -> list[tuple[Any, ...]]:
        try:
            return self._connection.execute(sql, values).fetchall()
        except (sqlite3.Error, UnicodeDecodeError) as error:  # names in a damaged schema are no text any more
            raise sqlite_failure(error, self._place) from error

    def run_each(self, sql: str, values: Iterable[Mapping[str, object]]) -> None:
        try:
            self._connection.executemany(sql, values)
        except sqlite3.Error as error:
            raise sqlite_failure(error, self._place) from error


class SqliteDatabase:
    """A `Database` in one file.

    Args:
        path: the file; made when it is absent. Its folder must be there.
        patience_s: how long to wait for another writer, seconds.

    Raises:
        CannotRestoreError: it cannot be opened, is no journal, was made by a newer pressrun, or lies where several
            writers cannot share it.
        UnsafeContentError: it is a link, or anybody may write to it.
    """

    dialect: Literal["sqlite"] = "sqlite"

    def __init__(self, path: Path, *, patience_s: float = PATIENCE_S) -> None:
        self.path = path.absolute()
        self.place = str(path)
        self._turn_file = self.path.with_name(self.path.name + "-turn")
        self._patience_s = patience_s
        self._idle: deque[sqlite3.Connection] = deque()  # its pop and append are atomic, so it needs no lock
        self._process = os.getpid()
        self._closed = False
        refuse_network(self.path)
        connection = self._connect()
        try:
            self._prepare(connection)
        except BaseException:
            connection.close()
            raise
        self._idle.append(connection)

    def reading(self) -> AbstractContextManager[Rows]:
        """Give a transaction over the state that it meets first; writers go on meanwhile."""
        return _Transaction(self, "BEGIN")

    def writing(self) -> AbstractContextManager[Rows]:
        """Give the transaction of the only writer."""
        # A transaction that begins by reading and then wants to write is refused at once, however long it would wait
        # (SQLITE_BUSY_SNAPSHOT); so a writer says at the beginning that it is one.
        return _Transaction(self, "BEGIN IMMEDIATE")

    def glance(self) -> AbstractContextManager[Rows]:
        """Let statements run that only read, each by itself: none pays for a transaction."""
        return _Glance(self)

    def turn(self) -> AbstractContextManager[None]:
        """Give a turn by a lock on a file beside the database, which the system frees when its holder ends."""
        return turn_by_file(self._turn_file, patience_s=self._patience_s)

    def turn_is_taken(self, rows: Rows | None = None) -> bool:
        """Whether somebody holds that lock; no transaction is needed for that."""
        return file_turn_is_taken(self._turn_file)

    def close(self) -> None:
        """Close every idle connection; one that is in use is closed by its user."""
        self._closed = True
        self._leave_inherited()
        while self._idle:
            self._idle.pop().close()

    def copy_to(self, target: Path) -> None:
        """Copy the whole database while others write, with SQLite's own backup.

        Args:
            target: an empty file that is there, on any file system.

        Raises:
            CannotRestoreError: either of the two failed, or the copy is damaged.
        """
        with self._borrowed() as source, contextlib.closing(self._open(target)) as copy:
            try:
                copy.execute("PRAGMA locking_mode = EXCLUSIVE")  # or it would want shared memory at once
                source.backup(copy)
                found = copy.execute("PRAGMA quick_check(1)").fetchall()
                # the copy is one file from now on, whoever reads it
                copy.execute("PRAGMA journal_mode = DELETE")
            except sqlite3.Error as error:
                raise sqlite_failure(error, str(target)) from error
        if found != [("ok",)]:
            raise CannotRestoreError(f"the journal's database is damaged ({found[0][0]})", where=self.place)

    @contextlib.contextmanager
    def _borrowed(self) -> Iterator[sqlite3.Connection]:
        connection = self.borrow()
        try:
            yield connection
        finally:
            self.give_back(connection)

    def borrow(self) -> sqlite3.Connection:
        """Return a connection that nobody else uses until it is given back."""
        if self._closed:
            raise ValueError("the journal is closed")
        self._leave_inherited()
        try:
            return self._idle.pop()
        except IndexError:
            return self._connect()

    def give_back(self, connection: sqlite3.Connection) -> None:
        """Take a borrowed connection back."""
        if self._closed or connection.in_transaction:
            connection.close()
        else:
            self._idle.append(connection)

    def _leave_inherited(self) -> None:
        if self._process == os.getpid():
            return
        _inherited.extend(self._idle)
        self._idle = deque()
        self._process = os.getpid()

    def _connect(self) -> sqlite3.Connection:
        with creating:
            prepare_file(self.path)
            connection = self._open(self.path)
        try:
            # asked before anything is set: a file that is somebody else's stays as it is
            _missing_steps(_SqliteRows(connection, self.place), self.place)
            self._share(connection)
            for setting in _SETTINGS:
                connection.execute(setting)
        except sqlite3.Error as error:
            connection.close()
            raise sqlite_failure(error, self.place) from error
        except BaseException:
            connection.close()
            raise
        return connection

    def _open(self, path: Path) -> sqlite3.Connection:
        try:
            return sqlite3.connect(
                f"{path.absolute().as_uri()}?mode=rw",  # never makes a file: it would be readable by others
                uri=True,
                timeout=self._patience_s,
                isolation_level=None,  # transactions are begun and ended by us alone
                check_same_thread=False,  # one thread at a time has it, not always the same one
                cached_statements=64,
            )
        except sqlite3.Error as error:
            raise sqlite_failure(error, str(path)) from error

    def _share(self, connection: sqlite3.Connection) -> None:
        # The switch to a write-ahead log does not wait for others as everything else does, and it fails without an
        # error where memory cannot be shared or the disk fails: only the mode it answers with tells.
        deadline = time.monotonic() + self._patience_s
        while (mode := _journal_mode(connection)) != "wal":
            if mode != "busy":
                raise cannot_share(self.path, f"the database stays in mode {mode!r} instead of 'wal'")
            if time.monotonic() > deadline:
                raise sqlite_failure(sqlite3.OperationalError("database is locked"), self.place)
            time.sleep(_PAUSE_S)

    def _prepare(self, connection: sqlite3.Connection) -> None:
        rows = _SqliteRows(connection, self.place)
        if not _missing_steps(rows, self.place):
            return
        rows.run("BEGIN IMMEDIATE")
        try:
            # asked again: another process may have taken them by now
            for step in _missing_steps(rows, self.place):
                for statement in statements(step, "sqlite"):
                    rows.run(statement)
                rows.run(f"PRAGMA user_version = {step}")
                rows.run(f"PRAGMA application_id = {APPLICATION_ID}")
            rows.run("COMMIT")
        except BaseException:
            with contextlib.suppress(sqlite3.Error):
                connection.rollback()
            raise


class _Glance(AbstractContextManager[Rows]):
    # no generator: every append opens two of them

    def __init__(self, database: SqliteDatabase) -> None:
        self._database = database

    def __enter__(self) -> Rows:
        self._connection = self._database.borrow()
        return _SqliteRows(self._connection, self._database.place)

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._database.give_back(self._connection)


class _Transaction(AbstractContextManager[Rows]):
    # no generator: every append opens one of them

    def __init__(self, database: SqliteDatabase, beginning: str) -> None:
        self._database = database
        self._beginning = beginning

    def __enter__(self) -> Rows:
        self._connection = self._database.borrow()
        try:
            self._rows = _SqliteRows(self._connection, self._database.place)
            self._rows.run(self._beginning)
        except BaseException:
            self._database.give_back(self._connection)
            raise
        return self._rows

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        try:
            if kind is None:
                self._commit()
            else:
                self._undo()
        finally:
            self._database.give_back(self._connection)

    def _commit(self) -> None:
        try:
            self._rows.run("COMMIT")
        except BaseException:
            self._undo()
            raise

    def _undo(self) -> None:
        # some failures have ended the transaction already, and a lost disk cannot even undo: what did not commit is
        # undone by whoever opens the file next
        with contextlib.suppress(sqlite3.Error):
            self._connection.rollback()


def _missing_steps(rows: Rows, place: str) -> range:
    taken = int(rows.run("PRAGMA user_version")[0][0])
    ours = rows.run("PRAGMA application_id")[0][0] == APPLICATION_ID
    if not ours and (taken or rows.run("SELECT name FROM sqlite_master LIMIT 1")):
        raise CannotRestoreError(
            "this is no journal of pressrun", where=place, remedy="Name another file, or move this one away."
        )
    if taken > NEWEST:
        raise CannotRestoreError(
            f"the journal has format {taken}; this pressrun knows {NEWEST}",
            where=place,
            remedy="Use the newer pressrun that wrote it.",
        )
    return range(taken + 1, NEWEST + 1)


def _journal_mode(connection: sqlite3.Connection) -> str:
    try:
        return str(connection.execute("PRAGMA journal_mode = WAL").fetchone()[0])
    except sqlite3.OperationalError as error:
        if "locked" in str(error) or "busy" in str(error):
            return "busy"
        raise
    except UnicodeDecodeError as error:
        # SQLite quotes what is damaged, which need not be text any more
        raise sqlite3.DatabaseError("the file is damaged: its schema cannot be read") from error
