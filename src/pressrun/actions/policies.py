"""Look at policies before they are published: lint, explain, test, and tell what another one would change."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import msgspec

from pressrun.actions.custom_checks import with_custom_checks
from pressrun.actions.documents import default_policy, read_text
from pressrun.actions.facts import facts_for, with_approvals
from pressrun.actions.registry import Registry
from pressrun.errors import UsageError, near_match
from pressrun.records.decision import Decision
from pressrun.records.policy import Check, Merged, Policy
from pressrun.rules.evidence.names import FACTS, FUTURE_FACTS, producer
from pressrun.rules.policy.cases import CaseResult, run_cases
from pressrun.rules.policy.decide import decide
from pressrun.rules.policy.kinds import PARAMETERS
from pressrun.rules.policy.merge import merge
from pressrun.rules.policy.read import read_policy
from pressrun.rules.standing.queries import live


class Linted(msgspec.Struct, frozen=True, kw_only=True):
    """What a look at policy files found; `problems` is empty when they can be published together."""

    files: tuple[str, ...]
    checks: int
    problems: tuple[str, ...]


class ChangedCheck(msgspec.Struct, frozen=True, kw_only=True):
    """A check in which two policies differ; a side that does not ask it is empty."""

    check: str
    before: str
    after: str


class Affected(msgspec.Struct, frozen=True, kw_only=True):
    """A version that is live and would come out otherwise; `reasons` are the checks that would not pass."""

    reference: str
    environment: str
    allowed_before: bool
    allowed_after: bool
    reasons: tuple[str, ...]


class PolicyDiff(msgspec.Struct, frozen=True, kw_only=True):
    """What another policy would change. `asked` is how many live versions were asked about."""

    checks: tuple[ChangedCheck, ...]
    affected: tuple[Affected, ...] = ()
    asked: int = 0


def read_files(paths: Sequence[Path]) -> list[Policy]:
    """Return the policies in some files.

    Raises:
        UsageError: one cannot be read or is no policy; two are of one level.
    """
    found = [read_policy(read_text(path), str(path)) for path in paths]
    levels = [policy.level for policy in found]
    for level in levels:
        if levels.count(level) > 1:
            files = ", ".join(policy.where for policy in found if policy.level == level)
            raise UsageError(f"two policies of the level {level!r} were given", where=files)
    return found


def merged_files(paths: Sequence[Path]) -> Merged:
    """Return what some files say together, under the default policy where no organisation's is among them."""
    policies = read_files(paths)
    if not any(policy.level == "organisation" for policy in policies):
        policies = [default_policy(), *policies]
    return merge(policies)


def lint(paths: Sequence[Path]) -> Linted:
    """Tell what is wrong with policy files, as they would be merged.

    Raises:
        UsageError: a file cannot be read or is no policy.
    """
    merged = merged_files(paths)
    problems = [str(refusal) for refusal in merged.refusals]
    for check in merged.checks:
        for name, bounds in check.team_may.items():
            value = check.params[name]
            if (bounds.low is not None and value < bounds.low) or (bounds.high is not None and value > bounds.high):
                what = f"{check.id}.{name}={value} lies outside of its own range {bounds}"
                problems.append(f"{check.set_by[name].where}: {what}")
        problems += _unreachable(check)
    return Linted(files=tuple(map(str, paths)), checks=len(merged.checks), problems=tuple(problems))


def _unreachable(check: Check) -> list[str]:
    if check.fact and not producer(check.fact):
        hint = near_match(check.fact, [fact.name for fact in FACTS if "<" not in fact.name] + list(FUTURE_FACTS))
        what = f"{check.id} looks at the fact {check.fact!r}, which nothing produces, so that it never passes"
        return [f"{check.origin.where}: {what}" + (f"; {hint}" if hint else "")]
    if check.kind == "approvals" and check.params["other_team"] > check.params["count"]:
        return [f"{check.origin.where}: {check.id} asks for more people of another team than people"]
    if check.kind == "approvals" and check.params["count"] == 0:
        return [f"{check.origin.where}: {check.id} asks for no approval; leave it out where none is wanted"]
    return []


