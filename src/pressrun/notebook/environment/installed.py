"""Whether the files of an environment are what they should be: every one accounted for, none edited, none added.

A freshly built environment is checked against the RECORDs that its wheels brought; the result is kept as a list of
(path, digest, stamp) beside the environment, and that list is what a later use is checked against. Byte code
(``__pycache__``) is not listed: interpreters write it as they go. It must belong to a listed source.
"""

from __future__ import annotations

import os
import re
import time
from collections.abc import Iterator
from pathlib import Path

import msgspec
from packaging.utils import canonicalize_name
from packaging.version import InvalidVersion, Version

from pressrun.errors import EnvironmentRestoreError
from pressrun.notebook.environment.distributions import is_own_file, parse_record, read_record
from pressrun.notebook.statcache import RACY_NS, hash_file
from pressrun.records.capture import Distribution

MADE_BY_VENV = re.compile(
    r"^(lib64|\.gitignore|\.lock|CACHEDIR\.TAG|pyvenv\.cfg|(bin|Scripts)/((de)?activate[\w.]*|python[\w.]*|pydoc\.bat)"
    r"|.*/site-packages/_virtualenv\.(py|pth))$"
)
PYCACHE = re.compile(r"^(?P<folder>.*?/?)__pycache__/(?P<stem>[^/]+?)\.[\w-]+?(\.opt-\d)?\.pyc$")


class FileState(msgspec.Struct, frozen=True, array_like=True):
    """What a file was when it was last hashed: hex sha256, size, mtime, ctime and inode."""

    sha256: str
    stamp: tuple[int, int, int, int]
    hashed_ns: int


class FileList(msgspec.Struct, frozen=True):
    """Every file of an environment but byte code, by posix path relative to it."""

    format: int
    python: str
    files: dict[str, FileState]


def walk(root: Path) -> Iterator[str]:
    """Yield the posix paths of all files under `root`; a link to a folder counts as a file."""
    for folder, subfolders, names in os.walk(root):
        prefix = Path(folder).relative_to(root).as_posix()
        links = [name for name in subfolders if (Path(folder) / name).is_symlink()]
        for name in [*names, *links]:
            yield name if prefix == "." else f"{prefix}/{name}"


def state_of(path: Path) -> FileState:
    """Hash one file; a symbolic link is hashed as what it points to in the file system, by name."""
    found = path.lstat()
    digest = f"link:{path.readlink()}" if path.is_symlink() else hash_file(path)[0].removeprefix("sha256:")
    return FileState(digest, _stamp(found), time.time_ns())


def check_against_records(root: Path, expected: dict[str, str]) -> FileList:
    """Check a fresh environment: its distributions are `expected`, its files are what their RECORDs say.

    Args:
        root: the environment.
        expected: canonical name -> version (empty: any).

    Raises:
        EnvironmentRestoreError: naming the distributions or files that differ.
    """
    hashes: dict[str, str] = {}
    found: dict[str, str] = {}
    for info in [*root.glob("lib/python*/site-packages/*.dist-info"), *root.glob("Lib/site-packages/*.dist-info")]:
        site = info.parent.relative_to(root).as_posix()
        name, _, version = info.name.removesuffix(".dist-info").rpartition("-")
        found[canonicalize_name(name)] = version
        for entry in parse_record((info / "RECORD").read_text(encoding="utf-8", errors="replace")):
            inside = os.path.normpath(f"{site}/{entry.path}").replace("\\", "/")
            hashes[inside] = entry.hexdigest if entry.algorithm == "sha256" else ""
    _check_names(root, expected, found)
    files: dict[str, FileState] = {}
    problems: list[str] = []
    for path in walk(root):
        if path.endswith(".pyc"):
            continue
        state = state_of(root / path)
        if path not in hashes and not MADE_BY_VENV.match(path):
            problems.append(f"{path} belongs to no package")
        elif hashes.get(path) and state.sha256 != hashes[path]:
            problems.append(f"{path} has the sha256 {state.sha256}, its RECORD says {hashes[path]}")
        files[path] = state
    missing = sorted(path for path in hashes.keys() - files.keys() if not path.endswith(".pyc"))
    problems += [f"{path} is missing" for path in missing]
    if problems:
        raise EnvironmentRestoreError(_sentence(problems), where=str(root), remedy="Remove this folder and run again.")
    return FileList(1, "", files)


def _check_names(root: Path, expected: dict[str, str], found: dict[str, str]) -> None:
    told = [f"{name} is not installed" for name in sorted(expected.keys() - found.keys())]
    told += [f"{name} is not in the lock" for name in sorted(found.keys() - expected.keys())]
    for name in sorted(expected.keys() & found.keys()):
        if expected[name] and not _same_version(expected[name], found[name]):
            told.append(f"{name} is {found[name]}, the lock says {expected[name]}")
    if told:
        raise EnvironmentRestoreError(_sentence(told), where=str(root), remedy="Remove this folder and run again.")


def _same_version(expected: str, found: str) -> bool:
    try:
        return Version(expected) == Version(found)
    except InvalidVersion:
        return expected == found


def differences(root: Path, known: FileList, *, full: bool) -> tuple[list[str], FileList]:
    """Return what differs between the environment and the list made of it, and the list with fresh stamps.

    Args:
        root: the environment.
        known: the list.
        full: hash every file; else only those whose size, times or inode changed, or that were hashed so soon after a
            change that another change could hide.
    """
    files: dict[str, FileState] = {}
    problems: list[str] = []
    for path in walk(root):
        target = root / path
        if path.endswith(".pyc"):
            if not _has_source(path, known, root):
                problems.append(f"{path} was added")
            continue
        before = known.files.get(path)
        if before is None:
            problems.append(f"{path} was added")
            continue
        found = _stamp(target.lstat())
        racy = before.hashed_ns - max(before.stamp[1], before.stamp[2]) < RACY_NS
        state = before if found == before.stamp and not full and not racy else state_of(target)
        if state.sha256 != before.sha256:
            problems.append(f"{path} was edited")
        files[path] = state
    problems += [f"{path} is missing" for path in sorted(known.files.keys() - files.keys())]
    return problems, FileList(known.format, known.python, files)


def _has_source(path: str, known: FileList, root: Path) -> bool:
    """Byte code must stand in ``__pycache__`` beside a listed source; a bare ``x.pyc`` would be imported by itself."""
    match = PYCACHE.match(path)
    return (
        match is not None and f"{match['folder']}{match['stem']}.py" in known.files and not (root / path).is_symlink()
    )


def _stamp(found: os.stat_result) -> tuple[int, int, int, int]:
    return (found.st_size, found.st_mtime_ns, found.st_ctime_ns, found.st_ino)


def _sentence(problems: list[str], limit: int = 8) -> str:
    more = f"; and {len(problems) - limit} more" if len(problems) > limit else ""
    return "; ".join(problems[:limit]) + more


def differing_files(first: Distribution, second: Distribution) -> tuple[str, ...]:
    """Return the files, relative to site-packages, that the RECORDs of two installations say are not the same."""
    left, right = (
        {e.path: e.hexdigest for e in read_record(d) if is_own_file(e) and not e.path.endswith("/WHEEL")}
        for d in (first, second)
    )
    return tuple(sorted(path for path in left.keys() | right.keys() if left.get(path) != right.get(path)))
