"""Legality of what is offered: each precondition, with the sentence that says it."""

from __future__ import annotations

from typing import Any, get_args

import pytest

from pressrun.records import events as ev
from pressrun.records.digest import digest_text
from pressrun.records.people import Grant, Members, Person
from pressrun.rules.standing.fitting import MISFITS
from pressrun.rules.standing.legality import problem_with

OTHER = digest_text("another")
DAY = 60 * 24  # minutes
ABOUT = {"request": "r1", "name": "churn", "number": 1, "environment": "production"}
ADMIN = (Grant(role="policy-admin"),)


def test_every_event_is_judged() -> None:
    """No kind of event is legal for want of a rule; a run needs no state."""
    assert set(get_args(ev.Event)) - set(MISFITS) == {ev.RunRecorded}


def test_a_time_that_is_none_is_misuse(book: Any) -> None:
    """The caller's clock has to say something."""
    with pytest.raises(ValueError, match="'now' is not a time"):
        problem_with(book.standing, book.registered(), "ana", "now")


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"bundle": "sha256:short"}, "could not be read back"),
        ({"note": "\ud800"}, "could not be read back"),
        ({"parameters": {"x": float("nan")}}, "would not be read back as it is"),
        ({"parameters": {"x": (1, 2)}}, "would not be read back as it is"),
        ({"tier": "gold"}, "could not be read back"),
        ({"author": "bo"}, "ana registers, so bo cannot be the author"),
    ],
)
def test_a_version_that_is_refused(book: Any, change: Any, said: str) -> None:
    """What could not be read back would be an unread event for ever."""
    fields = {name: getattr(book.registered(), name) for name in ev.Registered.__struct_fields__}
    assert said in book.problem(ev.Registered(**(fields | change)))


def test_registering_again_does_not_leave_the_tier(book: Any) -> None:
    """After a strategic version comes no other one; the other way round is free."""
    book.offer(book.registered(1))
    book.offer(book.registered(2, tier="strategic"))
    assert "is strategic and churn@3 would not be" in book.problem(book.registered(3))


@pytest.mark.parametrize(
    ("fields", "said"),
    [
        ({}, "nothing of churn@1 would change"),
        ({"owner": "ana"}, "nothing of churn@1 would change"),
        ({"owner": "bo"}, ""),
        ({"tier": "strategic"}, ""),
    ],
)
def test_a_description_has_to_change_something(asked: Any, fields: Any, said: str) -> None:
    """An entry that says nothing is not written."""
    assert asked.problem(ev.Described(name="churn", number=1, **fields)) == said


@pytest.mark.parametrize("kind", ["statement", "waiver", "request", "approval"])
@pytest.mark.parametrize(
    ("expires", "said"),
    [(3, "would have expired"), (400 * DAY, "longer than 366 days"), (364 * DAY, ""), (None, "is not a time")],
)
def test_what_expires_does_so_after_it_begins_and_within_a_year(
    asked: Any, at: Any, kind: str, expires: int | None, said: str
) -> None:
    """Nothing is born expired, nothing holds for good."""
    end = "soon" if expires is None else at(expires)
    about = {"name": "churn", "number": 1, "bundle": asked.bundle(1), "check": "ID-5", "expires": end}
    event = {
        "statement": ev.Stated(statement="s1", answer=True, text=OTHER, **about),
        "waiver": ev.Waived(waiver="w1", reason="r", control="c", owner="o", **about),
        "request": asked.requested("r2", policy=OTHER, expires=end),
        "approval": asked.approved(expires=end),
    }[kind]
    found = asked.problem(event, "cy")
    assert said in found
    assert bool(said) == bool(found)


@pytest.mark.parametrize("blank", ["reason", "control", "owner", "check"])
def test_a_waiver_says_all_that_a_waiver_has_to(asked: Any, at: Any, blank: str) -> None:
    """Reason, control, owner and check."""
    said = {"reason": "r", "control": "c", "owner": "o", "check": "k"} | {blank: " "}
    event = ev.Waived(waiver="w1", name="churn", number=1, bundle=asked.bundle(1), expires=at(DAY), **said)
    assert asked.problem(event) == f"the {blank} is missing"


