"""R8: every flipped, cut, missing or exchanged object, record and page is found, and the versions it hits are named."""

from __future__ import annotations

import contextlib
import random
import shutil
import uuid
from collections.abc import Callable
from pathlib import Path

import pytest

from pressrun.actions.audit import own_keys
from pressrun.actions.fsck import FsckReport, check_registry, repair_registry
from pressrun.errors import PressrunError
from pressrun.records.digest import digest_bytes
from pressrun.records.entries import decode_entry
from pressrun.records.events import Published, Requested, Stated
from pressrun.records.standing import Standing
from pressrun.rules.standing.fold import fold
from pressrun.rules.standing.snapshots import encode_snapshot
from pressrun.store.bundles import BundleStore
from pressrun.store.journal.indexing import index
from pressrun.store.journal.open import open_journal
from pressrun.store.keys import open_journal_key
from pressrun.store.layout import object_path
from pressrun.store.objects import ObjectStore
from pressrun.store.open_objects import open_objects
from pressrun.testing.registries import Parts, register_folder, say
from pressrun.testing.samples import SAMPLE_FILES, write_sample_bundle

LATER_S = 4e9
COMMON = digest_bytes(SAMPLE_FILES["pipeline.py"])


def make(folder: Path, objects: str = "") -> None:
    """Make a registry: three versions of two names that share files, and documents of every kind."""
    for name, number in (("churn", 1), ("churn", 2), ("fraud", 1)):
        files = {**SAMPLE_FILES, "models/m.bin": f"{name}{number}".encode()}
        write_sample_bundle(
            folder / f"{name}{number}", files, name=name, evidence={"receipt.json": b"{}"}, held={"data.csv": b"1,2"}
        )
    with opened(folder, objects, signed=True) as parts:
        for name in ("churn1", "churn2", "fraud1"):
            register_folder(parts, folder / name)
        say(parts, Stated(
            statement="s" * 32, name="fraud", number=1, bundle=digest_bytes(b"b"), check="fair", answer=True,
            text=parts.objects.put(b"statement"), expires="2027-01-01",
        ))  # fmt: skip
        say(parts, Published(document_kind="policy", level="team", number=1, document=parts.objects.put(b"policy")))
        say(parts, Requested(
            request="r" * 32, name="churn", number=2, environment="production", bundle=digest_bytes(b"b"),
            policy=digest_bytes(b"p"), verdict=digest_bytes(b"v"), decision=parts.objects.put(b"decision"), nonce="n",
            expires="2027-01-01",
        ))  # fmt: skip
        entries = [decode_entry(stored.leaf) for stored in parts.journal.read()]
        parts.journal.keep_snapshot(len(entries), encode_snapshot(fold(Standing(), entries)))
        index(parts.journal.database)


@contextlib.contextmanager
def opened(folder: Path, objects: str = "", *, signed: bool = False):
    bundles = BundleStore(folder / ".pressrun")
    bundles.objects.prepare()
    signer = open_journal_key(folder / "keys" / "journal.key", "pressrun/test") if signed else None
    with open_journal(folder / ".pressrun" / "journal.db", signer) as journal:
        yield Parts(journal, open_objects(objects) if objects else bundles.objects, bundles)


def checked(folder: Path, objects: str = "") -> FsckReport:
    with opened(folder, objects) as parts:
        return check_registry(parts, own_keys(folder / "keys" / "journal.key")._replace(given=True))


@pytest.fixture(scope="module")
def whole(tmp_path_factory) -> Path:
    folder = tmp_path_factory.mktemp("whole")
    make(folder)
    return folder


@pytest.fixture
def project(whole, tmp_path) -> Path:
    return Path(shutil.copytree(whole, tmp_path / "project"))


def test_a_whole_registry_is_whole(project):
    report = checked(project)
    assert report.findings == ()
    assert report.notes == ()
    assert (report.entries, report.versions) == (6, 3)
    assert report.objects == len(list(ObjectStore(project / ".pressrun").digests()))


def flip(path: Path, chance: random.Random) -> None:
    content = bytearray(path.read_bytes())
    content[chance.randrange(len(content))] ^= 1 << chance.randrange(8)
    path.write_bytes(content)


def cut(path: Path, _: random.Random) -> None:
    path.write_bytes(path.read_bytes()[:-1])


