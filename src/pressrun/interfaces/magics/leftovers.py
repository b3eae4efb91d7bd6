"""Temporary folders of live captures, and what a kernel that was killed left of them.

A kernel holds a lock in its folder as long as it lives. A folder whose process is gone and whose lock is free belongs
to nobody; where there are no such locks nothing is removed.
"""

from __future__ import annotations

import contextlib
import os
import re
import shutil
import tempfile
from pathlib import Path
from typing import Final

PREFIX: Final = "pressrun-live-"
MARKER: Final = "cell"
_NAME: Final = re.compile(rf"{PREFIX}(\d+)-\w+")


def new_folder() -> str:
    """Return a new private folder for this process."""
    return tempfile.mkdtemp(prefix=f"{PREFIX}{os.getpid()}-")


def hold(descriptor: int) -> None:
    """Lock the marker of this process's own folder until `descriptor` is closed."""
    with contextlib.suppress(ImportError, OSError):
        import fcntl  # noqa: PLC0415  there is none on Windows

        fcntl.flock(descriptor, fcntl.LOCK_SH | fcntl.LOCK_NB)


def remove_leftovers() -> None:
    """Remove the folders that killed kernels of this user left; what cannot be removed stays."""
    if not hasattr(os, "getuid"):
        return
    with contextlib.suppress(OSError), os.scandir(tempfile.gettempdir()) as entries:
        for entry in entries:
            match = _NAME.fullmatch(entry.name)
            if match is not None and entry.is_dir(follow_symlinks=False) and _is_left(entry, int(match[1])):
                shutil.rmtree(entry.path, ignore_errors=True)


def _is_left(entry: os.DirEntry[str], process: int) -> bool:
    if entry.stat(follow_symlinks=False).st_uid != os.getuid() or _is_alive(process):
        return False
    import fcntl  # noqa: PLC0415  there is none on Windows

    try:
        with Path(entry.path, MARKER).open("rb") as marker:
            fcntl.flock(marker, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except FileNotFoundError:
        return True
    except OSError:  # held by a process that this one does not see
        return False
    return True


def _is_alive(process: int) -> bool:
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    except OSError:
        return True
    return True
