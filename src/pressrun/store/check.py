"""Whether a store is whole, and sweeping up what killed writers left behind.

Everything that is found is told, nothing is repaired silently: storing a bundle again repairs its objects, and nothing
but temporary files is ever removed.
"""

from __future__ import annotations

import contextlib
import re
from collections.abc import Iterator
from pathlib import Path

import msgspec

from pressrun.errors import PressrunError
from pressrun.records.digest import Digest
from pressrun.rules.paths import name_problem
from pressrun.store import layout
from pressrun.store.bundles import BundleStore
from pressrun.store.durable import TEMPORARY, digest_file
from pressrun.store.folders import cannot_remove
from pressrun.store.manifests import listed_files

GRACE_S = 24 * 3600.0
_TEMPORARY_FILE = re.compile(r"[0-9]+-[0-9a-f]{16}\.tmp")


class StoreProblem(msgspec.Struct, frozen=True, kw_only=True):
    """Something in a store that is not as it should be. `where` is a path, relative to the store."""

    where: str
    what: str


class StoreReport(msgspec.Struct, frozen=True, kw_only=True):
    """What a check found.

    Attributes:
        bundles: content digests of the bundles that are whole.
        evidence: bundle -> digests of its evidence.
        names: name -> bundles that had it, the present one last.
        unfinished: bundles that a writer began and never completed; harmless, completed by storing them again.
    """

    objects: tuple[Digest, ...]
    bundles: tuple[Digest, ...]
    evidence: dict[Digest, tuple[Digest, ...]]
    names: dict[str, tuple[Digest, ...]]
    unfinished: tuple[Digest, ...] = ()
    problems: tuple[StoreProblem, ...] = ()

    @property
    def whole(self) -> bool:
        """Whether nothing is damaged."""
        return not self.problems


class Sweep(msgspec.Struct, frozen=True, kw_only=True):
    """What a sweep did: names of temporary files removed, and of what was left alone because of doubt."""

    removed: tuple[str, ...] = ()
    kept: tuple[str, ...] = ()


def check_store(store: BundleStore, *, contents: bool = True) -> StoreReport:
    """Look at everything in a store.

    Args:
        store: the store.
        contents: whether to hash every object (reads all of it) or only see that it is there.

    Raises:
        CannotRestoreError: the store is of a newer format.
        UnsafeContentError: the store is a link, or anybody may write to it.
    """
    layout.check_format(store.root, store.fs)
    problems: list[StoreProblem] = []
    objects = tuple(_objects(store, problems, contents=contents))
    bundles: list[Digest] = []
    unfinished: list[Digest] = []
    evidence: dict[Digest, tuple[Digest, ...]] = {}
    for entry in store.fs.names(store.root / layout.BUNDLES):
        digest = f"sha256:{entry}"
        if not re.fullmatch("[0-9a-f]{64}", entry):
            problems.append(StoreProblem(where=f"{layout.BUNDLES}/{entry}", what="it is no bundle"))
        elif not store.has(digest):
            unfinished.append(digest)
        elif (found := _bundle(store, digest, set(objects), problems)) is not None:
            bundles.append(digest)
            evidence[digest] = found
    return StoreReport(
        objects=objects,
        bundles=tuple(bundles),
        evidence=evidence,
        names=_names(store, set(bundles), problems),
        unfinished=tuple(unfinished),
        problems=tuple(problems),
    )


def _objects(store: BundleStore, problems: list[StoreProblem], *, contents: bool) -> Iterator[Digest]:
    folder = store.root / layout.OBJECTS
    for fan in store.fs.names(folder):
        for rest in store.fs.names(folder / fan):
            where = f"{layout.OBJECTS}/{fan}/{rest}"
            if not re.fullmatch("[0-9a-f]{64}", fan + rest):
                problems.append(StoreProblem(where=where, what="it is no object"))
                continue
            digest = f"sha256:{fan}{rest}"
            if contents and (damage := _damage(store, digest)):
                problems.append(StoreProblem(where=where, what=damage))
                continue
            yield digest


def _damage(store: BundleStore, digest: Digest) -> str:
    try:
        found = digest_file(store.fs, layout.object_path(store.root, digest))
    except OSError as error:  # also what is a folder or a link where a file should be
        return f"the object cannot be read: {error.strerror or error}"
    return "" if found == digest else f"the object is damaged: it is {found}"


def _bundle(
    store: BundleStore, digest: Digest, objects: set[Digest], problems: list[StoreProblem]
) -> tuple[Digest, ...] | None:
    where = f"{layout.BUNDLES}/{layout.hex_of(digest)}"
    try:
        manifest = store.load(digest)
    except PressrunError as error:
        problems.append(StoreProblem(where=where, what=str(error)))
        return None
    absent = [item.path for item in listed_files(manifest).values() if item.digest not in objects]
    if absent:
        problems.append(StoreProblem(where=where, what=f"files are missing or damaged: {', '.join(absent[:10])}"))
        return None
    return tuple(piece.digest for piece in manifest.evidence)


def _names(store: BundleStore, bundles: set[Digest], problems: list[StoreProblem]) -> dict[str, tuple[Digest, ...]]:
    found: dict[str, tuple[Digest, ...]] = {}
    for name in store.fs.names(store.root / layout.NAMES):
        where = f"{layout.NAMES}/{name}"
        if name_problem(name):
            problems.append(StoreProblem(where=where, what="it is no name"))
            continue
        try:
            history = store.history(name)
        except PressrunError as error:
            problems.append(StoreProblem(where=where, what=str(error)))
            continue
        problems.extend(
            StoreProblem(where=where, what=f"it means {digest}, which is missing or damaged")
            for digest in history
            if digest not in bundles
        )
        if history:
            found[name] = history
    return found


def sweep(store: BundleStore, *, now_s: float, grace_s: float = GRACE_S) -> Sweep:
    """Remove temporary files that nobody has written to for a long time.

    Args:
        store: the store.
        now_s: the present, seconds since 1970.
        grace_s: how long a file must have been left alone; a writer may take its time.

    Raises:
        CannotRestoreError: the store is of a newer format, or a file cannot be removed.
    """
    if not layout.check_format(store.root, store.fs):
        return Sweep()
    folder = store.root / TEMPORARY
    removed: list[str] = []
    kept: list[str] = []
    for name in store.fs.names(folder):
        if _is_abandoned(store, folder / name, now_s, grace_s):
            try:
                with contextlib.suppress(FileNotFoundError):  # its writer, or another sweep, was faster
                    store.fs.remove(folder / name)
            except OSError as error:
                raise cannot_remove(folder / name, error) from error
            removed.append(name)
        else:
            kept.append(name)
    return Sweep(removed=tuple(removed), kept=tuple(kept))


def _is_abandoned(store: BundleStore, path: Path, now_s: float, grace_s: float) -> bool:
    entry = store.fs.stat(path)
    # not ours, or from a clock that was wrong: refuse on doubt
    if entry is None or entry.kind != "file" or not _TEMPORARY_FILE.fullmatch(path.name):
        return False
    return grace_s <= now_s - entry.modified_s
