"""What the running registered cell opens, starts and reads: the observer, in the kernel a person works in.

The recorder is the one that a replay sends into its kernel. It writes to a private temporary folder, so that forked
workers tell what they read too. An audit hook cannot be removed from a process; there is one for all time, and it
returns at once when nothing records.
"""

from __future__ import annotations

import mmap
import os
import shutil
import struct
import sys
from collections.abc import Callable
from threading import get_ident
from types import FrameType
from typing import Any, Final

import msgspec

from pressrun.interfaces.magics.guards import Guard
from pressrun.interfaces.magics.leftovers import MARKER, hold, new_folder
from pressrun.notebook.replay.recorders import external_reads, file_accesses, spooled_lines
from pressrun.observer.recorder import OWN_FILES, Recorder, children_used
from pressrun.observer.watch import LibraryWatch
from pressrun.records.capture import ExternalRead, FileAccess, ProcessStart

OUTSIDE = -1
UNCOUNTED = (RecursionError, MemoryError)  # in a hook these are the state of the user's program, no fault of ours


class Seen(msgspec.Struct, frozen=True, kw_only=True):
    """What one run of a cell opened and started.

    Attributes:
        faults: how often the recorder failed meanwhile.
        shared: whether another registered cell ran at the same time.
        children: whether a child process has ended meanwhile.
    """

    files: tuple[FileAccess, ...] = ()
    starts: tuple[ProcessStart, ...] = ()
    external: tuple[ExternalRead, ...] = ()
    faults: int = 0
    shared: bool = False
    children: bool = False


class LiveLibraries(LibraryWatch):
    """Watches libraries through the session's guard, and tells nothing while no registered cell runs.

    Args:
        recorder: is told.
        guard: calls what is ours inside calls of the user's.
    """

    def __init__(self, recorder: LiveRecorder, guard: Guard) -> None:
        self._guard = guard
        self._live = recorder
        self._begins = False
        super().__init__(recorder)

    def install(self) -> None:
        """Begin; this one time our own work is what is to be done."""
        self._begins = True
        super().install()
        self._begins = False

    def guarded(self, function: Callable[..., Any], *, always: bool = False) -> Callable[..., Any]:
        """Return `function` so that nothing of it is felt."""
        importing = getattr(function, "__self__", None) is self
        name = "import" if importing or always else "adapter"
        recorder, guard = self._live, self._guard

        def call(*args: Any) -> Any:
            __tracebackhide__ = True
            deaf = not self.active or not (importing or recorder.is_recording)
            if not always and (deaf or (guard.busy() and not self._begins)):
                return None
            thread = get_ident()
            if thread in recorder.busy or thread in recorder.quiet:
                return None
            recorder.busy.add(thread)
            try:
                return guard.run(name, function, args)
            finally:
                recorder.busy.discard(thread)

        return call


class LiveRecorder(Recorder):
    """A recorder that knows which thread runs which cell; other threads belong to the latest one.

    Args:
        folder: where it writes.
        guard: calls its handlers.
    """

    def __init__(self, folder: str, guard: Guard) -> None:
        super().__init__(folder)
        self.threads: dict[int, int] = {}
        self.is_recording = False
        self.missed = 0
        self._guard = guard
        self.libraries = LiveLibraries(self, guard)

    def cell(self) -> int:
        """Return the number of the run that the calling thread belongs to, -1 outside any."""
        return self.threads.get(get_ident()) or super().cell()

    def caller(self) -> str:
        """Return the file name of the code that called into the recorder."""
        frame: FrameType | None = sys._getframe(1)  # noqa: SLF001  frames tell who asks
        while frame is not None and frame.f_code.co_filename in BETWEEN:
            frame = frame.f_back
        return frame.f_code.co_filename if frame is not None else ""

    def heard(self, event: str, args: tuple[Any, ...]) -> None:
        """Take an audit event."""
        handler = self.handlers.get(event)
        if handler is None or self._guard.busy():
            return
        thread = get_ident()
        if thread in self.busy or thread in self.quiet:
            return
        self.busy.add(thread)
        try:
            self._guard.run("audit", handler, (args,))
        finally:
            self.busy.discard(thread)


