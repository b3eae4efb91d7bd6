"""Manifests as bytes: read strictly, checked by every rule, written back with what a later version added to them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any, NamedTuple, Protocol

import msgspec

from pressrun.errors import BundleCorruptError, CannotRestoreError, UnsafeContentError
from pressrun.records.bundle import (
    BUNDLE_FORMAT,
    MANIFEST,
    PROJECT,
    ContentFile,
    EvidenceFile,
    InputReference,
    Manifest,
)
from pressrun.records.digest import Digest, canonical_json, digest_bytes
from pressrun.rules.paths import collision_key, first_collision, name_problem, path_problem
from pressrun.rules.strict_json import decode_json
from pressrun.store.layout import hex_of

MAX_MANIFEST_BYTES = 4 << 20
MAX_FILES = 10_000
MAX_FILE_BYTES = 1 << 50
EVIDENCE_FOLDER = "evidence"


class Listed(NamedTuple):
    """A file that the manifest says is in the bundle. `size` is None for a member of a directory: the sum is known."""

    path: str
    digest: Digest
    size: int | None


class Exportable(Protocol):
    """A bundle whose files can be read, wherever it is."""

    @property
    def manifest(self) -> Manifest:
        """Its manifest."""

    @property
    def manifest_bytes(self) -> bytes:
        """The bytes of its manifest."""

    def chunks(self, listed: Listed) -> Iterator[bytes]:
        """Yield a file's content; raises at the latest after the last piece when it is not what is listed."""


class ReadManifest(NamedTuple):
    """A manifest, with every field its bytes had, also those that this version does not know."""

    manifest: Manifest
    fields: dict[str, Any]


def read_manifest(raw: bytes, where: str) -> ReadManifest:
    """Decode and check the bytes of a manifest.

    Args:
        raw: content of ``manifest.json``.
        where: what to call it in errors.

    Raises:
        CannotRestoreError: it is of a newer format.
        BundleCorruptError: it is no manifest, or contradicts itself.
        UnsafeContentError: it names a path that may not be written.
    """
    try:
        fields = decode_json(raw, max_bytes=MAX_MANIFEST_BYTES)
    except ValueError as error:
        raise BundleCorruptError(f"the manifest cannot be read: {error}", where=where) from error
    if not isinstance(fields, dict) or not isinstance(fields.get("format"), int):
        raise BundleCorruptError("the manifest does not say its format", where=where)
    if fields["format"] > BUNDLE_FORMAT:
        raise CannotRestoreError(
            f"the bundle has format {fields['format']}, this pressrun reads {BUNDLE_FORMAT}",
            where=where,
            remedy="Use the newer pressrun that wrote it.",
        )
    try:
        manifest = msgspec.convert(fields, Manifest)
    except msgspec.ValidationError as error:
        raise BundleCorruptError(f"the manifest is not complete: {error}", where=where) from error
    check_manifest(manifest, where)
    return ReadManifest(manifest, fields)


def check_manifest(manifest: Manifest, where: str) -> None:
    """See that a manifest does not contradict itself and names no path that may not be written.

    Raises:
        BundleCorruptError: it contradicts itself.
        UnsafeContentError: it names a path that may not be written.
    """
    if problem := name_problem(manifest.name):
        raise UnsafeContentError(f"the bundle's name {manifest.name!r} is not allowed: {problem}", where=where)
    if manifest.entry != "." and (problem := path_problem(manifest.entry)):
        raise UnsafeContentError(f"the entry {manifest.entry!r} is not allowed: {problem}", where=where)
    items: list[ContentFile | InputReference | EvidenceFile] = [*manifest.content.files, *manifest.content.inputs]
    items.extend(manifest.evidence)
    for item in items:
        if item.algorithm != "sha256":
            raise BundleCorruptError(f"{item.path!r} has the unknown algorithm {item.algorithm!r}", where=where)
        if not 0 <= item.size <= MAX_FILE_BYTES:
            raise BundleCorruptError(f"{item.path!r} cannot have a size of {item.size} bytes", where=where)
        hex_of(item.digest)
    _check_inputs(manifest.content.inputs, where)
    _check_paths(manifest, where)
    found = manifest.content.digest()
    if found != manifest.content_digest:
        raise BundleCorruptError(
            f"the content digest is {found}, the manifest says {manifest.content_digest}",
            where=where,
            remedy="The manifest was changed after the bundle was written; take it from a source you trust.",
        )


def _check_inputs(inputs: tuple[InputReference, ...], where: str) -> None:
    if len({(item.role, item.path) for item in inputs}) != len(inputs):
        raise BundleCorruptError("an input is listed twice", where=where)
    for item in inputs:
        if item.held and item.role != "project":
            raise BundleCorruptError(f"{item.path!r} is held but not of the project", where=where)
        if item.members and item.digest != members_digest(item.members):
            raise BundleCorruptError(f"the members of {item.path!r} do not give its digest", where=where)


