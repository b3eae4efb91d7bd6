"""Merge the levels of a policy: a lower one may only ask for more, within what a higher one allows.

Anything else is refused with a sentence, and the higher level's value stays in force. That the merged policy never
allows what the organisation's alone would refuse is a property that tests search counterexamples for.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import msgspec

from pressrun.records.decision import Mode
from pressrun.records.policy import LEVELS, Bounds, Change, Check, Merged, Policy, Refusal
from pressrun.rules.policy.kinds import PARAMETERS, stricter_or_equal
from pressrun.rules.policy.read import value_problem

_STRICTNESS: tuple[Mode, ...] = ("advise", "warn", "block")
_BEFORE_ALL = "0000-00-00"


def merge(policies: Sequence[Policy]) -> Merged:
    """Return the policy that several levels make together.

    Args:
        policies: at most one of each level; any order.

    Raises:
        ValueError: two are of one level, or there is none.
    """
    ordered = sorted(policies, key=lambda policy: LEVELS.index(policy.level))
    if not ordered or len({policy.level for policy in ordered}) != len(ordered):
        raise ValueError("a merged policy has one policy of each level, and at least one")
    first, *lower = ordered
    checks = {check.id: check for check in first.checks}
    refusals = [
        Refusal(what=f"there is no check {change.id!r} to change", where=change.where) for change in first.changes
    ]
    modes = dict(first.modes)
    for policy in lower:
        refusals += _take_over(policy, checks)
        refused, modes = _modes(policy, modes)
        refusals += refused
    return Merged(
        name=" + ".join(policy.label for policy in ordered),
        modes=modes,
        checks=tuple(checks.values()),
        base=tuple(check.id for check in first.checks),
        refusals=tuple(refusals),
        sources=tuple(policy.source for policy in ordered),
    )


def _take_over(policy: Policy, checks: dict[str, Check]) -> list[Refusal]:
    refusals = []
    for change in policy.changes:
        above = checks.get(change.id)
        if above is None:
            refusals.append(Refusal(what=f"no level above has a check {change.id!r}", where=change.where))
            continue
        checks[change.id], refused = _changed(above, change)
        refusals += refused
    for check in policy.checks:
        above = checks.get(check.id)
        if above is not None:
            what = f"{above.origin} already asks {check.id!r}; leave 'kind' out to change its parameters"
            refusals.append(Refusal(what=what, where=check.origin.where))
            continue
        checks[check.id] = check
    return refusals


def _changed(above: Check, change: Change) -> tuple[Check, list[Refusal]]:
    params, set_by = dict(above.params), dict(above.set_by)
    refusals = []
    for name, value in change.params.items():
        if problem := _problem(above, name, value):
            refusals.append(Refusal(what=problem, where=change.origins[name].where))
            continue
        params[name] = value
        set_by[name] = change.origins[name]
    if above.kind == "within" and params["low"] > params["high"]:
        refusals.append(Refusal(what=f"{above.id}.low would be above {above.id}.high", where=change.where))
        return above, refusals
    return msgspec.structs.replace(above, params=params, set_by=set_by), refusals


def _problem(above: Check, name: str, value: Any) -> str:
    """Say why a lower level may not set a parameter so; empty when it may."""
    parameter = PARAMETERS[above.kind].get(name)
    if parameter is None:
        known = ", ".join(PARAMETERS[above.kind]) or "none"
        return f"{above.id} ({above.kind}) has no parameter {name!r}; it has: {known}"
    if problem := value_problem(parameter, value):
        return f"{above.id}.{name} {problem}"
    old = above.params[name]
    if value == old:
        return ""
    inside = _inside(above.team_may.get(name), value)
    if inside and stricter_or_equal(parameter.direction, value, old):
        return ""
    allowed = allowed_range(above, name)
    return (
        f"{above.id}.{name}={_shown(value)} outside {allowed} allowed by {above.set_by[name]}; "
        f"{_shown(old)} stays in force"
    )


def _inside(bounds: Bounds | None, value: Any) -> bool:
    if bounds is None:
        return True
    return (bounds.low is None or value >= bounds.low) and (bounds.high is None or value <= bounds.high)


def allowed_range(above: Check, name: str) -> str:
    """Return what a lower level may set, for a reader: as strict as now or stricter, within the bounds."""
    parameter, old = PARAMETERS[above.kind][name], above.params[name]
    if parameter.type not in {"number", "count"}:
        if parameter.direction == "fewer" and not old:
            return "any, as none is named yet"
        words = {"fewer": "a part of", "more": "no less than"}
        return f"{words.get(parameter.direction, 'nothing but')} {_shown(old)}"
    bounds = above.team_may.get(name, Bounds())
    if parameter.direction == "up":
        low = old if bounds.low is None else max(bounds.low, old)
        return str(Bounds(low=low, high=bounds.high))
    high = old if bounds.high is None else min(bounds.high, old)
    return str(Bounds(low=bounds.low, high=high))


def _modes(policy: Policy, above: dict[Mode, str]) -> tuple[list[Refusal], dict[Mode, str]]:
    """Take over a lower level's days where each makes the policy stricter, or as strict, on every day."""
    if not policy.modes:
        return [], above
    days = sorted({*above.values(), *policy.modes.values()})
    for day in (_BEFORE_ALL, *days):
        mine, theirs = mode_on(policy.modes, day), mode_on(above, day)
        if _STRICTNESS.index(mine) < _STRICTNESS.index(theirs):
            when = "before its first day" if day == _BEFORE_ALL else f"on {day}"
            what = f"{when} it would only {mine}, and the level above already says {theirs}"
            return [Refusal(what=what, where=policy.where)], above
    return [], dict(policy.modes)


def mode_on(modes: dict[Mode, str], day: str) -> Mode:
    """Return which mode holds on a day: the one that began last; before the first of them, it only advises.

    A policy that names no mode blocks.

    >>> mode_on({"warn": "2026-01-01", "block": "2026-07-01"}, "2026-03-01")
    'warn'
    """
    if not modes:
        return "block"
    begun = [(since, _STRICTNESS.index(mode), mode) for mode, since in modes.items() if since <= day]
    return max(begun)[2] if begun else "advise"


def _shown(value: Any) -> str:
    if isinstance(value, tuple):
        return f"[{', '.join(map(str, value))}]"
    return f"{value:g}" if isinstance(value, float) else str(value)
