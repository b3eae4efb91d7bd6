"""The wall between pressrun and the user's session: nothing of ours that fails, exits or hangs gets through.

Everything that runs in a kernel on our behalf is called through `Guard.run`, by name, from the table `Guard.work`. What
it raises is noted and goes no further, `SystemExit`, `GeneratorExit` and `MemoryError` included. An interrupt that the
user sends while our code runs is the one exception: it ends our work and is then delivered again, to the handler that
was there before us. In the main thread the work has a time limit. After three faults the capture stops itself for the
rest of the session; cells go on as if pressrun weren't there. The channel to panels counts its own faults.

This is the observer's outermost guard: the one place of this package where everything is caught.
"""

from __future__ import annotations

import _signal  # type: ignore[import-not-found]  # the module below `signal`, at a third of its cost
import contextlib
import logging
import os
import threading
import time
from collections.abc import Callable
from ctypes import ArgumentError
from types import FrameType
from typing import Any, NamedTuple

from pressrun.interfaces.magics.deadline import Deadline

FAULT_LIMIT = 3
LIMIT_S = 2.0
LIMITS_S = {
    "transformer": 1.0,
    "audit": 1.0,
    "adapter": 1.0,
    "prepare": 30.0,
    "magic": 60.0,
    "connect": 10.0,
    "question": 10.0,
}
"""How long each piece of work may take in the main thread; `LIMIT_S` for the others."""
CHANNEL = ("announce", "connect", "disconnect", "question", "started", "tell", "earlier", "earlier_late")
PARTS = {"transformer": "transformer", "magic": "magic", "notice": "notice", **dict.fromkeys(CHANNEL, "channel")}
"""What has its own count of faults: it goes on when the capture has stopped, and the other way round."""
BEFORE_THE_CELL = frozenset({"pre_run_cell", "started"})

INSIDE_CALLS = frozenset({"audit", "adapter", "import"})
"""What runs deep inside the user's own calls: at their limit of recursion or memory it fails with them."""
STATE_OF_THE_PROGRAM = (RecursionError, MemoryError, ArgumentError)  # ctypes wraps the first in the last
OWED_AGAIN_S = 0.002

_log = logging.getLogger("pressrun.live")
_log.addHandler(logging.NullHandler())


class Fault(NamedTuple):
    """One failure of ours: in which piece of work, and what it was."""

    name: str
    error: str
    when: float


class Overrun(BaseException):
    """Our work in the main thread took longer than it may."""


class Interrupted(BaseException):
    """The user interrupted the kernel while our work was running."""


