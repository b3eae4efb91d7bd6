"""The tables of the reference pages of facts and of readiness. Pure: the pages are tested against them."""

from __future__ import annotations

from collections.abc import Iterator

from pressrun.records.event import TIERS
from pressrun.records.policy import Check, Policy
from pressrun.rules.evidence.names import FACTS, FUTURE_FACTS, Source, producer

HEADINGS: dict[Source, str] = {
    "bundle": "From the bundle",
    "journal": "From the journal",
    "custom": "From checks of your own",
}


def fact_tables() -> str:
    """Return the tables of all facts in Markdown."""
    return "\n".join(_lines()) + "\n"


def _lines() -> Iterator[str]:
    for source, heading in HEADINGS.items():
        yield from (f"## {heading}", "", "| name | type | means |", "|---|---|---|")
        for fact in FACTS:
            if fact.source == source:
                kind = f"{fact.kind}, dated" if fact.at else fact.kind
                yield f"| `{fact.name}` | {kind} | {fact.meaning} |"
        yield ""
    yield from ("## Not produced yet", "", "| name | what will produce it |", "|---|---|")
    yield from (f"| `{name}` | {producer} |" for name, producer in FUTURE_FACTS.items())


def readiness_table(policy: Policy) -> str:
    """Return the table of a policy's checks in Markdown, in its order."""
    head = ("| id | question | answered by | reads | asked of | sources |", "|---|---|---|---|---|---|")
    return "\n".join((*head, *(_row(check) for check in policy.checks))) + "\n"


def _row(check: Check) -> str:
    reads = f"`{check.fact}`" if check.fact else ""
    if producer(check.fact) == "future":
        reads += " (not produced yet)"
    tiers = "every tier" if set(check.tiers) in ({*TIERS}, set()) else ", ".join(check.tiers)
    where = f"{tiers}; {', '.join(check.environments)}" if check.environments else tiers
    sources = ", ".join(check.sources)
    return f"| {check.id} | {check.title} | {answered_by(check)} | {reads} | {where} | {sources} |"


def answered_by(check: Check) -> str:
    """Return who answers a check: ``machine``, ``person`` or ``both``, with the roles of the person."""
    if check.kind not in {"statement", "judged"}:
        return "machine"
    return f"{'person' if check.kind == 'statement' else 'both'}: {', '.join(check.who)}"
