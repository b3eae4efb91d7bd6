"""``pressrun check``: ask the policy in force about a version and an environment."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from pressrun.errors import EXIT_OK, EXIT_REFUSED
from pressrun.interfaces.cli.here import registry_here
from pressrun.interfaces.cli.output import print_json

if TYPE_CHECKING:
    from pressrun.actions.registry import Registry


@click.command("check")
@click.argument("reference", metavar="NAME@NUMBER")
@click.option("--to", "environment", required=True, metavar="ENVIRONMENT", help="Where it is to go.")
@click.option("--all", "everything", is_flag=True, help="List the checks that pass, too.")
@click.option("--html", type=click.Path(path_type=Path, dir_okay=False), metavar="FILE", help="Write a page as well.")
@click.option("--junit", type=click.Path(path_type=Path, dir_okay=False), metavar="FILE",
              help="Write JUnit XML as well: unknown is an error, fail a failure, waived skipped.")  # fmt: skip
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
def check_command(
    reference: str, environment: str, everything: bool, html: Path | None, junit: Path | None, as_json: bool
) -> int:
    """Tell whether a version may go to an environment, and what is missing.

    Exit status: 0 it may, 3 it may not. What nobody has seen to hold is not assessed, which is told apart from what
    fails, and does not pass either.
    """
    from pressrun.actions.decide import check

    with registry_here(reading=True) as registry:
        decision = check(registry, reference, environment)
        note = _note_on(registry, environment)
    if html is not None:
        from pressrun.interfaces.cli.check_html import decision_page

        write_text(html, decision_page(decision))
    if junit is not None:
        from pressrun.interfaces.cli.check_junit import decision_junit

        write_text(junit, decision_junit(decision))
    if as_json:
        print_json(decision)
    else:
        from rich.console import Console

        from pressrun.interfaces.cli.check_view import print_decision

        if note:
            click.echo(note, err=True)
        print_decision(decision, Console(highlight=False), everything=everything)
    return EXIT_OK if decision.allowed else EXIT_REFUSED


def _note_on(registry: Registry, environment: str) -> str:
    """Return a word on an environment that nothing names: misspelt, it is asked little, and all looks well."""
    from pressrun.actions.documents import policy_in_force
    from pressrun.errors import near_match

    asked = {name for one in policy_in_force(registry).checks for name in one.environments}
    known = sorted(asked | set(registry.settings.environments))
    if not known or environment in known:
        return ""
    hint = near_match(environment, known) or f"known are {', '.join(known)}"
    return f"Note: neither a setting nor a check names the environment {environment!r}; {hint}"


def write_text(path: Path, text: str) -> None:
    """Write a file that the user named.

    Raises:
        UsageError: it cannot be written.
    """
    from pressrun.errors import UsageError

    try:
        path.write_text(text, encoding="utf-8")
    except OSError as error:
        raise UsageError(f"it cannot be written: {error.strerror}", where=str(path)) from error
