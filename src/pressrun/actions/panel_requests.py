"""A request for approval as a panel shows it: who has approved, whether this person may, and what it asks of them."""

from __future__ import annotations

from typing import Literal

from pressrun.actions.approve import current_decision, staleness
from pressrun.actions.documents import policy_in_force
from pressrun.actions.facts import person_of_id
from pressrun.actions.person_key import key_of
from pressrun.actions.registry import Registry
from pressrun.errors import PressrunError
from pressrun.records.decision import Decision
from pressrun.records.panel.versions import PanelRequest
from pressrun.records.standing import RequestStands, Standing, VersionStands
from pressrun.rules.access import Thing
from pressrun.rules.approvals import involved
from pressrun.rules.members import find_person
from pressrun.rules.standing.times import expired
from pressrun.store.person_keys import protection_of

SignsWith = Literal["nothing", "passphrase", "touch", "terminal"]


def panel_request(registry: Registry, standing: Standing, request: RequestStands) -> PanelRequest:
    """Return a request that is open as a panel shows it."""
    event = request.event
    decision, problem = _decision(registry, request)
    stale = problem or (staleness(event, decision) if decision is not None else "")
    version = standing.names[event.name].versions[event.number - 1]
    me = person_of_id(registry, registry.actor.id)[0]
    given = [person_of_id(registry, one.event.person)[0] for one in request.approvals if one.withdrawn is None]
    signs_with, unfit = what_signing_asks(registry)
    refusals = (
        stale and f"the request is stale: {stale}",
        _past(registry, standing, request),
        _access(registry, request),
        _part(version, request, registry, me),
        f"{me} has approved it already" if me in given else "",
        unfit,
    )
    why_not = next((one for one in refusals if one), "")
    mine = person_of_id(registry, request.mark.actor)[0] == me or me in given
    withdrawable = registry.access("withdraw", _thing(request)).allowed
    return PanelRequest(
        id=event.request,
        reference=f"{event.name}@{event.number}",
        environment=event.environment,
        by=request.mark.actor,
        since=request.mark.time,
        expires=event.expires,
        comment=event.comment,
        needed=_needed(registry, version.tier, event.environment),
        given=tuple(dict.fromkeys(_shown(registry, person) for person in given)),
        may_approve=not why_not,
        why_not=why_not,
        may_withdraw=mine and withdrawable,
        stale=stale,
        signs_with=signs_with,
        verdict=decision.verdict if decision is not None else "",
    )


def what_signing_asks(registry: Registry) -> tuple[SignsWith, str]:
    """Return what approving from a page asks of the person, and why they cannot from there, if so.

    Whatever runs in the page can send what the page sends. So only a key that asks for something that no script has may
    sign there: a passphrase that is typed, or a token that is touched.
    """
    if registry.members is None:
        return "nothing", ""
    try:
        path = key_of(registry)
        protection = protection_of(path)
    except PressrunError as error:
        return "terminal", str(error)
    if protection in {"passphrase", "touch"}:
        return protection, ""
    if protection == "open":
        return "terminal", (
            "your key lies open, so that a script in the page could approve in your name: give it a passphrase "
            f"(ssh-keygen -p -f {path}), or approve in a terminal"
        )
    return "terminal", "an agent would sign for whatever asks it: approve in a terminal"


def _decision(registry: Registry, request: RequestStands) -> tuple[Decision | None, str]:
    try:
        return current_decision(registry, request.event), ""
    except PressrunError as error:
        return None, f"it cannot be decided now: {error}"


def _past(registry: Registry, standing: Standing, request: RequestStands) -> str:
    past = expired(standing, request.mark.seq, request.event.expires, registry.now())
    return "the request has expired" if past else ""


def _thing(request: RequestStands) -> Thing:
    return Thing(kind="version", name=request.event.name, environment=request.event.environment)


def _access(registry: Registry, request: RequestStands) -> str:
    access = registry.access("approve", _thing(request))
    return "" if access.allowed else access.reason


def _part(version: VersionStands, request: RequestStands, registry: Registry, me: str) -> str:
    mine = sorted(role for role, who in involved(version, request, registry.members).items() if who == me)
    return f"{me} is the {' and the '.join(mine)} and cannot approve it" if mine else ""


def _needed(registry: Registry, tier: str, environment: str) -> int:
    asked = [
        one for one in policy_in_force(registry).checks if one.kind == "approvals" and one.applies(tier, environment)
    ]
    return max((max(int(one.params["count"]), int(one.params["other_team"])) for one in asked), default=0)


def _shown(registry: Registry, person: str) -> str:
    found = find_person(registry.members, person)
    return (found.name or found.id) if found is not None else person