def append(path: Path, _: random.Random) -> None:
    path.write_bytes(path.read_bytes() + b"\0")


def remove(path: Path, _: random.Random) -> None:
    path.unlink()


def exchange(path: Path, _: random.Random) -> None:
    other = path.parent / ("f" * 62)
    other.write_bytes(b"another")
    other.replace(path)


def link(path: Path, _: random.Random) -> None:
    moved = path.parents[3] / "elsewhere"
    path.replace(moved)
    path.symlink_to(moved)


def directory(path: Path, _: random.Random) -> None:
    path.unlink()
    path.mkdir()


HARMS: list[Callable[[Path, random.Random], None]] = [flip, cut, append, remove, exchange, link, directory]


def needed_by(project: Path) -> dict[str, set[str]]:
    """Return which versions need which object, by the bundles themselves and not by what is under test."""
    needed: dict[str, set[str]] = {}
    with opened(project) as parts:
        for stored in parts.journal.read():
            event = decode_entry(stored.leaf).event
            kind = type(event).__name__
            if kind == "Registered":
                version = f"{event.name}@{event.number}"
                manifest = parts.bundles.load(event.bundle)
                files = [*manifest.content.files, *manifest.content.inputs, *manifest.evidence]
                for digest in (event.manifest, event.facts, *(file.digest for file in files)):
                    needed.setdefault(digest, set()).add(version)
            elif kind in {"Stated", "Requested"}:
                digest = event.text if kind == "Stated" else event.decision
                needed.setdefault(digest, set()).add(f"{event.name}@{event.number}")
            else:
                needed.setdefault(event.document, set())
    return needed


def test_every_object_that_is_harmed_in_any_way_is_found_with_the_versions_it_hits(project):
    needed = needed_by(project)
    digests = list(ObjectStore(project / ".pressrun").digests())
    assert set(digests) == set(needed)
    chance = random.Random(1)
    for digest in digests:
        path = object_path(project / ".pressrun", digest)
        content = path.read_bytes()
        for harm in HARMS:
            harm(path, chance)
            report = checked(project)
            found = [finding for finding in report.findings if finding.digest == digest]
            assert len(found) == 1, (harm.__name__, digest, report.findings)
            assert found[0].kind in {"object-damaged", "object-missing"}
            assert set(found[0].versions) == needed[digest], harm.__name__
            assert not report.whole
            if path.is_dir() and not path.is_symlink():
                path.rmdir()
            path.unlink(missing_ok=True)
            path.write_bytes(content)
            path.chmod(0o600)
    assert checked(project).whole


def test_an_object_that_all_versions_share_hits_them_all(project):
    remove(object_path(project / ".pressrun", COMMON), random.Random(0))
    assert checked(project).hit == ("churn@1", "churn@2", "fraud@1")


def test_every_record_of_a_bundle_that_is_harmed_is_found_with_its_version(project):
    records = sorted((project / ".pressrun" / "bundles").rglob("*.json"))
    with opened(project) as parts:
        versions = {
            event.bundle: f"{event.name}@{event.number}"
            for event in (decode_entry(stored.leaf).event for stored in parts.journal.read())
            if type(event).__name__ == "Registered"
        }
    chance = random.Random(2)
    assert len(records) == 9
    for record in records:
        content = record.read_bytes()
        for harm in (flip, cut, append):
            harm(record, chance)
            report = checked(project)
            assert versions[f"sha256:{record.parents[1].name}"] in report.hit, (harm.__name__, record)
            record.write_bytes(content)
    entry = next((project / ".pressrun" / "names").glob("*/*"))
    cut(entry, chance)
    assert any(finding.kind == "record" and "names" in finding.where for finding in checked(project).findings)


def logical(path: Path) -> list:
    """Return all that a database says, without what is only a cache; an error is something that it says, too."""
    try:
        with open_journal(path) as journal, journal.database.reading() as rows:
            # the time of a checkpoint's row only tells when the next one is due
            tables = ("* FROM journal ORDER BY seq", "* FROM tree", "size, note FROM checkpoint ORDER BY size",
                      "* FROM found ORDER BY subject, key", "* FROM shown ORDER BY subject",
                      "* FROM indexed")  # fmt: skip
            found = [rows.run(f"SELECT {table}") for table in tables]
            found += [rows.run("SELECT subject FROM found WHERE kind = 'version' AND key = 'name' ORDER BY text")]
            found += [rows.run("SELECT name, sql FROM sqlite_master ORDER BY name")]
            return [*found, journal.head(), list(journal.read())]
    except PressrunError as error:
        return [str(error)]