def find_check(merged: Merged, name: str) -> Check:
    """Return a check of a policy.

    Raises:
        UsageError: it has none of that id.
    """
    for check in merged.checks:
        if check.id.lower() == name.lower():
            return check
    hint = near_match(name, [check.id for check in merged.checks])
    raise UsageError(f"{merged.name} has no check {name!r}" + (f": {hint}" if hint else ""))


def run_policy_cases(path: Path) -> list[CaseResult]:
    """Ask a policy about the cases beside it.

    Raises:
        UsageError: the file cannot be read, is no policy, or holds no cases.
    """
    return run_cases(read_text(path), str(path), merged_files([path]))


def diff_policies(before: Merged, after: Merged, registry: Registry | None = None) -> PolicyDiff:
    """Tell how two policies differ, and which live versions would come out otherwise.

    Args:
        before: one policy.
        after: the other.
        registry: whose live versions are asked about; None asks about none.
    """
    old, new = ({check.id: check for check in merged.checks} for merged in (before, after))
    checks = [
        ChangedCheck(check=name, before=_said(old.get(name)), after=_said(new.get(name)))
        for name in dict.fromkeys([*old, *new])
        if _asked(old.get(name)) != _asked(new.get(name))
    ]
    if before.modes != after.modes:
        checks.append(ChangedCheck(check="modes", before=str(before.modes), after=str(after.modes)))
    if registry is None:
        return PolicyDiff(checks=tuple(checks))
    affected, asked = _affected(registry, before, after)
    return PolicyDiff(checks=tuple(checks), affected=tuple(affected), asked=asked)


def _affected(registry: Registry, before: Merged, after: Merged) -> tuple[list[Affected], int]:
    standing = registry.standing()
    found, asked = [], 0
    for name in sorted(standing.names):
        for environment in sorted(standing.names[name].moves):
            move = live(standing, name, environment)
            if move is None or not move.number:
                continue
            asked += 1
            old, new = (_decided(registry, merged, name, move.number, environment) for merged in (before, after))
            if _outcomes(old) == _outcomes(new):
                continue
            reasons = [f"{f.check}: {f.observed}" for f in new.findings if f.outcome in {"fail", "unknown"}]
            found.append(
                Affected(
                    reference=f"{name}@{move.number}",
                    environment=environment,
                    allowed_before=old.allowed,
                    allowed_after=new.allowed,
                    reasons=tuple(reasons),
                )
            )
    return found, asked


def _decided(registry: Registry, merged: Merged, name: str, number: int, environment: str) -> Decision:
    standing = registry.standing()
    facts, question = facts_for(registry, standing, name, number, environment)
    facts = with_custom_checks(merged, facts, question)
    first = decide(merged, facts, question)
    # approvals are asked about as if they had been given for this very policy: only what it asks is compared
    request = with_approvals(registry, standing, facts, question, first.policy, first.verdict).approvals
    given = tuple(
        msgspec.structs.replace(a, problem="", problem_kind="") if a.problem_kind in {"policy", "verdict"} else a
        for a in request
    )
    return decide(merged, msgspec.structs.replace(facts, approvals=given), question)


def _outcomes(decision: Decision) -> list[tuple[str, str]]:
    return [(finding.check, finding.outcome) for finding in decision.findings if finding.outcome != "pass"]


def _asked(check: Check | None) -> object:
    if check is None:
        return None
    return (check.kind, check.fact, check.params, set(check.tiers), set(check.environments), set(check.who))


def _said(check: Check | None) -> str:
    if check is None:
        return ""
    params = ", ".join(f"{name} {check.params[name]}" for name in PARAMETERS[check.kind])
    where = [", ".join(check.tiers) or "every tier", ", ".join(check.environments) or "every environment"]
    return " ".join(part for part in (check.kind, check.fact, params) if part) + f" ({'; '.join(where)})"
