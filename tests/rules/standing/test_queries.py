"""What a state says when it is asked."""

from __future__ import annotations

from typing import Any

import pytest

from pressrun.records import events as ev
from pressrun.records.digest import digest_text
from pressrun.rules.standing import queries

OTHER = digest_text("another")
DAY = 60 * 24  # minutes
ABOUT = {"request": "r1", "name": "churn", "number": 1, "environment": "production"}


def test_what_is_live_is_the_last_move_s_version(live_book: Any) -> None:
    """And nothing where no pointer ever was, and none after it was taken down."""
    assert queries.live(live_book.standing, "churn", "production").number == 2
    assert queries.live(live_book.standing, "churn", "staging") is None
    assert queries.live(live_book.standing, "fraud", "production") is None
    live_book.roll_back(0, 2, bundle=live_book.bundle(2))
    assert queries.live(live_book.standing, "churn", "production") is None


@pytest.mark.parametrize(
    ("at", "number"),
    [
        (4, None), (5, 1), (6, 1), (7, 2), (99, 2),
        ("2026-08-03T12:04:59Z", None), ("2026-08-03T12:05:00Z", 1), ("2026-08-03T12:06:59Z", 1),
        ("2026-08-03T12:07:00.000000+00:00", 2), ("2026-08-04", 2), ("2026-08-03", None),
    ],
)  # fmt: skip
def test_what_was_live_is_told_for_any_entry_and_any_time(live_book: Any, at: Any, number: int | None) -> None:
    """Moves were made by entry 5, at 12:05, and entry 7, at 12:07."""
    found = queries.live_at(live_book.standing, "churn", "production", at)
    assert (found.number if found is not None else None) == number


def test_a_later_time_never_gives_an_earlier_move(live_book: Any, at: Any) -> None:
    """Also where a clock ran far ahead for one move, or behind for another."""
    for deployment, number, previous, minute in (("x", 3, 2, 9000), ("y", 1, 3, 20), ("z", 2, 1, 15)):
        live_book.write(live_book.deploy_requested(deployment, number, previous))
        live_book.write(live_book.deployed(deployment, number), time=at(minute))
    seqs = []
    for minute in (0, 5, 7, 15, 20, 21, 9000, 9001):
        move = queries.live_at(live_book.standing, "churn", "production", at(minute))
        seqs.append(move.mark.seq if move is not None else 0)
    assert seqs == sorted(seqs)
    assert queries.live_at(live_book.standing, "churn", "production", at(9001)).number == 2


def test_a_time_that_is_none_is_misuse(live_book: Any) -> None:
    """Nothing was ever live then."""
    with pytest.raises(ValueError, match="'yesterday' is not a time"):
        queries.live_at(live_book.standing, "churn", "production", "yesterday")


def test_a_rollback_goes_to_the_newest_move_that_was_not_taken_back(live_book: Any) -> None:
    """From 2 to 1; from 3, after 2 was rolled back once and deployed again, to 2; never to what is revoked."""
    target = queries.rollback_target
    assert target(live_book.standing, "churn", "production").number == 1
    live_book.roll_back(1, 2)
    assert target(live_book.standing, "churn", "production") is None
    live_book.deploy(2, 1)
    live_book.deploy(3, 2)
    assert target(live_book.standing, "churn", "production").number == 2
    live_book.offer(ev.Revoked(name="churn", number=2, reason="bad"))
    assert target(live_book.standing, "churn", "production").number == 1
    live_book.offer(ev.Revoked(name="churn", number=1, reason="bad"))
    assert target(live_book.standing, "churn", "production") is None
    assert target(live_book.standing, "churn", "staging") is None


def test_a_version_stands_as_its_newest_request_does(book: Any, at: Any) -> None:
    """Registered, in review, approved, rejected, live, revoked, each after its event."""
    words = []

    def look() -> None:
        words.append(queries.state_of(book.standing, "churn", 1, at(book.minute)).word)

    book.offer(book.registered())
    look()
    book.offer(book.requested())
    look()
    book.offer(book.approved("cy"), "cy")
    look()
    book.offer(ev.Rejected(**ABOUT, person="bo", reason="no"), "bo")
    look()
    book.offer(book.requested("r2", policy=OTHER))
    look()
    book.offer(ev.Withdrawn(**(ABOUT | {"request": "r2"})))
    look()
    book.deploy(1)
    look()
    book.offer(ev.Revoked(name="churn", number=1, reason="bad"))
    look()
    assert words == [
        "registered", "in-review", "approved", "rejected", "in-review", "registered", "live", "revoked",
    ]  # fmt: skip
    assert queries.state_of(book.standing, "churn", 1, at()).environments == ("production",)
    assert queries.state_of(book.standing, "churn", 2, at()) is None


