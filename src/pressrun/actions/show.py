"""Tell what a bundle holds, from its manifest and its small text files; nothing in it is loaded or run."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec

from pressrun.actions.exchange import read_bundle
from pressrun.errors import BundleCorruptError
from pressrun.records.bundle import PARAMETERS, ContentFile, EvidenceFile, InputReference, Manifest
from pressrun.records.comparison import Receipt
from pressrun.records.digest import Digest
from pressrun.rules.strict_json import decode_json
from pressrun.store.folders import read_listed
from pressrun.store.manifests import Exportable, listed_files

_MAX_SCHEMA_BYTES = 4 << 20
_MAX_RECEIPT_BYTES = 16 << 20


class ShownParameter(msgspec.Struct, frozen=True, kw_only=True):
    """One parameter, as the bundle's schema describes it. `default` is absent where there is none JSON can hold."""

    name: str
    type: str = ""
    default: Any = msgspec.UNSET
    help: str = ""
    derived_from: tuple[str, ...] = ()


class ShownBundle(msgspec.Struct, frozen=True, kw_only=True):
    """What a bundle holds.

    Attributes:
        size: bytes of all files, copies of inputs and evidence included.
        receipt: the latest one among the evidence.
        unread: pieces of evidence that this version cannot read, by path.
    """

    name: str
    content_digest: Digest
    format: int
    entry: str
    created_by: str
    size: int
    files: tuple[ContentFile, ...]
    inputs: tuple[InputReference, ...]
    parameters: tuple[ShownParameter, ...]
    evidence: tuple[EvidenceFile, ...]
    receipt: Receipt | None = None
    unread: tuple[str, ...] = ()


def show_bundle(reference: str, project: Path) -> ShownBundle:
    """Return what a bundle holds.

    Args:
        reference: a folder, an archive, ``oci:FOLDER[:TAG]``, or a name, digest or digest prefix in the store.
        project: the project whose store is meant.

    Raises:
        UsageError: there is no such bundle.
        BundleCorruptError: it is not what its manifest says; the error names the file.
        UnsafeContentError: it holds what may not be unpacked.
        CannotRestoreError: it is of a newer format.
    """
    with read_bundle(reference, project) as bundle:
        manifest = bundle.manifest
        receipt, unread = _latest_receipt(bundle)
        return ShownBundle(
            name=manifest.name,
            content_digest=manifest.content_digest,
            format=manifest.format,
            entry=manifest.entry,
            created_by=manifest.created_by,
            size=_size(manifest),
            files=tuple(sorted(manifest.content.files, key=lambda file: file.path)),
            inputs=tuple(sorted(manifest.content.inputs, key=lambda item: item.path)),
            parameters=tuple(_parameters(bundle)),
            evidence=manifest.evidence,
            receipt=receipt,
            unread=unread,
        )


def _size(manifest: Manifest) -> int:
    held = sum(item.size for item in manifest.content.inputs if item.held)
    return held + sum(file.size for file in manifest.content.files) + sum(piece.size for piece in manifest.evidence)


def _read(bundle: Exportable, path: str, limit: int) -> bytes | None:
    listed = listed_files(bundle.manifest).get(path)
    if listed is None or (listed.size or 0) > limit:
        return None
    return read_listed(bundle, listed)


def _parameters(bundle: Exportable) -> Iterator[ShownParameter]:
    raw = _read(bundle, PARAMETERS, _MAX_SCHEMA_BYTES)
    if raw is None:
        return
    try:
        schema = decode_json(raw, max_bytes=_MAX_SCHEMA_BYTES)
    except ValueError as error:
        raise BundleCorruptError(f"the parameters cannot be read: {error}", where=PARAMETERS) from error
    properties = schema.get("properties") if isinstance(schema, dict) else None
    for name, said in (properties if isinstance(properties, dict) else {}).items():
        if isinstance(said, dict):
            yield _parameter(name, said)


def _parameter(name: str, said: dict[str, Any]) -> ShownParameter:
    kind = said.get("x-python-type", said.get("type", ""))
    derived = said.get("x-derived-from", ())
    return ShownParameter(
        name=name,
        type=kind if isinstance(kind, str) else "",
        default=said.get("default", msgspec.UNSET),
        help=str(said.get("description", "")),
        derived_from=tuple(map(str, derived)) if isinstance(derived, list) else (),
    )


def _latest_receipt(bundle: Exportable) -> tuple[Receipt | None, tuple[str, ...]]:
    found: list[tuple[str, str, Receipt]] = []
    unread: list[str] = []
    for piece in bundle.manifest.evidence:
        if piece.kind != "receipt":
            continue
        raw = _read(bundle, piece.path, _MAX_RECEIPT_BYTES)
        try:
            receipt = msgspec.convert(decode_json(raw or b"", max_bytes=_MAX_RECEIPT_BYTES), Receipt)
        except (ValueError, msgspec.ValidationError):
            unread.append(piece.path)  # from another version, perhaps: told, not fatal
            continue
        found.append((receipt.created, piece.path, receipt))
    return (max(found, key=lambda item: item[:2])[2] if found else None), tuple(unread)
