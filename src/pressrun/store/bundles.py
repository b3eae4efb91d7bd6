"""Bundles in a store: content for good, evidence that grows, names that move.

Safe with any number of concurrent writers, also when some are killed: every fact is a file of its own, named by what it
says, and a bundle's manifest is written after everything that it refers to.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import TypeVar

import msgspec

from pressrun.errors import BundleCorruptError, CannotRestoreError, UnknownError, UsageError, near_match
from pressrun.records.bundle import MANIFEST, EvidenceFile, EvidenceKind, InputReference, Manifest
from pressrun.records.digest import Digest, canonical_json, digest_bytes
from pressrun.rules.paths import path_problem
from pressrun.rules.strict_json import decode_json
from pressrun.store import layout
from pressrun.store.folders import (
    FolderBundle,
    attach_evidence,
    cannot_write,
    new_folder,
    open_directory,
    require_equal,
    verify_directory,
    write_file,
)
from pressrun.store.fs import Fs
from pressrun.store.manifests import (
    EVIDENCE_FOLDER,
    MAX_MANIFEST_BYTES,
    Exportable,
    Listed,
    ReadManifest,
    listed_files,
    manifest_bytes,
    read_manifest,
    unique_evidence,
    with_digest,
)
from pressrun.store.names import Names
from pressrun.store.objects import ObjectStore
from pressrun.store.objects_port import Objects

__all__ = [
    "BundleStore",
    "StoredBundle",
    "attach_evidence",
    "verify_directory",
    "write_folder",
]

_SMALL_RECORD_BYTES = 64 << 10
_PREFIX = re.compile(r"(?:sha256:)?([0-9a-f]{6,64})")


class _HeldRecord(msgspec.Struct, frozen=True):
    path: str


_Fact = TypeVar("_Fact", bound=msgspec.Struct)


class StoredBundle:
    """A bundle in a store, as something that can be exported.

    Args:
        objects: the store that holds its files.
        read: its manifest as it is now.
    """

    def __init__(self, objects: Objects, read: ReadManifest) -> None:
        self._objects = objects
        self.manifest = read.manifest
        self.fields = read.fields
        self.manifest_bytes = manifest_bytes(read.manifest, read.fields)

    def chunks(self, listed: Listed) -> Iterator[bytes]:
        """Yield a file's content a piece at a time; the error, if it is not what is listed, comes last."""
        return self._objects.chunks(listed.digest)


