"""The lock file of a bundle: ``pylock.toml`` (PEP 751), for one interpreter and one platform, every byte hashed.

Written with bytes that depend on the environment only: no times, no paths of this machine, no credentials, sorted by
name. Read strictly: a package without a hash or a pinned commit, two spellings of one name, or a file that is named
after another package is refused before anything is installed.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from pathlib import Path, PurePosixPath
from typing import Any
from urllib.parse import unquote, urlsplit

import msgspec
from packaging.utils import (
    InvalidSdistFilename,
    InvalidWheelFilename,
    canonicalize_name,
    parse_sdist_filename,
    parse_wheel_filename,
)
from packaging.version import InvalidVersion, Version

from pressrun.errors import EnvironmentRestoreError
from pressrun.notebook.environment import toml
from pressrun.notebook.statcache import hash_file
from pressrun.records.capture import Environment

LOCK_VERSION = "1.0"
MAX_BYTES = 16 << 20
STRONG_HASHES = {"sha256": 64, "sha384": 96, "sha512": 128}
REMEDY = "Press the notebook again to get a lock that can be trusted."


class LockedPackage(msgspec.Struct, frozen=True, kw_only=True):
    """One distribution of a lock: exactly one file or one commit.

    Attributes:
        name: canonical.
        kind: how it is installed.
        url: of the file or repository, without credentials; empty for a file in the bundle.
        path: posix, relative to the lock, for a file in the bundle.
        sha256: hex digest of the file; empty for a commit.
        revision: the commit, for kind ``vcs``.
        subdirectory: of the project inside the repository.
    """

    name: str
    version: str
    kind: str  # wheel, sdist, archive or vcs
    url: str = ""
    path: str = ""
    sha256: str = ""
    revision: str = ""
    subdirectory: str = ""


class LockDocument(msgspec.Struct, frozen=True, kw_only=True):
    """What a lock says.

    Attributes:
        python: full version of the interpreter it was made for; empty in a lock that pressrun did not write.
        names: canonical names of all packages.
        unconditional: those of `names` that have no marker.
        shipped: paths of the files in the bundle, relative to the lock.
    """

    python: str
    names: tuple[str, ...]
    unconditional: tuple[str, ...]
    versions: dict[str, str]
    shipped: tuple[str, ...]


def render_lock(environment: Environment, packages: Iterable[LockedPackage]) -> bytes:
    """Return the bytes of the lock for `environment`."""
    markers = environment.markers
    minor = ".".join(environment.python.split(".")[:2])
    marker = " and ".join(
        f"{name} == '{markers[name]}'" for name in ("implementation_name", "platform_machine", "sys_platform")
    )
    document: dict[str, Any] = {
        "lock-version": LOCK_VERSION,
        "environments": [marker],
        "requires-python": f"=={minor}.*",
        "created-by": "pressrun",
        "packages": [_table(package) for package in sorted(packages, key=lambda package: package.name)],
        "tool": {"pressrun": {"python": environment.python}},
    }
    return toml.dumps(document).encode()


def _table(package: LockedPackage) -> dict[str, Any]:
    table: dict[str, Any] = {"name": package.name, "version": package.version}
    place = {"url": package.url} if package.url else {"path": package.path}
    hashed = {**place, "hashes": {"sha256": package.sha256}}
    subdirectory = {"subdirectory": package.subdirectory} if package.subdirectory else {}
    if package.kind == "wheel":
        table["wheels"] = [{"name": file_name(package.url or package.path), **hashed}]
    elif package.kind == "sdist":
        table["sdist"] = {"name": file_name(package.url or package.path), **hashed}
    elif package.kind == "archive":
        table["archive"] = {**hashed, **subdirectory}
    else:
        table["vcs"] = {"type": "git", "url": package.url, "commit-id": package.revision, **subdirectory}
    return table


def file_name(place: str) -> str:
    """Return the file name at the end of a URL or path."""
    return unquote(PurePosixPath(urlsplit(place).path).name)


def read_lock(path: Path) -> LockDocument:
    """Return what the lock at `path` says, after checking that it can be trusted.

    Raises:
        EnvironmentRestoreError: the file is absent, no lock, of a newer format, or says something that is not pinned.
    """
    try:
        if path.stat().st_size > MAX_BYTES:
            raise EnvironmentRestoreError("the lock is larger than any lock", where=str(path), remedy=REMEDY)
        document = toml.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise EnvironmentRestoreError(f"no lock can be read: {error}", where=str(path), remedy=REMEDY) from error
    if str(document.get("lock-version", "")).partition(".")[0] != "1":
        raise _refused(path, f"the lock's format {document.get('lock-version')!r} is not known")
    packages = document.get("packages", [])
    versions: dict[str, str] = {}
    shipped: list[str] = []
    for package in packages if isinstance(packages, list) else []:
        name = canonicalize_name(str(package.get("name", "")))
        if not name or name in versions:
            raise _refused(path, f"package {name!r} is there twice, under two spellings perhaps" if name else "no name")
        versions[name] = str(package.get("version", ""))
        shipped += _check_package(path, name, package)
    for relative in shipped:
        _check_shipped(path, relative, packages)
    return LockDocument(
        python=str(document.get("tool", {}).get("pressrun", {}).get("python", "")),
        names=tuple(versions),
        unconditional=tuple(canonicalize_name(str(p["name"])) for p in packages if not p.get("marker")),
        versions=versions,
        shipped=tuple(shipped),
    )


def _check_package(lock: Path, name: str, package: Mapping[str, Any]) -> list[str]:
    """Refuse what is not pinned; return the paths of files in the bundle."""
    if "directory" in package:
        raise _refused(lock, f"{name} is a folder, which has no hash")
    if "vcs" in package:
        commit = str(package["vcs"].get("commit-id", ""))
        if not re.fullmatch(r"[0-9a-f]{40}([0-9a-f]{24})?", commit):
            raise _refused(lock, f"{name} comes from a repository without a full commit id")
        return []
    files = [*package.get("wheels", []), *(package[key] for key in ("sdist", "archive") if key in package)]
    if not files:
        raise _refused(lock, f"{name} names no file")
    shipped = []
    for file in files:
        if not any(_is_hex(file.get("hashes", {}).get(kind), length) for kind, length in STRONG_HASHES.items()):
            raise _refused(lock, f"{name} has a file without a sha256 hash")
        if "url" in file and urlsplit(str(file["url"])).scheme not in {"http", "https"}:
            raise _refused(lock, f"{name} is fetched by {str(file['url']).partition(':')[0]!r}")
        if file is not package.get("archive"):
            _check_file_name(lock, name, str(package.get("version", "")), file)
        if "url" not in file:
            shipped.append(str(file.get("path", "")))
    return shipped


def _is_hex(value: object, length: int) -> bool:
    return isinstance(value, str) and re.fullmatch(f"[0-9a-f]{{{length}}}", value) is not None


def _check_file_name(lock: Path, name: str, version: str, file: Mapping[str, Any]) -> None:
    names = {file_name(str(file[key])) for key in ("name", "url", "path") if file.get(key)}
    for found in names:
        try:
            parse = parse_wheel_filename if found.endswith(".whl") else parse_sdist_filename
            parsed = parse(found)
            same = parsed[0] == name and (not version or parsed[1] == Version(version))
        except (InvalidWheelFilename, InvalidSdistFilename, InvalidVersion):
            same = canonicalize_name(found).startswith(f"{name}-")
        if not same:
            raise _refused(lock, f"{name} {version} is to be installed from {found!r}, which names something else")


def _check_shipped(lock: Path, relative: str, packages: Iterable[Mapping[str, Any]]) -> None:
    pure = PurePosixPath(relative)
    if not relative or pure.is_absolute() or ".." in pure.parts or "\\" in relative or ":" in relative:
        raise _refused(lock, f"the path {relative!r} leads out of the bundle")
    wanted = {
        str(file["hashes"]["sha256"])
        for package in packages
        for file in [*package.get("wheels", []), package.get("sdist", {}), package.get("archive", {})]
        if file.get("path") == relative and "sha256" in file.get("hashes", {})
    }
    target = lock.parent / relative
    if not target.is_file() or target.is_symlink():
        raise _refused(lock, f"{relative} is missing from the bundle")
    found = hash_file(target)[0].removeprefix("sha256:")
    if wanted != {found}:
        raise _refused(lock, f"{relative} has the digest {found}, the lock says {', '.join(sorted(wanted)) or 'none'}")


def _refused(lock: Path, what: str) -> EnvironmentRestoreError:
    return EnvironmentRestoreError(what, where=str(lock), remedy=REMEDY)
