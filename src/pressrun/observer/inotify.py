"""Which files under some folders were opened or written, by whatever process and in whatever language.

A cross-check for what Python can see of itself: Linux tells through inotify of every open in a watched folder, also by
compiled readers and child processes. It doesn't tell who: other programs at work in the same folders show up as well.
It is silently inactive where there is no inotify, and it sees nothing in folders that it doesn't watch, over network
file systems that others write to, or before it was made.

No thread, no signal, no handler: the kernel queues, `FileWatch.drain` reads what is there. Standard library only,
Python 3.7 and later.
"""

# Standard library of Python 3.7, and paths come in thousands:
# ruff: noqa: PTH100, PTH112, PTH118, PTH119, PLC0415

from __future__ import annotations

import errno
import itertools
import os
import select
import struct
import sys
from collections import deque
from collections.abc import Sequence
from typing import Any

ACCESS, OPEN, CLOSE_WRITE, MOVED_FROM, MOVED_TO, CREATE = 0x1, 0x20, 0x8, 0x40, 0x80, 0x100
WRITTEN = CLOSE_WRITE | MOVED_TO | CREATE
APPEARED = MOVED_TO | CREATE
OVERFLOW, IGNORED, DIRECTORY = 0x4000, 0x8000, 0x40000000
ONLY_DIRECTORIES, NOT_WHEN_UNLINKED = 0x01000000, 0x04000000
WATCHED = ACCESS | OPEN | WRITTEN | MOVED_FROM | ONLY_DIRECTORIES | NOT_WHEN_UNLINKED

FOLDER_LIMIT = 8192  # folders; the system's own limit is for all programs of the user together
ENTRY_LIMIT = 200000  # names looked at in search of folders
READ_SIZE = 65536  # bytes
READ_LIMIT = 128  # reads in a row: more than the longest queue holds by default
BETWEEN_READS = 1000  # folders: looking into one queues up to four events of our own
HEAD = struct.Struct("iIII")  # watch, mask, cookie, length of the name

SKIPPED = frozenset({
    ".git", ".hg", ".svn", ".pressrun", ".ipynb_checkpoints", "__pycache__", "node_modules", "site-packages",
    "dist-packages", ".venv", "venv", ".tox", ".nox", ".mypy_cache", ".pytest_cache", ".ruff_cache",
})  # fmt: skip
MARKS_OF_ENVIRONMENTS = ("pyvenv.cfg", "conda-meta")


