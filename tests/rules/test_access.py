"""Who may do what: every combination, against a table that was written by hand."""

from __future__ import annotations

import itertools
from typing import Any

import pytest

from pressrun.records.people import ROLES, Actor, Grant, Members, Person
from pressrun.rules.access import ACTIONS, KINDS, Thing, may

# a column for each role: V viewer, A author, R reviewer, P approver, M release-manager, O operator, D policy-admin,
# U auditor, S service. A letter says that the role is enough, for a person (S: for a service).
LETTERS = dict(zip(ROLES, "VARPMODUS", strict=True))
MATRIX = {
    "view":            ("version environment policy members audit store", "VARPMODUS"),
    "replay":          ("version", "ARPMOUS"),
    "register":        ("version", "A"),
    "describe":        ("version", "AM"),
    "change-tier":     ("version", "RP"),
    "state":           ("version", "ARP"),
    "waive":           ("version", "RP"),
    "request":         ("version environment", "AM"),
    "withdraw":        ("version environment", "ARPM"),
    "approve":         ("version environment", "RP"),
    "reject":          ("version environment", "RP"),
    "revoke":          ("version", "RPM"),
    "deploy":          ("environment", "M"),
    "break-glass":     ("environment", "M"),
    "ratify":          ("environment", "PM"),
    "rollback":        ("environment", "MOS"),
    "review":          ("environment", "RPM"),
    "propose":         ("policy members", "D"),
    "reject-proposal": ("policy members", "D"),
    "publish-policy":  ("policy", "D"),
    "publish-members": ("members", "D"),
    "audit-verify":    ("audit", "VARPMODUS"),
    "audit-export":    ("audit", "U"),
    "checkpoint":      ("audit", "MDUS"),
    "collect":         ("store", "O"),
    "backup":          ("store", "OUS"),
    "restore":         ("store", "O"),
}  # fmt: skip
NOT_FOR_SERVICES = {
    "change-tier", "state", "waive", "approve", "reject", "revoke", "deploy", "break-glass", "ratify", "review",
    "propose", "reject-proposal", "publish-policy", "publish-members", "restore",
}  # fmt: skip
NOT_FOR_POLICY_ADMINS = {"change-tier", "waive", "approve", "deploy", "break-glass", "ratify"}
NEED_A_SECOND = {"break-glass", "ratify"}
THINGS = {
    "version": Thing("version", "churn"),
    "environment": Thing("environment", "churn", "production"),
    "policy": Thing("policy", "organisation"),
    "members": Thing("members"),
    "audit": Thing("audit"),
    "store": Thing("store"),
}


def members(*grants: Grant, kind: Any = "person") -> Members:
    """Return members of whom one has these grants."""
    return Members(people=(Person(id="ana", kind=kind, grants=grants), Person(id="zoe")))


def allowed(document: Members | None, action: Any, thing: Thing, who: str = "ana") -> bool:
    """Return whether it is allowed."""
    return may(document, Actor(id=who), action, thing).allowed


def test_the_matrix_names_every_action_and_every_kind() -> None:
    """Whoever adds an action has to say here who may."""
    assert (set(MATRIX), set(THINGS)) == (set(ACTIONS), set(KINDS))


@pytest.mark.parametrize("kind", ["person", "service"])
def test_roles_actions_and_things_are_allowed_as_the_matrix_says(kind: Any) -> None:
    """All 9 roles, 27 actions and 6 kinds of things, for a person and for a service."""
    for role, action, name in itertools.product(ROLES, ACTIONS, KINDS):
        kinds, letters = MATRIX[action]
        expected = name in kinds.split() and LETTERS[role] in letters
        if kind == "service":
            expected = expected and action not in NOT_FOR_SERVICES
        elif role == "service":
            expected = False
        assert allowed(members(Grant(role=role), kind=kind), action, THINGS[name]) is expected, (role, action, name)


def test_two_roles_allow_what_either_does_but_a_conflict_beats_both() -> None:
    """All pairs of roles: a policy admin neither judges nor deploys, whatever else was granted."""
    for one, other in itertools.combinations([role for role in ROLES if role != "service"], 2):
        for action, name in itertools.product(ACTIONS, KINDS):
            kinds, letters = MATRIX[action]
            expected = name in kinds.split() and bool({LETTERS[one], LETTERS[other]} & set(letters))
            if "policy-admin" in {one, other} and action in NOT_FOR_POLICY_ADMINS:
                expected = False
            found = allowed(members(Grant(role=one), Grant(role=other)), action, THINGS[name])
            assert found is expected, (one, other, action, name)


def test_a_conflict_is_not_avoided_by_a_narrow_grant() -> None:
    """A policy admin for one name only is a policy admin."""
    document = members(Grant(role="policy-admin", names=("other",)), Grant(role="release-manager"))
    assert not allowed(document, "deploy", THINGS["environment"])


def test_without_members_everybody_may_what_needs_no_second_person() -> None:
    """And the reason says why."""
    for action, name in itertools.product(ACTIONS, KINDS):
        expected = name in MATRIX[action][0].split() and action not in NEED_A_SECOND
        found = may(None, Actor(id="anybody"), action, THINGS[name])
        assert found.allowed is expected
        if name in MATRIX[action][0].split():
            assert "no members are published" in found.reason


