"""The journal in an SQLite file: its mode, its guards, and what is said when the disk or another program fails it."""

from __future__ import annotations

import contextlib
import os
import shutil
import sqlite3
import subprocess
import sys
from pathlib import Path

import pytest

from pressrun.errors import CannotRestoreError, HeadMovedError, UnsafeContentError
from pressrun.store.journal import sqlite as sqlite_module
from pressrun.store.journal.failures import sqlite_failure
from pressrun.store.journal.indexing import index
from pressrun.store.journal.open import open_journal
from pressrun.store.journal.schema import NEWEST
from pressrun.store.journal.sqlite import SqliteDatabase
from pressrun.store.journal.sqlite_file import refuse_network

sys.path.insert(0, str(Path(__file__).parent))

from drafts import by_hand, draft, mode, run


def test_nobody_else_may_read_a_new_journal_whatever_the_umask(path):
    before = os.umask(0)
    try:
        with open_journal(path) as journal:
            journal.append([draft(1)], after=0)
            with journal.turn():
                made = {file.name: mode(file) for file in path.parent.iterdir()}
    finally:
        os.umask(before)
    names = ["journal.db", "journal.db-shm", "journal.db-turn", "journal.db-wal"]
    assert dict.fromkeys(names, 0o600) == made


def test_a_link_is_refused_and_what_it_points_to_stays_as_it_was(path, tmp_path):
    other = tmp_path / "other"
    other.write_bytes(b"")
    path.symlink_to(other)
    with pytest.raises(UnsafeContentError, match="is a link or a folder"):
        open_journal(path)
    assert other.read_bytes() == b""
    other.unlink()  # a link to nothing must not be followed either
    with pytest.raises(UnsafeContentError, match="is a link or a folder"):
        open_journal(path)
    assert not other.exists()


def test_a_journal_that_anybody_may_write_to_is_refused(filled):
    filled.chmod(0o602)
    with pytest.raises(UnsafeContentError, match="chmod o-w"):
        open_journal(filled)


def test_a_folder_that_is_not_there_is_named(tmp_path):
    with pytest.raises(CannotRestoreError, match=r"absent/journal\.db") as raised:
        open_journal(tmp_path / "absent" / "journal.db")
    assert "folder" in raised.value.remedy


def test_the_journal_is_written_ahead_and_synced_at_every_commit(path):
    with open_journal(path) as journal, journal.database.reading() as rows:
        assert rows.run("PRAGMA journal_mode") == [("wal",)]
        assert rows.run("PRAGMA synchronous") == [(2,)]


def test_a_database_that_does_not_switch_to_a_write_ahead_log_is_refused(path, monkeypatch):
    """A failing disk or a file system without shared memory: the statement succeeds, and only its answer tells."""
    monkeypatch.setattr(sqlite_module, "_journal_mode", lambda _connection: "delete")
    with pytest.raises(CannotRestoreError, match="NFS or SMB"):
        open_journal(path)


MOUNTS = """\
22 1 8:1 / / rw,relatime - ext4 /dev/sda1 rw
30 22 0:40 / /shared\\040work rw - nfs4 server:/export rw
31 30 8:2 / /shared\\040work/local rw - xfs /dev/sdb1 rw
32 22 0:41 / /windows rw - cifs //server/share rw
"""


@pytest.mark.parametrize(
    ("folder", "kind"), [("/shared work/team", "nfs4"), ("/windows", "cifs"), ("/shared work/local", ""), ("/home", "")]
)
def test_a_network_file_system_is_refused_by_its_kind(tmp_path, folder, kind):
    mounts = tmp_path / "mountinfo"
    mounts.write_text(MOUNTS)
    refused = pytest.raises(CannotRestoreError, match=f"network file system \\({kind}\\)")
    with refused if kind else contextlib.nullcontext():
        refuse_network(Path(folder) / "journal.db", mounts)


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE journal SET leaf = 'x' WHERE seq = 2", "DELETE FROM journal WHERE seq = 3", "DELETE FROM journal",
        "INSERT OR REPLACE INTO journal VALUES (2, 'x')", "INSERT INTO journal VALUES (5, 'x')",
        "INSERT INTO journal VALUES (0, 'x')", "UPDATE checkpoint SET note = 'x'", "DELETE FROM checkpoint",
        "INSERT OR REPLACE INTO checkpoint VALUES (3, 'x', 0)", "INSERT INTO checkpoint VALUES (2, 'x', 0)",
    ],
)  # fmt: skip
def test_the_database_itself_refuses_to_change_what_was_written(filled, statement):
    with open_journal(filled) as journal:
        before = list(journal.read()), journal.checkpoints()
        with pytest.raises(sqlite3.IntegrityError):
            by_hand(filled, statement)
        assert before == (list(journal.read()), journal.checkpoints())


def test_an_entry_that_another_program_took_out_is_named_and_the_rest_is_not_given_as_if_whole(filled):
    by_hand(filled, "DROP TRIGGER journal_no_delete", "DELETE FROM journal WHERE seq = 2")
    with open_journal(filled) as journal, pytest.raises(CannotRestoreError, match="entry 2 of 3 is missing"):
        list(journal.read())


