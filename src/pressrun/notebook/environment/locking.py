"""One process at a time in one folder: an advisory lock on a file, which ends with the process that holds it."""

from __future__ import annotations

import contextlib
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import IO

from pressrun.errors import EnvironmentRestoreError
from pressrun.notebook.cache import make_private

POLL_S = 0.05


@contextlib.contextmanager
def exclusive(path: Path, *, timeout_s: float = 3600.0) -> Iterator[None]:
    """Hold the lock file `path`; wait while another process holds it.

    Raises:
        EnvironmentRestoreError: it was not free within `timeout_s` seconds.
    """
    make_private(path.parent)
    end = time.monotonic() + timeout_s
    with path.open("a+b") as stream:
        while not _try_lock(stream):
            if time.monotonic() > end:
                raise EnvironmentRestoreError(
                    f"another process held it for {timeout_s:.0f} s", where=str(path), remedy="End it and run again."
                )
            time.sleep(POLL_S)
        try:
            yield
        finally:
            _unlock(stream)


if sys.platform == "win32":
    import msvcrt

    def _try_lock(stream: IO[bytes]) -> bool:
        try:
            stream.seek(0)
            msvcrt.locking(stream.fileno(), msvcrt.LK_NBLCK, 1)
        except OSError:
            return False
        return True

    def _unlock(stream: IO[bytes]) -> None:
        stream.seek(0)
        msvcrt.locking(stream.fileno(), msvcrt.LK_UNLCK, 1)

else:
    import fcntl

    def _try_lock(stream: IO[bytes]) -> bool:
        try:
            fcntl.flock(stream, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return False
        return True

    def _unlock(stream: IO[bytes]) -> None:
        fcntl.flock(stream, fcntl.LOCK_UN)
