"""What one check finds in the facts. Three answers: pass, fail, and unknown, which never passes.

A fact that is missing, empty, no finite number where one is asked for, or of another type, is unknown: nobody has seen
that the check holds, and nobody has seen that it does not.
"""

from __future__ import annotations

import fnmatch
import math
from collections.abc import Callable
from typing import Any

from pressrun.records.decision import Question
from pressrun.records.facts import Fact, Facts
from pressrun.records.policy import Check
from pressrun.rules.policy.answers import DAY_S, NEVER, Judged, is_number, shown
from pressrun.rules.policy.people import judge_approvals, judge_statement
from pressrun.rules.timestamps import seconds_of


def judge(check: Check, facts: Facts, question: Question) -> Judged:
    """Return what a check finds.

    Args:
        check: the check; it applies to the question.
        facts: what is known.
        question: about which version and environment, and when.
    """
    return _JUDGES[check.kind](check, facts, question)


def required_words(check: Check) -> str:
    """Return what a check asks, for a reader.

    The text names every parameter: verdicts bind it.
    """
    params = {name: shown(value) for name, value in check.params.items()}
    return _WORDS[check.kind](params) + _AT_LOWER_END.get(bool(check.params.get("lower_end")), "")


def _fact(check: Check, facts: Facts) -> Fact | Judged:
    fact = facts.values.get(check.fact)
    if fact is None:
        return Judged("unknown", facts.gaps.get(check.fact, NEVER))
    if _says_nothing(fact.value):
        return Judged("unknown", "it was recorded without a value", None, fact.evidence)
    return fact


def _says_nothing(value: Any) -> bool:
    if isinstance(value, float):
        return not math.isfinite(value)
    if isinstance(value, str):
        return not value.strip()
    if isinstance(value, list | tuple):
        return all(map(_says_nothing, value))
    return value is None or value == {}


def _number(check: Check, facts: Facts) -> tuple[Fact, float] | Judged:
    fact = _fact(check, facts)
    if isinstance(fact, Judged):
        return fact
    if not is_number(fact.value):
        return Judged("unknown", f"{shown(fact.value)} is no number that can be compared", None, fact.evidence)
    return fact, float(fact.value)


def _holds(*, holds: bool, fact: Fact, observed: str = "") -> Judged:
    return Judged("pass" if holds else "fail", observed or shown(fact.value), fact.value, fact.evidence)


def _required(check: Check, facts: Facts, question: Question) -> Judged:
    fact = _fact(check, facts)
    return fact if isinstance(fact, Judged) else _holds(holds=True, fact=fact)


def _is_true(check: Check, facts: Facts, question: Question) -> Judged:
    fact = _fact(check, facts)
    if isinstance(fact, Judged):
        return fact
    if not isinstance(fact.value, bool):
        return Judged("unknown", f"{shown(fact.value)} is neither true nor false", None, fact.evidence)
    return _holds(holds=fact.value, fact=fact, observed=shown(fact.value))


def _at_least(check: Check, facts: Facts, question: Question) -> Judged:
    found = _number(check, facts)
    if isinstance(found, Judged) or not check.params["lower_end"]:
        return found if isinstance(found, Judged) else _holds(holds=found[1] >= check.params["value"], fact=found[0])
    # a metric whose uncertainty nobody knows has no lower end, and the value alone is not what was asked for
    name = f"{check.fact}.low"
    low = facts.values.get(name)
    if low is None or not is_number(low.value):
        return Judged("unknown", facts.gaps.get(name, "no interval was recorded"), None, found[0].evidence)
    # an interval that lies above its own value makes the value no better
    worse = low if low.value <= found[1] else found[0]
    observed = f"{shown(low.value)} at the lower end; {shown(found[1])} was measured"
    return _holds(holds=worse.value >= check.params["value"], fact=low, observed=observed)


def _at_most(check: Check, facts: Facts, question: Question) -> Judged:
    found = _number(check, facts)
    if isinstance(found, Judged):
        return found
    return _holds(holds=found[1] <= check.params["value"], fact=found[0])


