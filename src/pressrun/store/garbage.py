"""Collecting garbage: objects that nothing refers to go, and no object that anything refers to ever does.

The danger is a writer that finds an old object in place, relies on it, and has not said so in the journal yet. What
keeps the two apart depends on the store:

- On this disk, whoever adds holds the store's gate shared and makes what it finds young again; a collection holds the
  gate alone, reads the journal again behind it, and removes only what nobody put for the whole period of grace.
- In a remote store there is no gate. A first collection marks what nothing refers to; one that comes at least the
  period of grace later *condemns* what is still marked, then reads the journal again, removes what is still referred to
  by nothing, and lifts the condemnation. A writer that puts a marked object writes it anew and takes the mark away.
  After its event is in the journal it asks whether anything of it is condemned (`confirm_objects`): either the
  collection read the journal after that event and spares the object, or the writer sees the condemnation, waits for
  its end, and puts again what is gone. The store has to show a write to everybody as soon as it is acknowledged, as S3
  does.

A collection that dies leaves at most objects that are found again next time.
"""

from __future__ import annotations

import contextlib
import secrets
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Protocol

import msgspec

from pressrun.errors import CannotRestoreError, RefusedError
from pressrun.records.digest import Digest
from pressrun.store.layout import hex_of
from pressrun.store.objects import ObjectStore
from pressrun.store.objects_port import Objects
from pressrun.store.references import References
from pressrun.store.remote_objects import MARKS, RemoteObjects

GRACE_S = 24 * 3600.0
PATIENCE_S = 60.0
"""How long a collection waits for writers, and a writer for a collection, seconds."""
CONDEMNED = "gc/condemned"
CLOCK = "gc/clock"
STALE_S = 3600.0
"""Age of a condemnation whose collection must have died, seconds."""
DEADLINE_S = 1800.0
"""How long a collection may take between condemning and removing, seconds; well below `STALE_S`."""
_BATCH = 500
_PAUSE_S = 0.05


class Collection(msgspec.Struct, frozen=True, kw_only=True):
    """What a collection did, or would do.

    Attributes:
        looked_at: objects in the store; `referred` those that something refers to.
        young: objects that nothing refers to and that are within the period of grace, or were only marked now.
        removed: objects that were removed (or would be); `size` their bytes.
        spared: objects that somebody put or referred to while the collection was at work.
    """

    where: str
    looked_at: int
    referred: int
    young: int
    removed: tuple[Digest, ...]
    size: int
    spared: tuple[Digest, ...] = ()
    dry_run: bool = False


class Gate(Protocol):
    """What keeps a collection and those who add apart, in one kind of store."""

    def ripe(self, unreferenced: Sequence[Digest], *, dry_run: bool) -> list[Digest]:
        """Return what has been garbage for the whole period of grace."""

    def closed(self, ripe: Sequence[Digest]) -> AbstractContextManager[None]:
        """Remove within this block only; what was referred to before it has to be read again in it."""

    def may_go(self, digest: Digest) -> bool:
        """Whether nobody has put the object in the meantime; asked right before it is removed."""


class LocalGate:
    """The gate of a store on this disk.

    Args:
        objects: the store.
        now_s: the present, seconds since 1970.
        grace_s: how long nobody may have put an object.
    """

    def __init__(self, objects: ObjectStore, now_s: float, grace_s: float) -> None:
        self._objects = objects
        self._now_s = now_s
        self._grace_s = grace_s

    def ripe(self, unreferenced: Sequence[Digest], *, dry_run: bool) -> list[Digest]:
        """Return what is old enough."""
        return [digest for digest in unreferenced if self.may_go(digest)]

    def closed(self, ripe: Sequence[Digest]) -> AbstractContextManager[None]:
        """Keep everybody who adds away."""
        return self._objects.alone(PATIENCE_S)

    def may_go(self, digest: Digest) -> bool:
        """Whether it is old enough; a time in the future is doubt, and doubt keeps."""
        about = self._objects.about(digest)
        return about is not None and self._grace_s <= self._now_s - about.modified_s


