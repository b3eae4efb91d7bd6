"""Wheels made here, byte for byte the same each time: from installed files, or from the tree of an editable install.

Every wheel is a zip with sorted members, one fixed time stamp and no compression (the bytes of a compressor depend on
its version), and a RECORD written anew. So a wheel depends on the files in it only.
"""

from __future__ import annotations

import base64
import configparser
import hashlib
import itertools
import stat
import zipfile
from collections.abc import Iterable
from pathlib import Path, PurePosixPath

import msgspec
from packaging.utils import canonicalize_name
from packaging.version import InvalidVersion, Version

from pressrun.errors import EnvironmentRestoreError
from pressrun.notebook.environment.distributions import WRITTEN_BY_INSTALLERS, RecordEntry, read_record, site_folder
from pressrun.records.capture import Distribution

TIME_STAMP = (1980, 1, 1, 0, 0, 0)
GENERATOR = "pressrun"


class Member(msgspec.Struct, frozen=True):
    """One file of a wheel: posix path, content, and whether it may be executed."""

    path: str
    content: bytes
    executable: bool = False


def write_wheel(members: Iterable[Member], target: Path) -> Path:
    """Write `members` as a wheel at `target`; a RECORD among them is replaced.

    Raises:
        EnvironmentRestoreError: there is not exactly one ``.dist-info`` with METADATA and WHEEL.
    """
    chosen = {member.path: member for member in members}
    folders = {path.partition("/")[0] for path in chosen if path.partition("/")[0].endswith(".dist-info")}
    if len(folders) != 1 or any(
        f"{folder}/{name}" not in chosen for folder in folders for name in ("METADATA", "WHEEL")
    ):
        raise EnvironmentRestoreError("the files are no wheel: METADATA or WHEEL is missing", where=target.name)
    info = folders.pop()
    for name in ("RECORD", "RECORD.jws", "RECORD.p7s"):
        chosen.pop(f"{info}/{name}", None)
    ordered = sorted(chosen.values(), key=lambda member: (member.path.startswith(f"{info}/"), member.path))
    lines = [f"{_csv(m.path)},sha256={_record_hash(m.content)},{len(m.content)}\n" for m in ordered]
    record = Member(f"{info}/RECORD", "".join([*lines, f"{info}/RECORD,,\n"]).encode())
    target.parent.mkdir(parents=True, exist_ok=True)
    partial = target.with_name(target.name + ".partial")
    with zipfile.ZipFile(partial, "w", zipfile.ZIP_STORED) as archive:
        for member in [*ordered, record]:
            entry = zipfile.ZipInfo(member.path, TIME_STAMP)
            entry.create_system = 3  # Unix, on every machine
            entry.external_attr = (stat.S_IFREG | (0o755 if member.executable else 0o644)) << 16
            archive.writestr(entry, member.content)
    partial.replace(target)
    return target


def _record_hash(content: bytes) -> str:
    return base64.urlsafe_b64encode(hashlib.sha256(content).digest()).rstrip(b"=").decode()


def _csv(text: str) -> str:
    return '"' + text.replace('"', '""') + '"' if any(c in text for c in ',"') else text


def normalise_wheel(wheel: Path, target_folder: Path) -> Path:
    """Write the wheel `wheel`, made by any build tool, again with reproducible bytes; return the new file."""
    members = []
    with zipfile.ZipFile(wheel) as archive:
        for entry in archive.infolist():
            if entry.is_dir():
                continue
            content = archive.read(entry)
            if entry.filename.endswith(".dist-info/WHEEL"):
                content = _without_generator(content)
            members.append(Member(entry.filename, content, bool((entry.external_attr >> 16) & 0o111)))
    return write_wheel(members, target_folder / wheel.name)


def _without_generator(wheel: bytes) -> bytes:
    lines = wheel.decode("utf-8", "replace").splitlines()
    kept = [f"Generator: {GENERATOR}" if line.lower().startswith("generator:") else line for line in lines if line]
    return "".join(f"{line}\n" for line in kept).encode()


