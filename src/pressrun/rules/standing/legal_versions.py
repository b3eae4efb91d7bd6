"""Legality of what is said about runs and versions."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from pressrun.records import events as ev
from pressrun.records.standing import Standing
from pressrun.rules.standing.asking import Asking, blank_problem, expiry_problem, id_problem
from pressrun.rules.standing.lookups import version_of
from pressrun.rules.timestamps import seconds_of


def _run_recorded(standing: Standing, event: ev.RunRecorded, asking: Asking) -> str:
    if problem := id_problem("run", event.run):
        return problem
    if min(event.duration_s, event.cpu_s, event.peak_memory_bytes) < 0:
        return f"the run {event.run} took less than nothing"
    return "" if seconds_of(event.started) is not None else f"the run's start is not a time: {event.started!r}"


def _registered(standing: Standing, event: ev.Registered, asking: Asking) -> str:
    if not asking.is_actor(event.author):
        return f"{asking.actor} registers, so {event.author} cannot be the author"
    before = version_of(standing, event.name, event.number - 1)
    if before is not None and before.tier == "strategic" and event.tier != "strategic":
        # else whoever may register could leave the rules of the tier by registering again
        return (
            f"{event.name}@{event.number - 1} is strategic and {event.name}@{event.number} would not be: "
            f"register it as strategic, then change the tier"
        )
    return ""


def _described(standing: Standing, event: ev.Described, asking: Asking) -> str:
    version = version_of(standing, event.name, event.number)
    assert version is not None  # it fits
    said = (event.owner, event.deputy, event.use_case, event.tier)
    known = (version.owner, version.deputy, version.use_case, version.tier)
    if all(new in ("", old) for new, old in zip(said, known, strict=True)):
        return f"nothing of {event.name}@{event.number} would change"
    return ""


def _revoked(standing: Standing, event: ev.Revoked, asking: Asking) -> str:
    return blank_problem(reason=event.reason)


def _stated(standing: Standing, event: ev.Stated, asking: Asking) -> str:
    return (
        id_problem("statement", event.statement)
        or blank_problem(check=event.check)
        or expiry_problem("statement", event.expires, asking)
    )


def _waived(standing: Standing, event: ev.Waived, asking: Asking) -> str:
    return (
        id_problem("waiver", event.waiver)
        or blank_problem(check=event.check, reason=event.reason, control=event.control, owner=event.owner)
        or expiry_problem("waiver", event.expires, asking)
    )


RULES: dict[type, Callable[[Standing, Any, Asking], str]] = {
    ev.RunRecorded: _run_recorded,
    ev.Registered: _registered,
    ev.Described: _described,
    ev.Revoked: _revoked,
    ev.Stated: _stated,
    ev.Waived: _waived,
}