class RemoteGate:
    """Marks and condemnations in a remote store.

    Args:
        objects: the store.
        now_s: the present, seconds since 1970 by the store's own clock; asked of the store when None.
        grace_s: how long an object has to be old, and then marked.
    """

    def __init__(self, objects: RemoteObjects, now_s: float | None, grace_s: float) -> None:
        self._objects = objects
        self._now_s = now_s
        self._grace_s = grace_s
        self._run = secrets.token_hex(8)
        self._deadline = 0.0

    def ripe(self, unreferenced: Sequence[Digest], *, dry_run: bool) -> list[Digest]:
        """Return what was marked long enough ago; mark what is garbage now, unmark what is none any more."""
        now_s = self._now()
        marks = {f"sha256:{name}": age for name, age in self._objects.times_under(MARKS).items()}
        if not dry_run:
            for digest in marks.keys() - set(unreferenced):
                self._objects.unmark(digest)
        ripe = []
        for digest in unreferenced:
            about = self._objects.about(digest)
            if about is None or now_s - about.modified_s < self._grace_s:
                continue
            if digest in marks:
                if self._grace_s <= now_s - marks[digest]:
                    ripe.append(digest)
            elif not dry_run:
                self._objects.write_path(self._objects.mark_path(digest), b"nothing refers to this object\n")
        return ripe

    @contextlib.contextmanager
    def closed(self, ripe: Sequence[Digest]) -> Iterator[None]:
        """Condemn, and lift the condemnation at the end."""
        self._clear_stale()
        self._deadline = time.monotonic() + DEADLINE_S
        paths = [f"{self._objects.prefix}/{CONDEMNED}/{hex_of(digest)}-{self._run}" for digest in ripe]
        try:
            for path in paths:
                self._objects.write_path(path, b"")
            yield
        finally:
            for path in paths:
                self._objects.remove_path(path)

    def may_go(self, digest: Digest) -> bool:
        """Whether it is still marked and nobody wrote it anew."""
        if time.monotonic() > self._deadline:
            raise CannotRestoreError(
                "the store is so slow that writers may believe this collection dead", where=self._objects.where
            )
        about = self._objects.about(digest)
        return about is not None and self._objects.is_marked(digest) and self._grace_s <= self._now() - about.modified_s

    def _clear_stale(self) -> None:
        for name, modified_s in self._objects.times_under(CONDEMNED).items():
            if self._now() - modified_s < STALE_S:
                raise RefusedError(
                    "another collection is at work here, or died within the last hour",
                    where=self._objects.where,
                    remedy="Nothing was removed. Try again in an hour.",
                )
            self._objects.remove_path(f"{self._objects.prefix}/{CONDEMNED}/{name}")

    def _now(self) -> float:
        # the store's clock gave objects their times; this machine's may be wrong
        if self._now_s is None:
            path = f"{self._objects.prefix}/{CLOCK}"
            self._objects.write_path(path, b"")
            about = self._objects.about_path(path)
            if about is None:
                raise CannotRestoreError("the store does not keep what is written", where=self._objects.where)
            self._now_s = about.modified_s
        return self._now_s


def gate_of(objects: Objects, *, now_s: float | None, grace_s: float) -> Gate:
    """Return what keeps collections and writers of a store apart.

    Args:
        objects: the store.
        now_s: the present, seconds since 1970; None for the clock that gave objects their times.
        grace_s: the period of grace, seconds.

    Raises:
        TypeError: it is a store that nothing is known of.
    """
    if isinstance(objects, ObjectStore):
        return LocalGate(objects, time.time() if now_s is None else now_s, grace_s)
    if isinstance(objects, RemoteObjects):
        return RemoteGate(objects, now_s, grace_s)
    raise TypeError(f"garbage in a {type(objects).__name__} cannot be collected")


