"""Everything a policy looks at for one version and one environment: evidence, journal, statements, approvals."""

from __future__ import annotations

import msgspec

from pressrun.actions.registry import Registry
from pressrun.actions.signatures import signature_problems
from pressrun.errors import BundleCorruptError
from pressrun.records.decision import Question
from pressrun.records.digest import Digest
from pressrun.records.facts import ApprovalFact, Evidence, Fact, Facts, StatementFact, WaiverFact
from pressrun.records.standing import NameStands, ReplayStands, RequestStands, Standing, VersionStands
from pressrun.rules.approvals import approval_facts, involved
from pressrun.rules.evidence.changes import changed_parts
from pressrun.rules.evidence.composed import completed
from pressrun.rules.grade import at_least
from pressrun.rules.members import canonical, find_person
from pressrun.rules.standing.queries import live
from pressrun.rules.standing.times import latest_since

NO_ROLE = "no role"


def facts_for(
    registry: Registry, standing: Standing, name: str, number: int, environment: str
) -> tuple[Facts, Question]:
    """Return the facts about a version, without approvals, and the question that is asked of them.

    Args:
        registry: the registry.
        standing: where things stand; its `name` must have that version.
        name: of the version.
        number: of the version.
        environment: where it is to go.

    Raises:
        CannotRestoreError: the stored evidence is missing.
        BundleCorruptError: it is damaged.
    """
    stands = standing.names[name]
    version = stands.versions[number - 1]
    evidence = stored_evidence(registry, version)
    now = latest_since(standing, _newest_said(stands, version), registry.now())
    values = dict(evidence.values)
    values |= _version_facts(version)
    values |= _replay_facts(standing, version)
    values |= _environment_facts(standing, stands, version)
    move = live(standing, name, environment)
    before = stands.versions[move.number - 1].event if move is not None and move.number else None
    values["change.parts"] = changed_parts(version.event, before)
    people = involved(version, _newest_open(stands, number, environment), registry.members)
    facts = Facts(
        values=values,
        gaps=evidence.gaps,
        statements=tuple(_statements(registry, version)),
        waivers=tuple(_waivers(registry, version)),
        involved=people,
        teams=_teams(registry, people),
    )
    question = Question(
        name=name,
        number=number,
        environment=environment,
        tier=version.tier,
        bundle=version.event.bundle,
        now=now,
    )
    return completed(facts, question), question


def with_approvals(
    registry: Registry, standing: Standing, facts: Facts, question: Question, policy: Digest, verdict: Digest
) -> Facts:
    """Return the facts with the approvals of the newest open request, each with why it does not count, if so."""
    stands = standing.names[question.name]
    request = _newest_open(stands, question.number, question.environment)
    if request is None:
        return facts
    problems = signature_problems(request, registry.members)
    found: tuple[ApprovalFact, ...] = approval_facts(request, registry.members, question, policy, verdict, problems)
    return msgspec.structs.replace(facts, approvals=found)


def open_request(standing: Standing, name: str, number: int, environment: str) -> RequestStands | None:
    """Return the newest request for a version and environment that was neither rejected nor withdrawn."""
    return _newest_open(standing.names[name], number, environment)


def _newest_said(stands: NameStands, version: VersionStands) -> int:
    """Return the entry of the newest thing that may expire: a clock that was put back makes nothing valid again."""
    marks = [version.mark.seq, *(s.mark.seq for s in version.statements), *(w.mark.seq for w in version.waivers)]
    marks += [
        a.mark.seq for r in stands.requests.values() for a in r.approvals if a.event.number == version.event.number
    ]
    return max(marks)


def _newest_open(stands: NameStands, number: int, environment: str) -> RequestStands | None:
    found = [
        request
        for request in stands.requests.values()
        if request.open and (request.event.number, request.event.environment) == (number, environment)
    ]
    return max(found, key=lambda request: request.mark.seq, default=None)


def stored_evidence(registry: Registry, version: VersionStands) -> Evidence:
    """Return what the bundle's evidence said when it was registered.

    Raises:
        CannotRestoreError: the document is missing.
        BundleCorruptError: it is damaged or about another bundle.
    """
    event = version.event
    where = f"the evidence of {event.name}@{event.number}"
    raw = registry.objects.read(event.facts)
    try:
        evidence = msgspec.json.decode(raw, type=Evidence)
    except msgspec.MsgspecError as error:
        raise BundleCorruptError(f"it cannot be read: {error}", where=where) from error
    if evidence.bundle != event.bundle:
        raise BundleCorruptError(f"it is about {evidence.bundle}, expected {event.bundle}", where=where)
    return evidence


