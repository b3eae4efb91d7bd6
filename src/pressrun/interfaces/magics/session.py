"""pressrun in one IPython shell: what hears of every cell, and does next to nothing for one that is not registered.

Everything a capture needs (`pressrun.interfaces.magics.capturing`) is loaded when the first cell is registered. In a
kernel that a replay observes nothing is captured: the replay's own observer is there.
"""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Callable
from datetime import datetime, timedelta, timezone
from itertools import filterfalse
from threading import RLock, get_ident
from typing import TYPE_CHECKING, Any, Final

from pressrun.interfaces.magics.guards import Guard
from pressrun.notebook.declaration_lines import below_remarks, declaration_lines, lines_to_run

if TYPE_CHECKING:
    from pressrun.interfaces.magics.capturing import Capturing
    from pressrun.interfaces.magics.channel import Channel
    from pressrun.records.cells import Declaration

OBSERVED_BY_REPLAY: Final = "_pressrun_observer"
NAMES_LIMIT: Final = 5000  # names of the user; with more of them, who defined which is not followed
UNPREPARED: Final = "pressrun could not be made ready"
NOT_CAPTURED: Final = "pressrun: this cell is not captured ({}). It ran as always; %register status tells more."
STOPPED: Final = (
    "pressrun: capturing has stopped in this kernel after several faults of pressrun's own. Cells run as always; "
    "%register status tells more, and after a restart of the kernel capturing starts again."
)


class Run:
    """One run of a cell, from `pre_run_cell` to `post_run_cell`.

    Attributes:
        count: its number in the history, 0 where it has none; known at its end.
        declared: what the cell is declared to be, None when it is not registered.
        problem: why its declaration counts for nothing, empty when it is fine.
        words: of a declaration that is not in its source, empty when it is.
        before: the user's names when it began; only for a registered cell.
    """

    __slots__ = ("before", "began", "count", "declared", "info", "number", "problem", "words")

    def __init__(self, info: Any) -> None:
        self.info = info
        self.count = 0
        self.declared: Declaration | None = None
        self.problem = ""
        self.words = ""
        self.number = 0
        self.began = 0.0
        self.before: dict[str, int] = {}

    @property
    def cell_id(self) -> str:
        """The notebook's id of the cell, empty where the front end gives none."""
        return str(getattr(self.info, "cell_id", None) or "")

    @property
    def since(self) -> str:
        """When it began, UTC."""
        return (datetime.now(timezone.utc) - timedelta(seconds=time.monotonic() - self.began)).isoformat()


