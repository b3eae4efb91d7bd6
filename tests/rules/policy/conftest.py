"""Policies and facts for tests of the policy engine."""

import pytest

from pressrun.records.decision import Question
from pressrun.records.facts import ApprovalFact, Fact, Facts, StatementFact, WaiverFact
from pressrun.rules.policy.merge import merge
from pressrun.rules.policy.read import read_policy

NOW = "2026-06-01T12:00:00.000000+00:00"
SOON = "2026-07-01T12:00:00.000000+00:00"
PAST = "2026-05-01T12:00:00.000000+00:00"
DIGEST = "sha256:" + 64 * "a"
HEAD = 'policy: acme\nversion: "1"\nlevel: organisation\nchecks:\n'


def policy_of(*checks, head=HEAD):
    """Return the merged policy of some checks, each written as the inside of a flow mapping."""
    return merge([read_policy(head + "".join(f"  - {{{check}}}\n" for check in checks), "acme.yaml")])


def question(**changed):
    return Question(**{"name": "churn", "number": 3, "environment": "production", "tier": "strategic",
                       "bundle": DIGEST, "now": NOW, **changed})  # fmt: skip


def facts(values=None, **more):
    found = {name: value if isinstance(value, Fact) else Fact(value=value) for name, value in (values or {}).items()}
    return Facts(values=found, involved={"author": "ana"}, teams={"ana": "science"}, **more)


def approval(person, **changed):
    return ApprovalFact(**{"request": "r", "person": person, "role": "approver", "team": "risk", "made": PAST,
                           "expires": SOON, **changed})  # fmt: skip


def statement(check, **changed):
    return StatementFact(**{"statement": "s", "check": check, "answer": True, "person": "ben", "role": "approver",
                            "made": PAST, "expires": SOON, "text": DIGEST, **changed})  # fmt: skip


def waiver(check, **changed):
    return WaiverFact(**{"waiver": "w", "check": check, "person": "ben", "owner": "ben", "reason": "too early",
                         "control": "daily look", "made": PAST, "expires": SOON, **changed})  # fmt: skip


@pytest.fixture
def kit():
    """Give the helpers above as one thing."""
    import types

    return types.SimpleNamespace(
        policy=policy_of, question=question, facts=facts, approval=approval, statement=statement, waiver=waiver,
        NOW=NOW, SOON=SOON, PAST=PAST, HEAD=HEAD,
    )  # fmt: skip
