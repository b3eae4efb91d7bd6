"""Entries to append, for the tests of the journal's databases, and a way around the journal."""

from __future__ import annotations

import contextlib
import sqlite3
import stat
from pathlib import Path

from pressrun.records.digest import digest_text
from pressrun.records.entries import Draft
from pressrun.records.events import Registered, RunRecorded
from pressrun.store.journal.indexing import index
from pressrun.store.journal.sql import SqlJournal
from pressrun.store.keys import JournalKey

ANY = digest_text("")
TIME = "2026-08-03T12:00:00.000000+00:00"
KEY = JournalKey("pressrun/test", bytes(32))


def draft(number: int) -> Draft:
    event = Registered(name="churn", number=number, bundle=ANY, manifest=ANY, facts=ANY, author="ana")
    return Draft(event=event, actor="ana", via="local", time=TIME)


def run(number: int) -> Draft:
    event = RunRecorded(
        run=f"{number:032x}", what="replay", notebook="churn.ipynb", source=ANY, outcome="ok", started=TIME,
        duration_s=1.0, metrics={f"m{index}": number + index / 7 for index in range(5)},
    )  # fmt: skip
    return Draft(event=event, actor="ana", via="local", time=TIME)


def searchable(journal: SqlJournal) -> list[list[tuple]]:
    """Return what can be searched once whatever waits has become so."""
    index(journal.database)
    with journal.database.reading() as rows:
        return [
            rows.run(f"SELECT * FROM {table}") for table in ("found ORDER BY subject, key", "shown ORDER BY subject")
        ]


def mode(path: Path) -> int:
    """Return who may read and write a file."""
    return stat.S_IMODE(path.stat().st_mode)


def by_hand(path: Path, *statements: str) -> list[tuple]:
    """Run statements as another program would."""
    with contextlib.closing(sqlite3.connect(path, isolation_level=None)) as connection:
        return [connection.execute(statement).fetchall() for statement in statements][-1]
