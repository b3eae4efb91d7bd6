"""The installed files of a distribution, as its RECORD lists them, and whether they still are what it says.

Read from disk by the tool, not by the kernel: the kernel's environment lies on the same machine.
"""

from __future__ import annotations

import base64
import binascii
import csv
import hashlib
import os
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import msgspec

from pressrun.errors import InputChangedError
from pressrun.notebook.statcache import StatCache
from pressrun.records.capture import Distribution

WRITTEN_BY_INSTALLERS = frozenset(
    {
        "INSTALLER",
        "REQUESTED",
        "RECORD",
        "RECORD.jws",
        "RECORD.p7s",
        "direct_url.json",
        "uv_cache.json",
        "uv_build.json",
    }
)
"""Files in a ``.dist-info`` that an installer writes, so that they are no part of the distribution itself."""


class RecordEntry(msgspec.Struct, frozen=True):
    """One line of a RECORD.

    Attributes:
        path: as written there: posix, relative to the folder that holds the ``.dist-info``.
        algorithm: of the hash (``sha256``); empty when the line has none.
        hexdigest: lower case.
    """

    path: str
    algorithm: str = ""
    hexdigest: str = ""


class PackageFile(msgspec.Struct, frozen=True):
    """A file that belongs to an installed distribution; `path` is relative to site-packages."""

    name: str
    version: str
    path: str


def site_folder(distribution: Distribution) -> Path:
    """Return the folder that holds the metadata of `distribution` (its site-packages)."""
    return Path(distribution.metadata_path).parent


def parse_record(text: str) -> tuple[RecordEntry, ...]:
    """Parse the text of a RECORD; a hash that cannot be read counts as none."""
    entries = []
    for row in csv.reader(text.splitlines()):
        if not row or not row[0]:
            continue
        algorithm, _, encoded = (row[1] if len(row) > 1 else "").partition("=")
        try:
            hexdigest = base64.urlsafe_b64decode(encoded + "=" * (-len(encoded) % 4)).hex()
        except (binascii.Error, ValueError):
            algorithm, hexdigest = "", ""
        entries.append(RecordEntry(row[0].replace("\\", "/"), algorithm if hexdigest else "", hexdigest))
    return tuple(entries)


def read_record(distribution: Distribution) -> tuple[RecordEntry, ...]:
    """Return the RECORD of an installed distribution; empty when it has none."""
    path = Path(distribution.metadata_path) / "RECORD"
    if not distribution.metadata_path or not path.is_file():
        return ()
    return parse_record(path.read_text(encoding="utf-8", errors="replace"))


def is_own_file(entry: RecordEntry) -> bool:
    """Tell whether `entry` is part of the distribution: not byte code, not written by the installer, not a launcher.

    Launchers and data files outside site-packages (``../../../bin/x``) are written by installers in their own way.
    """
    folder, _, name = entry.path.rpartition("/")
    if entry.path.startswith("../") or name.endswith(".pyc"):
        return False
    return not (folder.endswith(".dist-info") and name in WRITTEN_BY_INSTALLERS)


def edited_files(distribution: Distribution, cache: StatCache) -> tuple[str, ...]:
    """Return the files of `distribution` whose content is not what its RECORD says, relative to site-packages.

    A file that is gone is no edit: slim images delete tests and documentation.
    """
    site = site_folder(distribution)
    edited = []
    for entry in read_record(distribution):
        path = site / entry.path
        if not entry.algorithm or not is_own_file(entry) or not path.is_file():
            continue
        if _hexdigest(path, entry.algorithm, cache) != entry.hexdigest:
            edited.append(entry.path)
    return tuple(sorted(edited))


def check_distributions(distributions: Iterable[Distribution], cache: StatCache) -> dict[str, tuple[str, ...]]:
    """Return name -> edited files for every one of `distributions` that has any; hashing runs on all processors."""
    chosen = list(distributions)
    with ThreadPoolExecutor(max_workers=os.cpu_count() or 1) as pool:
        found = pool.map(lambda distribution: edited_files(distribution, cache), chosen)
        return {distribution.name: files for distribution, files in zip(chosen, found, strict=True) if files}


def _hexdigest(path: Path, algorithm: str, cache: StatCache) -> str:
    if algorithm == "sha256":
        return cache.digest(path).digest.removeprefix("sha256:")
    if algorithm not in hashlib.algorithms_available:
        raise InputChangedError(f"RECORD uses the unknown hash {algorithm!r}", where=str(path))
    return hashlib.new(algorithm, path.read_bytes()).hexdigest()


def owners_of(paths: Iterable[str], distributions: Iterable[Distribution]) -> dict[str, PackageFile]:
    """Return path -> the installed file it is, for those of `paths` that a RECORD lists.

    Args:
        paths: absolute paths; they are compared as they are and with symbolic links resolved.
        distributions: where to look.
    """
    wanted: dict[str, str] = {}
    for path in paths:
        wanted.setdefault(os.path.normpath(path), path)
        wanted.setdefault(os.path.realpath(path), path)
    owners: dict[str, PackageFile] = {}
    if not wanted:
        return owners
    for distribution in distributions:
        site = str(site_folder(distribution))
        sites = {site, os.path.realpath(site)}
        if not any(path.startswith(prefix + os.sep) for prefix in sites for path in wanted):
            continue
        for entry in read_record(distribution):
            for prefix in sites:
                path = wanted.get(os.path.normpath(f"{prefix}/{entry.path}"), "")
                if path:
                    owners.setdefault(path, PackageFile(distribution.name, distribution.version, entry.path))
    return owners
