"""``pressrun compare A.ipynb B.ipynb``."""

from __future__ import annotations

from pathlib import Path

import click
import msgspec

from pressrun.actions.compare import ComparedNotebooks, compare
from pressrun.errors import EXIT_OK, EXIT_RESULTS_DIFFER
from pressrun.interfaces.cli.comparison_view import (
    WORDS,
    counts_sentence,
    labelled,
    print_difference,
    print_differences,
    print_masks,
    print_uncompared,
)
from pressrun.interfaces.cli.output import print_json
from pressrun.records.comparison import Comparison, Difference
from pressrun.rules.compare.align import code_of
from pressrun.rules.compare.settings import CompareSettings

_DEFAULTS = CompareSettings()


class CompareReport(msgspec.Struct, frozen=True, kw_only=True):
    """What ``pressrun compare --json`` prints; fields are only ever added."""

    format: int = 1
    expected: str
    found: str
    same: bool
    comparison: Comparison
    difference: Difference | None


@click.command("compare")
@click.argument("expected", type=click.Path(exists=True, dir_okay=False, path_type=Path), metavar="A.ipynb")
@click.argument("found", type=click.Path(exists=True, dir_okay=False, path_type=Path), metavar="B.ipynb")
@click.option(
    "--tolerance",
    type=click.FloatRange(min=0.0, max=1.0),
    default=_DEFAULTS.tolerance,
    show_default=True,
    metavar="REL",
    help="Relative difference up to which two floats count as equal.",
)
@click.option(
    "--same-environment/--different-environments",
    default=None,
    help="Whether both ran with the same packages. If not, results that other versions write differently count as "
    "equal, and images are not compared. By default the notebooks are asked, which name their Python.",
)
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
def compare_command(expected: Path, found: Path, tolerance: float, same_environment: bool | None, as_json: bool) -> int:
    """Compare the outputs saved in two executed notebooks, B with A.

    Numbers are compared with a tolerance, DataFrames as tables, images by pixels, HTML by structure. What is no result
    (memory addresses, durations, temporary paths) is masked, and every mask is listed. Exit code: 0 same, 4 different.
    """
    compared = compare(
        expected, found, settings=CompareSettings(tolerance=tolerance), same_environment=same_environment
    )
    if as_json:
        print_json(
            CompareReport(
                expected=str(expected),
                found=str(found),
                same=compared.comparison.same,
                comparison=compared.comparison,
                difference=compared.difference,
            )
        )
    else:
        _render(compared)
    return EXIT_OK if compared.comparison.same else EXIT_RESULTS_DIFFER


def _render(compared: ComparedNotebooks) -> None:
    from rich.console import Console
    from rich.text import Text

    console = Console(highlight=False)
    comparison = compared.comparison
    nothing = "Nothing was compared" if comparison.sameness == "not-compared" else "Different"
    head = Text("Same" if comparison.same else nothing, style=f"bold {'green' if comparison.same else 'red'}")
    console.print(head.append(f": {WORDS[comparison.sameness]}" if comparison.same else "", style="bold"))
    console.print(labelled("Compared", counts_sentence(comparison)))
    environment = "same environment" if comparison.same_environment else "different environments"
    console.print(labelled("Assuming", environment))
    print_uncompared(comparison, console)
    if compared.difference is not None:
        print_difference(compared.difference, console, with_values=False)
    print_differences(comparison, console, sources=_first_lines(compared))
    print_masks(comparison.masks, console)


def _first_lines(compared: ComparedNotebooks) -> dict[int, str]:
    from pressrun.rules.compare.align import numbered_code_cells

    lines = {number: code_of(cell).split("\n", 1)[0] for number, cell in numbered_code_cells(compared.expected.cells)}
    return {number: line.strip() for number, line in lines.items()}
