"""What waits for somebody: open requests, unfinished deployments, emergencies, reviews, proposals; and what is live."""

from __future__ import annotations

import msgspec

from pressrun.actions.registry import Registry
from pressrun.records.standing import DeploymentStands, RequestStands, Standing
from pressrun.records.waiting import Waiting
from pressrun.rules.standing.queries import (
    live,
    open_collections,
    open_deployments,
    open_proposals,
    open_requests,
    open_reviews,
    overdue,
    unratified,
)


class LiveVersion(msgspec.Struct, frozen=True, kw_only=True):
    """What is live in an environment."""

    name: str
    environment: str
    number: int
    since: str
    by: str
    how: str
    revoked: bool = False


class Status(msgspec.Struct, frozen=True, kw_only=True):
    """The registry at one moment.

    Attributes:
        entries: how many there are in the journal.
        problems: entries that do not fit what came before them, in words.
        unread: kinds of events that a newer pressrun wrote, with their count.
    """

    entries: int
    live: tuple[LiveVersion, ...]
    waiting: tuple[Waiting, ...]
    problems: tuple[str, ...] = ()
    unread: dict[str, int] = {}


def status(registry: Registry) -> Status:
    """Return what is live and what waits for somebody.

    Raises:
        CannotRestoreError: the journal cannot be read.
    """
    standing = registry.standing()
    now = registry.now()
    waiting = [
        *_requests(standing, now),
        *_deployments(standing, now),
        *_proposals(standing),
        *_collections(standing),
    ]
    return Status(
        entries=standing.head,
        live=tuple(_live(standing)),
        waiting=tuple(sorted(waiting, key=lambda item: (not item.late, item.until or "~", item.since))),
        problems=tuple(f"entry {found.seq}: {found.what}" for found in standing.inconsistencies),
        unread=dict(standing.unread),
    )


def _live(standing: Standing) -> list[LiveVersion]:
    found = []
    for name in sorted(standing.names):
        stands = standing.names[name]
        for environment in sorted(stands.moves):
            move = live(standing, name, environment)
            if move is None or not move.number:
                continue
            found.append(
                LiveVersion(
                    name=name,
                    environment=environment,
                    number=move.number,
                    since=move.mark.time,
                    by=move.mark.actor,
                    how=move.how,
                    revoked=stands.versions[move.number - 1].revoked is not None,
                )
            )
    return found


def _requests(standing: Standing, now: str) -> list[Waiting]:
    # of several for one version and environment the newest counts; those before it are about what is no more
    newest: dict[tuple[str, int, str], RequestStands] = {}
    for request in open_requests(standing, now):
        # what was revoked goes nowhere, whoever approves it
        if standing.names[request.event.name].versions[request.event.number - 1].revoked is None:
            newest[request.event.name, request.event.number, request.event.environment] = request
    found = []
    for request in newest.values():
        event = request.event
        given = [a.event.person for a in request.approvals if a.withdrawn is None]
        already = f", approved by {', '.join(given)}" if given else ""
        found.append(
            Waiting(
                what="approve",
                id=event.request,
                about=f"{event.name}@{event.number} to {event.environment}{already}",
                since=request.mark.time,
                by=request.mark.actor,
                until=event.expires,
                command=f"pressrun approve {event.request[:12]}",
            )
        )
    return found


def _deployments(standing: Standing, now: str) -> list[Waiting]:
    late = {(name, id(deployment)) for name, deployment in overdue(standing, now)}
    found = [_deployment("recover", *one) for one in open_deployments(standing)]
    found += [_deployment("ratify", *one, late=(one.name, id(one.what)) in late) for one in unratified(standing)]
    for name, one in open_reviews(standing):
        found.append(_deployment("review", name, one, late=one.review_by < now))
    return found


def _deployment(what: str, name: str, one: DeploymentStands, *, late: bool = False) -> Waiting:
    commands = {
        "recover": "pressrun recover",
        "ratify": f"pressrun ratify {one.deployment[:12]}",
        "review": f"pressrun review {one.deployment[:12]} --comment TEXT",
    }
    return Waiting(
        what=what,
        id=one.deployment,
        about=f"{name}@{one.number} {'in' if one.ended else 'to'} {one.environment}",
        since=one.mark.time,
        by=one.mark.actor,
        until={"ratify": one.ratify_by, "review": one.review_by}.get(what, ""),
        late=late,
        command=commands[what],
    )


def _proposals(standing: Standing) -> list[Waiting]:
    return [
        Waiting(
            what="accept",
            id=proposal.proposal,
            about=" ".join(part for part in (proposal.level, proposal.document_kind, proposal.title) if part),
            since=proposal.mark.time,
            by=proposal.mark.actor,
            command=f"pressrun {proposal.document_kind} accept {proposal.proposal[:12]}",
        )
        for proposal in open_proposals(standing)
    ]


def _collections(standing: Standing) -> list[Waiting]:
    return [
        Waiting(
            what="collect",
            id=one.collection,
            about=f"removal of {one.objects} unreferenced objects",
            since=one.mark.time,
            by=one.mark.actor,
            command="pressrun gc",
        )
        for one in open_collections(standing)
    ]
