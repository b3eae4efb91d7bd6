"""Processes that do the same work side by side; some are killed, and each of those is replaced by one that goes on.

A process says ``ready``, waits for a line, and from then on says one line for each thing that was acknowledged to it.
"""

from __future__ import annotations

import random
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from typing import Generic, Protocol, TypeVar


class Timed(Protocol):
    """Something that was acknowledged after so many seconds."""

    @property
    def latency_s(self) -> float: ...


LAST_KILL = 0.6
"""The part of the work after which nobody is killed any more: the last ones killed should have something left to do."""
POLL_S = 0.002

Said = TypeVar("Said", bound=Timed)


class Member(Generic[Said]):
    """One place in the crew: a process, and another one when that is killed.

    Args:
        command: Python's arguments for a process that goes on after so many were acknowledged.
        read: what a line of it says.
        wanted: how many are to be acknowledged.
        environment: of the processes; by default that of this one.

    Attributes:
        busy: whether the present process has had something acknowledged, so that a kill meets it at work.
    """

    def __init__(
        self,
        command: Callable[[int], Sequence[str]],
        read: Callable[[str], Said],
        wanted: int,
        environment: Mapping[str, str] | None = None,
    ) -> None:
        self._command, self._read, self.wanted, self._environment = command, read, wanted, environment
        self.acknowledged: list[Said] = []
        self.error = ""
        self.busy = False
        self.ready = threading.Event()
        self.process = self._start()
        self.thread = threading.Thread(target=self._watch)
        self.thread.start()

    @property
    def done(self) -> bool:
        """Whether all that is wanted was acknowledged."""
        return len(self.acknowledged) >= self.wanted

    def go(self) -> None:
        """Let the process begin."""
        assert self.process.stdin is not None
        self.process.stdin.write("go\n")
        self.process.stdin.flush()

    def kill(self) -> None:
        """End it as the system does when memory is short."""
        self.busy = False
        self.process.kill()

    def _start(self) -> subprocess.Popen[str]:
        command = [sys.executable, *self._command(len(self.acknowledged))]
        pipe = subprocess.PIPE
        return subprocess.Popen(command, stdin=pipe, stdout=pipe, stderr=pipe, text=True, env=self._environment)

    def _watch(self) -> None:
        first = True
        while not self.done and not self.error:
            if not first:
                self.process = self._start()
                self.go()
            with self.process as process:
                assert process.stdout is not None
                assert process.stderr is not None
                for line in process.stdout:
                    if not line.endswith("\n"):
                        break  # killed in the middle of saying so: nobody heard it
                    self._hear(line)
                # a killed process leaves nothing there, a failed one its traceback
                errors = process.stderr.read()
            self.busy = False
            if process.returncode not in {0, -signal.SIGKILL}:
                self.error = errors or f"ended with {process.returncode}"
            first = False
        self.ready.set()

    def _hear(self, line: str) -> None:
        if line == "ready\n":
            self.ready.set()
            return
        self.acknowledged.append(self._read(line))
        self.busy = True


def let_work(crew: Sequence[Member[Said]], kills: int, seed: int) -> tuple[list[Said], dict[str, float]]:
    """Let a crew work to its end, and return what was acknowledged and the figures.

    Args:
        crew: its members.
        kills: how many of them meet SIGKILL, at any moment.
        seed: of chance.
    """
    for member in crew:
        member.ready.wait()
    began = time.monotonic()
    for member in crew:
        member.go()
    killed = _kill_some(crew, kills, random.Random(seed))
    for member in crew:
        member.thread.join()
    seconds = time.monotonic() - began
    errors = [member.error for member in crew if member.error]
    assert not errors, errors[0]
    said = [acknowledged for member in crew for acknowledged in member.acknowledged]
    return said, {"kills": killed, "seconds": round(seconds, 2), **_latencies(said)}


def _kill_some(crew: Sequence[Member[Said]], kills: int, chance: random.Random) -> int:
    """Kill processes that are at work, until as many as asked for were killed or nobody works any more.

    How far the work has come says when, not the clock: a fast machine is done before a slow one has begun.
    """
    wanted = sum(member.wanted for member in crew)
    killed = 0
    for moment in sorted(chance.uniform(0.0, LAST_KILL * wanted) for _ in range(kills)):
        while True:
            if all(member.done or member.error for member in crew):
                return killed
            working = [member for member in crew if member.busy and not member.done]
            if working and sum(len(member.acknowledged) for member in crew) >= moment:
                break
            time.sleep(POLL_S)
        time.sleep(chance.uniform(0.0, POLL_S))
        chance.choice(working).kill()
        killed += 1
    return killed


def _latencies(said: Sequence[Timed]) -> dict[str, float]:
    ordered = sorted(one.latency_s for one in said)
    found = {"p50_s": ordered[len(ordered) // 2], "p99_s": ordered[len(ordered) * 99 // 100], "max_s": ordered[-1]}
    return {name: round(value, 3) for name, value in found.items()}