class FileWatch:
    """Sees opens and writes of files in folders and everything below them.

    Version control, virtual environments, caches and checkpoints are left out. Folders that links lead to are watched
    under the link's name. New sub-folders are watched from the `drain` on that learns of them; the files in them are
    then told as written.

    Args:
        roots: folders; those that aren't there are passed over.
        limit: number of folders to watch; nearer ones come first.

    Attributes:
        active: whether anything is seen at all.
        gaps: why not every folder is watched, one sentence each; empty when every one is.
        overflowed: whether the latest `drain` found that events had been lost.
    """

    def __init__(self, roots: Sequence[str], limit: int = FOLDER_LIMIT) -> None:
        self.active = False
        self.gaps: list[str] = []
        self.overflowed = False
        self._limit = limit
        self._roots = [os.path.abspath(root) for root in roots]
        self._folders: dict[int, str] = {}  # watch -> path
        self._moved: set[int] = set()  # watches of folders that went away under their name
        self._fresh: deque[str] = deque()  # folders that appeared, not looked into yet
        self._uses: dict[str, int] = {}  # path -> masks of its events
        self._open: dict[str, int] = {}  # path -> opens that no end of writing belongs to
        self._system = _system()
        self._process = os.getpid()
        self._descriptor = -1
        self._poller: Any = None
        if self._system is None:
            return
        self._descriptor = self._system.inotify_init1(os.O_NONBLOCK | os.O_CLOEXEC)
        self.active = self._descriptor >= 0
        if self.active:
            self._poller = select.poll()
            self._poller.register(self._descriptor, select.POLLIN)
            self._watch(deque(self._roots))
            self._read()  # make room: looking into the folders has filled the queue

    @property
    def truncated(self) -> bool:
        """Whether something may have been missed: folders not watched, or events lost before the latest `drain`."""
        return self.overflowed or bool(self.gaps)

    def is_quiet(self) -> bool:
        """Whether `drain` would tell nothing new; takes a microsecond and looks at no folder."""
        if not self.active or os.getpid() != self._process:
            return True
        return not (self._fresh or self._uses or self._poller.poll(0))

    def drain(self) -> list[tuple[str, str]]:
        """Return what happened since the last time, as (absolute path, ``read`` or ``write``), each pair once.

        A file that was opened and neither read nor written is told as read: so look memory maps, but also a file that
        another program holds open to write to it later. In a forked child nothing is told; the parent's events stay.
        """
        if not self.active or os.getpid() != self._process:
            return []
        self.overflowed = False
        self._read()
        if self.overflowed:  # folders may have appeared unseen
            self._watch(deque(self._roots))
        while self._fresh:
            self._watch(self._fresh, new=True)
        for watch in self._moved:  # left the watched folders altogether
            self._system.inotify_rm_watch(self._descriptor, watch)
            self._folders.pop(watch, None)
        self._moved.clear()
        return self._told()

    def close(self) -> None:
        """End watching; calling it twice is the same as calling it once."""
        self.active = False
        if self._descriptor >= 0:
            os.close(self._descriptor)
            self._descriptor = -1

    def _told(self) -> list[tuple[str, str]]:
        told = []
        for path, mask in self._uses.items():
            if mask & ACCESS or self._open.get(path, 0) > bool(mask & CREATE):
                told.append((path, "read"))
            if mask & WRITTEN:
                told.append((path, "write"))
        self._forget_uses()
        return told

    def _forget_uses(self) -> None:
        self._uses, self._open = {}, {}

    def _read(self) -> None:
        """Read the events that are there, and not those that come in meanwhile for ever."""
        for _ in range(READ_LIMIT):
            try:
                data = os.read(self._descriptor, READ_SIZE)
            except BlockingIOError:
                return
            place = 0
            while place < len(data):
                watch, mask, _, length = HEAD.unpack_from(data, place)
                place += HEAD.size + length
                self._event(watch, mask, data[place - length : place])

    def _event(self, watch: int, mask: int, name: bytes) -> None:
        if mask & (OVERFLOW | IGNORED):
            self.overflowed |= bool(mask & OVERFLOW)
            self._folders.pop(watch, None)
            self._moved.discard(watch)
            return
        folder = self._folders.get(watch)
        if folder is None or not name:
            return
        path = os.path.join(folder, os.fsdecode(name.rstrip(b"\0")))
        if mask & DIRECTORY:
            if mask & APPEARED:
                self._fresh.append(path)
            elif mask & MOVED_FROM:
                below = path + os.sep
                self._moved.update(w for w, p in self._folders.items() if p == path or p.startswith(below))
            return
        if mask & APPEARED and os.path.isdir(path):  # a link to a folder
            self._fresh.append(path)
            return
        if mask & MOVED_FROM:
            return
        self._uses[path] = self._uses.get(path, 0) | mask
        if mask & (OPEN | CLOSE_WRITE):
            self._open[path] = self._open.get(path, 0) + (1 if mask & OPEN else -1)

    def _watch(self, folders: deque[str], new: bool = False) -> None:
        """Watch folders and all below them, nearest first.

        Args:
            folders: where to begin; emptied.
            new: whether they have just appeared, so that the files in them have, too.
        """
        seen: set[int] = set()
        entries = 0
        roots = frozenset(self._roots)
        while folders:
            path = folders.popleft()
            if os.path.basename(path) in SKIPPED and path not in roots:
                continue
            watch = self._add(path)
            if watch is None or watch in seen or (watch in self._folders and not self.overflowed):
                continue  # the same folder by another way: a link, perhaps one in a circle
            below, files = _look_into(path, ENTRY_LIMIT - entries)
            entries += len(below) + len(files)
            if path not in roots and any(mark in files or mark in below for mark in MARKS_OF_ENVIRONMENTS):
                self._system.inotify_rm_watch(self._descriptor, watch)
                self._folders.pop(watch, None)
                continue
            self._folders[watch] = path
            seen.add(watch)
            if len(seen) % BETWEEN_READS == 0:
                self._read()
            if entries >= ENTRY_LIMIT:
                self._gap("there are too many files to find every folder")
                folders.clear()
                return
            folders.extend(os.path.join(path, name) for name in below)
            for name in files if new else ():
                full = os.path.join(path, name)
                self._uses[full] = self._uses.get(full, 0) | CREATE

    def _add(self, path: str) -> int | None:
        """Watch one folder and return the watch, which is the old one where it was watched already; None if refused."""
        if len(self._folders) >= self._limit:
            self._gap(f"there are more than {self._limit} folders")
            return None
        watch = int(self._system.inotify_add_watch(self._descriptor, os.fsencode(path), WATCHED))
        if watch < 0:
            self._refused(_last_error())
            return None
        if watch in self._moved:  # under another name now
            self._moved.discard(watch)
            self._folders.pop(watch, None)
        return watch

    def _refused(self, code: int) -> None:
        if code == errno.ENOSPC:
            self._gap("the system allows no more watches")
        elif code not in (errno.ENOENT, errno.ENOTDIR, errno.ELOOP):
            self._gap("a folder can't be watched: " + os.strerror(code))

    def _gap(self, sentence: str) -> None:
        if sentence not in self.gaps:
            self.gaps.append(sentence)


def _look_into(folder: str, limit: int) -> tuple[list[str], list[str]]:
    """Return the names of the folders in a folder, links to folders included, and of everything else, up to a limit."""
    below: list[str] = []
    files: list[str] = []
    try:
        with os.scandir(folder) as entries:
            for entry in itertools.islice(entries, limit):
                (below if _is_folder(entry) else files).append(entry.name)
    except OSError:  # gone again, or not ours to list: inotify needed the same right and said so
        pass
    return below, files


def _is_folder(entry: os.DirEntry[str]) -> bool:
    try:
        return entry.is_dir()
    except OSError:  # a link in a circle
        return False


def _system() -> Any:
    """Return the C library, None where it has no inotify."""
    if not sys.platform.startswith("linux"):
        return None
    try:
        import ctypes

        library = ctypes.CDLL(None, use_errno=True)
        library.inotify_init1.argtypes = [ctypes.c_int]
        library.inotify_add_watch.argtypes = [ctypes.c_int, ctypes.c_char_p, ctypes.c_uint32]
        library.inotify_rm_watch.argtypes = [ctypes.c_int, ctypes.c_int]
    except (ImportError, OSError, AttributeError):
        return None
    return library


def _last_error() -> int:
    import ctypes

    return ctypes.get_errno()