def _within(check: Check, facts: Facts, question: Question) -> Judged:
    found = _number(check, facts)
    if isinstance(found, Judged):
        return found
    return _holds(holds=check.params["low"] <= found[1] <= check.params["high"], fact=found[0])


def _each_at_least(check: Check, facts: Facts, question: Question) -> Judged:
    names = sorted(name for name in facts.values if fnmatch.fnmatchcase(name, check.fact))
    asked = max(1, check.params["min_segments"])
    if len(names) < asked:
        reasons = _not_measured(check, facts, names)
        found = f"{len(names)} such facts were recorded, {asked} are asked for" if names else NEVER
        return Judged("unknown", "; ".join([found, *reasons]))
    worst = []
    unknown = _not_measured(check, facts, names)
    for name in names:
        value = facts.values[name].value
        if not is_number(value):
            unknown.append(f"{name} is no number")
        elif problem := _too_few(check, facts, name):
            unknown.append(problem)
        elif value < check.params["value"]:
            worst.append(f"{name} {shown(value)}")
    basis = [[name, facts.values[name].value] for name in names]
    seen = tuple(dict.fromkeys(piece for name in names for piece in facts.values[name].evidence))
    if worst:
        return Judged("fail", "below: " + ", ".join(worst), basis, seen)
    if unknown:
        return Judged("unknown", "; ".join(unknown), basis, seen)
    return Judged("pass", f"all {len(names)} reach it", basis, seen)


def _not_measured(check: Check, facts: Facts, names: list[str]) -> list[str]:
    """Return what the pattern would name and nobody measured: a segment with rows and without the value, and gaps."""
    parent, _, last = check.fact.rpartition(".")
    rows = f"{parent}.n"
    known = set(names)
    missing = [
        f"{segment}.{last} was never recorded"
        for segment in (name.removesuffix(".n") for name in facts.values if fnmatch.fnmatchcase(name, rows))
        # the rows of one value, as against those of a segment
        if segment not in facts.values and f"{segment}.{last}" not in known
    ]
    gaps = [f"{name}: {why}" for name, why in facts.gaps.items() if fnmatch.fnmatchcase(name, check.fact)]
    return sorted(missing) + sorted(gaps)


def _too_few(check: Check, facts: Facts, name: str) -> str:
    """Say that a segment has too few rows to be judged; empty when it has enough or nothing is asked."""
    asked = check.params["min_n"]
    if not asked:
        return ""
    rows = facts.values.get(f"{name}.n")
    if rows is None or not is_number(rows.value):
        return f"{name}: its number of rows was never recorded"
    return f"{name} has {shown(rows.value)} rows, too few" if rows.value < asked else ""


def _one_of(check: Check, facts: Facts, question: Question) -> Judged:
    fact = _fact(check, facts)
    if isinstance(fact, Judged):
        return fact
    if not _comparable(fact.value, check.params["values"]):
        return Judged("unknown", f"{shown(fact.value)} cannot be compared with these", None, fact.evidence)
    return _holds(holds=_is_among(fact.value, check.params["values"]), fact=fact)


def _not_in(check: Check, facts: Facts, question: Question) -> Judged:
    fact = _fact(check, facts)
    if isinstance(fact, Judged):
        return fact
    values = fact.value if isinstance(fact.value, list | tuple) else [fact.value]
    found = [value for value in values if _is_among(value, check.params["values"])]
    if not found and not all(_comparable(value, check.params["values"]) for value in values):
        return Judged("unknown", f"{shown(fact.value)} cannot be compared with these", None, fact.evidence)
    return _holds(holds=not found, fact=fact, observed=shown(found) if found else "none of them")


def _comparable(value: Any, values: tuple[Any, ...]) -> bool:
    return any(_sort_of(value) == _sort_of(one) for one in values) and not _says_nothing(value)


def _is_among(value: Any, values: tuple[Any, ...]) -> bool:
    return any(_sort_of(value) == _sort_of(one) and value == one for one in values)


def _sort_of(value: Any) -> str:
    # True == 1 in Python, and is not the same answer to a question
    if is_number(value):
        return "number"
    return type(value).__name__


