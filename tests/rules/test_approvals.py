"""Why an approval counts or not, one reason at a time."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pressrun.records.digest import digest_text
from pressrun.records.facts import ApprovalFact
from pressrun.records.people import Grant, Members
from pressrun.records.standing import ApprovalStands, Mark, RequestStands
from pressrun.rules.approvals import approval_facts, involved
from pressrun.testing.ballots import BUNDLE, POLICY, VERDICT, a_question, a_request, a_version, approve, day
from pressrun.testing.people import Signatory

BEN = Signatory("ben", "approver", team="risk")
ANA = Signatory("ana", "author")
MEMBERS = Members(people=(ANA.person, BEN.person))
OTHER = digest_text("other")


def _facts(request: RequestStands, members: Members | None = MEMBERS, **changes: Any) -> tuple[ApprovalFact, ...]:
    policy, verdict = changes.pop("policy", POLICY), changes.pop("verdict", VERDICT)
    problems = changes.pop("problems", {})
    return approval_facts(request, members, a_question(**changes), policy, verdict, problems)


def test_an_approval_of_exactly_this_by_who_may_counts() -> None:
    request = a_request()
    approve(request, BEN)
    expected = ApprovalFact(
        request=request.event.request, person="ben", role="approver", team="risk", made=day(2), expires=day(32)
    )
    assert (expected,) == _facts(request)


CHANGES: list[tuple[str, dict[str, Any], str, str]] = [
    ("content", {"bundle": OTHER}, "bundle", f"the content changed: it was given for {BUNDLE[:19]}, now it is"),
    ("version", {"number": 4}, "bundle", "it is for churn@3, not for churn@4"),
    ("name", {"name": "fraud"}, "bundle", "it is for churn@3, not for fraud@3"),
    ("environment", {"environment": "staging"}, "environment", "it is for production, not for staging"),
    ("policy", {"policy": OTHER}, "policy", f"given for {POLICY[:19]}, now it is {OTHER[:19]}"),
    ("verdict", {"verdict": OTHER}, "verdict", f"given for {VERDICT[:19]}, now it is {OTHER[:19]}"),
    ("time", {"now": day(32)}, "expired", f"it expired at {day(32)}"),
    ("no time", {"now": "soon"}, "expired", "a time in it cannot be read"),
    ("signature", {"problems": {3: "it does not verify"}}, "signature", "it does not verify"),
]


@pytest.mark.parametrize(("change", "kind", "sentence"), [c[1:] for c in CHANGES], ids=[c[0] for c in CHANGES])
def test_an_approval_is_void_when_what_it_binds_changed(change: dict[str, Any], kind: str, sentence: str) -> None:
    request = a_request()
    approve(request, BEN)
    (fact,) = _facts(request, **change)
    assert kind == fact.problem_kind
    assert sentence in fact.problem


def test_an_approval_holds_until_the_moment_it_expires_and_no_longer() -> None:
    request = a_request()
    approve(request, BEN)
    assert _facts(request, now=day(31.999))[0].problem_kind == ""
    assert _facts(request, now=day(32))[0].problem_kind == "expired"


def test_a_problem_of_another_entrys_signature_is_not_this_ones() -> None:
    request = a_request()
    approve(request, BEN)
    assert _facts(request, problems={4: "it does not verify"})[0].problem_kind == ""


FORGED: list[tuple[str, dict[str, Any], str]] = [
    ("content", {"bundle": OTHER}, "bundle"),
    ("number", {"number": 2}, "bundle"),
    ("environment", {"environment": "staging"}, "environment"),
    ("policy", {"policy": OTHER}, "policy"),
    ("verdict", {"verdict": OTHER}, "verdict"),
    ("request", {"request": "b" * 32}, "nonce"),
    ("nonce", {"nonce": "1" * 32}, "nonce"),
    ("unsigned", {"signature": "", "key": ""}, "unsigned"),
    ("stripped", {"signature": ""}, "unsigned"),
    ("names no key", {"key": ""}, "unsigned"),
    ("no end", {"expires": "never"}, "expired"),
    ("role", {"role": "reviewer"}, "role"),
    ("stranger", {"person": "carl"}, "signature"),
]


@pytest.mark.parametrize(("fields", "kind"), [f[1:] for f in FORGED], ids=[f[0] for f in FORGED])
def test_an_approval_of_something_else_does_not_count(fields: dict[str, Any], kind: str) -> None:
    request = a_request()
    approve(request, BEN, **fields)
    assert kind == _facts(request)[0].problem_kind


def _with_ben(**changes: Any) -> Members:
    return Members(people=(ANA.person, msgspec.structs.replace(BEN.person, **changes)))


ROLES: list[tuple[str, Members, str]] = [
    ("no member any more", Members(people=(ANA.person,)), "ben is no member any more"),
    ("role taken away", _with_ben(grants=()), "may not approve"),
    ("another role", _with_ben(grants=(Grant(role="reviewer"),)), "ben is not approver of churn in production"),
    ("other names", _with_ben(grants=(Grant(role="approver", names=("fraud*",)),)), "may not approve"),
    ("other environments", _with_ben(grants=(Grant(role="approver", environments=("staging",)),)), "may not approve"),
    (
        "other names, other role here",
        _with_ben(grants=(Grant(role="approver", names=("fraud",)), Grant(role="reviewer"))),
        "ben is not approver of churn",
    ),
    ("service", _with_ben(kind="service"), "is a service"),
    ("sets the policy", _with_ben(grants=(Grant(role="approver"), Grant(role="policy-admin"))), "policy admin"),
]


@pytest.mark.parametrize(("members", "sentence"), [r[1:] for r in ROLES], ids=[r[0] for r in ROLES])
def test_an_approval_does_not_outlive_the_role_it_was_given_in(members: Members, sentence: str) -> None:
    request = a_request()
    approve(request, BEN)
    (fact,) = _facts(request, members)
    assert fact.problem_kind == "role"
    assert sentence in fact.problem


def test_a_withdrawn_approval_does_not_count() -> None:
    request = a_request()
    approve(request, BEN).withdrawn = Mark(seq=4, time=day(2), actor="ben")
    assert _facts(request)[0].problem == "ben took it back"


@pytest.mark.parametrize("what", ["withdrawn", "rejected"])
def test_an_approval_of_a_closed_request_does_not_count(what: str) -> None:
    request = a_request()
    approve(request, BEN)
    setattr(request, what, Mark(seq=4, time=day(2), actor="ana"))
    assert _facts(request)[0].problem_kind == "withdrawn"


def test_an_approval_given_when_the_request_had_expired_does_not_count() -> None:
    request = a_request(expires=day(1.5))
    approve(request, BEN, time=day(1.5))
    assert "when the request had expired" in _facts(request)[0].problem


def test_a_clock_that_was_put_back_gives_neither_request_nor_approval_a_longer_life() -> None:
    # the approval's clock says day 0, before the request it answers
    request = a_request(expires=day(1))
    approve(request, BEN, time=day(0))
    assert _facts(request, now=day(0))[0].problem_kind == "expired"
    # the asker's clock says day 0, when the approval had not been given yet
    request = a_request()
    approve(request, BEN, time=day(2), expires=day(2))
    assert _facts(request, now=day(0))[0].problem_kind == "expired"


@pytest.mark.parametrize("key", ["ssh-rsa AAAA", "none", ANA.public], ids=["cut", "none", "another"])
def test_an_early_clock_and_a_key_that_is_none_of_theirs_do_not_count(key: str) -> None:
    request = a_request()
    approve(request, BEN, time=day(0.5), key=key)
    assert _facts(request)[0].problem_kind == "signature"


def test_a_signed_approval_that_somebody_else_entered_does_not_count() -> None:
    request = a_request()
    approval = approve(request, BEN)
    approval.mark = msgspec.structs.replace(approval.mark, actor="ana")
    assert _facts(request)[0].problem == "ana entered it in the name of ben"


def test_without_members_an_approval_counts_by_who_entered_it_and_is_marked_unsigned() -> None:
    request = a_request()
    approval = approve(request, BEN, signature="", key="")
    approval.mark = msgspec.structs.replace(approval.mark, actor="Carl@Example.org")
    (fact,) = _facts(request, None)
    assert (fact.person, fact.unsigned, fact.problem_kind) == ("carl@example.org", True, "")
    assert not _facts(request)[0].unsigned


def test_without_members_an_approval_still_binds_what_it_was_given_for() -> None:
    request = a_request()
    approve(request, BEN, signature="", key="")
    assert _facts(request, None, bundle=OTHER)[0].problem_kind == "bundle"
    assert _facts(request, None, now=day(40))[0].problem_kind == "expired"


def test_whoever_had_a_part_in_it_is_found_behind_every_address() -> None:
    ana = msgspec.structs.replace(ANA.person, emails=("ana@example.org", "ana@home.example"))
    members = Members(people=(ana, BEN.person))
    version = a_version("ana@example.org", committer="ANA@home.example")
    expected = {"author": "ana", "committer": "ana", "requester": "ben"}
    assert expected == involved(version, a_request("ben@example.org"), members)


def test_without_members_addresses_are_compared_in_one_spelling() -> None:
    version = a_version("ana@example.org", committer="Ana@Example.org")
    assert involved(version, None, None) == {"author": "ana@example.org", "committer": "ana@example.org"}


@given(
    st.fixed_dictionaries(
        {},
        optional={
            "request": st.text(max_size=4),
            "name": st.text(max_size=4),
            "number": st.integers(),
            "environment": st.text(max_size=4),
            "bundle": st.text(max_size=4),
            "policy": st.text(max_size=4),
            "verdict": st.text(max_size=4),
            "nonce": st.text(max_size=4),
            "person": st.text(max_size=4),
            "role": st.text(max_size=4),
            "expires": st.text(max_size=4),
            "signature": st.just(""),
        },
    )
)
@settings(max_examples=150)
def test_changing_anything_that_an_approval_says_never_lets_it_count(change: dict[str, Any]) -> None:
    request = a_request()
    before = approve(request, BEN)
    request.approvals[0] = ApprovalStands(mark=before.mark, event=msgspec.structs.replace(before.event, **change))
    (fact,) = _facts(request)
    assert (request.approvals[0].event == before.event) == (fact.problem_kind == "")
