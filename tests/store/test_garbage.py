"""What a collection of garbage removes, what it never removes, and when it refuses."""

from __future__ import annotations

import os
import subprocess
import sys
import time
import uuid

import pytest

from pressrun.errors import CannotRestoreError, RefusedError
from pressrun.records.digest import canonical_json, digest_bytes
from pressrun.records.events import RunRecorded
from pressrun.store import garbage, layout
from pressrun.store.bundles import BundleStore
from pressrun.store.garbage import CONDEMNED, GRACE_S, collect, confirm_objects, gate_of, holding
from pressrun.store.journal.memory import MemoryJournal
from pressrun.store.layout import object_path
from pressrun.store.objects import ObjectStore
from pressrun.store.open_objects import open_objects
from pressrun.store.references import References, digests_in
from pressrun.store.remote_objects import RemoteObjects
from pressrun.testing.registries import Parts, register_folder, say

LATER_S = 4e9
"""A time at which everything is old, seconds since 1970."""
KINDS = ["local", "memory"]


@pytest.fixture(params=KINDS)
def parts(request, tmp_path) -> Parts:
    bundles = BundleStore(tmp_path / ".pressrun")
    remote = request.param == "memory"
    objects = open_objects(f"memory://{uuid.uuid4().hex}/store") if remote else bundles.objects
    return Parts(MemoryJournal(), objects, bundles)


def references(parts: Parts) -> References:
    return References(parts.journal, parts.objects, parts.bundles)


def collected(parts: Parts, *, now_s: float = LATER_S, dry_run: bool = False):
    """Collect as often as it takes: a remote store marks first."""
    done = None
    for moment in (now_s, now_s + 2 * GRACE_S):
        gate = gate_of(parts.objects, now_s=moment, grace_s=GRACE_S)
        if done is None or isinstance(parts.objects, RemoteObjects):
            done = collect(parts.objects, references(parts), gate, dry_run=dry_run)
    return done


def run(bundle: str = "", receipt: str = "") -> RunRecorded:
    return RunRecorded(
        run="0" * 32, what="verify", notebook="n", source=digest_bytes(b"s"), outcome="same", started="2026-01-01",
        duration_s=1.0, bundle=bundle, receipt=receipt,
    )  # fmt: skip


def test_what_nothing_refers_to_goes_and_all_else_stays(parts, bundle):
    rubbish = [parts.objects.put(content) for content in (b"one", b"two")]
    version = register_folder(parts, bundle)
    before = set(parts.objects.digests())
    done = collected(parts)
    assert set(done.removed) == set(rubbish)
    assert done.size == 6
    assert set(parts.objects.digests()) == before - set(rubbish)
    assert digests_in(parts.objects.read(version.manifest)) & before


def test_a_version_whose_bundle_is_only_in_the_journal_keeps_every_file(parts, bundle, tmp_path):
    register_folder(parts, bundle, local=False)
    before = set(parts.objects.digests())
    assert collected(parts).removed == ()
    assert set(parts.objects.digests()) == before
    assert len(before) > 8


def test_a_bundle_that_was_never_registered_keeps_its_files(parts, bundle):
    parts.bundles.add(bundle)
    parts.bundles.add_evidence(parts.bundles.resolve("sample"), "receipt", "receipt.json", b"later")
    local = Parts(parts.journal, parts.bundles.objects, parts.bundles)
    before = set(local.objects.digests())
    assert collected(local).removed == ()
    assert set(local.objects.digests()) == before


def test_a_document_that_an_event_names_stays_with_what_it_names_in_turn(parts):
    inner = parts.objects.put(b"a log")
    middle = parts.objects.put(canonical_json({"log": inner}))
    outer = parts.objects.put(canonical_json({"see": [middle]}))
    loose = parts.objects.put(canonical_json({"log": inner, "loose": True}))
    say(parts, run(receipt=outer))
    assert collected(parts).removed == (loose,)
    assert set(parts.objects.digests()) == {inner, middle, outer}


