"""What was live in an environment, when, who put it there, and who had approved it."""

from __future__ import annotations

import msgspec

from pressrun.actions.registered import name_stands, require_environment
from pressrun.actions.registry import Registry
from pressrun.actions.times import journal_time
from pressrun.errors import UsageError
from pressrun.records.standing import Move, NameStands
from pressrun.rules.standing.queries import live_at
from pressrun.rules.timestamps import seconds_of


class ApprovedBy(msgspec.Struct, frozen=True, kw_only=True):
    """An approval that a deployment rested on."""

    person: str
    role: str
    time: str
    signed: bool


class Reign(msgspec.Struct, frozen=True, kw_only=True):
    """A time in which one version, or nothing (number 0), was live.

    Attributes:
        since: UTC; `until` likewise, empty when it still is.
        by: who moved the pointer; `how` is ``deploy``, ``break-glass`` or ``rollback``.
        entries: numbers of the journal's entries that prove it: of the move, and of the approvals.
    """

    name: str
    environment: str
    number: int
    bundle: str
    since: str
    until: str
    how: str
    by: str
    reason: str
    deployment: str
    approvals: tuple[ApprovedBy, ...] = ()
    entries: tuple[int, ...] = ()


def history(registry: Registry, name: str, environment: str, as_of: str | None = None) -> list[Reign]:
    """Return every time in which something was live, oldest first; with `as_of` the one of that moment, if any.

    Args:
        registry: the registry.
        name: of the versions.
        environment: whose pointer.
        as_of: a moment, ISO 8601; UTC where it names no zone.

    Raises:
        UsageError: nothing is registered under that name, or the moment cannot be read.
    """
    require_environment(environment)
    stands = name_stands(registry.standing(), name)
    moves = stands.moves.get(environment, [])
    reigns = [
        _reign(stands, environment, move, moves[index + 1] if index + 1 < len(moves) else None)
        for index, move in enumerate(moves)
    ]
    if as_of is None:
        return reigns
    seconds = seconds_of(as_of)
    if seconds is None:
        raise UsageError(
            f"{as_of!r} is no moment", remedy="Write it as 2026-08-03T14:00 (UTC) or 2026-08-03T16:00+02:00."
        )
    found = live_at(registry.standing(), name, environment, journal_time(seconds))
    return [reign for reign in reigns if found is not None and reign.deployment == found.deployment]


def _request_of(stands: NameStands, environment: str, move: Move) -> str:
    """Return the request whose approvals a move rests on; of a rollback, those of the time before."""
    if move.how != "rollback":
        return move.request
    before = [
        earlier
        for earlier in stands.moves[environment]
        if earlier.mark.seq < move.mark.seq and earlier.number == move.number and earlier.request
    ]
    return before[-1].request if before else ""


def _reign(stands: NameStands, environment: str, move: Move, following: Move | None) -> Reign:
    request = stands.requests.get(_request_of(stands, environment, move))
    given = [a for a in request.approvals if a.mark.seq < move.mark.seq] if request is not None else []
    counted = [a for a in given if a.withdrawn is None or a.withdrawn.seq > move.mark.seq]
    return Reign(
        name=stands.name,
        environment=environment,
        number=move.number,
        bundle=move.bundle,
        since=move.mark.time,
        until=following.mark.time if following is not None else "",
        how=move.how,
        by=move.mark.actor,
        reason=move.reason,
        deployment=move.deployment,
        approvals=tuple(
            ApprovedBy(person=a.event.person, role=a.event.role, time=a.mark.time, signed=bool(a.event.signature))
            for a in counted
        ),
        entries=(*(a.mark.seq for a in counted), move.mark.seq),
    )