def test_a_statement_is_bound_to_the_content(asked: Any, at: Any) -> None:
    """One about another bundle is refused."""
    event = ev.Stated(
        statement="s", name="churn", number=1, bundle=asked.bundle(2), check="c", answer=True, text=OTHER,
        expires=at(DAY),
    )  # fmt: skip
    assert asked.problem(event).startswith("churn@1 is the bundle sha256:")


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({}, "is asked for already, by ana in r1"),
        ({"policy": OTHER}, ""),
        ({"verdict": OTHER}, ""),
        ({"environment": "staging"}, ""),
        ({"environment": "Staging"}, "'Staging' cannot be an environment"),
        ({"policy": OTHER, "nonce": "nonce-of-r1-0123456789"}, "nonce is that of r1"),
        ({"policy": OTHER, "nonce": "short"}, "fewer than 16"),
        ({"number": 3}, "there is no churn@3"),
        ({"bundle": OTHER}, "churn@1 is the bundle"),
    ],
)
def test_asking_again_needs_something_new(asked: Any, change: Any, said: str) -> None:
    """The same question is not asked twice while it is open; another policy or verdict makes it another."""
    found = asked.problem(asked.requested("r2", **change))
    assert said in found
    assert bool(said) == bool(found)


@pytest.mark.parametrize("request_id", ["", "R 2", "x" * 65])
def test_an_id_has_a_plain_form(asked: Any, request_id: str) -> None:
    """So that it can stand in a file name and on a command line."""
    assert "cannot be the id of a request" in asked.problem(asked.requested(request_id, policy=OTHER))


def test_approving_for_somebody_else_is_refused(asked: Any) -> None:
    """Who appends is who approves."""
    assert asked.problem(asked.approved("cy"), "ana") == "ana cannot approve for cy"
    assert asked.problem(asked.approved("cy"), "cy") == ""


def test_a_second_approval_under_an_alias_is_refused(asked: Any) -> None:
    """One person, two addresses: the quorum is not met by one."""
    asked.members = Members(people=(Person(id="cy", emails=("cy@a.example", "CY@b.example")),))
    asked.offer(asked.approved("cy@a.example"), "cy")
    found = asked.problem(asked.approved("cy@b.example"), "cy@b.example")
    assert found == "cy@b.example has already approved the request r1, as cy@a.example"


def test_an_expired_request_is_not_approved_whatever_the_clock_says(asked: Any, at: Any) -> None:
    """Once another entry bears a later time, a clock that goes back does not help."""
    assert asked.problem(asked.approved(), "cy", minute=30 * DAY - 1) == ""
    assert "expired at" in asked.problem(asked.approved(expires=at(31 * DAY)), "cy", minute=30 * DAY)
    asked.write(asked.registered(3), time=at(30 * DAY))
    assert "expired at" in asked.problem(asked.approved(), "cy", minute=5)


def test_a_clock_that_once_ran_ahead_ends_nothing_that_came_later(book: Any, at: Any) -> None:
    """Only what was there when the late time was seen has expired."""
    book.offer(book.registered())
    book.write(book.registered(2), time=at(3650 * DAY))
    book.offer(book.requested())
    assert book.problem(book.approved(), "cy") == ""


def test_a_revoked_version_is_neither_asked_for_nor_approved_nor_deployed(asked: Any) -> None:
    """Revoked is for good."""
    asked.offer(ev.Revoked(name="churn", number=1, reason="leaks"))
    for event, actor in (
        (asked.requested("r2", policy=OTHER), "ana"),
        (asked.approved(), "cy"),
        (asked.deploy_requested(), "rm"),
        (asked.deploy_requested(break_glass="fire", ratify_by=asked.requested().expires), "rm"),
    ):
        assert asked.problem(event, actor) == "churn@1 was revoked by ana: leaks"


def test_a_version_is_revoked_once_and_with_a_reason(asked: Any) -> None:
    """The first reason stays."""
    assert asked.problem(ev.Revoked(name="churn", number=1, reason=" ")) == "the reason is missing"
    asked.offer(ev.Revoked(name="churn", number=1, reason="leaks"))
    assert asked.problem(ev.Revoked(name="churn", number=1, reason="more")) == "churn@1 was already revoked by ana"
    asked.write(ev.Revoked(name="churn", number=1, reason="more"), "bo")
    version = asked.standing.names["churn"].versions[0]
    assert (version.revocation, version.revoked.actor) == ("leaks", "ana")


def test_only_one_s_own_is_withdrawn(asked: Any) -> None:
    """Neither another's request nor another's approval."""
    asked.offer(asked.approved("cy"), "cy")
    assert asked.problem(ev.Withdrawn(**ABOUT), "bo") == "bo cannot withdraw what ana asked for"
    assert asked.problem(ev.Withdrawn(**ABOUT, person="cy"), "ana") == "ana cannot withdraw what cy approved"
    assert asked.problem(ev.Withdrawn(**ABOUT), "ana") == asked.problem(ev.Withdrawn(**ABOUT, person="cy"), "cy") == ""