def test_what_an_event_of_a_later_version_names_stays(parts):
    kept = parts.objects.put(b"kept")
    loose = parts.objects.put(b"loose")
    say(parts, run())
    later = parts.journal._stored[0].leaf.replace(b'"run-recorded"', b'"invented-later"')
    parts.journal._stored[0] = parts.journal._stored[0]._replace(
        leaf=later.replace(b'"run":"', b'"x":"' + kept.encode())
    )
    assert collected(parts).removed == (loose,)


def test_what_was_put_within_the_period_of_grace_stays(parts):
    digest = parts.objects.put(b"young")
    about = parts.objects.about(digest)
    for age in (0.0, GRACE_S - 1, -GRACE_S):
        done = collect(
            parts.objects, references(parts), gate_of(parts.objects, now_s=about.modified_s + age, grace_s=GRACE_S)
        )
        assert done.removed == ()
        assert done.young == 1
    assert parts.objects.has(digest)


def test_a_dry_run_tells_and_changes_nothing(parts):
    digest = parts.objects.put(b"rubbish")
    first = collect(
        parts.objects, references(parts), gate_of(parts.objects, now_s=LATER_S, grace_s=GRACE_S), dry_run=True
    )
    assert first.removed == ((digest,) if isinstance(parts.objects, ObjectStore) else ())
    assert parts.objects.has(digest)
    if isinstance(parts.objects, RemoteObjects):
        assert not parts.objects.is_marked(digest)


def test_an_object_that_is_put_again_is_young(parts):
    digest = parts.objects.put(b"again")
    gates = [gate_of(parts.objects, now_s=moment, grace_s=GRACE_S) for moment in (LATER_S, LATER_S + 2 * GRACE_S)]
    if isinstance(parts.objects, RemoteObjects):
        assert collect(parts.objects, references(parts), gates[0]).removed == ()
        assert parts.objects.is_marked(digest)
        parts.objects.put(b"again")
        assert not parts.objects.is_marked(digest)
        assert collect(parts.objects, references(parts), gates[1]).removed == ()
    else:
        path = object_path(parts.objects.root, digest)
        os.utime(path, (1, 1))
        parts.objects.put(b"again")
        assert path.stat().st_mtime > 1_000_000


class Intruder(References):
    """Lets somebody work right before what is referred to is read for the second time: behind the gate."""

    def __init__(self, parts: Parts, work) -> None:
        super().__init__(parts.journal, parts.objects, parts.bundles)
        self._turns = 0
        self._work = work

    def refresh(self):
        self._turns += 1
        if self._turns == 2:
            self._work()
        return super().refresh()


def ripe_gate(parts: Parts):
    """Return a gate for which all that nothing refers to now is ripe."""
    if isinstance(parts.objects, RemoteObjects):
        collect(parts.objects, references(parts), gate_of(parts.objects, now_s=LATER_S, grace_s=GRACE_S))
    return gate_of(parts.objects, now_s=LATER_S + 2 * GRACE_S, grace_s=GRACE_S)


def test_what_is_referred_to_between_the_two_looks_is_spared(parts):
    digest = parts.objects.put(b"a receipt")
    gate = ripe_gate(parts)
    done = collect(parts.objects, Intruder(parts, lambda: say(parts, run(receipt=digest))), gate)
    assert (done.removed, done.spared) == ((), (digest,))
    assert parts.objects.has(digest)


def test_what_is_announced_is_what_is_about_to_go(parts):
    parts.objects.put(b"rubbish")
    told = []
    collect(parts.objects, references(parts), ripe_gate(parts), announce=lambda count, size: told.append((count, size)))
    assert told == [(1, 7)]
    told.clear()
    collect(parts.objects, references(parts), ripe_gate(parts), announce=lambda count, size: told.append((count, size)))
    assert told == []


