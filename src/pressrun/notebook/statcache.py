"""Digests of files, remembered by what the file system says of them.

An entry holds (path, size, mtime, ctime, inode) and the digest. A file that still has all of them is not read again,
so that an unchanged input costs one ``stat``. A file changed within two seconds before it was hashed is not remembered:
it could change again without a new time stamp (the "racy clean" problem of version control). The cache is safe to
share between processes and to lose: a damaged one is logged, deleted and filled again.
"""

from __future__ import annotations

import hashlib
import logging
import os
import sqlite3
import stat
import threading
import time
import zlib
from collections.abc import Callable
from pathlib import Path
from types import TracebackType

import msgspec

from pressrun.errors import InputChangedError
from pressrun.notebook.cache import make_private, user_cache
from pressrun.records.digest import Digest

RACY_NS = 2_000_000_000  # the coarsest time stamps in use (FAT) are two seconds apart
CHUNK = 1 << 20  # bytes read at once
FLUSH_EVERY = 500  # entries kept in memory before they are written in one short transaction
LOCK_TIMEOUT_S = 5.0

logger = logging.getLogger(__name__)

OnBytes = Callable[[int], None]
"""Called with the number of bytes read since the last call."""


class FileDigest(msgspec.Struct, frozen=True):
    """The digest of one file.

    Attributes:
        digest: of the whole content.
        size: bytes.
        reused: whether it came from the cache, without reading the file.
        stable: False when the file changed while it was read, twice.
    """

    digest: Digest
    size: int
    reused: bool = False
    stable: bool = True


def hash_file(path: Path, on_bytes: OnBytes | None = None) -> tuple[Digest, int]:
    """Return digest and number of bytes of the whole content of `path`; raises OSError.

    A file that grows meanwhile is read to the size it had at the start, so that this ends.
    """
    state = hashlib.sha256()
    total = 0
    with path.open("rb", buffering=0) as stream:
        left = os.fstat(stream.fileno()).st_size
        view = memoryview(bytearray(min(left, CHUNK)))
        while left > 0 and (count := stream.readinto(view[: min(left, CHUNK)])):
            state.update(view[:count])
            left -= count
            total += count
            if on_bytes is not None:
                on_bytes(count)
    return "sha256:" + state.hexdigest(), total


