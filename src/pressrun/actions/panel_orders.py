"""What a person asks for from a panel, each by the action that the command line calls, and a sentence of what came."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

from pressrun.actions.approve import approve, current_decision, find_request, reject, request_approval, withdraw
from pressrun.actions.decide import check
from pressrun.actions.deploy import DeployOrder, deploy
from pressrun.actions.panel_requests import what_signing_asks
from pressrun.actions.panel_versions import shown_decision
from pressrun.actions.register import RegisterRequest, register
from pressrun.actions.registered import reference_of, version_stands
from pressrun.actions.registry import Registry
from pressrun.actions.rollback import RollbackOrder, roll_back, take_back_overdue
from pressrun.errors import AccessDeniedError, ContentMovedError, NotAllowedError, UsageError
from pressrun.records.panel.orders import ApprovalOrder, Made, MoveOrder, RegisterOrder, VoteOrder
from pressrun.records.panel.versions import PanelFinding
from pressrun.records.standing import RequestStands
from pressrun.rules.access import Thing

_Result = TypeVar("_Result")
MAX_REASON = 4_000  # characters
_SEEN = {
    "predictions": "Its models load and predict what they did.",
    "loaded": "Its models load.",
    "files": "Its files are whole.",
}


class PolicyRefusesError(NotAllowedError):
    """The policy does not allow it; `findings` are its checks, as a panel shows them."""

    findings: tuple[PanelFinding, ...] = ()


def order_version(registry: Registry, order: RegisterOrder) -> Made:
    """Make a packaged bundle a version.

    Raises:
        UsageError: there is no such bundle, or the name is not allowed.
        RefusedError: the actor may not register under this name.
    """
    # in the store alone: a path would be read wherever it leads
    bundle = registry.bundles.resolve(order.bundle)
    done = register(
        registry,
        RegisterRequest(
            bundle=bundle,
            name=order.name,
            owner=order.owner,
            use_case=order.use_case,
            tier=order.tier or None,
            note=order.note,
        ),
    )
    said = f"{done.reference} was registered before." if done.known else f"Registered as {done.reference}."
    return Made(message=said, reference=done.reference)


def order_approval(registry: Registry, order: ApprovalOrder) -> Made:
    """Ask that a version may go to an environment.

    Raises:
        UsageError: there is no such version.
        PolicyRefusesError: checks other than approvals do not pass.
        RefusedError: the actor may not ask, or a request is open already.
    """
    made = _with_findings(
        registry,
        order.reference,
        order.environment,
        lambda: request_approval(registry, order.reference, order.environment, _bounded(order.comment)),
    )
    event = made.event
    reference = f"{event.name}@{event.number}"
    return Made(
        message=f"Asked for approval of {reference} for {event.environment}.", reference=reference, id=event.request
    )


def order_vote(registry: Registry, vote: str, order: VoteOrder) -> Made:
    """Approve, reject or withdraw a request.

    Args:
        registry: the registry; its actor is the person.
        vote: ``approve``, ``reject`` or ``withdraw``.
        order: what the person says, saw and typed.

    Raises:
        UsageError: there is no such request, no reason, or another reference was typed.
        ContentMovedError: the verdict is not the one that the person saw.
        RefusedError: the actor may not, or the key may not sign from a page.
    """
    reason = _reason(order.reason)
    request = find_request(registry, order.request)
    event = request.event
    reference = f"{event.name}@{event.number}"
    if vote == "reject":
        reject(registry, request, reason)
        return Made(message=f"Rejected {reference} for {event.environment}.", reference=reference, id=event.request)
    if vote == "withdraw":
        done = withdraw(registry, request, reason)
        what = "your approval of" if done.person else "the request for"
        return Made(message=f"Withdrew {what} {reference}.", reference=reference, id=event.request)
    registry.require("approve", Thing(kind="version", name=event.name, environment=event.environment))
    _refuse_unsure(registry, request, reference, order)
    given = approve(registry, request, reason, passphrase=order.passphrase)
    said = f"Approved {reference} for {event.environment}."
    more = " It may be deployed." if given.enough else " It needs more before it may be deployed."
    return Made(message=said + more, reference=reference, id=event.request)


def _refuse_unsure(registry: Registry, request: RequestStands, reference: str, order: VoteOrder) -> None:
    """See that the person means this version, saw what the policy says of it now, and is a person."""
    if order.typed.strip() != reference:
        raise UsageError(
            f"{order.typed.strip()[:80]!r} was typed, and the request is about {reference}",
            where="typed",
            remedy="Type the reference of the version that you approve.",
        )
    if not order.verdict:
        raise UsageError("it is not said which verdict was seen", where="verdict")
    if current_decision(registry, request.event).verdict != order.verdict:
        raise ContentMovedError(
            "what the policy says changed since you looked", where=reference, remedy="Look at it once more."
        )
    asks, unfit = what_signing_asks(registry)
    if asks == "terminal":
        raise AccessDeniedError(
            unfit, where=f"approve by {registry.actor.id}", remedy=f"pressrun approve {order.request}"
        )
    if asks == "passphrase" and not order.passphrase:
        raise UsageError("the passphrase of your key is needed to sign", where="passphrase")


def order_deployment(registry: Registry, order: MoveOrder) -> Made:
    """Deploy a version that the policy allows; where to is for the project's settings to say.

    Raises:
        UsageError: there is no such version or environment, or no reason.
        PolicyRefusesError: the policy does not allow it.
        RefusedError: the actor may not, the version is revoked, or another move is under way.
    """
    reason = _reason(order.reason)
    if order.to < 1:
        raise UsageError("it is not said which version to deploy", where="to")
    reference = f"{order.name}@{order.to}"
    reference = reference_of(version_stands(registry.standing(), reference).event)
    take_back_overdue(registry)
    done = _with_findings(
        registry,
        reference,
        order.environment,
        lambda: deploy(registry, DeployOrder(reference=reference, environment=order.environment, reason=reason)),
    )
    said = f"{done.reference} is live in {done.environment}."
    return Made(message=said, reference=done.reference, id=done.deployment)


def order_rollback(registry: Registry, order: MoveOrder) -> Made:
    """Roll back to a version that was live before; `to` 0 is the one before.

    Raises:
        UsageError: nothing is live there, there is nothing to go back to, or no reason.
        RefusedError: the actor may not, or that version is revoked or was never live there.
    """
    reason = _reason(order.reason)
    if order.to < 0:
        raise UsageError("there is no version below 1", where="to")
    done = roll_back(
        registry,
        RollbackOrder(name=order.name, environment=order.environment, to=order.to or None, reason=reason),
    )
    reference = f"{done.name}@{done.number}" if done.number else ""
    seen = _SEEN.get(done.checked, "")
    said = f"{reference or 'Nothing'} is live in {done.environment} again. {seen}".strip()
    return Made(message=said, reference=reference, id=done.deployment)


def _with_findings(registry: Registry, reference: str, environment: str, act: Callable[[], _Result]) -> _Result:
    try:
        return act()
    except NotAllowedError as refused:
        told = PolicyRefusesError(refused.what, where=refused.where, remedy=refused.remedy)
        told.findings = shown_decision(check(registry, reference, environment)).findings
        raise told from refused


def _reason(text: str) -> str:
    reason = text.strip()
    if not reason:
        raise UsageError("a reason is needed: it goes into the record", where="reason")
    return _bounded(reason)


def _bounded(text: str) -> str:
    if len(text) > MAX_REASON:
        raise UsageError(f"a reason has at most {MAX_REASON:,} characters, this one {len(text):,}", where="reason")
    return text
