"""Whether an event fits the state it meets, whatever the time and whoever asks.

Both sides use these: an event that does not fit is refused when it is offered, and ignored (and noted) when it is found
in the journal all the same. Each function returns a sentence, without a final full stop, or "" when the event fits.

A `MISFITS` function says why the event could mean nothing here. An `ODDITIES` function says why a move of a pointer
should not have been begun; folding notes that and goes on, since what happened to the pointer has happened.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from pressrun.records import events as ev
from pressrun.records.standing import DeploymentStands, RequestStands, Standing
from pressrun.rules.paths import name_problem
from pressrun.rules.standing.lookups import (
    deployment_of,
    document_key,
    environment_problem,
    live_number,
    open_deployment,
    request_of,
    short,
    standing_approval,
    version_of,
    waiver_of,
)

Misfit = Callable[[Standing, Any], str]


def _bundle_misfit(standing: Standing, name: str, number: int, bundle: str) -> str:
    version = version_of(standing, name, number)
    if version is None:
        return f"there is no {name}@{number}"
    if version.event.bundle != bundle:
        return f"{name}@{number} is the bundle {short(version.event.bundle)}, not {short(bundle)}"
    return ""


def _registered(standing: Standing, event: ev.Registered) -> str:
    stands = standing.names.get(event.name)
    if stands is None and (problem := name_problem(event.name)):
        return f"{event.name!r} cannot be a name: {problem}"
    following = len(stands.versions) + 1 if stands is not None else 1
    if event.number != following:
        return f"number {event.number} of {event.name} does not follow {following - 1}"
    return ""


def _described(standing: Standing, event: ev.Described | ev.Revoked) -> str:
    version = version_of(standing, event.name, event.number)
    if version is None:
        return f"there is no {event.name}@{event.number}"
    if isinstance(event, ev.Revoked) and version.revoked is not None:
        return f"{event.name}@{event.number} was already revoked by {version.revoked.actor}"
    return ""


def _stated(standing: Standing, event: ev.Stated) -> str:
    if problem := _bundle_misfit(standing, event.name, event.number, event.bundle):
        return problem
    version = version_of(standing, event.name, event.number)
    if version is not None and any(known.event.statement == event.statement for known in version.statements):
        return f"the statement {event.statement} was already made"
    return ""


def _waived(standing: Standing, event: ev.Waived) -> str:
    if problem := _bundle_misfit(standing, event.name, event.number, event.bundle):
        return problem
    if waiver_of(standing.names.get(event.name), event.waiver) is not None:
        return f"the waiver {event.waiver} was already given"
    return ""


def _waiver_ended(standing: Standing, event: ev.WaiverEnded) -> str:
    waiver = waiver_of(standing.names.get(event.name), event.waiver)
    if waiver is None:
        return f"there is no waiver {event.waiver} of {event.name}"
    if waiver.ended is not None:
        return f"the waiver {event.waiver} was already taken back by {waiver.ended.actor}"
    return ""


def _requested(standing: Standing, event: ev.Requested) -> str:
    if problem := _bundle_misfit(standing, event.name, event.number, event.bundle):
        return problem
    if request_of(standing, event.name, event.request) is not None:
        return f"the request {event.request} was already made"
    return environment_problem(event.environment)


_Answer = ev.Approved | ev.Rejected | ev.Withdrawn


def _other_request(event: _Answer | ev.DeployRequested, request: RequestStands) -> str:
    asked = request.event
    if (event.number, event.environment) != (asked.number, asked.environment):
        return f"the request {event.request} is about {asked.name}@{asked.number} in {asked.environment}"
    return ""


def _closed(event: _Answer, request: RequestStands) -> str:
    if request.rejected is not None:
        return f"the request {event.request} was rejected by {request.rejected.actor}"
    if request.withdrawn is not None:
        return f"the request {event.request} was withdrawn by {request.withdrawn.actor}"
    return ""


def _answered(standing: Standing, event: _Answer) -> str:
    request = request_of(standing, event.name, event.request)
    if request is None:
        return f"there is no request {event.request} for {event.name}"
    return _other_request(event, request) or _closed(event, request)


def _approved(standing: Standing, event: ev.Approved) -> str:
    if problem := _answered(standing, event):
        return problem
    request = request_of(standing, event.name, event.request)
    assert request is not None  # _answered found it
    asked = request.event
    for what, given, wanted in (
        ("bundle", event.bundle, asked.bundle),
        ("policy", event.policy, asked.policy),
        ("verdict", event.verdict, asked.verdict),
    ):
        if given != wanted:
            return f"the approval is of the {what} {short(given)}, the request of {short(wanted)}"
    if event.nonce != asked.nonce:
        return f"the approval was not made for the request {event.request}: its nonce is another"
    if standing_approval(request, event.person) is not None:
        return f"{event.person} has already approved the request {event.request}"
    return ""


def _withdrawn(standing: Standing, event: ev.Withdrawn) -> str:
    if problem := _answered(standing, event):
        return problem
    request = request_of(standing, event.name, event.request)
    if event.person and (request is None or standing_approval(request, event.person) is None):
        return f"there is no approval by {event.person} of the request {event.request}"
    return ""


def _move_asked(standing: Standing, event: ev.DeployRequested | ev.RollbackRequested) -> str:
    # taking down what is live goes to no version, and names the bundle that it takes down
    down = isinstance(event, ev.RollbackRequested) and event.number == 0
    if problem := _bundle_misfit(standing, event.name, event.previous if down else event.number, event.bundle):
        return problem
    if deployment_of(standing, event.name, event.deployment) is not None:
        return f"the deployment {event.deployment} was already begun"
    if problem := environment_problem(event.environment):
        return problem
    if not isinstance(event, ev.DeployRequested) or not event.request:
        return ""
    request = request_of(standing, event.name, event.request)
    if request is None:
        return f"there is no request {event.request} for {event.name}"
    return _other_request(event, request)


_DEPLOYS = frozenset({"deploy", "break-glass"})
_ROLLBACKS = frozenset({"rollback"})
_ENDS: dict[type, frozenset[str]] = {
    ev.Deployed: _DEPLOYS,
    ev.DeployFailed: _DEPLOYS,
    ev.RolledBack: _ROLLBACKS,
    ev.RollbackFailed: _ROLLBACKS,
}
_End = ev.Deployed | ev.DeployFailed | ev.RolledBack | ev.RollbackFailed


def _move_ended(standing: Standing, event: _End) -> str:
    deployment = deployment_of(standing, event.name, event.deployment)
    if deployment is None or deployment.how not in _ENDS[type(event)]:
        word = "rollback" if type(event) in {ev.RolledBack, ev.RollbackFailed} else "deployment"
        return f"there is no {word} {event.deployment} of {event.name}"
    if (event.number, event.environment) != (deployment.number, deployment.environment):
        return (
            f"the deployment {event.deployment} is of {event.name}@{deployment.number} into {deployment.environment}, "
            f"not of {event.name}@{event.number} into {event.environment}"
        )
    if isinstance(event, ev.Deployed | ev.RolledBack) and event.bundle != deployment.bundle:
        return f"the deployment {event.deployment} is of {short(deployment.bundle)}, not of {short(event.bundle)}"
    if deployment.ended is not None:
        how = f"failed ({deployment.error})" if deployment.error else "was done"
        return f"the deployment {event.deployment} already {how}"
    return ""


def _done(standing: Standing, event: ev.Ratified | ev.Reviewed, how: str) -> DeploymentStands | str:
    deployment = deployment_of(standing, event.name, event.deployment)
    word = "rollback" if how == "rollback" else "emergency deployment"
    if deployment is None or deployment.how != how or deployment.environment != event.environment:
        return f"there is no {word} {event.deployment} of {event.name} into {event.environment}"
    if deployment.ended is None or deployment.error:
        return f"the {word} {event.deployment} " + ("failed" if deployment.error else "is not done yet")
    return deployment


def _ratified(standing: Standing, event: ev.Ratified) -> str:
    deployment = _done(standing, event, "break-glass")
    if isinstance(deployment, str):
        return deployment
    if deployment.ratified is not None:
        return f"{deployment.ratified.actor} already stands behind the deployment {event.deployment}"
    if deployment.reverted:
        return f"the deployment {event.deployment} was taken back"
    return ""


def _reviewed(standing: Standing, event: ev.Reviewed) -> str:
    deployment = _done(standing, event, "rollback")
    if isinstance(deployment, str):
        return deployment
    if deployment.reviewed is not None:
        return f"the rollback {event.deployment} was already reviewed by {deployment.reviewed.actor}"
    return ""


def _proposed(standing: Standing, event: ev.Proposed) -> str:
    return f"the proposal {event.proposal} was already made" if event.proposal in standing.proposals else ""


def _proposal_misfit(standing: Standing, proposal: str) -> str:
    found = standing.proposals.get(proposal)
    if found is None:
        return f"there is no proposal {proposal}"
    if found.closed is not None:
        return f"the proposal {proposal} was already closed by {found.closed.actor}"
    return ""


def _published(standing: Standing, event: ev.Published) -> str:
    versions = standing.documents.get(document_key(event.document_kind, event.level), [])
    if event.number != len(versions) + 1:
        return f"number {event.number} of the {event.document_kind} does not follow {len(versions)}"
    if not event.proposal:
        return ""
    if problem := _proposal_misfit(standing, event.proposal):
        return problem
    found = standing.proposals[event.proposal]
    if (found.document_kind, found.level, found.document) != (event.document_kind, event.level, event.document):
        return f"the proposal {event.proposal} is of another document, {short(found.document)}"
    return ""


def _proposal_rejected(standing: Standing, event: ev.ProposalRejected) -> str:
    return _proposal_misfit(standing, event.proposal)


def _collect_requested(standing: Standing, event: ev.CollectRequested) -> str:
    return f"the collection {event.collection} was already begun" if event.collection in standing.collections else ""


def _collect_ended(standing: Standing, event: ev.Collected | ev.CollectFailed) -> str:
    found = standing.collections.get(event.collection)
    if found is None:
        return f"there is no collection {event.collection}"
    if found.ended is not None:
        return f"the collection {event.collection} already ended"
    return ""


def _odd_move(standing: Standing, event: ev.DeployRequested | ev.RollbackRequested) -> str:
    stands = standing.names.get(event.name)
    version = version_of(standing, event.name, event.number)
    if version is not None and version.revoked is not None:
        return f"{event.name}@{event.number} was revoked by {version.revoked.actor}: {version.revocation}"
    if (other := open_deployment(standing, event.name, event.environment)) is not None:
        return (
            f"the {other.how} {other.deployment} of {event.name}@{other.number} into {event.environment} by "
            f"{other.mark.actor} is not ended yet"
        )
    present = live_number(stands, event.environment)
    if event.previous != present:
        is_live = f"{event.name}@{present} is" if present else f"no version of {event.name} is"
        return f"{is_live} live in {event.environment}, not {event.previous or 'none'} as was thought"
    if isinstance(event, ev.DeployRequested) or event.number == 0:
        return ""
    if event.number == present:
        return f"{event.name}@{event.number} is what is live in {event.environment}"
    if stands is None or all(move.number != event.number for move in stands.moves.get(event.environment, ())):
        return f"{event.name}@{event.number} was never live in {event.environment}"
    return ""


MISFITS: dict[type, Misfit] = {
    ev.Registered: _registered,
    ev.Described: _described,
    ev.Revoked: _described,
    ev.Stated: _stated,
    ev.Waived: _waived,
    ev.WaiverEnded: _waiver_ended,
    ev.Requested: _requested,
    ev.Approved: _approved,
    ev.Rejected: _answered,
    ev.Withdrawn: _withdrawn,
    ev.DeployRequested: _move_asked,
    ev.RollbackRequested: _move_asked,
    ev.Deployed: _move_ended,
    ev.DeployFailed: _move_ended,
    ev.RolledBack: _move_ended,
    ev.RollbackFailed: _move_ended,
    ev.Ratified: _ratified,
    ev.Reviewed: _reviewed,
    ev.Proposed: _proposed,
    ev.Published: _published,
    ev.ProposalRejected: _proposal_rejected,
    ev.CollectRequested: _collect_requested,
    ev.Collected: _collect_ended,
    ev.CollectFailed: _collect_ended,
}
ODDITIES: dict[type, Misfit] = {ev.DeployRequested: _odd_move, ev.RollbackRequested: _odd_move}
