"""The journal on a PostgreSQL server: its guards, its rights, and what is said when the server is away."""

from __future__ import annotations

import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from pressrun.actions.registry import open_registry
from pressrun.actions.versions import SearchRequest, search_registry
from pressrun.errors import CannotRestoreError, PressrunError
from pressrun.store.journal.indexing import index
from pressrun.store.journal.open import open_journal
from pressrun.store.journal.schema import NEWEST, VERSION_TABLE
from pressrun.store.journal.search import search

sys.path.insert(0, str(Path(__file__).parent))
sys.path.insert(0, str(Path(__file__).parents[2] / "servers"))

from drafts import KEY, draft, run
from postgres import USER, postgres, postgres_server, statement  # noqa: F401 - fixtures

HOW_TO = Path(__file__).parents[3] / "docs" / "how-to" / "shared-journal.md"


@pytest.fixture
def filled(postgres):  # noqa: F811
    """The address of a journal of three entries and a checkpoint."""
    with open_journal(postgres, KEY) as journal:
        journal.append([draft(1), draft(2), draft(3)], after=0, checkpoint=True)
    return postgres


def rows_of(address: str, sql: str) -> list[tuple]:
    import psycopg

    with psycopg.connect(address) as connection:
        return connection.execute(sql).fetchall()


@pytest.mark.parametrize(
    "change",
    [
        "UPDATE journal SET leaf = 'x' WHERE seq = 2", "DELETE FROM journal WHERE seq = 3", "TRUNCATE journal",
        "INSERT INTO journal VALUES (5, 'x')", "INSERT INTO journal VALUES (0, 'x')",
        "INSERT INTO journal VALUES (3, 'x') ON CONFLICT (seq) DO UPDATE SET leaf = 'x'",
        "UPDATE checkpoint SET note = 'x'", "DELETE FROM checkpoint", "TRUNCATE checkpoint",
        "INSERT INTO checkpoint VALUES (2, 'x', 0)",
    ],
)  # fmt: skip
def test_the_database_itself_refuses_to_change_what_was_written(filled, change):
    import psycopg

    with pytest.raises(psycopg.errors.RaiseException):
        statement(filled, change)
    with open_journal(filled) as journal:
        assert [stored.seq for stored in journal.read()] == [1, 2, 3]
        assert len(journal.checkpoints()) == 1


def test_a_writer_with_the_documented_rights_appends_and_cannot_do_more(filled):
    """The statements in the how-to, run as they stand there."""
    import psycopg

    text = HOW_TO.read_text(encoding="utf-8")
    grants = text.partition("```sql\n")[2].partition("```")[0]
    statement(filled, "DROP ROLE IF EXISTS pressrun_writer")
    try:
        statement(filled, grants)
        address = filled.replace(f"user={USER}", "user=pressrun_writer")
        with open_journal(address, KEY) as journal:
            journal.append([draft(4), run(1)], after=3, checkpoint=True)
            journal.keep_snapshot(5, b"fold")
            with journal.turn() as mine:
                mine.append([draft(5)], after=5)
            assert [stored.seq for stored in journal.read()] == [1, 2, 3, 4, 5, 6]
            assert journal.reindex() == 6
        for change in ("DROP TRIGGER journal_no_change ON journal", "DELETE FROM journal", "DROP TABLE journal",
                       "UPDATE checkpoint SET note = 'x'", "TRUNCATE journal", "DELETE FROM tree"):  # fmt: skip
            with pytest.raises(psycopg.errors.InsufficientPrivilege):
                statement(address, change)
    finally:
        statement(filled, "DROP OWNED BY pressrun_writer")
        statement(filled, "DROP ROLE pressrun_writer")


def test_a_reader_without_rights_to_write_is_told_so(filled):
    statement(filled, "CREATE ROLE looks LOGIN; GRANT SELECT ON ALL TABLES IN SCHEMA public TO looks")
    try:
        with open_journal(filled.replace(f"user={USER}", "user=looks")) as journal:
            assert journal.head() == 3
            with pytest.raises(CannotRestoreError, match="may only be read"):
                journal.append([draft(4)], after=3)
    finally:
        statement(filled, "DROP OWNED BY looks; DROP ROLE looks")


def test_who_may_only_read_finds_the_same_whether_entries_wait_to_be_indexed_or_not(filled, tmp_path):
    statement(filled, "CREATE ROLE looks LOGIN; GRANT SELECT ON ALL TABLES IN SCHEMA public TO looks")
    environ = {"PRESSRUN_JOURNAL": filled.replace(f"user={USER}", "user=looks"), "XDG_CONFIG_HOME": str(tmp_path)}
    asked = SearchRequest(query="number > 1")
    try:
        with open_registry(tmp_path, reading=True, environ=environ) as registry:
            with pytest.raises(CannotRestoreError, match="may only be read"):
                search(registry.journal.database, "version")
            waiting = search_registry(registry, asked)
            with open_journal(filled) as owners:
                index(owners.database)
            assert len(search(registry.journal.database, "version")) == 3
            assert search_registry(registry, asked) == waiting
        assert [found.subject for found in waiting.found] == ["churn@3", "churn@2"]
    finally:
        statement(filled, "DROP OWNED BY looks; DROP ROLE looks")


