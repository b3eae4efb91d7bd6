"""Ending processes, so that a replay leaves none behind."""

from __future__ import annotations

import contextlib
import os
import signal


def kill_group(process: int) -> None:
    """End the process group of `process` and every process of its session."""
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(process, signal.SIGKILL)
    import psutil  # noqa: PLC0415  most parents never come here

    for other in psutil.pids():
        with contextlib.suppress(OSError):
            if os.getsid(other) == process:
                os.kill(other, signal.SIGKILL)


def kill_descendants() -> None:
    """End every process that this one started, directly or not."""
    import psutil  # noqa: PLC0415

    for process in psutil.Process().children(recursive=True):
        with contextlib.suppress(psutil.Error):
            process.kill()
