"""``pressrun state`` and ``waive``: what only people can say, dated, bound to content, and expiring."""

from __future__ import annotations

import sys

import click

from pressrun.interfaces.cli.here import registry_here
from pressrun.interfaces.cli.output import print_json

_DAYS = click.FloatRange(min=0.0, min_open=True, max=366.0)


@click.command("state")
@click.argument("reference", metavar="NAME@NUMBER")
@click.argument("check")
@click.option("--yes/--no", "answer", default=True, help="Whether it holds. Default: yes.")
@click.option("--text", metavar="TEXT", help="In words. Default: read from standard input.")
@click.option("--link", "links", multiple=True, metavar="URL", help="What supports it.")
@click.option("--days", type=_DAYS, default=180.0, show_default=True, help="For how long it holds.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
def state_command(
    reference: str, check: str, answer: bool, text: str | None, links: tuple[str, ...], days: float, as_json: bool
) -> int:
    """State that CHECK holds for a version, or that it does not. Bound to the content, and it expires."""
    from pressrun.actions.state import Statement, state

    said = text if text is not None else sys.stdin.read()
    with registry_here() as registry:
        statement = Statement(check=check, answer=answer, text=said, links=links, days=days)
        event = state(registry, reference, statement)
    if as_json:
        print_json(event)
    else:
        click.echo(f"Stated {'that it holds' if answer else 'that it does not hold'}: {check} of {event.name}@"
                   f"{event.number}, until {event.expires[:10]}.")  # fmt: skip
    return 0


@click.command("waive")
@click.argument("reference", metavar="NAME@NUMBER")
@click.argument("check")
@click.option("--reason", required=True, metavar="TEXT", help="Why it may go without.")
@click.option("--control", required=True, metavar="TEXT", help="What is done instead.")
@click.option("--owner", required=True, metavar="PERSON", help="Who answers for it.")
@click.option("--days", type=_DAYS, required=True, help="For how long.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
def waive_command(reference: str, check: str, reason: str, control: str, owner: str, days: float, as_json: bool) -> int:
    """Accept for a while that CHECK does not pass for a version."""
    from pressrun.actions.state import Waiver, waive

    with registry_here() as registry:
        waiver = Waiver(check=check, reason=reason, control=control, owner=owner, days=days)
        event = waive(registry, reference, waiver)
    if as_json:
        print_json(event)
    else:
        click.echo(f"Waived: {check} of {event.name}@{event.number}, until {event.expires[:10]}, {owner} answers.")
        click.echo(f"Take it back with: pressrun unwaive {event.waiver[:12]}")
    return 0


@click.command("unwaive")
@click.argument("waiver")
@click.option("--reason", default="", metavar="TEXT", help="Why.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
def unwaive_command(waiver: str, reason: str, as_json: bool) -> int:
    """Take a waiver back. WAIVER is its id, or at least six digits of it."""
    from pressrun.actions.state import end_waiver

    with registry_here() as registry:
        event = end_waiver(registry, waiver, reason)
    if as_json:
        print_json(event)
    else:
        click.echo(f"Taken back: waiver {event.waiver[:12]} of {event.name}.")
    return 0
