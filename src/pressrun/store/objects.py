"""Files by their digest, on this disk.

Nothing is ever changed here, and only a collection of garbage removes anything. What is written is durable before it
is acknowledged; what is read is hashed while it is read.

Whoever adds holds the store's gate shared, a collection holds it alone: an object that is found in place is made young
again while no collection can be looking at its age.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
import re
import threading
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import BinaryIO

from pressrun.errors import BundleCorruptError, CannotRestoreError, UsageError
from pressrun.records.digest import Digest
from pressrun.store import layout
from pressrun.store.durable import CHUNK_BYTES, DurableWriter, digest_file
from pressrun.store.folders import cannot_remove, cannot_write
from pressrun.store.fs import Fs, RealFs, open_regular
from pressrun.store.objects_port import AboutObject

GATE = "gc.lock"
TURN = "gc.turn"
"""Held while somebody waits for the gate, so that those who add, one always coming before the other has gone, cannot
keep a collection waiting for ever."""
GATE_PATIENCE_S = 600.0
"""How long somebody who adds waits for a collection to end, seconds."""
_REST = re.compile("[0-9a-f]{62}")

_inside = threading.local()


class ObjectStore:
    """The objects in one store.

    Args:
        root: the store's folder, ``.pressrun`` in a project; made when something is first put.
        fs: the file system it is in.
    """

    def __init__(self, root: Path, fs: Fs | None = None) -> None:
        self.root = root
        self.fs: Fs = fs if fs is not None else RealFs()
        self.writer = DurableWriter(root, self.fs)
        self._prepared = False
        self._place: str | None = None  # the same, however it is spelled

    def put(self, source: bytes | Path, *, expected: Digest | None = None) -> Digest:
        """Store a file's content; storing it again is cheap and safe.

        Args:
            source: the content, or a file that holds it (read a piece at a time).
            expected: its digest where the caller knows it.

        Returns:
            The digest. The content can be read back from now on, also after a power loss.

        Raises:
            BundleCorruptError: the content is not the expected one.
            UsageError: the file cannot be read, or is no regular file.
            CannotRestoreError: the store cannot be written.
        """
        try:
            with self.adding():
                return self._put(source, expected)
        except OSError as error:
            raise cannot_write(self.root, error) from error

    def _put(self, source: bytes | Path, expected: Digest | None) -> Digest:
        if isinstance(source, bytes):
            expected = self._as_expected(source, expected)
        if expected is not None and self._intact(expected):
            self.fs.touch(layout.object_path(self.root, expected))
            self.writer.confirm(layout.object_path(self.root, expected))
            return expected
        staged = self.writer.stage(_chunks(source))
        if expected is not None and staged.digest != expected:
            self.writer.discard(staged)
            raise BundleCorruptError(
                f"the content is {staged.digest}, expected {expected}",
                where="" if isinstance(source, bytes) else str(source),
            )
        # replaces an object that was found damaged by one that is whole
        self.writer.settle(staged, layout.object_path(self.root, staged.digest))
        return staged.digest

    @contextlib.contextmanager
    def adding(self) -> Iterator[None]:
        """Keep every collection of garbage away while the block runs; any number of writers may do so at once.

        Hold it around everything that has to become referred to together: objects that are put in the block are not
        collected before it ends. A thread may hold it several times.

        Raises:
            CannotRestoreError: a collection did not end, or the store cannot be written.
        """
        held: set[str] = _inside.__dict__.setdefault("held", set())
        if self._place is None:
            self._place = os.path.realpath(self.root)
        if self._place in held:  # waiting for a turn behind a collection that waits for this very thread has no end
            yield
            return
        with self._gate(shared=True, patience_s=GATE_PATIENCE_S):
            held.add(self._place)
            try:
                yield
            finally:
                held.discard(self._place)

    @contextlib.contextmanager
    def alone(self, patience_s: float) -> Iterator[None]:
        """Keep everybody who adds away while the block runs.

        Raises:
            CannotRestoreError: others were adding for `patience_s` seconds.
        """
        with self._gate(shared=False, patience_s=patience_s):
            yield

    @contextlib.contextmanager
    def _gate(self, *, shared: bool, patience_s: float) -> Iterator[None]:
        with contextlib.ExitStack() as held:
            try:
                self.prepare()
                with self.fs.lock(self.root / TURN, shared=shared, patience_s=patience_s):
                    held.enter_context(self.fs.lock(self.root / GATE, shared=shared, patience_s=patience_s))
            except TimeoutError as error:
                raise CannotRestoreError(
                    f"{'a collection of garbage' if shared else 'somebody else'} has been at the store for "
                    f"{patience_s:g} s",
                    where=str(self.root),
                    remedy="Nothing was changed. Try again when it has ended.",
                ) from error
            except OSError as error:
                raise cannot_write(self.root, error) from error
            yield

    @property
    def where(self) -> str:
        """The folder."""
        return str(self.root)

    def has(self, digest: Digest) -> bool:
        """Whether there is such an object (its content is not looked at)."""
        entry = self.fs.stat(layout.object_path(self.root, digest))
        return entry is not None and entry.kind == "file"

    def read(self, digest: Digest) -> bytes:
        """Return an object's whole content.

        Raises:
            CannotRestoreError: there is no such object.
            BundleCorruptError: the stored content is another one.
        """
        return b"".join(self.chunks(digest))

    def open(self, digest: Digest) -> BinaryIO:
        """Open an object after having hashed all of it.

        Raises:
            CannotRestoreError: there is no such object.
            BundleCorruptError: the stored content is another one.
        """
        for _ in self.chunks(digest):
            pass
        return self.fs.open(layout.object_path(self.root, digest))

    def chunks(self, digest: Digest) -> Iterator[bytes]:
        """Yield an object's content a piece at a time; the error, if any, comes after the last piece.

        Raises:
            CannotRestoreError: there is no such object.
            BundleCorruptError: the stored content is another one.
        """
        path = layout.object_path(self.root, digest)
        hasher = hashlib.sha256()
        try:
            file = self.fs.open(path)
        except FileNotFoundError as error:
            raise CannotRestoreError(f"there is no object {digest} in the store", where=str(self.root)) from error
        except OSError as error:
            raise CannotRestoreError(f"the store cannot be read: {error.strerror}", where=str(path)) from error
        with file:
            while chunk := file.read(CHUNK_BYTES):
                hasher.update(chunk)
                yield chunk
        found = "sha256:" + hasher.hexdigest()
        if found != digest:
            raise BundleCorruptError(
                f"the stored object is {found}, expected {digest}",
                where=str(path),
                remedy="Import or package the bundle again: that replaces the object by a whole one.",
            )

    def digests(self) -> Iterator[Digest]:
        """Yield the digest of every object, sorted."""
        folder = self.root / layout.OBJECTS
        for fan in self.fs.names(folder):
            for rest in self.fs.names(folder / fan):
                if _REST.fullmatch(rest):
                    yield f"sha256:{fan}{rest}"

    def about(self, digest: Digest) -> AboutObject | None:
        """Return what is known of an object without reading it, None when there is none."""
        entry = self.fs.stat(layout.object_path(self.root, digest))
        return AboutObject(entry.size, entry.modified_s) if entry is not None and entry.kind == "file" else None

    def remove(self, digest: Digest) -> None:
        """Remove an object that may be gone already. Only a collection of garbage asks for this, holding the gate.

        Raises:
            CannotRestoreError: it cannot be removed.
        """
        path = layout.object_path(self.root, digest)
        try:
            self.fs.remove(path)
            self.fs.sync_directory(path.parent)
        except FileNotFoundError:
            return
        except OSError as error:
            raise cannot_remove(path, error) from error

    def prepare(self) -> None:
        """Make the store's folder when it is not there yet."""
        if not self._prepared:
            layout.prepare(self.writer)
            self._prepared = True

    def _intact(self, digest: Digest) -> bool:
        if not self.has(digest):
            return False
        return digest_file(self.fs, layout.object_path(self.root, digest)) == digest

    @staticmethod
    def _as_expected(content: bytes, expected: Digest | None) -> Digest:
        found = "sha256:" + hashlib.sha256(content).hexdigest()
        if expected is not None and found != expected:
            raise BundleCorruptError(f"the content is {found}, expected {expected}")
        return found


def _chunks(source: bytes | Path) -> Iterable[bytes]:
    if isinstance(source, bytes):
        yield source
        return
    try:
        with open_regular(source) as file:
            while chunk := file.read(CHUNK_BYTES):
                yield chunk
    except OSError as error:
        raise UsageError(f"the file cannot be read: {error.strerror or error}", where=str(source)) from error
