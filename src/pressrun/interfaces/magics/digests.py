"""Digests of the files that a cell used, and what inotify saw besides; runs in a worker thread only."""

from __future__ import annotations

import os
import stat
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Final, Literal

from pressrun.errors import InputChangedError
from pressrun.interfaces.magics.place import Place
from pressrun.notebook.statcache import StatCache, user_stat_cache
from pressrun.observer.classify import is_noise, library_roots
from pressrun.observer.inotify import FileWatch
from pressrun.records.capture import FileAccess, UnseenInput
from pressrun.records.live import LiveFile

SIZE_CAP: Final = 512 * 2**20  # bytes; a larger file is digested by `pressrun package`, never in passing
LISTINGS: Final = frozenset({"os.listdir", "os.scandir"})
WATCH_LIMIT: Final = 8192  # folders


class Digester:
    """Digests files, once as long as they stay the same.

    Args:
        own_files: how the paths begin of what IPython keeps for itself, wherever that is.
    """

    def __init__(self, own_files: tuple[str, ...] = ()) -> None:
        self._own_files = own_files
        self._cache: StatCache | None = None
        self.watch: FileWatch | None = None
        self._own: set[str] = set()  # what was read here since the watch was drained: not the cell's doing
        self._roots = library_roots()

    def files(self, accesses: Iterable[FileAccess], place: Place) -> list[LiveFile]:
        """Return what each file is now."""
        return [self.file(access, place) for access in accesses]

    def file(self, access: FileAccess, place: Place) -> LiveFile:
        """Return what one file is now: digested unless it is too large, gone, or not to be read."""
        path = Path(access.path)
        told = place.told(access.path)
        self._own.add(access.path)
        try:
            found = path.stat()
        except (OSError, ValueError) as error:
            return LiveFile(path=told, mode=access.mode, state=_absence(error))
        if not stat.S_ISREG(found.st_mode):
            return LiveFile(path=told, mode=access.mode, state="unreadable")
        if found.st_size > SIZE_CAP:
            return LiveFile(path=told, mode=access.mode, size=found.st_size, state="too-large")
        if self._cache is None:
            self._cache = user_stat_cache()
        try:
            digested = self._cache.digest(path)
        except InputChangedError:
            state: Literal["gone", "unreadable"] = "unreadable" if path.exists() else "gone"
            return LiveFile(path=told, mode=access.mode, size=found.st_size, state=state)
        return LiveFile(path=told, mode=access.mode, size=digested.size, digest=digested.digest)

    def is_quiet(self) -> bool:
        """Whether the watch is there and would tell nothing; may be asked in the main thread."""
        return self.watch is not None and self.watch.is_quiet()

    def forget_own(self) -> None:
        """Count what is read from now on as the cell's doing."""
        self._own.clear()

    def begin_watch(self, place: Place) -> None:
        """Watch the project from now on; forget what happened before."""
        if self.watch is None:
            self.watch = FileWatch([str(place.project)], WATCH_LIMIT)
        self.watch.drain()
        self.forget_own()

    def unseen(self, accesses: Sequence[FileAccess], place: Place) -> tuple[UnseenInput, ...]:
        """Return files of the project that somebody read during the cell, and that the recorder did not see."""
        if self.watch is None or not self.watch.active:
            return ()
        told = self.watch.drain()
        known = {access.path for access in accesses} | self._own
        self._own.clear()
        reads = {path for path, how in told if how == "read" and path not in known and self._is_data(path, place)}
        if not reads:
            return ()
        resolved = {os.path.realpath(path) for path in known}
        return tuple(
            UnseenInput(path=path, told_by=("inotify",), missed_by=("python-audit",))
            for path in sorted(reads)
            if os.path.realpath(path) not in resolved
        )

    def close(self) -> None:
        """Keep the digests for the next session, and watch no more."""
        if self.watch is not None:
            self.watch.close()
        if self._cache is not None:
            self._cache.close()
            self._cache = None

    def _is_data(self, path: str, place: Place) -> bool:
        if path.endswith((".ipynb", ".py", ".lock")) or "/.git/" in path or "/.pressrun/" in path:
            return False
        if path.startswith(self._own_files):
            return False
        return path != str(place.notebook) and not is_noise(path, self._roots) and Path(path).is_file()


def pending(accesses: Iterable[FileAccess], place: Place | None) -> list[LiveFile]:
    """Return the files as they are told before anybody has looked at them."""
    told = place.told if place is not None else str
    return [LiveFile(path=told(access.path), mode=access.mode, state="pending") for access in accesses]


def _absence(error: Exception) -> Literal["gone", "unreadable"]:
    return "gone" if isinstance(error, FileNotFoundError) else "unreadable"
