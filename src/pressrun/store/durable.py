"""The write protocol: what is acknowledged survives a power loss, and no final name ever shows half a file.

A file is written under a temporary name in the same file system, synced, renamed, and its directory is synced; only
then does the caller hear that it is there. Directories are made durable from the top down before anything is put into
them. Where something is found in place already, another process may have put it there a moment ago without having
synced it yet, so it is synced again before it is acknowledged. Each of these steps is a guard whose removal the crash
simulation notices.

No lock is taken anywhere: a final name is decided by the content, so two writers of one name write the same bytes.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
import secrets
from collections.abc import Iterable
from pathlib import Path
from typing import NamedTuple

from pressrun.records.digest import Digest
from pressrun.store.fs import Fs

TEMPORARY = "tmp"
CHUNK_BYTES = 1 << 20


class Staged(NamedTuple):
    """A file written and synced under a temporary name."""

    path: Path
    digest: Digest
    size: int


class DurableWriter:
    """Writes files that are whole and durable, or not there.

    Args:
        root: the store's folder; its parent must exist.
        fs: where to write.
    """

    def __init__(self, root: Path, fs: Fs) -> None:
        self.root = root
        self.fs = fs
        self._durable: set[Path] = {root.parent}

    def write(self, target: Path, content: bytes) -> None:
        """Write `content` to `target`, durably, replacing what is there."""
        self.settle(self.stage([content]), target)

    def stage(self, chunks: Iterable[bytes]) -> Staged:
        """Write `chunks` to a temporary file and sync it. Give the result to `settle` or to `discard`."""
        folder = self.root / TEMPORARY
        self.ensure_directory(folder)
        path = folder / f"{os.getpid()}-{secrets.token_hex(8)}.tmp"
        hasher = hashlib.sha256()
        size = 0
        try:
            file = self.fs.create(path)
            try:
                for chunk in chunks:
                    file.write(chunk)
                    hasher.update(chunk)
                    size += len(chunk)
                file.sync()
            finally:
                file.close()
        except BaseException:
            self._forget(path)
            raise
        return Staged(path, "sha256:" + hasher.hexdigest(), size)

    def settle(self, staged: Staged, target: Path) -> None:
        """Give a staged file its final name, durably. When this returns, it may be acknowledged."""
        try:
            self.ensure_directory(target.parent)
            self.fs.replace(staged.path, target)
        except BaseException:
            self._forget(staged.path)
            raise
        self.fs.sync_directory(target.parent)

    def discard(self, staged: Staged) -> None:
        """Remove a staged file that is not wanted."""
        self._forget(staged.path)

    def confirm(self, target: Path) -> None:
        """Make durable the name of a file that was found in place. When this returns, it may be acknowledged."""
        self.ensure_directory(target.parent)
        self.fs.sync_directory(target.parent)

    def ensure_directory(self, folder: Path) -> None:
        """Make `folder` and its parents up to the root, durably."""
        if folder in self._durable:
            return
        self.ensure_directory(folder.parent)
        self.fs.make_directory(folder)
        self.fs.sync_directory(folder.parent)
        self._durable.add(folder)

    def _forget(self, path: Path) -> None:
        # best effort: what cannot be removed now is swept later, and must not hide the error that led here
        with contextlib.suppress(OSError):
            self.fs.remove(path)


def read_chunks(fs: Fs, path: Path) -> Iterable[bytes]:
    """Yield the content of a stored file, a chunk at a time."""
    with fs.open(path) as file:
        while chunk := file.read(CHUNK_BYTES):
            yield chunk


def digest_file(fs: Fs, path: Path) -> Digest:
    """Return the digest of a stored file's content, read a chunk at a time."""
    hasher = hashlib.sha256()
    for chunk in read_chunks(fs, path):
        hasher.update(chunk)
    return "sha256:" + hasher.hexdigest()