def _count_at_most(check: Check, facts: Facts, question: Question) -> Judged:
    fact = facts.values.get(check.fact)
    if fact is None or fact.value is None:
        return Judged("unknown", facts.gaps.get(check.fact, NEVER))
    if isinstance(fact.value, list | tuple):
        count = len(fact.value)
        return _holds(holds=count <= check.params["value"], fact=fact, observed=shown(fact.value) if count else "none")
    found = _number(check, facts)
    if isinstance(found, Judged):
        return found
    return _holds(holds=found[1] <= check.params["value"], fact=fact)


def _fresh(check: Check, facts: Facts, question: Question) -> Judged:
    fact = _fact(check, facts)
    if isinstance(fact, Judged):
        return fact
    if fact.value is False:
        return _holds(holds=False, fact=fact, observed="no")
    seen, now = seconds_of(fact.at), seconds_of(question.now)
    if seen is None or now is None:
        return Judged("unknown", "it was recorded without a time", None, fact.evidence)
    days = (now - seen) / DAY_S
    if days < -1.0:
        # by a clock that ran ahead it would stay fresh until that day
        return Judged("unknown", f"it is dated in the future, {fact.at[:10]}", fact.at, fact.evidence)
    if days > check.params["max_age_days"]:
        return Judged("unknown", f"it was seen {days:.0f} days ago", fact.at, fact.evidence)
    return Judged("pass", f"seen {max(days, 0.0):.0f} days ago", fact.at, fact.evidence)


def _judged(check: Check, facts: Facts, question: Question) -> Judged:
    fact = _fact(check, facts)
    if isinstance(fact, Judged):
        return fact
    if fact.value is False:
        return _holds(holds=False, fact=fact, observed="no")
    said = judge_statement(check, facts, question)
    return Judged(said.outcome, said.observed, [fact.value, said.basis], (*fact.evidence, *said.evidence))


def _custom(check: Check, facts: Facts, question: Question) -> Judged:
    found = _is_true(check, facts, question)
    fact = facts.values.get(check.fact)
    said = fact.note if fact is not None and found.outcome != "unknown" else ""
    return found._replace(observed=f"{found.observed}: {said}") if said else found


_AT_LOWER_END = {True: ", at the lower end of its interval"}
_WORDS: dict[str, Callable[[dict[str, str]], str]] = {
    "required": lambda p: "recorded",
    "is_true": lambda p: "yes",
    "at_least": lambda p: f"at least {p['value']}",
    "at_most": lambda p: f"at most {p['value']}",
    "each_at_least": lambda p: f"each at least {p['value']}, {p['min_segments']} or more, on {p['min_n']} rows or more",
    "within": lambda p: f"{p['low']} to {p['high']}",
    "one_of": lambda p: f"one of {p['values']}",
    "not_in": lambda p: f"none of {p['values']}",
    "count_at_most": lambda p: f"at most {p['value']}",
    "fresh": lambda p: f"seen within {p['max_age_days']} days",
    "approvals": lambda p: (
        f"{p['count']} {'other person' if p['count'] == '1' else 'other people'}"
        + (f", {p['other_team']} of another team" if p["other_team"] != "0" else "")
        + (f", as {p['roles']}" if p["roles"] else "")
        + f", within {p['max_age_days']} days"
    ),
    "statement": lambda p: f"stated within {p['max_age_days']} days",
    "judged": lambda p: f"recorded, and stated within {p['max_age_days']} days",
    "custom": lambda p: "yes, by a check of your own",
}
_JUDGES: dict[str, Callable[[Check, Facts, Question], Judged]] = {
    "required": _required,
    "is_true": _is_true,
    "at_least": _at_least,
    "at_most": _at_most,
    "each_at_least": _each_at_least,
    "within": _within,
    "one_of": _one_of,
    "not_in": _not_in,
    "count_at_most": _count_at_most,
    "fresh": _fresh,
    "approvals": judge_approvals,
    "statement": judge_statement,
    "judged": _judged,
    "custom": _custom,
}
