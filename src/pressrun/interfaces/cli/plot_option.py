"""``--plot METRIC [--to FILE]``: how a metric went, in the terminal or in a file."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING

import click

from pressrun.errors import UsageError

if TYPE_CHECKING:
    from pressrun.actions.runs_log import MetricSeries

_ENDINGS = (".svg", ".html")

plot_option = click.option("--plot", metavar="METRIC", default="", help="Draw how this metric went, oldest first.")
to_option = click.option("--to", "to", type=click.Path(path_type=Path, dir_okay=False), metavar="FILE",
                         help="Where --plot draws instead: FILE.svg or FILE.html.")  # fmt: skip


def check_plot(plot: str, to: Path | None) -> None:
    """See that the two options fit each other, before anything is read.

    Raises:
        UsageError: they do not.
    """
    if to is not None and not plot:
        raise UsageError("--to says where to draw, and --plot is missing", remedy="Add --plot METRIC.")
    if to is not None and to.suffix.lower() not in _ENDINGS:
        raise UsageError(f"a plot is written as SVG or HTML, not as {to.name!r}", remedy="End it in .svg or .html.")


def show_plot(series: MetricSeries, to: Path | None) -> None:
    """Draw in the terminal, or write the file.

    Raises:
        UsageError: the file cannot be written.
    """
    if to is None:
        from pressrun.interfaces.cli.terminal_plot import HEIGHT, draw

        for line in draw(series, width=_columns(), height=HEIGHT, unicode=_shows_unicode(sys.stdout.encoding)):
            click.echo(line)
        return
    from pressrun.interfaces.cli.svg_plot import page, svg

    try:
        to.write_text(svg(series) if to.suffix.lower() == ".svg" else page(series), encoding="utf-8")
    except OSError as error:
        raise UsageError(f"the plot cannot be written: {error.strerror}", where=str(to)) from error
    click.echo(f"{len(series.points)} values of {series.metric} -> {to}")


def _columns() -> int:
    import shutil

    from pressrun.interfaces.cli.terminal_plot import WIDTH

    return min(shutil.get_terminal_size((WIDTH, 24)).columns, 2 * WIDTH) if sys.stdout.isatty() else WIDTH


def _shows_unicode(encoding: str | None) -> bool:
    return (encoding or "").lower().replace("-", "").startswith("utf")
