"""Ending processes, so that a replay leaves none behind."""

from __future__ import annotations

import contextlib
import os
import signal
from collections.abc import Collection


def kill_group(process: int) -> None:
    """End the process group of `process` and every process of its session."""
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(process, signal.SIGKILL)
    import psutil  # noqa: PLC0415  most parents never come here

    for other in psutil.pids():
        with contextlib.suppress(OSError):
            if os.getsid(other) == process:
                os.kill(other, signal.SIGKILL)


def kill_descendants(spare: Collection[int] = ()) -> None:
    """End every process that this one started, directly or not, but for those to `spare`."""
    import psutil  # noqa: PLC0415

    for process in psutil.Process().children(recursive=True):
        if process.pid in spare:
            continue
        with contextlib.suppress(psutil.Error):
            process.kill()
