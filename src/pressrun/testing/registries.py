"""The parts of a registry without its policies and people: a journal, objects, bundles, and versions in them."""

from __future__ import annotations

import datetime
from pathlib import Path
from typing import NamedTuple

import msgspec

from pressrun.errors import HeadMovedError
from pressrun.records.digest import Digest, canonical_json, digest_bytes
from pressrun.records.entries import Draft, decode_entry
from pressrun.records.events import Event, Registered
from pressrun.records.facts import Evidence
from pressrun.store.bundles import BundleStore
from pressrun.store.folders import open_directory
from pressrun.store.garbage import confirm_objects, holding
from pressrun.store.journal.port import Journal
from pressrun.store.manifests import listed_files
from pressrun.store.objects_port import Objects


class Parts(NamedTuple):
    """What is asked of a registry by those who keep it up."""

    journal: Journal
    objects: Objects
    bundles: BundleStore


def say(parts: Parts, event: Event) -> int:
    """Append one event, whatever others append meanwhile; return its number."""
    while True:
        try:
            return parts.journal.append([_draft(event)], after=parts.journal.head())[0].seq
        except HeadMovedError:
            continue


def register_folder(parts: Parts, folder: Path, *, local: bool = True, first: bool = False) -> Registered:
    """Make a bundle in a folder a version of its own name: objects first, then the event, then a look that all stayed.

    Args:
        parts: the registry's parts.
        folder: holds a bundle.
        local: whether the project's own store takes the bundle, too.
        first: whether this is known to be the first version of the name, so that nobody has to look.
    """
    bundle = open_directory(folder)
    content = bundle.manifest.content_digest
    facts = canonical_json(Evidence(bundle=content))
    again: dict[Digest, bytes | Path] = {digest_bytes(data): data for data in (bundle.manifest_bytes, facts)}
    for listed in listed_files(bundle.manifest).values():
        again[listed.digest] = folder / listed.path
    with holding(parts.objects):
        if local:
            parts.bundles.add_verified(bundle)
        for digest, source in again.items():
            parts.objects.put(source, expected=digest)
        event = Registered(
            name=bundle.manifest.name, number=1, bundle=content, manifest=digest_bytes(bundle.manifest_bytes),
            facts=digest_bytes(facts), author="tester",
        )  # fmt: skip
        event = _append(parts, event, first=first)
    confirm_objects(parts.objects, again, again=again.__getitem__)
    return event


def _append(parts: Parts, event: Registered, *, first: bool) -> Registered:
    while True:
        head = parts.journal.head()
        number = 1 if first else 1 + _versions(parts.journal, event.name, head)
        numbered = msgspec.structs.replace(event, number=number)
        try:
            parts.journal.append([_draft(numbered)], after=head)
        except HeadMovedError:
            continue
        return numbered


def _versions(journal: Journal, name: str, head: int) -> int:
    events = (decode_entry(stored.leaf).event for stored in journal.read(0, head))
    return sum(isinstance(event, Registered) and event.name == name for event in events)


def _draft(event: Event) -> Draft:
    now = datetime.datetime.now(datetime.timezone.utc).isoformat(timespec="microseconds")
    return Draft(event=event, actor="tester", via="local", time=now)
