"""The few things the store asks of a file system, so that a simulated one can take its place.

Everything durable goes through `Fs`; `pressrun.testing.simfs` implements it in memory with the semantics of a power
loss. Nothing here knows what is stored. Add a method only when the write protocol needs one.
"""

from __future__ import annotations

import contextlib
import errno
import os
import stat
import time
from collections.abc import Iterator
from contextlib import AbstractContextManager
from pathlib import Path
from typing import BinaryIO, Literal, NamedTuple, Protocol

_NO_FOLLOW = getattr(os, "O_NOFOLLOW", 0)
_CLOSE_ON_EXEC = getattr(os, "O_CLOEXEC", 0)
_PRIVATE_FILE = 0o600
_PRIVATE_FOLDER = 0o700
_PAUSE_S = 0.02


class Entry(NamedTuple):
    """What stands at a path, symbolic links not followed. `modified_s` is seconds since 1970."""

    kind: Literal["file", "directory", "other"]
    size: int
    modified_s: float
    mode: int


class NewFile(Protocol):
    """A file that was just created and is being written, once, from its beginning."""

    def write(self, data: bytes) -> None:
        """Append all of `data`."""

    def sync(self) -> None:
        """Return when everything written so far would survive a power loss (its name need not)."""

    def close(self) -> None:
        """Close without syncing."""


class Fs(Protocol):
    """A file system. Failures are `OSError`, as the operating system says them."""

    def create(self, path: Path) -> NewFile:
        """Create a file that must not exist, readable by its owner only; a symbolic link is not followed."""

    def open(self, path: Path) -> BinaryIO:
        """Open a regular file for reading; a symbolic link is not followed."""

    def replace(self, source: Path, target: Path) -> None:
        """Give the file at `source` the name `target`, atomically, taking it from whatever had it."""

    def remove(self, path: Path) -> None:
        """Remove a file."""

    def make_directory(self, path: Path) -> None:
        """Create a directory that its owner alone may enter; one that is there already is left as it is."""

    def sync_directory(self, path: Path) -> None:
        """Return when the names in this directory would survive a power loss (its own name need not)."""

    def names(self, path: Path) -> list[str]:
        """Return the names in a directory, sorted; none when there is no such directory."""

    def stat(self, path: Path) -> Entry | None:
        """Return what stands at `path`, None for nothing."""

    def touch(self, path: Path) -> None:
        """Let a file have been modified now. That need not survive a power loss."""

    def lock(self, path: Path, *, shared: bool, patience_s: float) -> AbstractContextManager[None]:
        """Hold a lock between processes, with others that share it or alone; whoever is killed lets go of it.

        Raises `TimeoutError` when it could not be had within `patience_s` seconds.
        """


class _RealNewFile:
    def __init__(self, descriptor: int) -> None:
        self._descriptor = descriptor

    def write(self, data: bytes) -> None:
        rest = memoryview(data)
        while rest:
            rest = rest[os.write(self._descriptor, rest) :]

    def sync(self) -> None:
        sync_descriptor(self._descriptor)

    def close(self) -> None:
        os.close(self._descriptor)


class RealFs:
    """The operating system's file system."""

    def create(self, path: Path) -> NewFile:
        """Create with O_EXCL and O_NOFOLLOW, mode 0600."""
        flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | _NO_FOLLOW | _CLOSE_ON_EXEC
        return _RealNewFile(os.open(path, flags, _PRIVATE_FILE))

    def open(self, path: Path) -> BinaryIO:
        """Open with O_NOFOLLOW and refuse what is no regular file."""
        return open_regular(path)

    def replace(self, source: Path, target: Path) -> None:
        """Rename."""
        source.replace(target)

    def remove(self, path: Path) -> None:
        """Unlink."""
        path.unlink()

    def make_directory(self, path: Path) -> None:
        """Create with mode 0700."""
        try:
            path.mkdir(_PRIVATE_FOLDER)
        except FileExistsError:
            if not stat.S_ISDIR(path.lstat().st_mode):
                raise

    def sync_directory(self, path: Path) -> None:
        """Fsync the directory."""
        sync_directory(path)

    def names(self, path: Path) -> list[str]:
        """List the directory."""
        try:
            return sorted(os.listdir(path))  # noqa: PTH208 - names are wanted, not paths
        except FileNotFoundError:
            return []

    def stat(self, path: Path) -> Entry | None:
        """Lstat."""
        try:
            found = path.lstat()
        except FileNotFoundError:
            return None
        kind: Literal["file", "directory", "other"] = "other"
        if stat.S_ISREG(found.st_mode):
            kind = "file"
        elif stat.S_ISDIR(found.st_mode):
            kind = "directory"
        return Entry(kind, found.st_size, found.st_mtime, stat.S_IMODE(found.st_mode))

    def touch(self, path: Path) -> None:
        """Set the time of modification."""
        os.utime(path, follow_symlinks=False)

    @contextlib.contextmanager
    def lock(self, path: Path, *, shared: bool, patience_s: float) -> Iterator[None]:
        """Take a `flock` on a file that is made for it and stays."""
        import fcntl  # noqa: PLC0415 - not on every system

        descriptor = os.open(path, os.O_RDWR | os.O_CREAT | _NO_FOLLOW | _CLOSE_ON_EXEC, _PRIVATE_FILE)
        try:
            wanted = (fcntl.LOCK_SH if shared else fcntl.LOCK_EX) | fcntl.LOCK_NB
            deadline = time.monotonic() + patience_s
            while True:
                try:
                    fcntl.flock(descriptor, wanted)
                    break
                except BlockingIOError as error:
                    if time.monotonic() > deadline:
                        raise TimeoutError(
                            errno.ETIMEDOUT, f"held by others for {patience_s:g} s", str(path)
                        ) from error
                time.sleep(_PAUSE_S)
            yield
        finally:
            os.close(descriptor)


def open_regular(path: Path) -> BinaryIO:
    """Open a regular file for reading, never through a symbolic link, never a device or pipe.

    Raises:
        OSError: there is no such file, or it is something else.
    """
    # O_NONBLOCK: opening a pipe that somebody planted must not hang
    flags = os.O_RDONLY | _NO_FOLLOW | _CLOSE_ON_EXEC | getattr(os, "O_NONBLOCK", 0)
    descriptor = os.open(path, flags)
    if not stat.S_ISREG(os.fstat(descriptor).st_mode):
        os.close(descriptor)
        raise OSError(errno.EINVAL, "not a regular file", str(path))
    return os.fdopen(descriptor, "rb", buffering=0)


def sync_descriptor(descriptor: int) -> None:
    """Fsync, through the drive's own cache where the system needs to be told so (macOS)."""
    import fcntl  # noqa: PLC0415 - not on every system

    full = getattr(fcntl, "F_FULLFSYNC", None)
    if full is None:
        os.fsync(descriptor)
    else:
        fcntl.fcntl(descriptor, full)


def sync_directory(path: Path) -> None:
    """Fsync a directory."""
    descriptor = os.open(path, os.O_RDONLY | _NO_FOLLOW | _CLOSE_ON_EXEC | getattr(os, "O_DIRECTORY", 0))
    try:
        os.fsync(descriptor)
    except OSError as error:
        # some network file systems cannot sync a directory and say so; there is nothing more to be done there
        if error.errno not in {errno.EINVAL, errno.ENOTSUP}:
            raise
    finally:
        os.close(descriptor)
