"""What a replay tells while it runs. One JSON line each from the child to the parent; callbacks get the records."""

from __future__ import annotations

import msgspec

from pressrun.records.replay import CellStatus


class ReplayStarted(msgspec.Struct, frozen=True, tag=True):
    """Cells are known: `cells` holds the index of each cell that is expected to run, -1 for the injected one."""

    cells: tuple[int, ...]
    kernel: str


class KernelReady(msgspec.Struct, frozen=True, tag=True):
    """The kernel answered. `process` is its process id, `python` its language version."""

    process: int
    python: str
    seconds: float


class CellStarted(msgspec.Struct, frozen=True, tag=True):
    """A cell was sent to the kernel; `first_line` is the first line of its code."""

    cell: int
    first_line: str


class CellProgress(msgspec.Struct, frozen=True, tag=True):
    """A cell still runs, told about once a second."""

    cell: int
    seconds: float
    memory_bytes: int
    output_bytes: int


class CellFinished(msgspec.Struct, frozen=True, tag=True):
    """A cell ended."""

    cell: int
    status: CellStatus
    seconds: float
    memory_bytes: int
    output_bytes: int


class Notice(msgspec.Struct, frozen=True, tag=True):
    """Something the reader should know now: a second start of the kernel, a cell being interrupted."""

    text: str


ReplayEvent = ReplayStarted | KernelReady | CellStarted | CellProgress | CellFinished | Notice
