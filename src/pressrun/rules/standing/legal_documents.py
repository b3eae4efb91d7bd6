"""Legality of changing policy and members, and of collecting garbage."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from pressrun.records import events as ev
from pressrun.records.people import Members
from pressrun.records.standing import Standing
from pressrun.rules.standing.asking import Asking, blank_problem, id_problem

LEVELS = ("organisation", "business-unit", "team", "project")
TWO = 2


def _level_problem(event: ev.Proposed | ev.Published) -> str:
    if event.document_kind == "members":
        return "the members have no levels" if event.level else ""
    return "" if event.level in LEVELS else f"{event.level!r} is no level of a policy: {', '.join(LEVELS)}"


def _proposed(standing: Standing, event: ev.Proposed, asking: Asking) -> str:
    return id_problem("proposal", event.proposal) or _level_problem(event)


def _published(standing: Standing, event: ev.Published, asking: Asking) -> str:
    if problem := _level_problem(event):
        return problem
    if event.proposal:
        proposer = standing.proposals[event.proposal].mark.actor
        if asking.is_actor(proposer):
            return f"{asking.actor} proposed it; another policy admin has to accept it"
        return "what was proposed is not published by one person alone" if event.alone else ""
    if problem := blank_problem(reason_for_publishing_without_a_second_person=event.alone):
        return problem
    if "members" in standing.documents and asking.members is None:
        return "members are published, so a change has to be proposed by one of them and accepted by another"
    admins = policy_admins(asking.members)
    if len(admins) >= TWO:
        return f"there are {len(admins)} policy admins, so one has to propose it and another to accept it"
    return ""


def policy_admins(members: Members | None) -> tuple[str, ...]:
    """Return the ids of the people who may publish policy and members."""
    return tuple(
        person.id
        for person in (members.people if members is not None else ())
        if person.kind == "person" and any(grant.role == "policy-admin" for grant in person.grants)
    )


def _proposal_rejected(standing: Standing, event: ev.ProposalRejected, asking: Asking) -> str:
    return blank_problem(reason=event.reason)


def _collect_requested(standing: Standing, event: ev.CollectRequested, asking: Asking) -> str:
    if problem := id_problem("collection", event.collection):
        return problem
    return "less than nothing cannot be collected" if min(event.objects, event.size) < 0 else ""


RULES: dict[type, Callable[[Standing, Any, Asking], str]] = {
    ev.Proposed: _proposed,
    ev.Published: _published,
    ev.ProposalRejected: _proposal_rejected,
    ev.CollectRequested: _collect_requested,
}
