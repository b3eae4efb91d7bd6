"""What ``pressrun replay`` tells a reader in the end."""

from __future__ import annotations

import os

from rich.console import Console
from rich.text import Text

from pressrun.interfaces.cli.cell_marks import cell_name
from pressrun.interfaces.cli.coverage_view import coverage_lines
from pressrun.interfaces.cli.figures import duration, size
from pressrun.interfaces.cli.sandbox_view import sandbox_lines
from pressrun.records.replay import Failure, Replay

TRACEBACK_LINES = 25
OUTPUT_LINES = 6
RAN = {"completed", "raised-as-expected"}


def print_replay(replay: Replay, *, bundle: bool = False) -> None:
    """Print the verdict, what failed and why, what a sandbox showed, and where the executed notebook is."""
    console = Console(highlight=False, soft_wrap=True)
    expected = [run for run in replay.cells if run.status != "skipped"]
    ran = sum(run.status in RAN for run in expected)
    verdict = Text(replay.verdict, style="bold green" if replay.ok else "bold red")
    facts = f"  {ran} of {len(expected)} cells, {duration(replay.duration_s)}, {size(replay.peak_memory_bytes)} at most"
    console.print(Text.assemble(verdict, facts))
    if replay.failure is not None:
        _print_failure(console, replay.failure)
    if replay.sandbox is not None:
        first, *rest = sandbox_lines(replay.sandbox, hermetic=replay.hermetic, bundle=bundle)
        console.print(Text.assemble(("hermetic: ", "dim"), first))
        for line in rest:
            console.print(Text.assemble("  ", line))
    first, *rest = coverage_lines(replay.observation.coverage)
    console.print(Text.assemble(("inputs seen: ", "dim"), first))
    for line in rest:
        console.print(Text.assemble("  ", line))
    console.print(Text.assemble(("executed notebook: ", "dim"), os.path.relpath(replay.executed)))


def _print_failure(console: Console, failure: Failure) -> None:
    if failure.cell is not None:
        line = f", line {failure.line}" if failure.line else ""
        after = f" after {duration(failure.duration_s)} with {size(failure.peak_memory_bytes)}"
        console.print(Text(f"  {cell_name(failure.cell)}{line}{after}"))
    console.print(Text(f"  {failure.message}", style="red"))
    for output in failure.last_outputs:
        _print_tail(console, "last output", output, OUTPUT_LINES)
    if failure.traceback:
        _print_tail(console, "traceback", failure.traceback, TRACEBACK_LINES)


def _print_tail(console: Console, title: str, text: str, most: int) -> None:
    lines = text.rstrip().splitlines()
    shown = lines[-most:]
    cut = f" (last {most} of {len(lines)} lines)" if len(lines) > most else ""
    console.print(Text(f"  {title}{cut}:", style="dim"))
    for line in shown:
        console.print(Text(f"    {line}"))
