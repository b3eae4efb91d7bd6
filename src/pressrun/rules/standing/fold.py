"""The fold: entries in, state out.

It advances the state in place, entry by entry, and never raises on what is stored: an entry that does not fit is noted
as an inconsistency. Folding a journal in one go or in any number of parts gives the same state.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

from pressrun.records import events as ev
from pressrun.records.entries import Entry, UnreadEvent
from pressrun.records.standing import (
    ApprovalStands,
    CollectionStands,
    DeploymentStands,
    DocumentStands,
    Inconsistency,
    Mark,
    Move,
    NameStands,
    ProposalStands,
    ReplayStands,
    RequestStands,
    Standing,
    StatementStands,
    VersionStands,
    WaiverStands,
)
from pressrun.rules.standing.fitting import MISFITS, ODDITIES
from pressrun.rules.standing.lookups import document_key, standing_approval, waiver_of
from pressrun.rules.standing.times import witness


def fold(standing: Standing, entries: Iterable[Entry]) -> Standing:
    """Advance `standing` in place over entries that follow its head, and return it.

    Args:
        standing: where things stand before; an empty one, ``Standing()``, before the first entry.
        entries: in order. What comes twice is noted and passed over; a gap is noted.
    """
    for entry in entries:
        _advance(standing, entry)
    return standing


def _advance(standing: Standing, entry: Entry) -> None:
    seq = entry.seq
    if seq != standing.head + 1:
        if seq <= standing.head:
            _note(standing, seq, f"entry {seq} comes after entry {standing.head}")
            return
        _note(standing, seq, f"entry {seq} follows entry {standing.head}: entries are missing", ignored=False)
    standing.head = seq
    if not witness(standing, seq, entry.time):
        _note(standing, seq, f"{entry.time[:40]!r} is not a time of the journal's form", ignored=False)
    event = entry.event
    if isinstance(event, UnreadEvent):
        standing.unread[event.kind] = standing.unread.get(event.kind, 0) + 1
        return
    kind = type(event)
    misfit = MISFITS.get(kind)
    if misfit is not None and (problem := misfit(standing, event)):
        _note(standing, seq, problem)
        return
    oddity = ODDITIES.get(kind)
    if oddity is not None and (problem := oddity(standing, event)):
        _note(standing, seq, problem, ignored=False)
    _APPLY[kind](standing, event, entry)


def _note(standing: Standing, seq: int, what: str, *, ignored: bool = True) -> None:
    standing.inconsistencies.append(Inconsistency(seq=seq, what=what, ignored=ignored))


def _mark(entry: Entry) -> Mark:
    return Mark(seq=entry.seq, time=entry.time, actor=entry.actor)


def _await(standing: Standing, name: str, what: str) -> None:
    standing.unsettled.setdefault(name, []).append(what)


def _settle(standing: Standing, name: str, what: str) -> None:
    waiting = standing.unsettled.get(name)
    if waiting is None or what not in waiting:
        return
    waiting.remove(what)
    if not waiting:
        del standing.unsettled[name]


def _run_recorded(standing: Standing, event: ev.RunRecorded, entry: Entry) -> None:
    # a run that was compared with nothing says nothing of the bundle's result, and must not hide one that was
    if not event.bundle or not event.grade:
        return
    newest = standing.replays.get(event.bundle)
    if newest is None:
        newest = standing.replays[event.bundle] = {}
    newest[event.where] = ReplayStands(
        mark=_mark(entry),
        run=event.run,
        outcome=event.outcome,
        grade=event.grade,
        where=event.where,
        hermetic=event.hermetic,
        receipt=event.receipt,
    )


def _registered(standing: Standing, event: ev.Registered, entry: Entry) -> None:
    stands = standing.names.get(event.name)
    if stands is None:
        stands = standing.names[event.name] = NameStands(name=event.name)
    stands.versions.append(
        VersionStands(
            mark=_mark(entry),
            event=event,
            owner=event.owner,
            deputy=event.deputy,
            use_case=event.use_case,
            tier=event.tier,
        )
    )


def _described(standing: Standing, event: ev.Described, entry: Entry) -> None:
    version = standing.names[event.name].versions[event.number - 1]
    version.owner = event.owner or version.owner
    version.deputy = event.deputy or version.deputy
    version.use_case = event.use_case or version.use_case
    version.tier = event.tier or version.tier


def _revoked(standing: Standing, event: ev.Revoked, entry: Entry) -> None:
    version = standing.names[event.name].versions[event.number - 1]
    version.revoked = _mark(entry)
    version.revocation = event.reason


def _stated(standing: Standing, event: ev.Stated, entry: Entry) -> None:
    version = standing.names[event.name].versions[event.number - 1]
    version.statements.append(StatementStands(mark=_mark(entry), event=event))


def _waived(standing: Standing, event: ev.Waived, entry: Entry) -> None:
    version = standing.names[event.name].versions[event.number - 1]
    version.waivers.append(WaiverStands(mark=_mark(entry), event=event))


def _waiver_ended(standing: Standing, event: ev.WaiverEnded, entry: Entry) -> None:
    waiver = waiver_of(standing.names[event.name], event.waiver)
    assert waiver is not None  # it fits
    waiver.ended = _mark(entry)


def _requested(standing: Standing, event: ev.Requested, entry: Entry) -> None:
    standing.names[event.name].requests[event.request] = RequestStands(mark=_mark(entry), event=event)
    _await(standing, event.name, event.request)


def _approved(standing: Standing, event: ev.Approved, entry: Entry) -> None:
    request = standing.names[event.name].requests[event.request]
    request.approvals.append(ApprovalStands(mark=_mark(entry), event=event, via=entry.via))


def _rejected(standing: Standing, event: ev.Rejected, entry: Entry) -> None:
    request = standing.names[event.name].requests[event.request]
    request.rejected = _mark(entry)
    request.rejection = event.reason
    _settle(standing, event.name, event.request)


def _withdrawn(standing: Standing, event: ev.Withdrawn, entry: Entry) -> None:
    request = standing.names[event.name].requests[event.request]
    if not event.person:
        request.withdrawn = _mark(entry)
        _settle(standing, event.name, event.request)
        return
    approval = standing_approval(request, event.person)
    assert approval is not None  # it fits
    approval.withdrawn = _mark(entry)


def _deploy_requested(standing: Standing, event: ev.DeployRequested, entry: Entry) -> None:
    standing.names[event.name].deployments[event.deployment] = DeploymentStands(
        mark=_mark(entry),
        deployment=event.deployment,
        environment=event.environment,
        number=event.number,
        bundle=event.bundle,
        previous=event.previous,
        how="break-glass" if event.break_glass else "deploy",
        target=event.target,
        reason=event.break_glass or event.reason,
        request=event.request,
        host=event.host,
        ratify_by=event.ratify_by,
    )
    _await(standing, event.name, event.deployment)


def _rollback_requested(standing: Standing, event: ev.RollbackRequested, entry: Entry) -> None:
    standing.names[event.name].deployments[event.deployment] = DeploymentStands(
        mark=_mark(entry),
        deployment=event.deployment,
        environment=event.environment,
        number=event.number,
        bundle=event.bundle,
        previous=event.previous,
        how="rollback",
        target=event.target,
        reason=event.reason,
        automatic=event.automatic,
        host=event.host,
        review_by=event.review_by,
    )
    _await(standing, event.name, event.deployment)


def _moved(standing: Standing, event: ev.Deployed | ev.RolledBack, entry: Entry) -> None:
    stands = standing.names[event.name]
    deployment = stands.deployments[event.deployment]
    deployment.ended = _mark(entry)
    moves = stands.moves.setdefault(event.environment, [])
    before = stands.deployments[moves[-1].deployment] if moves else None
    if before is not None and before.how == "break-glass":
        # what is no longer live needs nobody to stand behind it
        _settle(standing, event.name, before.deployment)
    if deployment.how == "rollback":
        if before is not None:
            before.reverted = deployment.deployment
    elif deployment.how == "deploy":
        _settle(standing, event.name, deployment.deployment)
    if deployment.request:
        _settle(standing, event.name, deployment.request)
    moves.append(
        Move(
            mark=deployment.ended,
            number=event.number,
            bundle=event.bundle,
            deployment=event.deployment,
            how=deployment.how,
            previous=moves[-1].number if moves else 0,
            location=event.location,
            reason=deployment.reason,
            request=deployment.request,
        )
    )


def _not_moved(standing: Standing, event: ev.DeployFailed | ev.RollbackFailed, entry: Entry) -> None:
    deployment = standing.names[event.name].deployments[event.deployment]
    deployment.ended = _mark(entry)
    deployment.error = event.error or "no reason was given"
    _settle(standing, event.name, event.deployment)


def _ratified(standing: Standing, event: ev.Ratified, entry: Entry) -> None:
    standing.names[event.name].deployments[event.deployment].ratified = _mark(entry)
    _settle(standing, event.name, event.deployment)


def _reviewed(standing: Standing, event: ev.Reviewed, entry: Entry) -> None:
    standing.names[event.name].deployments[event.deployment].reviewed = _mark(entry)
    _settle(standing, event.name, event.deployment)


def _proposed(standing: Standing, event: ev.Proposed, entry: Entry) -> None:
    standing.proposals[event.proposal] = ProposalStands(
        mark=_mark(entry),
        proposal=event.proposal,
        document_kind=event.document_kind,
        document=event.document,
        level=event.level,
        title=event.title,
    )


def _published(standing: Standing, event: ev.Published, entry: Entry) -> None:
    mark = _mark(entry)
    if event.proposal:
        standing.proposals[event.proposal].closed = mark
    standing.documents.setdefault(document_key(event.document_kind, event.level), []).append(
        DocumentStands(
            mark=mark,
            document_kind=event.document_kind,
            document=event.document,
            number=event.number,
            level=event.level,
            proposal=event.proposal,
            alone=event.alone,
            policy=event.policy,
        )
    )


def _proposal_rejected(standing: Standing, event: ev.ProposalRejected, entry: Entry) -> None:
    standing.proposals[event.proposal].closed = _mark(entry)


def _collect_requested(standing: Standing, event: ev.CollectRequested, entry: Entry) -> None:
    standing.collections[event.collection] = CollectionStands(
        mark=_mark(entry), collection=event.collection, objects=event.objects, size=event.size
    )


def _collect_ended(standing: Standing, event: ev.Collected | ev.CollectFailed, entry: Entry) -> None:
    collection = standing.collections[event.collection]
    collection.ended = _mark(entry)
    if isinstance(event, ev.CollectFailed):
        collection.error = event.error or "no reason was given"
    else:
        collection.objects, collection.size = event.objects, event.size


_APPLY: dict[type, Callable[[Standing, Any, Entry], None]] = {
    ev.RunRecorded: _run_recorded,
    ev.Registered: _registered,
    ev.Described: _described,
    ev.Revoked: _revoked,
    ev.Stated: _stated,
    ev.Waived: _waived,
    ev.WaiverEnded: _waiver_ended,
    ev.Requested: _requested,
    ev.Approved: _approved,
    ev.Rejected: _rejected,
    ev.Withdrawn: _withdrawn,
    ev.DeployRequested: _deploy_requested,
    ev.RollbackRequested: _rollback_requested,
    ev.Deployed: _moved,
    ev.RolledBack: _moved,
    ev.DeployFailed: _not_moved,
    ev.RollbackFailed: _not_moved,
    ev.Ratified: _ratified,
    ev.Reviewed: _reviewed,
    ev.Proposed: _proposed,
    ev.Published: _published,
    ev.ProposalRejected: _proposal_rejected,
    ev.CollectRequested: _collect_requested,
    ev.Collected: _collect_ended,
    ev.CollectFailed: _collect_ended,
}