def test_an_end_that_another_program_cut_off_is_noticed_by_readers_and_writers(filled):
    by_hand(filled, "DROP TRIGGER journal_no_delete", "DELETE FROM journal WHERE seq = 3")
    with open_journal(filled) as journal:
        with pytest.raises(CannotRestoreError, match="entry 3 of 3 is missing"):
            list(journal.read())
        with pytest.raises(CannotRestoreError, match="does not follow its last one"):
            journal.append([draft(4)], after=3)


@pytest.mark.parametrize(
    ("damage", "message"),
    [
        ("UPDATE tree SET frontier = x'00'", "its tree cannot be read"),
        ("UPDATE tree SET size = 3, frontier = x'0000000000000000'", "its tree has 0 leaves instead of 3"),
        ("DELETE FROM tree", "its tree is gone"),
        ("DROP TABLE tree", "no such table"),
    ],
)
def test_a_damaged_tree_is_refused_with_a_word_about_backups(filled, damage, message):
    by_hand(filled, damage)
    with open_journal(filled) as journal:
        with pytest.raises(CannotRestoreError, match=message) as raised:
            journal.append([draft(4)], after=3)
        assert "pressrun restore" in raised.value.remedy
        if "gone" in message:
            with pytest.raises(CannotRestoreError, match=message):
                list(journal.read())


def test_an_older_copy_put_in_place_of_the_journal_is_noticed(filled, tmp_path):
    with open_journal(filled) as journal, pytest.raises(CannotRestoreError, match="entry 5 was seen before") as raised:
        journal.append([draft(6)], after=5)
    assert "older copy" in raised.value.remedy


def test_a_journal_of_a_newer_pressrun_is_left_alone(filled):
    by_hand(filled, f"PRAGMA user_version = {NEWEST + 1}")
    before = filled.read_bytes()
    with pytest.raises(CannotRestoreError, match="newer pressrun"):
        open_journal(filled)
    assert before == filled.read_bytes()


def test_another_programs_database_is_left_alone(path):
    by_hand(path, "CREATE TABLE theirs (x)")
    before = path.read_bytes()
    with pytest.raises(CannotRestoreError, match="no journal of pressrun"):
        open_journal(path)
    assert before == path.read_bytes()


def test_a_file_that_is_no_database_is_left_alone(path):
    path.write_bytes(b"PK\x03\x04" + bytes(range(256)) * 20)
    before = path.read_bytes()
    with pytest.raises(CannotRestoreError, match="no journal of pressrun"):
        open_journal(path)
    assert before == path.read_bytes()


def test_a_damaged_page_is_reported_as_damage(path):
    with open_journal(path) as journal:
        journal.append([draft(number) for number in range(1, 60)], after=0)
    raw = bytearray(path.read_bytes())
    raw[4096:] = b"\xff" * (len(raw) - 4096)
    path.write_bytes(raw)
    with open_journal(path) as journal, pytest.raises(CannotRestoreError, match="database is damaged"):
        list(journal.read())


def test_a_full_disk_is_named_nothing_is_written_and_it_goes_on_once_there_is_space(path):
    with open_journal(path) as journal:
        journal.append([draft(1)], after=0)
        connection = journal.database._idle[0]
        pages = connection.execute("PRAGMA page_count").fetchone()[0]
        connection.execute(f"PRAGMA max_page_count = {pages}")  # how SQLite's own tests fill a disk
        with pytest.raises(CannotRestoreError, match="no space left"):
            journal.append([draft(number) for number in range(2, 200)], after=1)
        assert journal.head() == 1
        journal.database._idle[0].execute("PRAGMA max_page_count = 1000000")
        journal.append([draft(2)], after=1)
        assert [stored.seq for stored in journal.read()] == [1, 2]


def test_a_database_that_may_only_be_read_is_read_and_says_so_when_written(filled):
    with open_journal(filled) as journal:
        journal.database._idle[0].execute("PRAGMA query_only = ON")
        assert len(list(journal.read())) == 3
        with pytest.raises(CannotRestoreError, match="may only be read"):
            journal.append([draft(4)], after=3)


def test_a_writer_that_never_ends_is_named_after_the_patience_is_over(filled):
    database = SqliteDatabase(filled, patience_s=0.05)
    with contextlib.closing(database), database.writing():
        other = SqliteDatabase(filled, patience_s=0.05)
        with contextlib.closing(other):
            with pytest.raises(CannotRestoreError, match="others were writing"), other.writing():
                pass
            with other.reading() as rows:  # readers never wait
                assert rows.run("SELECT count(*) FROM journal") == [(3,)]


@pytest.mark.parametrize(
    ("said", "told"),
    [
        ("database or disk is full", "no space left"), ("attempt to write a readonly database", "only be read"),
        ("database is locked", "others were writing"), ("disk I/O error", "the disk failed"),
        ("database disk image is malformed", "damaged"), ("something new", "something new"),
    ],
)  # fmt: skip
def test_what_sqlite_says_becomes_a_sentence_with_the_file_in_it(said, told):
    error = sqlite_failure(sqlite3.OperationalError(said), "a/journal.db")
    assert told in str(error)
    assert "a/journal.db" in str(error)


