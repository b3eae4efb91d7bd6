"""Collecting garbage as an action: what is said in the journal, what is refused, which bundles are forgotten."""

from __future__ import annotations

import errno
import os
import time
import uuid
from pathlib import Path

import pytest

from pressrun.actions.upkeep import ABANDONED_S, GarbageRequest, collect_garbage
from pressrun.errors import CannotRestoreError, RefusedError, UsageError
from pressrun.records.digest import digest_bytes
from pressrun.records.entries import decode_entry
from pressrun.records.events import Collected, CollectFailed, CollectRequested, RunRecorded
from pressrun.records.standing import Standing
from pressrun.rules.standing.fold import fold
from pressrun.store.bundles import BundleStore
from pressrun.store.check import check_store
from pressrun.store.claims import claim_store, other_claims
from pressrun.store.fs import RealFs
from pressrun.store.journal.indexing import index
from pressrun.store.journal.open import open_journal
from pressrun.store.layout import object_path
from pressrun.store.objects import ObjectStore
from pressrun.store.open_objects import open_objects
from pressrun.testing.registries import Parts, register_folder, say
from pressrun.testing.samples import SAMPLE_FILES, write_sample_bundle

LATER_S = 4e9
DAY_S = 86400.0


@pytest.fixture
def parts(tmp_path):
    bundles = BundleStore(tmp_path / ".pressrun")
    bundles.objects.prepare()
    with open_journal(tmp_path / ".pressrun" / "journal.db") as journal:
        yield Parts(journal, bundles.objects, bundles)


def collected(parts: Parts, request: GarbageRequest | None = None, now_s: float = LATER_S):
    return collect_garbage(parts, request or GarbageRequest(), lambda event: say(parts, event), now_s=now_s)


def events(parts: Parts) -> list:
    return [decode_entry(stored.leaf).event for stored in parts.journal.read()]


def written(tmp_path: Path, name: str, number: int) -> Path:
    folder = tmp_path / f"{name}-{number}"
    write_sample_bundle(folder, {**SAMPLE_FILES, "models/m.bin": f"{name} {number}".encode()}, name=name)
    return folder


def test_what_is_removed_is_said_before_and_after(parts):
    parts.objects.put(b"rubbish")
    result = collected(parts)
    requested, done = events(parts)
    assert isinstance(requested, CollectRequested)
    assert done == Collected(collection=requested.collection, objects=1, size=7)
    assert (requested.objects, requested.size) == (1, 7)
    assert result.collections[0].removed == (digest_bytes(b"rubbish"),)
    standing = fold(Standing(), (decode_entry(stored.leaf) for stored in parts.journal.read()))
    assert standing.inconsistencies == []


def test_where_nothing_is_removed_nothing_is_said(parts, tmp_path):
    register_folder(parts, written(tmp_path, "churn", 1))
    parts.objects.put(b"rubbish")
    head = parts.journal.head()
    collected(parts, GarbageRequest(dry_run=True))
    about = parts.objects.about(digest_bytes(b"rubbish"))
    collected(parts, now_s=about.modified_s)
    assert parts.journal.head() == head
    assert parts.objects.has(digest_bytes(b"rubbish"))


def test_a_collection_that_fails_says_so(parts, monkeypatch):
    parts.objects.put(b"rubbish")

    def fail(_self, _digest):
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(ObjectStore, "remove", fail)
    with pytest.raises(PermissionError):
        collected(parts)
    requested, failed = events(parts)
    assert failed == CollectFailed(collection=requested.collection, error="[Errno 13] Permission denied")


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE journal SET leaf = CAST(replace(CAST(leaf AS TEXT), 'tester', 'nobody') AS BLOB) WHERE seq = 1",
        "UPDATE tree SET size = size - 1",
        "DELETE FROM found",
        "DELETE FROM journal WHERE seq = 1",
    ],
)
def test_nothing_is_removed_where_the_journal_is_not_what_it_was(parts, tmp_path, statement):
    register_folder(parts, written(tmp_path, "churn", 1))
    register_folder(parts, written(tmp_path, "churn", 2))
    parts.objects.put(b"rubbish")
    before = list(parts.objects.digests())
    index(parts.journal.database)
    with parts.journal.database.writing() as rows:
        for (name,) in rows.run("SELECT name FROM sqlite_master WHERE type = 'trigger'"):
            rows.run(f"DROP TRIGGER {name}")
        rows.run(statement)
    with pytest.raises(RefusedError, match="the journal is damaged"):
        collected(parts)
    assert list(parts.objects.digests()) == before


