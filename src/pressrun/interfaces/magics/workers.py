"""Threads that do what may take long: reading files and writing the sidecar. The cell waits a moment, never for ever.

A file system that does not answer holds up a worker, not the kernel: its jobs stay undone and are told as such, and a
new worker takes the next ones. The threads are daemons and end with the process. Work that can wait is put off and done
once for all who asked for it meanwhile; any other job makes the worker do at once what was put off before it.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from queue import SimpleQueue
from typing import Any, Final

from pressrun.interfaces.magics.guards import Guard

STUCK_S: Final = 30.0
REPLACEMENTS: Final = 3


class Failed:
    """Stands for the result of a job that did not come to one."""


class Job:
    """A piece of work given to a worker.

    Attributes:
        result: what it gave; `Failed` where it failed or is not done yet.
        delay_s: how long it may be put off.
        is_begun: whether a worker is at it or has done it.
    """

    def __init__(self, name: str, args: tuple[Any, ...], delay_s: float = 0.0) -> None:
        self.name = name
        self.args = args
        self.delay_s = delay_s
        self.made = time.monotonic()
        self.is_begun = False
        self.result: Any = Failed
        self._done = threading.Event()

    def settle(self, result: Any) -> None:
        """Give the result and wake who waits."""
        self.result = result
        self._done.set()

    def is_settled(self) -> bool:
        """Whether the work is over."""
        return self._done.is_set()

    def is_done(self, wait_s: float = 0.0) -> bool:
        """Wait until the work is over or the time is; tell whether the work is."""
        return self._done.wait(wait_s)


class Worker:
    """Does work in a thread of its own, one job after the other.

    Args:
        name: of the thread.
        guard: calls the work by its name.
        begin: called in the thread before its first job.
    """

    def __init__(self, name: str, guard: Guard, begin: Callable[[], None]) -> None:
        self._name = name
        self._guard = guard
        self._begin = begin
        self._queue: SimpleQueue[Job] = SimpleQueue()
        self._thread: threading.Thread | None = None
        self._hurry = threading.Event()
        self._put_off: Job | None = None
        self._latest: Job | None = None
        self._since: float | None = None
        self._replaced = 0

    def submit(self, name: str, *args: Any) -> Job:
        """Give a job to the thread, which is started when it is needed first or does not answer any more."""
        job = self._put(Job(name, args))
        self._hurry.set()
        return job

    def is_idle(self) -> bool:
        """Whether everything is done that was given to it."""
        return self._latest is None or self._latest.is_settled()

    def submit_soon(self, delay_s: float, name: str, *args: Any) -> None:
        """Let a job be done after `delay_s`, and only once for all calls until it begins."""
        waiting = self._put_off
        if waiting is None or waiting.is_begun or time.monotonic() - waiting.made > STUCK_S:
            self._put_off = self._put(Job(name, args, delay_s))

    def _put(self, job: Job) -> Job:
        since = self._since
        if since is not None and time.monotonic() - since > STUCK_S and self._replaced < REPLACEMENTS:
            self._replaced += 1
            self._queue = SimpleQueue()
            self._since = None
            self._thread = None
        if self._thread is None:
            self._thread = threading.Thread(
                target=self._work, args=(self._queue,), name=f"pressrun-{self._name}", daemon=True
            )
            self._thread.start()
        self._latest = job
        self._queue.put(job)
        return job

    def _work(self, queue: SimpleQueue[Job]) -> None:
        self._begin()
        while queue is self._queue:
            self._hurry.clear()
            job = queue.get()
            if job.delay_s and queue.empty():
                self._hurry.wait(job.delay_s)
            job.is_begun = True
            self._since = time.monotonic()
            job.settle(self._guard.run(job.name, *job.args, default=Failed))
            if queue is self._queue:
                self._since = None
