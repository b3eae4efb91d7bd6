"""Legality of deployments, emergencies and rollbacks: each precondition, with the sentence that says it."""

from __future__ import annotations

from typing import Any

import pytest

from pressrun.records import events as ev
from pressrun.records.digest import digest_text
from pressrun.records.people import Members, Person

OTHER = digest_text("another")
DAY = 60 * 24  # minutes
ABOUT = {"request": "r1", "name": "churn", "number": 1, "environment": "production"}


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({}, ""),
        ({"policy": OTHER}, "the policy is sha256:"),
        ({"verdict": OTHER}, "the verdict is sha256:"),
        ({"bundle": OTHER}, "churn@1 is the bundle"),
        ({"request": "r9"}, "there is no request r9"),
        ({"environment": "staging"}, "the request r1 is about churn@1 in production"),
        ({"number": 2}, "the request r1 is about churn@1 in production"),
        ({"target": ""}, "the target is missing"),
        ({"previous": 2}, "no version of churn is live in production, not 2"),
        ({"ratify_by": "2026-08-04T12:00:00Z"}, "only an emergency has to be ratified"),
    ],
)
def test_a_deployment_is_of_what_was_approved(asked: Any, change: Any, said: str) -> None:
    """Every digest is the request's."""
    found = asked.problem(asked.deploy_requested(**({"request": "r1"} | change)))
    assert said in found
    assert bool(said) == bool(found)


@pytest.mark.parametrize("how", ["rejected", "withdrawn"])
def test_a_closed_request_carries_no_deployment(asked: Any, how: str) -> None:
    """Approvals of it are worth nothing any more."""
    asked.offer(asked.approved("cy"), "cy")
    closing = ev.Rejected(**ABOUT, person="bo", reason="no") if how == "rejected" else ev.Withdrawn(**ABOUT)
    asked.offer(closing, "bo" if how == "rejected" else "ana")
    assert f"the request r1 was {how} by" in asked.problem(asked.deploy_requested(request="r1"))


@pytest.mark.parametrize(
    ("reason", "ratify_by", "said"),
    [
        ("fire", DAY, ""),
        (" ", DAY, "the reason of the emergency is missing"),
        ("fire", 1, "the emergency would have expired"),
        ("fire", 8 * DAY, "longer than 7 days"),
    ],
)
def test_an_emergency_has_a_reason_and_a_near_end(asked: Any, at: Any, reason: str, ratify_by: int, said: str) -> None:
    """A second person has to stand behind it soon."""
    found = asked.problem(asked.deploy_requested(break_glass=reason, ratify_by=at(ratify_by)))
    assert said in found
    assert bool(said) == bool(found)


def test_no_second_move_of_a_pointer_is_begun(live_book: Any) -> None:
    """Neither a deployment nor a rollback, until the open one has ended; other environments are free."""
    live_book.offer(live_book.deploy_requested("d9", 3, 2))
    said = "the deploy d9 of churn@3 into production by ana is not ended yet"
    assert live_book.problem(live_book.deploy_requested("d10", 3, 2)) == said
    assert live_book.problem(live_book.rollback_requested()) == said
    assert live_book.problem(live_book.deploy_requested("d10", 3, 0, environment="staging")) == ""


@pytest.mark.parametrize(
    ("actor", "host", "minutes", "legal"),
    [("ana", "", 1, True), ("bo", "", 14, False), ("bo", "", 16, True), ("bo", "build-1", 1, True)],
)
def test_an_interrupted_deployment_is_closed_by_others_only_when_it_is_stale(
    live_book: Any, actor: str, host: str, minutes: int, legal: bool
) -> None:
    """Who began it may at once; where its machine is known, whoever holds that machine's lock may."""
    begun = live_book.offer(live_book.deploy_requested("d9", 3, 2, host=host))
    failed = ev.DeployFailed(deployment="d9", name="churn", number=3, environment="production", error="gone")
    found = live_book.problem(failed, actor, minute=live_book.minute + minutes)
    assert found == ("" if legal else f"ana is at it since {begun.time}; after 15 minutes it counts as interrupted")