def test_an_exception_in_a_transaction_undoes_it_and_leaves_the_handle_usable(filled):
    with open_journal(filled) as journal:
        index(journal.database)
        with pytest.raises(CannotRestoreError, match="no such column"), journal.database.writing() as rows:
            assert rows.run("DELETE FROM found") or rows.run("DELETE FROM found WHERE absent = 1")
        with journal.database.reading() as rows:
            assert rows.run("SELECT count(*) FROM found")[0][0] > 0


def test_a_closed_journal_says_so_and_closing_twice_is_allowed(filled):
    journal = open_journal(filled)
    journal.close()
    journal.close()
    with pytest.raises(ValueError, match="closed"):
        journal.head()
    assert [file.name for file in filled.parent.iterdir() if file.name.endswith(("-wal", "-shm"))] == []


def test_a_forked_child_never_uses_its_parents_handles(filled):
    """The child opens its own; what both append is there, and the parent's handle still works."""
    program = f"""
import os
from pathlib import Path
from pressrun.store.journal.open import open_journal
import sys; sys.path.insert(0, {str(Path(__file__).parent)!r})
from drafts import draft
with open_journal(Path({str(filled)!r})) as journal:
    handle = id(journal.database._idle[0])
    child = os.fork()
    if child == 0:
        journal.append([draft(4)], after=3)
        own = {{id(one) for one in journal.database._idle}}
        journal.close()
        os._exit(0 if handle not in own else 7)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
    journal.append([draft(5)], after=4)
    print([stored.seq for stored in journal.read()])
"""
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=False)
    assert (done.stdout, done.returncode) == ("[1, 2, 3, 4, 5]\n", 0), done.stderr


def test_processes_that_open_a_new_journal_at_once_all_find_it_whole(path):
    program = f"""
import sys; sys.stdin.readline()
from pathlib import Path
from pressrun.store.journal.open import open_journal
for turn in range(3):
    with open_journal(Path({str(path)!r})) as journal:
        assert journal.head() == 0
"""
    pipe = subprocess.PIPE
    started = [subprocess.Popen([sys.executable, "-c", program], stdin=pipe, stderr=pipe) for _ in range(4)]
    errors = [process.communicate(b"go\n")[1] for process in started]
    assert errors == [b""] * 4


def test_a_search_among_many_runs_uses_the_index_by_value(path):
    with open_journal(path) as journal:
        journal.append([run(number) for number in range(300)], after=0)
        index(journal.database)
        with journal.database.reading() as rows:
            assert rows.run("SELECT count(*) FROM sqlite_stat1 WHERE tbl = 'found'")[0][0] >= 2
            plan = rows.run(
                "EXPLAIN QUERY PLAN SELECT subject FROM found WHERE kind = 'run' AND key = 'metrics.m0' AND number > 5 "
                "ORDER BY number DESC LIMIT 100"
            )
    assert [word for row in plan for word in row[3].split() if word.startswith("found_")] == ["found_number"]
    assert not any("TEMP B-TREE" in row[3] for row in plan)


def test_a_killed_writers_half_transaction_is_gone_and_what_was_acknowledged_stays(filled):
    program = f"""
import os, signal
from pathlib import Path
from pressrun.store.journal.open import open_journal
import sys; sys.path.insert(0, {str(Path(__file__).parent)!r})
from drafts import draft
journal = open_journal(Path({str(filled)!r}))
journal.append([draft(4)], after=3)
with journal.database.writing() as rows:
    rows.run("INSERT INTO journal VALUES (5, 'half')")
    os.kill(os.getpid(), signal.SIGKILL)
"""
    assert subprocess.run([sys.executable, "-c", program], check=False).returncode == -9
    with open_journal(filled) as journal:
        assert [stored.seq for stored in journal.read()] == [1, 2, 3, 4]
        with pytest.raises(HeadMovedError):
            journal.append([draft(4)], after=3)
        assert journal.append([draft(5)], after=4)[0].seq == 5


@pytest.mark.skipif(os.geteuid() != 0 or shutil.which("mount") is None, reason="only root can mount a small disk")
def test_on_a_disk_that_is_really_full_nothing_acknowledged_is_lost(tmp_path):
    disk = tmp_path / "disk"
    disk.mkdir()
    command = ["mount", "-t", "tmpfs", "-o", "size=1m", "tmpfs", str(disk)]
    if subprocess.run(command, capture_output=True, check=False).returncode != 0:
        pytest.skip("mounting is not allowed here")
    try:
        head = 0
        with open_journal(disk / "journal.db") as journal:
            with contextlib.suppress(CannotRestoreError):
                for head in range(2_000):
                    journal.append([draft(head + 1)], after=head)
            with pytest.raises(CannotRestoreError, match=r"no space left|disk failed"):
                journal.append([draft(head + 1)], after=head)
            assert 0 < head < 1_999
        with open_journal(disk / "journal.db") as journal:
            assert list(range(1, head + 1)) == [stored.seq for stored in journal.read()]
    finally:
        subprocess.run(["umount", str(disk)], check=True)