def test_a_journal_of_a_newer_pressrun_is_left_alone(filled):
    statement(filled, f"UPDATE {VERSION_TABLE} SET version_num = '{NEWEST + 1:04}'")
    with pytest.raises(CannotRestoreError, match="newer pressrun"):
        open_journal(filled)


def test_the_schema_is_made_once_by_many_who_open_an_empty_database_at_once(postgres):  # noqa: F811

    def open_it(_: int) -> int:
        with open_journal(postgres) as journal:
            return journal.head()

    with ThreadPoolExecutor(6) as pool:
        assert list(pool.map(open_it, range(6))) == [0] * 6
    assert rows_of(postgres, f"SELECT version_num FROM {VERSION_TABLE}") == [(f"{NEWEST:04}",)]


def test_a_commit_waits_for_the_disk_even_where_the_server_would_not(postgres):  # noqa: F811
    """The tests' server is set up not to wait; a stricter setting than ours is kept."""
    name = postgres.partition("/test_")[2].partition("?")[0]
    with open_journal(postgres) as journal, journal.database.writing() as rows:
        assert rows.run("SHOW synchronous_commit") == [("on",)]
    statement(postgres, f"ALTER DATABASE test_{name} SET synchronous_commit = 'remote_apply'")
    with open_journal(postgres) as journal, journal.database.writing() as rows:
        assert rows.run("SHOW synchronous_commit") == [("remote_apply",)]


def test_a_reader_sees_one_state_however_many_statements_it_runs(filled):
    with open_journal(filled) as journal, journal.database.reading() as rows:
        assert rows.run("SELECT count(*) FROM journal") == [(3,)]
        with open_journal(filled) as other:
            other.append([draft(4)], after=3)
        assert rows.run("SELECT count(*) FROM journal") == [(3,)]
        with pytest.raises(PressrunError, match="may only be read"):
            rows.run("DELETE FROM found")


def test_the_connections_that_a_server_ended_are_replaced(filled, monkeypatch):
    """A server that was restarted overnight: what comes first afterwards works."""
    monkeypatch.setattr("pressrun.store.journal.postgresql.IDLE_S", 0.0)
    with open_journal(filled) as journal:
        assert journal.head() == 3
        statement(filled, "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE pid <> pg_backend_pid() "
                          "AND datname = current_database()")  # fmt: skip
        time.sleep(0.05)
        assert journal.append([draft(4)], after=3)[0].seq == 4


def test_a_connection_that_ends_in_the_middle_undoes_the_append_and_says_that_the_server_went_away(filled):
    with open_journal(filled) as journal:
        half = "WITH half AS (INSERT INTO journal VALUES (4, 'half')) SELECT pg_terminate_backend(pg_backend_pid())"
        with pytest.raises(CannotRestoreError, match="went away"), journal.database.writing() as rows:
            rows.run(half)
        assert journal.head() == 3
        assert [stored.seq for stored in journal.read()] == [1, 2, 3]


def test_a_forked_child_never_talks_on_its_parents_connection(filled):
    program = f"""
import os, sys
sys.path.insert(0, {str(Path(__file__).parent)!r})
from drafts import draft
from pressrun.store.journal.indexing import index
from pressrun.store.journal.open import open_journal
with open_journal({filled!r}) as journal:
    server = "SELECT pg_backend_pid()"
    with journal.database.reading() as rows:
        parents = rows.run(server)
    child = os.fork()
    if child == 0:
        journal.append([draft(4)], after=3)
        with journal.database.reading() as rows:
            own = rows.run(server)
        journal.close()
        os._exit(0 if own != parents else 7)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
    journal.append([draft(5)], after=4)
    with journal.database.reading() as rows:
        assert rows.run(server) == parents
"""
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (("/test_", "/absent_"), "no such database"),
        (("user=pressrun", "user=eve"), "does not let this user in"),
        (("host=/tmp", "host=/tmp/absent"), "cannot be reached"),
    ],
)
def test_a_server_that_cannot_be_used_is_named_with_the_reason(postgres, change, message):  # noqa: F811
    with pytest.raises(CannotRestoreError, match=message) as raised:
        open_journal(postgres.replace(*change))
    assert raised.value.where.startswith("postgresql:///")


@pytest.mark.parametrize(
    "address", ["postgresql://ana:secret@127.0.0.1:1/x", "postgres://127.0.0.1:1/x?user=ana&password=secret"]
)
def test_no_message_holds_the_password(address):
    with pytest.raises(CannotRestoreError) as raised:
        open_journal(address)
    assert "secret" not in f"{raised.value} {raised.value.__cause__}"


def test_a_backup_is_a_file_with_the_same_bytes(filled, tmp_path):
    with open_journal(filled) as journal:
        journal.append([run(number) for number in range(300)], after=3)
        journal.backup(tmp_path / "copy.db")
        with open_journal(tmp_path / "copy.db") as copy:
            assert (list(journal.read()), journal.checkpoints()) == (list(copy.read()), copy.checkpoints())
    assert [file.name for file in tmp_path.iterdir() if not file.name.startswith("copy.db")] == []
