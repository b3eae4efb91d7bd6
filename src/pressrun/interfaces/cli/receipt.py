"""How a receipt looks in a terminal."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pressrun.interfaces.cli.comparison_view import (
    counts_sentence,
    labelled,
    print_difference,
    print_differences,
    print_masks,
    print_uncompared,
)
from pressrun.interfaces.cli.coverage_view import coverage_lines
from pressrun.interfaces.cli.sandbox_view import sandbox_lines
from pressrun.records.comparison import Receipt
from pressrun.rules.grade import MEANINGS

if TYPE_CHECKING:
    from rich.console import Console

_AGAINST = {
    "saved-outputs": "the outputs saved in the notebook",
    "bundle": "the outputs in the bundle",
    "second-run": "a second run",
    "nothing": "nothing: there were no outputs to compare with",
}
_ENVIRONMENTS = {"current": "current environment", "rebuilt": "environment rebuilt from the lock"}
_GOOD = frozenset({"R3", "R4"})


def render_receipt(receipt: Receipt, console: Console) -> None:
    """Print a receipt: grade, environment, what was compared and masked, the first difference and its cause.

    Args:
        receipt: what to show.
        console: where to; its width is respected and nothing is truncated but excerpts.
    """
    from rich.text import Text

    colour = "green" if receipt.grade in _GOOD else "red"
    head = (
        Text().append(receipt.grade, style=f"bold {colour}").append("  ").append(MEANINGS[receipt.grade], style="bold")
    )
    console.print(head)
    if receipt.verdict:
        console.print(labelled("Verdict", receipt.verdict))
    console.print(labelled("Seen in", _ENVIRONMENTS[receipt.environment]))
    console.print(labelled("Subject", receipt.subject))
    console.print(labelled("Against", _AGAINST[receipt.against]))
    if receipt.sandbox is not None:
        lines = sandbox_lines(receipt.sandbox, hermetic=receipt.hermetic, bundle=True)
        for number, line in enumerate(lines):
            console.print(labelled("" if number else "Hermetic", line))
    if receipt.coverage is not None:
        for number, line in enumerate(coverage_lines(receipt.coverage)):
            console.print(labelled("" if number else "Coverage", line))
    if receipt.comparison is not None:
        console.print(labelled("Compared", counts_sentence(receipt.comparison)))
        print_uncompared(receipt.comparison, console)
    if receipt.varying:
        cells = ", ".join(map(str, receipt.varying))
        sentence = f"cell {cells}: differs between two runs in one environment; that is nondeterminism, not drift"
        console.print(labelled("Varying", sentence))
    if receipt.difference is not None:
        shown = receipt.comparison is not None and not receipt.comparison.same
        print_difference(receipt.difference, console, with_values=not shown)
    if receipt.comparison is not None:
        print_differences(receipt.comparison, console)
    print_masks(receipt.masks or (receipt.comparison.masks if receipt.comparison else ()), console)
    for note in receipt.notes:
        console.print(labelled("Note", note))
