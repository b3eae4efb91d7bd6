"""Collect garbage: objects that nothing refers to, files that killed writers left, bundles that never were registered.

What is about to be removed is said in the journal before, and what became of it after.
"""

from __future__ import annotations

import re
import time
import uuid
from collections.abc import Callable
from typing import Protocol

import msgspec

from pressrun.actions.audit import verify_journal
from pressrun.errors import PressrunError, RefusedError, UsageError
from pressrun.records.digest import Digest
from pressrun.records.entries import decode_entry
from pressrun.records.events import Collected, CollectFailed, CollectRequested, Event, RunRecorded
from pressrun.rules.audit import Keys
from pressrun.rules.timestamps import seconds_of
from pressrun.store.bundles import BundleStore
from pressrun.store.check import Sweep, sweep
from pressrun.store.claims import claim_store, other_claims
from pressrun.store.garbage import GRACE_S, PATIENCE_S, Collection, collect, gate_of
from pressrun.store.journal.port import Journal
from pressrun.store.journal_check import journal_problems
from pressrun.store.locks import exclusive
from pressrun.store.objects import ObjectStore
from pressrun.store.objects_port import Objects
from pressrun.store.references import References, digests_in
from pressrun.store.unregistered import forget_bundles, unregistered_bundles

NO_KEYS = Keys()
ABANDONED_S = 24 * 3600.0
"""Age of another project's collection that must have been killed, seconds: no collection takes as long."""
Say = Callable[[Event], object]
"""Appends an event to the journal."""


class Kept(Protocol):
    """Where a registry keeps things; `pressrun.actions.registry.Registry` is one."""

    @property
    def journal(self) -> Journal:
        """The journal."""

    @property
    def objects(self) -> Objects:
        """The objects that the journal refers to."""

    @property
    def bundles(self) -> BundleStore:
        """The project's own bundles."""


class GarbageRequest(msgspec.Struct, frozen=True, kw_only=True):
    """What to collect.

    Attributes:
        grace_s: how long nobody may have put an object, seconds.
        unregistered_older_than_s: also forget bundles that were not registered and not stored again for so many
            seconds; None to keep them all. The newest bundle of a name always stays.
        dry_run: only tell.
    """

    grace_s: float = GRACE_S
    unregistered_older_than_s: float | None = None
    dry_run: bool = False


class GarbageResult(msgspec.Struct, frozen=True, kw_only=True):
    """What was collected, or would be.

    Attributes:
        collections: one for each store.
        bundles: content digests of the bundles that were forgotten.
        temporary: files of killed writers that were removed.
        marked: whether a store collects in two steps, so that what was marked now goes the next time.
    """

    collections: tuple[Collection, ...]
    bundles: tuple[Digest, ...] = ()
    temporary: tuple[str, ...] = ()
    marked: bool = False
    dry_run: bool = False


def collect_garbage(
    kept: Kept, request: GarbageRequest, say: Say, *, now_s: float | None = None, shared: bool = True
) -> GarbageResult:
    """Remove what nothing refers to from the registry's objects, and from the project's store where that is another.

    A collection that was killed is closed in the journal first; what it left is collected by this one.

    Args:
        kept: the registry's parts.
        request: what to collect.
        say: appends an event.
        now_s: the present, seconds since 1970; None for the clock.
        shared: whether other projects write to the journal, too. Theirs count as killed after `ABANDONED_S`; where
            there are none, every one that is open when this one has its turn.

    Raises:
        UsageError: the period of grace is negative.
        RefusedError: the journal or a record is damaged, so that nobody can say what is referred to; or another journal
            refers to the store as well.
        CannotRestoreError: a store or the journal cannot be used, or another collection of this project does not end.
    """
    if request.grace_s < 0 or (request.unregistered_older_than_s or 0) < 0:
        raise UsageError("a time to wait cannot be negative")
    _refuse_doubt(kept.journal)
    _refuse_sharing(kept, dry_run=request.dry_run)
    if request.dry_run:
        return _collect_all(kept, request, say, now_s=now_s)
    with exclusive(kept.bundles.root, "collect", patience_s=PATIENCE_S):
        _close_abandoned(kept.journal, say, now_s=time.time() if now_s is None else now_s, shared=shared)
        return _collect_all(kept, request, say, now_s=now_s)


