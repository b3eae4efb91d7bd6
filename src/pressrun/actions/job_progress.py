"""What a job tells while it runs: lines in a file that only grows, and what they add up to."""

from __future__ import annotations

import os
import time
from pathlib import Path

import msgspec

from pressrun.notebook.replay.events import (
    CellFinished,
    CellProgress,
    CellStarted,
    Notice,
    ReplayEvent,
    ReplayStarted,
)
from pressrun.records.panel.jobs import JobCell
from pressrun.records.replay import CellStatus
from pressrun.store.jobs import PROGRESS, JobFolder

CELL_PROGRESS_S = 5.0  # between two lines about a cell that still runs
DIGESTED_S = 1.0  # between two lines about a file that is read
MAX_READ_BYTES = 64 << 20
MAX_NOTES = 50


class Staged(msgspec.Struct, frozen=True, tag="stage"):
    """A stage began; `at` is seconds since 1970."""

    at: float
    text: str


class Told(msgspec.Struct, frozen=True, tag="event"):
    """Something happened in a replay."""

    at: float
    event: ReplayEvent


class Digested(msgspec.Struct, frozen=True, tag="digested"):
    """So many of so many bytes of one input were read."""

    at: float
    path: str
    done: int
    total: int


_LINE = msgspec.json.Decoder(Staged | Told | Digested)


class JobProgress:
    """Writes what happens into the job's progress file, a line each, as it happens.

    Args:
        folder: the job's.
    """

    def __init__(self, folder: JobFolder) -> None:
        flags = os.O_WRONLY | os.O_CREAT | os.O_APPEND | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_CLOEXEC", 0)
        self._descriptor = os.open(folder.path / PROGRESS, flags, 0o600)
        self._quiet_until = 0.0

    def close(self) -> None:
        """Close the file."""
        os.close(self._descriptor)

    def stage(self, text: str) -> None:
        """Tell of a stage."""
        self._quiet_until = 0.0
        self._write(Staged(time.time(), text))

    def event(self, event: ReplayEvent) -> None:
        """Tell of an event; of one cell's progress only every few seconds, since a run may take days."""
        if isinstance(event, CellProgress) and not self._is_due(CELL_PROGRESS_S):
            return
        self._write(Told(time.time(), event))

    def digested(self, path: str, done: int, total: int) -> None:
        """Tell how far a large input has been read."""
        if done == total or self._is_due(DIGESTED_S):
            self._write(Digested(time.time(), Path(path).name, done, total))

    def _is_due(self, pause_s: float) -> bool:
        now = time.monotonic()
        if now < self._quiet_until:
            return False
        self._quiet_until = now + pause_s
        return True

    def _write(self, line: Staged | Told | Digested) -> None:
        os.write(self._descriptor, msgspec.json.encode(line) + b"\n")


class Followed:
    """What a job's progress adds up to; `more` takes in what was appended since.

    Args:
        folder: the job's.

    Attributes:
        began: seconds since 1970, 0.0 before it began.
        stage: what it is doing, in words.
        cells: by index in the source notebook, in the order they run.
        notes: what the reader should know.
    """

    def __init__(self, folder: JobFolder) -> None:
        self._folder = folder
        self._offset = 0
        self.began = 0.0
        self.stage = ""
        self.cells: dict[int, JobCell] = {}
        self.expected = 0
        self.notes: list[str] = []

    def settled(self) -> tuple[JobCell, ...]:
        """Return the cells of a job that has ended: none of them runs, and none will."""
        ends: dict[str, CellStatus] = {"waiting": "never-ran", "running": "interrupted"}
        return tuple(
            msgspec.structs.replace(cell, status=ends.get(cell.status, cell.status)) for cell in self.cells.values()
        )

    @property
    def done(self) -> int:
        """How many cells have ended."""
        return sum(1 for cell in self.cells.values() if cell.status not in {"waiting", "running"})

    def more(self) -> list[JobCell | None]:
        """Take in what is new.

        Returns:
            What changed: a cell, or None where it was the stage or something else of the whole.
        """
        raw = self._folder.read(PROGRESS, MAX_READ_BYTES, self._offset) or b""
        whole = raw[: raw.rfind(b"\n") + 1]
        self._offset += len(whole)
        changed: list[JobCell | None] = []
        for line in whole.splitlines():
            try:
                changed += self._take(_LINE.decode(line))
            except msgspec.MsgspecError:
                continue  # not from this version, or not from a job at all
        return changed

    def _take(self, line: Staged | Told | Digested) -> list[JobCell | None]:
        self.began = self.began or line.at
        if isinstance(line, Staged):
            self.stage = line.text
        elif isinstance(line, Digested):
            self.stage = f"Reading {line.path}: {line.done * 100 // max(1, line.total)} %"
        else:
            return self._event(line.event)
        return [None]

    def _event(self, event: ReplayEvent) -> list[JobCell | None]:
        if isinstance(event, ReplayStarted):
            self.cells = {index: JobCell(cell=index, status="waiting") for index in event.cells}
            self.expected = len(event.cells)
            return [None]
        if isinstance(event, Notice):
            if len(self.notes) < MAX_NOTES:
                self.notes.append(event.text)
            return [None]
        if isinstance(event, CellStarted):
            return [self._put(JobCell(cell=event.cell, status="running"))]
        if isinstance(event, CellProgress):
            running = JobCell(
                cell=event.cell, status="running", duration_s=event.seconds, memory_bytes=event.memory_bytes
            )
            return [self._put(running)]
        if isinstance(event, CellFinished):
            ended = JobCell(
                cell=event.cell, status=event.status, duration_s=event.seconds, memory_bytes=event.memory_bytes
            )
            return [self._put(ended)]
        return [None]  # the kernel answered

    def _put(self, cell: JobCell) -> JobCell:
        self.cells[cell.cell] = cell
        return cell
