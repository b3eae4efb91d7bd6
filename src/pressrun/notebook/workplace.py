"""A folder to run in: exactly the notebook, its local modules and its inputs, and nothing else of the project.

A run that succeeds here has shown that the capture named all it needed.
"""

from __future__ import annotations

import shutil
from collections.abc import Mapping
from pathlib import Path, PurePosixPath

LINK_FROM = 64 * 2**20  # bytes; a larger input is linked, because copying it costs more than a wrong write is likely


def lay_out(place: Path, files: Mapping[str, Path]) -> None:
    """Put files at their project-relative paths under `place`.

    Args:
        place: a folder; made when absent.
        files: posix path relative to the project -> where the file is now. Large files become symbolic links.

    Raises:
        ValueError: a path is absolute or leaves the folder.
    """
    place.mkdir(parents=True, exist_ok=True)
    for relative, source in files.items():
        parts = PurePosixPath(relative).parts
        if not parts or ".." in parts or PurePosixPath(relative).is_absolute():
            raise ValueError(f"not a path inside the project: {relative!r}")
        target = place.joinpath(*parts)
        target.parent.mkdir(parents=True, exist_ok=True)
        if source.stat().st_size >= LINK_FROM:
            target.symlink_to(source.resolve())
        else:
            shutil.copyfile(source, target)
