"""Which folder a notebook's paths are relative to."""

from __future__ import annotations

from pathlib import Path

MARKS = (".pressrun", "pyproject.toml")


def find_project(path: Path) -> Path:
    """Return the project that a notebook belongs to.

    The top level of its git repository; else the nearest folder above that holds ``.pressrun/`` or ``pyproject.toml``;
    else the notebook's own folder. Symbolic links in the folder are not resolved, so that a project is where the user
    says it is. A home folder under version control is nobody's project, unless the notebook lies right in it.

    Args:
        path: the notebook, or a folder.
    """
    start = path.absolute() if path.is_dir() else path.absolute().parent
    home = Path.home()
    folders = [start, *(folder for folder in start.parents if folder != home)]
    for folder in folders:
        if (folder / ".git").exists():
            return folder
    for folder in folders:
        if any((folder / mark).exists() for mark in MARKS):
            return folder
    return start
