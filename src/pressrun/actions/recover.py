"""Close deployments that were interrupted: look at the target and record what really is the case."""

from __future__ import annotations

import socket

import msgspec

from pressrun.actions.move_ends import moved, not_moved
from pressrun.actions.registry import Registry
from pressrun.actions.targets import is_live, location_of
from pressrun.actions.times import later
from pressrun.errors import RefusedError
from pressrun.records.standing import DeploymentStands
from pressrun.rules.standing.queries import open_deployments

ABANDONED_MINUTES = 15
"""After this time a deployment of another machine or project counts as interrupted."""
INTERRUPTED = "interrupted before the target was changed"


class Recovered(msgspec.Struct, frozen=True, kw_only=True):
    """A deployment that was closed; `through` tells whether it had got through."""

    name: str
    deployment: str
    environment: str
    number: int
    through: bool


def place_of(registry: Registry) -> str:
    """Return where deployments are done from: this machine, and on it the project whose lock they hold.

    Two projects of one machine may share a journal, and neither sees the other's lock.
    """
    return f"{socket.gethostname()}:{registry.bundles.root.resolve()}"


def close_abandoned(registry: Registry, name: str, environment: str) -> list[Recovered]:
    """Close the open deployment of an environment, if there is one whose process is gone.

    The caller holds the environment's lock, so that no process of this project on this machine can be at it.

    Raises:
        RefusedError: another machine, or another project on this one, began one a moment ago.
    """
    stands = registry.standing().names.get(name)
    if stands is None:
        return []
    waiting = [d for d in stands.deployments.values() if d.environment == environment and d.ended is None]
    for deployment in waiting:
        if deployment.host == place_of(registry):
            continue
        if later(deployment.mark.time, minutes=ABANDONED_MINUTES) > registry.now():
            raise RefusedError(
                f"a deployment of {name}@{deployment.number} to {environment} is under way on {deployment.host}",
                where=f"deployment {deployment.deployment[:12]}, since {deployment.mark.time}",
                remedy=f"Wait for its end; after {ABANDONED_MINUTES} minutes it counts as interrupted.",
            )
    return [_close(registry, name, deployment) for deployment in waiting]


def recover(registry: Registry) -> list[Recovered]:
    """Close every deployment that was interrupted.

    Raises:
        RefusedError: one is still under way on another machine; those before it were closed.
    """
    waiting = {(name, one.environment) for name, one in open_deployments(registry.standing())}
    found = []
    for name, environment in sorted(waiting):
        with registry.moving(name, environment):
            found += close_abandoned(registry, name, environment)
    return found


def _close(registry: Registry, name: str, deployment: DeploymentStands) -> Recovered:
    # a target that only is a record was not touched, whatever happened: nothing but the entry is missing
    through = is_live(registry, deployment.target, name, deployment.number, deployment.bundle)
    event = (
        moved(name, deployment, location_of(registry, deployment.target, name))
        if through
        else not_moved(name, deployment, INTERRUPTED)
    )
    registry.offer(lambda _: [event], checkpoint=True)
    return Recovered(
        name=name,
        deployment=deployment.deployment,
        environment=deployment.environment,
        number=deployment.number,
        through=through,
    )
