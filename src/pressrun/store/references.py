"""Everything that a registry refers to: what a collection of garbage must not touch.

Refused on doubt: where a record that may list objects is damaged, missing or of a newer format, nobody can say what it
listed, so nothing may be removed.

An object is referred to when its digest stands

- in any record under ``bundles/`` of the project's store, whatever kind of record it is;
- anywhere in the stored bytes of the journal, whatever kind of event it is, also of a later version;
- in a document that the journal refers to: a registered manifest, facts, a decision, or what these name in turn.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from pathlib import Path

import msgspec

from pressrun.errors import PressrunError, RefusedError
from pressrun.records.digest import Digest, digest_bytes
from pressrun.records.entries import decode_entry
from pressrun.records.events import Registered
from pressrun.store import layout
from pressrun.store.bundles import BundleStore
from pressrun.store.journal.port import Journal, Stored
from pressrun.store.manifests import MAX_MANIFEST_BYTES, read_manifest
from pressrun.store.objects_port import Objects

_DIGEST = re.compile(rb"sha256:[0-9a-f]{64}")
_BUNDLE = re.compile("[0-9a-f]{64}")
_REMEDY = "Nothing was removed. `pressrun fsck` tells what is damaged; repair that first."


def digests_in(content: bytes) -> set[Digest]:
    """Return every digest that stands in stored bytes."""
    return {found.decode() for found in set(_DIGEST.findall(content))}


class References:
    """What is referred to, read once and then kept up to date.

    Args:
        journal: the registry's journal.
        objects: the store that holds what the journal refers to.
        bundles: the project's own bundles; their records count for every store.
        without: bundles whose records do not count, to tell what would be garbage without them.
    """

    def __init__(
        self, journal: Journal, objects: Objects, bundles: BundleStore, *, without: Iterable[Digest] = ()
    ) -> None:
        self._without = {layout.hex_of(digest) for digest in without}
        self._journal = journal
        self._objects = objects
        self._bundles = bundles
        self._live: set[Digest] = set()
        self._followed: set[Digest] = set()
        self._records: set[Path] = set()
        self.head = 0

    def refresh(self) -> set[Digest]:
        """Read what is new in the journal and beside the bundles, and return all that is referred to by now.

        Returns:
            The set itself; only read it. Not every digest in it is an object.

        Raises:
            RefusedError: something that may list objects cannot be read.
        """
        try:
            self._read_bundles()
            self._read_journal()
        except RefusedError:
            raise
        except PressrunError as error:
            raise _doubt(error.what, error.where) from error
        return self._live

    def _read_bundles(self) -> None:
        store = self._bundles
        layout.check_format(store.root, store.fs)
        for entry in store.fs.names(store.root / layout.BUNDLES):
            if entry in self._without:
                continue
            folder = store.root / layout.BUNDLES / entry
            if not _BUNDLE.fullmatch(entry):
                raise _doubt("it is no bundle", str(folder))
            for kind in store.fs.names(folder):
                for name in store.fs.names(folder / kind):
                    if folder / kind / name not in self._records:
                        self._read_record(folder / kind / name, manifest=kind == layout.BASE)

    def _read_record(self, path: Path, *, manifest: bool) -> None:
        try:
            with self._bundles.fs.open(path) as file:
                content = file.read(MAX_MANIFEST_BYTES + 1)
        except OSError as error:
            raise _doubt(f"the record cannot be read: {error.strerror or error}", str(path)) from error
        if f"{layout.hex_of(digest_bytes(content))}.json" != path.name:
            raise _doubt("the record is not what its name says", str(path))
        if manifest:
            read_manifest(content, str(path))
        self._keep_listed(content)
        self._records.add(path)

    def _read_journal(self) -> None:
        named: set[Digest] = set()
        for stored in self._journal.read(self.head):
            if stored.seq != self.head + 1:
                raise _doubt(f"entry {self.head + 1} of the journal is missing", "journal")
            named |= self._read_entry(stored)
            self.head = stored.seq
        self._live |= named
        self._follow(named)

    def _read_entry(self, stored: Stored) -> set[Digest]:
        try:
            event = decode_entry(stored.leaf).event
        except msgspec.MsgspecError as error:
            raise _doubt(f"entry {stored.seq} cannot be read: {error}", "journal") from error
        if isinstance(event, Registered):
            where = f"{event.name}@{event.number}"
            if event.manifest not in self._followed:
                content = self._objects.read(event.manifest)
                read_manifest(content, where)
                self._followed.add(event.manifest)
                self._keep_listed(content)
        return digests_in(stored.leaf)

    def _keep_listed(self, content: bytes) -> None:
        # files of a bundle: all that is known of them stands in its own records, so they are not searched for more
        found = digests_in(content)
        self._live |= found
        self._followed |= found

    def _follow(self, found: Iterable[Digest]) -> None:
        waiting = [digest for digest in found if digest not in self._followed]
        while waiting:
            digest = waiting.pop()
            if digest in self._followed:
                continue
            self._followed.add(digest)
            about = self._objects.about(digest)
            if about is None or about.size > MAX_MANIFEST_BYTES:  # no object, or no document
                continue
            named = digests_in(self._objects.read(digest))
            self._live |= named
            waiting.extend(named - self._followed)


def _doubt(what: str, where: str) -> RefusedError:
    return RefusedError(f"what is referred to cannot be told: {what}", where=where, remedy=_REMEDY)
