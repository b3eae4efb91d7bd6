"""The registry of the project that a command is run in."""

from __future__ import annotations

from contextlib import AbstractContextManager
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pressrun.actions.registry import Registry


def registry_here(*, reading: bool = False) -> AbstractContextManager[Registry]:
    """Open the registry of the project around the current folder; arguments and errors as for `open_registry`."""
    from pressrun.actions.registry import open_registry
    from pressrun.notebook.project import find_project

    return open_registry(find_project(Path.cwd()), reading=reading)
