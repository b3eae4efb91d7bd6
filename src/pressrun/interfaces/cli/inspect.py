"""``pressrun inspect``: what a notebook says of itself, without running it."""

from __future__ import annotations

from pathlib import Path

import click
import msgspec

from pressrun.actions.inspect import inspect
from pressrun.interfaces.cli.output import print_json
from pressrun.records.cells import Inspection


@click.command("inspect")
@click.argument("notebook", type=click.Path(path_type=Path), metavar="NB")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object, without the saved outputs.")
def inspect_command(notebook: Path, as_json: bool) -> int:
    """Show the cells, parameters, steps and problems of a notebook. Nothing is run."""
    inspection = inspect(notebook)
    if as_json:
        print_json(_without_outputs(inspection))
        return 0
    from pressrun.interfaces.cli.inspection import show_inspection

    show_inspection(inspection)
    return 0


def _without_outputs(inspection: Inspection) -> Inspection:
    cells = tuple(msgspec.structs.replace(cell, outputs=()) for cell in inspection.cells)
    return msgspec.structs.replace(inspection, cells=cells)
