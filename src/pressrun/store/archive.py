"""Bundles as one file: ``.tar``, ``.tar.gz`` and ``.zip``, written the same every time and read by nothing but this.

The manifest is the first member. What follows must be exactly what it lists, so a member is looked up before a byte of
it is unpacked: no name that the rules refuse, no link, no file twice, none too many, and never more bytes than listed.
It is unpacked into a fresh folder and takes its place only when every digest was right.

A ``.tar`` has the same bytes on every machine; compressed ones depend on the zlib that packs them.
"""

from __future__ import annotations

import contextlib
import secrets
import shutil
import tempfile
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO, Literal

from pressrun.errors import BundleCorruptError, UnsafeContentError, UsageError
from pressrun.records.bundle import MANIFEST, Manifest
from pressrun.rules.paths import path_problem
from pressrun.store.folders import FolderBundle, cannot_write, check_sums, new_folder, require_equal, write_file
from pressrun.store.fs import open_regular, sync_descriptor, sync_directory
from pressrun.store.inflate import InflatedStream, Limits, Meter, PlainStream
from pressrun.store.manifests import MAX_MANIFEST_BYTES, Exportable, Listed, ReadManifest, listed_files, read_manifest
from pressrun.store.tarball import TAR_END, Member, tar_chunks, tar_members
from pressrun.store.zipfiles import LOCAL_SIGNATURE, ZipWriter, zip_members

ArchiveKind = Literal["tar", "tar.gz", "zip"]
LIMITS = Limits()

_GZIP_MAGIC = b"\x1f\x8b\x08"
_GZIP_HEADER = _GZIP_MAGIC + b"\0" + b"\0\0\0\0" + b"\0\xff"  # no name, no time, no level, no system
_LEVEL = 6
_STORE_ABOVE_RATIO = 50


def archive_kind(path: Path) -> ArchiveKind | None:
    """Return which archive a file name means, None for none."""
    name = path.name.lower()
    if name.endswith((".tar.gz", ".tgz")):
        return "tar.gz"
    if name.endswith(".tar"):
        return "tar"
    return "zip" if name.endswith(".zip") else None


def write_archive(bundle: Exportable, target: Path) -> None:
    """Write a bundle to an archive whose kind its name tells. Equal bundles give equal bytes.

    Raises:
        UsageError: the file is there already, or its name tells no kind.
        CannotRestoreError: it cannot be written; nothing is left behind.
    """
    kind = archive_kind(target)
    if kind is None:
        raise UsageError("the name tells no archive", where=str(target), remedy="End it in .tar, .tar.gz or .zip.")
    if target.exists() or target.is_symlink():
        raise UsageError("there is a file already", where=str(target), remedy="Remove it or choose another name.")
    fresh = target.parent / f".{target.name}.{secrets.token_hex(6)}.tmp"
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        try:
            with fresh.open("xb") as file:
                _write(bundle, file, kind)
                file.flush()
                sync_descriptor(file.fileno())
            fresh.replace(target)
        except BaseException:
            fresh.unlink(missing_ok=True)
            raise
        sync_directory(target.parent)
    except OSError as error:
        raise cannot_write(target, error) from error


def _write(bundle: Exportable, file: BinaryIO, kind: ArchiveKind) -> None:
    if kind == "zip":
        writer = ZipWriter(file)
        for path, size, content in _members(bundle):
            writer.add(path, size, content)
        writer.finish()
    elif kind == "tar":
        file.writelines(_tar(bundle))
    elif not _write_gzip(bundle, file, _LEVEL):
        file.seek(0)
        file.truncate()
        _write_gzip(bundle, file, 0)


class _Content:
    def __init__(self, bundle: Exportable, listed: Listed) -> None:
        self._bundle = bundle
        self._listed = listed

    def __call__(self) -> Iterator[bytes]:
        return self._bundle.chunks(self._listed)


def _members(bundle: Exportable) -> Iterator[tuple[str, int, _Content | _Bytes]]:
    yield MANIFEST, len(bundle.manifest_bytes), _Bytes(bundle.manifest_bytes)
    for listed in listed_files(bundle.manifest).values():
        content = _Content(bundle, listed)
        size = listed.size if listed.size is not None else sum(len(chunk) for chunk in content())
        yield listed.path, size, content


class _Bytes:
    def __init__(self, content: bytes) -> None:
        self._content = content

    def __call__(self) -> Iterator[bytes]:
        yield self._content


def _tar(bundle: Exportable) -> Iterator[bytes]:
    for path, size, content in _members(bundle):
        yield from tar_chunks(path, size, content())
    yield TAR_END


def _write_gzip(bundle: Exportable, file: BinaryIO, level: int) -> bool:
    # returns whether our own reader would take it: a file of zeros packs like a bomb, and is stored instead
    deflater = zlib.compressobj(level, zlib.DEFLATED, -15)
    packed = file.write(_GZIP_HEADER)
    size = crc = 0
    for chunk in _tar(bundle):
        crc = zlib.crc32(chunk, crc)
        size += len(chunk)
        packed += file.write(deflater.compress(chunk))
        if level and size > _STORE_ABOVE_RATIO * packed + LIMITS.slack_bytes // 2:
            return False
    file.write(deflater.flush() + crc.to_bytes(4, "little") + (size & 0xFFFFFFFF).to_bytes(4, "little"))
    return True


