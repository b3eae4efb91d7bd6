"""Where a deployment goes: nowhere but the record, or a local folder that holds the bundle."""

from __future__ import annotations

import os
from pathlib import Path

from pressrun.actions.registry import Registry
from pressrun.errors import UsageError
from pressrun.store.bundles import StoredBundle
from pressrun.store.release_folder import place_release, point_at, pointed_at

RECORD = "record"
FOLDER = "dir:"


def target_of(registry: Registry, environment: str, given: str = "") -> str:
    """Return the target of an environment: as given, as the settings say, else the record alone.

    Raises:
        UsageError: it is no target that we know.
    """
    target = given or registry.settings.environments.get(environment, RECORD)
    if target != RECORD and not (target.startswith(FOLDER) and target != FOLDER):
        raise UsageError(f"{target!r} is no target", remedy=f"Known are {RECORD!r} and {FOLDER}PATH.")
    if not target.isprintable():
        raise UsageError(f"{target!r} is no target: it holds a character that cannot be seen")
    return target


def put_live(registry: Registry, target: str, name: str, number: int, bundle: StoredBundle | None) -> str:
    """Let the target serve a version from now on, or nothing where there is no bundle.

    Returns:
        Where the version is; empty when it is only on record.

    Raises:
        BundleCorruptError: a stored file is not what the manifest says; the target is as it was.
        CannotRestoreError: the target cannot be written; it is as it was.
    """
    root = _folder(registry, target)
    if root is None:
        return ""
    if bundle is None:
        point_at(root, name, None)
        return ""
    folder = place_release(root, name, number, bundle)
    point_at(root, name, folder)
    return str(folder)


def is_live(registry: Registry, target: str, name: str, number: int, digest: str) -> bool:
    """Whether the target serves that version now: tells whether an interrupted deployment got through."""
    root = _folder(registry, target)
    if root is None:
        return False
    wanted = f"{number}-{digest.removeprefix('sha256:')[:12]}" if number else ""
    return pointed_at(root, name) == wanted


def location_of(registry: Registry, target: str, name: str) -> str:
    """Return where the live version is in the target; empty when it is only on record."""
    root = _folder(registry, target)
    pointed = pointed_at(root, name) if root is not None else ""
    return str(root / name / pointed) if root is not None and pointed else ""


def _folder(registry: Registry, target: str) -> Path | None:
    if target == RECORD:
        return None
    path = Path(target.removeprefix(FOLDER)).expanduser()
    return Path(os.path.normpath(registry.project / path))
