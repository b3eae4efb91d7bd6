"""Open a journal by its location: a file, or the address of a PostgreSQL server."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path

from pressrun.errors import UsageError, near_match
from pressrun.store.journal.database import Database
from pressrun.store.journal.port import Signer
from pressrun.store.journal.sql import SqlJournal
from pressrun.store.journal.sqlite import SqliteDatabase

_SQLITE = "sqlite"
_POSTGRESQL = ("postgresql", "postgres", "postgresql+psycopg")


def open_journal(
    location: str | Path, signer: Signer | None = None, *, clock: Callable[[], float] = time.time
) -> SqlJournal:
    """Open a journal, made when there is none yet; close it in the end.

    Args:
        location: a file's path, ``sqlite:///path`` (``sqlite:////path`` from the root), or
            ``postgresql://user@host/database``.
        signer: signs checkpoints; without one none are made.
        clock: seconds since 1970.

    Raises:
        UsageError: the location is none of these, or PostgreSQL is asked for and its extra is not installed.
        CannotRestoreError: it cannot be opened, is no journal, or was made by a newer pressrun.
        UnsafeContentError: the file is a link, or anybody may write to it.
    """
    return SqlJournal(_open_database(location), signer, clock=clock)


def _open_database(location: str | Path) -> Database:
    if isinstance(location, Path):
        return SqliteDatabase(location)
    scheme, separator, rest = location.partition("://")
    if not separator:
        if not location:
            raise UsageError("the journal's location is empty", remedy="Name a file or a PostgreSQL address.")
        return SqliteDatabase(Path(location).expanduser())
    if scheme == _SQLITE:
        path = rest.removeprefix("/")
        if not rest.startswith("/") or path in {"", ":memory:"}:
            raise UsageError(
                "the journal's location names no file", where=location, remedy="Write sqlite:/// and the file's path."
            )
        return SqliteDatabase(Path(path).expanduser())
    if scheme in _POSTGRESQL:
        return _open_postgresql(f"postgresql+psycopg://{rest}")
    hint = near_match(scheme, (_SQLITE, *_POSTGRESQL))
    # the rest may hold a password
    raise UsageError(
        f"a journal cannot be kept in {scheme!r}{f', {hint}' if hint else ''}",
        where="the journal's location",
        remedy="Name a file, or a PostgreSQL address: postgresql://user@host/database.",
    )


def _open_postgresql(address: str) -> Database:
    try:
        from pressrun.store.journal.postgresql import PostgresqlDatabase  # noqa: PLC0415 - half a second, and an extra

        return PostgresqlDatabase(address)
    except ImportError as error:
        raise UsageError(
            f"a journal in PostgreSQL needs an extra: {error.name} is not installed",
            remedy="Run: pip install 'pressrun[postgres]'.",
        ) from error
