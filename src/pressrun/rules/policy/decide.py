"""Decide: what a policy says of one version going to one environment. Pure; a millisecond for the longest policies."""

from __future__ import annotations

from pressrun.records.decision import Decision, Finding, Question, verdict_of
from pressrun.records.facts import Facts, WaiverFact
from pressrun.records.policy import Check, Merged
from pressrun.rules.policy.answers import DAY_S, Judged
from pressrun.rules.policy.judge import judge, required_words
from pressrun.rules.policy.merge import mode_on
from pressrun.rules.timestamps import seconds_of

NOTHING_ASKED = "NOTHING-ASKED"


def decide(policy: Merged, facts: Facts, question: Question) -> Decision:
    """Return what a policy says.

    Args:
        policy: the merged policy in force.
        facts: what is known.
        question: which version, where to, when.
    """
    asked = [check for check in policy.checks if check.applies(question.tier, question.environment)]
    findings = tuple(_finding(check, facts, question) for check in asked)
    if not any(check.id in policy.base for check in asked):
        # a policy that forgot an environment must not open it, nor may a lower level do so by asking something easy
        findings = (_nothing_asked(policy, question), *findings)
    return Decision(
        question=question,
        allowed=all(finding.outcome in {"pass", "waived"} for finding in findings),
        mode=mode_on(policy.modes, question.now[:10]),
        findings=findings,
        policy=policy.digest,
        policy_name=policy.name,
        verdict=verdict_of(findings),
    )


def _finding(check: Check, facts: Facts, question: Question) -> Finding:
    found = judge(check, facts, question)
    waiver = _waiver(check, facts, question) if found.outcome in {"fail", "unknown"} else None
    outcome = found.outcome if waiver is None else "waived"
    observed = found.observed
    if waiver is not None:
        observed += f"; waived by {waiver.person} until {waiver.expires[:10]}: {waiver.reason}"
    return Finding(
        check=check.id,
        title=check.title,
        outcome=outcome,
        observed=observed,
        required=required_words(check),
        set_by=_set_by(check),
        fix=_fix(check, found, question) if outcome in {"fail", "unknown"} else "",
        who=", ".join(check.who) if outcome == "unknown" else "",
        evidence=found.evidence,
        basis=found.basis,
        approvals=check.kind == "approvals",
        waiver=waiver.waiver if waiver is not None else "",
    )


def _waiver(check: Check, facts: Facts, question: Question) -> WaiverFact | None:
    """Return the waiver that holds for a check, the one that lasts longest; approvals cannot be waived."""
    now = seconds_of(question.now)
    if not check.waivable or check.kind == "approvals" or now is None:
        return None
    holding = [
        waiver
        for waiver in facts.waivers
        if waiver.check == check.id
        and now < _end_of(waiver, check)
        and waiver.reason.strip()
        and waiver.control.strip()
        and waiver.owner.strip()
        and waiver.person not in facts.involved.values()
    ]
    return max(holding, key=lambda waiver: (waiver.expires, waiver.waiver), default=None)


def _end_of(waiver: WaiverFact, check: Check) -> float:
    """Return when a waiver stops to count, in seconds since 1970: by itself, or as the check allows at most."""
    made, expires = seconds_of(waiver.made), seconds_of(waiver.expires)
    if made is None or expires is None:
        return 0.0
    return expires if check.waiver_days is None else min(expires, made + check.waiver_days * DAY_S)


def _set_by(check: Check) -> str:
    # one place for each level that had a hand in it: the check's own, and where a lower level moved something
    places = {check.origin.policy: check.origin}
    for origin in check.set_by.values():
        places.setdefault(origin.policy, origin)
    return "; ".join(map(str, places.values()))


def _fix(check: Check, found: Judged, question: Question) -> str:
    version = f"{question.name}@{question.number}"
    if check.fix:
        return check.fix.replace("{version}", version).replace("{environment}", question.environment)
    if check.kind == "approvals":
        return f"pressrun request {version} --to {question.environment}; somebody else: pressrun approve"
    if check.kind == "statement" or (check.kind == "judged" and found.basis is not None and found.outcome != "fail"):
        return f"pressrun state {version} {check.id} --text TEXT"
    return ""


def _nothing_asked(policy: Merged, question: Question) -> Finding:
    return Finding(
        check=NOTHING_ASKED,
        title="Does the policy ask anything here?",
        outcome="unknown",
        observed=f"no check of the highest level applies to tier {question.tier} in {question.environment}",
        required="one check or more",
        set_by=policy.name,
        fix="Add checks for this environment to the policy: pressrun policy publish FILE",
    )
