"""Everything that is known of one version, on one page; what is missing is named as a gap."""

from __future__ import annotations

import msgspec

from pressrun.actions.facts import stored_evidence
from pressrun.actions.registered import reference_of, version_stands
from pressrun.actions.registry import Registry
from pressrun.records.events import Registered
from pressrun.records.standing import ReplayStands, Standing, VersionStands
from pressrun.rules.standing.queries import live, state_of


class CardApproval(msgspec.Struct, frozen=True, kw_only=True):
    """An approval of this version that was given; `withdrawn` when it was taken back, else empty."""

    environment: str
    person: str
    role: str
    time: str
    expires: str
    signed: bool
    withdrawn: str = ""
    comment: str = ""


class CardPlace(msgspec.Struct, frozen=True, kw_only=True):
    """Where it is live, since when, and who put it there."""

    environment: str
    since: str
    by: str
    how: str
    location: str = ""


class CardRecord(msgspec.Struct, frozen=True, kw_only=True):
    """A statement or waiver that stands."""

    kind: str
    check: str
    person: str
    expires: str
    text: str


class VersionCard(msgspec.Struct, frozen=True, kw_only=True):
    """One version.

    Attributes:
        state: ``registered``, ``in-review``, ``approved``, ``rejected``, ``live`` or ``revoked``.
        replays: newest ones of the bundle, by where they ran.
        gaps: what is not known, name -> why: shown, never left blank.
    """

    reference: str
    state: str
    version: Registered
    registered: str
    by: str
    owner: str
    deputy: str
    use_case: str
    tier: str
    live: tuple[CardPlace, ...] = ()
    approvals: tuple[CardApproval, ...] = ()
    records: tuple[CardRecord, ...] = ()
    replays: dict[str, ReplayStands] = {}
    revoked: str = ""
    gaps: dict[str, str] = {}


def show_version(registry: Registry, reference: str) -> VersionCard:
    """Return what is known of a version.

    Args:
        registry: the registry.
        reference: ``churn@3``, ``churn@production`` or ``churn@latest``.

    Raises:
        UsageError: there is no such version.
        CannotRestoreError: its evidence is missing.
    """
    standing = registry.standing()
    version = version_stands(standing, reference)
    event = version.event
    state = state_of(standing, event.name, event.number, registry.now())
    assert state is not None
    return VersionCard(
        reference=reference_of(event),
        state=state.word,
        version=event,
        registered=version.mark.time,
        by=version.mark.actor,
        owner=version.owner,
        deputy=version.deputy,
        use_case=version.use_case,
        tier=version.tier,
        live=tuple(_places(standing, event.name, state.environments)),
        approvals=tuple(_approvals(standing, version)),
        records=tuple(_records(version)),
        replays=dict(standing.replays.get(event.bundle, {})),
        revoked=f"{version.revoked.time[:19]} by {version.revoked.actor}: {version.revocation}"
        if version.revoked is not None
        else "",
        gaps=_gaps(registry, version),
    )


def _places(standing: Standing, name: str, environments: tuple[str, ...]) -> list[CardPlace]:
    found = []
    for environment in environments:
        move = live(standing, name, environment)
        assert move is not None
        found.append(
            CardPlace(
                environment=environment,
                since=move.mark.time,
                by=move.mark.actor,
                how=move.how,
                location=move.location,
            )
        )
    return found


def _approvals(standing: Standing, version: VersionStands) -> list[CardApproval]:
    requests = standing.names[version.event.name].requests.values()
    return [
        CardApproval(
            environment=request.event.environment,
            person=approval.event.person,
            role=approval.event.role,
            time=approval.mark.time,
            expires=approval.event.expires,
            signed=bool(approval.event.signature),
            withdrawn=approval.withdrawn.time if approval.withdrawn is not None else "",
            comment=approval.event.comment,
        )
        for request in requests
        if request.event.number == version.event.number
        for approval in request.approvals
    ]


def _records(version: VersionStands) -> list[CardRecord]:
    found = [
        CardRecord(
            kind="statement",
            check=one.event.check,
            person=one.mark.actor,
            expires=one.event.expires,
            text="it holds" if one.event.answer else "it does not hold",
        )
        for one in version.statements
    ]
    found += [
        CardRecord(
            kind="waiver",
            check=one.event.check,
            person=one.mark.actor,
            expires=one.event.expires,
            text=f"{one.event.reason}; instead: {one.event.control}; {one.event.owner} answers",
        )
        for one in version.waivers
        if one.ended is None
    ]
    return found


def _gaps(registry: Registry, version: VersionStands) -> dict[str, str]:
    event = version.event
    found = stored_evidence(registry, version).gaps
    # what is missing of a metric is told once, with its interval
    gaps = {name: why for name, why in found.items() if not name.startswith("metrics.")}
    said = {"deputy": version.deputy, "use case": version.use_case, "committer": event.committer, "grade": event.grade}
    for name, value in said.items():
        if not value:
            gaps[name] = "nobody said it" if name in {"deputy", "use case"} else "the evidence does not tell it"
    if not event.metrics:
        gaps["metrics"] = "the notebook declares none: begin a cell with %%register metrics"
    for name, metric in event.metrics.items():
        if metric.low is None:
            gaps[f"interval of {name}"] = metric.method or "it cannot be computed from what was recorded"
    return gaps
