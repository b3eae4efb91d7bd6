"""The journal's tables, step by step: the one place that both databases take their schema from.

SQLite counts the steps it has taken in ``PRAGMA user_version``; PostgreSQL in Alembic's table `VERSION_TABLE`, one
revision a step. A released step is never edited; what changes is a new step. To add one: append it to `_STEPS` and add
a file to ``migrations/versions``.

    journal     the entries: the bytes that are hashed
    tree        one row: how many entries the Merkle tree has, and its frontier
    checkpoint  signed notes about the tree
    snapshot    one row: the newest fold; a cache
    found       what can be searched, a row a value; a projection that can be made anew
    shown       the same values, a document a subject
    indexed     one row: up to which entry both are made

The first and the third are only ever added to, and the database itself refuses everything else. That guards against
mistakes and against other programs, not against the database's owner, who can drop a trigger: against the owner there
are the checkpoints kept elsewhere.
"""

from __future__ import annotations

from typing import Final

from pressrun.store.journal.database import Dialect

VERSION_TABLE: Final = "pressrun_schema"
APPLICATION_ID: Final = 0x50525353  # "PRSS": what the header of an SQLite file says it is for

_TYPES: dict[Dialect, dict[str, str]] = {
    "sqlite": {"counter": "INTEGER", "bytes": "BLOB", "float": "REAL", "text": "TEXT", "clustered": "WITHOUT ROWID"},
    # "C": texts compare and sort by code point in both, whatever language the server was set up in
    "postgresql": {"counter": "BIGINT", "bytes": "BYTEA", "float": "DOUBLE PRECISION", "text": 'TEXT COLLATE "C"',
                   "clustered": ""},
}  # fmt: skip

_TABLES = (
    "CREATE TABLE journal (seq {counter} PRIMARY KEY, leaf {bytes} NOT NULL)",
    "CREATE TABLE tree (id {counter} PRIMARY KEY CHECK (id = 1), size {counter} NOT NULL, frontier {bytes} NOT NULL)",
    "CREATE TABLE checkpoint (size {counter} PRIMARY KEY, note {bytes} NOT NULL, time {float} NOT NULL)",
    "CREATE TABLE snapshot (id {counter} PRIMARY KEY CHECK (id = 1), seq {counter} NOT NULL, content {bytes} NOT NULL)",
    "CREATE TABLE found (subject {text} NOT NULL, kind {text} NOT NULL, key {text} NOT NULL, number {float}, "
    "text {text}, seq {counter} NOT NULL, PRIMARY KEY (subject, key)) {clustered}",
    "CREATE INDEX found_number ON found (kind, key, number, seq)",
    "CREATE INDEX found_text ON found (kind, key, text, seq)",
    "INSERT INTO tree (id, size, frontier) VALUES (1, 0, '')",
)


def _sqlite_guards(table: str, column: str, fits: str, refusal: str) -> tuple[str, ...]:
    # INSERT OR REPLACE deletes without asking the delete trigger, so insertion has a guard of its own
    raised = "BEGIN SELECT RAISE(ABORT, '{}'); END"
    only = raised.format(f"{table} is only appended to")
    return (
        f"CREATE TRIGGER {table}_no_update BEFORE UPDATE ON {table} {only}",
        f"CREATE TRIGGER {table}_no_delete BEFORE DELETE ON {table} {only}",
        f"CREATE TRIGGER {table}_in_order BEFORE INSERT ON {table} "
        f"WHEN NOT (NEW.{column} {fits} FROM {table})) {raised.format(refusal)}",
    )


def _postgresql_guards(table: str, column: str, fits: str, refusal: str) -> tuple[str, ...]:
    function = "CREATE FUNCTION {}() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN {} END $$"
    return (
        function.format(f"{table}_refuse_change", f"RAISE EXCEPTION '{table} is only appended to';"),
        function.format(
            f"{table}_refuse_disorder",
            f"IF NOT (NEW.{column} {fits} FROM {table})) THEN RAISE EXCEPTION '{refusal}'; END IF; RETURN NEW;",
        ),
        f"CREATE TRIGGER {table}_no_change BEFORE UPDATE OR DELETE ON {table} "
        f"FOR EACH ROW EXECUTE FUNCTION {table}_refuse_change()",
        f"CREATE TRIGGER {table}_no_truncate BEFORE TRUNCATE ON {table} "
        f"FOR EACH STATEMENT EXECUTE FUNCTION {table}_refuse_change()",
        f"CREATE TRIGGER {table}_in_order BEFORE INSERT ON {table} "
        f"FOR EACH ROW EXECUTE FUNCTION {table}_refuse_disorder()",
    )


def _step_1(dialect: Dialect) -> tuple[str, ...]:
    guards = _sqlite_guards if dialect == "sqlite" else _postgresql_guards
    return (
        *(statement.format(**_TYPES[dialect]) for statement in _TABLES),
        *guards("journal", "seq", "= (SELECT coalesce(max(seq), 0) + 1", "the next entry has another number"),
        *guards("checkpoint", "size", "> (SELECT coalesce(max(size), 0)", "a later checkpoint is there"),
    )


def _step_2(_: Dialect) -> tuple[str, ...]:
    # Most values stand in one of the two columns. A row in the other's index finds nothing, and each is a page that an
    # append has to write.
    return (
        "DROP INDEX found_number",
        "CREATE INDEX found_number ON found (kind, key, number, seq) WHERE number IS NOT NULL",
        "DROP INDEX found_text",
        "CREATE INDEX found_text ON found (kind, key, text, seq) WHERE text IS NOT NULL",
    )


def _step_3(dialect: Dialect) -> tuple[str, ...]:
    # What was searchable is made anew by whoever searches first, which fills both tables from the same entries.
    created = (
        "CREATE TABLE shown (subject {text} PRIMARY KEY, kind {text} NOT NULL, content {bytes} NOT NULL)",
        "CREATE TABLE indexed (id {counter} PRIMARY KEY CHECK (id = 1), seq {counter} NOT NULL)",
    )
    return (
        *(statement.format(**_TYPES[dialect]) for statement in created),
        "DELETE FROM found",
        "INSERT INTO indexed (id, seq) VALUES (1, 0)",
    )


_STEPS = (_step_1, _step_2, _step_3)
NEWEST: Final = len(_STEPS)
"""How many steps this version of pressrun knows."""


def statements(step: int, dialect: Dialect) -> tuple[str, ...]:
    """Return what takes the schema from ``step - 1`` to `step`.

    Args:
        step: from 1 to `NEWEST`.
        dialect: of which database.
    """
    return _STEPS[step - 1](dialect)
