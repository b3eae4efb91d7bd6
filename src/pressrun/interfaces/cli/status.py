"""``pressrun status``: what is live, and what waits for somebody. The shared look of registry tables is here, too."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from pressrun.interfaces.cli.here import registry_here
from pressrun.interfaces.cli.output import print_json

if TYPE_CHECKING:
    from rich.table import Table

    from pressrun.actions.status import Status


@click.command("status")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
def status_command(as_json: bool) -> int:
    """Show what is live where, and what waits for somebody: approvals, interrupted deployments, reviews."""
    from pressrun.actions.status import status

    with registry_here(reading=True) as registry:
        found = status(registry)
    if as_json:
        print_json(found)
    else:
        _print_status(found)
    return 0


def _print_status(found: Status) -> None:
    from rich.console import Console
    from rich.text import Text

    console = Console(highlight=False)
    if not found.entries:
        console.print("The registry is empty. Begin with: pressrun register BUNDLE --name NAME", soft_wrap=True)
        return
    if found.live:
        table = plain_table("Live", "in", "since (UTC)", "by", "how")
        for one in found.live:
            how = f"{one.how}, REVOKED: roll back" if one.revoked else one.how
            table.add_row(
                f"{one.name}@{one.number}", one.environment, one.since[:16], Text(one.by),
                Text(how, style="bold red" if one.revoked else ""),
            )  # fmt: skip
        console.print(table)
    else:
        console.print("Nothing is live.")
    if found.waiting:
        table = plain_table("Waits for", "about", "by", "until (UTC)")
        for item in found.waiting:
            until = Text(f"{item.until[:16]}{' LATE' if item.late else ''}", style="bold red" if item.late else "")
            table.add_row(item.what, Text(item.about), Text(item.by), until)
        console.print(table)
        # not in the table: a command that is folded cannot be copied
        for command in dict.fromkeys(item.command for item in found.waiting if item.command):
            console.print(Text(f"Run: {command}"), soft_wrap=True)
    for problem in found.problems:
        console.print(Text(f"Does not fit: {problem}", style="bold red"), soft_wrap=True)
    for kind, count in found.unread.items():
        console.print(Text(f"{count} entries of the kind {kind!r} were written by a newer pressrun."), soft_wrap=True)


def plain_table(first: str, *others: str) -> Table:
    """Return a table without lines, whose columns fold rather than cut."""
    from rich.table import Table

    table = Table(box=None, pad_edge=False, header_style="bold", padding=(0, 2, 0, 0))
    for title in (first, *others):
        table.add_column(title, overflow="fold")
    return table
