"""``pressrun deploy``, ``rollback``, ``ratify``, ``review``, ``recover`` and ``history``: pointers and their past."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from pressrun.errors import EXIT_OK
from pressrun.interfaces.cli.here import registry_here
from pressrun.interfaces.cli.output import print_json
from pressrun.interfaces.cli.progress import make_progress

if TYPE_CHECKING:
    from pressrun.actions.history import Reign
    from pressrun.actions.rollback import Rollback

_TO = click.option("--to", "environment", required=True, metavar="ENVIRONMENT", help="Where it is to go.")
_IN = click.option("--in", "environment", required=True, metavar="ENVIRONMENT", help="Which environment.")
_JSON = click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
_TARGET = click.option("--target", default="", metavar="TARGET",
                       help="record, or dir:PATH. Default: as the project's settings say, else record.")  # fmt: skip


@click.command("deploy")
@click.argument("reference", metavar="NAME@NUMBER")
@_TO
@_TARGET
@click.option("--break-glass", default="", metavar="REASON",
              help="An emergency: go without what the policy asks. Somebody else has to stand behind it in time, or it "
              "is taken back.")  # fmt: skip
@click.option("--reason", default="", metavar="TEXT", help="Why, for whoever reads the record.")
@_JSON
def deploy_command(reference: str, environment: str, target: str, break_glass: str, reason: str, as_json: bool) -> int:
    """Move an environment's pointer to a version. The policy decides; exit status 3 when it refuses."""
    from pressrun.actions.deploy import DeployOrder, deploy
    from pressrun.actions.rollback import take_back_overdue

    order = DeployOrder(
        reference=reference, environment=environment, target=target, break_glass=break_glass, reason=reason
    )
    with registry_here() as registry:
        _tell_taken_back(take_back_overdue(registry), quiet=as_json)
        done = deploy(registry, order)
    if as_json:
        print_json(done)
        return EXIT_OK
    before = f", before {done.previous}" if done.previous else ""
    click.echo(f"{done.reference} is live in {done.environment}{before}.")
    if done.location:
        click.echo(f"It lies in {done.location}")
    if not done.decision.allowed and not break_glass:
        click.echo(f"The policy would refuse it and only {done.decision.mode}s yet: pressrun check {done.reference} "
                   f"--to {done.environment}")  # fmt: skip
    if done.ratify_by:
        click.echo(f"An emergency: somebody else runs `pressrun ratify {done.deployment[:12]}` until "
                   f"{done.ratify_by[:16]} UTC, or it is taken back.")  # fmt: skip
    return EXIT_OK


@click.command("rollback")
@click.argument("name")
@_IN
@click.option("--to", "to", type=click.IntRange(min=0), metavar="NUMBER",
              help="A version that was live there before; 0 takes the live one down. Default: the last.")  # fmt: skip
@click.option("--reason", default="", metavar="TEXT", help="Why.")
@click.option("--target", default="", metavar="TARGET", help="record, or dir:PATH. Default: where the live version is.")
@click.option("--python", type=click.Path(path_type=Path, exists=True, dir_okay=False), metavar="PATH",
              help="Load its models here, where the lock's environment cannot be rebuilt.")  # fmt: skip
@_JSON
def rollback_command(
    name: str, environment: str, to: int | None, reason: str, target: str, python: Path | None, as_json: bool
) -> int:
    """Move an environment's pointer back. Needs no approval; the version is seen to load and to predict first."""
    from pressrun.actions.rollback import RollbackOrder, roll_back

    order = RollbackOrder(name=name, environment=environment, to=to, reason=reason, target=target, python=python)
    with registry_here() as registry, make_progress(quiet=as_json) as progress:
        done = roll_back(registry, order, progress)
    if as_json:
        print_json(done)
    else:
        _print_rollback(done)
    return EXIT_OK


def _print_rollback(done: Rollback) -> None:
    if done.number:
        click.echo(f"{done.name}@{done.number} is live in {done.environment} again, {done.previous} no more.")
        seen = {"predictions": "Its models load and predict what they did.", "loaded": "Its models load.",
                "files": "Its files are whole; it holds no model to load."}  # fmt: skip
        click.echo(seen[done.checked])
    else:
        click.echo(f"Nothing of {done.name} is live in {done.environment} any more; {done.previous} was.")
    if done.location:
        click.echo(f"It lies in {done.location}")
    click.echo(f"Review it until {done.review_by[:16]} UTC: pressrun review {done.deployment[:12]} --comment TEXT")


