"""Which journals refer to a store: a collection of garbage reads one, so it must know whether there are others.

Whoever registers leaves the journal's mark in the store. Two projects that share a folder or bucket and not a journal
would otherwise take each other's objects for garbage.

    journals/<hex>          in a store on this disk
    gc/journals/<hex>       in a remote one

A journal is known by the digest of its first entry: copies of it, restored or moved elsewhere, are the same journal.
"""

from __future__ import annotations

import hashlib

from pressrun.store.durable import DurableWriter
from pressrun.store.folders import cannot_write
from pressrun.store.journal.port import Journal
from pressrun.store.objects import ObjectStore
from pressrun.store.objects_port import Objects
from pressrun.store.remote_objects import RemoteObjects

LOCAL_CLAIMS = "journals"
REMOTE_CLAIMS = "gc/journals"
_NOTE = b"a journal that refers to objects of this store\n"


def journal_id(journal: Journal) -> str | None:
    """Return the hex digest of a journal's first entry, None when it has none."""
    return next((hashlib.sha256(stored.leaf).hexdigest() for stored in journal.read(0, 1)), None)


def claim_store(objects: Objects, journal: Journal) -> None:
    """Leave a journal's mark in a store that it refers to; cheap when it is there already.

    Raises:
        CannotRestoreError: the store or the journal cannot be used.
    """
    name = journal_id(journal)
    if name is None:
        return
    if isinstance(objects, ObjectStore):
        target = objects.root / LOCAL_CLAIMS / name
        if objects.fs.stat(target) is None:
            try:
                objects.prepare()
                DurableWriter(objects.root, objects.fs).write(target, _NOTE)
            except OSError as error:
                raise cannot_write(target, error) from error
    elif isinstance(objects, RemoteObjects):
        path = f"{objects.prefix}/{REMOTE_CLAIMS}/{name}"
        if objects.about_path(path) is None:
            objects.write_path(path, _NOTE)


def other_claims(objects: Objects, journal: Journal) -> list[str]:
    """Return where the marks of other journals are.

    Raises:
        CannotRestoreError: the store or the journal cannot be used.
    """
    own = journal_id(journal)
    if isinstance(objects, ObjectStore):
        names = objects.fs.names(objects.root / LOCAL_CLAIMS)
        return [str(objects.root / LOCAL_CLAIMS / name) for name in names if name != own]
    if isinstance(objects, RemoteObjects):
        names = sorted(objects.times_under(REMOTE_CLAIMS))
        return [f"{objects.where}/{REMOTE_CLAIMS}/{name}" for name in names if name != own]
    return []
