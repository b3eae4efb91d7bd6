"""Bundles as folders: verified strictly when read, whole or absent when written."""

from __future__ import annotations

import contextlib
import hashlib
import os
import secrets
import shutil
import stat
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import BinaryIO

import msgspec

from pressrun.errors import BundleCorruptError, CannotRestoreError, UnsafeContentError, UsageError
from pressrun.records.bundle import MANIFEST, PROJECT, EvidenceFile, EvidenceKind, Manifest
from pressrun.records.digest import Digest, digest_bytes
from pressrun.rules.paths import path_problem
from pressrun.store.durable import CHUNK_BYTES
from pressrun.store.fs import open_regular, sync_descriptor, sync_directory
from pressrun.store.manifests import (
    EVIDENCE_FOLDER,
    MAX_MANIFEST_BYTES,
    Exportable,
    Listed,
    ReadManifest,
    check_manifest,
    listed_files,
    manifest_bytes,
    read_manifest,
    unique_evidence,
    with_digest,
)


class FolderBundle:
    """A bundle in a folder, as something that can be exported.

    Args:
        folder: was seen by `verify_directory`.
        read: its manifest.
        raw: the manifest's bytes.
    """

    def __init__(self, folder: Path, read: ReadManifest, raw: bytes) -> None:
        self.folder = folder
        self.manifest = read.manifest
        self.fields = read.fields
        self.manifest_bytes = raw

    def chunks(self, listed: Listed) -> Iterator[bytes]:
        """Yield a file's content a piece at a time; the error, if it is not what is listed, comes last."""
        return checked_chunks(_open(self.folder / listed.path, listed.path), listed)


def verify_directory(directory: Path) -> Manifest:
    """See that a folder is a bundle: every file listed, every listed file there and equal, and nothing else.

    Args:
        directory: the folder that holds ``manifest.json``.

    Returns:
        The manifest. Files of the folder are only read and hashed, never interpreted.

    Raises:
        UsageError: it is no folder, or holds no manifest.
        BundleCorruptError: a file is missing, not listed, or not what the manifest says; the error names it.
        UnsafeContentError: it holds a link or a device, or a path that may not be written.
        CannotRestoreError: it is of a newer format.
    """
    return open_directory(directory).manifest


def open_directory(directory: Path) -> FolderBundle:
    """Do what `verify_directory` does and return the bundle so that it can be exported or stored."""
    if not directory.is_dir():
        raise UsageError("there is no such folder", where=str(directory))
    try:
        with open_regular(directory / MANIFEST) as file:
            raw = file.read(MAX_MANIFEST_BYTES + 1)
    except FileNotFoundError as error:
        raise UsageError(
            f"it holds no {MANIFEST}, so it is no bundle",
            where=str(directory),
            remedy="Name the folder that `pressrun package -o` wrote.",
        ) from error
    except OSError as error:
        raise UnsafeContentError(f"{MANIFEST} is not a regular file", where=str(directory)) from error
    read = read_manifest(raw, str(directory / MANIFEST))
    bundle = FolderBundle(directory, read, raw)
    listed = listed_files(read.manifest)
    try:
        present = set(_regular_files(directory))
    except OSError as error:
        raise CannotRestoreError(f"the folder cannot be read: {error.strerror}", where=str(error.filename)) from error
    for path in sorted(present - listed.keys() - {MANIFEST}):
        raise BundleCorruptError(
            f"{path!r} is in the folder but not in the manifest", where=str(directory), remedy="Remove the file."
        )
    for path in sorted(listed.keys() - present):
        raise BundleCorruptError(f"{path!r} is missing", where=str(directory))
    for item in listed.values():
        for _ in bundle.chunks(item):
            pass
    check_sums(directory, read.manifest)
    return bundle


def _regular_files(directory: Path) -> Iterator[str]:
    waiting = [""]
    while waiting:
        prefix = waiting.pop()
        with os.scandir(directory / prefix) as entries:
            for entry in entries:
                path = prefix + entry.name
                mode = entry.stat(follow_symlinks=False).st_mode
                if stat.S_ISDIR(mode):
                    waiting.append(path + "/")
                elif stat.S_ISREG(mode):
                    yield path
                else:
                    kind = "a symbolic link" if stat.S_ISLNK(mode) else "neither a file nor a folder"
                    raise UnsafeContentError(f"{path!r} is {kind}", where=str(directory))


def check_sums(directory: Path, manifest: Manifest) -> None:
    """See that every directory among the held inputs has the size that is listed.

    Raises:
        BundleCorruptError: one has another.
    """
    for item in manifest.content.inputs:
        if item.held and item.members:
            folder = directory / PROJECT / item.path
            found = sum((folder / member).stat().st_size for member in item.members)
            if found != item.size:
                raise BundleCorruptError(
                    f"{item.path!r} holds {found} bytes, expected {item.size}", where=str(directory)
                )


def _open(path: Path, shown: str) -> BinaryIO:
    try:
        return open_regular(path)
    except OSError as error:
        raise BundleCorruptError(f"{shown!r} cannot be opened: {error.strerror}", where=str(path)) from error


def checked_chunks(file: BinaryIO, listed: Listed) -> Iterator[bytes]:
    """Yield what `file` holds, a piece at a time, and see that it is what is listed.

    Raises:
        BundleCorruptError: its size or digest is another; raised as soon as it is longer, else after the last piece.
    """
    hasher = hashlib.sha256()
    size = 0
    with file:
        while chunk := file.read(CHUNK_BYTES):
            size += len(chunk)
            if listed.size is not None and size > listed.size:
                raise BundleCorruptError(f"{listed.path!r} is longer than {listed.size} bytes", where=listed.path)
            hasher.update(chunk)
            yield chunk
    require_equal(listed, size, "sha256:" + hasher.hexdigest())


