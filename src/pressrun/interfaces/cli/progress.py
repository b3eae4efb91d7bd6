"""How a long command shows what it is doing: on stderr, live on a terminal, plain lines elsewhere."""

from __future__ import annotations

import contextlib
import sys
from collections.abc import Iterator

from pressrun.actions.progress import Progress, Silent
from pressrun.interfaces.cli.cell_marks import DIGEST_FROM, cell_name
from pressrun.interfaces.cli.figures import duration, size
from pressrun.notebook.replay.events import (
    CellFinished,
    CellStarted,
    Notice,
    ReplayEvent,
    ReplayStarted,
)


@contextlib.contextmanager
def make_progress(*, quiet: bool = False) -> Iterator[Progress]:
    """Give what shows the progress of a command.

    Args:
        quiet: show nothing, as with ``--json`` where nobody looks at stderr.
    """
    if sys.stderr.isatty() and not quiet:
        from pressrun.interfaces.cli.terminal_progress import TerminalProgress

        with TerminalProgress() as progress:
            yield progress
    else:
        yield Silent() if quiet else PlainProgress()


class PlainProgress:
    """One line on stderr for each thing that happened: for logs."""

    def __init__(self) -> None:
        self._total = 0
        self._done = 0
        self._lines: dict[int, str] = {}

    def stage(self, text: str) -> None:
        """Begin a stage."""
        self._say(text)

    def event(self, event: ReplayEvent) -> None:
        """Show a replay's event."""
        if isinstance(event, ReplayStarted):
            self._total, self._done = len(event.cells), 0
            self._say(f"running {self._total} cells in {event.kernel}")
        elif isinstance(event, CellStarted):
            self._lines[event.cell] = event.first_line
        elif isinstance(event, CellFinished):
            self._done += 1
            used = f"{duration(event.seconds)}, {size(event.memory_bytes)}"
            line = self._lines.pop(event.cell, "")
            self._say(f"[{self._done}/{self._total}] {cell_name(event.cell)} {event.status} ({used})  {line}")
        elif isinstance(event, Notice):
            self._say(event.text)

    def digested(self, path: str, done: int, total: int) -> None:
        """Show when a large input has been read."""
        if done == total >= DIGEST_FROM:
            self._say(f"read {path} ({size(total)})")

    @staticmethod
    def _say(text: str) -> None:
        sys.stderr.write(text + "\n")
        sys.stderr.flush()
