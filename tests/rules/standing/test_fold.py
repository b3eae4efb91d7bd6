"""Folding: each event's effect, and what becomes of those that do not fit."""

from __future__ import annotations

from typing import Any

import pytest

from pressrun.records import events as ev
from pressrun.records.digest import digest_text
from pressrun.records.entries import Entry, UnreadEvent
from pressrun.records.standing import Inconsistency, Standing
from pressrun.rules.standing.fold import fold

OTHER = digest_text("another")


def test_registering_makes_dense_versions_with_their_owner(book: Any) -> None:
    """Two registered bundles are versions 1 and 2."""
    book.write(book.registered(1, owner="ana"))
    book.write(book.registered(2, owner="bo", tier="strategic"))
    versions = book.standing.names["churn"].versions
    assert [(v.owner, v.event.number, v.tier) for v in versions] == [("ana", 1, "experiment"), ("bo", 2, "strategic")]


@pytest.mark.parametrize("number", [0, -1, 2, 3])
def test_a_number_that_does_not_follow_is_noted_and_ignored(book: Any, number: int) -> None:
    """After nothing, only 1 follows."""
    book.write(book.registered(number))
    assert dict(book.standing.names) == {}
    assert [f"number {number} of churn does not follow 0"] == book.said()


@pytest.mark.parametrize("name", ["", "../x", "A", "con", "a" * 129, "x."])
def test_a_name_that_is_not_allowed_is_noted_and_ignored(book: Any, name: str) -> None:
    """Such a version never comes to be."""
    book.write(book.registered(1, name))
    assert dict(book.standing.names) == {}
    assert "cannot be a name" in book.said()[0]


def test_describing_leaves_what_is_empty_as_it_was(book: Any) -> None:
    """Only the fields that were given change."""
    book.write(book.registered(1, owner="ana", deputy="bo"))
    book.write(ev.Described(name="churn", number=1, owner="cy"))
    book.write(ev.Described(name="churn", number=1, tier="strategic"))
    version = book.standing.names["churn"].versions[0]
    assert (version.owner, version.deputy, version.tier, version.event.owner) == ("cy", "bo", "strategic", "ana")


def test_the_newest_replay_of_each_kind_is_kept(book: Any) -> None:
    """A later replay in the same kind of environment takes the earlier one's place."""
    for run, where, grade in (("1", "current", "R1"), ("2", "rebuilt", "R4"), ("3", "current", "R3")):
        book.write(
            ev.RunRecorded(
                run=run,
                what="replay",
                notebook="churn",
                source=OTHER,
                outcome="same",
                started="",
                duration_s=1.0,
                bundle=OTHER,
                where=where,
                grade=grade,
            )
        )
    newest = book.standing.replays[OTHER]
    assert {w: (r.run, r.grade) for w, r in newest.items()} == {"current": ("3", "R3"), "rebuilt": ("2", "R4")}


def test_a_run_of_a_bare_notebook_changes_nothing(book: Any) -> None:
    """Without a bundle there is nothing it could be evidence for."""
    book.write(ev.RunRecorded(run="1", what="replay", notebook="n", source=OTHER, outcome="", started="", duration_s=1))
    assert (dict(book.standing.replays), book.said()) == ({}, [])


def test_statements_and_waivers_stand_with_their_version(book: Any, at: Any) -> None:
    """A waiver that was ended says by which entry."""
    book.write(book.registered())
    common = {"name": "churn", "number": 1, "bundle": book.bundle(1), "check": "ID-5", "expires": at(10**5)}
    book.write(ev.Stated(statement="s1", answer=True, text=OTHER, **common))
    book.write(ev.Waived(waiver="w1", reason="r", control="c", owner="bo", **common))
    book.write(ev.WaiverEnded(waiver="w1", name="churn"), "cy")
    version = book.standing.names["churn"].versions[0]
    assert [found.event.statement for found in version.statements] == ["s1"]
    assert [(w.event.waiver, w.ended.seq, w.ended.actor) for w in version.waivers if w.ended] == [("w1", 4, "cy")]


