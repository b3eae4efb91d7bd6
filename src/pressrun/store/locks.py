"""Locks between processes of one machine: held by an open file, so that a killed holder lets go by itself."""

from __future__ import annotations

import contextlib
import errno
import os
import time
from collections.abc import Iterator
from pathlib import Path

from pressrun.errors import CannotRestoreError

LOCKS = "locks"
_PRIVATE_FILE = 0o600
_PRIVATE_FOLDER = 0o700
_PAUSE_S = 0.05


@contextlib.contextmanager
def exclusive(root: Path, name: str, *, patience_s: float = 60.0) -> Iterator[None]:
    """Hold the lock `name` of a store for as long as the block runs.

    Args:
        root: the store's folder; it must exist.
        name: an allowed file name; locks of different names do not know each other.
        patience_s: how long to wait for another holder, seconds.

    Raises:
        CannotRestoreError: somebody held it all that time, or it cannot be made.
        ValueError: the name would lead out of the folder of locks.
    """
    import fcntl  # noqa: PLC0415 - not on every system

    if "/" in name or "\0" in name:
        raise ValueError(f"{name!r} is no file name")
    folder = root / LOCKS
    try:
        folder.mkdir(_PRIVATE_FOLDER, exist_ok=True)
        flags = os.O_RDWR | os.O_CREAT | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_CLOEXEC", 0)
        descriptor = os.open(folder / f"{name}.lock", flags, _PRIVATE_FILE)
    except OSError as error:
        raise CannotRestoreError(f"the lock cannot be made: {error.strerror}", where=str(folder)) from error
    try:
        deadline = time.monotonic() + patience_s
        while True:
            try:
                fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
                break
            except OSError as error:
                if error.errno not in {errno.EAGAIN, errno.EACCES} or time.monotonic() > deadline:
                    raise CannotRestoreError(
                        f"another process has been at it for {patience_s:.0f} s",
                        where=str(folder / f"{name}.lock"),
                        remedy="Nothing was changed. Try again when it has ended.",
                    ) from error
            time.sleep(_PAUSE_S)
        yield
    finally:
        os.close(descriptor)
