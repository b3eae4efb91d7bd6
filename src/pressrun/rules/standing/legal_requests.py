"""Legality of asking for approval and answering."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from pressrun.records import events as ev
from pressrun.records.standing import RequestStands, Standing
from pressrun.rules.standing.asking import Asking, blank_problem, expiry_problem, id_problem
from pressrun.rules.standing.lookups import request_of, version_of
from pressrun.rules.standing.times import expired

MIN_NONCE = 16  # characters


def _requested(standing: Standing, event: ev.Requested, asking: Asking) -> str:
    if problem := id_problem("request", event.request) or expiry_problem("request", event.expires, asking):
        return problem
    version = version_of(standing, event.name, event.number)
    assert version is not None  # it fits
    if version.revoked is not None:
        return f"{event.name}@{event.number} was revoked by {version.revoked.actor}: {version.revocation}"
    if len(event.nonce) < MIN_NONCE:
        return f"the request's nonce has {len(event.nonce)} characters, fewer than {MIN_NONCE}"
    for other in standing.names[event.name].requests.values():
        if other.event.nonce == event.nonce:
            return f"the request's nonce is that of {other.event.request}"
        if _asks_the_same(event, other) and _unexpired(standing, other, asking):
            return (
                f"approval of {event.name}@{event.number} in {event.environment} is asked for already, "
                f"by {other.mark.actor} in {other.event.request}"
            )
    return ""


def _asks_the_same(event: ev.Requested, other: RequestStands) -> bool:
    asked = other.event
    return other.open and (event.number, event.environment, event.policy, event.verdict) == (
        asked.number,
        asked.environment,
        asked.policy,
        asked.verdict,
    )


def _unexpired(standing: Standing, request: RequestStands, asking: Asking) -> bool:
    return not expired(standing, request.mark.seq, request.event.expires, asking.now)


def _request(standing: Standing, event: ev.Approved | ev.Rejected | ev.Withdrawn) -> RequestStands:
    request = request_of(standing, event.name, event.request)
    assert request is not None  # it fits
    return request


def _approved(standing: Standing, event: ev.Approved, asking: Asking) -> str:
    request = _request(standing, event)
    if not asking.is_actor(event.person):
        return f"{asking.actor} cannot approve for {event.person}"
    if not _unexpired(standing, request, asking):
        return f"the request {event.request} expired at {request.event.expires}"
    for approval in request.approvals:
        if approval.withdrawn is None and asking.same(approval.event.person, event.person):
            return f"{event.person} has already approved the request {event.request}, as {approval.event.person}"
    version = version_of(standing, event.name, event.number)
    if version is not None and version.revoked is not None:
        return f"{event.name}@{event.number} was revoked by {version.revoked.actor}: {version.revocation}"
    return expiry_problem("approval", event.expires, asking)


def _rejected(standing: Standing, event: ev.Rejected, asking: Asking) -> str:
    if not asking.is_actor(event.person):
        return f"{asking.actor} cannot reject for {event.person}"
    return blank_problem(reason=event.reason)


def _withdrawn(standing: Standing, event: ev.Withdrawn, asking: Asking) -> str:
    owner = event.person or _request(standing, event).mark.actor
    if asking.is_actor(owner):
        return ""
    return f"{asking.actor} cannot withdraw what {owner} {'approved' if event.person else 'asked for'}"


RULES: dict[type, Callable[[Standing, Any, Asking], str]] = {
    ev.Requested: _requested,
    ev.Approved: _approved,
    ev.Rejected: _rejected,
    ev.Withdrawn: _withdrawn,
}