@pytest.mark.parametrize("request_", [GarbageRequest(grace_s=-1), GarbageRequest(unregistered_older_than_s=-1)])
def test_a_negative_time_is_refused(parts, request_):
    with pytest.raises(UsageError, match="negative"):
        collected(parts, request_)


def test_files_of_killed_writers_go_and_those_of_living_ones_stay(parts):
    temporary = parts.bundles.root / "tmp"
    temporary.mkdir(exist_ok=True)
    for name in ("1-00000000000000aa.tmp", "mine"):
        (temporary / name).write_bytes(b"half")
        os.utime(temporary / name, (1, 1))
    assert collected(parts, GarbageRequest(grace_s=0), now_s=100.0).temporary == ()
    assert collected(parts).temporary == ("1-00000000000000aa.tmp",)
    assert [path.name for path in temporary.iterdir()] == ["mine"]


def test_bundles_that_were_never_registered_are_forgotten_with_what_only_they_need(parts, tmp_path):
    kept = register_folder(parts, written(tmp_path, "churn", 1))
    for number in (2, 3, 4):
        parts.bundles.add(written(tmp_path, "churn", number))
    forgotten = [parts.bundles.load(digest) for digest in parts.bundles.history("churn")[1:3]]
    newest = parts.bundles.history("churn")[-1]
    run = RunRecorded(
        run="0" * 32, what="verify", notebook="n", source=digest_bytes(b"s"), outcome="same", started="2026-01-01",
        duration_s=1.0, bundle=forgotten[0].content_digest,
    )  # fmt: skip
    say(parts, run)
    request = GarbageRequest(unregistered_older_than_s=30 * DAY_S)
    told = collected(parts, GarbageRequest(unregistered_older_than_s=30 * DAY_S, dry_run=True))
    assert set(parts.bundles.digests()) == {kept.bundle, newest, *(item.content_digest for item in forgotten)}
    result = collected(parts, request)
    assert set(result.bundles) == set(told.bundles) == {item.content_digest for item in forgotten}
    assert result.collections[0].removed == told.collections[0].removed
    assert set(parts.bundles.digests()) == {kept.bundle, newest}
    assert parts.bundles.history("churn") == (kept.bundle, newest)
    assert check_store(parts.bundles).whole
    models = [file.digest for item in forgotten for file in item.content.files if file.role == "model"]
    assert len(models) == 2
    assert [parts.objects.has(digest) for digest in models] == [False, False]
    parts.bundles.add(written(tmp_path, "later", 1))
    assert check_store(parts.bundles).whole


def test_a_bundle_that_was_stored_again_of_late_is_not_forgotten(parts, tmp_path):
    folders = [written(tmp_path, "churn", number) for number in (1, 2)]
    for folder in folders:
        parts.bundles.add(folder)
    old, _ = parts.bundles.history("churn")
    for path in parts.bundles.root.rglob("*"):
        os.utime(path, (1, 1))
    model = next(file.digest for file in parts.bundles.load(old).content.files if file.role == "model")
    os.utime(object_path(parts.bundles.root, model), (1e6, 1e6))
    request = GarbageRequest(unregistered_older_than_s=30 * DAY_S)
    assert collected(parts, request, now_s=1e6 + 29 * DAY_S).bundles == ()
    assert collected(parts, request, now_s=1e6 + 31 * DAY_S).bundles == (old,)


def test_where_objects_are_elsewhere_both_stores_are_collected(tmp_path):
    bundles = BundleStore(tmp_path / ".pressrun")
    bundles.objects.prepare()
    with open_journal(tmp_path / "journal.db") as journal:
        parts = Parts(journal, open_objects(f"memory://{uuid.uuid4().hex}/store"), bundles)
        register_folder(parts, written(tmp_path, "churn", 1))
        bundles.objects.put(b"rubbish")
        parts.objects.put(b"rubbish")
        before = len(list(bundles.objects.digests()))
        first = collected(parts)
        assert [len(done.removed) for done in first.collections] == [0, 1]
        assert first.marked
        second = collected(parts, now_s=LATER_S + 2 * DAY_S)
        assert [len(done.removed) for done in second.collections] == [1, 0]
        assert len(list(bundles.objects.digests())) == before - 1
        assert len(list(parts.objects.digests())) == before + 1
        kinds = [type(event).__name__ for event in events(parts)]
        assert kinds == ["Registered", *["CollectRequested", "Collected"] * 2]


