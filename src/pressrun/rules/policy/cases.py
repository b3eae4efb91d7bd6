"""Example cases beside a policy: what it should say of given facts. Unit tests for people who write policies.

cases:
  - name: a floor is a floor
    tier: strategic
    environment: production
    facts: {metrics.auc: 0.77, version.owner: ana}
    approvals: [ben]
    statements: [ID-5]
    expect: {MO-1: fail, ID-1: pass}
    allowed: false
"""

from __future__ import annotations

from typing import Any

import msgspec

from pressrun.errors import PolicyError
from pressrun.records.decision import Decision, Outcome, Question
from pressrun.records.event import Tier
from pressrun.records.facts import ApprovalFact, Fact, Facts, StatementFact
from pressrun.records.policy import Merged
from pressrun.rules.policy.decide import decide
from pressrun.rules.strict_yaml import load_yaml

_NOW = "2026-01-01T00:00:00.000000+00:00"
_EXPIRES = "2026-12-31T00:00:00.000000+00:00"
_DIGEST = "sha256:" + 64 * "0"


class _Case(msgspec.Struct, forbid_unknown_fields=True):
    name: str
    tier: Tier = "experiment"
    environment: str = "production"
    facts: dict[str, Any] = {}
    approvals: list[str] = []
    statements: list[str] = []
    expect: dict[str, Outcome] = {}
    allowed: bool | None = None


class CaseResult(msgspec.Struct, frozen=True, kw_only=True):
    """What came of one case; `problems` is empty when the policy said what was expected."""

    name: str
    where: str
    problems: tuple[str, ...]
    decision: Decision


def run_cases(text: str, where: str, policy: Merged) -> list[CaseResult]:
    """Ask a policy about every case in a file.

    Args:
        text: of a policy with ``cases``, or of a file that holds nothing else.
        where: name of the file.
        policy: what is asked.

    Raises:
        PolicyError: there are no cases, or one cannot be read.
        UsageError: the file is no YAML.
    """
    document = load_yaml(text, where)
    top = document.value if isinstance(document.value, dict) else {}
    entries = top.get("cases")
    if not isinstance(entries, list) or not entries:
        raise PolicyError("it holds no cases", where=where, remedy="Add 'cases' beside 'checks'.")
    results = []
    for index, entry in enumerate(entries):
        place = document.at("cases", index)
        try:
            case = msgspec.convert(entry, _Case)
        except msgspec.ValidationError as error:
            raise PolicyError(f"the case cannot be read: {error}", where=place) from error
        decision = decide(policy, _facts(case), _question(case))
        problems = tuple(_problems(case, decision))
        results.append(CaseResult(name=case.name, where=place, problems=problems, decision=decision))
    return results


def _facts(case: _Case) -> Facts:
    return Facts(
        values={name: Fact(value=value, at=_NOW) for name, value in case.facts.items()},
        statements=tuple(
            StatementFact(
                statement=f"case-{check}", check=check, answer=True, person="somebody", role="", made=_NOW,
                expires=_EXPIRES, text=_DIGEST,
            )
            for check in case.statements
        ),
        approvals=tuple(
            ApprovalFact(request="case", person=person, role="approver", team=person, made=_NOW, expires=_EXPIRES)
            for person in case.approvals
        ),
        involved={"author": "the author"},
        teams={"the author": "the author's"},
    )  # fmt: skip


def _question(case: _Case) -> Question:
    return Question(name="case", number=1, environment=case.environment, tier=case.tier, bundle=_DIGEST, now=_NOW)


def _problems(case: _Case, decision: Decision) -> list[str]:
    found = {finding.check: finding for finding in decision.findings}
    problems = []
    for check, outcome in case.expect.items():
        if check not in found:
            problems.append(f"{check}: expected {outcome}, and it is not asked here")
        elif found[check].outcome != outcome:
            problems.append(f"{check}: expected {outcome}, found {found[check].outcome} ({found[check].observed})")
    if case.allowed is not None and decision.allowed != case.allowed:
        words = {True: "allowed", False: "refused"}
        problems.append(f"expected {words[case.allowed]}, found {words[decision.allowed]}")
    return problems
