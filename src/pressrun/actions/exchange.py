"""Find a bundle wherever it is, write it somewhere else, and take one in.

A bundle is named by a folder, an archive, an OCI layout (``oci:FOLDER[:TAG]``), or by what the project's store knows it
by: a name, its content digest, or the beginning of that. Files are hashed and copied here, never interpreted: no model
is loaded, no code is run.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from pathlib import Path
from typing import Literal, NamedTuple

import msgspec

from pressrun.errors import UsageError
from pressrun.records.bundle import MANIFEST, Manifest
from pressrun.records.digest import Digest
from pressrun.store.archive import archive_kind, temporary_folder, unpacked, write_archive
from pressrun.store.bundles import BundleStore, write_folder
from pressrun.store.folders import FolderBundle, cannot_write, open_directory
from pressrun.store.layout import STORE_FOLDER
from pressrun.store.manifests import Exportable, listed_files
from pressrun.store.oci import Layout, is_layout, parse_layout, unpack_layout, write_layout

Form = Literal["folder", "tar", "tar.gz", "zip", "oci"]


class OpenedBundle(NamedTuple):
    """A bundle as a folder that was verified. Read it; what is written into it is lost or makes it invalid."""

    folder: Path
    manifest: Manifest


class Exported(msgspec.Struct, frozen=True, kw_only=True):
    """What was written, and where.

    Attributes:
        artifact: digest by which a registry knows it; only for OCI layouts.
    """

    name: str
    content_digest: Digest
    to: str
    form: Form
    files: int
    size: int
    artifact: str = ""


class Imported(msgspec.Struct, frozen=True, kw_only=True):
    """What was taken into the store.

    Attributes:
        known: whether the store had this content before.
    """

    name: str
    content_digest: Digest
    store: str
    files: int
    size: int
    known: bool


def store_of(project: Path) -> BundleStore:
    """Return the store of a project; it is made when something is first put into it."""
    return BundleStore(project / STORE_FOLDER)


@contextlib.contextmanager
def open_bundle(reference: str, project: Path) -> Iterator[OpenedBundle]:
    """Give a bundle as a verified folder for as long as the block runs.

    Args:
        reference: a folder, an archive, ``oci:FOLDER[:TAG]``, or a name, digest or digest prefix in the store.
        project: the project whose store is meant.

    Raises:
        UsageError: there is no such bundle.
        BundleCorruptError: it is not what its manifest says; the error names the file.
        UnsafeContentError: it holds what may not be unpacked.
        CannotRestoreError: it is of a newer format, or cannot be unpacked here.
    """
    with read_bundle(reference, project) as bundle:
        if isinstance(bundle, FolderBundle):
            yield OpenedBundle(bundle.folder, bundle.manifest)
            return
        with temporary_folder() as fresh:
            write_folder(bundle, fresh, sync=False)
            yield OpenedBundle(fresh, bundle.manifest)


@contextlib.contextmanager
def read_bundle(reference: str, project: Path) -> Iterator[Exportable]:
    """Give a bundle so that its files can be read; arguments and errors as for `open_bundle`.

    One in a folder or archive has been verified as a whole; of one in the store, each file is when it is read.
    """
    place = _place(reference)
    if place is None:
        yield store_of(project).open(reference)
    else:
        with _from_place(place) as bundle:
            yield bundle


def export_bundle(reference: str, project: Path, to: str) -> Exported:
    """Write a bundle to a new folder, archive or OCI layout; equal bundles give equal bytes.

    Args:
        reference: as for `open_bundle`.
        project: the project whose store is meant.
        to: a folder; a file name that ends in ``.tar``, ``.tar.gz``, ``.tgz`` or ``.zip``; or ``oci:FOLDER[:TAG]``.

    Raises:
        UsageError: there is no such bundle, or the destination is taken.
        BundleCorruptError: it is not what its manifest says; nothing is left behind.
        CannotRestoreError: the destination cannot be written; nothing is left behind.
    """
    layout = parse_layout(to)
    artifact = ""
    form: Form = "folder"
    with read_bundle(reference, project) as bundle:
        if layout is not None:
            form, artifact = "oci", write_layout(bundle, layout)
        elif (kind := archive_kind(Path(to))) is not None:
            form = kind
            write_archive(bundle, Path(to))
        else:
            write_folder(bundle, Path(to))
        manifest = bundle.manifest
    files, size = _amount(manifest)
    return Exported(
        name=manifest.name,
        content_digest=manifest.content_digest,
        to=to,
        form=form,
        files=files,
        size=size,
        artifact=artifact,
    )


def import_bundle(source: str, project: Path) -> Imported:
    """Take a bundle into the project's store, after all of it was verified.

    Args:
        source: a folder, an archive, or ``oci:FOLDER[:TAG]``.
        project: the project whose store takes it.

    Raises:
        UsageError: there is no such bundle.
        BundleCorruptError: it is not what its manifest says; nothing was taken in.
        UnsafeContentError: it holds what may not be unpacked; nothing was taken in.
        CannotRestoreError: it is of a newer format, or the store cannot be written.
    """
    place = _place(source)
    if place is None:
        raise UsageError(
            "there is no such folder or archive",
            where=source,
            remedy=f"Name a folder that holds {MANIFEST}, a .tar, .tar.gz or .zip file, or oci:FOLDER.",
        )
    store = store_of(project)
    with _from_place(place) as bundle:
        known = store.has(bundle.manifest.content_digest)
        manifest = store.add_verified(bundle)
    files, size = _amount(bundle.manifest)
    return Imported(
        name=bundle.manifest.name,
        content_digest=manifest.content_digest,
        store=str(store.root),
        files=files,
        size=size,
        known=known,
    )


def _place(reference: str) -> Layout | Path | None:
    layout = parse_layout(reference)
    if layout is not None:
        return layout
    path = Path(reference)
    if path.is_file() or (path.is_dir() and (path / MANIFEST).exists()):
        return path
    if is_layout(path):
        return Layout(path, "")
    # a folder that happens to be called like a bundle in the store is not meant; one given as a path is
    return path if path.is_dir() and "/" in reference else None


@contextlib.contextmanager
def _from_place(place: Layout | Path) -> Iterator[FolderBundle]:
    if isinstance(place, Layout):
        with temporary_folder() as fresh:
            try:
                bundle = unpack_layout(place, fresh, sync=False)
            except OSError as error:
                raise cannot_write(fresh, error) from error
            yield bundle
    elif place.is_dir():
        yield open_directory(place)
    else:
        with unpacked(place) as bundle:
            yield bundle


def _amount(manifest: Manifest) -> tuple[int, int]:
    sizes = [file.size for file in manifest.content.files] + [piece.size for piece in manifest.evidence]
    sizes += [item.size for item in manifest.content.inputs if item.held]
    return len(listed_files(manifest)) + 1, sum(sizes)