def read_archive(archive: Path, destination: Path, limits: Limits = LIMITS) -> Manifest:
    """Unpack an archive into a new folder.

    Returns:
        The manifest; every file is what it lists.

    Raises:
        UsageError: it is no archive, or the destination is not free.
        UnsafeContentError: it holds what may not be unpacked; the error names the member.
        BundleCorruptError: it is damaged, or not what its manifest says.
    """
    with new_folder(destination) as fresh:
        return _unpack(archive, fresh, limits, sync=True).manifest


@contextlib.contextmanager
def unpacked(archive: Path, limits: Limits = LIMITS) -> Iterator[FolderBundle]:
    """Unpack an archive into a temporary folder; raises as `read_archive` does."""
    with temporary_folder() as fresh:
        yield _unpack(archive, fresh, limits, sync=False)


@contextlib.contextmanager
def temporary_folder() -> Iterator[Path]:
    """Give a private temporary folder that is gone afterwards.

    Raises:
        CannotRestoreError: it cannot be written.
    """
    try:
        folder = Path(tempfile.mkdtemp(prefix="pressrun-"))
    except OSError as error:
        raise cannot_write(Path(tempfile.gettempdir()), error) from error
    try:
        yield folder / "bundle"
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _unpack(archive: Path, fresh: Path, limits: Limits, *, sync: bool) -> FolderBundle:
    shown = str(archive)
    try:
        file = open_regular(archive.resolve())
    except OSError as error:
        raise UsageError(f"cannot read the archive: {error.strerror}", where=shown) from error
    with file:
        members = _open_members(file, Meter(limits, shown))
        raw = _first_manifest(members, shown)
        read = read_manifest(raw, f"{shown}:{MANIFEST}")
        require_room(read.manifest, fresh, limits, shown)
        try:
            fresh.mkdir(exist_ok=True)
            write_file(fresh, MANIFEST, [raw], sync=sync)
            _unpack_listed(members, read.manifest, fresh, sync=sync, shown=shown)
        except OSError as error:
            raise cannot_write(fresh, error) from error
    check_sums(fresh, read.manifest)
    return FolderBundle(fresh, ReadManifest(read.manifest, read.fields), raw)


def _open_members(file: BinaryIO, meter: Meter) -> Iterator[Member]:
    magic = file.read(512)
    file.seek(0)
    if magic.startswith(_GZIP_MAGIC):
        return tar_members(InflatedStream(file, meter, 31), meter.archive)
    if magic.startswith(LOCAL_SIGNATURE):
        return zip_members(file, meter)
    if magic[257:262] == b"ustar":
        return tar_members(PlainStream(file, meter), meter.archive)
    raise UsageError("it is no .tar, .tar.gz or .zip archive", where=meter.archive)


def _first_manifest(members: Iterator[Member], shown: str) -> bytes:
    first = next(members, None)
    if first is None or first.path != MANIFEST:
        found = "it is empty" if first is None else f"it begins with {first.path!r}"
        raise UnsafeContentError(
            f"the archive does not begin with {MANIFEST}: {found}",
            where=shown,
            remedy="Archives are read as `pressrun export` writes them; import a folder for anything else.",
        )
    if first.size > MAX_MANIFEST_BYTES:
        raise UnsafeContentError(f"the manifest claims {first.size:,} bytes", where=shown)
    return b"".join(first.chunks)


def require_room(manifest: Manifest, fresh: Path, limits: Limits, shown: str) -> None:
    """See, before anything is unpacked, that what a manifest lists is allowed and fits.

    Raises:
        UnsafeContentError: it does not.
    """
    total = sum(file.size for file in manifest.content.files) + sum(piece.size for piece in manifest.evidence)
    total += sum(item.size for item in manifest.content.inputs if item.held)
    if total > limits.total_bytes:
        raise UnsafeContentError(f"it claims {total:,} bytes, the limit is {limits.total_bytes:,}", where=shown)
    free = shutil.disk_usage(fresh.parent).free
    if total > free:
        raise UnsafeContentError(f"it claims {total:,} bytes, {free:,} are free", where=shown)


def _unpack_listed(members: Iterator[Member], manifest: Manifest, fresh: Path, *, sync: bool, shown: str) -> None:
    waiting = listed_files(manifest)
    done = {MANIFEST}
    for member in members:
        if problem := path_problem(member.path):
            raise UnsafeContentError(f"the member {member.path!r} is not allowed: {problem}", where=shown)
        if member.path in done:
            raise UnsafeContentError(f"the member {member.path!r} is there twice", where=shown)
        listed = waiting.pop(member.path, None)
        if listed is None:
            raise BundleCorruptError(f"{member.path!r} is in the archive but not in its manifest", where=shown)
        if listed.size is not None and member.size != listed.size:
            raise BundleCorruptError(f"{member.path!r} has {member.size} bytes, expected {listed.size}", where=shown)
        size, digest = write_file(fresh, member.path, member.chunks, sync=sync)
        require_equal(listed, size, digest)
        done.add(member.path)
    if waiting:
        raise BundleCorruptError(f"{min(waiting)!r} is missing from the archive", where=shown)