class BundleStore:
    """The bundles of one project.

    Args:
        root: the store's folder, ``.pressrun`` in a project; made when something is first stored.
        fs: the file system it is in.
    """

    def __init__(self, root: Path, fs: Fs | None = None) -> None:
        self.root = root
        self.objects = ObjectStore(root, fs)
        self.fs = self.objects.fs
        self._writer = self.objects.writer
        self._names = Names(self._writer)

    def add(self, directory: Path) -> Manifest:
        """Verify a bundle in a folder and store it under its name; storing it again adds what evidence is new.

        Returns:
            The manifest as stored. Everything it refers to can be read back from now on, also after a power loss.

        Raises:
            UsageError: it is no bundle.
            BundleCorruptError: the folder is not what its manifest says.
            UnsafeContentError: it holds what may not be stored.
            CannotRestoreError: the store cannot be written.
        """
        return self.add_verified(open_directory(directory))

    def add_verified(self, bundle: FolderBundle) -> Manifest:
        """Store a bundle that `open_directory` has just verified."""
        digest = bundle.manifest.content_digest
        try:
            with self.objects.adding():  # until the manifest stands, nothing refers to the files
                for listed in listed_files(bundle.manifest).values():
                    self.objects.put(bundle.folder / listed.path, expected=listed.digest)
                self._publish(bundle)
                self._names.give(bundle.manifest.name, digest)
        except OSError as error:
            raise cannot_write(self.root, error) from error
        return self.load(digest)

    def _publish(self, bundle: FolderBundle) -> None:
        manifest = bundle.manifest
        folder = layout.bundle_path(self.root, manifest.content_digest)
        self.objects.prepare()
        for piece in manifest.evidence:
            self._keep_fact(folder / layout.EVIDENCE, piece)
        for item in manifest.content.inputs:
            if item.held:
                self._keep_fact(folder / layout.HELD, _HeldRecord(item.path))
        inputs = tuple(msgspec.structs.replace(item, held=False) for item in manifest.content.inputs)
        content = msgspec.structs.replace(manifest.content, inputs=inputs)
        base = manifest_bytes(msgspec.structs.replace(manifest, evidence=(), content=content), bundle.fields)
        self._keep(folder / layout.BASE / _named_by(base), base)

    def _keep_fact(self, folder: Path, fact: msgspec.Struct) -> None:
        content = canonical_json(fact)
        self._keep(folder / _named_by(content), content)

    def _keep(self, target: Path, content: bytes) -> None:
        if self.fs.stat(target) is not None and self._small_file(target, len(content)) == content:
            self._writer.confirm(target)
        else:
            self._writer.write(target, content)

    def add_evidence(self, digest: Digest, kind: EvidenceKind, name: str, content: bytes) -> EvidenceFile:
        """Add a piece of evidence to a stored bundle; its identity stays what it is.

        Args:
            digest: the bundle's content digest.
            kind: what it is.
            name: file name; the beginning of the piece's digest is added to it, so that no piece hides another.
            content: the piece itself.

        Raises:
            UsageError: there is no such bundle, or the name is not allowed.
            CannotRestoreError: the store cannot be written.
        """
        if problem := path_problem(name) or ("it is a path" if "/" in name else ""):
            raise UsageError(f"the name {name!r} is not allowed: {problem}")
        self._require(digest)
        try:
            with self.objects.adding():
                found = self.objects.put(content)
                piece = EvidenceFile(
                    path=with_digest(f"{EVIDENCE_FOLDER}/{name}", found), kind=kind, digest=found, size=len(content)
                )
                self._keep_fact(layout.bundle_path(self.root, digest) / layout.EVIDENCE, piece)
        except OSError as error:
            raise cannot_write(self.root, error) from error
        return piece

    def set_name(self, name: str, digest: Digest) -> None:
        """Let `name` mean the bundle `digest` from now on; what it meant before stays in its history.

        Raises:
            UsageError: the name is not allowed, or there is no such bundle.
            CannotRestoreError: the store cannot be written.
        """
        self._require(digest)
        try:
            self._names.give(name, digest)
        except OSError as error:
            raise cannot_write(self.root, error) from error

    def _require(self, digest: Digest) -> None:
        found = self._bases(digest)
        if not found:
            raise self._unknown(digest)
        # another process may have written it a moment ago; what refers to it must not outlive it
        self._writer.confirm(found[0])

    def has(self, digest: Digest) -> bool:
        """Whether there is a bundle with this content digest."""
        return bool(self._bases(digest))

    def _bases(self, digest: Digest) -> list[Path]:
        folder = layout.bundle_path(self.root, digest) / layout.BASE
        return [folder / name for name in self.fs.names(folder)]

    def digests(self) -> tuple[Digest, ...]:
        """Return the content digest of every bundle, sorted."""
        layout.check_format(self.root, self.fs)
        found = (f"sha256:{entry}" for entry in self.fs.names(self.root / layout.BUNDLES))
        return tuple(digest for digest in found if _PREFIX.fullmatch(digest) and self.has(digest))

    def names(self) -> dict[str, tuple[Digest, ...]]:
        """Return every name with the bundles that had it, the present one last.

        Raises:
            BundleCorruptError: an entry is damaged.
        """
        layout.check_format(self.root, self.fs)
        found = {name: self._names.history(name) for name in self._names.known()}
        return {name: history for name, history in found.items() if history}

    def history(self, name: str) -> tuple[Digest, ...]:
        """Return the bundles that had `name`, the present one last; none when nothing ever had it.

        Raises:
            BundleCorruptError: an entry is damaged.
        """
        return self._names.history(name)

    def resolve(self, reference: str) -> Digest:
        """Return the content digest that `reference` means.

        Args:
            reference: a name, a content digest, or at least its first six hex digits.

        Raises:
            UsageError: nothing, or more than one bundle, is meant by it.
        """
        digests = self.digests()
        found = _PREFIX.fullmatch(reference)
        matching = {digest for digest in digests if found and digest.startswith(f"sha256:{found[1]}")}
        if history := self._names.history(reference):
            matching.add(history[-1])
        if len(matching) == 1:
            return matching.pop()
        if matching:
            raise UsageError(
                f"{reference!r} means more than one bundle",
                where=str(self.root),
                remedy="Give more digits of one of " + ", ".join(sorted(matching)) + ".",
            )
        raise self._unknown(reference)

    def _unknown(self, reference: str) -> UnknownError:
        known = self._names.known()
        hint = near_match(reference, known)
        names = f"Its bundles are named {', '.join(known[:10])}." if known else "It holds no bundle yet."
        return UnknownError(
            f"there is no bundle {reference!r}" + (f": {hint}" if hint else ""), where=str(self.root), remedy=names
        )

    def load(self, reference: str) -> Manifest:
        """Return the manifest of a bundle as it is now, with all evidence there is.

        Args:
            reference: as for `resolve`; where it is a name, the manifest carries that name.

        Raises:
            UsageError: nothing, or more than one bundle, is meant by it.
            BundleCorruptError: the stored manifest or a record beside it is damaged.
        """
        return self.open(reference).manifest

    def open(self, reference: str) -> StoredBundle:
        """Return a bundle so that its files can be read or exported; `reference` as for `load`."""
        digest = self.resolve(reference)
        folder = layout.bundle_path(self.root, digest)
        base = self._base(digest)
        evidence = unique_evidence(self._facts(folder / layout.EVIDENCE, EvidenceFile))
        held = {record.path for record in self._facts(folder / layout.HELD, _HeldRecord)}
        content = msgspec.structs.replace(
            base.manifest.content, inputs=tuple(_with_held(item, held) for item in base.manifest.content.inputs)
        )
        name = reference if self._names.history(reference) else base.manifest.name
        manifest = msgspec.structs.replace(base.manifest, name=name, content=content, evidence=evidence)
        return StoredBundle(self.objects, ReadManifest(manifest, base.fields))

    def _base(self, digest: Digest) -> ReadManifest:
        # one for each name or entry that this content was stored with; all say the same content
        path = self._bases(digest)[0]
        raw = self._small_file(path, MAX_MANIFEST_BYTES)
        _require_named_by(raw, path)
        base = read_manifest(raw, str(path))
        found = base.manifest.content_digest
        if found != digest:
            raise BundleCorruptError(f"the manifest is of {found}, expected {digest}", where=str(path))
        return base

    def checkout(self, reference: str, destination: Path) -> Manifest:
        """Write a bundle into a new folder, every file compared with its digest.

        Raises:
            UsageError: there is no such bundle, or the destination is not free.
            BundleCorruptError: an object is damaged; nothing is left behind.
        """
        bundle = self.open(reference)
        write_folder(bundle, destination)
        return bundle.manifest

    def _facts(self, folder: Path, kind: type[_Fact]) -> list[_Fact]:
        found = []
        for name in self.fs.names(folder):
            raw = self._small_file(folder / name)
            _require_named_by(raw, folder / name)
            try:
                fact = msgspec.convert(decode_json(raw, max_bytes=_SMALL_RECORD_BYTES), kind)
            except (ValueError, msgspec.ValidationError) as error:
                raise BundleCorruptError(f"the record cannot be read: {error}", where=str(folder / name)) from error
            found.append(fact)
        return found

    def _small_file(self, path: Path, limit: int = _SMALL_RECORD_BYTES) -> bytes:
        try:
            with self.fs.open(path) as file:
                return file.read(limit + 1)
        except OSError as error:
            raise CannotRestoreError(f"the store cannot be read: {error.strerror}", where=str(path)) from error


def write_folder(bundle: Exportable, destination: Path, *, sync: bool = True) -> None:
    """Write a bundle into a new folder, every file compared with its digest while it is written.

    Args:
        bundle: what to write.
        destination: where to; nothing, or an empty folder, may be there.
        sync: whether it must survive a power loss.

    Raises:
        UsageError: the destination is not free.
        BundleCorruptError: a file is not what is listed; nothing is left behind.
    """
    with new_folder(destination) as fresh:
        for listed in listed_files(bundle.manifest).values():
            size, digest = write_file(fresh, listed.path, bundle.chunks(listed), sync=sync)
            require_equal(listed, size, digest)
        write_file(fresh, MANIFEST, [bundle.manifest_bytes], sync=sync)


def _named_by(content: bytes) -> str:
    return layout.hex_of(digest_bytes(content)) + ".json"


def _require_named_by(content: bytes, path: Path) -> None:
    if _named_by(content) != path.name:
        raise BundleCorruptError("the record is not what its name says", where=str(path))


def _with_held(item: InputReference, held: set[str]) -> InputReference:
    return msgspec.structs.replace(item, held=item.role == "project" and item.path in held)