def test_a_move_says_by_whom_when_how_and_after_what(live_book: Any, at: Any) -> None:
    """The pointer's history is complete."""
    live_book.roll_back(1, 2)
    moves = live_book.standing.names["churn"].moves["production"]
    assert [(m.number, m.how, m.previous) for m in moves] == [(1, "deploy", 0), (2, "deploy", 1), (1, "rollback", 2)]
    assert ("ana", at(9)) == (moves[-1].mark.actor, moves[-1].mark.time)
    assert live_book.said() == []


def test_a_rollback_marks_the_deployment_that_it_took_back(live_book: Any) -> None:
    """The deployment of 2 was reverted; that of 1 was not."""
    rollback = live_book.roll_back(1, 2)
    deployments = live_book.standing.names["churn"].deployments
    assert ["", rollback, ""] == [found.reverted for found in deployments.values()]


def test_taking_down_leaves_the_pointer_on_nothing(live_book: Any) -> None:
    """A rollback to number 0 is a move to nothing; another deployment may follow."""
    live_book.roll_back(0, 2, bundle=live_book.bundle(2))
    assert live_book.standing.names["churn"].moves["production"][-1].number == 0
    live_book.deploy(3)
    assert live_book.said() == []


def test_a_failed_deployment_leaves_the_pointer_where_it_was(live_book: Any) -> None:
    """It is ended, with the error."""
    live_book.write(live_book.deploy_requested("d9", 3, 2))
    live_book.write(
        ev.DeployFailed(deployment="d9", name="churn", number=3, environment="production", error="disk full")
    )
    stands = live_book.standing.names["churn"]
    assert (stands.moves["production"][-1].number, stands.deployments["d9"].error) == (2, "disk full")
    assert live_book.standing.unsettled == {}


def test_an_event_of_a_later_version_is_counted(book: Any) -> None:
    """It is passed over, and no inconsistency."""
    for kind in ("retired", "retired", "praised"):
        book.write(UnreadEvent(kind=kind))
    assert (book.standing.unread, book.standing.head, book.said()) == ({"retired": 2, "praised": 1}, 3, [])


def test_documents_have_dense_versions_for_each_level(book: Any) -> None:
    """A policy level and the members count apart; publishing closes the proposal."""
    book.write(ev.Published(document_kind="members", document=OTHER, number=1, alone="first"))
    book.write(ev.Proposed(proposal="p1", document_kind="policy", document=OTHER, level="team"))
    book.write(ev.Published(document_kind="policy", document=OTHER, number=1, level="team", proposal="p1"), "bo")
    assert {key: [found.number for found in versions] for key, versions in book.standing.documents.items()} == {
        "members": [1],
        "policy/team": [1],
    }
    assert book.standing.proposals["p1"].closed.actor == "bo"


def test_a_collection_says_what_became_of_it(book: Any) -> None:
    """Done, failed, or open."""
    for which in ("c1", "c2", "c3"):
        book.write(ev.CollectRequested(collection=which, objects=3, size=30))
    book.write(ev.Collected(collection="c1", objects=2, size=20))
    book.write(ev.CollectFailed(collection="c2", error="read-only"))
    found = book.standing.collections
    assert [(one.objects, one.ended is not None, one.error) for one in found.values()] == [
        (2, True, ""),
        (3, True, "read-only"),
        (3, False, ""),
    ]


