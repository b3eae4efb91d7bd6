"""A request for approval and approvals of it, as folding a journal would give them."""

from __future__ import annotations

import datetime
from typing import Any

import msgspec

from pressrun.records.approval import Ballot
from pressrun.records.decision import Question
from pressrun.records.digest import digest_text
from pressrun.records.events import Approved, Registered, Requested
from pressrun.records.standing import ApprovalStands, Mark, RequestStands, VersionStands
from pressrun.testing.people import Signatory

BUNDLE, POLICY, VERDICT = (digest_text(word) for word in ("bundle", "policy", "verdict"))
MANIFEST = digest_text("manifest")


def day(count: float) -> str:
    """Return a time so many days after 1 November 2026."""
    begin = datetime.datetime(2026, 11, 1, tzinfo=datetime.timezone.utc)
    return (begin + datetime.timedelta(days=count)).isoformat(timespec="microseconds")


def a_version(author: str = "ana", committer: str = "") -> VersionStands:
    """Return ``churn@3``."""
    event = Registered(
        name="churn", number=3, bundle=BUNDLE, manifest=MANIFEST, facts=MANIFEST, author=author, committer=committer
    )
    return VersionStands(mark=Mark(seq=1, time=day(0), actor=author), event=event)


def a_request(requester: str = "ana", **fields: Any) -> RequestStands:
    """Return a request of day 1 for ``churn@3`` in production, good for 30 days; `fields` overrule the event's."""
    event = Requested(
        request="a" * 32,
        name="churn",
        number=3,
        environment="production",
        bundle=BUNDLE,
        policy=POLICY,
        verdict=VERDICT,
        decision=MANIFEST,
        nonce="0" * 32,
        expires=day(31),
    )
    event = msgspec.structs.replace(event, **fields)
    return RequestStands(mark=Mark(seq=2, time=day(1), actor=requester), event=event)


def a_question(**fields: Any) -> Question:
    """Ask for ``churn@3`` in production on day 3."""
    question = Question(name="churn", number=3, environment="production", tier="strategic", bundle=BUNDLE, now=day(3))
    return msgspec.structs.replace(question, **fields)


def ballot_for(request: RequestStands, person: str, role: str = "approver", expires: str = "") -> Ballot:
    """Return what `person` signs to approve a request."""
    event = request.event
    return Ballot(
        request=event.request,
        name=event.name,
        number=event.number,
        environment=event.environment,
        bundle=event.bundle,
        policy=event.policy,
        verdict=event.verdict,
        nonce=event.nonce,
        person=person,
        role=role,
        expires=expires or day(32),
    )


def approve(
    request: RequestStands, by: Signatory, /, *, role: str = "approver", seq: int = 3, time: str = "", **fields: Any
) -> ApprovalStands:
    """Let somebody approve a request; `fields` overrule the event's after it was signed, as a forger would."""
    ballot = ballot_for(request, by.person.id, role)
    names = [field for field in Approved.__struct_fields__ if hasattr(ballot, field)]
    event = Approved(
        **{name: getattr(ballot, name) for name in names},
        key=by.public,
        signature=by.sign(ballot.signed_bytes()),
    )
    event = msgspec.structs.replace(event, **fields)
    approval = ApprovalStands(mark=Mark(seq=seq, time=time or day(2), actor=by.person.id), event=event)
    request.approvals.append(approval)
    return approval
