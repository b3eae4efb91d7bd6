"""Whether one human being could take a strategic version from author to production alone.

That is a property of the members as a whole, so it is asked when they are about to be published. Members are grouped by
human being: an address or a key that two entries share, also one of a service, makes them one, whatever they are
called. What a group may do together is then tried out: the ordinary way, an emergency, and a change of the rules.

It cannot see a second identity under another address with another key, nor two people who act as one.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Iterator, Mapping, Sequence
from typing import NamedTuple

from pressrun.records.people import Grant, Members, Person
from pressrun.rules.access import Action, Thing, grant_covers, usable_grants
from pressrun.rules.globs import common_name

APPROVALS: Mapping[str, int] = {"production": 1}
"""Approvals that are asked for where nothing else is said: the fewest with which anybody else has a say."""


class _Step(NamedTuple):
    action: Action
    person: str
    pattern: str


_DONE: dict[Action, str] = {
    "register": "registers it",
    "request": "asks for approval",
    "approve": "approves it",
    "deploy": "deploys it",
    "break-glass": "deploys it in an emergency",
    "ratify": "ratifies that",
}


def ways_alone(
    members: Members, approvals: Mapping[str, int] = APPROVALS, *, trust_lone_admin: bool = True
) -> list[str]:
    """Return how single human beings could go from author to production alone, a sentence for each; none is good.

    Args:
        members: who would be published.
        approvals: environment -> how many approvals the policy asks for at the tier ``strategic``.
        trust_lone_admin: whether a single policy admin, who publishes without a second person because there is none,
            is accepted. Such a person could give every role to an identity of their own.
    """
    admins = [person for person in members.people if _may_publish(person)]
    found = []
    for group in _humans(members):
        ways = [way for environment in sorted(approvals) for way in _ways_to(environment, approvals, group, members)]
        if rules := _way_by_rules(group, admins, trust_lone_admin=trust_lone_admin):
            ways.append(rules)
        found += [f"{_called(group)} {way}" for way in ways]
    return found


def _humans(members: Members) -> list[list[Person]]:
    """Return the members in groups of one human being each, in the order of the document."""
    groups: dict[int, list[Person]] = {}
    whose: dict[str, int] = {}
    for number, person in enumerate(members.people):
        marks = _marks(person)
        joined = sorted({whose[mark] for mark in marks if mark in whose})
        groups[number] = [*(known for other in joined for known in groups.pop(other)), person]
        for known in groups[number] if joined else ():
            marks |= _marks(known)
        whose.update(dict.fromkeys(marks, number))
    return list(groups.values())


def _marks(person: Person) -> set[str]:
    addresses = {unicodedata.normalize("NFC", email.strip()).casefold() for email in person.emails}
    keys = {" ".join(key.public.split()[:2]) for key in person.keys}
    return {f"id {person.id}"} | {f"address {one}" for one in addresses} | {f"key {one}" for one in keys}


def _called(group: Sequence[Person]) -> str:
    first, *others = (person.id for person in group)
    return f"{first} (who is also {', '.join(others)}, by a shared address or key)" if others else first


def _ways_to(
    environment: str, approvals: Mapping[str, int], group: Sequence[Person], members: Members
) -> Iterator[str]:
    count = approvals[environment]
    approve: Action = "approve"
    asked: tuple[Action, ...] = ("request", *(approve for _ in range(count))) if count else ()
    if steps := _walk(("register", *asked, "deploy"), environment, group):
        yield _told(steps, environment) + ("" if count else ", where the policy asks for no approval")
    if steps := _walk(("register", "break-glass", "ratify"), environment, group):
        yield _told(steps, environment)
    elif _walk(("register", "break-glass"), environment, group):
        others = _ratifiers(members, group, environment)
        if steps := _walk(("register", "break-glass"), environment, group, others):
            yield _told(steps, environment, others) + ", and nobody else could ratify that"


def _ratifiers(members: Members, group: Sequence[Person], environment: str) -> tuple[str, ...]:
    others = [person for person in members.people if person not in group]
    return tuple(pattern for _, pattern in _able("ratify", environment, others))


def _able(action: Action, environment: str, people: Sequence[Person]) -> list[tuple[str, str]]:
    """Return the people who may do it in this environment, each with a pattern of the names for which they may."""
    thing = Thing("version", "any") if action == "register" else Thing("environment", "any", environment)
    return [
        (person.id, pattern)
        for person in people
        for grant in usable_grants(person, action)
        if grant_covers(Grant(role=grant.role, environments=grant.environments), action, thing)
        for pattern in grant.names
    ]


def _walk(
    actions: Sequence[Action],
    environment: str,
    group: Sequence[Person],
    none_of: tuple[str, ...] = (),
    taken: tuple[_Step, ...] = (),
) -> tuple[_Step, ...]:
    """Return steps by which the group does all `actions` to one name, empty when it cannot."""
    if len(taken) == len(actions):
        return taken
    action = actions[len(taken)]
    for person, pattern in _able(action, environment, group):
        step = _Step(action, person, pattern)
        if _excluded(step, taken) or common_name([pattern, *(one.pattern for one in taken)], none_of) is None:
            continue
        if steps := _walk(actions, environment, group, none_of, (*taken, step)):
            return steps
    return ()


def _excluded(step: _Step, taken: Sequence[_Step]) -> bool:
    """Whether the journal's own rules keep this identity from the step, after what it did before."""
    before = {one.action for one in taken if one.person == step.person}
    if step.action == "approve":
        return bool(before & {"register", "request", "approve"})
    return step.action == "ratify" and "break-glass" in before


def _told(steps: Sequence[_Step], environment: str, none_of: tuple[str, ...] = ()) -> str:
    patterns = {step.pattern for step in steps}
    name = "any version" if patterns == {"*"} and not none_of else common_name(patterns, none_of)
    done = [f"{_DONE[step.action]} as {step.person}" for step in steps]
    return f"could take {name} to {environment}: {', '.join(done)}"


def _may_publish(person: Person) -> bool:
    return any(
        grant_covers(grant, "publish-members", Thing("members")) for grant in usable_grants(person, "publish-members")
    )


def _way_by_rules(group: Sequence[Person], admins: Sequence[Person], *, trust_lone_admin: bool) -> str:
    mine = [person.id for person in group if person in admins]
    if len(mine) > 1:
        return f"could change policy and members: proposes as {mine[0]} and accepts as {mine[1]}"
    if mine and len(admins) == 1 and not trust_lone_admin:
        return "could change policy and members, being the only policy admin"
    return ""