@pytest.mark.parametrize(
    ("event", "said"),
    [
        (ev.Described(name="churn", number=4, owner="x"), "there is no churn@4"),
        (ev.Revoked(name="fraud", number=1, reason="r"), "there is no fraud@1"),
        (ev.WaiverEnded(waiver="w", name="churn"), "there is no waiver w of churn"),
        (ev.Deployed(deployment="x", name="churn", number=1, environment="production", bundle=OTHER),
         "there is no deployment x of churn"),
        (ev.RolledBack(deployment="d4", name="churn", number=1, environment="production", bundle=OTHER),
         "there is no rollback d4 of churn"),
        (ev.Deployed(deployment="d3", name="churn", number=2, environment="production", bundle=OTHER),
         "the deployment d3 is of churn@1 into production, not of churn@2 into production"),
        (ev.DeployFailed(deployment="d3", name="churn", number=1, environment="production", error="e"),
         "the deployment d3 already was done"),
        (ev.Rejected(request="r", name="churn", number=1, environment="production", person="p", reason="r"),
         "there is no request r for churn"),
        (ev.Ratified(deployment="d3", name="churn", environment="production"),
         "there is no emergency deployment d3 of churn into production"),
        (ev.Reviewed(deployment="d3", name="churn", environment="production", comment="c"),
         "there is no rollback d3 of churn into production"),
        (ev.Published(document_kind="members", document=OTHER, number=2), "number 2 of the members does not follow 0"),
        (ev.Published(document_kind="members", document=OTHER, number=1, proposal="p"), "there is no proposal p"),
        (ev.ProposalRejected(proposal="p", reason="r"), "there is no proposal p"),
        (ev.Collected(collection="c", objects=1, size=1), "there is no collection c"),
    ],
)  # fmt: skip
def test_what_does_not_fit_is_noted_and_changes_nothing(live_book: Any, event: Any, said: str) -> None:
    """The state is that of before but for the head, the time and the note."""
    expected = fold(Standing(), live_book.entries)
    entry = live_book.write(event)
    expected.head, expected.time, expected.witnesses = entry.seq, entry.time, live_book.standing.witnesses
    expected.inconsistencies = [Inconsistency(seq=entry.seq, what=said)]
    assert expected == live_book.standing


@pytest.mark.parametrize("field", ["bundle", "policy", "verdict", "nonce", "number", "environment"])
def test_an_approval_of_anything_else_than_was_asked_for_is_ignored(book: Any, field: str) -> None:
    """Each field that an approval binds is compared with the request's."""
    book.write(book.registered())
    book.write(book.registered(2))
    book.write(book.requested())
    book.write(book.approved(**{field: {"number": 2, "environment": "staging", "nonce": "else"}.get(field, OTHER)}))
    assert book.standing.names["churn"].requests["r1"].approvals == []
    assert len(book.said()) == 1


@pytest.mark.parametrize("close", ["reject", "withdraw"])
def test_a_closed_request_takes_no_approval(book: Any, close: str) -> None:
    """Neither after a rejection nor after it was withdrawn."""
    book.write(book.registered())
    book.write(book.requested())
    about = {"request": "r1", "name": "churn", "number": 1, "environment": "production"}
    book.write(ev.Rejected(**about, person="bo", reason="no") if close == "reject" else ev.Withdrawn(**about), "bo")
    book.write(book.approved())
    assert book.standing.names["churn"].requests["r1"].approvals == []
    assert [f"the request r1 was {'rejected' if close == 'reject' else 'withdrawn'} by bo"] == book.said()


def test_a_person_may_approve_again_after_taking_the_approval_back(book: Any) -> None:
    """The first is kept as withdrawn, the second counts; a third in between is ignored."""
    book.write(book.registered())
    book.write(book.requested())
    book.write(book.approved("cy"))
    book.write(book.approved("cy"))
    about = {"request": "r1", "name": "churn", "number": 1, "environment": "production"}
    book.write(ev.Withdrawn(**about, person="cy"), "cy")
    book.write(book.approved("cy"))
    approvals = book.standing.names["churn"].requests["r1"].approvals
    assert [(a.mark.seq, a.withdrawn is not None) for a in approvals] == [(3, True), (6, False)]
    assert book.said() == ["cy has already approved the request r1"]


