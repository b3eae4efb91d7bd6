"""Digests remembered by what the file system says."""

from __future__ import annotations

import hashlib
import logging
import os
import sqlite3
import subprocess
import sys
import time

import pytest

from pressrun.errors import InputChangedError
from pressrun.notebook.statcache import CHUNK, RACY_NS, StatCache, hash_file

OLD = (1_000_000_000, 1_000_000_000)


def later():
    """A clock that stands ten seconds ahead, so that nothing is racy."""
    return time.time_ns() + 10**10


@pytest.fixture
def file(tmp_path):
    path = tmp_path / "data.csv"
    path.write_bytes(b"a,b\n1,2\n")
    return path


def sha256(path):
    return "sha256:" + hashlib.sha256(path.read_bytes()).hexdigest()


@pytest.mark.parametrize("size", [0, 1, CHUNK - 1, CHUNK, CHUNK + 1, 3 * CHUNK + 7])
def test_the_digest_is_of_the_whole_content(tmp_path, size):
    path = tmp_path / "x"
    path.write_bytes(os.urandom(size))
    told = []
    assert hash_file(path, told.append) == (sha256(path), size)
    assert sum(told) == size


def test_an_unchanged_file_is_not_read_again(tmp_path, file):
    with StatCache(tmp_path / "c", now_ns=later) as cache:
        first = cache.digest(file)
    with StatCache(tmp_path / "c", now_ns=later) as cache:
        second = cache.digest(file)
    assert (first.reused, second.reused) == (False, True)
    assert first.digest == second.digest == sha256(file)


@pytest.mark.parametrize("change", ["content", "size", "time", "inode", "same time"])
def test_a_changed_file_is_read_again(tmp_path, file, change):
    with StatCache(tmp_path / "c", now_ns=later) as cache:
        cache.digest(file)
        before = file.stat()
        if change == "content":
            file.write_bytes(b"a,b\n9,9\n")
        elif change == "size":
            file.write_bytes(b"a,b\n1,2\n3,4\n")
        elif change == "time":
            os.utime(file, OLD)
        elif change == "inode":
            (tmp_path / "other").write_bytes(b"a,b\n9,9\n")
            os.utime(tmp_path / "other", ns=(before.st_atime_ns, before.st_mtime_ns))
            (tmp_path / "other").replace(file)
        else:
            file.write_bytes(b"a,b\n9,9\n")
            os.utime(file, ns=(before.st_atime_ns, before.st_mtime_ns))
        found = cache.digest(file)
    assert not found.reused
    assert found.digest == sha256(file)


def test_a_file_changed_just_before_it_was_hashed_is_not_remembered(tmp_path, file):
    """Another change within the same time stamp would be missed."""
    with StatCache(tmp_path / "c") as cache:
        assert not cache.digest(file).reused
        assert not cache.digest(file).reused


def test_the_racy_time_ends(tmp_path, file):
    changed = max(file.stat().st_mtime_ns, file.stat().st_ctime_ns)
    with StatCache(None, now_ns=lambda: changed + RACY_NS - 1) as cache:
        cache.digest(file)
        assert not cache.digest(file).reused
    with StatCache(None, now_ns=lambda: changed + RACY_NS) as cache:
        cache.digest(file)
        assert cache.digest(file).reused


def test_a_file_from_the_future_is_not_remembered(tmp_path, file):
    ahead = time.time() + 3600
    os.utime(file, (ahead, ahead))
    with StatCache(None, now_ns=later) as cache:
        cache.digest(file)
        assert not cache.digest(file).reused


@pytest.mark.parametrize("content", [b"", b"not a database", b"SQLite format 3\0" + b"\xff" * 4096])
def test_a_damaged_cache_is_logged_and_filled_again(tmp_path, file, content, caplog):
    place = tmp_path / "c"
    place.write_bytes(content)
    with caplog.at_level(logging.WARNING), StatCache(place, now_ns=later) as cache:
        cache.digest(file)
    assert bool(content) == ("cannot be used" in caplog.text)
    with StatCache(place, now_ns=later) as cache:
        assert cache.digest(file).reused


