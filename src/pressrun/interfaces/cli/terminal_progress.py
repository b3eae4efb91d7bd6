"""Progress on a terminal."""

from __future__ import annotations

import time

from rich.console import Console, RenderableType
from rich.live import Live
from rich.spinner import Spinner
from rich.table import Table
from rich.text import Text

from pressrun.interfaces.cli.cell_marks import DIGEST_FROM, FAILED_MARK, MARKS, cell_name
from pressrun.interfaces.cli.figures import duration, size
from pressrun.notebook.replay.events import (
    CellFinished,
    CellProgress,
    CellStarted,
    KernelReady,
    ReplayEvent,
    ReplayStarted,
)

REFRESH_HZ = 8.0


class TerminalProgress:
    """A line for each cell that ended, and below them what runs now, with its time and memory."""

    def __init__(self) -> None:
        self._stage = ""
        self._total = 0
        self._done = 0
        self._running: CellStarted | None = None
        self._since = time.monotonic()
        self._memory = 0
        self._output = 0
        self._spinner = Spinner("dots", style="cyan")
        self._live = Live(  # last: it looks at all of the above at once
            console=Console(stderr=True, highlight=False),
            get_renderable=self._now,
            refresh_per_second=REFRESH_HZ,
            transient=True,
        )

    def __enter__(self) -> TerminalProgress:
        self._live.start()
        return self

    def __exit__(self, *exception: object) -> None:
        self._live.stop()

    def stage(self, text: str) -> None:
        """Begin a stage."""
        self._stage, self._running, self._since = text, None, time.monotonic()

    def event(self, event: ReplayEvent) -> None:
        """Show a replay's event."""
        if isinstance(event, ReplayStarted):
            self._total, self._done = len(event.cells), 0
            self._wait_for(f"starting a kernel in {event.kernel}")
        elif isinstance(event, KernelReady):
            self._wait_for("kernel ready")
        elif isinstance(event, CellStarted):
            self._running, self._since, self._output = event, time.monotonic(), 0
        elif isinstance(event, CellProgress):
            self._memory, self._output = event.memory_bytes, event.output_bytes
        elif isinstance(event, CellFinished):
            self._finish(event)
        else:
            self._live.console.print(event.text, style="yellow", markup=False)

    def digested(self, path: str, done: int, total: int) -> None:
        """Show how far a large input has been read."""
        if total >= DIGEST_FROM:
            self._stage = f"reading {path}: {size(done)} of {size(total)}"

    def _wait_for(self, text: str) -> None:
        self.stage(text)
        self._memory = 0

    def _finish(self, event: CellFinished) -> None:

        self._done += 1
        self._memory = event.memory_bytes
        first_line = self._running.first_line if self._running else ""
        self._running, self._since = None, time.monotonic()
        mark, style = MARKS.get(event.status, FAILED_MARK)
        figures = f"{duration(event.seconds):>10} {size(event.memory_bytes):>9}"
        left = Text.assemble((mark, style), f" {cell_name(event.cell):<11}")
        self._live.console.print(self._row(left, first_line, figures))

    def _row(self, left: RenderableType, middle: str, right: str) -> RenderableType:
        """Return one line: the middle gives way when the terminal is narrow."""
        row = Table.grid(expand=True, padding=(0, 1))
        row.add_column(no_wrap=True)
        row.add_column(no_wrap=True, overflow="ellipsis", ratio=1, style="dim")
        row.add_column(no_wrap=True, justify="right")
        row.add_row(left, Text(middle, no_wrap=True, overflow="ellipsis"), right)
        return row

    def _now(self) -> RenderableType:

        running = self._running
        if running is None:
            self._spinner.update(text=Text(f" {self._stage}"))
            return self._spinner
        figures = f"{duration(time.monotonic() - self._since):>10} {size(self._memory):>9}"
        output = f"  {size(self._output)} of output" if self._output > 2**20 else ""
        where = Text(f"▸ {cell_name(running.cell):<11}", style="cyan")
        return self._row(where, f"[{self._done + 1}/{self._total}] {running.first_line}{output}", figures)