def test_every_page_of_the_journal_that_is_harmed_so_that_it_says_something_else_is_found(project):
    """Eight flips a page; one in bytes that nothing is read from changes nothing and need not be told."""
    path = project / ".pressrun" / "journal.db"
    content = path.read_bytes()
    before = logical(path)
    chance = random.Random(3)
    told = harmless = 0
    for page in range(0, len(content), 4096):
        used = [place for place in range(page, page + 4096) if content[place]]
        for place in chance.sample(used, min(8, len(used))):
            harmed = bytearray(content)
            harmed[place] ^= 1 << chance.randrange(8)
            write_database(path, bytes(harmed))
            if logical(path) == before:
                harmless += 1
                continue
            write_database(path, bytes(harmed))
            try:
                findings = checked(project).findings
            except PressrunError:
                continue  # it cannot even be opened, and says so
            assert findings, (page // 4096, place)
            told += 1
    assert told > 20
    assert told > harmless


def write_database(path: Path, content: bytes) -> None:
    for ending in ("-wal", "-shm"):
        path.with_name(path.name + ending).unlink(missing_ok=True)
    path.write_bytes(content)


def test_damage_of_what_a_remote_store_holds_is_found_and_repaired_from_the_project(tmp_path):
    location = f"memory://{uuid.uuid4().hex}/store"
    make(tmp_path, location)
    remote = open_objects(location)
    with opened(tmp_path, location) as parts:
        assert check_registry(parts).whole
        remote.system.pipe_file(remote._path(COMMON), b"x")
        remote.remove(digest_bytes(b"churn2"))
        report = check_registry(parts)
        assert [(finding.kind, finding.digest) for finding in report.findings] == [
            ("object-damaged", COMMON),
            ("object-missing", digest_bytes(b"churn2")),
        ]
        assert set(repair_registry(parts, report, parts.bundles.objects)) == {COMMON, digest_bytes(b"churn2")}
        assert check_registry(parts).whole


def test_damage_in_the_project_is_repaired_from_a_remote_store_and_only_by_what_is_whole_there(project):
    source = open_objects(f"memory://{uuid.uuid4().hex}/store")
    store = ObjectStore(project / ".pressrun")
    digests = list(store.digests())
    for digest in digests:
        source.put(store.read(digest))
    source.system.pipe_file(source._path(COMMON), b"damaged as well")
    for digest in digests:
        cut(object_path(store.root, digest), random.Random(0))
    with opened(project) as parts:
        report = check_registry(parts)
        assert len([finding for finding in report.findings if finding.digest]) == len(digests)
        assert set(repair_registry(parts, report, source)) == set(digests) - {COMMON}
        left = check_registry(parts)
    assert [finding.digest for finding in left.findings if finding.digest] == [COMMON]
    assert left.hit == ("churn@1", "churn@2", "fraud@1")


def test_what_killed_writers_left_is_a_note_and_no_damage(project):
    temporary = project / ".pressrun" / "tmp"
    (temporary / "1-00000000000000aa.tmp").write_bytes(b"half")
    with opened(project) as parts:
        parts.bundles.objects.prepare()
        (project / ".pressrun" / "bundles" / ("a" * 64) / "evidence").mkdir(parents=True)
        report = check_registry(parts, now_s=LATER_S)
    assert report.whole
    assert len(report.notes) == 2


def test_checking_while_others_append_finds_nothing_wrong(project):
    import threading

    stop = threading.Event()

    def append_runs() -> None:
        with opened(project) as parts:
            while not stop.is_set():
                say(parts, Published(document_kind="policy", level="team", number=1, document=digest_bytes(b"policy")))

    writer = threading.Thread(target=append_runs)
    writer.start()
    try:
        for _ in range(10):
            assert [finding for finding in checked(project).findings if finding.kind == "journal"] == []
    finally:
        stop.set()
        writer.join()
