"""``pressrun versions`` and ``pressrun search``: what is registered, and which of it is meant."""

from __future__ import annotations

from pathlib import Path
from typing import Literal

import click

from pressrun.interfaces.cli.here import registry_here
from pressrun.interfaces.cli.output import print_json
from pressrun.interfaces.cli.plot_option import check_plot, plot_option, show_plot, to_option

LIMIT = click.IntRange(min=1, max=10_000)


@click.command("versions")
@click.argument("name", required=False, default="")
@plot_option
@to_option
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
def versions_command(name: str, plot: str, to: Path | None, as_json: bool) -> int:
    """List what is registered: every name, or every version of NAME.

    A version is written NAME@NUMBER; NAME@production is the one that is live there, NAME@latest the newest.
    """
    from pressrun.actions.runs_log import versions_series
    from pressrun.actions.versions import list_names, list_versions
    from pressrun.errors import UsageError

    check_plot(plot, to)
    if plot and not name:
        raise UsageError("a plot shows the versions of one name", remedy="Give NAME as well.")
    with registry_here(reading=True) as registry:
        names = list_names(registry) if not name else ()
        versions = list_versions(registry, name) if name else ()
        series = versions_series(registry.standing(), name, plot) if plot else None
    if as_json:
        print_json({"format": 1, "versions": versions} if name else {"format": 1, "names": names})
        return 0
    if series is not None:
        show_plot(series, to)
        return 0
    from rich.console import Console

    from pressrun.interfaces.cli.versions_view import print_names, print_versions

    console = Console(highlight=False)
    if name:
        print_versions(versions, console)
    elif names:
        print_names(names, console)
    else:
        console.print("Nothing is registered yet: pressrun register BUNDLE --name NAME", markup=False)
    return 0


@click.command("search")
@click.argument("query")
@click.option("--kind", type=click.Choice(["versions", "runs"]), default="versions", show_default=True)
@click.option("--sort", default="", metavar="KEY", help="Highest first; KEY:asc for the lowest. Default: newest first.")
@click.option("--limit", type=LIMIT, default=100, show_default=True, metavar="N")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
def search_command(query: str, kind: Literal["versions", "runs"], sort: str, limit: int, as_json: bool) -> int:
    """Find versions or runs, for example: "metrics.auc > 0.8 and live = production".

    Conditions are joined with and, or, not and parentheses; = != < <= > >= in like exists compare. What was never
    recorded is found by no comparison. Keys and rules: docs/reference/search.md.
    """
    from pressrun.actions.versions import SearchRequest, search_registry

    request = SearchRequest(kind="run" if kind == "runs" else "version", query=query, sort=sort, limit=limit)
    with registry_here(reading=True) as registry:
        result = search_registry(registry, request)
    if as_json:
        print_json(result)
        return 0
    from rich.console import Console

    from pressrun.interfaces.cli.versions_view import print_found

    print_found(result, Console(highlight=False), sort=sort)
    return 0
