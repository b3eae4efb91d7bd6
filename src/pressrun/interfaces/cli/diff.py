"""``pressrun diff A B``: what is different between two versions or bundles."""

from __future__ import annotations

from pathlib import Path

import click

from pressrun.errors import EXIT_OK, EXIT_RESULTS_DIFFER
from pressrun.interfaces.cli.output import print_json


@click.command("diff")
@click.argument("before", metavar="A")
@click.argument("after", metavar="B")
@click.option("--exit-code", is_flag=True, help="Exit with 4 where the two differ.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
def diff_command(before: str, after: str, exit_code: bool, as_json: bool) -> int:
    """Tell what is different between A and B: code, parameters, data, packages, models, metrics and grade.

    A and B are versions (churn@2, churn@production, churn@latest) or bundles (a folder, an archive, or a name, digest
    or digest prefix in the project's store). Outputs and execution counts are not compared, and nothing is run.
    """
    from pressrun.actions.version_diff import diff_versions
    from pressrun.notebook.project import find_project

    found = diff_versions(before, after, find_project(Path.cwd()))
    if as_json:
        print_json(found)
    else:
        from rich.console import Console

        from pressrun.interfaces.cli.diff_view import print_diff

        print_diff(found, Console(highlight=False))
    return EXIT_RESULTS_DIFFER if exit_code and found.differs else EXIT_OK