class StatCache:
    """Digests by (path, size, mtime, ctime, inode), kept in an SQLite file; a context manager.

    Args:
        path: the cache file; None keeps the cache in memory only.
        now_ns: the clock, in nanoseconds since the epoch.
    """

    def __init__(self, path: Path | None = None, *, now_ns: Callable[[], int] = time.time_ns) -> None:
        self._path = path
        self._now_ns = now_ns
        self._lock = threading.Lock()
        self._pending: dict[bytes, tuple[str, Digest]] = {}
        self._database: sqlite3.Connection | None = None
        if path is None:
            return
        try:
            self._database = _open(path)
        except (sqlite3.Error, OSError) as error:
            self._recover(error)

    def __enter__(self) -> StatCache:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def digest(self, path: Path, on_bytes: OnBytes | None = None) -> FileDigest:
        """Return the digest of the regular file at `path`, reading it only when it is not known.

        Args:
            path: the file; an absolute path, since it is the key.
            on_bytes: told how many bytes were read, as they are read; a reused digest reports the whole size at once.

        Raises:
            InputChangedError: the file is absent, not a regular file, or cannot be read.
        """
        try:
            found = path.stat()
            if not stat.S_ISREG(found.st_mode):
                raise InputChangedError("is not a regular file", where=str(path))
            known = self._lookup(path, found)
            if known is not None:
                if on_bytes is not None:
                    on_bytes(found.st_size)
                return FileDigest(known, found.st_size, reused=True)
            return self._read(path, found, on_bytes)
        except OSError as error:
            raise InputChangedError(
                f"cannot be read ({error.strerror or error})",
                where=str(path),
                remedy="Make the file readable and run again.",
            ) from error

    def close(self) -> None:
        """Write what is pending and close the file; safe to call twice."""
        with self._lock:
            self._flush()
            if self._database is not None:
                self._database.close()
                self._database = None

    def _read(self, path: Path, found: os.stat_result, on_bytes: OnBytes | None) -> FileDigest:
        for _attempt in range(2):
            digest, size = hash_file(path, on_bytes)
            after = path.stat()
            if _stamp(after) == _stamp(found) and size == after.st_size:
                self._remember(path, after, digest)
                return FileDigest(digest, size)
            found = after
        logger.warning("%s changed while it was read", path)
        return FileDigest(digest, size, stable=False)

    def _lookup(self, path: Path, found: os.stat_result) -> Digest | None:
        key, stamp = os.fsencode(path), _stamp(found)
        with self._lock:
            row: tuple[str, str] | None = self._pending.get(key)
            if row is not None:
                return row[1] if row[0] == stamp else None
            if self._database is None:
                return None
            try:
                stored = self._database.execute(
                    "SELECT stamp, digest, guard FROM digest_1 WHERE path = ?", (key,)
                ).fetchone()
            except sqlite3.OperationalError as error:  # locked by another process: a cache may say nothing
                logger.debug("stat cache not read: %s", error)
                return None
            except sqlite3.DatabaseError as error:
                self._recover(error)
                return None
        if stored is None or stored[0] != stamp or stored[2] != _guard(key, stamp, stored[1]):
            return None
        return str(stored[1])

    def _remember(self, path: Path, found: os.stat_result, digest: Digest) -> None:
        if self._now_ns() - max(found.st_mtime_ns, found.st_ctime_ns) < RACY_NS:
            return
        with self._lock:
            self._pending[os.fsencode(path)] = (_stamp(found), digest)
            if len(self._pending) >= FLUSH_EVERY:
                self._flush()

    def _flush(self) -> None:
        if self._database is None or not self._pending:
            return
        rows = [(key, stamp, digest, _guard(key, stamp, digest)) for key, (stamp, digest) in self._pending.items()]
        try:
            with self._database:
                self._database.executemany("INSERT OR REPLACE INTO digest_1 VALUES (?, ?, ?, ?)", rows)
        except sqlite3.OperationalError as error:
            logger.warning("stat cache not written, the files will be read again next time: %s", error)
        except sqlite3.DatabaseError as error:
            self._recover(error)
        self._pending.clear()

    def _recover(self, error: Exception) -> None:
        logger.warning("stat cache %s cannot be used (%s); it is started afresh", self._path, error)
        if self._database is not None:
            self._database.close()
            self._database = None
        try:
            damaged = isinstance(error, sqlite3.DatabaseError) and not isinstance(error, sqlite3.OperationalError)
            if self._path is not None and damaged:  # a locked or unreachable file is somebody's good cache
                self._path.unlink(missing_ok=True)
                self._path.with_name(self._path.name + "-journal").unlink(missing_ok=True)
                self._database = _open(self._path)
        except (sqlite3.Error, OSError) as second:
            logger.warning("no stat cache: %s", second)


def user_stat_cache() -> StatCache:
    """Return the user's own cache of digests, so that an unchanged input costs nothing in the next command."""
    return StatCache(user_cache() / "digests.sqlite")


def _open(path: Path) -> sqlite3.Connection:
    make_private(path.parent)
    database = sqlite3.connect(path, timeout=LOCK_TIMEOUT_S, check_same_thread=False)
    try:
        with database:
            database.execute(
                "CREATE TABLE IF NOT EXISTS digest_1"
                " (path BLOB PRIMARY KEY, stamp TEXT NOT NULL, digest TEXT NOT NULL, guard INTEGER NOT NULL)"
                " WITHOUT ROWID"
            )
    except sqlite3.Error:
        database.close()
        raise
    return database


def _stamp(found: os.stat_result) -> str:
    return f"{found.st_size}:{found.st_mtime_ns}:{found.st_ctime_ns}:{found.st_dev}:{found.st_ino}"


def _guard(key: bytes, stamp: str, digest: str) -> int:
    """A check sum over the row: a page damaged on disk must not become a wrong digest."""
    return zlib.crc32(key + f"\0{stamp}\0{digest}".encode())
