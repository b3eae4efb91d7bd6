"""Nobody goes from author to production alone: by example, and against a model that tries everything out."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from pressrun.records.people import Actor, Grant, Key, Members, Person, Role
from pressrun.rules.access import Thing, may
from pressrun.rules.separation import ways_alone


def person(who: str, *grants: Role | Grant, **more: Any) -> Person:
    """Return a member."""
    return Person(id=who, grants=tuple(Grant(role=g) if isinstance(g, str) else g for g in grants), **more)


def key(name: str, comment: str = "") -> tuple[Key, ...]:
    """Return a key."""
    return (Key(public=f"ssh-ed25519 {name} {comment}"),)


OTHERS = (person("cy", "approver"), person("rm", "release-manager"))


@pytest.mark.parametrize(
    ("people", "words"),
    [
        pytest.param((person("ana", "author"), *OTHERS), [], id="three people"),
        pytest.param((person("ana", "author", "release-manager"), *OTHERS), [], id="another approves"),
        pytest.param((person("ana", "author", "approver", "release-manager"), *OTHERS), [], id="no self-approval"),
        pytest.param(
            (person("ana", "author", "release-manager", emails=("a@x.example",)),
             person("ana2", "approver", emails=("A@X.example",)), *OTHERS),
            ["ana (who is also ana2, by a shared address or key) could take any version to production: "
             "registers it as ana, asks for approval as ana, approves it as ana2, deploys it as ana",
             "ana (who is also ana2, by a shared address or key) could take any version to production: "
             "registers it as ana, deploys it in an emergency as ana, ratifies that as ana2"],
            id="two entries with one address",
        ),
        pytest.param(
            (person("ci", "author", kind="service", keys=key("AAAA", "ci@host")),
             person("bo", "approver", keys=key("AAAA", "bo@laptop")),
             person("bo2", "release-manager", emails=("bo@x.example",)),
             person("bo3", "viewer", emails=("bo@x.example",), keys=key("AAAA")), person("cy", "approver")),
            ["ci (who is also bo, bo2, bo3, by a shared address or key) could take any version to production: "
             "registers it as ci, asks for approval as ci, approves it as bo, deploys it as bo2",
             "ci (who is also bo, bo2, bo3, by a shared address or key) could take any version to production: "
             "registers it as ci, deploys it in an emergency as bo2, ratifies that as bo"],
            id="a service's key, and an entry that joins two others",
        ),
        pytest.param(
            (person("ana", "author", "release-manager"), person("bo", "release-manager", kind="service")),
            ["ana could take any version to production: registers it as ana, deploys it in an emergency as ana, "
             "and nobody else could ratify that"],
            id="an emergency that nobody could ratify",
        ),
        pytest.param(
            (person("ana", "author", Grant(role="release-manager", names=("ch*",))),
             person("cy", Grant(role="approver", names=("churn", "?"))),
             person("di", Grant(role="approver", names=("ch?",), environments=("staging",)))),
            ["ana could take ch to production: registers it as ana, deploys it in an emergency as ana, "
             "and nobody else could ratify that"],
            id="a name that no approver is for",
        ),
        pytest.param(
            (person("ana", Grant(role="author", names=("churn*",)), Grant(role="release-manager", names=("fraud*",))),),
            [],
            id="other names",
        ),
        pytest.param(
            (person("ana", "author", Grant(role="release-manager", environments=("staging",))),), [], id="staging"
        ),
        pytest.param((person("ana", "author", "release-manager", "policy-admin"),), [], id="policy admin"),
        pytest.param(
            (person("pa", "policy-admin", keys=key("K")), person("pa2", "policy-admin", keys=key("K")), *OTHERS),
            ["pa (who is also pa2, by a shared address or key) could change policy and members: "
             "proposes as pa and accepts as pa2"],
            id="both policy admins are one",
        ),
        pytest.param((person("pa", "policy-admin"), *OTHERS), [], id="a lone policy admin is trusted"),
    ],
)  # fmt: skip
def test_ways_are_told_with_the_person_and_the_steps(people: Any, words: list[str]) -> None:
    """And nothing is told where there is none."""
    assert ways_alone(Members(people=people)) == words


def test_a_policy_that_asks_for_no_approval_lets_an_author_deploy() -> None:
    """What the members prevent, the policy may undo."""
    members = Members(people=(person("ana", "author", "release-manager"), *OTHERS))
    assert ways_alone(members, {"production": 0}) == [
        "ana could take any version to production: registers it as ana, deploys it as ana, "
        "where the policy asks for no approval"
    ]


def test_two_approvals_take_three_entries() -> None:
    """An alias that suffices for one approval does not for two."""
    same = {"emails": ("a@x.example",)}
    people = [person("a", "author", "release-manager", **same), person("b", "approver", **same), *OTHERS]
    assert any("approves it as b" in way for way in ways_alone(Members(people=tuple(people))))
    assert not any("approves" in way for way in ways_alone(Members(people=tuple(people)), {"production": 2}))
    people.append(person("c", "reviewer", **same))
    assert any("approves it as c" in way for way in ways_alone(Members(people=tuple(people)), {"production": 2}))


def test_a_lone_policy_admin_is_told_where_that_is_not_trusted() -> None:
    """Such a person could invent others."""
    members = Members(people=(person("pa", "policy-admin"), *OTHERS))
    assert ways_alone(members, trust_lone_admin=False) == [
        "pa could change policy and members, being the only policy admin"
    ]


def test_many_members_are_judged_soon() -> None:
    """Two thousand people with a grant for a name each."""
    people = [person(f"p{n}", Grant(role="author", names=(f"model-{n}-*",))) for n in range(1000)]
    people += [person(f"q{n}", Grant(role="approver", names=(f"model-{n}-*",))) for n in range(1000)]
    assert ways_alone(Members(people=(*people, *OTHERS))) == []


# the model: a name for each set of the patterns that some name matches, and no other
NAMES = ("x", "chat", "churn", "frog", "fraud", "xraud", "craud", "cx")
PATTERNS = ("*", "ch*", "churn", "fr*", "?raud", "[cf]*")
PLACES = ("production", "staging")
ROLE_CHOICES: tuple[Role, ...] = (
    "author",
    "reviewer",
    "approver",
    "release-manager",
    "operator",
    "policy-admin",
    "service",
)
grants = st.builds(
    Grant,
    role=st.sampled_from(ROLE_CHOICES),
    names=st.lists(st.sampled_from(PATTERNS), min_size=1, max_size=2).map(tuple),
    environments=st.sampled_from((("*",), ("production",), ("staging",), ("prod*", "x"))),
)


@st.composite
def member_sets(draw: Any) -> Members:
    """Draw up to five members, some of whom share an address or a key."""
    people = [
        Person(
            id=f"m{number}",
            kind=draw(st.sampled_from(("person", "person", "person", "service"))),
            emails=tuple(draw(st.lists(st.sampled_from(("a@x", "A@X", "b@x")), max_size=1))) or (f"own{number}@x",),
            keys=tuple(
                Key(public=f"ssh-ed25519 {k} c{number}") for k in draw(st.lists(st.sampled_from("KL"), max_size=1))
            ),
            grants=tuple(draw(st.lists(grants, max_size=4))),
        )
        for number in range(draw(st.integers(1, 5)))
    ]
    return Members(people=tuple(people))


def humans(members: Members) -> list[set[str]]:
    """Return the ids of each human being, joined until nothing changes."""
    marks = {p.id: {e.lower() for e in p.emails} | {k.public.split()[1] for k in p.keys} for p in members.people}
    groups = [{p.id} for p in members.people]
    while True:
        pairs = [
            (one, other) for one in groups for other in groups
            if one is not other and any(marks[a] & marks[b] for a in one for b in other)
        ]  # fmt: skip
        if not pairs:
            return groups
        one, other = pairs[0]
        groups = [group for group in groups if group is not one and group is not other] + [one | other]


State = frozenset[tuple[str, str]]


def following(state: State, members: Members, ids: set[str], name: str, place: str, count: int) -> Iterator[State]:
    """Yield the states after one more action by one of the ids, as the journal and the policy allow."""
    done = {
        what: {who for kind, who in state if kind == what} for what in ("register", "request", "approve", "break-glass")
    }
    for who in ids:
        for action in ("register", "request", "approve", "deploy", "break-glass", "ratify"):
            thing = Thing("version", name) if action == "register" else Thing("environment", name, place)
            ready = {
                "register": not done["register"],
                "request": done["register"] and not done["request"],
                "approve": done["request"] and not any(who in done[k] for k in ("register", "request", "approve")),
                "deploy": done["register"] and len(done["approve"]) >= count,
                "break-glass": done["register"] and not done["break-glass"],
                "ratify": done["break-glass"] and who not in done["break-glass"],
            }[action]
            if ready and may(members, Actor(id=who), action, thing).allowed:  # type: ignore[arg-type]
                yield state | {(action, who)}


def gets_through(members: Members, ids: set[str], name: str, place: str, count: int) -> bool:
    """Whether these ids reach production for good, or in an emergency that nobody else could ratify."""
    others = {p.id for p in members.people} - ids
    thing = Thing("environment", name, place)
    helped = any(may(members, Actor(id=who), "ratify", thing).allowed for who in others)
    seen: set[State] = {frozenset()}
    waiting = list(seen)
    while waiting:
        state = waiting.pop()
        reached = {what for what, _ in state}
        if reached & {"deploy", "ratify"} or ("break-glass" in reached and not helped):
            return True
        for after in following(state, members, ids, name, place, count):
            if after not in seen:
                seen.add(after)
                waiting.append(after)
    return False


def changes_rules(members: Members, ids: set[str]) -> bool:
    """Whether one of these ids could propose members that another of them accepts."""
    return any(
        one != other
        and may(members, Actor(id=one), "propose", Thing("members")).allowed
        and may(members, Actor(id=other), "publish-members", Thing("members")).allowed
        for one in ids
        for other in ids
    )


@settings(max_examples=200, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(member_sets(), st.integers(0, 2))
def test_the_verdict_is_that_of_trying_everything(members: Members, count: int) -> None:
    """For any members and any number of approvals: refused exactly when some human being gets through."""
    expected = any(
        changes_rules(members, ids) or any(gets_through(members, ids, name, "production", count) for name in NAMES)
        for ids in humans(members)
    )
    assert bool(ways_alone(members, {"production": count})) == expected
