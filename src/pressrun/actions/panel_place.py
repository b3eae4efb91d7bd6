"""Where a notebook lies, and how the front end names what lies on this disk."""

from __future__ import annotations

from pathlib import Path
from typing import NamedTuple

from pressrun.notebook.project import find_project


class Place(NamedTuple):
    """A notebook, its project, and the folder that the Jupyter server shows.

    Attributes:
        root: what the front end's paths are relative to.
        notebook: the file, below `root`. `project`: the folder that its paths are relative to; may lie above `root`.
    """

    root: Path
    notebook: Path
    project: Path

    @property
    def in_project(self) -> str:
        """The notebook as the project names it."""
        return self.notebook.relative_to(self.project).as_posix()

    def shown(self, path: Path) -> str:
        """Return a path as the front end names it, empty where it lies outside."""
        try:
            return path.relative_to(self.root).as_posix()
        except ValueError:
            return ""

    def shown_of_project(self, path: str) -> str:
        """Return a path relative to the project as the front end names it, empty where it lies outside."""
        return self.shown(self.project / path)


def place_of_notebook(root: Path, path: str) -> Place:
    """Return the place of a notebook.

    Args:
        root: the folder that the front end sees.
        path: posix path relative to it, that is known to stay inside.
    """
    notebook = root / path
    return Place(root=root, notebook=notebook, project=find_project(notebook))
