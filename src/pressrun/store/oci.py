"""Bundles as OCI image layouts, so that any registry can hold them and any registry client can move them.

An artifact of type `ARTIFACT_TYPE` with one layer a file, titled with the file's path: a file's digest in the bundle's
manifest is its digest in the registry, so what did not change between two versions is not sent twice. The first layer
is ``manifest.json``. The layout holds nothing that varies: equal bundles give equal layouts.

Follows the OCI image specification 1.1: image layout, and "guidelines for artifact usage" with the empty config.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

from pressrun.errors import BundleCorruptError, UnsafeContentError, UsageError
from pressrun.records.bundle import MANIFEST, Manifest
from pressrun.records.digest import Digest, canonical_json, digest_bytes
from pressrun.rules.strict_json import decode_json
from pressrun.store.archive import LIMITS, require_room
from pressrun.store.folders import FolderBundle, check_sums, checked_chunks, new_folder, require_equal, write_file
from pressrun.store.fs import open_regular
from pressrun.store.layout import hex_of
from pressrun.store.manifests import MAX_MANIFEST_BYTES, Exportable, Listed, listed_files, read_manifest

ARTIFACT_TYPE = "application/vnd.pressrun.bundle.v1"
MANIFEST_TYPE = "application/vnd.pressrun.bundle.manifest.v1+json"
FILE_TYPE = "application/vnd.pressrun.bundle.file.v1"
OCI_PREFIX = "oci:"

_LAYOUT_FILE = "oci-layout"
_INDEX = "index.json"
_IMAGE_INDEX = "application/vnd.oci.image.index.v1+json"
_IMAGE_MANIFEST = "application/vnd.oci.image.manifest.v1+json"
_EMPTY = b"{}"
_TITLE = "org.opencontainers.image.title"
_REFERENCE = "org.opencontainers.image.ref.name"
_CONTENT = "vnd.pressrun.bundle.content-digest"
_TAG = re.compile(r"[A-Za-z0-9_][A-Za-z0-9._-]{0,127}")
_MAX_JSON_BYTES = 8 << 20


class Layout(NamedTuple):
    """A place in the file system and a tag in it, as skopeo writes it: ``oci:FOLDER[:TAG]``."""

    folder: Path
    tag: str


def parse_layout(text: str) -> Layout | None:
    """Return what ``oci:FOLDER[:TAG]`` means, None when `text` does not begin with ``oci:``.

    Raises:
        UsageError: folder or tag cannot be meant.

    >>> parse_layout("oci:out/credit:v1")
    Layout(folder=PosixPath('out/credit'), tag='v1')
    """
    if not text.startswith(OCI_PREFIX):
        return None
    folder, _, tag = text.removeprefix(OCI_PREFIX).partition(":")
    if not folder or (tag and not _TAG.fullmatch(tag)):
        raise UsageError(f"{text!r} is not oci:FOLDER or oci:FOLDER:TAG", remedy="A tag has no '/' and no ':'.")
    return Layout(Path(folder), tag)


def is_layout(folder: Path) -> bool:
    """Whether a folder says that it is an OCI layout."""
    return (folder / _LAYOUT_FILE).is_file()


def write_layout(bundle: Exportable, target: Layout) -> Digest:
    """Write a bundle as an OCI layout into a new folder.

    Returns:
        The digest of the artifact's manifest, by which registries know it.

    Raises:
        UsageError: the folder is not free.
        CannotRestoreError: it cannot be written; nothing is left behind.
    """
    with new_folder(target.folder) as fresh:
        raw = bundle.manifest_bytes
        layers = [_layer(Listed(MANIFEST, digest_bytes(raw), len(raw)), MANIFEST_TYPE, len(raw))]
        _write_blob(fresh, [raw])
        written: dict[Digest, int] = {}
        for listed in listed_files(bundle.manifest).values():
            if listed.digest not in written:
                size, digest = write_file(fresh, _blob_path(listed.digest), bundle.chunks(listed))
                require_equal(listed, size, digest)
                written[digest] = size
            layers.append(_layer(listed, FILE_TYPE, written[listed.digest]))
        artifact = canonical_json(_artifact(bundle.manifest, layers))
        if digest_bytes(_EMPTY) not in written:
            _write_blob(fresh, [_EMPTY])
        found = _write_blob(fresh, [artifact])
        entry: dict[str, Any] = {
            "mediaType": _IMAGE_MANIFEST,
            "artifactType": ARTIFACT_TYPE,
            "digest": found,
            "size": len(artifact),
            "annotations": {_REFERENCE: target.tag or "latest"},
        }
        index = {"schemaVersion": 2, "mediaType": _IMAGE_INDEX, "manifests": [entry]}
        write_file(fresh, _INDEX, [canonical_json(index)])
        write_file(fresh, _LAYOUT_FILE, [canonical_json({"imageLayoutVersion": "1.0.0"})])
    return found


def _artifact(manifest: Manifest, layers: list[dict[str, Any]]) -> dict[str, Any]:
    return {
        "schemaVersion": 2,
        "mediaType": _IMAGE_MANIFEST,
        "artifactType": ARTIFACT_TYPE,
        "config": {
            "mediaType": "application/vnd.oci.empty.v1+json",
            "digest": digest_bytes(_EMPTY),
            "size": len(_EMPTY),
            "data": "e30=",
        },
        "layers": layers,
        "annotations": {_TITLE: manifest.name, _CONTENT: manifest.content_digest},
    }


def _layer(listed: Listed, media_type: str, size: int) -> dict[str, Any]:
    return {"mediaType": media_type, "digest": listed.digest, "size": size, "annotations": {_TITLE: listed.path}}


def _blob_path(digest: Digest) -> str:
    return f"blobs/sha256/{hex_of(digest)}"


def _write_blob(fresh: Path, chunks: list[bytes]) -> Digest:
    content = b"".join(chunks)
    digest = digest_bytes(content)
    if not (fresh / _blob_path(digest)).exists():
        write_file(fresh, _blob_path(digest), [content])
    return digest


def unpack_layout(source: Layout, fresh: Path, *, sync: bool) -> FolderBundle:
    """Read a bundle from an OCI layout into a fresh folder.

    Args:
        source: the layout; without a tag it must hold exactly one bundle.
        fresh: a folder that is made when it is not there.
        sync: whether what is written must survive a power loss.

    Raises:
        UsageError: it is no layout, or does not hold the tag.
        BundleCorruptError: a blob is missing or not what its digest says.
        UnsafeContentError: it names what may not be written.
    """
    if not is_layout(source.folder):
        raise UsageError(f"it holds no {_LAYOUT_FILE}, so it is no OCI layout", where=str(source.folder))
    version = _json(source.folder / _LAYOUT_FILE).get("imageLayoutVersion")
    if version != "1.0.0":
        raise BundleCorruptError(f"the layout has version {version!r}, expected '1.0.0'", where=str(source.folder))
    entry = _entry(source)
    raw_artifact = _small_blob(source.folder, entry)
    artifact = _decoded(raw_artifact, str(source.folder))
    layers = _field(artifact, "layers", list, str(source.folder))
    if artifact.get("artifactType") != ARTIFACT_TYPE or not layers:
        raise BundleCorruptError(f"it is no artifact of type {ARTIFACT_TYPE}", where=str(source.folder))
    if not isinstance(layers[0], dict) or layers[0].get("mediaType") != MANIFEST_TYPE:
        raise BundleCorruptError(f"its first layer is not the bundle's {MANIFEST}", where=str(source.folder))
    raw = _small_blob(source.folder, layers[0])
    read = read_manifest(raw, f"{source.folder}:{MANIFEST}")
    listed = listed_files(read.manifest)
    _check_layers(layers[1:], listed, str(source.folder))
    require_room(read.manifest, fresh, LIMITS, str(source.folder))
    fresh.mkdir(exist_ok=True)
    write_file(fresh, MANIFEST, [raw], sync=sync)
    for item in listed.values():
        write_file(fresh, item.path, _blob(source.folder, item), sync=sync)
    check_sums(fresh, read.manifest)
    return FolderBundle(fresh, read, raw)


def _entry(source: Layout) -> dict[str, Any]:
    where = str(source.folder)
    entries = [
        entry
        for entry in _field(_json(source.folder / _INDEX), "manifests", list, where)
        if isinstance(entry, dict) and (not source.tag or _annotation(entry, _REFERENCE) == source.tag)
    ]
    if len(entries) != 1:
        asked = f"the tag {source.tag!r}" if source.tag else "one artifact"
        raise UsageError(f"it does not hold {asked}", where=where, remedy="Name a tag: oci:FOLDER:TAG.")
    found: dict[str, Any] = entries[0]
    return found


def _check_layers(layers: list[Any], listed: dict[str, Listed], where: str) -> None:
    waiting = dict(listed)
    for layer in layers:
        title = _annotation(layer, _TITLE) if isinstance(layer, dict) else None
        item = waiting.pop(title, None) if isinstance(title, str) else None
        if item is None:
            raise BundleCorruptError(f"the layer {title!r} is not in the bundle's manifest, or twice", where=where)
        if layer.get("digest") != item.digest or (item.size is not None and layer.get("size") != item.size):
            raise BundleCorruptError(f"the layer {title!r} is not what the bundle's manifest lists", where=where)
    if waiting:
        raise BundleCorruptError(f"{min(waiting)!r} is missing from the layers", where=where)


def _annotation(item: dict[str, Any], key: str) -> Any:
    annotations = item.get("annotations")
    return annotations.get(key) if isinstance(annotations, dict) else None


def _blob(folder: Path, listed: Listed) -> Iterator[bytes]:
    path = folder / _blob_path(listed.digest)
    try:
        file = open_regular(path)
    except OSError as error:
        raise BundleCorruptError(f"the blob of {listed.path!r} cannot be opened", where=str(path)) from error
    return checked_chunks(file, listed)


def _small_blob(folder: Path, descriptor: dict[str, Any]) -> bytes:
    where = str(folder)
    digest = _field(descriptor, "digest", str, where)
    size = _field(descriptor, "size", int, where)
    if not 0 <= size <= max(MAX_MANIFEST_BYTES, _MAX_JSON_BYTES):
        raise UnsafeContentError(f"a manifest claims {size:,} bytes", where=where)
    try:
        hex_of(digest)
    except ValueError as error:
        raise UnsafeContentError(f"{digest!r} is not a sha256 digest", where=where) from error
    return b"".join(_blob(folder, Listed(MANIFEST, digest, size)))


def _json(path: Path) -> dict[str, Any]:
    try:
        with open_regular(path) as file:
            raw = file.read(_MAX_JSON_BYTES + 1)
    except OSError as error:
        raise BundleCorruptError(f"cannot be opened: {error.strerror}", where=str(path)) from error
    return _decoded(raw, str(path))


def _decoded(raw: bytes, where: str) -> dict[str, Any]:
    try:
        value = decode_json(raw, max_bytes=_MAX_JSON_BYTES)
    except ValueError as error:
        raise BundleCorruptError(f"the JSON cannot be read: {error}", where=where) from error
    if not isinstance(value, dict):
        raise BundleCorruptError("the JSON is not an object", where=where)
    return value


def _field(value: dict[str, Any], key: str, kind: type, where: str) -> Any:
    found = value.get(key)
    if not isinstance(found, kind):
        raise BundleCorruptError(f"the field {key!r} is missing or of the wrong kind", where=where)
    return found