def read_listed(bundle: Exportable, listed: Listed) -> bytes:
    """Return the content of a bundle's file, checked against what is listed; the caller sees to its size before.

    Raises:
        BundleCorruptError: it is not what is listed.
        CannotRestoreError: it is missing.
    """
    content = b"".join(bundle.chunks(listed))
    require_equal(listed, len(content), listed.digest)
    return content


def require_equal(listed: Listed, size: int, digest: Digest) -> None:
    """See that a file's size and digest are what is listed.

    Raises:
        BundleCorruptError: one is not; the error names the file, what was expected and what was found.
    """
    if listed.size is not None and size != listed.size:
        raise BundleCorruptError(f"{listed.path!r} has {size} bytes, expected {listed.size}", where=listed.path)
    if digest != listed.digest:
        raise BundleCorruptError(f"{listed.path!r} is {digest}, expected {listed.digest}", where=listed.path)


@contextlib.contextmanager
def new_folder(destination: Path) -> Iterator[Path]:
    """Give a fresh folder beside `destination` that takes its place when the block ends well, and is gone when not.

    Args:
        destination: where the folder will be; nothing, or an empty folder, may be there.

    Raises:
        UsageError: something is there already.
        CannotRestoreError: it cannot be written (no space, no permission).
    """
    require_free(destination)
    parent = destination.absolute().parent
    fresh = parent / f".{destination.name}.{secrets.token_hex(6)}.tmp"
    try:
        parent.mkdir(parents=True, exist_ok=True)
        fresh.mkdir()
        try:
            yield fresh
            fresh.replace(destination)
        except BaseException:
            shutil.rmtree(fresh, ignore_errors=True)
            raise
        sync_directory(parent)
    except OSError as error:
        raise cannot_write(destination, error) from error


def require_free(destination: Path) -> None:
    """See that nothing would be overwritten.

    Raises:
        UsageError: there is a file, or a folder that is not empty.
    """
    if destination.is_symlink() or (destination.exists() and not destination.is_dir()):
        raise UsageError("there is a file already", where=str(destination), remedy="Remove it or choose another name.")
    if destination.is_dir() and any(destination.iterdir()):
        raise UsageError("the folder is not empty", where=str(destination), remedy="Empty it or choose another name.")


def cannot_write(target: Path, error: OSError) -> CannotRestoreError:
    """Return the error for a file or folder that cannot be written."""
    return CannotRestoreError(
        f"cannot write: {error.strerror or error}",
        where=str(error.filename or target),
        remedy="Nothing was left half written; try again when there is space and permission.",
    )


def cannot_remove(target: Path, error: OSError) -> CannotRestoreError:
    """Return the error for a file that is not needed any more and cannot be removed."""
    return CannotRestoreError(
        f"cannot remove: {error.strerror or error}",
        where=str(error.filename or target),
        remedy="What is left is found again the next time; see that the folder may be written to.",
    )


def write_file(folder: Path, path: str, chunks: Iterable[bytes], *, sync: bool = True) -> tuple[int, Digest]:
    """Write one file of a bundle into a fresh folder, never over anything and never outside of it.

    Args:
        folder: a folder that only we write to.
        path: posix path in it.
        chunks: the content.
        sync: whether it must survive a power loss.

    Returns:
        Size and digest of what was written.

    Raises:
        UnsafeContentError: the path is not allowed.
    """
    if problem := path_problem(path):
        raise UnsafeContentError(f"the path {path!r} is not allowed: {problem}", where=path)
    target = folder / path
    target.parent.mkdir(parents=True, exist_ok=True)
    flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_CLOEXEC", 0)
    hasher = hashlib.sha256()
    with os.fdopen(os.open(target, flags, 0o666), "wb", buffering=0) as file:
        for chunk in chunks:
            rest = memoryview(chunk)
            while rest:
                rest = rest[file.write(rest) :]
            hasher.update(chunk)
        size = file.tell()
        if sync:
            sync_descriptor(file.fileno())
    return size, "sha256:" + hasher.hexdigest()


def attach_evidence(directory: Path, kind: EvidenceKind, name: str, content: bytes) -> EvidenceFile:
    """Add a piece of evidence to a bundle in a folder; its identity stays what it is.

    The manifest is replaced at once or not at all. A folder, unlike the store, is for one writer at a time.

    Args:
        directory: the bundle's folder.
        kind: what it is.
        name: file name; the beginning of the digest is added to it.
        content: the piece itself.

    Raises:
        BundleCorruptError: the manifest cannot be read.
        UnsafeContentError: the name is not allowed.
    """
    with open_regular(directory / MANIFEST) as file:
        read = read_manifest(file.read(MAX_MANIFEST_BYTES + 1), str(directory / MANIFEST))
    digest = digest_bytes(content)
    piece = EvidenceFile(
        path=with_digest(f"{EVIDENCE_FOLDER}/{name}", digest), kind=kind, digest=digest, size=len(content)
    )
    manifest = msgspec.structs.replace(read.manifest, evidence=unique_evidence((*read.manifest.evidence, piece)))
    check_manifest(manifest, str(directory / MANIFEST))
    if not (directory / piece.path).exists():
        write_file(directory, piece.path, [content])
        sync_directory((directory / piece.path).parent)
    fresh = directory / f".{MANIFEST}.{secrets.token_hex(6)}.tmp"
    try:
        write_file(directory, fresh.name, [manifest_bytes(manifest, read.fields)])
        fresh.replace(directory / MANIFEST)
    except BaseException:
        fresh.unlink(missing_ok=True)
        raise
    sync_directory(directory)
    return piece
