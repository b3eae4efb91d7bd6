"""Runs the cells of a notebook in a kernel, one after the other, and tells a sink what the kernel says.

One loop waits for everything there is to wait for: messages, the kernel's death, limits, the next look at memory, and
the parent's word. It ends at the first cell that is not fine; what that means is decided elsewhere (`outcome`).
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from typing import Any, Protocol

import msgspec

from pressrun.notebook.grammar import neutral_source
from pressrun.notebook.replay.control import Control
from pressrun.notebook.replay.journal import Ended, decode_content
from pressrun.notebook.replay.kernel import WAKE_S, Kernel
from pressrun.notebook.replay.memory import MemorySampler
from pressrun.notebook.replay.request import Limits
from pressrun.notebook.replay.wire import Message

IDLE_S = 10.0  # a kernel that has replied but publishes nothing more is taken as done
PROGRESS_S = 1.0
ASK_S = 60.0  # limit for a silent request of ours


class Job(msgspec.Struct, frozen=True):
    """A cell to run: its position in the notebook that is run, its index in the source, its source."""

    position: int
    cell: int
    source: str


class Sink(Protocol):
    """Who listens to a run."""

    def started(self, job: Job) -> None:
        """Hear that a cell was sent to the kernel."""

    def said(self, position: int, message: Message) -> None:
        """Take a message of the kernel on behalf of a cell."""

    def progress(self, job: Job, seconds: float, memory_bytes: int) -> None:
        """Hear, about once a second, that a cell still runs."""

    def notice(self, text: str) -> None:
        """Take something that the reader should know now."""


class Driver:
    """Runs cells in one kernel.

    Args:
        kernel: ready to run.
        sink: hears everything.
        limits: how long things may take; the whole run counts from `began`.
        began: `time.monotonic` when the replay began.
        control: the parent's word, None without a parent.
    """

    def __init__(
        self, kernel: Kernel, sink: Sink, limits: Limits, *, began: float, control: Control | None = None
    ) -> None:
        self.memory = MemorySampler(kernel.interpreter_id)
        self._kernel = kernel
        self._sink = sink
        self._limits = limits
        self._began = began
        self._control = control
        self._positions: dict[str, int] = {}
        self._stopped = ""
        self._kill_at: float | None = None
        if control is not None:
            kernel.watch(control.descriptor)

    @property
    def stopped(self) -> str:
        """Why the run was ended by us: ``cell-timeout``, ``timeout``, ``interrupted``; empty when it was not."""
        return self._stopped

    def run_cell(self, job: Job) -> Ended:
        """Run one cell to its end, whatever that is."""
        self._sink.started(job)
        self.memory.begin_cell()
        began = time.monotonic()
        request = self._kernel.execute(neutral_source(job.source))
        self._positions[request] = job.position
        reply = self._await(request, job, began)
        facts = decode_content(reply.content) if reply else {}
        return Ended(
            position=job.position,
            reply=str(facts.get("status", "none")),
            exception=str(facts.get("ename", "")),
            message=str(facts.get("evalue", "")),
            traceback=[str(line) for line in facts.get("traceback", [])],
            stopped=self._stopped,
            asked_to_exit=_asked_to_exit(facts),
            duration_s=round(time.monotonic() - began, 6),
            peak_memory_bytes=self.memory.end_cell(),
        )

    def ask(self, code: str) -> bool:
        """Run code of ours silently: no count, no history, no output. Tell whether it succeeded."""
        request = self._kernel.execute(code, silent=True)
        deadline = time.monotonic() + ASK_S
        wake_at = time.monotonic() + WAKE_S
        heard = False
        while time.monotonic() < deadline and self._kernel.status() is None and not self._stopped:
            if not heard and time.monotonic() >= wake_at:
                wake_at = time.monotonic() + WAKE_S
                self._kernel.wake()
            for message in self._kernel.receive(0.5):
                heard |= message.request == request
                if message.channel == "shell" and message.request == request:
                    return decode_content(message.content).get("status") == "ok"
                self._pass_on(message)
            self._hear_parent()
        return False

    def settle(self) -> None:
        """Pass on what the kernel still had to say when it died."""
        for message in self._kernel.remaining():
            self._pass_on(message)

    def _await(self, request: str, job: Job, began: float) -> Message | None:
        """Return the reply once the kernel is idle again, None when it died without one."""
        reply: Message | None = None
        idle = heard = False
        last_heard = next_progress = time.monotonic()
        wake_at = last_heard + WAKE_S
        next_progress += PROGRESS_S
        while not (reply and idle):
            messages = self._kernel.receive(self._wait(began, reply is not None))
            for message in messages:
                self._pass_on(message)
                if message.request == request:
                    heard = True
                    reply = message if message.channel == "shell" else reply
                    idle = idle or (message.type == "status" and b'"idle"' in message.content)
            now = time.monotonic()
            last_heard = now if messages else last_heard
            self._enforce(now, began)
            if not messages and self._kernel.status() is not None:
                break
            if reply and now - last_heard > IDLE_S:
                self._sink.notice("The kernel replied, but never said that it is idle.")
                break
            if not heard and now >= wake_at:
                wake_at = now + WAKE_S
                self._kernel.wake()
            if now >= next_progress:
                next_progress = now + PROGRESS_S
                self._sink.progress(job, now - began, self.memory.sample())
            elif not self.memory.due():
                self.memory.sample()
        return reply

    def _wait(self, began: float, replied: bool) -> float:
        """Return how long to wait for messages: until the next thing is due."""
        now = time.monotonic()
        dues = [self.memory.due() or PROGRESS_S, PROGRESS_S]
        if replied:
            dues.append(IDLE_S)
        if self._kill_at is not None:
            dues.append(self._kill_at - now)
        elif not self._stopped:
            if self._limits.cell_s is not None:
                dues.append(began + self._limits.cell_s - now)
            if self._limits.total_s is not None:
                dues.append(self._began + self._limits.total_s - now)
        return max(0.0, min(dues))

    def _enforce(self, now: float, began: float) -> None:
        """Interrupt a cell that ran too long or that the user stopped; kill the kernel when it does not listen."""
        self._hear_parent()
        limits = self._limits
        if not self._stopped and limits.cell_s is not None and now - began >= limits.cell_s:
            self._stop("cell-timeout", f"The cell reached its limit of {limits.cell_s:g} s and is being interrupted.")
        if not self._stopped and limits.total_s is not None and now - self._began >= limits.total_s:
            self._stop("timeout", f"The replay reached its limit of {limits.total_s:g} s and is being interrupted.")
        if self._kill_at is not None and now >= self._kill_at:
            self._kill_at = None
            self._sink.notice("The cell did not end when it was interrupted; the kernel is being killed.")
            self._kernel.kill()

    def _hear_parent(self) -> None:
        if self._control is None or not self._control.listen():
            return
        if self._control.kill:
            self._stopped = self._stopped or "interrupted"
            self._kernel.forget(self._control.descriptor)
            self._kernel.kill()
            self._control = None
        elif not self._stopped:
            self._stop("interrupted", "The cell is being interrupted.")

    def _stop(self, why: str, text: str) -> None:
        self._stopped = why
        self._kill_at = time.monotonic() + self._limits.grace_s
        self._sink.notice(text)
        self._kernel.interrupt()

    def _pass_on(self, message: Message) -> None:
        position = self._positions.get(message.request)
        if position is not None and message.channel == "iopub" and message.type != "status":
            self._sink.said(position, message)


def goes_on(end: Ended, tags: Sequence[str]) -> bool:
    """Tell whether the next cell is to run after one that ended so."""
    if end.reply not in {"ok", "error"} or end.stopped or end.asked_to_exit:
        return False
    return "raises-exception" in tags or (end.reply == "ok" and not end.shell)


def _asked_to_exit(reply: dict[str, Any]) -> bool:
    payload = reply.get("payload") or []
    return any(isinstance(part, dict) and part.get("source") == "ask_exit" for part in payload)
