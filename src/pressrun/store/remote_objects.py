"""Files by their digest, in any store that fsspec reaches: ``s3://``, ``gs://``, ``az://``, ``memory://``...

    <prefix>/objects/sha256/ab/cdef...      an object
    <prefix>/gc/                            what collections of garbage and writers tell each other

An object is created: the store itself refuses a second writer of a name (``If-None-Match: *`` on S3), and whoever comes
second sees that the first wrote the same. It is written again only where it was found damaged, or marked as garbage:
that makes it young (`pressrun.store.garbage`). Credentials come from where the store's own library
looks for them (environment variables, ``~/.aws``); they are in no file of ours and in no URL.

fsspec is imported when a store is opened, not before.
"""

from __future__ import annotations

import contextlib
import hashlib
import re
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO

from pressrun.errors import BundleCorruptError, CannotRestoreError, PressrunError, UsageError
from pressrun.records.digest import Digest
from pressrun.store.durable import CHUNK_BYTES
from pressrun.store.fs import open_regular
from pressrun.store.layout import OBJECTS, hex_of
from pressrun.store.objects_port import AboutObject

if TYPE_CHECKING:
    from fsspec.spec import AbstractFileSystem  # type: ignore[import-untyped]

SMALL_BYTES = 16 << 20
"""Up to here content is sent in one piece, and compared byte by byte when it is put again; beyond, by its size."""

MARKS = "gc/marks"
_OBJECT = re.compile(r".*/objects/sha256/([0-9a-f]{2})/([0-9a-f]{62})")


