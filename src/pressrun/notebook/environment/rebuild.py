"""Builds the environment of a lock again, from nothing, and keeps it for the next time.

Environments live in the user's cache, ``environments/<digest>``, one for each (lock, interpreter). They are built where
they stay (a virtual environment cannot be moved) under a lock file; the list of their files, written last, is what
makes one complete. Files are copied, never hard-linked: a hard link would let a write in one environment change all
others, and uv's cache with them. The environment holds what the lock says and nothing else, not even pip.
One that was not used for a month is removed when another is built.
"""

from __future__ import annotations

import logging
import os
import shutil
import sys
import time
from pathlib import Path

import msgspec

from pressrun.errors import EnvironmentRestoreError
from pressrun.notebook.cache import make_private, user_cache
from pressrun.notebook.environment.installed import FileList, check_against_records, differences
from pressrun.notebook.environment.interpreters import Interpreter, find_interpreter
from pressrun.notebook.environment.locking import exclusive
from pressrun.notebook.environment.pylock import LockDocument, read_lock
from pressrun.notebook.environment.settings import IndexSettings, index_settings
from pressrun.notebook.environment.uvtool import run_uv
from pressrun.records.digest import canonical_json, digest_bytes

KEEP_UNUSED_S = 30 * 24 * 3600
LAYOUT = 1

logger = logging.getLogger(__name__)


class RebuiltEnvironment(msgspec.Struct, frozen=True, kw_only=True):
    """An environment that holds what a lock says.

    Attributes:
        python: its interpreter.
        version: full version of the interpreter.
        files_checked: how many files were found to be what they should be.
        reused: whether it was there already.
        notes: what the reader must know: another release of Python, a cached environment that had been changed.
    """

    python: Path
    version: str
    files_checked: int
    reused: bool
    notes: tuple[str, ...] = ()


def rebuild(
    lock: Path,
    *,
    python: str = "",
    cache: Path | None = None,
    settings: IndexSettings | None = None,
    full_check: bool = False,
) -> RebuiltEnvironment:
    """Return an environment that holds exactly what `lock` says, building it or reusing a checked one.

    Args:
        lock: a ``pylock.toml``; wheels it ships lie beside it.
        python: version (``3.11.7``, ``3.11``) or path of the interpreter; the lock's own by default.
        cache: folder that holds environments; the user's cache by default.
        settings: where build tools of source archives come from; the user's configuration by default.
        full_check: hash every file of a reused environment instead of those whose size, times or inode changed.

    Raises:
        EnvironmentRestoreError: the lock cannot be trusted, the interpreter is absent, a file cannot be had or is not
            what the lock says.
    """
    document = read_lock(lock)
    wanted = python or document.python
    if not wanted:
        raise EnvironmentRestoreError(
            "the lock does not say which Python it is for", where=str(lock), remedy="Name one, for example 3.11."
        )
    interpreter, notes = find_interpreter(wanted)
    home = make_private((cache or user_cache()) / "environments")
    key = _key(lock, interpreter)
    with exclusive(home / f"{key}.lock"):
        reused, told = _reuse(home, key, interpreter, full=full_check)
        if reused is not None:
            return msgspec.structs.replace(reused, notes=(*notes, *told))
        _remove_unused(home, keep=key)
        built = _build(home, key, lock, document, interpreter, settings or index_settings())
    return msgspec.structs.replace(built, notes=(*notes, *told))


def _key(lock: Path, interpreter: Interpreter) -> str:
    parts = [LAYOUT, digest_bytes(lock.read_bytes()), interpreter.version, str(interpreter.path)]
    return digest_bytes(canonical_json(parts)).removeprefix("sha256:")[:32]


def _python_of(root: Path) -> Path:
    return root / ("Scripts/python.exe" if sys.platform == "win32" else "bin/python")


def _reuse(
    home: Path, key: str, interpreter: Interpreter, *, full: bool
) -> tuple[RebuiltEnvironment | None, tuple[str, ...]]:
    root, place = home / key, home / f"{key}.files.json"
    if not place.is_file() or not root.is_dir():
        return None, ()
    try:
        known = msgspec.json.decode(place.read_bytes(), type=FileList)
    except msgspec.DecodeError as error:
        logger.warning("%s cannot be read (%s); the environment is built again", place, error)
        return None, ()
    problems, fresh = differences(root, known, full=full)
    if problems:
        told = "; ".join(problems[:5]) + (f"; and {len(problems) - 5} more" if len(problems) > 5 else "")
        logger.warning("cached environment %s differs: %s", root, told)
        return None, (f"the cached environment had been changed and was built again: {told}",)
    _write(place, fresh)
    checked = RebuiltEnvironment(
        python=_python_of(root), version=interpreter.version, files_checked=len(fresh.files), reused=True
    )
    return checked, ()


def _build(
    home: Path, key: str, lock: Path, document: LockDocument, interpreter: Interpreter, settings: IndexSettings
) -> RebuiltEnvironment:
    root, place = home / key, home / f"{key}.files.json"
    place.unlink(missing_ok=True)
    if root.exists():
        shutil.rmtree(root)
    made = run_uv(
        ["venv", "--quiet", "--no-project", "--python", str(interpreter.path), str(root)], settings, folder=home
    )
    if made.code != 0:
        raise EnvironmentRestoreError(f"no environment can be made: {made.reason()}", where=str(interpreter.path))
    arguments = [
        "pip",
        "sync",
        "--quiet",
        "--link-mode",
        "copy",
        "--python",
        str(_python_of(root)),
        str(lock.absolute()),
    ]
    synced = run_uv(arguments, settings, folder=home)
    if synced.code != 0:
        shutil.rmtree(root)
        raise EnvironmentRestoreError(
            f"the packages of the lock cannot be installed: {synced.reason()}",
            where=str(lock),
            remedy="See that the package index can be reached, and that the lock is for this platform.",
        )
    expected = {name: document.versions[name] for name in document.unconditional}
    files = check_against_records(root, expected)
    _write(place, files)
    return RebuiltEnvironment(
        python=_python_of(root), version=interpreter.version, files_checked=len(files.files), reused=False
    )


def _write(place: Path, files: FileList) -> None:
    partial = place.with_name(f"{place.name}.{os.getpid()}.partial")
    partial.write_bytes(canonical_json(files))
    partial.replace(place)


def _remove_unused(home: Path, *, keep: str) -> None:
    """Remove environments whose list of files was not written, that is, not used, for a month."""
    oldest = time.time() - KEEP_UNUSED_S
    for place in home.glob("*.files.json"):
        name = place.name.removesuffix(".files.json")
        if name == keep or place.stat().st_mtime > oldest:
            continue
        with exclusive(home / f"{name}.lock", timeout_s=60):
            logger.info("removing environment %s, unused for a month", name)
            place.unlink(missing_ok=True)
            shutil.rmtree(home / name, ignore_errors=True)
