"""Ask the policy in force about a version and an environment."""

from __future__ import annotations

import msgspec

from pressrun.actions.custom_checks import with_custom_checks
from pressrun.actions.documents import policy_in_force
from pressrun.actions.facts import facts_for, with_approvals
from pressrun.actions.registered import require_environment, version_stands
from pressrun.actions.registry import Registry
from pressrun.errors import BundleCorruptError, NotAllowedError
from pressrun.records.decision import Decision
from pressrun.records.digest import Digest, canonical_json
from pressrun.records.facts import Facts
from pressrun.records.policy import Merged
from pressrun.records.standing import Standing
from pressrun.rules.policy.decide import decide


def not_allowed(decision: Decision) -> NotAllowedError:
    """Return the error for a decision that refuses; it counts the checks that do not pass."""
    question = decision.question
    refused = [finding.check for finding in decision.findings if finding.outcome in {"fail", "unknown"}]
    names = ", ".join(refused[:8]) + (" and more" if len(refused) > 8 else "")
    checks = "1 check does" if len(refused) == 1 else f"{len(refused)} checks do"
    return NotAllowedError(
        f"the policy {decision.policy_name} refuses it: {checks} not pass ({names})",
        where=f"{question.name}@{question.number} to {question.environment}",
        remedy=f"See why: pressrun check {question.name}@{question.number} --to {question.environment}",
    )


def check(registry: Registry, reference: str, environment: str) -> Decision:
    """Return what the policy says of a version going to an environment.

    Args:
        registry: the registry.
        reference: ``churn@3``, ``churn@production`` or ``churn@latest``.
        environment: where it is to go.

    Raises:
        UsageError: there is no such version, or the environment's name is not allowed.
        CannotRestoreError: evidence or policy is missing.
    """
    standing = registry.standing()
    version = version_stands(standing, reference)
    return decision_on(registry, standing, version.event.name, version.event.number, environment)


def decision_on(registry: Registry, standing: Standing, name: str, number: int, environment: str) -> Decision:
    """Return the decision for a state that was folded before; arguments and errors as for `facts_for`."""
    require_environment(environment)
    merged = policy_in_force(registry)
    facts, question = facts_for(registry, standing, name, number, environment)
    facts = with_custom_checks(merged, facts, question)
    return _with_approvals(registry, standing, merged, facts, decide(merged, facts, question))


def _with_approvals(registry: Registry, standing: Standing, merged: Merged, facts: Facts, first: Decision) -> Decision:
    # approvals bind a verdict, which is therefore made first, and never by a rule about approvals
    question = first.question
    approved = with_approvals(registry, standing, facts, question, first.policy, first.verdict)
    if not approved.approvals:
        return first
    decision = decide(merged, approved, question)
    assert decision.verdict == first.verdict, "approvals changed the verdict that they bind"
    return decision


def without_approvals(decision: Decision) -> bool:
    """Whether everything but the approvals allows it: then it makes sense to ask for them."""
    if decision.mode != "block":
        return True
    return all(f.outcome in {"pass", "waived"} for f in decision.findings if not f.approvals)


def keep_decision(registry: Registry, decision: Decision) -> Digest:
    """Store a decision, so that whoever asks later sees what was known then."""
    return registry.objects.put(canonical_json(decision))


def read_decision(registry: Registry, digest: Digest) -> Decision:
    """Return a stored decision.

    Raises:
        CannotRestoreError: it is missing.
        BundleCorruptError: it is damaged.
    """
    try:
        return msgspec.json.decode(registry.objects.read(digest), type=Decision)
    except msgspec.MsgspecError as error:
        raise BundleCorruptError(f"the decision cannot be read: {error}", where=digest) from error
