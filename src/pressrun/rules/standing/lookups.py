"""Find one thing in a state."""

from __future__ import annotations

import re

from pressrun.records.standing import (
    ApprovalStands,
    DeploymentStands,
    NameStands,
    RequestStands,
    Standing,
    VersionStands,
    WaiverStands,
)

_ENVIRONMENT = re.compile(r"[a-z0-9][a-z0-9-]{0,31}")


def environment_problem(environment: str) -> str:
    """Say why `environment` may not be an environment's name; "" when it may.

    >>> environment_problem("production")
    ''
    """
    if environment == "latest" or environment.isdigit():
        # churn@latest and churn@3 mean something else
        return f"{environment!r} cannot be an environment: it would mean a version after an @"
    if _ENVIRONMENT.fullmatch(environment):
        return ""
    return (
        f"{environment!r} cannot be an environment: its name is 1 to 32 of a-z, 0-9 and '-', begun by a letter or digit"
    )


def document_key(kind: str, level: str) -> str:
    """Return under which key of `Standing.documents` a document's versions are."""
    return f"policy/{level}" if kind == "policy" else kind


def version_of(standing: Standing, name: str, number: int) -> VersionStands | None:
    """Return a version, None when there is none."""
    stands = standing.names.get(name)
    if stands is None or not 0 < number <= len(stands.versions):
        return None
    return stands.versions[number - 1]


def request_of(standing: Standing, name: str, request: str) -> RequestStands | None:
    """Return a request of approval, None when there is none."""
    stands = standing.names.get(name)
    return None if stands is None else stands.requests.get(request)


def deployment_of(standing: Standing, name: str, deployment: str) -> DeploymentStands | None:
    """Return a move that was asked for, None when there is none."""
    stands = standing.names.get(name)
    return None if stands is None else stands.deployments.get(deployment)


def waiver_of(stands: NameStands | None, waiver: str) -> WaiverStands | None:
    """Return a waiver of any version under the name, None when there is none."""
    for version in reversed(stands.versions if stands is not None else ()):
        for found in version.waivers:
            if found.event.waiver == waiver:
                return found
    return None


def live_number(stands: NameStands | None, environment: str) -> int:
    """Return the number that the environment's pointer stands on, 0 when it stands on none."""
    moves = stands.moves.get(environment) if stands is not None else None
    return moves[-1].number if moves else 0


def open_deployment(standing: Standing, name: str, environment: str) -> DeploymentStands | None:
    """Return the move of this pointer that was begun and not ended, the newest of several; None when there is none."""
    for unsettled in reversed(standing.unsettled.get(name, ())):
        found = deployment_of(standing, name, unsettled)
        if found is not None and found.ended is None and found.environment == environment:
            return found
    return None


def short(digest: str) -> str:
    """Return a digest's first characters, for a reader."""
    return digest[:19]


def standing_approval(request: RequestStands, person: str) -> ApprovalStands | None:
    """Return the approval that this person gave and did not take back, None when there is none."""
    for approval in request.approvals:
        if approval.event.person == person and approval.withdrawn is None:
            return approval
    return None