def test_a_row_that_rotted_is_not_believed(tmp_path, file):
    place = tmp_path / "c"
    with StatCache(place, now_ns=later) as cache:
        cache.digest(file)
    database = sqlite3.connect(place)
    with database:
        database.execute("UPDATE digest_1 SET digest = ?", ("sha256:" + "0" * 64,))
    database.close()
    with StatCache(place, now_ns=later) as cache:
        assert cache.digest(file).digest == sha256(file)


def test_a_cache_that_cannot_be_written_does_not_stop_anything(tmp_path, file):
    (tmp_path / "not a folder").write_text("")
    with StatCache(tmp_path / "not a folder" / "c", now_ns=later) as cache:
        assert cache.digest(file).digest == sha256(file)


def test_a_locked_cache_does_not_stop_anything_and_is_not_deleted(tmp_path, file, monkeypatch, caplog):
    monkeypatch.setattr("pressrun.notebook.statcache.LOCK_TIMEOUT_S", 0.05)
    place = tmp_path / "c"
    StatCache(place).close()
    holder = sqlite3.connect(place, isolation_level=None)
    holder.execute("BEGIN EXCLUSIVE")
    with StatCache(place, now_ns=later) as cache:
        assert cache.digest(file).digest == sha256(file)
    holder.execute("COMMIT")
    holder.close()
    assert place.exists()


def test_many_processes_share_one_cache(tmp_path):
    for number in range(40):
        (tmp_path / f"{number}.txt").write_text(str(number))
    code = (
        "import sys, time; from pathlib import Path; from pressrun.notebook.statcache import StatCache\n"
        "with StatCache(Path(sys.argv[1]) / 'c', now_ns=lambda: time.time_ns() + 10**10) as cache:\n"
        "    [cache.digest(p) for p in sorted(Path(sys.argv[1]).glob('*.txt'))]\n"
    )
    runs = [subprocess.Popen([sys.executable, "-c", code, str(tmp_path)]) for _ in range(4)]
    assert [run.wait() for run in runs] == [0, 0, 0, 0]
    with StatCache(tmp_path / "c", now_ns=later) as cache:
        assert all(cache.digest(p).reused for p in tmp_path.glob("*.txt"))


def test_an_interrupt_keeps_what_was_digested(tmp_path, file):
    big = tmp_path / "big"
    big.write_bytes(b"0" * (3 * CHUNK))

    def stop(count):
        raise KeyboardInterrupt

    cache = StatCache(tmp_path / "c", now_ns=later)
    cache.digest(file)
    with pytest.raises(KeyboardInterrupt), cache:
        cache.digest(big, stop)
    with StatCache(tmp_path / "c", now_ns=later) as cache:
        assert cache.digest(file).reused
        assert not cache.digest(big).reused


def test_a_file_that_changes_while_it_is_read_is_not_stable(tmp_path, file):
    def grow(count):
        with file.open("ab") as stream:
            stream.write(b"more")

    with StatCache(None, now_ns=later) as cache:
        assert not cache.digest(file, grow).stable
        assert not cache.digest(file).reused


def test_progress_tells_the_whole_size_also_for_a_known_file(tmp_path, file):
    told = []
    with StatCache(None, now_ns=later) as cache:
        cache.digest(file)
        cache.digest(file, told.append)
    assert told == [file.stat().st_size]


@pytest.mark.parametrize("kind", ["absent", "folder", "pipe"])
def test_what_cannot_be_read_is_an_error_of_ours(tmp_path, kind):
    path = tmp_path / kind
    if kind == "folder":
        path.mkdir()
    elif kind == "pipe":
        os.mkfifo(path)
    with pytest.raises(InputChangedError, match=kind), StatCache() as cache:
        cache.digest(path)


def test_a_name_that_is_no_text_has_a_digest(tmp_path):
    path = tmp_path / os.fsdecode(b"caf\xe9.csv")
    path.write_text("x")
    with StatCache(tmp_path / "c", now_ns=later) as cache:
        cache.digest(path)
        assert cache.digest(path).reused
