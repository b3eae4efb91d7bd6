"""Ask for approval, approve, reject, withdraw, revoke: people deciding about exactly this content."""

from __future__ import annotations

import secrets
import uuid
from collections.abc import Sequence
from typing import TYPE_CHECKING

import msgspec

from pressrun.actions.decide import decision_on, keep_decision, not_allowed, read_decision, without_approvals
from pressrun.actions.facts import open_request, person_of_id
from pressrun.actions.registered import SHORTEST_ID, name_stands, version_stands
from pressrun.actions.registry import Registry
from pressrun.actions.signatures import ballot_of
from pressrun.actions.times import later
from pressrun.errors import RefusedError, UnknownError, UsageError
from pressrun.records.decision import Decision
from pressrun.records.events import Approved, Rejected, Requested, Revoked, Withdrawn
from pressrun.records.standing import RequestStands, Standing
from pressrun.rules.access import Thing
from pressrun.rules.standing.lookups import short
from pressrun.rules.standing.queries import live_environments, open_requests

if TYPE_CHECKING:
    from pathlib import Path

    from pressrun.records.events import Event

APPROVING_ROLES = ("approver", "reviewer")
NONCE_BYTES = 16


class ApprovalRequest(msgspec.Struct, frozen=True, kw_only=True):
    """A request that was made.

    Attributes:
        decision: what the policy said of it then.
    """

    event: Requested
    decision: Decision


class ApprovalGiven(msgspec.Struct, frozen=True, kw_only=True):
    """An approval that was given.

    Attributes:
        decision: what the policy says with it; `enough` whether the version may now be deployed.
    """

    event: Approved
    decision: Decision
    enough: bool


def request_approval(registry: Registry, reference: str, environment: str, comment: str = "") -> ApprovalRequest:
    """Ask for approval of a version for an environment, as it is and under the policy as it is.

    Raises:
        UsageError: there is no such version.
        NotAllowedError: checks other than approvals do not pass: an approval could not help.
        RefusedError: the actor may not ask, or a request is open already.
    """
    version = version_stands(registry.standing(), reference).event
    registry.require("request", Thing(kind="version", name=version.name, environment=environment))

    def build(standing: Standing) -> Sequence[Event]:
        decision = decision_on(registry, standing, version.name, version.number, environment)
        if not without_approvals(decision):
            raise not_allowed(decision)
        return [
            Requested(
                request=uuid.uuid4().hex,
                name=version.name,
                number=version.number,
                environment=environment,
                bundle=version.bundle,
                policy=decision.policy,
                verdict=decision.verdict,
                decision=keep_decision(registry, decision),
                nonce=secrets.token_hex(NONCE_BYTES),
                expires=later(registry.now(), days=registry.settings.approval_days),
                comment=comment,
            )
        ]

    with registry.holding():
        event = registry.offer(build)[0].event
    assert isinstance(event, Requested)
    registry.confirm([event.decision])
    return ApprovalRequest(event=event, decision=read_decision(registry, event.decision))


def find_request(registry: Registry, which: str, environment: str | None = None) -> RequestStands:
    """Return the request that is meant: its id or the beginning of it, or a version's open one.

    Args:
        registry: the registry.
        which: id, at least six digits of one, or a reference such as ``churn@3``.
        environment: whose request, where `which` is a reference and more than one is open.

    Raises:
        UnknownError: none is meant. UsageError: more than one is.
    """
    standing = registry.standing()
    if "@" not in which:
        found = [
            request
            for request in open_requests(standing, registry.now())
            if len(which) >= SHORTEST_ID and request.event.request.startswith(which)
        ]
    else:
        event = version_stands(standing, which).event
        places = {r.event.environment for r in name_stands(standing, event.name).requests.values()}
        wanted = [environment] if environment else sorted(places)
        open_ones = [open_request(standing, event.name, event.number, place) for place in wanted]
        found = [request for request in open_ones if request is not None]
    if len(found) == 1:
        return found[0]
    if not found:
        raise UnknownError(
            f"there is no open request for {which!r}" + (f" to {environment}" if environment else ""),
            remedy="`pressrun request NAME@NUMBER --to ENVIRONMENT` makes one; `pressrun status` lists them.",
        )
    places = {request.event.environment for request in found}
    raise UsageError(
        f"{which!r} means more than one request", remedy=f"Say which with --to: {', '.join(sorted(places))}."
    )


def current_decision(registry: Registry, request: Requested) -> Decision:
    """Return what the policy says now of what was asked for."""
    return decision_on(registry, registry.standing(), request.name, request.number, request.environment)


def staleness(request: Requested, decision: Decision) -> str:
    """Say why a request is about something that is not so any more; empty when it still is.

    Args:
        request: as it was made.
        decision: as of now.
    """
    if request.bundle != decision.question.bundle:
        return f"the content is another: {short(request.bundle)} was asked for, it is {short(decision.question.bundle)}"
    if request.policy != decision.policy:
        return f"the policy changed from {short(request.policy)} to {short(decision.policy)}"
    if request.verdict != decision.verdict:
        return "what the checks found changed since it was asked for"
    return ""