def wheel_name(distribution: Distribution) -> str:
    """Return the file name of a wheel of `distribution` with the tags it was installed with."""
    name = canonicalize_name(distribution.name).replace("-", "_")
    try:
        version = str(Version(distribution.version))
    except InvalidVersion as error:
        raise EnvironmentRestoreError(
            f"{distribution.name} has the version {distribution.version!r}, which no wheel can have",
            remedy="Install a release of it with a valid version.",
        ) from error
    return f"{name}-{version}-{_tag(distribution.tags)}.whl"


def _tag(tags: Iterable[str]) -> str:
    """Return the compressed tag set of `tags`; of tags that are no full set, the first one."""
    chosen = sorted(set(tags)) or ["py3-none-any"]
    columns = [sorted(set(column)) for column in zip(*(tag.split("-", 2) for tag in chosen), strict=True)]
    if {"-".join(parts) for parts in itertools.product(*columns)} == set(chosen):
        return "-".join(".".join(column) for column in columns)
    return chosen[0]


def repack(distribution: Distribution, target_folder: Path) -> Path:
    """Write the installed files of `distribution` as a wheel and return it.

    What an installer wrote (launchers, RECORD, byte code, ``direct_url.json``) is left out and will be written again.

    Raises:
        EnvironmentRestoreError: there is no RECORD to tell the files, or one of them is gone.
    """
    entries = read_record(distribution)
    info = PurePosixPath(Path(distribution.metadata_path).name)
    if not entries or info.suffix != ".dist-info":
        raise EnvironmentRestoreError(
            f"{distribution.name} {distribution.version} is not on the package index and has no RECORD to repack from",
            where=distribution.metadata_path,
            remedy=f"Install it again with pip or uv, for example: pip install --force-reinstall {distribution.name}",
        )
    launchers = _launchers(Path(distribution.metadata_path))
    members = [m for e in entries if (m := _member(e, distribution, str(info), launchers)) is not None]
    return write_wheel(members, target_folder / wheel_name(distribution))


def _member(entry: RecordEntry, distribution: Distribution, info: str, launchers: frozenset[str]) -> Member | None:
    pure = PurePosixPath(entry.path)
    if pure.suffix == ".pyc" or (pure.parts[0] == info and pure.name in WRITTEN_BY_INSTALLERS):
        return None
    inside = _path_in_wheel(pure, distribution, info, launchers)
    if inside is None:
        return None
    path = site_folder(distribution) / entry.path
    try:
        content = path.read_bytes()
        executable = bool(path.stat().st_mode & 0o100)
    except OSError as error:
        raise EnvironmentRestoreError(
            f"{distribution.name} cannot be repacked, a file of it is gone: {entry.path}",
            where=str(path),
            remedy=f"Install it again: pip install --force-reinstall {distribution.name}",
        ) from error
    if "/scripts/" in inside and content.startswith(b"#!") and b"python" in content.partition(b"\n")[0]:
        content = b"#!python\n" + content.partition(b"\n")[2]
    if inside == f"{info}/WHEEL":
        content = _without_generator(content)
    return Member(inside, content, executable)


def _path_in_wheel(pure: PurePosixPath, distribution: Distribution, info: str, launchers: frozenset[str]) -> str | None:
    """Return where an installed file lies in a wheel; None for a launcher that the installer writes."""
    if pure.parts[0] != "..":
        return str(pure)
    parts = [part for part in pure.parts if part != ".."]
    data = info.removesuffix(".dist-info") + ".data"
    if parts[0] in {"bin", "Scripts"} and len(parts) == 2:
        stem = parts[1].removesuffix(".exe").removesuffix("-script.py")
        return None if stem in launchers else f"{data}/scripts/{parts[1]}"
    if parts[0] == "include" and len(parts) > 4 and parts[1] == "site":
        return "/".join([data, "headers", *parts[4:]])
    return "/".join([data, "data", *parts])


def _launchers(info: Path) -> frozenset[str]:
    """Return the names of the commands that installers generate for entry points."""
    parser = configparser.RawConfigParser(delimiters=("=",))
    parser.optionxform = str  # type: ignore[method-assign,assignment] # names keep their case
    path = info / "entry_points.txt"
    if path.is_file():
        parser.read(path, encoding="utf-8")
    sections = [section for section in ("console_scripts", "gui_scripts") if parser.has_section(section)]
    return frozenset(name.strip() for section in sections for name in parser.options(section))
