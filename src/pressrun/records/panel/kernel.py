"""What a kernel tells a panel over comms: a snapshot, then what changes, each message with the next number."""

from __future__ import annotations

from typing import Literal

import msgspec

from pressrun.records.live import CellReceipt, LiveCapture
from pressrun.records.panel import PROTOCOL


class KernelSnapshot(msgspec.Struct, frozen=True, kw_only=True):
    """First message on comm ``pressrun``: all that this kernel's session knows.

    Attributes:
        seq: number of this message; each later one has the next.
        extension: version of pressrun in the kernel.
        session: id of the kernel session.
        capture: whether cells are captured; `problem` why not.
        notebook: as the kernel knows it, empty where nobody told it.
        running: id of the registered cell that runs, empty when none does; `running_since` UTC.
        cells: the newest receipt of each cell that was captured in this or an earlier session.
        partial: why this is not the capture of one whole run.
    """

    type: Literal["snapshot"] = "snapshot"
    protocol: int = PROTOCOL
    seq: int = 0
    extension: str = ""
    session: str = ""
    capture: bool = True
    problem: str = ""
    notebook: str = ""
    running: str = ""
    running_since: str = ""
    captured: LiveCapture | None = None


class KernelStarted(msgspec.Struct, frozen=True, kw_only=True):
    """Delta: a registered cell began."""

    type: Literal["started"] = "started"
    seq: int
    cell_id: str
    since: str


class KernelCaptured(msgspec.Struct, frozen=True, kw_only=True):
    """Delta: a registered cell ended; `partial` is that of the whole capture now."""

    type: Literal["captured"] = "captured"
    seq: int
    receipt: CellReceipt
    partial: tuple[str, ...] = ()


class KernelStopped(msgspec.Struct, frozen=True, kw_only=True):
    """Delta: capturing has stopped in this kernel, or was undone; ask for a new snapshot where `again` is set."""

    type: Literal["stopped"] = "stopped"
    seq: int
    problem: str = ""
    again: bool = False


class KernelQuestion(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Asked on comm ``pressrun.ask``, one message a question; `id` is the asker's own.

    Attributes:
        ask: ``snapshot``; ``undo`` to forget the newest receipt of `cell_id`; or ``declare`` to say which cells are
            declared by their metadata or tags, of which a kernel is not told.
        declared: for ``declare``: id of the cell -> the words after ``%%register``, of all such cells of the notebook.
    """

    id: str
    ask: Literal["snapshot", "undo", "declare"]
    cell_id: str = ""
    declared: dict[str, str] = {}


class KernelAnswer(msgspec.Struct, frozen=True, kw_only=True):
    """Answer on comm ``pressrun.ask``: exactly one of `snapshot`, `done` and `error` is meant."""

    type: Literal["answer"] = "answer"
    id: str
    snapshot: KernelSnapshot | None = None
    done: str = ""
    error: str = ""
