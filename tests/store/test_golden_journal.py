"""What an earlier version wrote into a journal is read forever: the same leaves, the same state, the same proof."""

from __future__ import annotations

import pytest
from tests.golden.kept import unpack

from pressrun.actions.audit import given_keys, verify_export, verify_journal
from pressrun.actions.fsck import check_registry
from pressrun.actions.registry import open_registry
from pressrun.actions.signatures import signature_problems
from pressrun.records.digest import digest_bytes
from pressrun.records.entries import UnreadEvent, decode_entry, encode_entry
from pressrun.records.events import CollectFailed, CollectRequested, Described
from pressrun.records.people import Actor
from pressrun.records.standing import NameStands
from pressrun.rules.merkle import Frontier, leaf_hash
from pressrun.rules.signed_note import read_checkpoint, read_note, vkey
from pressrun.store.journal.open import open_journal

VKEY = "pressrun/ea58b6ad+f48d3e5c+AcgesNOal6D7/fg3lmsAFGLY0GAmwDauq+jEje3UY/GV"
ENTRIES = 50
LEAVES = "sha256:a7896cd63bdb6904ad363edd1806cd90961c0f1631e9fbecb45ab7a78a4d2001"
BUNDLES = [
    "sha256:e2efec223474887291db289e2151e67f3a825923476a2cc5023aecc3d1ba8514",
    "sha256:d557d4dbedf8d2eff8c6dc4439bbacca59412b29924153712f014fc1adadbb66",
    "sha256:825a28c2f530ce9c73127474d9f5818b283704905dd50716979d5cddf9b363b8",
]
UNKNOWN_KIND, UNKNOWN_FIELD = 49, 50


@pytest.fixture
def kept(tmp_path):
    """The golden registry in a place where it may be written to."""
    return unpack("journal-v1.tar", tmp_path)