def _tell_taken_back(done: list[Rollback], *, quiet: bool) -> None:
    for rollback in done if not quiet else []:
        click.echo(
            f"Taken back, as nobody ratified it: {rollback.name}@{rollback.previous} in {rollback.environment}.",
            err=True,
        )


@click.command("ratify")
@click.argument("deployment")
@click.option("--comment", default="", metavar="TEXT", help="For whoever reads the record.")
@_JSON
def ratify_command(deployment: str, comment: str, as_json: bool) -> int:
    """Stand behind somebody else's emergency deployment, so that it is not taken back."""
    from pressrun.actions.deploy import ratify

    with registry_here() as registry:
        event = ratify(registry, deployment, comment)
    if as_json:
        print_json(event)
    else:
        click.echo(f"Ratified: deployment {event.deployment[:12]} of {event.name} in {event.environment}.")
    return EXIT_OK


@click.command("review")
@click.argument("rollback")
@click.option("--comment", required=True, metavar="TEXT", help="What was found.")
@_JSON
def review_command(rollback: str, comment: str, as_json: bool) -> int:
    """Close the review that a rollback opened."""
    from pressrun.actions.rollback import hold_review

    with registry_here() as registry:
        event = hold_review(registry, rollback, comment)
    if as_json:
        print_json(event)
    else:
        click.echo(f"Reviewed: rollback {event.deployment[:12]} of {event.name} in {event.environment}.")
    return EXIT_OK


@click.command("recover")
@_JSON
def recover_command(as_json: bool) -> int:
    """Close interrupted deployments by looking at their targets, and take back what nobody ratified in time."""
    from pressrun.actions.recover import recover
    from pressrun.actions.rollback import take_back_overdue

    with registry_here() as registry, make_progress(quiet=as_json) as progress:
        closed = recover(registry)
        back = take_back_overdue(registry, progress)
    if as_json:
        print_json({"closed": closed, "taken_back": back})
        return EXIT_OK
    for one in closed:
        became = "had got through" if one.through else "had changed nothing"
        click.echo(f"{one.name}@{one.number} to {one.environment}: {became}.")
    for rollback in back:
        _print_rollback(rollback)
    if not closed and not back:
        click.echo("Nothing is open.")
    return EXIT_OK


@click.command("history")
@click.argument("name")
@_IN
@click.option("--as-of", metavar="TIME", help="What was live then: ISO 8601, UTC where no zone is named.")
@_JSON
def history_command(name: str, environment: str, as_of: str | None, as_json: bool) -> int:
    """Tell what was live in an environment, when, who put it there, and who had approved it."""
    from pressrun.actions.history import history

    with registry_here(reading=True) as registry:
        reigns = history(registry, name, environment, as_of)
    if as_json:
        print_json({"name": name, "environment": environment, "as_of": as_of, "history": reigns})
        return EXIT_OK
    if not reigns:
        then = f" at {as_of}" if as_of else ""
        click.echo(f"Nothing of {name} was live in {environment}{then}.")
    for reign in reigns:
        _print_reign(reign)
    return EXIT_OK


def _print_reign(reign: Reign) -> None:
    what = f"{reign.name}@{reign.number}" if reign.number else "nothing"
    until = f"until {reign.until[:19]}" if reign.until else "until now"
    click.secho(what, bold=True, nl=False)
    click.echo(f"  from {reign.since[:19]} {until} UTC")
    words = {"deploy": "deployed", "break-glass": "deployed in an emergency", "rollback": "rolled back to"}
    click.echo(f"  {words[reign.how]} by {reign.by}" + (f": {reign.reason}" if reign.reason else ""))
    for approval in reign.approvals:
        signed = ", signed" if approval.signed else ""
        click.echo(f"  approved by {approval.person} ({approval.role}) at {approval.time[:19]}{signed}")
    if reign.number:
        click.echo(f"  bundle {reign.bundle}")
