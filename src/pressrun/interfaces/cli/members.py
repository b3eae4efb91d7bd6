"""``pressrun members``: who may do what, as a governed document."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from pressrun.interfaces.cli.here import registry_here
from pressrun.interfaces.cli.output import print_json

if TYPE_CHECKING:
    from pressrun.actions.documents import PublishedDocument
    from pressrun.records.people import Person

_JSON = click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")


@click.group("members")
def members_command() -> None:
    """Say who may do what, and with which keys people sign."""


@members_command.command("publish")
@click.argument("file", type=click.Path(path_type=Path, exists=True, dir_okay=False))
@_JSON
def publish(file: Path, as_json: bool) -> int:
    """Publish FILE, or propose it where two policy admins have to agree."""
    from pressrun.actions.documents import publish_members

    with registry_here() as registry:
        done = publish_members(registry, file)
    print_published(done, as_json=as_json)
    return 0


@members_command.command("accept")
@click.argument("proposal")
@_JSON
def accept(proposal: str, as_json: bool) -> int:
    """Put another policy admin's proposal in force."""
    print_published(accept_proposal(proposal), as_json=as_json)
    return 0


@members_command.command("decline")
@click.argument("proposal")
@click.option("--reason", required=True, metavar="TEXT", help="Why.")
def decline(proposal: str, reason: str) -> int:
    """Close a proposal without putting it in force."""
    decline_proposal(proposal, reason)
    return 0


@members_command.command("draft")
@click.argument("people", nargs=-1, required=True, metavar="ID:ROLE[+ROLE...]...")
@click.option("--keys", "folder", type=click.Path(path_type=Path, exists=True, file_okay=False), metavar="DIR",
              help="Where ID.pub is, for those who sign approvals.")  # fmt: skip
@click.option("--organisation", default="", metavar="NAME", help="Whose members they are.")
def draft(people: tuple[str, ...], folder: Path | None, organisation: str) -> int:
    """Print a members file to begin with, for example: ana:author+release-manager ben:approver cleo:policy-admin."""
    from pressrun.rules.members import members_text, read_members

    text = members_text(organisation, [_drafted(word, folder) for word in people])
    read_members(text, "the draft")
    click.echo(text, nl=False)
    return 0


def _drafted(word: str, folder: Path | None) -> Person:
    from pressrun.errors import UsageError
    from pressrun.records.people import Grant, Key, Person

    identity, _, roles = word.partition(":")
    public = folder / f"{identity}.pub" if folder is not None else None
    keys = (Key(public=public.read_text(encoding="utf-8").strip()),) if public is not None and public.is_file() else ()
    if not roles:
        raise UsageError(f"{word!r} names no role", remedy="Write ana:author, or ana:author+release-manager.")
    return Person(id=identity, grants=tuple(Grant(role=role) for role in roles.split("+")), keys=keys)  # type: ignore[arg-type]  # read_members checks the words


@members_command.command("lint")
@click.argument("file", type=click.Path(path_type=Path, exists=True, dir_okay=False))
@_JSON
def lint(file: Path, as_json: bool) -> int:
    """Read FILE, and tell whether one person alone could take a strategic version to production."""
    from pressrun.actions.documents import read_text
    from pressrun.errors import EXIT_REFUSED
    from pressrun.rules.members import read_members
    from pressrun.rules.separation import ways_alone

    members = read_members(read_text(file), str(file))
    ways = ways_alone(members)
    if as_json:
        print_json({"members": len(members.people), "alone": ways})
        return EXIT_REFUSED if ways else 0
    for way in ways:
        click.echo(f"Refused: {way}")
    if not ways:
        click.echo(f"{len(members.people)} members. Nobody can take a strategic version to production alone.")
    return EXIT_REFUSED if ways else 0


@members_command.command("show")
@_JSON
def show(as_json: bool) -> int:
    """Show the members in force."""
    with registry_here(reading=True) as registry:
        members, actor = registry.members, registry.actor
    if as_json:
        print_json({"members": members, "you": actor})
        return 0
    if members is None:
        click.echo("No members are published: everybody who can write here may do everything that needs one person.")
        click.echo(f"You are {actor.id}.")
        return 0
    from rich.console import Console
    from rich.text import Text

    from pressrun.interfaces.cli.status import plain_table

    table = plain_table("Member", "team", "may", "keys")
    for person in members.people:
        grants = ", ".join(
            grant.role + ("" if grant.names == ("*",) else f" of {' '.join(grant.names)}") for grant in person.grants
        )
        you = " (you)" if person.id == actor.id else ""
        table.add_row(Text(person.id + you), Text(person.team), Text(grants), str(len(person.keys)))
    Console(highlight=False).print(table)
    return 0


@members_command.command("allowed-signers")
def allowed_signers() -> int:
    """Print the members' keys as an allowed-signers file, for ssh-keygen and git."""
    from pressrun.errors import UsageError
    from pressrun.rules.allowed_signers import allowed_signers_text

    with registry_here(reading=True) as registry:
        members = registry.members
    if members is None:
        raise UsageError("no members are published", remedy="pressrun members publish FILE")
    click.echo(allowed_signers_text(members), nl=False)
    return 0


def accept_proposal(proposal: str) -> PublishedDocument:
    """Accept a proposal of either kind in the project of the working directory."""
    from pressrun.actions.documents import accept as put_in_force

    with registry_here() as registry:
        return put_in_force(registry, proposal)


def decline_proposal(proposal: str, reason: str) -> None:
    """Close a proposal of either kind in the project of the working directory."""
    from pressrun.actions.documents import decline as close

    with registry_here() as registry:
        close(registry, proposal, reason)
    click.echo("Declined.")


def print_published(done: PublishedDocument, *, as_json: bool) -> None:
    """Say what became of a document that was published or proposed."""
    if as_json:
        print_json(done)
        return
    what = f"{done.level} policy" if done.kind == "policy" else "members"
    if done.number:
        click.echo(f"In force: {what}, version {done.number}" + (f" ({done.alone})" if done.alone else ""))
    else:
        click.echo(f"Proposed: {what}. Another policy admin runs: pressrun {done.kind} accept {done.proposal[:12]}")
    click.echo(f"  {done.document}")