def _version_facts(version: VersionStands) -> dict[str, Fact]:
    event = version.event
    seen = (f"entry {version.mark.seq}",)
    found = {
        "version.number": Fact(value=event.number, evidence=seen),
        "version.registered": Fact(value=version.mark.time, evidence=seen, at=version.mark.time),
        "version.tier": Fact(value=version.tier, evidence=seen),
        "version.author": Fact(value=event.author, evidence=seen),
        "metrics.count": Fact(value=len(event.metrics), evidence=(event.facts,)),
    }
    for key, said in (("owner", version.owner), ("deputy", version.deputy), ("use_case", version.use_case)):
        if said:
            found[f"version.{key}"] = Fact(value=said, evidence=seen)
    if version.revoked is None:
        found["version.not_revoked"] = Fact(value=True, evidence=seen)
    else:
        found["version.not_revoked"] = Fact(value=False, evidence=(f"entry {version.revoked.seq}",))
    return found


def _replay_facts(standing: Standing, version: VersionStands) -> dict[str, Fact]:
    """Return what the newest replays of the bundle showed; a later, worse one counts as much as a better one."""
    # a run without a grade was not compared with anything, and says nothing about the result
    graded = [replay for replay in standing.replays.get(version.event.bundle, {}).values() if replay.grade]
    if not graded:
        return {}
    newest = max(graded, key=lambda replay: replay.mark.seq)
    seen = (newest.receipt or f"entry {newest.mark.seq}",)
    return {
        "replay.latest.outcome": Fact(value=newest.outcome, evidence=seen, at=newest.mark.time),
        "replay.latest.grade": Fact(value=newest.grade, evidence=seen, at=newest.mark.time),
        "replay.latest.same": Fact(value=_same(newest), evidence=seen, at=newest.mark.time),
    }


def _same(replay: ReplayStands) -> bool:
    return bool(replay.grade) and at_least(replay.grade, "R3")  # type: ignore[arg-type]  # grades are their words


def _environment_facts(standing: Standing, stands: NameStands, version: VersionStands) -> dict[str, Fact]:
    number = version.event.number
    found: dict[str, Fact] = {}
    for environment, moves in stands.moves.items():
        reached = [move for move in moves if move.number == number]
        if reached:
            seen = (f"entry {reached[-1].mark.seq}",)
            found[f"environments.{environment}.reached"] = Fact(value=True, evidence=seen, at=reached[-1].mark.time)
        now_live = live(standing, stands.name, environment)
        if now_live is not None and now_live.number and now_live.number != number:
            revoked = stands.versions[now_live.number - 1].revoked is not None
            found[f"environments.{environment}.rollback_target"] = Fact(
                value=not revoked, evidence=(f"entry {now_live.mark.seq}",)
            )
    return found


def _statements(registry: Registry, version: VersionStands) -> list[StatementFact]:
    found = []
    for stands in version.statements:
        event = stands.event
        if event.bundle != version.event.bundle:
            continue  # about other content
        person = person_of_id(registry, stands.mark.actor)
        found.append(
            StatementFact(
                statement=event.statement,
                check=event.check,
                answer=event.answer,
                person=person[0],
                role=_roles_said(registry, person[1]),
                made=stands.mark.time,
                expires=event.expires,
                text=event.text,
            )
        )
    return found


def person_of_id(registry: Registry, actor: str) -> tuple[str, tuple[str, ...]]:
    """Return the canonical id of an actor in the journal, and the roles this person holds now."""
    members = registry.members
    if members is None:
        return actor, ()
    person = find_person(members, actor)
    if person is None:
        return canonical(members, actor), ()
    return person.id, tuple(grant.role for grant in person.grants)


def _roles_said(registry: Registry, roles: tuple[str, ...]) -> str:
    # without members nobody has a role; with them somebody without one must not be taken for that
    if registry.members is None:
        return ""
    return ",".join(roles) or NO_ROLE


def _waivers(registry: Registry, version: VersionStands) -> list[WaiverFact]:
    return [
        WaiverFact(
            waiver=stands.event.waiver,
            check=stands.event.check,
            person=canonical(registry.members, stands.mark.actor),
            owner=stands.event.owner,
            reason=stands.event.reason,
            control=stands.event.control,
            made=stands.mark.time,
            expires=stands.event.expires,
        )
        for stands in version.waivers
        if stands.ended is None and stands.event.bundle == version.event.bundle
    ]


def _teams(registry: Registry, people: dict[str, str]) -> dict[str, str]:
    members = registry.members
    if members is None:
        return {}
    known = {person.id: person.team for person in members.people}
    return {person: known[person] for person in people.values() if known.get(person)}
