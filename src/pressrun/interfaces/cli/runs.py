"""``pressrun runs``: what ran, and how a metric went from run to run."""

from __future__ import annotations

from pathlib import Path

import click

from pressrun.interfaces.cli.here import registry_here
from pressrun.interfaces.cli.output import print_json
from pressrun.interfaces.cli.plot_option import check_plot, plot_option, show_plot, to_option
from pressrun.interfaces.cli.versions import LIMIT


@click.command("runs")
@click.argument("about", metavar="[NAME|NOTEBOOK]", required=False, default="")
@click.option("--where", default="", metavar="QUERY", help='Such as "metrics.auc > 0.8 and outcome = completed".')
@click.option("--sort", default="", metavar="KEY", help="Highest first; KEY:asc for the lowest. Default: newest first.")
@click.option("--limit", type=LIMIT, default=50, show_default=True, metavar="N")
@plot_option
@to_option
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
def runs_command(about: str, where: str, sort: str, limit: int, plot: str, to: Path | None, as_json: bool) -> int:
    """List recorded runs, of one notebook, bundle or name of versions or of all.

    Every replay, package and verify of the project is recorded: parameters, metrics, duration, environment, outcome.
    """
    from pressrun.actions.runs_log import list_runs, runs_series
    from pressrun.actions.versions import SearchRequest

    check_plot(plot, to)
    with registry_here(reading=True) as registry:
        result = list_runs(registry, about, SearchRequest(kind="run", query=where, sort=sort, limit=limit))
    if as_json:
        print_json(result)
        return 0
    if plot:
        show_plot(runs_series(result, plot, about), to)
        return 0
    from rich.console import Console

    from pressrun.interfaces.cli.versions_view import print_found

    print_found(result, Console(highlight=False), sort=sort)
    return 0