@pytest.mark.parametrize("kind", ["local", "memory"])
def test_nothing_is_removed_from_a_store_that_another_journal_refers_to(tmp_path, kind):
    shared = str(tmp_path / "shared") if kind == "local" else f"memory://{uuid.uuid4().hex}/store"
    found = []
    for name in ("ours", "theirs"):
        bundles = BundleStore(tmp_path / name / ".pressrun")
        (tmp_path / name).mkdir()
        bundles.objects.prepare()
        with open_journal(tmp_path / name / "journal.db") as journal:
            parts = Parts(journal, open_objects(shared), bundles)
            register_folder(parts, written(tmp_path, name, 1), local=False)
            claim_store(parts.objects, journal)
            claim_store(parts.objects, journal)
            found.append(parts.objects.put(name.encode()))
    with open_journal(tmp_path / "ours" / "journal.db") as journal:
        parts = Parts(journal, open_objects(shared), BundleStore(tmp_path / "ours" / ".pressrun"))
        others = other_claims(parts.objects, journal)
        assert len(others) == 1
        with pytest.raises(RefusedError, match="1 other journals refer") as caught:
            collected(parts)
        assert others[0] in caught.value.remedy
        assert all(parts.objects.has(digest) for digest in found)


def test_a_journal_without_entries_claims_nothing(parts):
    claim_store(parts.objects, parts.journal)
    assert other_claims(parts.objects, parts.journal) == []


def begin(parts: Parts) -> str:
    """Begin a collection as a process does that then is killed."""
    collection = uuid.uuid4().hex
    say(parts, CollectRequested(collection=collection, objects=1, size=1))
    return collection


def failures(parts: Parts) -> list:
    return [event for event in events(parts) if isinstance(event, CollectFailed)]


def test_a_collection_that_was_killed_is_closed_by_the_next_one(parts):
    collection = begin(parts)
    collect_garbage(parts, GarbageRequest(dry_run=True), lambda event: say(parts, event), shared=False)
    assert failures(parts) == []
    for _ in range(2):
        collect_garbage(parts, GarbageRequest(), lambda event: say(parts, event), shared=False)
        assert failures(parts) == [CollectFailed(collection=collection, error="interrupted")]


@pytest.mark.parametrize(("age_s", "closed"), [(ABANDONED_S - 60, False), (ABANDONED_S + 60, True)])
def test_where_others_may_be_at_it_only_an_old_collection_counts_as_killed(parts, age_s, closed):
    collection = begin(parts)
    collected(parts, now_s=time.time() + age_s)
    assert [event.collection for event in failures(parts)] == [collection] * closed


class FailingDisk(RealFs):
    """A disk that lets nothing be removed below a folder."""

    def __init__(self, folder: str) -> None:
        self.folder = folder

    def remove(self, path: Path) -> None:
        if self.folder in path.parts:
            raise OSError(errno.EIO, "Input/output error", str(path))
        super().remove(path)


def test_a_disk_that_fails_while_objects_are_removed_is_said_and_the_collection_is_closed(tmp_path):
    bundles = BundleStore(tmp_path / ".pressrun", FailingDisk("objects"))
    bundles.objects.put(b"rubbish")
    with open_journal(tmp_path / ".pressrun" / "journal.db") as journal:
        parts = Parts(journal, bundles.objects, bundles)
        with pytest.raises(CannotRestoreError, match="cannot remove: Input/output error"):
            collected(parts)
        assert [type(event) for event in events(parts)] == [CollectRequested, CollectFailed]


@pytest.mark.parametrize("folder", ["tmp", "names"])
def test_a_disk_that_fails_while_records_and_temporary_files_are_removed_is_said(tmp_path, folder):
    bundles = BundleStore(tmp_path / ".pressrun", FailingDisk(folder))
    for number in (1, 2):
        bundles.add(written(tmp_path, "churn", number))
    left = bundles.root / "tmp" / f"1-{'0' * 16}.tmp"
    left.write_bytes(b"")
    with open_journal(tmp_path / ".pressrun" / "journal.db") as journal:
        parts = Parts(journal, bundles.objects, bundles)
        with pytest.raises(CannotRestoreError, match="cannot remove: Input/output error"):
            collected(parts, GarbageRequest(unregistered_older_than_s=DAY_S if folder == "names" else None))