@pytest.mark.parametrize(
    ("number", "previous", "change", "said"),
    [
        (1, 2, {}, ""),
        (3, 2, {}, "churn@3 was never live in production"),
        (2, 2, {}, "churn@2 is what is live in production"),
        (1, 1, {}, "churn@2 is live in production, not 1 as was thought"),
        (1, 2, {"environment": "staging"}, "no version of churn is live in staging, not 2 as was thought"),
        (1, 2, {"reason": ""}, "the reason is missing"),
        (1, 2, {"bundle": OTHER}, "churn@1 is the bundle"),
        (0, 2, {"bundle": OTHER}, "churn@2 is the bundle"),
        (0, 0, {}, "there is no churn@0"),
        (1, 2, {"review_by": "2027-08-03T12:00:00Z"}, "longer than 90 days"),
    ],
)
def test_a_rollback_goes_to_what_was_live_there_before(
    live_book: Any, number: int, previous: int, change: Any, said: str
) -> None:
    """And names a reason, and what it thinks is live."""
    found = live_book.problem(live_book.rollback_requested("b1", number, previous, **change))
    assert said in found
    assert bool(said) == bool(found)


def test_a_rollback_never_goes_to_a_revoked_version_but_leaves_one(live_book: Any) -> None:
    """Revoking what is live is why one rolls back."""
    live_book.offer(ev.Revoked(name="churn", number=2, reason="bad"))
    assert live_book.problem(live_book.rollback_requested()) == ""
    live_book.offer(ev.Revoked(name="churn", number=1, reason="worse"))
    assert live_book.problem(live_book.rollback_requested()) == "churn@1 was revoked by ana: worse"
    assert live_book.problem(live_book.rollback_requested(number=0, bundle=live_book.bundle(2))) == ""


def test_an_emergency_is_ratified_by_another_person_and_in_time(live_book: Any, at: Any) -> None:
    """Not under an alias either, and not by a clock that goes back."""
    live_book.members = Members(people=(Person(id="ana", emails=("ana@example.org",)), Person(id="bo")))
    which = live_book.deploy(3, 2, break_glass="fire", ratify_by=at(DAY))
    event = ev.Ratified(deployment=which, name="churn", environment="production")
    assert "another person has to stand behind it" in live_book.problem(event, "ana")
    assert "another person has to stand behind it" in live_book.problem(event, "ana@example.org")
    assert live_book.problem(event, "bo") == ""
    assert "had to be ratified by" in live_book.problem(event, "bo", minute=DAY)
    live_book.write(live_book.registered(4), time=at(DAY + 1))
    assert "had to be ratified by" in live_book.problem(event, "bo", minute=30)


@pytest.mark.parametrize("ending", ["open", "failed", "ratified", "rolled back"])
def test_only_an_emergency_that_stands_is_ratified(live_book: Any, at: Any, ending: str) -> None:
    """Not before it is done, not twice, not after it was taken back."""
    live_book.offer(live_book.deploy_requested("d9", 3, 2, break_glass="fire", ratify_by=at(DAY)))
    event = ev.Ratified(deployment="d9", name="churn", environment="production")
    if ending == "failed":
        live_book.offer(ev.DeployFailed(deployment="d9", name="churn", number=3, environment="production", error="e"))
    elif ending != "open":
        live_book.offer(live_book.deployed("d9", 3))
    if ending == "ratified":
        live_book.offer(event, "bo")
    if ending == "rolled back":
        live_book.roll_back(2, 3)
    assert live_book.problem(event, "bo") == {
        "open": "the emergency deployment d9 is not done yet",
        "failed": "the emergency deployment d9 failed",
        "ratified": "bo already stands behind the deployment d9",
        "rolled back": "the deployment d9 was taken back",
    }[ending]  # fmt: skip


def test_a_review_says_something_and_is_held_once(live_book: Any) -> None:
    """A blank comment is no review."""
    which = live_book.roll_back(1, 2)
    about = {"deployment": which, "name": "churn", "environment": "production"}
    assert live_book.problem(ev.Reviewed(**about, comment=" ")) == "the comment is missing"
    live_book.offer(ev.Reviewed(**about, comment="a feed was late"))
    assert "was already reviewed by ana" in live_book.problem(ev.Reviewed(**about, comment="again"))
