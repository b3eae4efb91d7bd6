"""``pressrun policy``: show, explain, lint, test, compare and publish policies."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from pressrun.errors import EXIT_OK, EXIT_REFUSED, EXIT_RESULTS_DIFFER
from pressrun.interfaces.cli.here import registry_here
from pressrun.interfaces.cli.members import accept_proposal, decline_proposal, print_published
from pressrun.interfaces.cli.output import print_json

if TYPE_CHECKING:
    from pressrun.records.policy import Check, Merged

_JSON = click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
_FILE = click.Path(path_type=Path, exists=True, dir_okay=False)
_FILES = click.option("--file", "files", type=_FILE, multiple=True, metavar="FILE",
                      help="Policy files instead of what is in force; several levels are merged.")  # fmt: skip


@click.group("policy")
def policy_command() -> None:
    """Say what production-ready means here. A lower level may only ask for more."""


def _merged(files: tuple[Path, ...]) -> Merged:
    from pressrun.actions.documents import policy_in_force
    from pressrun.actions.policies import merged_files

    if files:
        return merged_files(files)
    with registry_here(reading=True) as registry:
        return policy_in_force(registry)


@policy_command.command("show")
@_FILES
@_JSON
def show(files: tuple[Path, ...], as_json: bool) -> int:
    """List what the policy in force asks, and who set it."""
    from pressrun.rules.policy.judge import required_words

    merged = _merged(files)
    if as_json:
        print_json({"policy": merged, "digest": merged.digest})
        return EXIT_OK
    from rich.console import Console
    from rich.text import Text

    from pressrun.interfaces.cli.status import plain_table

    console = Console(highlight=False)
    console.print(Text.assemble((merged.name, "bold"), f"  {merged.digest}"), soft_wrap=True)
    table = plain_table("Check", "question", "required", "of", "set by")
    for check in merged.checks:
        scope = ", in ".join(", ".join(part) for part in (check.tiers, check.environments) if part) or "everything"
        table.add_row(check.id, Text(check.title), Text(required_words(check)), scope, Text(str(check.origin)))
    console.print(table)
    _print_refusals(merged)
    return EXIT_OK


@policy_command.command("explain")
@click.argument("check")
@_FILES
@_JSON
def explain(check: str, files: tuple[Path, ...], as_json: bool) -> int:
    """Explain one check: what it asks, why, who set each parameter, and what a lower level may set."""
    from pressrun.actions.policies import find_check

    found = find_check(_merged(files), check)
    if as_json:
        print_json(found)
    else:
        _print_check(found)
    return EXIT_OK


def _print_check(check: Check) -> None:
    from pressrun.rules.policy.answers import shown
    from pressrun.rules.policy.judge import required_words
    from pressrun.rules.policy.merge import allowed_range

    click.secho(f"{check.id}  {check.title}", bold=True)
    looks = f"the fact {check.fact}" if check.fact else "what people said"
    click.echo(f"Kind {check.kind}: looks at {looks}; required: {required_words(check)}")
    tiers, environments = ", ".join(check.tiers), ", ".join(check.environments)
    click.echo(f"Asked of {tiers or 'every tier'}, in {environments or 'every environment'}")
    click.echo(f"Set by {check.origin}")
    for name, value in check.params.items():
        click.echo(f"  {name} = {shown(value) or 'none named'}, set by {check.set_by[name]}")
        click.echo(f"      a lower level may set {allowed_range(check, name)}")
    if check.who:
        click.echo(f"To be stated by {', '.join(check.who)}: pressrun state NAME@NUMBER {check.id} --text TEXT")
    if check.fix:
        click.echo(f"Fix: {check.fix}")
    if check.sources:
        click.echo(f"Sources: {'; '.join(check.sources)}")
    if not check.waivable or check.kind == "approvals":
        click.echo("It cannot be waived.")
    elif check.waiver_days is not None:
        click.echo(f"It can be waived for {check.waiver_days:g} days at most.")


@policy_command.command("lint")
@click.argument("files", type=_FILE, nargs=-1, required=True)
@_JSON
def lint(files: tuple[Path, ...], as_json: bool) -> int:
    """Tell what is wrong with policy FILES, as they would be merged. Exit status 3 when something is."""
    from pressrun.actions.policies import lint as look_at

    found = look_at(files)
    if as_json:
        print_json(found)
    else:
        for problem in found.problems:
            click.echo(problem)
        if not found.problems:
            click.echo(f"{found.checks} checks, nothing wrong.")
    return EXIT_REFUSED if found.problems else EXIT_OK


@policy_command.command("test")
@click.argument("file", type=_FILE)
@_JSON
def test(file: Path, as_json: bool) -> int:
    """Ask the policy in FILE about the cases beside it. Exit status 4 when it says something else."""
    from pressrun.actions.policies import run_policy_cases

    results = run_policy_cases(file)
    wrong = [result for result in results if result.problems]
    if as_json:
        print_json({"cases": results, "wrong": len(wrong)})
    else:
        for result in results:
            click.echo(f"{'✗' if result.problems else '✓'} {result.name}")
            for problem in result.problems:
                click.echo(f"    {problem} ({result.where})")
        click.echo(f"{len(results)} cases, {len(wrong)} wrong.")
    return EXIT_RESULTS_DIFFER if wrong else EXIT_OK


@policy_command.command("diff")
@click.argument("before", type=_FILE)
@click.argument("after", type=_FILE, required=False)
@click.option("--against-registry", is_flag=True, help="Tell which live versions would come out otherwise.")
@_JSON
def diff(before: Path, after: Path | None, against_registry: bool, as_json: bool) -> int:
    """Tell how two policy files differ; with one file, how it differs from what is in force."""
    from pressrun.actions.documents import policy_in_force
    from pressrun.actions.policies import diff_policies, merged_files

    new = merged_files([before if after is None else after])
    if after is not None and not against_registry:
        found = diff_policies(merged_files([before]), new)
    else:
        with registry_here(reading=True) as registry:
            old = policy_in_force(registry) if after is None else merged_files([before])
            found = diff_policies(old, new, registry if against_registry else None)
    if as_json:
        print_json(found)
        return EXIT_OK
    for change in found.checks:
        click.secho(change.check, bold=True)
        for sign, said, colour in (("-", change.before, "red"), ("+", change.after, "green")):
            if said:
                click.secho(f"  {sign} {said}", fg=colour)
    if not found.checks:
        click.echo("They ask the same.")
    if against_registry:
        for one in found.affected:
            before_word, after_word = ("allowed" if a else "refused" for a in (one.allowed_before, one.allowed_after))
            click.echo(f"{one.reference} in {one.environment}: {before_word} -> {after_word}")
            for reason in one.reasons:
                click.echo(f"    {reason}")
        click.echo(f"{len(found.affected)} of {found.asked} live versions would come out otherwise.")
    return EXIT_OK


@policy_command.command("template")
@click.argument("name", default="default")
def template(name: str) -> int:
    """Print a policy to begin with: default, or startup."""
    from pressrun.actions.documents import template_text

    click.echo(template_text(f"{name}.yaml"), nl=False)
    return EXIT_OK


@policy_command.command("publish")
@click.argument("file", type=_FILE)
@_JSON
def publish(file: Path, as_json: bool) -> int:
    """Put FILE in force at the level it names, or propose it where two policy admins have to agree."""
    from pressrun.actions.documents import publish_policy

    with registry_here() as registry:
        done = publish_policy(registry, file)
    print_published(done, as_json=as_json)
    return EXIT_OK


@policy_command.command("accept")
@click.argument("proposal")
@_JSON
def accept(proposal: str, as_json: bool) -> int:
    """Put another policy admin's proposal in force."""
    print_published(accept_proposal(proposal), as_json=as_json)
    return EXIT_OK


@policy_command.command("decline")
@click.argument("proposal")
@click.option("--reason", required=True, metavar="TEXT", help="Why.")
def decline(proposal: str, reason: str) -> int:
    """Close a proposal without putting it in force."""
    decline_proposal(proposal, reason)
    return EXIT_OK


def _print_refusals(merged: Merged) -> None:
    for refusal in merged.refusals:
        click.secho(f"Not taken over: {refusal}", fg="yellow")