def _check_paths(manifest: Manifest, where: str) -> None:
    listed = listed_files(manifest)
    if len(listed) > MAX_FILES:
        raise UnsafeContentError(f"the bundle lists {len(listed):,} files, the limit is {MAX_FILES:,}", where=where)
    for path in listed:
        if problem := path_problem(path):
            raise UnsafeContentError(f"the path {path!r} is not allowed: {problem}", where=where)
    if collision := first_collision((MANIFEST, *listed)):
        raise UnsafeContentError(f"{collision[1]!r} collides with {collision[0]!r}", where=where)
    for file in manifest.content.files:
        if collision_key(file.path.split("/", 1)[0]) == EVIDENCE_FOLDER:
            raise BundleCorruptError(f"{file.path!r} is content in the folder of evidence", where=where)
    for piece in manifest.evidence:
        if not piece.path.startswith(EVIDENCE_FOLDER + "/"):
            raise BundleCorruptError(f"{piece.path!r} is evidence outside of evidence/", where=where)


def listed_files(manifest: Manifest) -> dict[str, Listed]:
    """Return every file that is in the bundle beside the manifest itself, by path, sorted.

    Raises:
        BundleCorruptError: a path is listed twice with different content.
    """
    found: dict[str, Listed] = {}
    for item in _every_listed(manifest):
        before = found.get(item.path)
        if before is None:
            found[item.path] = item
        elif before.digest != item.digest:
            # a local module that is also read as an input is listed as both, rightly; different content is not right
            raise BundleCorruptError(f"{item.path!r} is listed twice, with different content", where=MANIFEST)
    return dict(sorted(found.items()))


def _every_listed(manifest: Manifest) -> Iterable[Listed]:
    seen: set[str] = set()
    files: list[ContentFile | EvidenceFile] = [*manifest.content.files, *manifest.evidence]
    for file in files:
        if file.path in seen:
            raise BundleCorruptError(f"{file.path!r} is listed twice", where=MANIFEST)
        seen.add(file.path)
        yield Listed(file.path, file.digest, file.size)
    for item in manifest.content.inputs:
        if not item.held:
            continue
        if not item.members:
            yield Listed(f"{PROJECT}/{item.path}", item.digest, item.size)
        for member, digest in item.members.items():
            yield Listed(f"{PROJECT}/{item.path}/{member}", digest, None)


def members_digest(members: Mapping[str, Digest]) -> Digest:
    """Return the digest of a directory: that of the canonical list of its members."""
    return digest_bytes(canonical_json(dict(members)))


def manifest_bytes(manifest: Manifest, fields: Mapping[str, Any]) -> bytes:
    """Encode a manifest whose evidence, name or held copies changed, keeping the fields that we do not know.

    Args:
        manifest: as it is now.
        fields: as it was read, `ReadManifest.fields`.
    """
    inputs = [
        {**known, "held": item.held}
        for known, item in zip(fields["content"].get("inputs", ()), manifest.content.inputs, strict=True)
    ]
    content = {**fields["content"], "inputs": inputs}
    evidence = [msgspec.to_builtins(piece) for piece in manifest.evidence]
    found = {**fields, "name": manifest.name, "content": content, "evidence": evidence}
    # keys stay in the order they were read in: what did not change has the bytes that it had
    return msgspec.json.format(msgspec.json.encode(found), indent=2) + b"\n"


def unique_evidence(pieces: Iterable[EvidenceFile]) -> tuple[EvidenceFile, ...]:
    """Give every piece of evidence a path of its own.

    Pieces that were written to the same path by different runs keep the path for the one with the smallest digest and
    carry the beginning of their digest in the others, so that the same pieces always give the same paths.
    """
    taken: dict[str, EvidenceFile] = {}
    for piece in sorted(pieces, key=lambda item: (item.path, item.digest, item.kind)):
        path = piece.path
        if collision_key(path) in taken:
            if taken[collision_key(path)] == piece:
                continue
            path = with_digest(path, piece.digest)
        taken.setdefault(collision_key(path), msgspec.structs.replace(piece, path=path))
    return tuple(sorted(taken.values(), key=lambda item: item.path))


def with_digest(path: str, digest: Digest) -> str:
    """Return `path` with the beginning of `digest` before its ending.

    >>> with_digest("evidence/receipt.json", "sha256:0123456789ab" + 52 * "0")
    'evidence/receipt-0123456789ab.json'
    """
    folder, _, name = path.rpartition("/")
    stem, dot, ending = name.partition(".")
    return f"{folder}/{stem}-{hex_of(digest)[:12]}{dot}{ending}"
