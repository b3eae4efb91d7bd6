"""Who may do what: one table, and the one function that every interface asks.

What the table does not allow is denied. Where no members are published nobody can be told apart, and everybody may do
everything that does not need a second person.
"""

from __future__ import annotations

import fnmatch
from typing import Literal, NamedTuple, get_args

from pressrun.records.people import ROLES, Actor, Grant, Members, Person, Role

Action = Literal[
    "view",
    "replay",  # run it and record that
    "register",
    "describe",
    "change-tier",
    "state",
    "waive",
    "request",
    "withdraw",
    "approve",
    "reject",
    "revoke",
    "deploy",
    "break-glass",
    "ratify",
    "rollback",
    "review",
    "propose",
    "reject-proposal",
    "publish-policy",
    "publish-members",
    "audit-verify",
    "audit-export",
    "checkpoint",
    "collect",
    "backup",
    "restore",
]
ACTIONS: tuple[Action, ...] = get_args(Action)

Kind = Literal["version", "environment", "policy", "members", "audit", "store"]
KINDS: tuple[Kind, ...] = get_args(Kind)


class Thing(NamedTuple):
    """What something is done to.

    Attributes:
        kind: ``environment`` means a version's pointer there, or the approval of moving it.
        name: of the versions, for ``version`` and ``environment``; empty for all of them.
        environment: of the pointer; empty for all of them.
    """

    kind: Kind
    name: str = ""
    environment: str = ""


class Access(NamedTuple):
    """The answer.

    Attributes:
        reason: a sentence without a final full stop: by which role, or why not.
        who: ids of the people and services that may, sorted, where the actor may not.
    """

    allowed: bool
    reason: str
    who: tuple[str, ...] = ()


class Rule(NamedTuple):
    """A line of the table.

    Attributes:
        kinds: what it is done to.
        roles: each of them is enough.
        by: ``anyone``, people and services; ``people``, no service; ``independent``, no service and nobody who is a
            policy admin as well, whatever else they were granted: whoever makes the rules does not judge by them.
        alone: whether it makes sense where there may be no second person.
        unscoped: kinds for which a grant is enough whatever names and environments it is for.
    """

    kinds: tuple[Kind, ...]
    roles: tuple[Role, ...]
    by: Literal["anyone", "people", "independent"] = "people"
    alone: bool = True
    unscoped: tuple[Kind, ...] = ()


_VERSION: tuple[Kind, ...] = ("version",)
_ENVIRONMENT: tuple[Kind, ...] = ("environment",)
_APPROVAL: tuple[Kind, ...] = ("version", "environment")  # of a version, for an environment
_DOCUMENT: tuple[Kind, ...] = ("policy", "members")
_JUDGES: tuple[Role, ...] = ("reviewer", "approver")

TABLE: dict[Action, Rule] = {
    "view": Rule(KINDS, ROLES, "anyone", unscoped=_DOCUMENT),
    "replay": Rule(
        _VERSION, ("author", "reviewer", "approver", "release-manager", "operator", "auditor", "service"), "anyone"
    ),
    "register": Rule(_VERSION, ("author",), "anyone"),
    "describe": Rule(_VERSION, ("author", "release-manager"), "anyone"),
    "change-tier": Rule(_VERSION, _JUDGES, "independent"),
    "state": Rule(_VERSION, ("author", "reviewer", "approver")),
    "waive": Rule(_VERSION, _JUDGES, "independent"),
    "request": Rule(_APPROVAL, ("author", "release-manager"), "anyone"),
    "withdraw": Rule(_APPROVAL, ("author", "reviewer", "approver", "release-manager"), "anyone"),
    "approve": Rule(_APPROVAL, _JUDGES, "independent"),
    "reject": Rule(_APPROVAL, _JUDGES),
    "revoke": Rule(_VERSION, ("reviewer", "approver", "release-manager")),
    "deploy": Rule(_ENVIRONMENT, ("release-manager",), "independent"),
    "break-glass": Rule(_ENVIRONMENT, ("release-manager",), "independent", alone=False),
    "ratify": Rule(_ENVIRONMENT, ("approver", "release-manager"), "independent", alone=False),
    "rollback": Rule(_ENVIRONMENT, ("release-manager", "operator", "service"), "anyone"),
    "review": Rule(_ENVIRONMENT, ("reviewer", "approver", "release-manager")),
    "propose": Rule(_DOCUMENT, ("policy-admin",)),
    "reject-proposal": Rule(_DOCUMENT, ("policy-admin",)),
    "publish-policy": Rule(("policy",), ("policy-admin",)),
    "publish-members": Rule(("members",), ("policy-admin",)),
    "audit-verify": Rule(("audit",), ROLES, "anyone"),
    "audit-export": Rule(("audit",), ("auditor",), "anyone"),
    "checkpoint": Rule(("audit",), ("auditor", "policy-admin", "release-manager", "service"), "anyone"),
    "collect": Rule(("store",), ("operator",), "anyone"),
    "backup": Rule(("store",), ("operator", "auditor", "service"), "anyone"),
    "restore": Rule(("store",), ("operator",)),
}

