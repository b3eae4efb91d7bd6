"""Facts that several others make together, and facts about the version that follow from who answers for it. Pure.

A composed fact is true where every part is, false where one is, and otherwise it is not known. So a bad part shows at
once and a missing one never looks good.
"""

from __future__ import annotations

from collections.abc import Mapping

import msgspec

from pressrun.records.decision import Question
from pressrun.records.facts import Fact, Facts
from pressrun.rules.timestamps import seconds_of

PARTS: dict[str, tuple[str, ...]] = {
    "code.trusted": ("code.clean", "code.pushed", "code.reviewed"),
    "environment.locked": ("lock.hashes", "lock.python", "environment.os"),
    "notebook.clean": ("parameters.typed", "hidden_state.none"),
    "parts.pinned": ("lock.hashes", "sbom.complete", "models.pinned"),
}
"""Composed fact -> what it is made of. A text counts as true."""


def compose(values: Mapping[str, Fact], gaps: Mapping[str, str]) -> tuple[dict[str, Fact], dict[str, str]]:
    """Return facts and gaps with the composed ones added.

    Args:
        values: dotted name -> fact.
        gaps: dotted name -> why it is not known.
    """
    facts, lacking = dict(values), dict(gaps)
    for name, parts in PARTS.items():
        facts.pop(name, None)
        lacking.pop(name, None)
        wanted = _wanted(parts, values)
        known = [values[part] for part in wanted if part in values]
        wrong = [part for part in wanted if part in values and not _holds(values[part])]
        missing = [part for part in wanted if part not in values]
        if missing and not wrong:
            lacking[name] = "; ".join(f"{part}: {gaps.get(part, 'it was never recorded')}" for part in missing)
            continue
        judged = [values[part] for part in wrong] or known
        facts[name] = Fact(
            value=not wrong,
            evidence=tuple(dict.fromkeys(item for fact in judged for item in fact.evidence)),
            at=min((fact.at for fact in judged if fact.at), default=""),
            note="; ".join(f"{part}: {values[part].note}".removesuffix(": ") for part in wrong),
        )
    return facts, lacking


def _wanted(parts: tuple[str, ...], values: Mapping[str, Fact]) -> tuple[str, ...]:
    count = values.get("models.count")
    without_models = count is not None and count.value == 0
    return tuple(part for part in parts if not (part.startswith("models.") and without_models))


def _holds(fact: Fact) -> bool:
    return fact.value is True or (isinstance(fact.value, str) and bool(fact.value))


def completed(facts: Facts, question: Question) -> Facts:
    """Return the facts with what follows from several of them, for one question.

    ``version.answered_for``: an owner, and for the tier ``strategic`` a deputy who is another person.
    ``replay.confirmed``: the newest replay that was compared, before registration or since, gave equal results; the
    fact is as old as that replay. ``waivers.count``: how many waivers hold.

    Args:
        facts: from evidence and journal.
        question: its tier and time count.
    """
    values, gaps = compose(facts.values, facts.gaps)
    owner, deputy = values.get("version.owner"), values.get("version.deputy")
    strategic = question.tier != "experiment"
    if owner is None:
        gaps["version.answered_for"] = "no owner was named"
    elif strategic and (deputy is None or deputy.value == owner.value):
        gaps["version.answered_for"] = "no deputy was named who is another person than the owner"
    else:
        seen = (owner.evidence + deputy.evidence) if strategic and deputy is not None else owner.evidence
        values["version.answered_for"] = Fact(value=True, evidence=tuple(dict.fromkeys(seen)))
    _confirm(values, gaps)
    now = seconds_of(question.now)
    ends = {waiver.waiver: seconds_of(waiver.expires) for waiver in facts.waivers}
    # one whose end cannot be read counts: it is the number of waivers that has to be small
    holding = [waiver for waiver, end in ends.items() if now is None or end is None or end > now]
    values["waivers.count"] = Fact(value=len(holding), evidence=tuple(sorted(holding)))
    return msgspec.structs.replace(facts, values=values, gaps=gaps)


def _confirm(values: dict[str, Fact], gaps: dict[str, str]) -> None:
    """Tell whether the newest comparison, in the bundle's evidence or in the journal since, was a good one."""
    name = "replay.confirmed"
    values.pop(name, None)
    if "replay.same" not in values:
        # what the bundle's own receipts say is not known, and may be worse and newer than what the journal says
        gaps[name] = gaps.get("replay.same", "no replay was compared with another run")
        return
    seen = [values[known] for known in ("replay.same", "replay.latest.same") if known in values]
    dated = [(seconds_of(fact.at), fact) for fact in seen]
    times = [at for at, _ in dated if at is not None]
    if len(times) < len(dated):
        gaps[name] = "a replay that was compared bears no time"
        return
    newest = [fact for at, fact in dated if at == max(times)]
    if not all(fact.value is True for fact in newest):
        gaps[name] = "the newest replay did not give equal results"
        return
    values[name] = msgspec.structs.replace(newest[-1], note="")
    gaps.pop(name, None)
