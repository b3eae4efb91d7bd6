"""What can be searched, made of the entries when somebody searches.

What one entry makes searchable is some twenty rows at as many places of the indexes, several times the work of the
entry itself. So an append writes none of them: whoever searches next makes them for all entries that wait, a page at a
time. The work is not less, it is later, and nobody does it for entries that are never searched. So that no search has
to wait long, an append that finds more than `MOST_WAITING` entries makes those searchable that have waited longest, two
for each that it adds.

Two tables hold the same values: ``found`` has a row a value, by which subjects are found and sorted; ``shown`` has one
document a subject, which is what a search hands over. Table ``indexed`` says up to which entry both are made.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final, NamedTuple

import msgspec

from pressrun.records.entries import Entry, decode_entry
from pressrun.rules.journal_index import IndexRow, rows_of
from pressrun.store.journal.database import Database, Dialect, Rows
from pressrun.store.journal.failures import damaged, stored_bytes

MOST_WAITING: Final = 4096
"""Entries that are not searchable yet, about: making so many searchable takes one to three seconds."""
PAGE: Final = 256
"""Entries that are in memory at once."""
_ANALYSED_FROM: Final = 128

_REACH = "SELECT tree.size, indexed.seq FROM tree, indexed WHERE tree.id = 1 AND indexed.id = 1"
_LOCK = "SELECT seq FROM indexed WHERE id = 1 FOR UPDATE"
_LEAVES = "SELECT seq, leaf FROM journal WHERE seq > :after ORDER BY seq LIMIT :page"
_ADD_FOUND = (
    "INSERT INTO found (subject, kind, key, number, text, seq) VALUES (:subject, :kind, :key, :number, :text, :seq) "
    "ON CONFLICT (subject, key) DO UPDATE "
    "SET kind = excluded.kind, number = excluded.number, text = excluded.text, seq = excluded.seq"
)
_SHOW = (
    "INSERT INTO shown (subject, kind, content) VALUES (:subject, :kind, :content) "
    "ON CONFLICT (subject) DO UPDATE SET kind = excluded.kind, content = excluded.content"
)
_SHOWN: Final[dict[Dialect, str]] = {
    # CROSS JOIN keeps SQLite from reading the whole table, whatever it believes of its size
    "sqlite": "SELECT subject, kind, content FROM json_each(:among) AS one CROSS JOIN shown ON subject = one.value",
    "postgresql": "SELECT subject, kind, content FROM shown WHERE subject = ANY(:among)",
}
_REACHED = "UPDATE indexed SET seq = :seq WHERE id = 1"

Values = dict[str, float | str]
"""Key -> value of one subject, as a search hands it over."""

POINTER: Final = "pointer"
"""The kind of rows that are about a pointer: they find something else, and are not found."""

_NOTHING: tuple[str, Values] = ("", {})
_decoder = msgspec.json.Decoder(Values)


class Reach(NamedTuple):
    """How many entries there are, and up to which one they can be searched."""

    size: int
    indexed: int


def reach(rows: Rows, place: str) -> Reach:
    """Return how far the index reaches.

    Raises:
        CannotRestoreError: the database does not say.
    """
    found = rows.run(_REACH)
    if not found:
        raise damaged("its tree or the state of its index is gone", place)
    return Reach(int(found[0][0]), int(found[0][1]))


def index(database: Database) -> None:
    """Make every entry searchable that is there.

    Raises:
        CannotRestoreError: the database failed, an entry cannot be read, or this user may only read.
    """
    with database.glance() as rows:
        size, indexed = reach(rows, database.place)
    if indexed < size:
        with database.writing() as rows:
            index_waiting(rows, database.dialect, database.place)


def index_waiting(rows: Rows, dialect: Dialect, place: str, most: int | None = None) -> int:
    """Make entries searchable that are not yet, within a transaction that writes.

    Args:
        rows: the transaction.
        dialect: of which database.
        place: for messages.
        most: how many at most, those that have waited longest; by default all.

    Returns:
        Up to which entry all are searchable.

    Raises:
        CannotRestoreError: an entry cannot be read.
    """
    if dialect == "postgresql":
        rows.run(_LOCK)
    size, indexed = reach(rows, place)
    end = size if most is None else min(size, indexed + most)
    for after in range(indexed, end, PAGE):
        page = rows.run(_LEAVES, {"after": after, "page": min(PAGE, end - after)})
        _index(rows, dialect, [_entry(seq, leaf, place) for seq, leaf in page], place)
    if end > indexed:
        rows.run(_REACHED, {"seq": end})
        if dialect == "sqlite" and end >= _ANALYSED_FROM and indexed.bit_length() != end.bit_length():
            _analyse(rows)
    return end


def forget(rows: Rows) -> None:
    """Throw away what can be searched, to be made anew, within a transaction that writes."""
    for statement in ("DELETE FROM found", "DELETE FROM shown", "UPDATE indexed SET seq = 0 WHERE id = 1"):
        rows.run(statement)


def shown_values(rows: Rows, dialect: Dialect, subjects: Sequence[str], place: str) -> dict[str, tuple[str, Values]]:
    """Return kind and values of those subjects that have any.

    Args:
        rows: a transaction.
        dialect: of its database.
        subjects: as many as one statement should look for.
        place: for messages.

    Raises:
        CannotRestoreError: what is kept for one cannot be read.
    """
    found = rows.run(_SHOWN[dialect], among(dialect, subjects))
    return {subject: (kind, read_shown(content, subject, place)) for subject, kind, content in found}


def among(dialect: Dialect, values: Sequence[str]) -> dict[str, object]:
    """Return what is bound to ``:among`` in a statement about one of some values.

    All of them are one parameter: binding a hundred by name costs more than finding their rows.
    """
    return {"among": msgspec.json.encode(values).decode() if dialect == "sqlite" else list(values)}


def read_shown(content: object, subject: str, place: str) -> Values:
    """Read what `shown_content` made.

    Raises:
        CannotRestoreError: it is something else.
    """
    try:
        return _decoder.decode(stored_bytes(content, f"the index of {subject}", place))
    except (msgspec.MsgspecError, UnicodeDecodeError) as error:
        raise damaged(f"the index of {subject} cannot be read: {error}", place) from error


def shown_content(values: Mapping[str, float | str]) -> bytes:
    """Return what is kept for a subject: its values in the order that a reader wants, by key."""
    return msgspec.json.encode(values, order="deterministic")


def shown_of(key: str, number: float | None, text: str | None) -> Values:
    """Return the value of one row as it is handed over; a time as it was written."""
    value = number if text is None else text
    return {} if value is None else {key: value}


def _entry(seq: int, leaf: object, place: str) -> Entry:
    try:
        return decode_entry(stored_bytes(leaf, f"entry {seq}", place))
    except msgspec.MsgspecError as error:
        raise damaged(f"entry {seq} cannot be read: {error}", place) from error


def _index(rows: Rows, dialect: Dialect, entries: Iterable[Entry], place: str) -> None:
    # of two rows with the same subject and key the later one counts, so only that one is written
    found = {(row.subject, row.key): (row, entry.seq) for entry in entries for row in rows_of(entry)}
    if not found:
        return
    rows.run_each(_ADD_FOUND, [_columns(row, seq) for row, seq in found.values()])
    values: dict[str, tuple[str, Values]] = {}
    for row, _ in found.values():
        if row.kind != POINTER:
            values.setdefault(row.subject, (row.kind, {}))[1].update(shown_of(row.key, row.number, row.text))
    before = shown_values(rows, dialect, list(values), place) if values else {}
    shown = [
        {"subject": subject, "kind": kind, "content": shown_content({**before.get(subject, _NOTHING)[1], **new})}
        for subject, (kind, new) in values.items()
    ]
    if shown:
        rows.run_each(_SHOW, shown)


def _columns(row: IndexRow, seq: int) -> dict[str, Any]:
    subject, kind, key, number, text = row
    return {"subject": subject, "kind": kind, "key": key, "number": number, "text": text, "seq": seq}


def _analyse(rows: Rows) -> None:
    # Without figures about the table, SQLite takes the wrong index from some thousand entries on. They stay good until
    # the table is a multiple of what it was; taking them reads a sample and costs a few milliseconds.
    rows.run("PRAGMA analysis_limit = 1000")
    rows.run("ANALYZE found")
