"""Copy a registry to a folder while others work on it, and make one again from such a copy.

    backup.json         what this is, and how much of it there is
    journal.db          the journal, a SQLite file whatever it is kept in
    store/              a store as in ``.pressrun``: the objects, the bundles, their names

The journal is copied first. Objects are only ever added, and before the event that refers to them, so that everything
the copied journal refers to is there to be copied after it; collections of garbage are kept away meanwhile. The key
that signs checkpoints is not copied: a backup that could sign would prove nothing.
"""

from __future__ import annotations

import contextlib
import datetime
import os
import shutil
import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

import msgspec

from pressrun.actions.fsck import FsckReport, check_registry
from pressrun.actions.upkeep import Kept, same_store
from pressrun.errors import BundleCorruptError, CannotRestoreError, UsageError
from pressrun.records.digest import Digest, pretty_json
from pressrun.store import layout
from pressrun.store.archive import temporary_folder
from pressrun.store.bundles import BundleStore
from pressrun.store.durable import CHUNK_BYTES, DurableWriter
from pressrun.store.folders import cannot_write
from pressrun.store.fs import open_regular, sync_directory
from pressrun.store.garbage import holding
from pressrun.store.journal.open import open_journal
from pressrun.store.journal.sql import SqlJournal
from pressrun.store.manifests import listed_files
from pressrun.store.objects_port import Objects
from pressrun.store.open_objects import open_objects

BACKUP_FORMAT = 1
BACKUP_FILE = "backup.json"
JOURNAL_FILE = "journal.db"
STORE = "store"
_MAX_NOTE_BYTES = 1 << 16


class BackupNote(msgspec.Struct, frozen=True, kw_only=True):
    """What a backup says of itself; written last, so that a folder without it is no backup.

    Attributes:
        made: UTC, ISO 8601.
        head: number of the journal's last entry.
    """

    format: int = BACKUP_FORMAT
    made: str
    head: int
    objects: int
    bundles: int


class BackupResult(msgspec.Struct, frozen=True, kw_only=True):
    """What was copied.

    Attributes:
        objects: how many, `size` their bytes.
        unread: objects that are damaged where they are, and so are not in the backup.
        report: what a check of the backup itself found.
    """

    to: str
    head: int
    objects: int
    size: int
    bundles: int
    report: FsckReport
    unread: tuple[Digest, ...] = ()


class RestoreResult(msgspec.Struct, frozen=True, kw_only=True):
    """What was restored, and what a check of it found."""

    into: str
    head: int
    objects: int
    size: int
    bundles: int
    report: FsckReport


class Copied(NamedTuple):
    """The parts of a backup, for everything that is asked of a registry's parts."""

    journal: SqlJournal
    objects: Objects
    bundles: BundleStore


class Destination(NamedTuple):
    """Where a registry is to be restored.

    Attributes:
        store: the folder of the project's store.
        journal: a path or URL. `objects`: likewise.
    """

    store: Path
    journal: str
    objects: str


class _Objects(NamedTuple):
    number: int
    size: int
    unread: tuple[Digest, ...]


def back_up(kept: Kept, to: Path) -> BackupResult:
    """Copy a registry to a new folder while others work on it, and check the copy.

    Args:
        kept: the registry's parts; its journal in a database.
        to: the folder to make; nothing, or an empty folder, may be there.

    Raises:
        UsageError: the folder is not free.
        CannotRestoreError: the registry cannot be read, or the backup cannot be written.
    """
    if not isinstance(kept.journal, SqlJournal):
        raise TypeError("only a journal in a database can be backed up")
    try:
        _make_folder(to)
        copy = BundleStore(to / STORE)
        copy.objects.prepare()
        with holding(kept.objects), holding(kept.bundles.objects):
            kept.journal.backup(to / JOURNAL_FILE)
            bundles = _copy_records(kept.bundles, copy)
            copied = _copy_objects([kept.objects, kept.bundles.objects], copy.objects)
        with _opened(to) as parts:
            report, head = check_registry(parts), parts.journal.head()
        made = datetime.datetime.now(datetime.timezone.utc).isoformat(timespec="seconds")
        note = BackupNote(made=made, head=head, objects=copied.number, bundles=bundles)
        DurableWriter(copy.root, copy.fs).write(to / BACKUP_FILE, pretty_json(note))
        sync_directory(to.parent)
    except OSError as error:
        raise cannot_write(to, error) from error
    return BackupResult(
        to=str(to), head=head, objects=copied.number, size=copied.size, bundles=bundles, report=report,
        unread=copied.unread,
    )  # fmt: skip


def restore(source: Path, destination: Destination, *, even_damaged: bool = False) -> RestoreResult:
    """Make a registry from a backup, where there is none yet. The journal comes last.

    Args:
        source: the backup's folder; it is only read.
        destination: where to.
        even_damaged: whether to restore what is left of a backup that is not whole.

    Raises:
        UsageError: it is no backup, or there is a registry at the destination.
        BundleCorruptError: the backup is damaged.
        CannotRestoreError: the backup is of a newer format, or the destination cannot be written.
    """
    note = _read_note(source)
    store = BundleStore(destination.store)
    objects = open_objects(destination.objects)
    try:
        with _opened(source) as parts:
            _refuse_damage(parts, note, source, even_damaged=even_damaged)
            _refuse_occupied(destination, store)
            store.objects.prepare()
            copied = _copy_objects([parts.objects], objects)
            bundles = _copy_records(parts.bundles, store)
            _copy_bundle_objects(parts.bundles, store, objects)
            report = _fill_journal(parts.journal, destination, objects, store)
            head = parts.journal.head()
    except OSError as error:
        raise cannot_write(destination.store, error) from error
    return RestoreResult(
        into=str(destination.store), head=head, objects=copied.number, size=copied.size, bundles=bundles, report=report
    )


