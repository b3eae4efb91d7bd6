"""``pressrun verify``: replay a bundle and grade the result."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from pressrun.errors import EXIT_NOTEBOOK_FAILED, EXIT_OK, EXIT_REFUSED, EXIT_RESULTS_DIFFER
from pressrun.interfaces.cli.output import print_json
from pressrun.interfaces.cli.progress import make_progress
from pressrun.interfaces.cli.trace_option import trace_option
from pressrun.records.comparison import GRADES

SECONDS = click.FloatRange(min=0.0, min_open=True)


@click.command("verify")
@click.argument("bundle", metavar="BUNDLE")
@click.option("--rebuild", is_flag=True, help="Run in a fresh environment made from the bundle's lock.")
@click.option("--at-least", type=click.Choice(GRADES), help="The grade that is enough. Default: equal outputs.")
@click.option("--inputs", type=click.Path(path_type=Path, exists=True, file_okay=False), metavar="DIR",
              help="Where inputs lie that don't travel in the bundle, at their project paths.")  # fmt: skip
@click.option("--python", type=click.Path(path_type=Path), metavar="PATH",
              help="An interpreter: with ipykernel to run in, or with --rebuild the one to build from.")  # fmt: skip
@click.option("--timeout", "timeout_s", type=SECONDS, metavar="S", help="End a run after so many seconds.")
@click.option("--cell-timeout", "cell_timeout_s", type=SECONDS, metavar="S", help="End a cell after so many seconds.")
@click.option("--env", "environment_names", multiple=True, metavar="NAME",
              help="Let this environment variable through to the notebook; its value is stored nowhere.")  # fmt: skip
@click.option("--sandbox", is_flag=True,
              help="Run without network, and with nothing readable but the bundle's inputs and the environment (Linux, "
              "bubblewrap). A pass is recorded as hermetic.")  # fmt: skip
@trace_option
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
def verify_command(bundle: str, *, as_json: bool, **wanted: Any) -> int:
    """Replay BUNDLE and grade the result, R0 to R4.

    BUNDLE is a folder, an archive, or a name, digest or digest prefix in the project's store. Exit status: 0 the
    grade is reached; 1 the notebook failed; 3 in a sandbox it asked for what the bundle does not name; 4 results
    differ; 5 the environment or an input can't be restored.
    """
    from pressrun.actions.verify import VerifyRequest, verify
    from pressrun.notebook.project import find_project

    request = VerifyRequest(bundle=bundle, project=find_project(Path.cwd()), **wanted)
    with make_progress(quiet=as_json) as progress:
        result = verify(request, progress)
    if as_json:
        print_json(result)
    else:
        from rich.console import Console

        from pressrun.interfaces.cli.receipt import render_receipt

        console = Console(highlight=False)
        render_receipt(result.receipt, console)
        for note in result.notes:
            console.print(f"[bold]Note[/bold]  {note}", soft_wrap=True)
    if result.receipt.sandbox is not None and result.receipt.sandbox.undeclared:
        return EXIT_REFUSED
    if result.receipt.grade == "R0":
        return EXIT_NOTEBOOK_FAILED
    return EXIT_OK if result.enough else EXIT_RESULTS_DIFFER