DAMAGES = {
    "a manifest's object is missing": lambda parts, version: parts.objects.remove(version.manifest),
    "a manifest's object is another one": lambda parts, version: spoil(parts, version.manifest),
    "the facts are damaged": lambda parts, version: spoil(parts, version.facts),
    "a bundle's manifest is damaged": lambda parts, _: spoil_record(parts, layout.BASE),
    "a record of evidence is damaged": lambda parts, _: spoil_record(parts, layout.EVIDENCE),
    "a record of a held input is damaged": lambda parts, _: spoil_record(parts, layout.HELD),
    "a folder among the bundles is none": lambda parts, _: (parts.bundles.root / layout.BUNDLES / "x").mkdir(),
    "an entry cannot be read": lambda parts, _: parts.journal._stored.append(
        parts.journal._stored[0]._replace(seq=2, leaf=b"{")
    ),
    "an entry is missing": lambda parts, _: parts.journal._stored.append(parts.journal._stored[0]._replace(seq=3)),
}


def spoil(parts: Parts, digest: str) -> None:
    if isinstance(parts.objects, RemoteObjects):
        parts.objects.system.pipe_file(parts.objects._path(digest), b"{}")
    else:
        object_path(parts.objects.root, digest).write_bytes(b"{}")


def spoil_record(parts: Parts, kind: str) -> None:
    record = next((parts.bundles.root / layout.BUNDLES).glob(f"*/{kind}/*"))
    record.write_bytes(record.read_bytes()[:-1])


@pytest.mark.parametrize("damage", DAMAGES)
def test_where_nobody_can_say_what_is_referred_to_nothing_is_removed(parts, bundle, damage):
    rubbish = parts.objects.put(b"rubbish")
    version = register_folder(parts, bundle)
    gate = ripe_gate(parts)
    DAMAGES[damage](parts, version)
    before = set(parts.objects.digests())
    with pytest.raises(RefusedError, match="cannot be told") as caught:
        collect(parts.objects, references(parts), gate)
    assert "fsck" in caught.value.remedy
    assert set(parts.objects.digests()) == before
    assert rubbish in before


def test_writers_wait_for_a_collection_and_a_collection_for_writers(tmp_path, monkeypatch):
    objects = ObjectStore(tmp_path / "store")
    busy = pytest.raises(CannotRestoreError, match="somebody else has been at the store")
    with objects.adding(), busy, objects.alone(0.05):
        pass
    with objects.adding(), objects.adding(), holding(objects):
        objects.put(b"any number of writers")
    monkeypatch.setattr("pressrun.store.objects.GATE_PATIENCE_S", 0.05)
    with objects.alone(0.05), pytest.raises(CannotRestoreError, match="a collection of garbage has been"):
        objects.put(b"not now")


ADDING = """
import sys, time
from pathlib import Path
from pressrun.store.objects import ObjectStore
objects = ObjectStore(Path(sys.argv[1]))
end = time.monotonic() + 60
number = 0
while time.monotonic() < end:
    with objects.adding():
        objects.put(f"{sys.argv[2]} {number}".encode())
        number += 1
        if number == 1:
            print("adding", flush=True)
        time.sleep(0.05)
"""


def test_a_collection_gets_its_turn_among_writers_who_never_leave_the_gate_together(tmp_path):
    objects = ObjectStore(tmp_path / "store")
    objects.prepare()
    words = [sys.executable, "-c", ADDING, str(objects.root)]
    writers = [subprocess.Popen([*words, str(number)], stdout=subprocess.PIPE, text=True) for number in range(6)]
    try:
        assert [writer.stdout.readline() for writer in writers] == ["adding\n"] * 6
        waits = []
        for _ in range(5):
            begun = time.monotonic()
            with objects.alone(30.0):
                waits.append(time.monotonic() - begun)
            time.sleep(0.2)  # the writers are in again
        assert max(waits) < 30.0
    finally:
        for writer in writers:
            writer.kill()
            writer.communicate()


@pytest.fixture
def remote(tmp_path) -> Parts:
    objects = open_objects(f"memory://{uuid.uuid4().hex}/store")
    return Parts(MemoryJournal(), objects, BundleStore(tmp_path / ".pressrun"))


