"""Class 13: nobody approves their own, nobody counts twice, and an approval is good for nothing but what it was for.

Every attack goes the whole way: signatures are verified, people are found behind ids and addresses, and what is left
is who counts as a second person.
"""

from __future__ import annotations

from typing import Any

import msgspec
import pytest

from pressrun.actions.signatures import signature_problems
from pressrun.records.digest import digest_text
from pressrun.records.people import Grant, Key, Members, Person
from pressrun.records.standing import ApprovalStands, Mark, RequestStands, VersionStands
from pressrun.rules.approvals import approval_facts, involved
from pressrun.testing.ballots import POLICY, VERDICT, a_question, a_request, a_version, approve, ballot_for, day
from pressrun.testing.people import Signatory

OTHER = digest_text("other")


class World:
    """Ana wrote the version and asks; Ben and Cleo may approve, and so may Ana, of other people's.

    Attributes:
        request: for ``churn@3`` to production.
        changes: of what holds when it is looked at.
    """

    def __init__(self) -> None:
        self.ana = Signatory("ana", "author", "approver")
        self.ben = Signatory("ben", "approver")
        self.cleo = Signatory("cleo", "approver")
        self.version: VersionStands = a_version("ana", committer="ana@example.org")
        self.request: RequestStands = a_request("ana")
        self.people: dict[str, Person] = {who.person.id: who.person for who in (self.ana, self.ben, self.cleo)}
        self.changes: dict[str, Any] = {}

    def change(self, person: str, **fields: Any) -> None:
        self.people[person] = msgspec.structs.replace(self.people[person], **fields)

    @property
    def members(self) -> Members:
        return Members(people=tuple(self.people.values()))

    def look(self) -> tuple[set[str], set[str]]:
        """Return who counts as a second person, and the kinds of the problems of the others."""
        changes = dict(self.changes)
        policy, verdict = changes.pop("policy", POLICY), changes.pop("verdict", VERDICT)
        problems = signature_problems(self.request, self.members)
        facts = approval_facts(self.request, self.members, a_question(**changes), policy, verdict, problems)
        parts = set(involved(self.version, self.request, self.members).values())
        return (
            {fact.person for fact in facts if not fact.problem} - parts,
            {fact.problem_kind for fact in facts} - {""},
        )


@pytest.fixture
def world() -> World:
    return World()


def test_two_other_people_are_two(world: World) -> None:
    approve(world.request, world.ben, seq=3)
    approve(world.request, world.cleo, seq=4)
    assert world.look() == ({"ben", "cleo"}, set())


def test_the_author_is_no_second_person(world: World) -> None:
    approve(world.request, world.ana)
    assert world.look() == (set(), set())


@pytest.mark.parametrize("alias", ["ana@home.example", "ANA@Home.Example", "ana+work@example.org"])
def test_the_author_under_another_address_is_still_the_author(world: World, alias: str) -> None:
    world.change("ana", emails=("ana@example.org", "ana@home.example", "ana+work@example.org"))
    world.version = a_version("bot", committer=alias)
    world.request = a_request("bot")
    approve(world.request, world.ana)
    assert world.look() == (set(), set())


def test_whoever_asked_is_no_second_person(world: World) -> None:
    world.request = a_request("BEN@example.org")
    approve(world.request, world.ben)
    assert world.look() == (set(), set())


def test_a_second_key_is_no_second_person(world: World) -> None:
    other = Signatory("ben", "approver")
    world.change("ben", keys=(*world.people["ben"].keys, Key(public=other.public)))
    approve(world.request, world.ben, seq=3)
    approve(world.request, other, seq=4)
    assert world.look() == ({"ben"}, set())


def test_approving_twice_is_once(world: World) -> None:
    approve(world.request, world.ben, seq=3)
    approve(world.request, world.ben, seq=4)
    assert world.look() == ({"ben"}, set())


def test_signing_in_anothers_name_counts_for_nobody(world: World) -> None:
    ballot = ballot_for(world.request, "ben")
    approval = approve(world.request, world.ben, key=world.ana.public, signature=world.ana.sign(ballot.signed_bytes()))
    approval.mark = msgspec.structs.replace(approval.mark, actor="ana")
    assert world.look() == (set(), {"signature"})
    # nor does it as somebody who says in the journal that they are Ben
    approval.mark = msgspec.structs.replace(approval.mark, actor="ben")
    assert world.look() == (set(), {"signature"})


def test_entering_anothers_approval_under_ones_own_name_counts_for_nobody(world: World) -> None:
    approve(world.request, world.ben, person="cleo")
    assert world.look() == (set(), {"signature"})


