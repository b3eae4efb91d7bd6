"""Whether a registry is whole: every object, record and entry, and which versions are hit by what is not.

Nothing is repaired unless a store to repair from is named, and then only by content whose digest is right.
"""

from __future__ import annotations

import contextlib
import re
import time
from collections import defaultdict
from collections.abc import Iterable, Iterator
from pathlib import Path

import msgspec

from pressrun.actions.upkeep import NO_KEYS, Kept, damage_of, same_store
from pressrun.errors import BundleCorruptError, PressrunError
from pressrun.records.digest import Digest
from pressrun.records.entries import decode_entry
from pressrun.records.events import DeployRequested, Proposed, Published, Registered, Requested, Stated
from pressrun.rules.audit import Keys
from pressrun.store import layout
from pressrun.store.archive import temporary_folder
from pressrun.store.check import GRACE_S, StoreReport, check_store
from pressrun.store.durable import TEMPORARY
from pressrun.store.journal.port import Journal
from pressrun.store.manifests import listed_files, read_manifest
from pressrun.store.objects import ObjectStore
from pressrun.store.objects_port import Objects

_OBJECT = re.compile(f"{layout.OBJECTS}/([0-9a-f]{{2}})/([0-9a-f]{{62}})")


class Finding(msgspec.Struct, frozen=True, kw_only=True):
    """Something that is not as it should be.

    Attributes:
        kind: ``object-damaged``, ``object-missing``, ``record``, ``journal``.
        where: the store, and the place in it.
        versions: ``name@number`` of every version that is hit.
        digest: of the object, empty for anything else.
    """

    kind: str
    where: str
    what: str
    versions: tuple[str, ...] = ()
    digest: str = ""


class FsckReport(msgspec.Struct, frozen=True, kw_only=True):
    """What a check found.

    Attributes:
        objects: how many were hashed; `entries` and `versions` of the journal.
        findings: what is damaged. `notes`: what is harmless.
        repaired: digests of the objects that were replaced by whole ones before this report was made.
    """

    objects: int
    entries: int
    versions: int
    findings: tuple[Finding, ...] = ()
    notes: tuple[str, ...] = ()
    repaired: tuple[Digest, ...] = ()

    @property
    def whole(self) -> bool:
        """Whether nothing is damaged."""
        return not self.findings

    @property
    def hit(self) -> tuple[str, ...]:
        """Every version that is hit."""
        return tuple(sorted({version for finding in self.findings for version in finding.versions}))


class _Wanted:
    """What the journal says must be in the store: digest -> what it is, and the versions that need it."""

    def __init__(self) -> None:
        self.what: dict[Digest, str] = {}
        self.versions: dict[Digest, set[str]] = defaultdict(set)
        self.bundles: dict[Digest, set[str]] = defaultdict(set)
        self.registered: list[Registered] = []
        self.entries = 0

    def add(self, digest: Digest, what: str, versions: Iterable[str] = ()) -> None:
        self.what.setdefault(digest, what)
        self.versions[digest].update(versions)

    def of(self, digest: Digest) -> tuple[str, ...]:
        return tuple(sorted(self.versions.get(digest, ())))


def check_registry(kept: Kept, keys: Keys = NO_KEYS, *, now_s: float | None = None) -> FsckReport:
    """Look at everything that a registry keeps; reads every object.

    Args:
        kept: the registry's parts.
        keys: to check the signatures of the journal's checkpoints with.
        now_s: the present, seconds since 1970; None for the clock.

    Raises:
        CannotRestoreError: a remote store cannot be reached, or a store is of a newer format.
        UnsafeContentError: the store is a link, or anybody may write to it.
    """
    findings: list[Finding] = []
    wanted = _read_journal(kept.journal, keys, findings)
    report = check_store(kept.bundles)
    local = kept.bundles.objects
    apart = not same_store(kept.objects, kept.bundles)
    damaged, whole = _damaged(kept.objects) if apart else _damaged_locally(local, report)
    _want_files(kept.objects, wanted)
    findings += _object_findings(kept.objects, wanted, damaged, whole)
    findings += _record_findings(report, wanted, kept.bundles.root, objects_too=apart)
    return FsckReport(
        objects=len(whole) + len(damaged) + (len(report.objects) if apart else 0),
        entries=wanted.entries,
        versions=len(wanted.registered),
        findings=tuple(findings),
        notes=tuple(_notes(kept, report, time.time() if now_s is None else now_s)),
    )


def _read_journal(journal: Journal, keys: Keys, findings: list[Finding]) -> _Wanted:
    wanted = _Wanted()
    said = damage_of(journal, keys)
    try:
        for stored in journal.read():
            wanted.entries = stored.seq
            with contextlib.suppress(msgspec.MsgspecError):  # told already
                _want(wanted, decode_entry(stored.leaf).event, stored.seq)
    except PressrunError as error:
        said.append(str(error))
    findings.extend(Finding(kind="journal", where="journal", what=sentence) for sentence in dict.fromkeys(said))
    return wanted