def condemn(parts: Parts, digest: str) -> str:
    path = f"{parts.objects.prefix}/{CONDEMNED}/{layout.hex_of(digest)}-{'0' * 16}"
    parts.objects.write_path(path, b"")
    return path


def test_a_writer_whose_object_was_removed_puts_it_again(remote):
    digest = remote.objects.put(b"content")
    remote.objects.remove(digest)
    with pytest.raises(CannotRestoreError, match=f"1 objects went missing.*{digest}"):
        confirm_objects(remote.objects, [digest])
    confirm_objects(remote.objects, [digest], again=lambda _: b"content")
    assert remote.objects.read(digest) == b"content"


def test_a_writer_waits_for_the_collection_that_condemned_its_object(remote):
    digest, other = remote.objects.put(b"content"), remote.objects.put(b"other")
    path = condemn(remote, digest)
    confirm_objects(remote.objects, [other], patience_s=0)
    with pytest.raises(CannotRestoreError, match="has not ended"):
        confirm_objects(remote.objects, [digest], patience_s=0.1)
    remote.objects.remove_path(path)
    confirm_objects(remote.objects, [digest], patience_s=0.1)


def test_what_is_condemned_is_condemned_before_the_journal_is_read_for_the_last_time(remote):
    """The order that the whole protocol rests on; and the condemnation is lifted whatever happens."""
    digest = remote.objects.put(b"rubbish")
    seen = []

    def work() -> None:
        seen.extend(name.partition("-")[0] for name in remote.objects.times_under(CONDEMNED))
        raise KeyboardInterrupt

    gate = ripe_gate(remote)
    with pytest.raises(KeyboardInterrupt):
        collect(remote.objects, Intruder(remote, work), gate)
    assert seen == [layout.hex_of(digest)]
    assert remote.objects.times_under(CONDEMNED) == {}
    assert remote.objects.has(digest)


def test_a_second_collection_is_refused_until_the_first_must_have_died(remote):
    digest = remote.objects.put(b"rubbish")
    gate = ripe_gate(remote)
    path = condemn(remote, digest)
    written_s = remote.objects.about_path(path).modified_s
    gate._now_s = written_s + 10
    with pytest.raises(RefusedError, match="another collection is at work"), gate.closed([digest]):
        pass
    assert remote.objects.about_path(path) is not None
    gate._now_s = written_s + garbage.STALE_S + 1
    with gate.closed([digest]):
        assert remote.objects.about_path(path) is None
    assert remote.objects.times_under(CONDEMNED) == {}


def test_a_collection_that_is_so_slow_that_it_may_be_believed_dead_stops(remote, monkeypatch):
    digest = remote.objects.put(b"rubbish")
    monkeypatch.setattr(garbage, "DEADLINE_S", -1.0)
    with pytest.raises(CannotRestoreError, match="so slow"):
        collect(remote.objects, references(remote), ripe_gate(remote))
    assert remote.objects.has(digest)
    assert remote.objects.times_under(CONDEMNED) == {}


def test_a_mark_goes_when_something_refers_to_the_object_again(remote):
    digest = remote.objects.put(b"receipt")
    ripe_gate(remote)
    assert remote.objects.is_marked(digest)
    say(remote, run(receipt=digest))
    collected(remote)
    assert not remote.objects.is_marked(digest)
    assert remote.objects.has(digest)


def test_ages_are_by_the_clock_of_the_store(remote):
    remote.objects.put(b"rubbish")
    gate = gate_of(remote.objects, now_s=None, grace_s=0.0)
    assert collect(remote.objects, references(remote), gate).removed == ()
    gate = gate_of(remote.objects, now_s=None, grace_s=0.0)
    assert len(collect(remote.objects, references(remote), gate).removed) == 1


def test_a_store_that_nothing_is_known_of_cannot_be_collected():
    with pytest.raises(TypeError, match="cannot be collected"):
        gate_of(object(), now_s=None, grace_s=0.0)
