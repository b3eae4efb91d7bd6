"""What a journal's database really holds, for the audit: read past every check, because somebody may have been in it.

`SqlJournal.read` stops at the first row that is not as it should be. An audit goes on, so that it can say what is wrong
and what is still right.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import islice
from typing import Any

from pressrun.errors import CannotRestoreError
from pressrun.rules.merkle import Frontier
from pressrun.store.journal.port import Journal
from pressrun.store.journal.sql import SqlJournal

BATCH = 2048
"""Entries that are in memory at once."""

# a column of SQLite holds whatever is put into it: an edit with its own functions makes text of bytes
_RAW = {"sqlite": "CASE WHEN typeof({0}) = 'blob' THEN {0} END", "postgresql": "{0}"}
_ENTRIES = "SELECT seq, {} FROM journal WHERE seq > :after ORDER BY seq LIMIT :count"
_CHECKPOINTS = "SELECT {} FROM checkpoint ORDER BY size"
_TREE = "SELECT size, {} FROM tree WHERE id = 1"
_LEAST = -(2**63)


def kept_entries(journal: Journal) -> Iterator[list[tuple[int, bytes]]]:
    """Yield the entries in batches: number and bytes, no bytes where something else is stored.

    Raises:
        CannotRestoreError: the database failed.
    """
    if not isinstance(journal, SqlJournal):
        entries = journal.read()
        while batch := [(seq, leaf) for seq, leaf in islice(entries, BATCH)]:
            yield batch
        return
    after = _LEAST
    while True:
        page = _run(journal, _ENTRIES, "leaf", after=after, count=BATCH)
        if not page:
            return
        yield [(seq, b"" if leaf is None else bytes(leaf)) for seq, leaf in page]
        after = page[-1][0]


def kept_checkpoints(journal: Journal) -> list[bytes]:
    """Return the notes, smallest first; no bytes where something else is stored.

    Raises:
        CannotRestoreError: the database failed.
    """
    if not isinstance(journal, SqlJournal):
        return journal.checkpoints()
    return [b"" if note is None else bytes(note) for (note,) in _run(journal, _CHECKPOINTS, "note")]


def kept_tree(journal: Journal) -> Frontier | None:
    """Return the tree that is kept beside the entries; None for a journal that is in no database.

    Raises:
        CannotRestoreError: it is gone or damaged, or the database failed.
    """
    if not isinstance(journal, SqlJournal):
        return None
    found = _run(journal, _TREE, "frontier")
    if not found:
        raise CannotRestoreError("the tree that is kept with the entries is gone", where=journal.database.place)
    size, raw = found[0]
    try:
        tree = Frontier.decode(bytes(raw)) if size else Frontier()
        if tree.size != size:
            raise ValueError(f"it has {tree.size} leaves instead of {size}")
    except (TypeError, ValueError) as error:
        raise CannotRestoreError(
            f"the tree that is kept with the entries cannot be read: {error}", where=journal.database.place
        ) from error
    return tree


def _run(journal: SqlJournal, sql: str, column: str, **values: int) -> list[tuple[Any, ...]]:
    with journal.database.reading() as rows:
        return rows.run(sql.format(_RAW[journal.database.dialect].format(column)), values)