_NAMED: frozenset[Kind] = frozenset({"version", "environment"})
_EVERYTHING = "*"


def may(members: Members | None, actor: Actor, action: Action, thing: Thing) -> Access:
    """Return whether `actor` may do `action` to `thing`.

    Args:
        members: as published, None when nobody published any.
        actor: who asks; where there are members, its id has to be one of theirs.
        action: what is asked.
        thing: what it is done to.
    """
    rule = TABLE.get(action)
    if rule is None or thing.kind not in rule.kinds:
        return Access(False, f"{action} is nothing that is done to {_the(thing)}")
    if members is None:
        if rule.alone:
            return Access(True, "no members are published, so everybody may")
        return Access(False, f"no members are published, and {action} needs a second person, who cannot be told apart")
    person = next((one for one in members.people if one.id == actor.id), None)
    if person is None:
        return Access(False, f"{actor.id} is not among the members", _who(members, action, thing))
    if (grant := _grant(person, action, thing)) is not None:
        return Access(True, f"{person.id} is {grant.role}")
    return Access(False, _denial(person, action, thing), _who(members, action, thing))


def usable_grants(person: Person, action: Action) -> tuple[Grant, ...]:
    """Return the person's grants by which they may do `action`, to whatever the grants are for.

    A conflict beats every grant, whichever names and environments either is for.
    """
    rule = TABLE[action]
    if _barred(person, rule):
        return ()
    return tuple(
        grant
        for grant in person.grants
        if grant.role in rule.roles and (grant.role != "service" or person.kind == "service")
    )


def grant_covers(grant: Grant, action: Action, thing: Thing) -> bool:
    """Whether a grant is for `thing`; what has no name, like the policy, needs a grant for every name.

    So does a version or environment that is not named: all of them are meant.
    """
    rule = TABLE[action]
    if thing.kind in rule.unscoped:
        return True
    if thing.kind not in _NAMED:
        return _EVERYTHING in grant.names and _EVERYTHING in grant.environments
    if not _matches(grant.names, thing.name):
        return False
    about_environment = thing.kind == "environment" or rule.kinds == _APPROVAL
    return not about_environment or _matches(grant.environments, thing.environment)


def roles_table() -> str:
    """Return the table in Markdown, a line an action, as the documentation shows it."""
    words = {"anyone": "people and services", "people": "people", "independent": "people, no policy admin"}
    lines = [
        "| action | done to | roles | who may hold them | without members |",
        "|---|---|---|---|---|",
    ]
    for action, rule in TABLE.items():
        kinds = "anything" if rule.kinds == KINDS else ", ".join(rule.kinds)
        roles = "every role" if rule.roles == ROLES else ", ".join(rule.roles)
        lines.append(
            f"| `{action}` | {kinds} | {roles} | {words[rule.by]} | {'everybody' if rule.alone else 'nobody'} |"
        )
    return "\n".join(lines) + "\n"


def _matches(patterns: tuple[str, ...], name: str) -> bool:
    return any(fnmatch.fnmatchcase(name, pattern) for pattern in patterns)


def _barred(person: Person, rule: Rule) -> bool:
    if rule.by == "anyone":
        return False
    return person.kind == "service" or (rule.by == "independent" and _is_policy_admin(person))


def _is_policy_admin(person: Person) -> bool:
    return any(grant.role == "policy-admin" for grant in person.grants)


def _grant(person: Person, action: Action, thing: Thing) -> Grant | None:
    return next((grant for grant in usable_grants(person, action) if grant_covers(grant, action, thing)), None)


def _who(members: Members, action: Action, thing: Thing) -> tuple[str, ...]:
    return tuple(sorted(person.id for person in members.people if _grant(person, action, thing) is not None))


def _denial(person: Person, action: Action, thing: Thing) -> str:
    rule = TABLE[action]
    if _barred(person, rule):
        why = "a service" if person.kind == "service" else "a policy admin"
        return f"{person.id} is {why}, and none may {action}"
    held = sorted({grant.role for grant in person.grants})
    needed = "any role" if rule.roles == ROLES else " or ".join(rule.roles)
    return (
        f"{person.id} ({', '.join(held) or 'without a role'}) may not {action}: that needs {needed} for {_the(thing)}"
    )


def _the(thing: Thing) -> str:
    if thing.kind == "environment":
        return f"{thing.name} in {thing.environment}"
    if thing.kind == "version":
        return thing.name or "a version"
    return f"the {thing.kind}"