@pytest.mark.parametrize(
    ("event", "said"),
    [
        ({"number": 3, "previous": 1}, "churn@2 is live in production, not 1 as was thought"),
        ({"number": 1, "previous": 2}, "churn@1 was revoked by ana: bad"),
    ],
)
def test_a_move_that_should_not_have_been_is_noted_and_counts(live_book: Any, event: Any, said: str) -> None:
    """The pointer is where it is, whoever put it there."""
    live_book.write(ev.Revoked(name="churn", number=1, reason="bad"))
    live_book.write(live_book.deploy_requested("d9", **event))
    live_book.write(live_book.deployed("d9", event["number"]))
    assert event["number"] == live_book.standing.names["churn"].moves["production"][-1].number
    assert [(said, False)] == [(found.what, found.ignored) for found in live_book.standing.inconsistencies]


def test_an_entry_that_comes_twice_is_noted_and_ignored(book: Any) -> None:
    """Folding the same entries again changes nothing but the notes."""
    book.write(book.registered())
    fold(book.standing, book.entries)
    assert len(book.standing.names["churn"].versions) == 1
    assert book.said() == ["entry 1 comes after entry 1"]


def test_a_gap_is_noted_and_folding_goes_on(book: Any, at: Any) -> None:
    """What follows the gap counts."""
    fold(book.standing, [Entry(seq=3, time=at(), actor="ana", via="local", event=book.registered())])
    assert book.said() == ["entry 3 follows entry 0: entries are missing"]
    assert len(book.standing.names["churn"].versions) == 1


def test_a_time_that_is_none_is_noted_and_ends_nothing(book: Any, at: Any) -> None:
    """Text that would sort after every time does not count as one."""
    book.write(book.registered())
    book.write(book.registered(2), time="zzzz-08-03T12:00:00.000000+00:00")
    assert (at(1), 2) == (book.standing.time, len(book.standing.names["churn"].versions))
    assert book.said() == ["'zzzz-08-03T12:00:00.000000+00:00' is not a time of the journal's form"]


def test_what_is_said_once_is_not_said_again(live_book: Any, at: Any) -> None:
    """Each id is new once, and each thing ends once; the second time nothing changes."""
    book = live_book
    about = {"name": "churn", "number": 3, "bundle": book.bundle(3), "check": "c", "expires": at(9000)}
    emergency = {"deployment": "e1", "name": "churn", "environment": "production"}
    for event in (
        ev.Stated(statement="s1", answer=True, text=OTHER, **about),
        ev.Waived(waiver="w1", reason="r", control="c", owner="o", **about),
        ev.WaiverEnded(waiver="w1", name="churn"),
        book.requested("r1", 3),
        book.approved("cy", "r1", 3),
        book.deploy_requested("e1", 3, 2, break_glass="fire", ratify_by=at(90), request="r1"),
        book.deployed("e1", 3),
        ev.Ratified(**emergency),
        book.rollback_requested("b1", 2, 3),
        book.rolled_back("b1", 2),
        ev.Reviewed(**(emergency | {"deployment": "b1"}), comment="c"),
        ev.Revoked(name="churn", number=3, reason="r"),
        ev.Proposed(proposal="p1", document_kind="members", document=OTHER),
        ev.Published(document_kind="members", document=OTHER, number=1, proposal="p1"),
        ev.Proposed(proposal="p2", document_kind="members", document=OTHER),
        ev.ProposalRejected(proposal="p2", reason="r"),
        ev.CollectRequested(collection="c1", objects=1, size=1),
        ev.Collected(collection="c1", objects=1, size=1),
    ):
        book.write(event)
        assert book.said() == []
        expected = fold(Standing(), book.entries)
        again = book.write(event, "bo")
        assert [found.seq for found in book.standing.inconsistencies] == [again.seq], event
        book.standing.inconsistencies.clear()
        book.entries.pop()
        expected.time, expected.witnesses = book.standing.time, book.standing.witnesses
        book.standing.head -= 1
        assert book.standing == expected
