"""A limit on how long the kernel's main thread may be held up: it is woken when the time is over.

A POSIX timer of its own and one real-time signal that nothing else uses, so that neither ``SIGALRM`` nor any thread is
needed and nothing at all happens as long as no limit is passed. Where the system has no such timers (macOS, Windows)
there is no limit; what may really take long, reading files, is never done in the main thread in the first place.
"""

from __future__ import annotations

import ctypes
import signal
import sys
import threading
from collections.abc import Callable
from types import FrameType
from typing import Any

AGAIN_S = 0.25  # the signal comes again at this interval, should the first one be lost
_MONOTONIC = 1
_TO_THREAD = 4
_EVENT_SIZE = 64


class _Interval(ctypes.Structure):
    _fields_ = (
        ("again_s", ctypes.c_long),
        ("again_ns", ctypes.c_long),
        ("first_s", ctypes.c_long),
        ("first_ns", ctypes.c_long),
    )


class _Event(ctypes.Structure):
    _fields_ = (
        ("value", ctypes.c_void_p),
        ("signal", ctypes.c_int),
        ("notify", ctypes.c_int),
        ("thread", ctypes.c_int),
        ("rest", ctypes.c_char * (_EVENT_SIZE - 20)),
    )


class Deadline:
    """Calls `on_time` in the main thread when the time set is over; made and used by the main thread only.

    Args:
        on_time: what to do, given the frame that runs there; it may raise into it.
    """

    def __init__(self, on_time: Callable[[FrameType | None], None]) -> None:
        self.active = False
        self._on_time = on_time
        self._timer = ctypes.c_void_p()
        self._previous: Any = None
        self._none = _Interval(0, 0, 0, 0)
        if sys.platform == "linux" and threading.current_thread() is threading.main_thread():
            self._open()

    def _open(self) -> None:
        number = signal.SIGRTMAX - 3
        if signal.getsignal(number) is not signal.SIG_DFL:
            return
        library = ctypes.PyDLL(None)  # keeps the interpreter lock: these calls never block
        if not hasattr(library, "timer_create"):
            return
        self._set, self._delete = library.timer_settime, library.timer_delete
        self._set.argtypes = (ctypes.c_void_p, ctypes.c_int, ctypes.c_void_p, ctypes.c_void_p)
        self._delete.argtypes = (ctypes.c_void_p,)
        event = _Event(None, number, _TO_THREAD, threading.get_native_id(), b"")
        if library.timer_create(_MONOTONIC, ctypes.byref(event), ctypes.byref(self._timer)) != 0:
            return
        self._number = number
        self._previous = signal.signal(number, self._heard)
        self.active = True

    def _heard(self, number: int, frame: FrameType | None) -> None:
        del number
        self._on_time(frame)

    def start(self, seconds: float) -> None:
        """Begin to count; what was counted before is forgotten."""
        if self.active:
            whole = int(seconds)
            limit = _Interval(0, int(AGAIN_S * 1e9), whole, int((seconds - whole) * 1e9))
            self._set(self._timer, 0, ctypes.byref(limit), None)

    def stop(self) -> None:
        """Count no longer."""
        if self.active:
            self._set(self._timer, 0, ctypes.byref(self._none), None)

    def close(self) -> None:
        """Give timer and signal back."""
        if self.active:
            self.active = False
            self._delete(self._timer)
            signal.signal(self._number, self._previous)
