"""How the card of a version looks in a terminal."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pressrun.interfaces.cli.status import plain_table

if TYPE_CHECKING:
    from rich.console import Console

    from pressrun.actions.card import VersionCard
    from pressrun.records.metric import Metric

GAP = "—"
_STYLES = {"live": "bold green", "approved": "green", "revoked": "bold red", "rejected": "red"}


def print_card(card: VersionCard, console: Console) -> None:
    """Print what is known of a version, gaps included."""
    from rich.text import Text

    event = card.version
    head = Text.assemble((card.reference, "bold"), "  ", (card.state, _STYLES.get(card.state, "")), f"  {card.tier}")
    console.print(head)
    if card.revoked:
        console.print(Text(f"Revoked {card.revoked}", style="bold red"), soft_wrap=True)
    facts = [
        ("owner", card.owner + (f", deputy {card.deputy}" if card.deputy else "")),
        ("use case", card.use_case),
        ("registered", f"{card.registered[:19]} UTC by {card.by}"),
        ("bundle", event.bundle),
        ("grade", event.grade),
        ("source", event.source),
        ("lock", event.lock),
        ("committer", event.committer),
        ("note", event.note),
    ]
    for label, value in facts:
        if value or label != "note":
            console.print(Text.assemble((f"{label:<11}", "dim"), value or GAP), soft_wrap=True)
    _print_places(card, console)
    _print_metrics(card, console)
    _print_content(card, console)
    _print_people(card, console)
    # why a metric has no interval stands beside it already
    gaps = {name: why for name, why in card.gaps.items() if not name.startswith("interval of ")}
    if gaps:
        # one missing document leaves many gaps, so that they are told by their reason
        names: dict[str, list[str]] = {}
        for name in sorted(gaps):
            names.setdefault(gaps[name], []).append(name)
        table = plain_table("Not known", "why")
        for why, unknown in names.items():
            table.add_row(Text(", ".join(unknown)), Text(why))
        console.print(table)


def _print_places(card: VersionCard, console: Console) -> None:
    from rich.text import Text

    if not card.live:
        console.print(Text.assemble((f"{'live':<11}", "dim"), "nowhere"))
        return
    table = plain_table("Live in", "since (UTC)", "by", "how", "where")
    for place in card.live:
        table.add_row(place.environment, place.since[:19], Text(place.by), place.how, Text(place.location or GAP))
    console.print(table)


def _print_metrics(card: VersionCard, console: Console) -> None:
    from rich.text import Text

    if card.version.metrics:
        table = plain_table("Metric", "value", "interval", "how")
        for name, metric in sorted(card.version.metrics.items()):
            table.add_row(Text(name), f"{metric.value:.6g}", interval(metric), Text(metric.method or GAP))
        console.print(table)
    if card.replays:
        table = plain_table("Replayed in", "grade", "outcome", "when (UTC)", "hermetic")
        for where, replay in sorted(card.replays.items()):
            hermetic = "yes" if replay.hermetic else "no"
            table.add_row(f"{where} environment", replay.grade or GAP, replay.outcome, replay.mark.time[:19], hermetic)
        console.print(table)


def interval(metric: Metric) -> str:
    """Return a metric's interval for a reader, a dash where there is none."""
    if metric.low is None or metric.high is None:
        return GAP
    return f"{metric.low:.4g} to {metric.high:.4g} ({metric.confidence:.0%})"


def _print_content(card: VersionCard, console: Console) -> None:
    from rich.text import Text

    if card.version.inputs:
        table = plain_table("Data", "digest")
        for path, digest in sorted(card.version.inputs.items()):
            table.add_row(Text(path), digest[:19])
        console.print(table)
    if card.version.parameters:
        table = plain_table("Parameter", "value")
        for name, value in sorted(card.version.parameters.items()):
            table.add_row(Text(name), Text(repr(value)[:80]))
        console.print(table)


def _print_people(card: VersionCard, console: Console) -> None:
    from rich.text import Text

    if card.approvals:
        table = plain_table("Approved by", "as", "for", "when (UTC)", "until", "signed")
        for one in card.approvals:
            person = one.person + (" (withdrawn)" if one.withdrawn else "")
            signed = "yes" if one.signed else "no"
            table.add_row(Text(person), one.role, one.environment, one.time[:19], one.expires[:10], signed)
        console.print(table)
    else:
        console.print(Text.assemble((f"{'approvals':<11}", "dim"), "none"))
    if card.records:
        table = plain_table("Said", "check", "by", "until", "what")
        for record in card.records:
            table.add_row(record.kind, record.check, Text(record.person), record.expires[:10], Text(record.text))
        console.print(table)