class Session:
    """Hears of the cells of one shell.

    Args:
        shell: the IPython shell.

    Attributes:
        id: of this session, in receipts.
        channel: to panels; None where the shell is no kernel's.
        declared: id of a cell that is declared in the notebook and not in its source -> the declaration's words, as a
            panel told them.
    """

    def __init__(self, shell: Any) -> None:
        self.shell = shell
        self.guard = Guard()
        self.folder = _working_directory()
        self.names: dict[str, int] = {}
        self.origins: dict[str, str] = {}  # name -> what bound it last, in words; empty for a registered cell
        self.id = os.urandom(6).hex()
        self.capturing: Capturing | None = None
        self.channel: Channel | None = None
        self.declared: dict[str, str] = {}
        self.told_stop = False
        self._runs: dict[int, list[Run]] = {}
        self._hidden: set[str] = set()  # names that begin with "_": IPython adds up to three with every cell
        self._number = 0
        self._preparing = RLock()
        self.guard.work.update(
            transformer=lines_to_run,
            pre_run_cell=self._begin,
            post_run_cell=self._end,
            prepare=self._prepare,
            notice=self._tell_missing,
            atexit=self._finish,
        )

    def transform(self, lines: list[str]) -> list[str]:
        """Return a cell's lines without its declaration; called many times a cell, and can never raise."""
        given: list[str] = self.guard.run("transformer", lines, default=lines)
        return given

    transform.has_side_effects = True  # type: ignore[attr-defined]  # so a terminal goes on reading below the first line

    def before_cell(self, info: Any) -> None:
        """Hear that a cell is about to run."""
        self.guard.run("pre_run_cell", info)
        if self.channel is not None and self.channel.is_open:
            self.channel.flush("started")

    def after_cell(self, result: Any) -> None:
        """Hear that a cell has run; its own outputs are out. A registered one gets its receipt, or a word why not."""
        self.guard.forgive()
        if not self.guard.run("post_run_cell", result, default=False):
            self.guard.run("notice", result)
        if self.channel is not None and self.channel.is_open:
            self.channel.cell_ended(getattr(result, "info", None))

    def at_exit(self) -> None:
        """Hear that the process ends."""
        self.guard.run("atexit")

    def start(self) -> None:
        """Remember which names there are before anything is captured."""
        self.names = self._names()
        self.origins = dict.fromkeys(self.names, "it was there before pressrun was loaded")
        kernel = getattr(self.shell, "kernel", None)
        if getattr(kernel, "comm_manager", None) is not None:
            from pressrun.interfaces.magics.channel import Channel  # noqa: PLC0415  a terminal needs none

            self.channel = Channel(self, kernel)
            self.channel.open()

    def note(self, what: str, about: Any = None) -> None:
        """Remember something that panels are told when the cell is over; where none is connected, do nothing."""
        if self.channel is not None:
            self.channel.note(what, about)

    def tell(self, what: str, about: Any = None) -> None:
        """Tell panels something at once."""
        if self.channel is not None:
            self.channel.note(what, about)
            self.channel.flush()

    def running(self, over: Any = None) -> list[Run]:
        """Return the runs of registered cells that are going on, in the order in which they began; from any thread.

        Args:
            over: what IPython says of a cell that has ended, whether or not we have heard of that.
        """
        runs = [run for stack in list(self._runs.values()) for run in list(stack)]
        return sorted((run for run in runs if run.began and run.info is not over), key=lambda run: run.began)

    def unheard(self, function: Callable[..., Any]) -> Callable[..., Any]:
        """Return a function of ours so that what its thread does is in no receipt of a cell that runs meanwhile."""

        def call(*args: Any) -> Any:
            capturing, thread = self.capturing, get_ident()
            busy = capturing.watching.recorder.busy if capturing is not None else set()
            if thread in busy:
                return function(*args)
            busy.add(thread)
            try:
                return function(*args)
            finally:
                busy.discard(thread)

        return call

    def stop_told(self) -> str:
        """Return why nothing is captured in this kernel any more, empty while it is."""
        return STOPPED.removeprefix("pressrun: ") if "capture" in self.guard.stopped else ""

    def close(self) -> None:
        """Leave nothing behind in the process but a hook that does nothing."""
        if self.channel is not None:
            self.channel.close()
            self.channel = None
        self.guard.run("atexit")
        self.capturing = None
        self.guard.close()

    def prepared(self) -> Capturing | None:
        """Return what captures, made when it is needed first; None where it cannot be."""
        with self._preparing:  # cells of two subshells may be the first ones
            if self.capturing is None:
                self.capturing = self.guard.run("prepare")
        return self.capturing

    def is_replayed(self) -> bool:
        """Whether a replay runs the notebook in this kernel: its own observer is there, and nothing is captured."""
        return OBSERVED_BY_REPLAY in sys.modules

    def is_declaration(self, line: str) -> bool:
        """Whether ``%register LINE`` is the declaration of the cell that runs: it got past a failing transformer."""
        runs = self._runs.get(get_ident(), [])
        lines = runs[-1].info.raw_cell.split("\n") if runs else []
        return any(lines[number].split() == ["%register", *line.split()] for number in declaration_lines(lines))

    def _prepare(self) -> Capturing:
        from pressrun.interfaces.magics.capturing import Capturing  # noqa: PLC0415  only when a cell is registered

        return Capturing(self)

    def is_ours(self) -> bool:
        """Whether to work at all: not in a forked child, and not where a replay observes."""
        return os.getpid() == self.guard.process and not self.is_replayed()

    def _begin(self, info: Any) -> None:
        if not self.is_ours():
            return
        stack = self._runs.setdefault(get_ident(), [])
        self._drop_lost(stack)
        run = Run(info)
        stack.append(run)
        words = self._words_of(info)
        if words is None:
            return
        capturing = self.prepared()
        if capturing is None:
            run.problem = UNPREPARED
            return
        run.words = words
        run.declared, run.problem = capturing.declaration_of(info.raw_cell, words)
        if run.declared is None:
            return
        if any(other.declared is not None for other in stack[:-1]):
            run.declared = None  # part of the registered cell that runs it
            return
        self._number += 1
        run.number = self._number
        run.before = self._names()
        capturing.begin(run)
        run.began = time.monotonic()
        self.note("started", run)

    def _end(self, result: Any) -> bool:
        """Take the end of a run; tell whether there is nothing more to be said of it."""
        if not self.is_ours():
            return True
        run = self._take(result)
        if run is None:
            return False
        outer = self._runs[get_ident()]
        if outer and (run.declared is None or any(other.declared is not None for other in outer)):
            return True  # what it did counts for the cell that runs it
        run.count = int(getattr(result, "execution_count", None) or 0) if run.info.store_history else 0
        now = self._names()
        changed = [name for name, identity in now.items() if self.names.get(name) != identity]
        gone = [name for name in self.names if name not in now]
        self.names = now
        if run.declared is not None and self.capturing is not None:
            self.capturing.end(run, result, now)
        else:
            self._note_unregistered(run, changed, now)
        for name in gone:
            self.origins.pop(name, None)
        return run.problem != UNPREPARED

    def _tell_missing(self, result: Any) -> None:
        """Say in a line that a registered cell was not captured; when capturing has stopped, say so once."""
        info = getattr(result, "info", None)
        if info is None or not self.is_ours() or self.told_stop or self._words_of(info) is None:
            return
        self.told_stop = "capture" in self.guard.stopped
        last = self.guard.faults[-1].error if self.guard.faults else "its beginning was not heard"
        text = STOPPED if self.told_stop else NOT_CAPTURED.format(last)
        self.shell.display_pub.publish(data={"text/plain": text}, metadata={"pressrun": {"notice": True}})

    def _words_of(self, info: Any) -> str | None:
        """Return what a panel said that a cell is; empty where its source says so itself, None where nobody does."""
        if may_declare(info.raw_cell):
            return ""
        return self.declared.get(getattr(info, "cell_id", None) or "") if self.declared else None

    def _note_unregistered(self, run: Run, changed: list[str], now: dict[str, int]) -> None:
        if changed:
            words = f"the unregistered cell [{run.count}]" if run.count else "a cell that left no number"
            self.origins.update(dict.fromkeys(changed, words))
        if self.capturing is not None and not run.problem:
            self.capturing.unregistered(run, now)

    def _take(self, result: Any) -> Run | None:
        """Return the run that has ended, None when its beginning was not heard."""
        stack = self._runs.get(get_ident(), [])
        info = getattr(result, "info", None)
        for position in range(len(stack) - 1, -1, -1):
            if info is None or stack[position].info is info or stack[position].info.raw_cell == info.raw_cell:
                run = stack[position]
                self._forget(stack[position + 1 :])
                del stack[position:]
                return run
        return None

    def _drop_lost(self, stack: list[Run]) -> None:
        """Forget runs whose end was never told: more of them than calls of the shell that are going on."""
        if not stack:
            return
        going_on = -1
        frame: Any = sys._getframe(1)  # noqa: SLF001  the only one who knows
        while frame is not None:
            going_on += frame.f_code.co_name == "run_cell_async"
            frame = frame.f_back
        self._forget(stack[max(going_on, 0) :])
        del stack[max(going_on, 0) :]

    def _forget(self, runs: list[Run]) -> None:
        for run in runs:
            if run.declared is not None and self.capturing is not None:
                self.capturing.abandon(run)

    def _names(self) -> dict[str, int]:
        """Return name -> identity of what the user's names stand for, those that begin with ``_`` left out."""
        names = self.shell.user_ns
        if len(names) > NAMES_LIMIT:
            return self.names
        names = names.copy()  # other threads may add to it
        likely = list(filterfalse(self._hidden.__contains__, names))
        self._hidden.update(name for name in likely if name[:1] == "_")
        return {name: id(names[name]) for name in likely if name[:1] != "_"}

    def _finish(self) -> None:
        if os.getpid() == self.guard.process and self.capturing is not None:
            self.capturing.finish()


def may_declare(raw: str) -> bool:
    """Whether a cell seems to be declared in its source; what it says may be wrong."""
    if "register" not in raw:
        return False
    lines = raw.split("\n")
    return bool(declaration_lines(lines)) or below_remarks(lines) is not None


def _working_directory() -> str:
    try:
        return os.getcwd()  # noqa: PTH109
    except OSError:  # it was removed
        return os.path.expanduser("~")  # noqa: PTH111