def test_who_is_no_member_may_nothing() -> None:
    """Not even look; an address is no id."""
    document = Members(people=(Person(id="ana", emails=("a@b.example",), grants=(Grant(role="viewer"),)),))
    for who, action in itertools.product(("eve", "", "a@b.example", "Ana"), ACTIONS):
        for thing in THINGS.values():
            assert not allowed(document, action, thing, who)
    assert may(document, Actor(id="eve"), "view", THINGS["version"]) == (
        False,
        "eve is not among the members",
        ("ana",),
    )


def test_an_unknown_action_is_denied() -> None:
    """What the table does not name, nobody may."""
    found = may(members(*(Grant(role=role) for role in ROLES)), Actor(id="ana"), "erase", THINGS["store"])  # type: ignore[arg-type]
    assert found == (False, "erase is nothing that is done to the store", ())


@pytest.mark.parametrize(
    ("names", "environments", "thing", "expected"),
    [
        (("churn",), ("*",), Thing("environment", "churn", "production"), True),
        (("churn",), ("*",), Thing("environment", "churn2", "production"), False),
        (("churn*", "fraud"), ("*",), Thing("environment", "churn2", "production"), True),
        (("churn*", "fraud"), ("*",), Thing("environment", "fraud2", "production"), False),
        (("*",), ("staging",), Thing("environment", "churn", "production"), False),
        (("*",), ("staging", "prod*"), Thing("environment", "churn", "production"), True),
        (("CHURN",), ("*",), Thing("environment", "churn", "production"), False),
        ((), ("*",), Thing("environment", "churn", "production"), False),
        (("*",), (), Thing("environment", "churn", "production"), False),
        (("churn",), ("*",), Thing("environment", "", "production"), False),
        (("*",), ("production",), Thing("environment", "churn", ""), False),
        (("*",), ("*",), Thing("environment"), True),
    ],
)
def test_a_grant_is_for_its_names_and_environments(
    names: tuple[str, ...], environments: tuple[str, ...], thing: Thing, expected: bool
) -> None:
    """Letter for letter; what is not named is everything."""
    document = members(Grant(role="release-manager", names=names, environments=environments))
    assert allowed(document, "deploy", thing) is expected


@pytest.mark.parametrize("kind", ["version", "environment"])
def test_approving_is_for_an_environment_whatever_the_thing_is_called(kind: Any) -> None:
    """A reviewer for staging does not approve for production."""
    document = members(Grant(role="reviewer", environments=("staging",)))
    assert allowed(document, "approve", Thing(kind, "churn", "staging"))
    assert not allowed(document, "approve", Thing(kind, "churn", "production"))
    assert not allowed(document, "approve", Thing(kind, "churn"))


def test_a_version_is_in_no_environment() -> None:
    """An author for staging registers."""
    assert allowed(members(Grant(role="author", environments=("staging",))), "register", THINGS["version"])


@pytest.mark.parametrize("action", ["propose", "publish-policy", "publish-members", "collect", "audit-export"])
def test_what_has_no_name_needs_a_grant_for_every_name(action: Any) -> None:
    """Half a policy admin would be a whole one."""
    name = {"collect": "store", "audit-export": "audit", "publish-policy": "policy"}.get(action, "members")
    role: Any = {"collect": "operator", "audit-export": "auditor"}.get(action, "policy-admin")
    assert allowed(members(Grant(role=role)), action, THINGS[name])
    assert not allowed(members(Grant(role=role, names=("churn*",))), action, THINGS[name])
    assert not allowed(members(Grant(role=role, environments=("staging",))), action, THINGS[name])


def test_every_member_sees_the_rules() -> None:
    """Who works on one name may read the policy and who the members are, not the whole journal."""
    document = members(Grant(role="author", names=("churn",)))
    found = {name: allowed(document, "view", thing) for name, thing in THINGS.items()}
    assert found == {
        "version": True, "environment": True, "policy": True, "members": True, "audit": False, "store": False,
    }  # fmt: skip
    assert not allowed(document, "view", THINGS["policy"], "zoe")


def test_a_denial_says_what_was_needed_and_who_could() -> None:
    """Sorted, services among them."""
    document = Members(
        people=(
            Person(id="zoe", grants=(Grant(role="operator"),)),
            Person(id="ana", grants=(Grant(role="author"), Grant(role="viewer"))),
            Person(id="bot", kind="service", grants=(Grant(role="service"),)),
            Person(id="other", grants=(Grant(role="operator", names=("fraud",)),)),
        )
    )
    assert may(document, Actor(id="ana"), "rollback", THINGS["environment"]) == (
        False,
        "ana (author, viewer) may not rollback: "
        "that needs release-manager or operator or service for churn in production",
        ("bot", "zoe"),
    )
    assert may(document, Actor(id="bot"), "deploy", THINGS["environment"]) == (
        False,
        "bot is a service, and none may deploy",
        (),
    )
    assert may(document, Actor(id="zoe"), "rollback", THINGS["environment"]) == (True, "zoe is operator", ())