def approve(
    registry: Registry, request: RequestStands, comment: str = "", key: Path | None = None, passphrase: str = ""
) -> ApprovalGiven:
    """Approve a request: sign what it binds with the person's own key, and append it.

    Args:
        registry: the registry; its actor is the person.
        request: what to approve.
        comment: for whoever reads the record.
        key: the private key to sign with; by default the one of the person's settings.
        passphrase: of that key, where the caller asked the person for it.

    Raises:
        RefusedError: the actor may not approve this: wrote or asked for it, has no fitting role, approved before; or
            the request is stale, closed or expired.
        UsageError: members are published and there is no usable key.
    """
    event = request.event
    registry.require("approve", Thing(kind="version", name=event.name, environment=event.environment))
    present = current_decision(registry, event)
    if stale := staleness(event, present):
        raise RefusedError(
            f"the request is stale: {stale}",
            where=f"{event.name}@{event.number} to {event.environment}",
            remedy=f"Ask anew: pressrun request {event.name}@{event.number} --to {event.environment}",
        )
    person, roles = person_of_id(registry, registry.actor.id)
    _refuse_involved(registry, event, person, present)
    ballot = Approved(
        request=event.request,
        name=event.name,
        number=event.number,
        environment=event.environment,
        bundle=event.bundle,
        policy=event.policy,
        verdict=event.verdict,
        nonce=event.nonce,
        person=person,
        role=next((role for role in APPROVING_ROLES if role in roles), "approver"),
        expires=later(registry.now(), days=registry.settings.approval_days),
        comment=comment,
    )
    if registry.members is not None:
        from pressrun.actions.person_key import sign_as  # noqa: PLC0415 - only where something is signed

        public, signature = sign_as(registry, ballot_of(ballot), key, passphrase)
        ballot = msgspec.structs.replace(ballot, key=public, signature=signature)
    registry.offer(lambda _: [ballot], checkpoint=True)
    decision = current_decision(registry, event)
    return ApprovalGiven(event=ballot, decision=decision, enough=decision.binding)


def _refuse_involved(registry: Registry, event: Requested, person: str, decision: Decision) -> None:
    from pressrun.actions.facts import facts_for  # noqa: PLC0415 - avoids loading it for rejections

    facts, question = facts_for(registry, registry.standing(), event.name, event.number, event.environment)
    mine = sorted(role for role, who in facts.involved.items() if who == person)
    if mine and any(finding.approvals for finding in decision.findings):
        raise RefusedError(
            f"{person} is the {' and the '.join(mine)} of {question.name}@{question.number} and cannot approve it",
            where=f"request {event.request[:12]}",
            remedy="Somebody else has to: see `pressrun status`.",
        )


def reject(registry: Registry, request: RequestStands, reason: str) -> Rejected:
    """Refuse a request for good.

    Raises:
        RefusedError: the actor may not, or it is closed.
    """
    asked = request.event
    registry.require("reject", Thing(kind="version", name=asked.name, environment=asked.environment))
    event = Rejected(
        request=asked.request,
        name=asked.name,
        number=asked.number,
        environment=asked.environment,
        person=person_of_id(registry, registry.actor.id)[0],
        reason=reason,
    )
    registry.offer(lambda _: [event])
    return event


def withdraw(registry: Registry, request: RequestStands, reason: str = "") -> Withdrawn:
    """Take back one's own request, or one's own approval of it.

    Raises:
        RefusedError: it is neither the actor's request nor approved by the actor.
    """
    asked = request.event
    registry.require("withdraw", Thing(kind="version", name=asked.name, environment=asked.environment))
    me = person_of_id(registry, registry.actor.id)[0]
    approvers = {person_of_id(registry, a.event.person)[0] for a in request.approvals if a.withdrawn is None}
    if person_of_id(registry, request.mark.actor)[0] == me:
        person = ""
    elif me in approvers:
        person = next(a.event.person for a in request.approvals if person_of_id(registry, a.event.person)[0] == me)
    else:
        raise RefusedError(
            f"{me} neither made this request nor approved it",
            where=f"request {asked.request[:12]}",
            remedy="An approver can reject it.",
        )
    event = Withdrawn(
        request=asked.request,
        name=asked.name,
        number=asked.number,
        environment=asked.environment,
        person=person,
        reason=reason,
    )
    registry.offer(lambda _: [event])
    return event


def revoke(registry: Registry, reference: str, reason: str) -> tuple[Revoked, tuple[str, ...]]:
    """Let a version never be deployed again.

    Returns:
        The event, and the environments where the version is live and has to be rolled back.

    Raises:
        UsageError: there is no such version.
        RefusedError: the actor may not, or it is revoked already.
    """
    version = version_stands(registry.standing(), reference).event
    registry.require("revoke", Thing(kind="version", name=version.name))
    event = Revoked(name=version.name, number=version.number, reason=reason)
    registry.offer(lambda _: [event], checkpoint=True)
    return event, live_environments(registry.standing(), version.name, version.number)
