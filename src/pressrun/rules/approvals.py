"""Which approvals may count: each is held against what it was given for, and against who gave it.

An approval binds content, policy, verdict, environment and request, and it is signed. Here is said why one does not
count, whatever a policy asks; how many are asked for, and from whom, is the policy's to say. Pure functions.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

from pressrun.records.decision import Question
from pressrun.records.digest import Digest
from pressrun.records.facts import ApprovalFact
from pressrun.records.people import Actor, Members, Person
from pressrun.records.standing import ApprovalStands, RequestStands, VersionStands
from pressrun.rules.access import Thing, grant_covers, may, usable_grants
from pressrun.rules.key_validity import key_problem
from pressrun.rules.members import canonical, find_person
from pressrun.rules.standing.lookups import short
from pressrun.rules.timestamps import seconds_of


class _Problem(NamedTuple):
    kind: str
    sentence: str


class _Now(NamedTuple):
    """What holds at the time of the question."""

    question: Question
    policy: Digest
    verdict: Digest


def approval_facts(
    request: RequestStands,
    members: Members | None,
    question: Question,
    policy: Digest,
    verdict: Digest,
    signature_problems: Mapping[int, str],
) -> tuple[ApprovalFact, ...]:
    """Return every approval of a request, with the first reason why it does not count, if there is one.

    Without published members nobody's signature can be verified: approvals count by the id of whoever made the entry,
    and are marked `unsigned`.

    Args:
        request: with its approvals.
        members: who may approve now; an approval does not outlive the role.
        question: what is to go where, and the time.
        policy: digest of the policy in force.
        verdict: digest of what the checks say now.
        signature_problems: number of the approval's entry -> what is wrong with its signature; only those that are
            wrong.
    """
    now = _Now(question, policy, verdict)
    return tuple(_fact(request, approval, members, now, signature_problems) for approval in request.approvals)


def involved(version: VersionStands, request: RequestStands | None, members: Members | None) -> dict[str, str]:
    """Return who had a part in a version: role -> the person behind the id or address; none of them may approve it.

    Args:
        version: its author, and the committer of its source where that is known.
        request: who asked for approval, where somebody has.
        members: by whose ids and addresses people are found.
    """
    found = {"author": version.event.author}
    if version.event.committer:
        found["committer"] = version.event.committer
    if request is not None:
        found["requester"] = request.mark.actor
    return {role: canonical(members, who) for role, who in found.items()}


def _fact(
    request: RequestStands,
    approval: ApprovalStands,
    members: Members | None,
    now: _Now,
    signature_problems: Mapping[int, str],
) -> ApprovalFact:
    # nothing but the entry itself says who gave an unsigned approval
    who = approval.mark.actor if members is None else approval.event.person
    identity = canonical(members, who)
    person = find_person(members, who)
    problem = _content_problem(request, approval, now) or _time_problem(request, approval, now.question.now)
    if problem is None and members is not None:
        problem = _signature_problem(request, approval, members, signature_problems) or _role_problem(
            approval, members, person
        )
    return ApprovalFact(
        request=request.event.request,
        person=identity,
        role=approval.event.role,
        team=person.team if person is not None else "",
        made=approval.mark.time,
        expires=approval.event.expires,
        unsigned=members is None,
        problem=problem.sentence if problem is not None else "",
        problem_kind=problem.kind if problem is not None else "",
    )


def _content_problem(request: RequestStands, approval: ApprovalStands, now: _Now) -> _Problem | None:
    event, asked, question = approval.event, request.event, now.question
    if approval.withdrawn is not None:
        return _Problem("withdrawn", f"{approval.withdrawn.actor} took it back")
    if request.withdrawn is not None or request.rejected is not None:
        what = "taken back" if request.withdrawn is not None else "rejected"
        return _Problem("withdrawn", f"the request was {what}")
    given, wanted = f"{event.name}@{event.number}", f"{question.name}@{question.number}"
    if given != wanted:
        return _Problem("bundle", f"it is for {given}, not for {wanted}")
    if event.bundle != question.bundle:
        return _Problem("bundle", _changed("the content", event.bundle, question.bundle))
    if event.environment != question.environment:
        return _Problem("environment", f"it is for {event.environment}, not for {question.environment}")
    if event.policy != now.policy:
        return _Problem("policy", _changed("the policy", event.policy, now.policy))
    if event.verdict != now.verdict:
        return _Problem("verdict", _changed("what the checks say", event.verdict, now.verdict))
    if event.request != asked.request:
        return _Problem("nonce", f"it is for request {event.request[:12]}, not for this one")
    if event.nonce != asked.nonce:
        return _Problem("nonce", "it was given for another asking: its nonce is not this request's")
    return None


def _time_problem(request: RequestStands, approval: ApprovalStands, now: str) -> _Problem | None:
    # a clock that was put back gives nothing a longer life: an approval is never earlier than what it answers, and
    # never later than the question
    asked, made, asking = seconds_of(request.mark.time), seconds_of(approval.mark.time), seconds_of(now)
    request_ends, ends = seconds_of(request.event.expires), seconds_of(approval.event.expires)
    if asked is None or made is None or asking is None or request_ends is None or ends is None:
        return _Problem("expired", "a time in it cannot be read, so that it cannot be told whether it still holds")
    made = max(made, asked)
    if made >= request_ends:
        return _Problem("expired", f"it was given when the request had expired, at {request.event.expires}")
    if max(asking, made) >= ends:
        return _Problem("expired", f"it expired at {approval.event.expires}")
    return None


def _signature_problem(
    request: RequestStands, approval: ApprovalStands, members: Members, signature_problems: Mapping[int, str]
) -> _Problem | None:
    event = approval.event
    if not event.signature or not event.key:
        return _Problem("unsigned", "it is not signed, and members with keys are published")
    if problem := signature_problems.get(approval.mark.seq, ""):
        return _Problem("signature", problem)
    if problem := _late_key_problem(request, approval, members):
        return _Problem("signature", problem)
    if canonical(members, approval.mark.actor) != canonical(members, event.person):
        return _Problem("signature", f"{approval.mark.actor} entered it in the name of {event.person}")
    return None


def _late_key_problem(request: RequestStands, approval: ApprovalStands, members: Members) -> str:
    """Say why the key did not count any more when the request was made; empty when it did, or that was earlier.

    The signature was judged by the approval's own time: with a clock put back, a lost key would sign for ever.
    """
    asked, made = seconds_of(request.mark.time), seconds_of(approval.mark.time)
    person = find_person(members, approval.event.person)
    if person is None or (asked is not None and made is not None and asked <= made):
        return ""
    try:
        return key_problem(person, approval.event.key, request.mark.time)
    except ValueError as error:
        return f"the key that the record names may not sign: {error}"


def _role_problem(approval: ApprovalStands, members: Members, person: Person | None) -> _Problem | None:
    event = approval.event
    if person is None:
        return _Problem("role", f"{event.person} is no member any more")
    thing = Thing(kind="environment", name=event.name, environment=event.environment)
    access = may(members, Actor(id=person.id), "approve", thing)
    if not access.allowed:
        return _Problem("role", access.reason)
    held = [grant for grant in usable_grants(person, "approve") if grant_covers(grant, "approve", thing)]
    if event.role not in {grant.role for grant in held}:
        return _Problem("role", f"{person.id} is not {event.role} of {event.name} in {event.environment} any more")
    return None


def _changed(what: str, old: str, new: str) -> str:
    return f"{what} changed: it was given for {short(old)}, now it is {short(new)}"