class Guard:
    """Calls pieces of our work so that the session never feels how they end.

    Attributes:
        work: name -> function; the one table that calls are looked up in.
        faults: what went wrong, oldest first.
        stopped: names of work that is not done any more, after too many faults; the capture counts as one.
    """

    def __init__(self) -> None:
        self.work: dict[str, Callable[..., Any]] = {}
        self.faults: list[Fault] = []
        self.stopped: set[str] = set()
        self.process = os.getpid()
        self._counts: dict[str, int] = {}
        self._main = threading.main_thread().ident
        self._deadline = Deadline(self._time_is_over)
        self._depth = 0  # of the main thread
        self._inside = False
        self._until = 0.0
        self._interrupted = False
        self._owed = False  # an interrupt that the cell has not got yet

    def busy(self) -> bool:
        """Whether the calling thread is the main thread and runs work of ours."""
        return self._depth > 0 and threading.get_ident() == self._main

    def run(self, name: str, *args: Any, default: Any = None) -> Any:
        """Do a piece of work and return what it gives, or `default` where it could not be done."""
        part = PARTS.get(name, "capture")
        if part in self.stopped:
            return default
        if threading.get_ident() == self._main and os.getpid() == self.process:
            return self._run_in_main(name, part, args, default)
        try:
            return self.work[name](*args)
        except BaseException as error:  # noqa: BLE001  the outermost guard
            self.note(name, part, error)
            return default

    def note(self, name: str, part: str, error: BaseException) -> None:
        """Remember a fault; too many of them end this part of our work."""
        told = f"{type(error).__name__}: {_text_of(error)}"
        self.faults.append(Fault(name, told, time.time()))
        del self.faults[:-50]
        if name in INSIDE_CALLS and isinstance(error, STATE_OF_THE_PROGRAM):
            return
        self._counts[part] = self._counts.get(part, 0) + 1
        if self._counts[part] >= FAULT_LIMIT:
            self.stopped.add(part)
        with contextlib.suppress(BaseException):  # a handler of the user's that fails
            _log.debug("fault in %s: %s", name, told)

    def close(self) -> None:
        """Give back what the guard took of the process."""
        self._deadline.close()

    def _run_in_main(self, name: str, part: str, args: tuple[Any, ...], default: Any) -> Any:
        """Run with interrupts told apart from faults, and with a limit; nested calls share the outer one's limit."""
        if self._depth:
            return self._run_nested(name, part, args, default)
        result, failure = default, None
        previous = _signal.getsignal(_signal.SIGINT)
        try:
            try:
                self._depth = 1
                if previous is not None:
                    _signal.signal(_signal.SIGINT, self._heard_interrupt)
                limit = LIMITS_S.get(name, LIMIT_S)
                self._until = time.monotonic() + limit
                self._deadline.start(limit)
                self._inside = True
                result = self.work[name](*args)
                self._inside = False
            except BaseException as error:  # noqa: BLE001  the outermost guard
                self._inside = False
                failure = error
        except BaseException as error:  # noqa: BLE001  a signal between two lines above; it raises once
            failure = error
        self._inside = False
        if previous is not None:
            _signal.signal(_signal.SIGINT, previous)
        self._depth = 0
        if failure is not None:
            result = default
        try:
            self._deadline.stop()
            if failure is not None and not isinstance(failure, Interrupted):
                self.note(name, part, failure)
        except Exception:  # noqa: BLE001, S110  at the limit of recursion every call fails, `suppress` as well
            pass
        if self._interrupted:
            self._interrupted = False
            self._deliver(name)
        return result

    def _deliver(self, name: str) -> None:
        """Send the user's interrupt on, to the handler that was there before us.

        What a hook before the cell raises IPython shows and then runs the cell all the same; the interrupt was meant
        for the cell, so it waits until that has begun.
        """
        if name in BEFORE_THE_CELL and self._deadline.active:
            self._owed = True
            self._deadline.start(OWED_AGAIN_S)
        else:
            _signal.raise_signal(_signal.SIGINT)

    def forgive(self) -> None:
        """Forget an interrupt that is still to be delivered: the cell it was meant for has ended."""
        if self._owed:
            self._owed = False
            self._deadline.stop()

    def _run_nested(self, name: str, part: str, args: tuple[Any, ...], default: Any) -> Any:
        try:
            return self.work[name](*args)
        except (Overrun, Interrupted):
            raise
        except BaseException as error:  # noqa: BLE001  the outermost guard
            self.note(name, part, error)
            return default

    def _heard_interrupt(self, number: int, frame: FrameType | None) -> None:
        del number, frame
        self._interrupted = True
        if self._inside:
            self._inside = False
            raise Interrupted

    def _time_is_over(self, frame: FrameType | None) -> None:
        if self._owed and not self._depth:
            if _is_in_hooks(frame):
                self._deadline.start(OWED_AGAIN_S)
                return
            self._owed = False
            _signal.raise_signal(_signal.SIGINT)
            return
        if self._inside and time.monotonic() >= self._until:
            self._inside = False
            raise Overrun("took too long")


def _is_in_hooks(frame: FrameType | None) -> bool:
    """Whether IPython is calling hooks, and the cell has not begun."""
    while frame is not None:
        if frame.f_code.co_name == "trigger" and frame.f_globals.get("__name__") == "IPython.core.events":
            return True
        frame = frame.f_back
    return False


def _text_of(error: BaseException) -> str:
    try:
        return str(error)[:300]
    except BaseException:  # noqa: BLE001  an error that cannot say what it is
        return ""
