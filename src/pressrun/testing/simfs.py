"""A file system in memory that forgets what was not synced.

It keeps two versions of everything: what running processes see, and what is known to be on the disk. Data of a file
reaches the disk with `sync` on the file; a name reaches it with `sync_directory` on the directory that holds it, and is
of use there only when the directory's own name has reached it too. Between syncs anything may have been written or not:
see `pressrun.testing.power_loss`.

The model is harsher than any common file system: no order among pending names of different files, renames that are
half done (the new name there, the old one too, or neither), files whose length is on the disk and whose data is not.
"""

from __future__ import annotations

import contextlib
import errno
import io
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import BinaryIO

from pressrun.store.fs import Entry, NewFile


class Killed(BaseException):
    """The process was killed; nothing it does afterwards has any effect."""


class Node:
    """A file or directory. Names live in directories, not here."""

    def __init__(self, number: int, *, directory: bool) -> None:
        self.number = number
        self.directory = directory
        self.data = b""
        self.synced = b""
        self.entries: dict[str, Node] = {}
        self.durable: dict[str, Node] = {}
        self.modified_s = 0.0


class PendingName(tuple[int, Node, str, "Node | None"]):
    """A change of one name that was not synced: serial number, directory, name, what it shall mean (None: nothing)."""

    __slots__ = ()