class RemoteObjects:
    """The objects under a prefix of a remote store.

    Args:
        system: the file system, as fsspec gives it; it must not cache listings.
        prefix: path in it, without the protocol.
        where: the URL, for the reader.
    """

    def __init__(self, system: AbstractFileSystem, prefix: str, where: str) -> None:
        self.system = system
        self.prefix = prefix.rstrip("/")
        self._where = where

    @property
    def where(self) -> str:
        """The URL."""
        return self._where

    def put(self, source: bytes | Path, *, expected: Digest | None = None) -> Digest:
        """Store content that may be there already; see `pressrun.store.objects_port.Objects`."""
        if isinstance(source, bytes):
            return self._put_bytes(source, expected)
        with _opened(source) as file:
            content = _read_upto(file, SMALL_BYTES + 1)
            if len(content) <= SMALL_BYTES:
                return self._put_bytes(content, expected, str(source))
            return self._put_large(file, expected, str(source))

    def _put_bytes(self, content: bytes, expected: Digest | None, source: str = "") -> Digest:
        digest = "sha256:" + hashlib.sha256(content).hexdigest()
        _require(digest, expected, source)
        path = self._path(digest)
        with self._asking():
            if self._size(path) is None and self._create(path, content):
                return digest
            # there before us, years ago or since a moment
            if self._size(path) != len(content) or self.system.cat_file(path) != content or self.is_marked(digest):
                self.system.pipe_file(path, content)
                self._require_size(path, len(content), digest)
                self.unmark(digest)
        return digest

    def _create(self, path: str, content: bytes) -> bool:
        try:
            self.system.pipe_file(path, content, mode="create")
        except OSError:
            # stores name this refusal differently: what counts is whether there is somebody else's object now
            if self._size(path) is None:
                raise
            return False
        return self._size(path) == len(content)

    def _put_large(self, file: BinaryIO, expected: Digest | None, source: str) -> Digest:
        digest, size = _digest_of(file)
        _require(digest, expected, source)
        path = self._path(digest)
        with self._asking():
            present = self._size(path)
            if present == size and not self.is_marked(digest):
                return digest
            file.seek(0)
            remote = self.system.open(path, "xb" if present is None else "wb", autocommit=False)
            try:
                _send(file, remote, digest, source)
                remote.close()
            except BaseException:
                self._discard(remote, path)
                raise
            self._commit(remote, path, size)
            self._require_size(path, size, digest)
            self.unmark(digest)
        return digest

    def _commit(self, remote: Any, path: str, size: int) -> None:
        try:
            remote.commit()
        except OSError:
            if self._size(path) != size:
                raise

    def _discard(self, remote: Any, path: str) -> None:
        from fsspec.spec import AbstractBufferedFile  # noqa: PLC0415 - loaded with the store

        if isinstance(remote, AbstractBufferedFile):
            try:
                remote.discard()
            finally:
                remote.closed = True  # or it would be sent after all when it is forgotten
        else:  # in memory a file has its name from the first byte on
            self.system.rm_file(path)

    def is_marked(self, digest: Digest) -> bool:
        """Whether a collection of garbage found that nothing refers to this object."""
        return self._size(self.mark_path(digest)) is not None

    def unmark(self, digest: Digest) -> None:
        """Take a collection's mark away."""
        self.remove_path(self.mark_path(digest))

    def mark_path(self, digest: Digest) -> str:
        """Return where a collection's mark of an object is or would be."""
        return f"{self.prefix}/{MARKS}/{hex_of(digest)}"

    def has(self, digest: Digest) -> bool:
        """Whether there is such an object (its content is not looked at)."""
        return self.about(digest) is not None

    def read(self, digest: Digest) -> bytes:
        """Return an object's whole content; see `pressrun.store.objects_port.Objects`."""
        return b"".join(self.chunks(digest))

    def chunks(self, digest: Digest) -> Iterator[bytes]:
        """Yield an object's content a piece at a time; the error, if it is another content, comes after the last."""
        path = self._path(digest)
        hasher = hashlib.sha256()
        with self._asking():
            about = self.about(digest)
            if about is None:
                raise CannotRestoreError(f"there is no object {digest} in the store", where=self._where)
            for start in range(0, about.size, SMALL_BYTES):
                chunk = self.system.cat_file(path, start=start, end=min(start + SMALL_BYTES, about.size))
                hasher.update(chunk)
                yield chunk
        found = "sha256:" + hasher.hexdigest()
        if found != digest:
            raise BundleCorruptError(
                f"the stored object is {found}, expected {digest}",
                where=f"{self._where}/{OBJECTS}",
                remedy="`pressrun fsck --repair-from` replaces it from another store.",
            )

    def digests(self) -> Iterator[Digest]:
        """Yield the digest of every object, sorted."""
        with self._asking():
            found = self.system.find(f"{self.prefix}/{OBJECTS}")
        for path in sorted(found):
            if match := _OBJECT.fullmatch("/" + str(path)):
                yield f"sha256:{match[1]}{match[2]}"

    def about(self, digest: Digest) -> AboutObject | None:
        """Return what is known of an object without reading it, None when there is none."""
        return self.about_path(self._path(digest))

    def about_path(self, path: str) -> AboutObject | None:
        """Return what is known of anything under the prefix, None when there is nothing."""
        with self._asking():
            try:
                found = self.system.info(path)
            except FileNotFoundError:
                return None
            if found["type"] != "file":
                return None
            modified = found.get("LastModified") or found.get("mtime") or self.system.modified(path)
            return AboutObject(int(found["size"]), modified if isinstance(modified, float) else modified.timestamp())

    def remove(self, digest: Digest) -> None:
        """Remove an object that may be gone already. Only a collection of garbage asks for this."""
        self.remove_path(self._path(digest))

    def remove_path(self, path: str) -> None:
        """Remove anything under the prefix, that may be gone already."""
        with self._asking(), contextlib.suppress(FileNotFoundError):
            self.system.rm_file(path)

    def write_path(self, path: str, content: bytes) -> None:
        """Write anything under the prefix that is no object."""
        with self._asking():
            self.system.pipe_file(path, content)

    def times_under(self, folder: str) -> dict[str, float]:
        """Return the names of the files in a folder under the prefix, each with when it was written (see `about`)."""
        with self._asking():
            paths = self.system.find(f"{self.prefix}/{folder}")
            found = ((str(path), self.about_path(path)) for path in sorted(paths))
            return {path.rpartition("/")[2]: about.modified_s for path, about in found if about is not None}

    def _path(self, digest: Digest) -> str:
        digits = hex_of(digest)
        return f"{self.prefix}/{OBJECTS}/{digits[:2]}/{digits[2:]}"

    def _size(self, path: str) -> int | None:
        about = self.about_path(path)
        return about.size if about is not None else None

    def _require_size(self, path: str, size: int, digest: Digest) -> None:
        if self._size(path) != size:
            raise CannotRestoreError(f"the store did not keep {digest} whole", where=self._where, remedy="Try again.")

    @contextlib.contextmanager
    def _asking(self) -> Iterator[None]:
        try:
            yield
        except PressrunError:
            raise
        except Exception as error:
            kind = type(error).__name__
            said = " ".join(str(error).split())[:300]
            raise CannotRestoreError(
                f"the store cannot be used: {kind}: {said}",
                where=self._where,
                remedy="See that it can be reached and that the environment holds credentials that allow this.",
            ) from error


@contextlib.contextmanager
def _opened(source: Path) -> Iterator[BinaryIO]:
    try:
        file = open_regular(source)
    except OSError as error:
        raise UsageError(f"the file cannot be read: {error.strerror or error}", where=str(source)) from error
    with file:
        yield file


def _read_upto(file: BinaryIO, limit: int) -> bytes:
    found = bytearray()
    while len(found) < limit and (more := file.read(limit - len(found))):
        found += more
    return bytes(found)


def _send(file: BinaryIO, remote: Any, digest: Digest, source: str) -> None:
    # hashed again while it is sent, and given its name only then: the file may have been changed in between
    hasher = hashlib.sha256()
    while chunk := file.read(CHUNK_BYTES):
        hasher.update(chunk)
        remote.write(chunk)
    if "sha256:" + hasher.hexdigest() != digest:
        raise BundleCorruptError("the file was changed while it was stored", where=source)


def _digest_of(file: BinaryIO) -> tuple[Digest, int]:
    file.seek(0)
    hasher = hashlib.sha256()
    size = 0
    while chunk := file.read(CHUNK_BYTES):
        hasher.update(chunk)
        size += len(chunk)
    return "sha256:" + hasher.hexdigest(), size


def _require(digest: Digest, expected: Digest | None, source: str) -> None:
    if expected is not None and digest != expected:
        raise BundleCorruptError(f"the content is {digest}, expected {expected}", where=source)