@pytest.fixture
def registry(kept, monkeypatch):
    """The golden registry, opened by one of its people, who has another key for checkpoints."""
    monkeypatch.setenv("HOME", str(kept))
    monkeypatch.setenv("XDG_CONFIG_HOME", str(kept / "config"))
    for name in ("PRESSRUN_JOURNAL", "PRESSRUN_OBJECTS", "PRESSRUN_ACTOR"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("PRESSRUN_JOURNAL_KEY", str(kept / "journal.key"))
    with open_registry(kept / "project", actor=Actor(id="ana")) as opened:
        yield opened


def churn(registry) -> NameStands:
    return registry.standing().names["churn"]


def test_the_stored_bytes_are_the_same(registry):
    leaves = [stored.leaf for stored in registry.journal.read()]
    assert len(leaves) == ENTRIES
    assert digest_bytes(b"".join(leaves)) == LEAVES


def test_every_event_of_this_version_is_still_written_byte_for_byte(registry):
    """Except where a later version's field was passed over: nothing is lost by reading, and all by writing again."""
    different = []
    for stored in registry.journal.read():
        entry = decode_entry(stored.leaf)
        if isinstance(entry.event, UnreadEvent) or encode_entry(entry, stored.seq) != stored.leaf:
            different.append(stored.seq)
    assert different == [UNKNOWN_KIND, UNKNOWN_FIELD]


def test_versions_stand_as_they_stood(registry):
    versions = churn(registry).versions
    assert [version.event.bundle for version in versions] == BUNDLES
    assert [(version.owner, version.deputy, version.use_case) for version in versions] == [
        ("ana", "", ""),
        ("dora", "ben", "who leaves"),
        ("ana", "", ""),
    ]
    assert {version.tier for version in versions} == {"experiment"}
    assert [(version.revoked.actor if version.revoked else "", version.revocation) for version in versions] == [
        ("", ""),
        ("", ""),
        ("dora", "it learned from the test set"),
    ]
    assert [[said.event.check for said in version.statements] for version in versions] == [["FAIR"]] * 3
    assert [[bool(waiver.ended) for waiver in version.waivers] for version in versions] == [
        [True, False],
        [False],
        [False],
    ]


def test_pointers_requests_and_deployments_stand_as_they_stood(registry):
    stands = churn(registry)
    assert [(move.number, move.how, move.previous, move.mark.actor) for move in stands.moves["production"]] == [
        (1, "deploy", 0, "ana"),
        (2, "deploy", 1, "ana"),
        (3, "deploy", 2, "ana"),
        (1, "break-glass", 3, "ana"),
        (2, "rollback", 1, "ben"),
    ]
    requests = list(stands.requests.values())
    assert [
        (r.event.number, [a.event.person for a in r.approvals], r.rejection, bool(r.withdrawn)) for r in requests
    ] == [(1, ["ben"], "", False), (2, ["ben"], "not this week", False), (3, ["ben"], "", False), (2, [], "", True)]
    deployments = list(stands.deployments.values())
    assert all(deployment.ended for deployment in deployments)
    assert [(d.how, d.number, d.error) for d in deployments[-2:]] == [
        ("deploy", 1, "no space left"),
        ("rollback", 1, "no space left"),
    ]
    emergency, back = deployments[3:5]
    assert emergency.ratified is not None
    assert emergency.ratified.actor == "ben"
    assert emergency.reverted == back.deployment
    assert back.reviewed is not None
    assert back.reviewed.actor == "dora"


def test_documents_and_collections_stand_as_they_stood(registry, kept):
    standing = registry.standing()
    assert {key: [(one.number, one.mark.actor) for one in found] for key, found in standing.documents.items()} == {
        "policy/organisation": [(1, "cleo")],
        "members": [(1, "cleo"), (2, "cleo")],
    }
    for key, name in (("policy/organisation", "policy.yaml"), ("members", "members.yaml")):
        assert standing.documents[key][-1].document == digest_bytes((kept / name).read_bytes())
    assert [(one.title, bool(one.closed)) for one in standing.proposals.values()] == [("policy: acme", True)]
    assert [(one.objects, one.size, one.error, bool(one.ended)) for one in standing.collections.values()] == [
        (1, 22, "", True),
        (1, 2, "interrupted", True),
    ]
    assert standing.inconsistencies == []


def test_what_a_later_version_wrote_is_carried(registry):
    assert registry.standing().unread == {"monitored": 1}
    assert churn(registry).versions[1].owner == "dora"
    unknown, known = (decode_entry(stored.leaf) for stored in registry.journal.read(UNKNOWN_KIND - 1))
    assert unknown.event == UnreadEvent(kind="monitored")
    assert known.event == Described(name="churn", number=2, owner="dora")


def test_journal_and_export_verify_with_the_key_that_is_written_down(registry, kept):
    keys = given_keys([VKEY])
    for report in (verify_journal(registry.journal, keys), verify_export(kept / "audit.jsonl", keys)):
        assert report.problems == ()
        assert report.entries == ENTRIES


def test_journal_and_export_do_not_verify_with_another_key(registry, kept):
    keys = given_keys([vkey("pressrun/other", bytes(range(32)))])
    assert verify_journal(registry.journal, keys).problems != ()
    assert verify_export(kept / "audit.jsonl", keys).problems != ()


def test_every_checkpoint_is_of_the_tree_over_the_stored_bytes(registry):
    hashes = [leaf_hash(stored.leaf) for stored in registry.journal.read()]
    notes = [read_checkpoint(read_note(note).text) for note in registry.journal.checkpoints()]
    assert notes[-1].size == ENTRIES
    assert [note.root for note in notes] == [Frontier().extend(hashes[: note.size]).root() for note in notes]


def test_objects_records_and_signatures_are_whole(registry):
    assert check_registry(registry, given_keys([VKEY])).findings == ()
    requests = churn(registry).requests.values()
    assert [signature_problems(request, registry.members) for request in requests] == [{}] * len(requests)


def test_it_takes_new_entries_and_another_journal_takes_the_old_ones(registry, kept):
    registry.record(CollectRequested(collection="a" * 32, objects=1, size=1))
    registry.record(CollectFailed(collection="a" * 32, error="a test"))
    keys = given_keys([VKEY, vkey(registry.signer.name, registry.signer.public)])
    assert verify_journal(registry.journal, keys).problems == ()
    with open_journal(kept / "copy.db") as copy:
        copy.import_leaves(registry.journal.read(), registry.journal.checkpoints())
        assert list(copy.read()) == list(registry.journal.read())
