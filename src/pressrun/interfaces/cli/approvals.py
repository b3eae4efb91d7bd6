"""``pressrun request``, ``approve``, ``reject``, ``withdraw`` and ``revoke``: people decide."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from pressrun.errors import EXIT_OK
from pressrun.interfaces.cli.here import registry_here
from pressrun.interfaces.cli.output import print_json
from pressrun.records.digest import Digest

if TYPE_CHECKING:
    from pressrun.records.decision import Decision
    from pressrun.records.events import Requested

_WHICH = "REQUEST is a request's id, at least six digits of it, or NAME@NUMBER with --to."


@click.command("request")
@click.argument("reference", metavar="NAME@NUMBER")
@click.option("--to", "environment", required=True, metavar="ENVIRONMENT", help="Where it is to go.")
@click.option("--comment", default="", metavar="TEXT", help="For those who approve.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
def request_command(reference: str, environment: str, comment: str, as_json: bool) -> int:
    """Ask for approval of a version for an environment: as it is, under the policy as it is."""
    from pressrun.actions.approve import request_approval

    with registry_here() as registry:
        made = request_approval(registry, reference, environment, comment)
    if as_json:
        print_json(made)
        return EXIT_OK
    event = made.event
    click.echo(f"Asked for approval of {event.name}@{event.number} to {event.environment}, until {event.expires[:10]}.")
    _print_binding(event)
    click.echo(f"Approvers run: pressrun approve {event.request[:12]}")
    return EXIT_OK


@click.command("approve", epilog=_WHICH)
@click.argument("which", metavar="REQUEST")
@click.option("--to", "environment", metavar="ENVIRONMENT", help="Which, where a version has several requests.")
@click.option("--comment", default="", metavar="TEXT", help="For whoever reads the record.")
@click.option("--key", type=click.Path(path_type=Path, exists=True, dir_okay=False), metavar="FILE",
              help="Private key to sign with. Default: the one in your settings.")  # fmt: skip
@click.option("--yes", is_flag=True, help="Do not ask.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object; implies --yes.")
def approve_command(
    which: str, environment: str | None, comment: str, key: Path | None, yes: bool, as_json: bool
) -> int:
    """Approve a request: you see what you approve, and sign exactly that."""
    from pressrun.actions.approve import approve, current_decision, find_request

    with registry_here() as registry:
        request = find_request(registry, which, environment)
        if not as_json:
            _print_request(request.event, request.mark.actor, current_decision(registry, request.event))
        if not yes and not as_json:
            _confirm()
        given = approve(registry, request, comment, key)
    if as_json:
        print_json(given)
        return EXIT_OK
    event = given.event
    signed = f"signed with {event.key[:40]}..." if event.signature else "not signed: no members are published"
    click.echo(f"Approved by {event.person}, {signed}")
    if given.enough:
        click.echo(f"It may go: pressrun deploy {event.name}@{event.number} --to {event.environment}")
    else:
        waiting = [f"{f.check} ({f.observed})" for f in given.decision.findings if f.outcome in {"fail", "unknown"}]
        click.echo("Not enough yet: " + "; ".join(waiting))
    return EXIT_OK


def _confirm() -> None:
    from pressrun.errors import UsageError

    try:
        click.confirm("Approve exactly this?", abort=True, err=True)
    except click.Abort as error:
        raise UsageError("nothing was approved", remedy="Answer y, or give --yes where nobody can be asked.") from error


@click.command("reject", epilog=_WHICH)
@click.argument("which", metavar="REQUEST")
@click.option("--to", "environment", metavar="ENVIRONMENT", help="Which, where a version has several requests.")
@click.option("--reason", required=True, metavar="TEXT", help="Why.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
def reject_command(which: str, environment: str | None, reason: str, as_json: bool) -> int:
    """Refuse a request for good; the version can be asked for anew."""
    from pressrun.actions.approve import find_request, reject

    with registry_here() as registry:
        event = reject(registry, find_request(registry, which, environment), reason)
    if as_json:
        print_json(event)
    else:
        click.echo(f"Rejected: {event.name}@{event.number} to {event.environment}.")
    return EXIT_OK


@click.command("withdraw", epilog=_WHICH)
@click.argument("which", metavar="REQUEST")
@click.option("--to", "environment", metavar="ENVIRONMENT", help="Which, where a version has several requests.")
@click.option("--reason", default="", metavar="TEXT", help="Why.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
def withdraw_command(which: str, environment: str | None, reason: str, as_json: bool) -> int:
    """Take back your request, or your approval of somebody else's."""
    from pressrun.actions.approve import find_request, withdraw

    with registry_here() as registry:
        event = withdraw(registry, find_request(registry, which, environment), reason)
    if as_json:
        print_json(event)
    else:
        what = f"The approval of {event.person}" if event.person else "The request"
        click.echo(f"{what} was withdrawn: {event.name}@{event.number} to {event.environment}.")
    return EXIT_OK


@click.command("revoke")
@click.argument("reference", metavar="NAME@NUMBER")
@click.option("--reason", required=True, metavar="TEXT", help="Why.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
def revoke_command(reference: str, reason: str, as_json: bool) -> int:
    """Let a version never be deployed again. Where it is live, somebody has to roll back."""
    from pressrun.actions.approve import revoke

    with registry_here() as registry:
        event, live_in = revoke(registry, reference, reason)
    if as_json:
        print_json({"event": event, "live_in": live_in})
        return EXIT_OK
    click.echo(f"Revoked: {event.name}@{event.number}.")
    for environment in live_in:
        click.echo(f"It is live in {environment}: pressrun rollback {event.name} --in {environment}")
    return EXIT_OK


def _print_binding(event: Requested) -> None:
    def line(what: str, digest: Digest) -> None:
        click.echo(f"  {what:<8} {digest}")

    line("bundle", event.bundle)
    line("policy", event.policy)
    line("verdict", event.verdict)


def _print_request(event: Requested, requester: str, decision: Decision) -> None:
    click.secho(f"{event.name}@{event.number} to {event.environment}", bold=True, nl=False)
    click.echo(f", asked for by {requester}" + (f": {event.comment}" if event.comment else ""))
    _print_binding(event)
    tally = {outcome: len(decision.having(outcome)) for outcome in ("pass", "waived", "fail", "unknown")}
    words = {"pass": "pass", "waived": "waived", "fail": "fail", "unknown": "not assessed"}
    counts = ", ".join(f"{count} {words[outcome]}" for outcome, count in tally.items() if count)
    click.echo(f"Policy {decision.policy_name}: {counts}")
    for finding in decision.findings:
        if finding.outcome != "pass":
            click.echo(f"  {finding.check:<6} {words[finding.outcome]:<12} {finding.observed}")
