"""The file that an SQLite journal lives in: who may write to it, and whether its disk can be trusted with it."""

from __future__ import annotations

import contextlib
import os
import random
import re
import stat
import threading
import time
from collections.abc import Iterator
from pathlib import Path

from pressrun.errors import CannotRestoreError, UnsafeContentError

_PRIVATE_FILE = 0o600
_OTHERS_MAY_WRITE = 0o002
_LONGEST_PAUSE_S = 0.02
_MOUNTS = Path("/proc/self/mountinfo")
_NETWORK = frozenset({
    "afs", "ceph", "cifs", "fuse.glusterfs", "fuse.s3fs", "fuse.sshfs", "glusterfs", "ncpfs", "nfs", "nfs4", "smb3",
    "smbfs",
})  # fmt: skip

# Closing any descriptor of a file drops every lock that the process holds on it, also those of a connection that
# another thread has just opened: https://www.sqlite.org/howtocorrupt.html, section 2.2. So a descriptor of ours is
# only ever opened on a file that it creates, and connections are only made while no such descriptor is open.
creating = threading.Lock()


def prepare_file(path: Path) -> None:
    """See that there is a file that may hold the journal; make an empty one that its owner alone may read.

    Call it while holding `creating`.

    Raises:
        CannotRestoreError: it cannot be made, or lies on a network file system.
        UnsafeContentError: it is a link or no regular file, or anybody may write to it.
    """
    try:
        found = path.lstat()
    except FileNotFoundError:
        _create(path)
        return
    except OSError as error:
        raise CannotRestoreError(f"the journal cannot be opened: {error.strerror}", where=str(path)) from error
    if not stat.S_ISREG(found.st_mode):
        raise UnsafeContentError(
            "the journal is a link or a folder, not a file", where=str(path), remedy="Name the file itself."
        )
    if found.st_mode & _OTHERS_MAY_WRITE:
        raise UnsafeContentError(
            "anybody on this machine may write to the journal", where=str(path), remedy="Run: chmod o-w on it."
        )


def _create(path: Path) -> None:
    refuse_network(path)
    flags = os.O_RDWR | os.O_CREAT | os.O_EXCL | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_CLOEXEC", 0)
    try:
        os.close(os.open(path, flags, _PRIVATE_FILE))
    except FileExistsError:
        prepare_file(path)  # another process was faster
    except OSError as error:
        raise CannotRestoreError(
            f"the journal cannot be made: {error.strerror}",
            where=str(path),
            remedy="See that its folder is there, and that you may write to it.",
        ) from error


def refuse_network(path: Path, mounts: Path = _MOUNTS) -> None:
    """Refuse a place on a network file system, where the system says so.

    Writers of one SQLite file share memory, which no network file system gives them. Some report success all the same,
    so the answer to ``PRAGMA journal_mode`` alone is not enough.

    Args:
        path: the journal's file; it need not be there.
        mounts: where Linux tells what is mounted; see proc(5).

    Raises:
        CannotRestoreError: it lies on one.
    """
    try:
        lines = mounts.read_text(encoding="utf-8", errors="surrogateescape").splitlines()
    except OSError:
        return
    folder = path.parent.resolve()
    nearest, kind = Path(), ""
    for line in lines:
        before, _, after = line.partition(" - ")
        point = Path(re.sub(r"\\([0-7]{3})", lambda found: chr(int(found[1], 8)), before.split(" ")[4]))
        # a later mount at the same point hides the earlier one
        if (point == folder or point in folder.parents) and len(point.parts) >= len(nearest.parts):
            nearest, kind = point, after.split(" ")[0]
    if kind in _NETWORK:
        raise cannot_share(path, f"it lies on a network file system ({kind})")


@contextlib.contextmanager
def turn_by_file(path: Path, *, patience_s: float) -> Iterator[None]:
    """Keep others who ask for the same turn waiting while the block runs.

    SQLite's own waiting favours whoever wrote last: the others sleep longer and longer. Here everybody who waits has
    the same chance each time. Where there are no such locks, and after `patience_s` seconds, there is no turn.

    Args:
        path: a file for nothing else; made when it is absent.
        patience_s: how long to wait, seconds.
    """
    descriptor = _open_turn(path, os.O_CREAT)
    try:
        deadline = time.monotonic() + patience_s
        while descriptor is not None and not _try_lock(descriptor, shared=False) and time.monotonic() < deadline:
            time.sleep(_LONGEST_PAUSE_S * random.random())  # noqa: S311 - spreads writers, hides nothing
        yield
    finally:
        if descriptor is not None:
            os.close(descriptor)


def file_turn_is_taken(path: Path) -> bool:
    """Whether somebody holds a turn by this file."""
    descriptor = _open_turn(path, 0) if os.access(path, os.F_OK) else None
    if descriptor is None:  # nobody ever asked for one
        return False
    try:
        return not _try_lock(descriptor, shared=True)
    finally:
        os.close(descriptor)


def _open_turn(path: Path, creating: int) -> int | None:
    # who may not make a file beside the journal may not write to it either, and is told so there
    flags = os.O_RDWR | creating | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_CLOEXEC", 0)
    try:
        return os.open(path, flags, _PRIVATE_FILE)
    except OSError:
        return None


def _try_lock(descriptor: int, *, shared: bool) -> bool:
    try:
        import fcntl  # noqa: PLC0415 - not on every system
    except ImportError:
        return True
    try:
        fcntl.flock(descriptor, (fcntl.LOCK_SH if shared else fcntl.LOCK_EX) | fcntl.LOCK_NB)
    except OSError:
        return False
    return True


def cannot_share(path: Path, why: str) -> CannotRestoreError:
    """Return what to raise where several writers of one file would destroy it."""
    return CannotRestoreError(
        f"a journal cannot be kept here: {why}",
        where=str(path),
        remedy="SQLite needs a local disk, not NFS or SMB. Keep the journal on one, or in PostgreSQL.",
    )
