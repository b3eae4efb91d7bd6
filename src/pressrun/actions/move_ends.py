"""How a pointer's move ends in the journal: it got through, or it failed and the pointer stayed where it was."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator

from pressrun.actions.registry import Registry
from pressrun.errors import PressrunError
from pressrun.records.events import (
    Deployed,
    DeployFailed,
    DeployRequested,
    RollbackFailed,
    RollbackRequested,
    RolledBack,
)
from pressrun.records.standing import DeploymentStands

Intent = DeployRequested | RollbackRequested


def moved(name: str, move: Intent | DeploymentStands, location: str) -> Deployed | RolledBack:
    """Return the event that says that a move got through; `location` is where the bundle is now."""
    kind = RolledBack if _is_rollback(move) else Deployed
    return kind(
        deployment=move.deployment,
        name=name,
        number=move.number,
        environment=move.environment,
        bundle=move.bundle,
        location=location,
    )


def not_moved(name: str, move: Intent | DeploymentStands, error: str) -> DeployFailed | RollbackFailed:
    """Return the event that says that a move failed, and why."""
    kind = RollbackFailed if _is_rollback(move) else DeployFailed
    return kind(deployment=move.deployment, name=name, number=move.number, environment=move.environment, error=error)


@contextlib.contextmanager
def failure_recorded(registry: Registry, intent: Intent) -> Iterator[None]:
    """Record that the move failed when the block does, and let the error go on."""
    try:
        yield
    except PressrunError as error:
        event = not_moved(intent.name, intent, str(error))
        registry.offer(lambda _: [event])
        raise


def _is_rollback(move: Intent | DeploymentStands) -> bool:
    return move.how == "rollback" if isinstance(move, DeploymentStands) else isinstance(move, RollbackRequested)