def _make_folder(to: Path) -> None:
    if to.is_symlink() or (to.exists() and (not to.is_dir() or any(to.iterdir()))):
        raise UsageError("there is something already", where=str(to), remedy="Name a folder that is not there yet.")
    to.mkdir(0o700, parents=True, exist_ok=True)
    to.chmod(0o700)


@contextlib.contextmanager
def _opened(folder: Path) -> Iterator[Copied]:
    # a database is changed by being opened; the backup stays as it is, also on a medium that cannot be written
    with tempfile.TemporaryDirectory(prefix="pressrun-") as place:
        copy = Path(place, JOURNAL_FILE)
        with open_regular(folder / JOURNAL_FILE) as file, copy.open("xb") as target:
            shutil.copyfileobj(file, target, CHUNK_BYTES)
        bundles = BundleStore(folder / STORE)
        with open_journal(copy) as journal:
            yield Copied(journal, bundles.objects, bundles)


def _copy_records(source: BundleStore, target: BundleStore) -> int:
    """Copy names and bundles as the files they are, each before what it refers to; return how many bundles."""
    for top in (layout.NAMES, layout.BUNDLES):
        for path in _files(source, source.root / top):
            with source.fs.open(path) as file:
                target.objects.writer.write(target.root / path.relative_to(source.root), file.read())
    return len(target.digests())


def _files(store: BundleStore, folder: Path) -> Iterator[Path]:
    for name in store.fs.names(folder):
        entry = store.fs.stat(folder / name)
        if entry is not None and entry.kind == "directory":
            yield from _files(store, folder / name)
        elif entry is not None and entry.kind == "file":
            yield folder / name


def _copy_objects(sources: Sequence[Objects], target: Objects) -> _Objects:
    number = size = 0
    unread: list[Digest] = []
    with temporary_folder() as place:
        for source in sources:
            for digest in source.digests():
                if target.has(digest):
                    continue
                try:
                    size += _copy_object(source, digest, target, place)
                    number += 1
                except BundleCorruptError:
                    unread.append(digest)  # the check of the copy tells what it is needed for
    return _Objects(number, size, tuple(sorted(set(unread) - set(target.digests()))))


def _copy_object(source: Objects, digest: Digest, target: Objects, place: Path) -> int:
    size = 0
    with place.open("wb") as file:
        for chunk in source.chunks(digest):
            size += file.write(chunk)
    target.put(place, expected=digest)
    return size


def _copy_bundle_objects(source: BundleStore, target: BundleStore, objects: Objects) -> None:
    """Give the project's own store the files of its bundles, where the registry keeps its objects elsewhere."""
    if same_store(objects, target):
        return
    wanted: set[Digest] = set()
    for digest in source.digests():
        manifest = source.load(digest)
        wanted.update(listed.digest for listed in listed_files(manifest).values())
    with temporary_folder() as place:
        for digest in sorted(wanted):
            if source.objects.has(digest) and not target.objects.has(digest):
                _copy_object(source.objects, digest, target.objects, place)


def _read_note(source: Path) -> BackupNote:
    try:
        with open_regular(source / BACKUP_FILE) as file:
            note = msgspec.json.decode(file.read(_MAX_NOTE_BYTES), type=BackupNote)
    except (OSError, msgspec.MsgspecError) as error:
        raise UsageError("this is no backup, or one that was not completed", where=str(source / BACKUP_FILE)) from error
    if note.format > BACKUP_FORMAT:
        raise CannotRestoreError(
            f"the backup has format {note.format}, this pressrun reads {BACKUP_FORMAT}",
            where=str(source),
            remedy="Use the newer pressrun that wrote it.",
        )
    return note


def _refuse_damage(parts: Copied, note: BackupNote, source: Path, *, even_damaged: bool) -> None:
    said = [f"{finding.where}: {finding.what}" for finding in check_registry(parts).findings]
    if parts.journal.head() != note.head:
        said.append(f"the journal has {parts.journal.head()} entries, the backup was made with {note.head}")
    if said and not even_damaged:
        raise BundleCorruptError(
            f"the backup is damaged, {len(said)} findings, first {said[0]}",
            where=str(source),
            remedy="Use another copy, or restore what is left with --even-damaged.",
        )


def _refuse_occupied(destination: Destination, store: BundleStore) -> None:
    occupied = "a store with bundles" if store.digests() or store.names() else ""
    if not occupied and is_url(destination.journal):
        with open_journal(destination.journal) as journal:
            occupied = "a journal with entries" if journal.head() else ""
    elif not occupied and os.path.lexists(destination.journal):
        occupied = "a journal"
    if occupied:
        raise UsageError(
            f"there is {occupied} already",
            where=str(destination.store),
            remedy="Restore into another folder with --into.",
        )


def _fill_journal(source: SqlJournal, destination: Destination, objects: Objects, store: BundleStore) -> FsckReport:
    if not is_url(destination.journal):
        source.backup(Path(destination.journal))
    with open_journal(destination.journal) as journal:
        if is_url(destination.journal):
            journal.import_leaves(source.read(), source.checkpoints())
        return check_registry(Copied(journal, objects, store))


def is_url(location: str) -> bool:
    """Whether a journal's location is a URL and no path."""
    return "://" in location