def _collect_all(kept: Kept, request: GarbageRequest, say: Say, *, now_s: float | None) -> GarbageResult:
    local_now_s = time.time() if now_s is None else now_s
    forgotten = _forget(kept, request, local_now_s)
    references = References(kept.journal, kept.objects, kept.bundles, without=forgotten if request.dry_run else ())
    collections = tuple(_collect(store, references, request, say, now_s=now_s) for store in _stores(kept))
    swept = Sweep() if request.dry_run else sweep(kept.bundles, now_s=local_now_s, grace_s=max(request.grace_s, 3600.0))
    return GarbageResult(
        collections=collections,
        bundles=forgotten,
        temporary=swept.removed,
        marked=not isinstance(kept.objects, ObjectStore),
        dry_run=request.dry_run,
    )


def same_store(objects: Objects, bundles: BundleStore) -> bool:
    """Whether a registry keeps its objects in the project's own store."""
    return isinstance(objects, ObjectStore) and objects.root.resolve() == bundles.root.resolve()


def _stores(kept: Kept) -> list[Objects]:
    return [kept.objects] if same_store(kept.objects, kept.bundles) else [kept.objects, kept.bundles.objects]


def damage_of(journal: Journal, keys: Keys) -> list[str]:
    """Return what is wrong with a journal and with all that is made of its entries, one sentence each.

    Args:
        journal: others may append to it meanwhile.
        keys: to check the signatures of its checkpoints with.
    """
    said = [problem.what for problem in verify_journal(journal, keys).problems]
    try:
        said += journal_problems(journal)
    except PressrunError as error:
        said.append(str(error))
    return said


def _refuse_doubt(journal: Journal) -> None:
    try:
        problems = damage_of(journal, NO_KEYS)
    except PressrunError as error:
        problems = [str(error)]
    if problems:
        raise RefusedError(
            f"the journal is damaged, so nobody can say what it refers to: {problems[0]}",
            where="journal",
            remedy="Nothing was removed. Run `pressrun fsck`.",
        )


def _refuse_sharing(kept: Kept, *, dry_run: bool) -> None:
    for store in _stores(kept):
        if others := other_claims(store, kept.journal):
            raise RefusedError(
                f"{len(others)} other journals refer to objects in this store, and this collection cannot read them",
                where=store.where,
                remedy=f"Give each journal a store of its own. If that journal is gone for good, remove {others[0]}.",
            )
        if not dry_run:
            claim_store(store, kept.journal)


def _close_abandoned(journal: Journal, say: Say, *, now_s: float, shared: bool) -> None:
    begun: dict[str, float] = {}
    for entry in (decode_entry(stored.leaf) for stored in journal.read()):
        if isinstance(entry.event, CollectRequested):
            begun[entry.event.collection] = seconds_of(entry.time) or 0.0
        elif isinstance(entry.event, Collected | CollectFailed):
            begun.pop(entry.event.collection, None)
    for collection, since_s in begun.items():
        if not shared or now_s - since_s >= ABANDONED_S:
            say(CollectFailed(collection=collection, error="interrupted"))


def _forget(kept: Kept, request: GarbageRequest, now_s: float) -> tuple[Digest, ...]:
    older_than_s = request.unregistered_older_than_s
    if older_than_s is None:
        return ()

    def choose() -> tuple[Digest, ...]:
        keep = _registered(kept.journal)
        return unregistered_bundles(kept.bundles, keep, now_s=now_s, older_than_s=older_than_s)

    chosen = choose()
    if chosen and not request.dry_run:
        found: list[Digest] = []

        def chosen_behind_the_gate() -> tuple[Digest, ...]:
            found.extend(choose())
            return tuple(found)

        forget_bundles(kept.bundles, chosen_behind_the_gate, patience_s=PATIENCE_S)
        return tuple(found)
    return chosen


def _registered(journal: Journal) -> set[Digest]:
    """Return every digest that any event but a run's names: a run alone does not make a bundle worth keeping."""
    found: set[Digest] = set()
    for stored in journal.read():
        if not isinstance(decode_entry(stored.leaf).event, RunRecorded):
            found |= digests_in(stored.leaf)
    return found


def _collect(
    store: Objects, references: References, request: GarbageRequest, say: Say, *, now_s: float | None
) -> Collection:
    collection = uuid.uuid4().hex
    announced: list[int] = []

    def announce(objects: int, size: int) -> None:
        say(CollectRequested(collection=collection, objects=objects, size=size))
        announced.append(objects)

    gate = gate_of(store, now_s=now_s, grace_s=request.grace_s)
    try:
        done = collect(store, references, gate, announce=announce, dry_run=request.dry_run)
    except BaseException as error:
        if announced:
            said = re.sub(r"\s+", " ", str(error)) or type(error).__name__
            say(CollectFailed(collection=collection, error=said[:500]))
        raise
    if announced:
        say(Collected(collection=collection, objects=len(done.removed), size=done.size))
    return done
