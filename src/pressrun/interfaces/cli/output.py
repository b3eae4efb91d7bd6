"""How the command line speaks: results on stdout, everything else on stderr.

With ``--json`` exactly one JSON object goes to stdout and nothing else does, also when the command fails.
"""

from __future__ import annotations

import sys
from typing import Any

import click

from pressrun.errors import EXIT_USAGE, PressrunError
from pressrun.records.digest import pretty_json


def print_json(value: Any) -> None:
    """Write one record or plain value as JSON to stdout."""
    sys.stdout.buffer.write(pretty_json(value))
    sys.stdout.flush()


def print_error(error: PressrunError, *, as_json: bool) -> None:
    """Say what went wrong, where, and what to do."""
    if as_json:
        facts = {"kind": type(error).__name__, "what": error.what, "where": error.where, "remedy": error.remedy}
        print_json({"error": facts, "exit_code": error.exit_code})
        return
    click.secho("Error: ", fg="red", bold=True, nl=False, err=True)
    click.echo(error.what, err=True)
    if error.where:
        click.echo(f"  where:  {error.where}", err=True)
    if error.remedy:
        click.echo(f"  remedy: {error.remedy}", err=True)


def print_usage_error(error: click.ClickException, *, as_json: bool) -> None:
    """Say that the command line itself is wrong."""
    if as_json:
        facts = {"kind": "UsageError", "what": error.format_message(), "where": "", "remedy": ""}
        print_json({"error": facts, "exit_code": EXIT_USAGE})
        return
    error.show()


def print_interrupted(*, as_json: bool) -> None:
    """Say that the user stopped the command."""
    if as_json:
        print_json({"error": {"kind": "Interrupted", "what": "interrupted"}, "exit_code": 130})
        return
    click.echo("Interrupted.", err=True)