def test_rejecting_needs_a_reason_and_one_s_own_name(asked: Any) -> None:
    """A rejection closes for good."""
    assert asked.problem(ev.Rejected(**ABOUT, person="bo", reason=" "), "bo") == "the reason is missing"
    assert asked.problem(ev.Rejected(**ABOUT, person="bo", reason="r"), "ana") == "ana cannot reject for bo"


def published(number: int = 1, **more: Any) -> ev.Published:
    """Return the publication of the members."""
    return ev.Published(document_kind="members", document=OTHER, number=number, **more)


@pytest.mark.parametrize(
    ("people", "alone", "said"),
    [
        ((), "first", ""),
        ((), "", "the reason for publishing without a second person is missing"),
        ((Person(id="ana", grants=ADMIN),), "the only one", ""),
        ((Person(id="ana", grants=ADMIN), Person(id="bo", grants=ADMIN)), "hurry", "there are 2 policy admins"),
        ((Person(id="ana", grants=ADMIN), Person(id="bot", kind="service", grants=ADMIN)), "the only one", ""),
    ],
)
def test_a_document_is_published_alone_only_where_there_is_no_second_admin(
    book: Any, people: Any, alone: str, said: str
) -> None:
    """From two policy admins on, one proposes and another accepts."""
    if people:
        book.offer(published(alone="first"))
        book.members = Members(people=people)
    found = book.problem(published(2 if people else 1, alone=alone))
    assert said in found
    assert bool(said) == bool(found)


def test_members_that_are_published_and_not_given_refuse_publishing_alone(book: Any) -> None:
    """Who does not say who the members are cannot know that there is no second admin."""
    book.offer(published(alone="first"))
    assert "members are published" in book.problem(published(2, alone="again"))


def test_what_one_admin_proposed_another_accepts(book: Any) -> None:
    """Not the same one, not under an alias, and exactly what was proposed."""
    book.offer(ev.Proposed(proposal="p1", document_kind="members", document=OTHER))
    book.members = Members(
        people=(Person(id="ana", emails=("ana@example.org",), grants=ADMIN), Person(id="bo", grants=ADMIN))
    )
    assert "ana proposed it" in book.problem(published(proposal="p1"), "ana")
    assert "ana@example.org proposed it" in book.problem(published(proposal="p1"), "ana@example.org")
    assert book.problem(published(proposal="p1"), "bo") == ""
    assert "by one person alone" in book.problem(published(proposal="p1", alone="x"), "bo")
    other = ev.Published(document_kind="members", document=digest_text("x"), number=1, proposal="p1")
    assert "is of another document" in book.problem(other, "bo")
    book.offer(published(proposal="p1"), "bo")
    assert "already closed by bo" in book.problem(published(2, proposal="p1"), "bo")


@pytest.mark.parametrize(("kind", "level", "legal"), [
    ("policy", "team", True), ("policy", "", False), ("policy", "galaxy", False), ("members", "", True),
    ("members", "team", False),
])  # fmt: skip
def test_a_policy_has_a_level_and_the_members_have_none(book: Any, kind: Any, level: str, legal: bool) -> None:
    """Of the four there are."""
    event = ev.Proposed(proposal="p1", document_kind=kind, document=OTHER, level=level)
    assert (book.problem(event) == "") is legal


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({}, ""),
        ({"duration_s": -1.0}, "less than nothing"),
        ({"started": "then"}, "is not a time"),
        ({"run": ""}, "id"),
    ],
)
def test_a_run_is_a_fact_with_sane_figures(book: Any, at: Any, change: Any, said: str) -> None:
    """Whatever the state is."""
    fields = {
        "run": "0" * 32, "what": "replay", "notebook": "n", "source": OTHER, "outcome": "same", "started": at(),
        "duration_s": 1.0,
    } | change  # fmt: skip
    found = book.problem(ev.RunRecorded(**fields))
    assert said in found
    assert bool(said) == bool(found)


def test_a_collection_removes_no_less_than_nothing(book: Any) -> None:
    """Counts are counts."""
    assert book.problem(ev.CollectRequested(collection="c1", objects=0, size=0)) == ""
    assert book.problem(ev.CollectRequested(collection="c1", objects=-1, size=0)) != ""
