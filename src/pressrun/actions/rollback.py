"""Roll back: move a pointer to a version that was live before. Never waits for approval; a review stays open."""

from __future__ import annotations

import uuid
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec

from pressrun.actions.golden import check_loads
from pressrun.actions.move_ends import failure_recorded, moved
from pressrun.actions.progress import Progress, Silent
from pressrun.actions.recover import close_abandoned, place_of
from pressrun.actions.registered import deployment_meant, name_stands, registered_bundle, require_environment
from pressrun.actions.registry import Registry
from pressrun.actions.targets import put_live, target_of
from pressrun.actions.times import later
from pressrun.errors import UsageError
from pressrun.records.events import Reviewed, RollbackRequested
from pressrun.records.standing import DeploymentStands, Move, NameStands, Standing
from pressrun.rules.access import Thing
from pressrun.rules.standing.queries import live, open_reviews, overdue, rollback_target

if TYPE_CHECKING:
    from collections.abc import Sequence

    from pressrun.records.events import Event

NOT_RATIFIED = "not-ratified"
NOTHING = 0
NO_REASON = "no reason was given"


class RollbackOrder(msgspec.Struct, frozen=True, kw_only=True):
    """What to roll back.

    Attributes:
        to: number of a version that was live there before; None for the last one that still may be, 0 for nothing
            at all: the live version is taken down.
        target: where to; empty: where the live version is.
        python: interpreter to load models with, where the lock's environment cannot be rebuilt.
        automatic: why no person asked, empty when one did.
    """

    name: str
    environment: str
    to: int | None = None
    reason: str = ""
    target: str = ""
    python: Path | None = None
    automatic: str = ""


class Rollback(msgspec.Struct, frozen=True, kw_only=True):
    """What came of it.

    Attributes:
        number: what is live now, 0 for nothing; `previous` what was.
        checked: what was seen of the version before the pointer moved.
        review_by: until when the review has to be held.
    """

    deployment: str
    name: str
    environment: str
    number: int
    previous: int
    checked: str
    location: str = ""
    review_by: str = ""


def roll_back(registry: Registry, order: RollbackOrder, progress: Progress | None = None) -> Rollback:
    """Move a pointer back, after the version it goes to was seen to be whole, to load and to predict as it did.

    Args:
        registry: the registry.
        order: what to roll back.
        progress: told what happens.

    Raises:
        UsageError: nothing is live there, or there is no such version to go back to.
        RefusedError: the actor may not, or the version is revoked or was never live there.
        CannotRestoreError: the version is not whole or its environment cannot be rebuilt; the pointer is where it was.
        ResultsDifferError: its model does not give its golden predictions; the pointer is where it was.
    """
    require_environment(order.environment)
    registry.require("rollback", Thing(kind="environment", name=order.name, environment=order.environment))
    # a name that was never registered is not checked yet, and must not become the name of a lock's file
    name_stands(registry.standing(), order.name)
    with registry.moving(order.name, order.environment):
        close_abandoned(registry, order.name, order.environment)
        target = target_of(registry, order.environment, order.target or _serving(registry, order))
        return _move(registry, order, target, progress or Silent())


def _move(registry: Registry, order: RollbackOrder, target: str, progress: Progress) -> Rollback:
    standing = registry.standing()
    stands = name_stands(standing, order.name)
    number = _goal(standing, stands, order)
    version = stands.versions[number - 1].event if number else None
    checked = "" if version is None else check_loads(registry, version, progress, order.python)

    def build(standing: Standing) -> Sequence[Event]:
        now_live = _live(standing, order)
        bundle = version.bundle if version is not None else now_live.bundle
        return [
            RollbackRequested(
                deployment=uuid.uuid4().hex,
                name=order.name,
                number=number,
                environment=order.environment,
                bundle=bundle,
                previous=now_live.number,
                target=target,
                reason=order.reason or NO_REASON,
                automatic=order.automatic,
                checked=checked,
                review_by=later(registry.now(), hours=registry.settings.review_hours),
                host=place_of(registry),
            )
        ]

    intent = registry.offer(build, checkpoint=True)[0].event
    assert isinstance(intent, RollbackRequested)
    with failure_recorded(registry, intent):
        files = registered_bundle(registry, version) if version is not None else None
        location = put_live(registry, target, order.name, number, files)
    registry.offer(lambda _: [moved(intent.name, intent, location)], checkpoint=True)
    return Rollback(
        deployment=intent.deployment,
        name=intent.name,
        environment=intent.environment,
        number=number,
        previous=intent.previous,
        checked=checked,
        location=location,
        review_by=intent.review_by,
    )


