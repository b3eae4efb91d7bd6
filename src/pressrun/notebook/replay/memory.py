"""How much memory a kernel uses, and whether it was killed for it. Linux tells both, other systems only the size."""

from __future__ import annotations

import re
import time
from pathlib import Path

import psutil

SAMPLE_S = 0.5  # at most so often
SHARE = 0.01  # of the time that may go into sampling
NEAR = 0.9  # a process that had this share of the limit when it was killed had no memory left


class MemorySampler:
    """Follows the resident size of a process and its descendants. Memory they share is counted once for each.

    Args:
        process: process id.
    """

    def __init__(self, process: int) -> None:
        self.peak_bytes = 0
        self._process = process
        self._status = Path(f"/proc/{process}/status")
        self._cell_peak = 0
        self._mark = 0
        self._pause_s = SAMPLE_S
        self._next = 0.0

    def due(self) -> float:
        """Return the seconds until the next sample is due."""
        return max(0.0, self._next - time.monotonic())

    def sample(self) -> int:
        """Measure the whole tree now and return the largest size since `begin_cell`."""
        began = time.monotonic()
        size = _tree_size(self._process)
        cost = time.monotonic() - began
        self._pause_s = max(SAMPLE_S, cost / SHARE)
        self._next = began + self._pause_s
        return self._note(size)

    def begin_cell(self) -> None:
        """Begin to measure for a cell."""
        self._cell_peak = 0
        self._mark = self._high_water()[1]

    def end_cell(self) -> int:
        """Return the largest size seen since `begin_cell`."""
        now, high = self._high_water()
        return self._note(high if high > self._mark else now)

    def _note(self, size: int) -> int:
        self._cell_peak = max(self._cell_peak, size)
        self.peak_bytes = max(self.peak_bytes, size)
        return self._cell_peak

    def _high_water(self) -> tuple[int, int]:
        """Return the kernel process's present and largest resident size: one small read where there is /proc."""
        try:
            text = self._status.read_bytes()
        except OSError:
            size = _size(self._process)
            return size, size
        present, highest = (re.search(rb"%s:\s*(\d+)" % field, text) for field in (b"VmRSS", b"VmHWM"))
        return (
            int(present[1]) * 1024 if present else 0,
            int(highest[1]) * 1024 if highest else 0,
        )


def _tree_size(process: int) -> int:
    try:
        children = psutil.Process(process).children(recursive=True)
    except psutil.Error:
        return 0
    return _size(process) + sum(_size(child.pid) for child in children)


def _size(process: int) -> int:
    try:
        return int(psutil.Process(process).memory_info().rss)
    except psutil.Error:
        return 0


class MemoryLimit:
    """What the system says about memory: its limit for us, and how often it killed for it."""

    def __init__(self) -> None:
        self._kills_before = _kills()

    def evidence(self, peak_bytes: int) -> str:
        """Return why a process that was killed is believed to have been killed for memory, empty when it is not.

        Args:
            peak_bytes: the largest size that was seen of it.
        """
        if _kills() > self._kills_before:
            return "the system reports that it killed a process for lack of memory"
        limit = memory_limit()
        if limit and peak_bytes >= NEAR * limit:
            return f"it used {peak_bytes / 2**20:.0f} MiB of the {limit / 2**20:.0f} MiB there are"
        return ""


def memory_limit() -> int:
    """Return how many bytes of memory a process here can have: the machine's, or its control group's if lower."""
    limits = [int(psutil.virtual_memory().total)]
    for name in ("memory.max", "memory.limit_in_bytes"):
        limits += [int(text) for text in _group_texts(name) if text.strip().isdigit()]
    return min(limits)


def _kills() -> int:
    texts = [text for name in ("memory.events", "memory.oom_control") for text in _group_texts(name) if text]
    # The whole machine's count would blame us for another group's kill, so it serves only where there is no group.
    for text in texts or [_read(Path("/proc/vmstat"))]:
        found = re.search(r"^oom_kill (\d+)", text, re.MULTILINE)
        if found:
            return int(found[1])
    return 0


def _group_texts(name: str) -> list[str]:
    """Return the texts of a control group's file, for version 2 and version 1."""
    texts = []
    for line in _read(Path("/proc/self/cgroup")).splitlines():
        number, controllers, path = line.split(":", 2)
        if number != "0" and "memory" not in controllers.split(","):
            continue
        root = Path("/sys/fs/cgroup") if number == "0" else Path("/sys/fs/cgroup/memory")
        texts.append(_read(root / path.lstrip("/") / name))
    return texts


def _read(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8", errors="replace")
    except OSError:
        return ""
