"""Legality of moving pointers: deployments, emergencies, rollbacks.

Whether a version is revoked, whether the pointer is where it was thought to be, and whether another move of it is open,
was asked before (`pressrun.rules.standing.fitting`).
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from pressrun.records import events as ev
from pressrun.records.standing import DeploymentStands, Standing
from pressrun.rules.standing.asking import Asking, blank_problem, expiry_problem, id_problem
from pressrun.rules.standing.lookups import deployment_of, request_of, short
from pressrun.rules.standing.times import expired, latest_since

STALE_AFTER_S = 15 * 60.0
"""When anybody may say that a move that was begun has failed: whoever began it was interrupted."""
LONGEST_EMERGENCY_S = 7 * 86_400.0
LONGEST_REVIEW_S = 90 * 86_400.0


def _deploy_requested(standing: Standing, event: ev.DeployRequested, asking: Asking) -> str:
    if problem := id_problem("deployment", event.deployment) or blank_problem(target=event.target):
        return problem
    if event.request and (problem := _request_problem(standing, event)):
        return problem
    if not event.break_glass:
        return "only an emergency has to be ratified" if event.ratify_by else ""
    return blank_problem(reason_of_the_emergency=event.break_glass) or expiry_problem(
        "emergency", event.ratify_by, asking, LONGEST_EMERGENCY_S
    )


def _request_problem(standing: Standing, event: ev.DeployRequested) -> str:
    request = request_of(standing, event.name, event.request)
    assert request is not None  # it fits
    if request.rejected is not None:
        return f"the request {event.request} was rejected by {request.rejected.actor}: {request.rejection}"
    if request.withdrawn is not None:
        return f"the request {event.request} was withdrawn by {request.withdrawn.actor}"
    asked = request.event
    for what, now, then in (
        ("bundle", event.bundle, asked.bundle),
        ("policy", event.policy, asked.policy),
        ("verdict", event.verdict, asked.verdict),
    ):
        if now != then:
            return f"the {what} is {short(now)}, and the request {event.request} was of {short(then)}"
    return ""


def _rollback_requested(standing: Standing, event: ev.RollbackRequested, asking: Asking) -> str:
    if problem := id_problem("rollback", event.deployment) or blank_problem(target=event.target, reason=event.reason):
        return problem
    return expiry_problem("review", event.review_by, asking, LONGEST_REVIEW_S) if event.review_by else ""


def _failed(standing: Standing, event: ev.DeployFailed | ev.RollbackFailed, asking: Asking) -> str:
    deployment = _deployment(standing, event)
    # where the machine is known, its lock tells whether somebody is at it, better than any clock
    if asking.is_actor(deployment.mark.actor) or deployment.host:
        return ""
    latest = asking._replace(now=latest_since(standing, deployment.mark.seq, asking.now))
    if latest.seconds_since(deployment.mark.time) > STALE_AFTER_S:
        return ""
    return (
        f"{deployment.mark.actor} is at it since {deployment.mark.time}; "
        f"after {STALE_AFTER_S / 60:.0f} minutes it counts as interrupted"
    )


def _deployment(standing: Standing, event: ev.DeployFailed | ev.RollbackFailed | ev.Ratified) -> DeploymentStands:
    deployment = deployment_of(standing, event.name, event.deployment)
    assert deployment is not None  # it fits
    return deployment


def _ratified(standing: Standing, event: ev.Ratified, asking: Asking) -> str:
    deployment = _deployment(standing, event)
    if asking.is_actor(deployment.mark.actor):
        return f"{asking.actor} made the emergency deployment; another person has to stand behind it"
    if expired(standing, deployment.mark.seq, deployment.ratify_by, asking.now):
        return f"the emergency deployment {event.deployment} had to be ratified by {deployment.ratify_by}"
    return ""


def _reviewed(standing: Standing, event: ev.Reviewed, asking: Asking) -> str:
    return blank_problem(comment=event.comment)


RULES: dict[type, Callable[[Standing, Any, Asking], str]] = {
    ev.DeployRequested: _deploy_requested,
    ev.RollbackRequested: _rollback_requested,
    ev.DeployFailed: _failed,
    ev.RollbackFailed: _failed,
    ev.Ratified: _ratified,
    ev.Reviewed: _reviewed,
}