def _live(standing: Standing, order: RollbackOrder) -> Move:
    found = live(standing, order.name, order.environment)
    if found is None or not found.number:
        raise UsageError(
            f"no version of {order.name!r} is live in {order.environment!r}", remedy="There is nothing to roll back."
        )
    return found


def _serving(registry: Registry, order: RollbackOrder) -> str:
    """Return the target that serves the live version: going back anywhere else would leave it there."""
    stands = name_stands(registry.standing(), order.name)
    move = live(registry.standing(), order.name, order.environment)
    deployment = stands.deployments.get(move.deployment) if move is not None else None
    return deployment.target if deployment is not None else ""


def _goal(standing: Standing, stands: NameStands, order: RollbackOrder) -> int:
    _live(standing, order)
    if order.to is not None:
        if not NOTHING <= order.to <= len(stands.versions):
            raise UsageError(f"there is no version {order.to} of {order.name!r}")
        return order.to
    before = rollback_target(standing, order.name, order.environment)
    if before is not None and before.number:
        return before.number
    raise UsageError(
        f"no other version of {order.name!r} that still may be live was in {order.environment!r} before",
        remedy="Take the live one down with --to 0, or deploy another version.",
    )


def take_back_overdue(registry: Registry, progress: Progress | None = None) -> list[Rollback]:
    """Take back every emergency deployment that nobody ratified in time. Safe to call at any time, by anybody.

    Raises:
        PressrunError: one could not be taken back; the others before it were.
    """
    done = []
    for name, deployment in overdue(registry.standing(), registry.now()):
        order = RollbackOrder(
            name=name,
            environment=deployment.environment,
            to=_before(registry.standing(), name, deployment),
            reason=f"nobody stood behind the emergency deployment {deployment.deployment[:12]} in time",
            target=deployment.target,
            automatic=NOT_RATIFIED,
        )
        done.append(_automatic(registry, order, progress or Silent()))
    return done


def _before(standing: Standing, name: str, deployment: DeploymentStands) -> int:
    """Return where an emergency deployment is taken back to: what was live before, if it still may be, else nothing."""
    versions = standing.names[name].versions
    if deployment.previous and versions[deployment.previous - 1].revoked is None:
        return deployment.previous
    target = rollback_target(standing, name, deployment.environment)
    return target.number if target is not None else NOTHING


def _automatic(registry: Registry, order: RollbackOrder, progress: Progress) -> Rollback:
    # the rule asks for it, not the person whose command notices, so no role is asked for
    with registry.moving(order.name, order.environment):
        close_abandoned(registry, order.name, order.environment)
        return _move(registry, order, order.target, progress)


def hold_review(registry: Registry, which: str, comment: str) -> Reviewed:
    """Close the review that a rollback opened.

    Args:
        registry: the registry.
        which: id of the rollback, or the beginning of it.
        comment: what was found.

    Raises:
        UsageError: there is no such rollback.
        RefusedError: the actor may not, or the review was held.
    """
    name, deployment = deployment_meant(open_reviews(registry.standing()), which, "rollback")
    registry.require("review", Thing(kind="environment", name=name, environment=deployment.environment))
    event = Reviewed(deployment=deployment.deployment, name=name, environment=deployment.environment, comment=comment)
    registry.offer(lambda _: [event])
    return event
