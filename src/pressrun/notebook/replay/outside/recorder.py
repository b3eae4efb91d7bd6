"""The recorder that looks from outside: the kernel is started under a tracer that writes a line a call."""

from __future__ import annotations

import os
import select
import threading
import time
from collections.abc import Callable
from pathlib import Path

import msgspec

from pressrun.notebook.replay.outside.command import tracer_words
from pressrun.notebook.replay.outside.files import CUT, LIMIT, LOG, START, Begin, mark
from pressrun.records.capture import Observation

NAME = "strace"
LOOK_S = 0.5
LAST_LINES_S = 10.0


class StraceRecorder:
    """Starts the kernel under strace, marks in its output which cell runs, and reads it afterwards.

    Args:
        program: strace, which a probe has found to work.
        folders: absolute paths of our own folders, in which nothing is the notebook's data.
        limit: bytes of the trace that are kept.
        looks: whether calls that only look for a file are recorded, too.
    """

    name = NAME

    def __init__(self, program: str, folders: tuple[str, ...] = (), limit: int = LIMIT, *, looks: bool = False) -> None:
        self.own_process = 0
        self._folders = folders
        self._program = program
        self._limit = limit
        self._looks = looks
        self._log: int | None = None
        self._path = Path()
        self._hello = ""
        self._over = threading.Event()

    def prefix(self, folder: Path) -> list[str]:
        """Return the words that start the kernel under the tracer."""
        self._path = folder / LOG
        self._path.unlink(missing_ok=True)  # of a kernel that did not start
        if self._log is not None:
            os.close(self._log)
        self._log = os.open(self._path, os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC, 0o600)
        hello = folder / f"hello-{time.time_ns()}"
        hello.touch()
        self._hello = str(hello)
        begin = Begin(at=time.time(), folders=self._folders, hello=self._hello)
        (folder / START).write_bytes(msgspec.json.encode(begin))
        return tracer_words(self._program, self._path, looks=self._looks)

    def begin(self, folder: Path, process: int, ask: Callable[[str], bool]) -> None:
        """Make the kernel itself show up in the trace, and keep the trace from growing without end."""
        if self._log is None:
            return
        self.own_process = _tracer_of(process)
        path, system = repr(self._hello), '__import__("os")'
        ask(f"{system}.path.exists({path}) and {system}.close({system}.open({path}, 0))")
        threading.Thread(target=self._bound, args=(folder / CUT,), daemon=True).start()

    def enter(self, cell: int) -> None:
        """Mark in the trace that this cell comes."""
        if self._log is not None:
            os.write(self._log, mark(cell))

    def finish(self, ask: Callable[[str], bool]) -> None:
        """Do nothing: the trace ends with the last process."""

    def close(self) -> None:
        """Wait until the tracer has written its last line; all that it traces has ended."""
        self._over.set()
        if self._log is None:
            return
        wait_for(self.own_process, LAST_LINES_S)
        os.close(self._log)
        self._log = None

    def observation(self, folder: Path) -> Observation:
        """Read the trace."""
        from pressrun.notebook.replay.outside.trace import as_observation, read_trace  # noqa: PLC0415  not in the driver

        return as_observation(read_trace(folder, self._limit))

    def _bound(self, cut: Path) -> None:
        """Cut off what goes beyond the limit, again and again: the tracer must not be stopped, or no file opens."""
        while not self._over.wait(LOOK_S):
            if self._path.stat().st_size > self._limit:
                cut.touch()
                os.truncate(self._path, self._limit)


def _tracer_of(process: int) -> int:
    """Return the process that traces `process`, 0 when there is none."""
    try:
        lines = Path(f"/proc/{process}/status").read_text(encoding="ascii", errors="replace").splitlines()
    except OSError:
        return 0
    return next((int(line.split()[1]) for line in lines if line.startswith("TracerPid:")), 0)


def wait_for(process: int, limit_s: float) -> None:
    """Wait for a process that is perhaps our child to end, without taking its status: its time is none of the run's."""
    if not process:
        return
    try:
        descriptor = os.pidfd_open(process)
    except OSError:
        return
    try:
        select.select([descriptor], [], [], limit_s)
    finally:
        os.close(descriptor)
