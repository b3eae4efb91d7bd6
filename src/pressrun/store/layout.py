"""Where things lie in ``.pressrun/``, and which version of that layout this is.

    .gitignore                              ``*``: nothing in here is for version control
    format                                  ``pressrun-store 1``
    objects/sha256/ab/cdef...               a file, named by its digest
    bundles/<hex>/manifest/<hex>.json       what the bundle is; written last, so that whoever sees it sees all of it
    bundles/<hex>/evidence/<hex>.json       one piece of evidence each
    bundles/<hex>/held/<hex>.json           one input each whose copy is here
    names/<name>/<number>-<hex>             one bundle each that had the name; the highest number has it now
    tmp/                                    files being written
    journals/<hex>                          one journal each that refers to objects in here
    gc.lock                                 held by whoever adds, shared, or by a collection of garbage, alone
    gc.turn                                 held by whoever waits for the other
    live/                                   what was captured live (`pressrun.notebook.sidecar`), not part of the store
    jobs/<id>/                              one job each (`pressrun.store.jobs`), not part of the store

Whatever may grow is a directory with one file a fact, each named by what it says: nothing is ever read, changed and
written back, so writers cannot undo each other's work. The layout is stable: a newer one gets a new format number.
"""

from __future__ import annotations

import re
from pathlib import Path

from pressrun.errors import CannotRestoreError, UnsafeContentError
from pressrun.records.digest import Digest
from pressrun.store.durable import DurableWriter
from pressrun.store.fs import Fs

STORE_FOLDER = ".pressrun"
STORE_FORMAT = 1
FORMAT_FILE = "format"
IGNORE_FILE = ".gitignore"
OBJECTS = "objects/sha256"
BUNDLES = "bundles"
NAMES = "names"
EVIDENCE = "evidence"
HELD = "held"
BASE = "manifest"

_FORMAT = re.compile(rb"pressrun-store ([0-9]{1,6})\n")
_OTHERS_MAY_WRITE = 0o002
_DIGEST = re.compile(r"sha256:([0-9a-f]{64})")


def hex_of(digest: Digest) -> str:
    """Return the 64 hex digits of `digest`.

    Raises:
        ValueError: it is no digest; a path is made of it, so this is always checked.
    """
    found = _DIGEST.fullmatch(digest)
    if found is None:
        raise ValueError(f"{digest!r} is not a sha256 digest")
    return found[1]


def object_path(root: Path, digest: Digest) -> Path:
    """Return where the object with `digest` is or would be."""
    digits = hex_of(digest)
    return root / OBJECTS / digits[:2] / digits[2:]


def bundle_path(root: Path, digest: Digest) -> Path:
    """Return the folder of the bundle with the content digest `digest`."""
    return root / BUNDLES / hex_of(digest)


def prepare(writer: DurableWriter) -> None:
    """Make the store's folder, or see that it is one that may be written.

    Raises:
        CannotRestoreError: it is of a newer format.
        UnsafeContentError: it is a link, or anybody may write to it.
    """
    root, fs = writer.root, writer.fs
    present = check_format(root, fs)
    writer.ensure_directory(root)
    if fs.stat(root / IGNORE_FILE) is None:
        writer.write(root / IGNORE_FILE, b"*\n")
    if present:
        writer.confirm(root / FORMAT_FILE)
    else:
        writer.write(root / FORMAT_FILE, f"pressrun-store {STORE_FORMAT}\n".encode())


def check_format(root: Path, fs: Fs) -> bool:
    """See that the store at `root` is one we can read.

    Returns:
        Whether there is a store; a folder that nothing was stored in yet is none.
    """
    entry = fs.stat(root)
    if entry is None:
        return False
    if entry.kind != "directory":
        raise UnsafeContentError(
            "the store is a link or a file, not a folder", where=str(root), remedy="Remove it or move it away."
        )
    if entry.mode & _OTHERS_MAY_WRITE:
        raise UnsafeContentError(
            "anybody on this machine may write to the store", where=str(root), remedy="Run: chmod o-w on it."
        )
    marker = root / FORMAT_FILE
    if fs.stat(marker) is None:
        if fs.names(root / OBJECTS) or fs.names(root / BUNDLES):
            raise CannotRestoreError(
                "the store holds bundles but does not say its format",
                where=str(marker),
                remedy=f"If this pressrun wrote it, write the line 'pressrun-store {STORE_FORMAT}' into that file.",
            )
        return False
    with fs.open(marker) as file:
        found = _FORMAT.fullmatch(file.read(64))
    if found is None:
        raise CannotRestoreError("the store's format cannot be read", where=str(marker))
    if int(found[1]) > STORE_FORMAT:
        raise CannotRestoreError(
            f"the store has format {int(found[1])}, this pressrun knows {STORE_FORMAT}",
            where=str(root),
            remedy="Use the newer pressrun that wrote it.",
        )
    return True
