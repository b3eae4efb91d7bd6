"""R12: a backup that is made while others register is whole, and what is restored from it passes every check."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import time
import uuid
from pathlib import Path

import pytest

from pressrun.actions.audit import own_keys, verify_journal
from pressrun.actions.backup import BackupResult, Destination, back_up, restore
from pressrun.actions.fsck import check_registry
from pressrun.errors import BundleCorruptError, CannotRestoreError, UsageError
from pressrun.records.entries import decode_entry
from pressrun.records.events import Registered
from pressrun.store.bundles import BundleStore
from pressrun.store.journal.memory import MemoryJournal
from pressrun.store.journal.open import open_journal
from pressrun.store.keys import open_journal_key
from pressrun.store.layout import object_path
from pressrun.store.objects import ObjectStore
from pressrun.store.open_objects import open_objects
from pressrun.testing.registries import Parts, register_folder
from pressrun.testing.samples import SAMPLE_FILES, write_sample_bundle

CROWD = Path(__file__).with_name("crowd.py")


def written(folder: Path, number: int) -> Path:
    files = {**SAMPLE_FILES, "models/m.bin": b"%d" % number * 1000}
    write_sample_bundle(folder / f"churn{number}", files, name="churn", evidence={"receipt.json": b"%d" % number})
    return folder / f"churn{number}"


@pytest.fixture
def parts(tmp_path):
    """A registry with three versions, and a bundle that is none."""
    project = tmp_path / "project"
    bundles = BundleStore(project / ".pressrun")
    project.mkdir()
    bundles.objects.prepare()
    signer = open_journal_key(tmp_path / "keys" / "journal.key", "pressrun/test")
    with open_journal(project / ".pressrun" / "journal.db", signer) as journal:
        found = Parts(journal, bundles.objects, bundles)
        for number in range(3):
            register_folder(found, written(tmp_path, number))
        bundles.add(written(tmp_path, 3))
        yield found


def destination(folder: Path, objects: str = "") -> Destination:
    store = folder / ".pressrun"
    folder.mkdir(exist_ok=True)
    return Destination(store=store, journal=str(store / "journal.db"), objects=objects or str(store))


def tree(folder: Path) -> dict[str, bytes]:
    return {str(path.relative_to(folder)): path.read_bytes() for path in sorted(folder.rglob("*")) if path.is_file()}


def facts(folder: Path) -> dict[str, bytes]:
    return {path: content for path, content in tree(folder).items() if path.startswith(("objects", "bundles", "names"))}


def test_what_is_restored_is_what_was_backed_up(parts, tmp_path):
    result = back_up(parts, tmp_path / "copy")
    assert isinstance(result, BackupResult)
    assert (result.head, result.bundles, result.report.findings, result.unread) == (3, 4, (), ())
    before = tree(tmp_path / "copy")
    restored = restore(tmp_path / "copy", destination(tmp_path / "new"))
    assert restored.report.whole
    assert (restored.head, restored.objects, restored.bundles) == (result.head, result.objects, result.bundles)
    assert facts(tmp_path / "new" / ".pressrun") == facts(parts.bundles.root)
    with open_journal(tmp_path / "new" / ".pressrun" / "journal.db") as journal:
        assert list(journal.read()) == list(parts.journal.read())
        assert journal.checkpoints() == parts.journal.checkpoints() != []
        assert verify_journal(journal, own_keys(tmp_path / "keys" / "journal.key")).intact
    assert tree(tmp_path / "copy") == before


def test_a_backup_is_its_owners_alone_and_holds_no_key(parts, tmp_path):
    back_up(parts, tmp_path / "copy")
    for path in (tmp_path / "copy", *(tmp_path / "copy").rglob("*")):
        assert path.stat().st_mode & 0o077 == 0, path
    key = (tmp_path / "keys" / "journal.key").read_bytes()
    assert not any(key in content or b"PRIVATE KEY" in content for content in tree(tmp_path / "copy").values())


def test_a_registry_goes_to_a_remote_store_by_way_of_a_backup_and_back(parts, tmp_path):
    location = f"memory://{uuid.uuid4().hex}/store"
    back_up(parts, tmp_path / "copy")
    there = restore(tmp_path / "copy", destination(tmp_path / "there", location))
    assert there.report.whole
    remote = open_objects(location)
    assert list(remote.digests()) == list(parts.objects.digests())
    store = BundleStore(tmp_path / "there" / ".pressrun")
    with open_journal(store.root / "journal.db") as journal:
        again = back_up(Parts(journal, remote, store), tmp_path / "second")
    assert again.report.whole
    assert facts(tmp_path / "second" / "store") == facts(tmp_path / "copy" / "store")


def test_a_backup_of_what_is_damaged_holds_the_rest_and_says_what_is_missing(parts, tmp_path):
    model = next(file.digest for file in parts.bundles.load("churn").content.files if file.role == "model")
    facts_of_first = decode_entry(next(parts.journal.read()).leaf).event.facts
    object_path(parts.bundles.root, facts_of_first).write_bytes(b"x")
    object_path(parts.bundles.root, model).unlink()
    result = back_up(parts, tmp_path / "copy")
    assert result.unread == (facts_of_first,)
    assert result.report.hit == ("churn@1",)
    assert any(finding.kind == "record" for finding in result.report.findings)
    with pytest.raises(BundleCorruptError, match="the backup is damaged"):
        restore(tmp_path / "copy", destination(tmp_path / "new"))
    assert not (tmp_path / "new" / ".pressrun").exists()
    restored = restore(tmp_path / "copy", destination(tmp_path / "new"), even_damaged=True)
    assert restored.report.hit == ("churn@1",)
    assert restored.head == 3


def harm_object(copy: Path) -> None:
    next((copy / "store" / "objects").rglob("??*")).rename(copy / "store" / "gone")


def harm_journal(copy: Path) -> None:
    content = bytearray((copy / "journal.db").read_bytes())
    place = content.index(b'"author":"tester"')
    content[place + 10] ^= 1
    (copy / "journal.db").write_bytes(content)


def exchange_journal(copy: Path) -> None:
    (copy / "journal.db").unlink()
    with open_journal(copy / "journal.db"):
        pass


@pytest.mark.parametrize("harm", [harm_object, harm_journal, exchange_journal])
def test_a_damaged_backup_is_not_restored(parts, tmp_path, harm):
    back_up(parts, tmp_path / "copy")
    harm(tmp_path / "copy")
    with pytest.raises(BundleCorruptError, match="the backup is damaged"):
        restore(tmp_path / "copy", destination(tmp_path / "new"))
    assert not (tmp_path / "new" / ".pressrun").exists()


@pytest.mark.parametrize(
    ("note", "kind", "said"),
    [
        (None, UsageError, "no backup"),
        (b"{", UsageError, "no backup"),
        (b'{"format": 1}', UsageError, "no backup"),
        (b'{"format":2,"made":"x","head":1,"objects":1,"bundles":1}', CannotRestoreError, "newer pressrun"),
    ],
)
def test_what_is_no_backup_is_not_restored(parts, tmp_path, note, kind, said):
    back_up(parts, tmp_path / "copy")
    (tmp_path / "copy" / "backup.json").unlink()
    if note is not None:
        (tmp_path / "copy" / "backup.json").write_bytes(note)
    with pytest.raises(kind, match=said):
        restore(tmp_path / "copy", destination(tmp_path / "new"))


def test_neither_a_backup_nor_a_restore_takes_a_place_that_is_not_free(parts, tmp_path):
    back_up(parts, tmp_path / "copy")
    before = tree(tmp_path)
    (tmp_path / "link").symlink_to("nowhere")
    for taken in ("copy", "project", "link", "keys/journal.key"):
        with pytest.raises(UsageError, match="something already"):
            back_up(parts, tmp_path / taken)
    with pytest.raises(UsageError, match="a store with bundles already"):
        restore(tmp_path / "copy", destination(tmp_path / "project"))
    with open_journal(tmp_path / "other.db") as journal:
        journal.import_leaves(parts.journal.read())
    store = tmp_path / "new" / ".pressrun"
    for location, said in (
        (str(tmp_path / "other.db"), "a journal"),
        (f"sqlite:///{tmp_path}/other.db", "with entries"),
    ):
        with pytest.raises(UsageError, match=said):
            restore(tmp_path / "copy", Destination(store, location, str(store)))
    after = tree(tmp_path)
    assert {path: after[path] for path in before} == before
    assert not store.exists()


def test_a_journal_that_is_named_by_a_url_is_filled_entry_by_entry(parts, tmp_path):
    back_up(parts, tmp_path / "copy")
    store = tmp_path / "new" / ".pressrun"
    (tmp_path / "new").mkdir()
    result = restore(tmp_path / "copy", Destination(store, f"sqlite:///{tmp_path}/other.db", str(store)))
    assert result.report.whole
    with open_journal(tmp_path / "other.db") as journal:
        assert list(journal.read()) == list(parts.journal.read())
        assert journal.checkpoints() == parts.journal.checkpoints()


def test_a_journal_in_memory_cannot_be_backed_up(parts, tmp_path):
    with pytest.raises(TypeError, match="in a database"):
        back_up(parts._replace(journal=MemoryJournal()), tmp_path / "copy")


@pytest.mark.slow
def test_a_backup_under_load_is_whole_and_what_is_restored_from_it_passes_fsck_and_audit(parts, tmp_path):
    """Three processes register all the time; two backups are made meanwhile, each holding all that was there."""
    project = parts.bundles.root.parent
    words = [sys.executable, str(CROWD), str(project)]
    crowd = [
        subprocess.Popen([*words, str(number)], stdout=subprocess.PIPE, text=True, env=dict(os.environ))
        for number in range(3)
    ]
    try:
        for writer in crowd:
            assert writer.stdout.readline().strip() == "1"
        heads = []
        for turn in range(2):
            head = parts.journal.head()
            result = back_up(parts, tmp_path / f"copy{turn}")
            assert result.report.findings == ()
            assert result.head >= head
            heads.append(result.head)
            deadline = time.monotonic() + 60
            while parts.journal.head() <= result.head and time.monotonic() < deadline:
                time.sleep(0.05)
    finally:
        (project / "stop").touch()
        for writer in crowd:
            writer.communicate(timeout=120)
    assert [writer.returncode for writer in crowd] == [0, 0, 0]
    assert heads[0] < heads[-1] < parts.journal.head()
    for turn, head in enumerate(heads):
        restored = restore(tmp_path / f"copy{turn}", destination(tmp_path / f"new{turn}"))
        assert restored.report.findings == ()
        store = BundleStore(tmp_path / f"new{turn}" / ".pressrun")
        with open_journal(store.root / "journal.db") as journal:
            assert verify_journal(journal, own_keys(tmp_path / "keys" / "journal.key")).intact
            assert list(journal.read()) == list(parts.journal.read(0, head))
            versions = [decode_entry(stored.leaf).event for stored in journal.read()]
        assert all(isinstance(event, Registered) for event in versions)
    assert check_registry(parts).whole


def test_an_interrupted_restore_leaves_no_journal_and_can_be_told(parts, tmp_path, monkeypatch):
    back_up(parts, tmp_path / "copy")
    put = ObjectStore.put
    calls = []

    def full(self, *words, **options):
        calls.append(1)
        if len(calls) == 5:
            raise OSError(28, "No space left on device")
        return put(self, *words, **options)

    monkeypatch.setattr(ObjectStore, "put", full)
    with pytest.raises(CannotRestoreError, match="No space left"):
        restore(tmp_path / "copy", destination(tmp_path / "new"))
    assert not (tmp_path / "new" / ".pressrun" / "journal.db").exists()
    monkeypatch.setattr(ObjectStore, "put", put)
    assert restore(tmp_path / "copy", destination(tmp_path / "new")).report.whole
    shutil.rmtree(tmp_path / "new")