class Watching:
    """Records what happens between `begin` and `end`.

    Args:
        guard: calls the recorder's handlers.
    """

    def __init__(self, guard: Guard) -> None:
        self.folder = new_folder()
        self._held = open(os.path.join(self.folder, MARKER), "w+b")  # noqa: PTH118, PTH123, SIM115
        hold(self._held.fileno())
        self._held.write(struct.pack("<i", OUTSIDE))
        self._held.flush()
        self._marker = mmap.mmap(self._held.fileno(), 4)
        guard.work.update({"audit": _call, "adapter": _call, "import": _call})
        self.recorder = LiveRecorder(self.folder, guard)
        self._read_to = 0  # bytes of the spool that were there when a cell ended last
        self._active: dict[int, int] = {}  # number of a run -> where its lines begin in the spool
        self._shared: set[int] = set()
        self._children: dict[int, tuple[float, ...]] = {}
        _install(self.recorder)
        self.recorder.libraries.install()

    def begin(self, number: int) -> None:
        """Attribute to this run what comes from now on."""
        self._children[number] = children_used()
        if not self._active:
            self.recorder.seen.clear()
        self._active[number] = self._read_to
        if len(self._active) > 1:
            self._shared.update(self._active)
        self.recorder.threads[get_ident()] = number
        self._mark(number)
        self.recorder.is_recording = True

    def end(self, number: int) -> Seen:
        """Return what this run did; nothing more is attributed to it."""
        offset = self._active.pop(number, None)
        self.recorder.threads = {thread: run for thread, run in self.recorder.threads.items() if run != number}
        self.recorder.is_recording = bool(self._active)
        self._mark(max(self._active, default=OUTSIDE))
        children = self._children.pop(number, ())
        if offset is None:
            return Seen()
        lines = self._lines(number, offset)
        faults = self.recorder.faults + self.recorder.missed
        self.recorder.faults = self.recorder.missed = 0
        shared = number in self._shared
        self._shared.discard(number)
        return Seen(
            files=file_accesses(lines),
            starts=tuple(ProcessStart(what=line["e"], target=line["w"], cell=0) for line in lines if "w" in line),
            external=external_reads(lines),
            faults=faults,
            shared=shared,
            children=children_used() > children,
        )

    def _lines(self, number: int, offset: int) -> list[dict[str, Any]]:
        self._read_to = os.stat(self.recorder.events.path).st_size  # noqa: PTH116
        if self._read_to <= offset:
            return []
        with open(self.recorder.events.path, "rb") as spool:  # noqa: PTH123
            spool.seek(offset)
            whole = spool.read().rpartition(b"\n")[0]
        if not self._active:
            os.truncate(self.recorder.events.path, 0)
            self._read_to = 0
        return [line for line in spooled_lines(whole) if line.get("c") == number]

    def quiet_thread(self) -> None:
        """Never record what the calling thread does: it is ours."""
        self.recorder.quiet.add(get_ident())

    def close(self) -> None:
        """Record nothing any more, and leave nothing behind."""
        self.recorder.is_recording = False
        if _hooked[:] == [self.recorder]:
            _hooked.clear()
        self.recorder.libraries.uninstall()
        os.close(self.recorder.events.descriptor)
        os.close(self.recorder.statuses.descriptor)
        self.recorder.marker.close()
        self._marker.close()
        self._held.close()
        shutil.rmtree(self.folder, ignore_errors=True)

    def _mark(self, number: int) -> None:
        struct.pack_into("<i", self._marker, 0, number)


def _call(function: Callable[..., Any], args: tuple[Any, ...]) -> Any:
    try:
        return function(*args)
    except UNCOUNTED:
        _miss()
        return None


def _miss() -> None:
    for recorder in _hooked:
        recorder.missed += 1


BETWEEN: Final = OWN_FILES | {_call.__code__.co_filename, Guard.run.__code__.co_filename}
_hooked: list[LiveRecorder] = []
_is_installed = False


def _install(recorder: LiveRecorder) -> None:
    global _is_installed  # noqa: PLW0603  a hook is for the process, and for ever
    _hooked[:] = [recorder]
    if not _is_installed:
        _is_installed = True
        sys.addaudithook(_hook)


def _hook(event: str, args: tuple[Any, ...]) -> None:
    for recorder in _hooked:
        if recorder.is_recording:
            try:
                recorder.heard(event, args)
            except UNCOUNTED:
                recorder.missed += 1
