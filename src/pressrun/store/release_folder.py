"""A folder that holds what is live: one folder a version, and a link ``current`` that points at one of them.

    DIR/churn/3-0123456789ab/    the bundle of version 3, whole or absent
    DIR/churn/current            a symbolic link to ``3-0123456789ab``, replaced atomically

Whoever reads through ``current`` sees one version or another, never a mixture.
"""

from __future__ import annotations

import contextlib
import os
import secrets
import stat
from pathlib import Path

from pressrun.errors import PressrunError, UnsafeContentError
from pressrun.records.digest import Digest
from pressrun.store.bundles import write_folder
from pressrun.store.folders import cannot_write, open_directory
from pressrun.store.fs import sync_directory
from pressrun.store.layout import hex_of
from pressrun.store.manifests import Exportable

CURRENT = "current"


def place_release(root: Path, name: str, number: int, bundle: Exportable) -> Path:
    """Write a version beside the others, durably; nothing points at it yet.

    A folder that is there already is compared file by file; one that was changed is set aside, never repaired in place.

    Args:
        root: the target folder.
        name: of the version.
        number: of the version.
        bundle: what to write.

    Returns:
        Where it is.

    Raises:
        BundleCorruptError: a file is not what the manifest says; nothing is left behind.
        CannotRestoreError: it cannot be written.
    """
    folder = root / name / f"{number}-{hex_of(bundle.manifest.content_digest)[:12]}"
    if _is_folder(folder):
        if _is_whole(folder, bundle.manifest.content_digest):
            return folder
        _set_aside(folder)
    write_folder(bundle, folder)
    return folder


def _is_folder(path: Path) -> bool:
    try:
        return stat.S_ISDIR(path.lstat().st_mode)
    except (FileNotFoundError, NotADirectoryError):
        return False
    except OSError as error:
        # it cannot be seen, or no path can be so long
        raise cannot_write(path, error) from error


def _is_whole(folder: Path, digest: Digest) -> bool:
    try:
        return open_directory(folder).manifest.content_digest == digest
    except PressrunError:
        return False


def _set_aside(folder: Path) -> None:
    try:
        folder.rename(folder.with_name(f".{folder.name}.changed-{secrets.token_hex(4)}"))
    except OSError as error:
        raise cannot_write(folder, error) from error


def point_at(root: Path, name: str, folder: Path | None) -> None:
    """Let ``current`` mean a version's folder, or nothing, from one moment to the next, durably.

    Raises:
        UnsafeContentError: something that is no link stands in its place.
        CannotRestoreError: it cannot be written.
    """
    link = root / name / CURRENT
    try:
        if os.path.lexists(link) and not link.is_symlink():
            raise UnsafeContentError("it is no link, and will not be replaced", where=str(link), remedy="Move it away.")
        if folder is None:
            link.unlink(missing_ok=True)
            if link.parent.is_dir():
                sync_directory(link.parent)
            return
        fresh = link.with_name(f".{CURRENT}.{secrets.token_hex(6)}.tmp")
        try:
            fresh.symlink_to(folder.name)
            fresh.replace(link)
        except BaseException:
            with contextlib.suppress(FileNotFoundError):
                fresh.unlink()
            raise
        sync_directory(link.parent)
    except OSError as error:
        raise cannot_write(link, error) from error


def pointed_at(root: Path, name: str) -> str:
    """Return the name of the folder that ``current`` means; empty for none."""
    try:
        return os.readlink(root / name / CURRENT)  # noqa: PTH115 - the text of the link is wanted, not a path
    except OSError:
        return ""
