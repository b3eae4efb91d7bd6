"""A kernel in a sandbox, seen from outside: which process it is, how to interrupt it, and how it ended."""

from __future__ import annotations

import contextlib
import os
import re
import signal
from pathlib import Path


class Inside:
    """The kernel behind a sandbox's first process.

    Args:
        outer: the process that was started.
        told: where `pressrun.notebook.replay.sandbox.supervisor` tells the process id in there, and the status.
    """

    def __init__(self, outer: int, told: Path) -> None:
        self._outer = outer
        self._told = told
        self._process = 0

    def process_id(self) -> int:
        """Return the process id here, that of the outer process when it is not known."""
        if not self._process:
            words = self._words()
            self._process = _find(self._outer, words[0]) if words else 0
        return self._process or self._outer

    def interrupt(self) -> None:
        """Send the signal to the kernel and what it runs, and not to the sandbox, which would end."""
        process = self.process_id()
        if process != self._outer:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(process, signal.SIGINT)  # it leads a group of its own

    def status(self, outer_status: int) -> int:
        """Return the kernel's status, negative for a signal, when the outer process has ended with `outer_status`."""
        words = self._words()
        if len(words) > 1:
            return words[1]
        # The watcher was ended with it. A shell's convention is all that is left.
        return 128 - outer_status if outer_status > 128 else outer_status

    def cpu_s(self) -> float:
        """Return the processor time of the kernel and what it started, 0 when it was ended with its watcher."""
        words = self._words()
        return words[2] / 1000 if len(words) > 2 else 0.0

    def _words(self) -> list[int]:
        with contextlib.suppress(OSError):
            return [int(word) for word in self._told.read_text(encoding="ascii").split()]
        return []


def _find(outer: int, inner: int) -> int:
    """Return the descendant of `outer` whose process id in its own namespace is `inner`, 0 for none."""
    import psutil  # noqa: PLC0415  only for a sandbox

    with contextlib.suppress(psutil.Error):
        for process in psutil.Process(outer).children(recursive=True):
            with contextlib.suppress(OSError):
                text = Path(f"/proc/{process.pid}/status").read_text(encoding="utf-8", errors="replace")
                found = re.search(r"^NSpid:.*\s(\d+)$", text, re.MULTILINE)
                if found and int(found[1]) == inner:
                    return process.pid
    return 0