def collect(
    objects: Objects,
    references: References,
    gate: Gate,
    *,
    announce: Callable[[int, int], None] | None = None,
    dry_run: bool = False,
) -> Collection:
    """Remove what nothing refers to and nobody put for the period of grace.

    Args:
        objects: the store.
        references: what is referred to.
        gate: of the store, made by `gate_of`.
        announce: called with the number of objects and their bytes before the first is removed, if any is.
        dry_run: only tell.

    Raises:
        RefusedError: what is referred to cannot be told, or another collection is at work.
        CannotRestoreError: the store cannot be used, or writers did not pause.
    """
    live = references.refresh()
    present = list(objects.digests())
    unreferenced = [digest for digest in present if digest not in live]
    ripe = gate.ripe(unreferenced, dry_run=dry_run)
    sizes = {digest: about.size for digest in ripe if (about := objects.about(digest)) is not None}
    removed: list[Digest] = list(sizes) if dry_run else []
    spared: list[Digest] = []
    if sizes and not dry_run:
        if announce is not None:
            announce(len(sizes), sum(sizes.values()))
        ordered = list(sizes)
        for first in range(0, len(ordered), _BATCH):
            _remove(objects, references, gate, ordered[first : first + _BATCH], removed, spared)
    return Collection(
        where=objects.where,
        looked_at=len(present),
        referred=len(present) - len(unreferenced),
        young=len(unreferenced) - len(sizes),
        removed=tuple(removed),
        size=sum(sizes[digest] for digest in removed),
        spared=tuple(spared),
        dry_run=dry_run,
    )


def _remove(
    objects: Objects,
    references: References,
    gate: Gate,
    batch: Sequence[Digest],
    removed: list[Digest],
    spared: list[Digest],
) -> None:
    with gate.closed(batch):
        live = references.refresh()
        for digest in batch:
            if digest in live or not gate.may_go(digest):
                spared.append(digest)
                continue
            objects.remove(digest)
            removed.append(digest)


@contextlib.contextmanager
def holding(objects: Objects) -> Iterator[None]:
    """Keep collections away from a store on this disk while the block puts objects and says in the journal so.

    A remote store has no gate; there `confirm_objects` afterwards is what counts.
    """
    with objects.adding() if isinstance(objects, ObjectStore) else contextlib.nullcontext():
        yield


def confirm_objects(
    objects: Objects,
    digests: Iterable[Digest],
    *,
    again: Callable[[Digest], bytes | Path] | None = None,
    patience_s: float = PATIENCE_S,
) -> None:
    """See, after an event that refers to objects is in the journal, that they are there to stay.

    Args:
        objects: the store.
        digests: what the event refers to.
        again: gives the content of an object, to put it again where a collection was faster; without, that is an error.
        patience_s: how long to wait for a collection that has condemned one of them, seconds.

    Raises:
        CannotRestoreError: objects are missing and cannot be put again, or the collection does not end.
    """
    wanted = sorted(set(digests))
    if isinstance(objects, RemoteObjects):
        _await_collection(objects, {hex_of(digest) for digest in wanted}, patience_s)
    missing = [digest for digest in wanted if not objects.has(digest)]
    if again is not None:
        for digest in missing:
            objects.put(again(digest), expected=digest)
        missing = [digest for digest in missing if not objects.has(digest)]
    if missing:
        raise CannotRestoreError(
            f"{len(missing)} objects went missing while they were registered, first {missing[0]}",
            where=objects.where,
            remedy="Import the bundle again; that puts them back.",
        )


def _await_collection(objects: RemoteObjects, wanted: set[str], patience_s: float) -> None:
    deadline = time.monotonic() + patience_s
    while any(name.partition("-")[0] in wanted for name in objects.times_under(CONDEMNED)):
        if time.monotonic() > deadline:
            raise CannotRestoreError(
                f"a collection of garbage has not ended for {patience_s:g} s",
                where=objects.where,
                remedy="The event is in the journal. Run `pressrun fsck` when the collection has ended.",
            )
        time.sleep(_PAUSE_S)
