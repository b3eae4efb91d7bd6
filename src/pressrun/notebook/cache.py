"""Where pressrun keeps what it can compute again: the user's cache folder.

Nothing here is needed for correctness: the folder may be deleted at any time, while nothing runs.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping
from pathlib import Path


def user_cache(environ: Mapping[str, str] | None = None) -> Path:
    """Return the user's cache folder for pressrun; it is not created.

    ``PRESSRUN_CACHE`` wins, then ``XDG_CACHE_HOME``, then the platform's own place.

    Args:
        environ: the environment variables to look at; the process's own by default.
    """
    environ = os.environ if environ is None else environ
    if environ.get("PRESSRUN_CACHE"):
        return Path(environ["PRESSRUN_CACHE"]).absolute()
    if environ.get("XDG_CACHE_HOME") and Path(environ["XDG_CACHE_HOME"]).is_absolute():
        return Path(environ["XDG_CACHE_HOME"]) / "pressrun"
    if sys.platform == "darwin":
        return Path.home() / "Library" / "Caches" / "pressrun"
    if sys.platform == "win32":
        return Path(environ.get("LOCALAPPDATA") or Path.home() / "AppData" / "Local") / "pressrun" / "cache"
    return Path.home() / ".cache" / "pressrun"


def make_private(folder: Path) -> Path:
    """Create `folder` (and what is above it) for this user alone, when it is not there yet, and return it."""
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    return folder