COPIES: list[tuple[str, dict[str, Any], dict[str, Any], set[str]]] = [
    # to what, what the copier writes over, why it is refused
    ("next version", {"number": 4, "bundle": OTHER, "nonce": "4" * 32, "request": "4" * 32}, {}, {"bundle"}),
    ("next version of equal content", {"number": 4, "nonce": "4" * 32, "request": "4" * 32}, {}, {"bundle"}),
    ("another name", {"name": "fraud", "nonce": "4" * 32, "request": "4" * 32}, {}, {"bundle"}),
    ("another environment", {"environment": "staging", "nonce": "4" * 32, "request": "4" * 32}, {}, {"environment"}),
    ("a new request", {"nonce": "4" * 32, "request": "4" * 32}, {}, {"nonce"}),
    ("an old nonce under a new id", {"request": "4" * 32}, {}, {"nonce"}),
    ("a new nonce under the old id", {"nonce": "4" * 32}, {}, {"nonce"}),
    ("written over", {"number": 4, "nonce": "4" * 32}, {"number": 4, "nonce": "4" * 32}, {"signature"}),
    ("environment written over", {"environment": "staging"}, {"environment": "staging"}, {"signature"}),
    ("nonce written over", {"nonce": "4" * 32}, {"nonce": "4" * 32}, {"signature"}),
    ("end written over", {}, {"expires": day(300)}, {"signature"}),
]


@pytest.mark.parametrize(("to", "over", "kinds"), [copy[1:] for copy in COPIES], ids=[copy[0] for copy in COPIES])
def test_a_copied_approval_counts_nowhere_else(
    world: World, to: dict[str, Any], over: dict[str, Any], kinds: set[str]
) -> None:
    given = approve(world.request, world.ben)
    assert world.look() == ({"ben"}, set())
    world.request = a_request("ana", **to)
    world.changes = {key: to[key] for key in ("name", "number", "environment", "bundle") if key in to}
    event = msgspec.structs.replace(given.event, **over)
    world.request.approvals.append(ApprovalStands(mark=given.mark, event=event))
    assert world.look() == (set(), kinds)


CHANGED: list[tuple[str, dict[str, Any], set[str]]] = [
    ("content", {"bundle": OTHER}, {"bundle"}),
    ("policy", {"policy": OTHER}, {"policy"}),
    ("verdict", {"verdict": OTHER}, {"verdict"}),
    ("time", {"now": day(33)}, {"expired"}),
]


@pytest.mark.parametrize(("change", "kinds"), [c[1:] for c in CHANGED], ids=[c[0] for c in CHANGED])
def test_what_changes_after_the_approval_voids_it(world: World, change: dict[str, Any], kinds: set[str]) -> None:
    approve(world.request, world.ben)
    world.changes = change
    assert world.look() == (set(), kinds)


def test_a_role_that_was_lost_takes_the_approval_with_it(world: World) -> None:
    approve(world.request, world.ben)
    world.change("ben", grants=(Grant(role="viewer"),))
    assert world.look() == (set(), {"role"})


def test_whoever_left_takes_the_approval_along(world: World) -> None:
    approve(world.request, world.ben)
    del world.people["ben"]
    assert world.look() == (set(), {"signature"})


def test_whoever_makes_the_rules_does_not_approve_by_them(world: World) -> None:
    approve(world.request, world.ben)
    world.change("ben", grants=(Grant(role="approver"), Grant(role="policy-admin")))
    assert world.look() == (set(), {"role"})


def test_a_service_is_no_second_person(world: World) -> None:
    approve(world.request, world.ben)
    world.change("ben", kind="service")
    assert world.look() == (set(), {"role"})


def test_an_approval_that_was_taken_back_is_none_also_when_it_was_given_again_elsewhere(world: World) -> None:
    approve(world.request, world.ben, seq=3).withdrawn = Mark(seq=4, time=day(2), actor="ben")
    assert world.look() == (set(), {"withdrawn"})


def test_an_unsigned_approval_is_none_where_members_have_keys(world: World) -> None:
    approve(world.request, world.ben, signature="", key="")
    assert world.look() == (set(), {"unsigned"})


VALIDITY = [
    ("expired", {"valid_until": day(1.5)}),
    ("lost that day", {"valid_until": day(2)}),
    ("not yet", {"valid_from": day(2.5)}),
]


@pytest.mark.parametrize("validity", [v[1] for v in VALIDITY], ids=[v[0] for v in VALIDITY])
def test_a_key_that_did_not_hold_when_it_signed_counts_for_nobody(world: World, validity: dict[str, str]) -> None:
    approve(world.request, world.ben, time=day(2))
    world.change("ben", keys=(Key(public=world.ben.public, **validity),))
    assert world.look() == (set(), {"signature"})


def test_a_clock_that_was_put_back_revives_neither_request_nor_approval(world: World) -> None:
    world.request = a_request("ana", expires=day(1))
    approve(world.request, world.ben, time=day(0))
    world.changes = {"now": day(0)}
    assert world.look() == (set(), {"expired"})


@pytest.mark.parametrize(("ends", "counts"), [(0.5, False), (1.5, True)])
def test_a_clock_that_was_put_back_gives_a_lost_key_no_second_life(world: World, ends: float, counts: bool) -> None:
    # it was asked on day 1, and the approval's clock says day 0.2
    world.change("ben", keys=(Key(public=world.ben.public, valid_until=day(ends)),))
    approve(world.request, world.ben, time=day(0.2))
    assert world.look() == (({"ben"}, set()) if counts else (set(), {"signature"}))