def test_an_approval_that_expired_or_was_taken_back_approves_nothing(book: Any, at: Any) -> None:
    """The version is in review again, until the request expires, too."""
    book.offer(book.registered())
    book.offer(book.requested())
    book.offer(book.approved("cy", expires=at(DAY)), "cy")
    book.offer(book.approved("di"), "di")
    book.offer(ev.Withdrawn(**ABOUT, person="di"), "di")
    found = [queries.state_of(book.standing, "churn", 1, at(minute)).word for minute in (DAY - 1, DAY, 30 * DAY)]
    assert found == ["approved", "in-review", "registered"]


def test_versions_are_found_by_how_they_stand(live_book: Any, at: Any) -> None:
    """In order of names and numbers."""
    live_book.offer(live_book.registered(1, "alpha"))
    now = at(live_book.minute)
    assert list(queries.versions_in(live_book.standing, "registered", now)) == [
        ("alpha", 1), ("churn", 1), ("churn", 3),
    ]  # fmt: skip
    assert list(queries.versions_in(live_book.standing, "live", now)) == [("churn", 2)]


def test_a_request_waits_until_it_is_answered_expired_or_deployed(book: Any, at: Any) -> None:
    """Approving it does not end the waiting: somebody has to deploy."""

    def waiting(minute: float) -> list[str]:
        return [found.event.request for found in queries.open_requests(book.standing, at(minute))]

    book.offer(book.registered())
    book.offer(book.requested())
    book.offer(book.approved("cy"), "cy")
    assert (waiting(10), waiting(30 * DAY)) == (["r1"], [])
    book.deploy(1, request="r1")
    assert waiting(10) == []


def test_a_move_is_open_until_it_ends(live_book: Any) -> None:
    """Done or failed."""
    live_book.offer(live_book.rollback_requested())
    assert [found.what.deployment for found in queries.open_deployments(live_book.standing)] == ["b1"]
    live_book.offer(ev.RollbackFailed(deployment="b1", name="churn", number=1, environment="production", error="e"))
    assert queries.open_deployments(live_book.standing) == []
    assert queries.open_reviews(live_book.standing) == []


def test_a_rollback_leaves_a_review_open(live_book: Any) -> None:
    """Until it is held."""
    which = live_book.roll_back(1, 2)
    assert [(found.name, found.what.deployment) for found in queries.open_reviews(live_book.standing)] == [
        ("churn", which)
    ]
    live_book.offer(ev.Reviewed(deployment=which, name="churn", environment="production", comment="c"))
    assert queries.open_reviews(live_book.standing) == []


@pytest.mark.parametrize("ending", ["none", "ratified", "rolled back", "deployed over"])
def test_an_emergency_is_overdue_while_it_is_live_and_nobody_stands_behind_it(
    live_book: Any, at: Any, ending: str
) -> None:
    """Ratified, taken back or superseded it needs nobody any more."""
    which = live_book.deploy(3, 2, break_glass="fire", ratify_by=at(DAY))
    assert [found.what.deployment for found in queries.unratified(live_book.standing)] == [which]
    assert queries.overdue(live_book.standing, at(DAY - 1)) == []
    if ending == "ratified":
        live_book.offer(ev.Ratified(deployment=which, name="churn", environment="production"), "bo")
    if ending == "rolled back":
        live_book.roll_back(2, 3)
    if ending == "deployed over":
        live_book.deploy(1, 3)
    late = [found.what.deployment for found in queries.overdue(live_book.standing, at(DAY))]
    assert late == ([which] if ending == "none" else [])


def test_open_proposals_and_collections_are_those_that_did_not_end(book: Any) -> None:
    """Oldest first."""
    for number in (1, 2, 3):
        book.offer(ev.Proposed(proposal=f"p{number}", document_kind="members", document=OTHER))
        book.offer(ev.CollectRequested(collection=f"c{number}", objects=1, size=1))
    book.offer(ev.ProposalRejected(proposal="p2", reason="no"))
    book.offer(ev.Collected(collection="c1", objects=1, size=1))
    assert [found.proposal for found in queries.open_proposals(book.standing)] == ["p1", "p3"]
    assert [found.collection for found in queries.open_collections(book.standing)] == ["c2", "c3"]
