"""Whether a journal's database is sound, and what it keeps beside the entries is what the entries give.

Search index and snapshot are made of the entries, so they are made again and compared. Whether the entries themselves
are those that were written is for the audit to say (`pressrun.rules.audit`).
"""

from __future__ import annotations

import contextlib
import hashlib
import math
import sqlite3
from collections.abc import Mapping
from typing import Any, NamedTuple

import msgspec

from pressrun.records.entries import Entry, decode_entry
from pressrun.records.standing import Standing
from pressrun.rules.journal_index import rows_of
from pressrun.rules.standing.fold import fold
from pressrun.rules.standing.snapshots import decode_snapshot
from pressrun.store.journal.database import Rows
from pressrun.store.journal.indexing import POINTER, Values, reach, shown_content, shown_of
from pressrun.store.journal.port import Journal
from pressrun.store.journal.schema import NEWEST, statements
from pressrun.store.journal.sql import SqlJournal

_SNAPSHOT = "SELECT seq, content FROM snapshot WHERE id = 1"
_FOUND = "SELECT subject, key, kind, number, text, seq FROM found"
_SHOWN = "SELECT subject, kind, content FROM shown"
_SCHEMA = "SELECT name, sql FROM sqlite_master WHERE name NOT LIKE 'sqlite#_%' ESCAPE '#'"


class _Index(NamedTuple):
    """What can be searched of the first `upto` entries."""

    upto: int
    found: list[tuple[Any, ...]]
    shown: list[tuple[Any, ...]]


class _Made(NamedTuple):
    """What is made of the first `size` entries, all of one moment; `searchable` is None where there is no database."""

    size: int
    snapshot: tuple[int, bytes] | None
    searchable: _Index | None = None


def journal_problems(journal: Journal) -> list[str]:
    """Return what is wrong with a journal, one sentence each; whoever appends meanwhile does not disturb.

    Raises:
        CannotRestoreError: the database cannot be read at all, or an entry is missing.
    """
    problems: list[str] = []
    if isinstance(journal, SqlJournal):
        made, problems = _made_in_database(journal)
    else:
        snapshot = journal.snapshot()
        made = _Made(journal.head(), snapshot)  # the head last: the snapshot is below it
    check = _Check(made)
    for stored in journal.read(0, made.size):
        try:
            check.add(decode_entry(stored.leaf), stored.seq)
        except msgspec.MsgspecError as error:
            problems.append(f"entry {stored.seq} cannot be read: {error}")
    return problems + check.ended()


def _made_in_database(journal: SqlJournal) -> tuple[_Made, list[str]]:
    place = journal.database.place
    with journal.database.reading() as rows:
        size, indexed = reach(rows, place)
        snapshot, index = rows.run(_SNAPSHOT), _Index(indexed, rows.run(_FOUND), rows.run(_SHOWN))
        problems = _sqlite_problems(rows) if journal.database.dialect == "sqlite" else []
    kept = (int(snapshot[0][0]), bytes(snapshot[0][1])) if snapshot else None
    return _Made(size, kept, index), [f"the database is damaged: {line}" for line in problems[:10]]


def _sqlite_problems(rows: Rows) -> list[str]:
    said = (" ".join(str(line).split()) for (line,) in rows.run("PRAGMA integrity_check"))
    problems = [line for line in said if line != "ok"]
    found = dict(rows.run(_SCHEMA))
    with contextlib.closing(sqlite3.connect(":memory:")) as fresh:
        for step in range(1, NEWEST + 1):
            for statement in statements(step, "sqlite"):
                fresh.execute(statement)
        expected = dict(fresh.execute(_SCHEMA).fetchall())
    names = sorted(name for name in found.keys() | expected.keys() if found.get(name) != expected.get(name))
    return problems + [f"{name} is not what this pressrun makes" for name in names]


class _Check:
    def __init__(self, made: _Made) -> None:
        self._made = made
        self._standing = Standing()
        self._index: dict[tuple[str, str], tuple[int, bytes]] = {}

    def add(self, entry: Entry, seq: int) -> None:
        if self._made.searchable is not None and seq <= self._made.searchable.upto:
            for row in rows_of(entry):
                self._index[row.subject, row.key] = (seq, _row_hash(row.kind, row.number, row.text))
        if self._made.snapshot is not None and seq <= self._made.snapshot[0]:
            fold(self._standing, [entry])

    def ended(self) -> list[str]:
        problems = []
        if self._made.snapshot is not None and not self._is_snapshot_right(*self._made.snapshot):
            problems.append(f"the snapshot after entry {self._made.snapshot[0]} is not what folding the entries gives")
        if self._made.searchable is not None:
            problems += self._index_problems(self._made.searchable)
        return problems

    def _index_problems(self, index: _Index) -> list[str]:
        problems = []
        if not 0 <= index.upto <= self._made.size:
            problems.append(f"the search index claims to reach entry {index.upto} of {self._made.size}")
        if wrong := _wrong_documents(index):
            problems.append(f"{wrong} documents of the search index are not what its rows say")
        if wrong := self._wrong_rows(index.found):
            problems.append(f"{wrong} rows of the search index are not what the entries say")
        return problems

    def _is_snapshot_right(self, seq: int, content: bytes) -> bool:
        found = decode_snapshot(content)
        if found is None:  # damaged, as its checksum told, or of another version: nobody uses it
            return True
        return seq <= self._made.size and _plain(found) == _plain(self._standing)

    def _wrong_rows(self, rows: list[tuple[Any, ...]]) -> int:
        wrong = 0
        for subject, key, kind, number, text, seq in rows:
            if self._index.pop((subject, key), None) != (seq, _row_hash(kind, number, text)):
                wrong += 1
        return wrong + len(self._index)


def _wrong_documents(index: _Index) -> int:
    expected: dict[str, tuple[str, Values]] = {}
    for subject, key, kind, number, text, _ in index.found:
        if kind != POINTER:
            expected.setdefault(subject, (kind, {}))[1].update(shown_of(key, number, text))
    shown = {subject: (kind, content) for subject, kind, content in index.shown}
    made = {subject: (kind, shown_content(values)) for subject, (kind, values) in expected.items()}
    return sum(1 for subject in shown.keys() | made.keys() if shown.get(subject) != made.get(subject))


def _plain(standing: Standing) -> dict[str, Any]:
    # a decoded state reads its parts when they are asked for
    fields = {name: getattr(standing, name) for name in standing.__struct_fields__}
    return {name: dict(value) if isinstance(value, Mapping) else value for name, value in fields.items()}


def _row_hash(kind: str, number: object, text: object) -> bytes:
    # databases give a number back as they keep it: 3 and 3.0 are one, and there is no NaN
    if isinstance(number, int | float):
        number = None if math.isnan(number) else float(number)
    return hashlib.blake2b(repr((kind, number, text)).encode("utf-8", "surrogatepass"), digest_size=12).digest()
