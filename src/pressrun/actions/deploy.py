"""Deploy: move an environment's pointer to a version, when the policy allows it or in an emergency.

The intent is recorded before anything outside is touched, and its end after; a crash in between leaves an open
deployment that the next command on the same machine, or `recover`, closes by looking at the target.
"""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from typing import TYPE_CHECKING

import msgspec

from pressrun.actions.decide import decision_on, keep_decision, not_allowed
from pressrun.actions.facts import open_request
from pressrun.actions.move_ends import failure_recorded, moved
from pressrun.actions.recover import close_abandoned, place_of
from pressrun.actions.registered import (
    deployment_meant,
    missing_objects,
    registered_bundle,
    require_environment,
    version_stands,
)
from pressrun.actions.registry import Registry
from pressrun.actions.targets import put_live, target_of
from pressrun.actions.times import later
from pressrun.errors import CannotRestoreError
from pressrun.records.decision import Decision
from pressrun.records.events import DeployRequested, Ratified, Requested
from pressrun.records.standing import Standing, VersionStands
from pressrun.rules.access import Thing
from pressrun.rules.standing.queries import live, unratified

if TYPE_CHECKING:
    from pressrun.records.events import Event


class DeployOrder(msgspec.Struct, frozen=True, kw_only=True):
    """What to deploy.

    Attributes:
        target: ``record`` or ``dir:PATH``; empty: as the settings say.
        break_glass: why it cannot wait for what the policy asks; empty in ordinary times.
        reason: why, for whoever reads the record; need not be said.
    """

    reference: str
    environment: str
    target: str = ""
    break_glass: str = ""
    reason: str = ""


class Deployment(msgspec.Struct, frozen=True, kw_only=True):
    """What came of it.

    Attributes:
        decision: what the policy said.
        previous: number that was live before, 0 for none.
        location: where the bundle is, empty when it is on record only.
        ratify_by: for an emergency: until when a second person has to stand behind it.
    """

    deployment: str
    reference: str
    environment: str
    previous: int
    decision: Decision
    location: str = ""
    ratify_by: str = ""


def deploy(registry: Registry, order: DeployOrder) -> Deployment:
    """Move a pointer.

    Args:
        registry: the registry.
        order: what to deploy, and where.

    Raises:
        UsageError: there is no such version, or the environment or target cannot be used.
        NotAllowedError: the policy refuses.
        RefusedError: the actor may not, or the version is revoked, or another deployment is under way.
        CannotRestoreError: the bundle is not whole, or the target cannot be written; the pointer is where it was.
    """
    require_environment(order.environment)
    version = version_stands(registry.standing(), order.reference)
    name = version.event.name
    thing = Thing(kind="environment", name=name, environment=order.environment)
    registry.require("break-glass" if order.break_glass else "deploy", thing)
    target = target_of(registry, order.environment, order.target)
    with registry.moving(name, order.environment):
        close_abandoned(registry, name, order.environment)
        return _move(registry, order, version, target)


def _move(registry: Registry, order: DeployOrder, version: VersionStands, target: str) -> Deployment:
    event = version.event
    bundle = registered_bundle(registry, event)
    if missing := missing_objects(registry, bundle):
        raise CannotRestoreError(
            f"files of {order.reference} are missing: {', '.join(missing[:5])}",
            where=str(registry.project),
            remedy="`pressrun fsck` tells all of them; import the bundle again.",
        )
    decisions: list[Decision] = []

    def build(standing: Standing) -> Sequence[Event]:
        decision = decision_on(registry, standing, event.name, event.number, order.environment)
        if not decision.binding and not order.break_glass:
            raise not_allowed(decision)
        decisions.append(decision)
        request = open_request(standing, event.name, event.number, order.environment)
        before = live(standing, event.name, order.environment)
        hours = registry.settings.break_glass_hours
        return [
            DeployRequested(
                deployment=uuid.uuid4().hex,
                name=event.name,
                number=event.number,
                environment=order.environment,
                bundle=event.bundle,
                previous=before.number if before is not None else 0,
                target=target,
                policy=decision.policy,
                verdict=decision.verdict,
                decision=keep_decision(registry, decision),
                request=request.event.request if request is not None and _fits(request.event, decision) else "",
                break_glass=order.break_glass,
                ratify_by=later(registry.now(), hours=hours) if order.break_glass else "",
                host=place_of(registry),
                reason=order.reason,
            )
        ]

    with registry.holding():
        intent = registry.offer(build, checkpoint=True)[0].event
    assert isinstance(intent, DeployRequested)
    registry.confirm([intent.decision])
    with failure_recorded(registry, intent):
        location = put_live(registry, target, event.name, event.number, bundle)
    registry.offer(lambda _: [moved(intent.name, intent, location)], checkpoint=True)
    return Deployment(
        deployment=intent.deployment,
        reference=f"{intent.name}@{intent.number}",
        environment=intent.environment,
        previous=intent.previous,
        decision=decisions[-1],
        location=location,
        ratify_by=intent.ratify_by,
    )


def _fits(request: Requested, decision: Decision) -> bool:
    """Whether the approvals of this request are those that the decision rests on."""
    bound = (request.bundle, request.policy, request.verdict)
    return decision.allowed and bound == (decision.question.bundle, decision.policy, decision.verdict)


def ratify(registry: Registry, which: str, comment: str = "") -> Ratified:
    """Stand behind somebody else's emergency deployment, so that it is not taken back.

    Args:
        registry: the registry.
        which: id of the deployment, or the beginning of it.
        comment: for whoever reads the record.

    Raises:
        UsageError: there is no such deployment.
        RefusedError: the actor made it, may not ratify, or it is too late.
    """
    name, deployment = deployment_meant(unratified(registry.standing()), which, "emergency deployment")
    registry.require("ratify", Thing(kind="environment", name=name, environment=deployment.environment))
    event = Ratified(deployment=deployment.deployment, name=name, environment=deployment.environment, comment=comment)
    registry.offer(lambda _: [event], checkpoint=True)
    return event
