"""``pressrun key``: the key that a person signs approvals with."""

from __future__ import annotations

from pathlib import Path

import click

from pressrun.interfaces.cli.here import registry_here
from pressrun.interfaces.cli.output import print_json

_JSON = click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")


@click.group("key")
def key_command() -> None:
    """Make and show the key you sign approvals with. An ssh key that you have serves as well."""


@key_command.command("new")
@click.option("--file", "path", type=click.Path(path_type=Path), metavar="FILE",
              help="Where to. Default: approvals.key in ~/.config/pressrun.")  # fmt: skip
@click.option("--passphrase", "encrypted", is_flag=True, help="Ask for a passphrase.")
@_JSON
def new(path: Path | None, encrypted: bool, as_json: bool) -> int:
    """Make an Ed25519 key. Its public half goes under your id among the members."""
    from pressrun.actions.person_key import make_key

    made = make_key(path, encrypted=encrypted)
    if as_json:
        print_json(made)
    else:
        click.echo(f"Made {made.path}, which only you can read. Give this to whoever publishes the members:")
        click.echo(f"  {made.public}")
    return 0


@key_command.command("show")
@_JSON
def show(as_json: bool) -> int:
    """Show which key you would sign with."""
    from pressrun.actions.person_key import told_key

    with registry_here(reading=True) as registry:
        found, actor = told_key(registry), registry.actor
    if as_json:
        print_json({"key": found, "you": actor})
    else:
        click.echo(f"You are {actor.id} and sign with {found.path}:")
        click.echo(f"  {found.public}")
    return 0
