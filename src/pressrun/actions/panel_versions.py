"""Versions as a panel shows them: where each stands, what waits, what the policy says, what was live."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from pressrun.actions.decide import check, without_approvals
from pressrun.actions.documents import policy_in_force
from pressrun.actions.history import Reign, history
from pressrun.actions.panel_requests import panel_request
from pressrun.actions.registered import name_stands, reference_of, version_stands
from pressrun.actions.registry import Registry, open_registry
from pressrun.actions.status import status
from pressrun.errors import PressrunError
from pressrun.records.decision import Decision, Finding
from pressrun.records.metric import Metric
from pressrun.records.panel.versions import (
    PanelDecision,
    PanelFinding,
    PanelHealth,
    PanelHistory,
    PanelMetric,
    PanelPlace,
    PanelReign,
    PanelVersion,
    PanelVersions,
)
from pressrun.records.standing import Standing, VersionStands
from pressrun.rules.access import TABLE, Action, Thing
from pressrun.rules.standing.queries import live, state_of

MAX_VERSIONS = 100
MAX_REIGNS = 500
MAX_LIVE = 500
_OF_ALL = frozenset({"accept", "collect"})  # what waits and is about no name
ON_NAME: tuple[Action, ...] = ("view", "replay", "register", "describe", "state", "revoke")
ON_ENVIRONMENT: tuple[Action, ...] = ("request", "withdraw", "approve", "reject", "deploy", "rollback")


def versions_if_any(project: Path, name: str, unreadable: list[str]) -> PanelVersions | None:
    """Return the versions of a name, None while the project has no registry; what cannot be read is said."""
    try:
        with open_registry(project, reading=True) as registry:
            if not registry.standing().head:
                return None
            return panel_versions(registry, name)
    except PressrunError as error:
        unreadable.append(f"The versions: {error}")
        return None


def panel_versions(registry: Registry, name: str) -> PanelVersions:
    """Return the versions of a name, the newest first, and what the actor may do with it; none are no error.

    Raises:
        RefusedError: the actor may not look at them.
        CannotRestoreError: the journal cannot be read.
    """
    registry.require("view", Thing(kind="version", name=name))
    standing = registry.standing()
    stands = standing.names.get(name)
    newest = list(reversed(stands.versions))[:MAX_VERSIONS] if stands is not None else []
    problems = [f"entry {found.seq}: {found.what}" for found in standing.inconsistencies[:MAX_VERSIONS]]
    if stands is not None and len(stands.versions) > MAX_VERSIONS:
        problems.append(f"Only the newest {MAX_VERSIONS} of {len(stands.versions)} versions are listed.")
    return PanelVersions(
        name=name,
        versions=tuple(_version(registry, standing, version) for version in newest),
        may=may_do(registry, name),
        problems=tuple(problems),
    )


def environments_of(registry: Registry) -> tuple[str, ...]:
    """Return the environments that the project and the policy know, in the order in which they are named."""
    named = [*registry.settings.environments]
    named += [one for check_ in policy_in_force(registry).checks for one in check_.environments]
    return tuple(dict.fromkeys(named))


def may_do(registry: Registry, name: str) -> dict[str, str]:
    """Return for each action why the actor may not do it with a name, empty when they may somewhere."""
    found = {action: _why_not(registry, action, [Thing(kind="version", name=name)]) for action in ON_NAME}
    environments = environments_of(registry) or ("production",)
    for action in ON_ENVIRONMENT:
        kind = TABLE[action].kinds[-1]
        things = [Thing(kind=kind, name=name, environment=one) for one in environments]
        found[action] = _why_not(registry, action, things)
    return {str(action): why for action, why in found.items()}


def _why_not(registry: Registry, action: Action, things: Iterable[Thing]) -> str:
    answers = [registry.access(action, thing) for thing in things]
    return "" if any(answer.allowed for answer in answers) else answers[0].reason


def _version(registry: Registry, standing: Standing, version: VersionStands) -> PanelVersion:
    event = version.event
    state = state_of(standing, event.name, event.number, registry.now())
    assert state is not None
    request = state.request if state.request is not None and state.request.open else None
    return PanelVersion(
        reference=reference_of(event),
        number=event.number,
        state=state.word,
        grade=event.grade,
        owner=version.owner,
        tier=version.tier,
        registered=version.mark.time,
        author=event.author,
        bundle=event.bundle,
        source=event.source,
        use_case=version.use_case,
        metrics={key: _metric(metric) for key, metric in event.metrics.items()},
        live=tuple(_place(standing, event.name, one) for one in state.environments),
        request=panel_request(registry, standing, request) if request is not None else None,
    )


def _metric(metric: Metric) -> PanelMetric:
    return PanelMetric(value=metric.value, low=metric.low, high=metric.high)


def _place(standing: Standing, name: str, environment: str) -> PanelPlace:
    move = live(standing, name, environment)
    assert move is not None
    return PanelPlace(environment=environment, since=move.mark.time, by=move.mark.actor, how=move.how)


def panel_decision(registry: Registry, reference: str, environment: str) -> PanelDecision:
    """Return what the policy says of a version going to an environment.

    Raises:
        UsageError: there is no such version, or the environment's name is not allowed.
        RefusedError: the actor may not look at it.
    """
    version = version_stands(registry.standing(), reference).event
    registry.require("view", Thing(kind="version", name=version.name))
    return shown_decision(check(registry, reference, environment))


def shown_decision(decision: Decision) -> PanelDecision:
    """Return a decision as a panel shows it."""
    question = decision.question
    return PanelDecision(
        reference=f"{question.name}@{question.number}",
        environment=question.environment,
        allowed=decision.allowed,
        binding=decision.binding,
        ready=without_approvals(decision),
        mode=decision.mode,
        policy=decision.policy_name,
        verdict=decision.verdict,
        findings=tuple(map(_finding, decision.findings)),
    )


def _finding(finding: Finding) -> PanelFinding:
    return PanelFinding(
        check=finding.check,
        title=finding.title,
        outcome=finding.outcome,
        observed=finding.observed,
        required=finding.required,
        set_by=finding.set_by,
        fix=finding.fix,
        who=finding.who,
    )


def panel_health(registry: Registry) -> PanelHealth:
    """Return what is live, what waits for somebody, and what does not fit, of the names that the actor may look at."""
    standing, found = registry.standing(), status(registry)
    names = {name for name in standing.names if registry.access("view", Thing(kind="version", name=name)).allowed}
    seen = [one for one in found.live if one.name in names]
    shown = {(one.name, one.number): standing.names[one.name].versions[one.number - 1] for one in seen}
    waiting = [one for one in found.waiting if one.what in _OF_ALL or one.about.partition("@")[0] in names]
    unread = [
        f"{count} entries of kind {kind} were written by a newer pressrun." for kind, count in found.unread.items()
    ]
    return PanelHealth(
        live=tuple(_version(registry, standing, version) for version in list(shown.values())[:MAX_LIVE]),
        waiting=tuple(waiting[:MAX_LIVE]),
        problems=(*found.problems[:MAX_LIVE], *unread),
    )


def panel_history(registry: Registry, name: str, environment: str, as_of: str = "") -> PanelHistory:
    """Return what was live in an environment, the newest first; with `as_of` what was live at that moment.

    Raises:
        UsageError: there is no such name, or the moment cannot be read.
        RefusedError: the actor may not look at it.
    """
    registry.require("view", Thing(kind="version", name=name))
    name_stands(registry.standing(), name)
    reigns = history(registry, name, environment, as_of or None)
    newest = list(reversed(reigns))[:MAX_REIGNS]
    return PanelHistory(name=name, environment=environment, reigns=tuple(map(_reign, newest)))


def _reign(reign: Reign) -> PanelReign:
    return PanelReign(
        number=reign.number,
        since=reign.since,
        until=reign.until,
        by=reign.by,
        how=reign.how,
        reason=reign.reason,
        approved_by=tuple(dict.fromkeys(one.person for one in reign.approvals)),
    )