class SimFs:
    """An `Fs` in memory.

    Attributes:
        on_step: called after every operation that changes something, with the operation's name.
        kill_after: raise `Killed` instead of the operation with this number, and from then on; None for never.
        fail_after: fail the operation with this number for want of space; None for never.
        fail_forever: and all operations after it.
        clock_s: the present; tests may move it.
        on_wait: called when a lock is held by another, to let that one work; None where nobody else is there.
    """

    def __init__(self) -> None:
        self._count = 0
        self.root = self._node(directory=True)
        self.pending: list[PendingName] = []
        self.unsynced: dict[int, Node] = {}
        self.on_step: Callable[[str], None] | None = None
        self.kill_after: int | None = None
        self.fail_after: int | None = None
        self.fail_forever = False
        self.steps = 0
        self.clock_s = 1_000_000.0
        self.on_wait: Callable[[], None] | None = None
        self._holders: dict[Path, list[bool]] = {}

    def create(self, path: Path) -> NewFile:
        """Create a file."""
        folder, name = self._place(path)
        if name in folder.entries:
            raise FileExistsError(errno.EEXIST, "exists", str(path))
        self._begin()
        node = self._node(directory=False)
        self._set(folder, name, node)
        self._end(f"create {path}")
        return _SimNewFile(self, node, path)

    def open(self, path: Path) -> BinaryIO:
        """Open a file for reading."""
        node = self._find(path)
        if node is None:
            raise FileNotFoundError(errno.ENOENT, "no such file", str(path))
        if node.directory:
            raise IsADirectoryError(errno.EISDIR, "is a directory", str(path))
        return io.BytesIO(node.data)

    def replace(self, source: Path, target: Path) -> None:
        """Rename."""
        old_folder, old_name = self._place(source)
        folder, name = self._place(target)
        node = old_folder.entries.get(old_name)
        if node is None:
            raise FileNotFoundError(errno.ENOENT, "no such file", str(source))
        self._begin()
        self._set(folder, name, node)
        self._set(old_folder, old_name, None)
        self._end(f"replace {target}")

    def remove(self, path: Path) -> None:
        """Unlink."""
        folder, name = self._place(path)
        if name not in folder.entries:
            raise FileNotFoundError(errno.ENOENT, "no such file", str(path))
        self._begin()
        self._set(folder, name, None)
        self._end(f"remove {path}")

    def make_directory(self, path: Path) -> None:
        """Create a directory that may be there already."""
        folder, name = self._place(path)
        found = folder.entries.get(name)
        if found is not None:
            if not found.directory:
                raise FileExistsError(errno.EEXIST, "exists", str(path))
            return
        self._begin()
        self._set(folder, name, self._node(directory=True))
        self._end(f"make_directory {path}")

    def sync_directory(self, path: Path) -> None:
        """Write the directory's names to the disk."""
        node = self._find(path)
        if node is None or not node.directory:
            raise FileNotFoundError(errno.ENOENT, "no such directory", str(path))
        self._begin()
        node.durable = dict(node.entries)
        self.pending = [change for change in self.pending if change[1] is not node]
        self._end(f"sync_directory {path}")

    def names(self, path: Path) -> list[str]:
        """List a directory."""
        node = self._find(path)
        return sorted(node.entries) if node is not None else []

    def stat(self, path: Path) -> Entry | None:
        """Return what stands at a path."""
        node = self._find(path)
        if node is None:
            return None
        if node.directory:
            return Entry("directory", 0, node.modified_s, 0o700)
        return Entry("file", len(node.data), node.modified_s, 0o600)

    def touch(self, path: Path) -> None:
        """Set the time of modification."""
        node = self._find(path)
        if node is None:
            raise FileNotFoundError(errno.ENOENT, "no such file", str(path))
        self._begin()
        node.modified_s = self.clock_s
        self._end(f"touch {path}")

    @contextlib.contextmanager
    def lock(self, path: Path, *, shared: bool, patience_s: float) -> Iterator[None]:
        """Hold a lock; it is of no process that was killed, and leaves nothing on the disk."""
        holders = self._holders.setdefault(path, [])
        while holders and not (shared and all(holders)):
            if self.on_wait is None:
                raise TimeoutError(errno.ETIMEDOUT, f"held by others for {patience_s:g} s", str(path))
            self.on_wait()
        holders.append(shared)
        try:
            yield
        finally:
            holders.remove(shared)

    def write_node(self, node: Node, data: bytes, path: Path) -> None:
        """Append to a file that is being written."""
        self._begin()
        node.data += data
        node.modified_s = self.clock_s
        self.unsynced[node.number] = node
        self._end(f"write {path}")

    def sync_node(self, node: Node, path: Path) -> None:
        """Write a file's data to the disk."""
        self._begin()
        node.synced = node.data
        self.unsynced.pop(node.number, None)
        self._end(f"sync {path}")

    def write_back(self) -> None:
        """Write everything to the disk, as systems do by themselves every few seconds."""
        for _, folder, _, _ in self.pending:
            folder.durable = dict(folder.entries)
        self.pending = []
        for node in self.unsynced.values():
            node.synced = node.data
        self.unsynced = {}

    def revive(self) -> None:
        """Let a new process work where the killed one stopped; nothing was lost but the process."""
        self.kill_after = None

    def _begin(self) -> None:
        if self.kill_after is not None and self.steps >= self.kill_after:
            raise Killed
        self.steps += 1
        if self.fail_after is not None and self.steps > self.fail_after:
            if not self.fail_forever:
                self.fail_after = None
            raise OSError(errno.ENOSPC, "no space left on device")

    def _end(self, what: str) -> None:
        if self.on_step is not None:
            self.on_step(what)

    def _node(self, *, directory: bool) -> Node:
        self._count += 1
        return Node(self._count, directory=directory)

    def _set(self, folder: Node, name: str, node: Node | None) -> None:
        if node is None:
            folder.entries.pop(name, None)
        else:
            folder.entries[name] = node
            node.modified_s = node.modified_s or self.clock_s
        self.pending.append(PendingName((self.steps, folder, name, node)))

    def _find(self, path: Path) -> Node | None:
        node: Node | None = self.root
        for part in path.parts[1:]:
            node = node.entries.get(part) if node is not None else None
        return node

    def _place(self, path: Path) -> tuple[Node, str]:
        folder = self._find(path.parent)
        if folder is None or not folder.directory:
            raise FileNotFoundError(errno.ENOENT, "no such directory", str(path.parent))
        return folder, path.name


class _SimNewFile:
    def __init__(self, fs: SimFs, node: Node, path: Path) -> None:
        self._fs = fs
        self._node = node
        self._path = path

    def write(self, data: bytes) -> None:
        self._fs.write_node(self._node, data, self._path)

    def sync(self) -> None:
        self._fs.sync_node(self._node, self._path)

    def close(self) -> None:
        pass


Image = dict[str, "bytes | None"]
"""What a disk holds: absolute path -> content, None for a directory."""


class ImageFs(SimFs):
    """A disk as it was found after a power loss, everything on it durable.

    Args:
        image: what it holds; parents before what they hold.
    """

    def __init__(self, image: Image) -> None:
        super().__init__()
        for path, content in image.items():
            folder, name = self._place(Path(path))
            node = self._node(directory=content is None)
            node.data = node.synced = content or b""
            folder.entries[name] = folder.durable[name] = node
