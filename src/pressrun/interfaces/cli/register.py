"""``pressrun register`` and ``describe``: a bundle becomes a version, and what people say of it."""

from __future__ import annotations

from typing import Any

import click

from pressrun.interfaces.cli.here import registry_here
from pressrun.interfaces.cli.output import print_json
from pressrun.records.event import TIERS


@click.command("register")
@click.argument("bundle")
@click.option("--name", default="", help="Of the versions. Default: the bundle's own name.")
@click.option("--owner", default="", metavar="PERSON", help="Who answers for it. Default: you.")
@click.option("--deputy", default="", metavar="PERSON", help="Who answers for it when the owner is away.")
@click.option("--use-case", default="", metavar="TEXT", help="What it is for.")
@click.option("--tier", type=click.Choice(TIERS), help="How much is asked of it. Default: as before, or experiment.")
@click.option("--note", default="", metavar="TEXT", help="What is new.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
def register_command(*, as_json: bool, **wanted: Any) -> int:
    """Register BUNDLE: give it a number, an owner, and what its evidence says.

    BUNDLE is a folder, an archive, or a name, digest or digest prefix in the project's store. The same bundle with
    the same evidence keeps the number that it has.
    """
    from pressrun.actions.register import RegisterRequest, register

    with registry_here() as registry:
        done = register(registry, RegisterRequest(**wanted))
    if as_json:
        print_json(done)
        return 0
    event = done.version
    click.secho(done.reference, bold=True, nl=False)
    click.echo("  registered before, with the same evidence" if done.known else f"  registered, owner {event.owner}")
    click.echo(f"bundle {event.bundle}")
    if done.gaps:
        click.echo(f"{len(done.gaps)} gaps in its evidence: pressrun show {done.reference}")
    click.echo(f"Next: pressrun check {done.reference} --to production")
    return 0


@click.command("describe")
@click.argument("reference", metavar="NAME@NUMBER")
@click.option("--owner", default="", metavar="PERSON", help="Who answers for it.")
@click.option("--deputy", default="", metavar="PERSON", help="Who answers for it when the owner is away.")
@click.option("--use-case", default="", metavar="TEXT", help="What it is for.")
@click.option("--tier", type=click.Choice(TIERS), help="How much is asked of it.")
@click.option("--reason", default="", metavar="TEXT", help="Why it changes.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
def describe_command(reference: str, *, as_json: bool, **wanted: Any) -> int:
    """Change who owns a version, what it is for, or its tier. Its content stays what it is."""
    from pressrun.actions.state import Description, describe

    with registry_here() as registry:
        event = describe(registry, reference, Description(**wanted))
    if as_json:
        print_json(event)
    else:
        click.echo(f"{event.name}@{event.number} described anew; approvals that no longer fit are told by `check`.")
    return 0
