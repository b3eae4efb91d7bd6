"""Whether the signatures under approvals are the people's own."""

from __future__ import annotations

from pressrun.records.approval import Ballot
from pressrun.records.events import Approved
from pressrun.records.people import Members
from pressrun.records.standing import RequestStands
from pressrun.rules.members import find_person


def ballot_of(event: Approved) -> Ballot:
    """Return what the person signed, as the event says it."""
    return Ballot(
        request=event.request,
        name=event.name,
        number=event.number,
        environment=event.environment,
        bundle=event.bundle,
        policy=event.policy,
        verdict=event.verdict,
        nonce=event.nonce,
        person=event.person,
        role=event.role,
        expires=event.expires,
    )


def signature_problems(request: RequestStands, members: Members | None) -> dict[int, str]:
    """Return what is wrong with each approval's signature; empty text where nothing is.

    Args:
        request: the request with its approvals.
        members: whose keys count; without any published, nothing can be verified and nothing is asked for.

    Returns:
        Number of the approval's entry -> a sentence, only for approvals that are wrong.
    """
    if members is None:
        return {}
    from pressrun.store.signing import verify  # noqa: PLC0415 - keys are only looked at where approvals are

    found = {}
    for approval in request.approvals:
        event = approval.event
        person = find_person(members, event.person)
        if person is None:
            found[approval.mark.seq] = f"{event.person} is no member"
        elif not event.signature:
            found[approval.mark.seq] = "it is not signed"
        elif problem := verify(
            ballot_of(event).signed_bytes(), event.signature, person, approval.mark.time, key=event.key
        ):
            found[approval.mark.seq] = problem
    return found