def _want(wanted: _Wanted, event: object, seq: int) -> None:
    where = f"entry {seq}"
    if isinstance(event, Registered):
        version = [f"{event.name}@{event.number}"]
        wanted.registered.append(event)
        wanted.bundles[event.bundle].update(version)
        wanted.add(event.manifest, "the manifest", version)
        wanted.add(event.facts, "the facts", version)
    elif isinstance(event, Requested | DeployRequested):
        wanted.add(event.decision, f"the decision of {where}", [f"{event.name}@{event.number}"])
    elif isinstance(event, Stated):
        wanted.add(event.text, f"the statement of {where}", [f"{event.name}@{event.number}"])
    elif isinstance(event, Proposed | Published):
        level = f"{event.level} " if event.level else ""
        wanted.add(event.document, f"the {level}{event.document_kind} of {where}")


def _want_files(objects: Objects, wanted: _Wanted) -> None:
    for event in wanted.registered:
        version = [f"{event.name}@{event.number}"]
        try:
            manifest = read_manifest(objects.read(event.manifest), version[0]).manifest
        except PressrunError:
            continue  # the manifest itself is what is told
        for path, listed in listed_files(manifest).items():
            wanted.add(listed.digest, path, version)


def _damaged(objects: Objects) -> tuple[dict[Digest, str], set[Digest]]:
    damaged: dict[Digest, str] = {}
    whole: set[Digest] = set()
    for digest in objects.digests():
        try:
            for _ in objects.chunks(digest):
                pass
        except BundleCorruptError as error:
            damaged[digest] = error.what
        else:
            whole.add(digest)
    return damaged, whole


def _damaged_locally(objects: ObjectStore, report: StoreReport) -> tuple[dict[Digest, str], set[Digest]]:
    whole = set(report.objects)
    told = {problem.where: problem.what for problem in report.problems}
    damaged = {}
    for digest in set(objects.digests()) - whole:
        digits = layout.hex_of(digest)
        damaged[digest] = told.get(f"{layout.OBJECTS}/{digits[:2]}/{digits[2:]}", "the object is damaged")
    return damaged, whole


def _object_findings(
    objects: Objects, wanted: _Wanted, damaged: dict[Digest, str], whole: set[Digest]
) -> Iterator[Finding]:
    for digest, what in sorted(damaged.items()):
        named = f" ({wanted.what[digest]})" if digest in wanted.what else ""
        yield Finding(
            kind="object-damaged", where=f"{objects.where}: {digest}", what=what + named, versions=wanted.of(digest),
            digest=digest,
        )  # fmt: skip
    for digest in sorted(wanted.what.keys() - whole - damaged.keys()):
        yield Finding(
            kind="object-missing", where=f"{objects.where}: {digest}", what=f"{wanted.what[digest]} is missing",
            versions=wanted.of(digest), digest=digest,
        )  # fmt: skip


def _record_findings(report: StoreReport, wanted: _Wanted, root: Path, *, objects_too: bool) -> Iterator[Finding]:
    for problem in report.problems:
        found = _OBJECT.fullmatch(problem.where)
        if found is not None and not objects_too:
            continue  # told already, as an object of the registry
        bundle = "sha256:" + problem.where.removeprefix(layout.BUNDLES + "/")
        yield Finding(
            kind="record" if found is None else "object-damaged",
            where=f"{root}: {problem.where}",
            what=problem.what,
            versions=tuple(sorted(wanted.bundles.get(bundle, ()))),
            digest="" if found is None else f"sha256:{found[1]}{found[2]}",
        )


def _notes(kept: Kept, report: StoreReport, now_s: float) -> Iterator[str]:
    if report.unfinished:
        yield f"{len(report.unfinished)} bundles were begun and never completed; storing them again completes them"
    store = kept.bundles
    entries = (store.fs.stat(store.root / TEMPORARY / name) for name in store.fs.names(store.root / TEMPORARY))
    old = sum(1 for entry in entries if entry is not None and now_s - entry.modified_s > GRACE_S)
    if old:
        yield f"{old} temporary files of writers that were killed; `pressrun gc` removes them"


def repair_registry(kept: Kept, report: FsckReport, source: Objects) -> tuple[Digest, ...]:
    """Replace every damaged or missing object that another store holds whole.

    Args:
        kept: the registry's parts.
        report: what is damaged.
        source: where whole objects are.

    Returns:
        The digests of those that were repaired; check again to see what is left.

    Raises:
        CannotRestoreError: a store cannot be used.
    """
    repaired: dict[Digest, None] = {}
    for store in (kept.objects, kept.bundles.objects):
        here = f"{store.where}: "
        for digest in {finding.digest for finding in report.findings if finding.where.startswith(here)}:
            if digest and _replace(store, digest, source):
                repaired[digest] = None
    return tuple(sorted(repaired))


def _replace(store: Objects, digest: Digest, source: Objects) -> bool:
    if not source.has(digest):
        return False
    with temporary_folder() as place:
        try:
            with place.open("xb") as file:
                file.writelines(source.chunks(digest))
        except BundleCorruptError:  # it is damaged there as well
            return False
        if not isinstance(store, ObjectStore):
            store.remove(digest)  # a remote store takes a large object for whole by its size
        store.put(place, expected=digest)
    return True
