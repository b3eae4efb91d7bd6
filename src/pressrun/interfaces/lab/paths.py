"""From what the front end calls a file to the file: never outside the folder that the server shows."""

from __future__ import annotations

import stat
import unicodedata
from pathlib import Path, PurePosixPath

from pressrun.actions.panel_place import Place, place_of_notebook
from pressrun.errors import UnknownError, UsageError

MAX_PATH_BYTES = 4096
MAX_PART_BYTES = 255
_REMEDY = "Name it relative to the folder that the server shows."


class Shown:
    """The folder that the server shows.

    Args:
        root: the folder.
        allow_hidden: whether files and folders whose name begins with a dot may be named, as the server's contents
            manager says.
    """

    def __init__(self, root: Path, *, allow_hidden: bool = False) -> None:
        self.root = root
        self._real_root = root.resolve()
        self._allow_hidden = allow_hidden

    def notebook(self, path: str) -> Place:
        """Return the place of a notebook.

        Raises:
            UsageError: the path leaves the folder, or names no notebook.
            UnknownError: there is no such notebook.
        """
        file = self._inside(path)
        if file.suffix != ".ipynb":
            raise UsageError("this is no notebook: its name does not end with .ipynb", where=path[:200])
        if not _is(file, stat.S_ISREG):
            raise UnknownError("there is no such notebook", where=path[:200])
        return place_of_notebook(self.root, path)

    def folder(self, path: str) -> Path:
        """Return a folder; the empty path is the one that the server shows.

        Raises:
            UsageError: the path leaves the folder that the server shows.
            UnknownError: there is no such folder.
        """
        if not path:
            return self.root
        folder = self._inside(path)
        if not _is(folder, stat.S_ISDIR):
            raise UnknownError("there is no such folder", where=path[:200])
        return folder

    def _inside(self, path: str) -> Path:
        """Return the absolute path, after one look at each of its parts and one at where it really leads."""
        if problem := path_problem(path):
            raise UsageError(f"the path {problem}", where=repr(path[:200]), remedy=_REMEDY)
        parts = PurePosixPath(path).parts
        if not self._allow_hidden and any(part.startswith(".") for part in parts):
            raise UnknownError("hidden files are not shown by this server", where=path[:200])
        file = self.root.joinpath(*parts)
        try:
            real = file.resolve()
        except (OSError, RuntimeError) as error:
            raise UsageError("the path leads nowhere", where=repr(path[:200])) from error
        if not real.is_relative_to(self._real_root):
            raise UsageError("the path leads out of the folder that the server shows", where=repr(path[:200]))
        return file


def path_problem(path: str) -> str:
    """Say why a path may not come from a front end; empty when it may.

    >>> path_problem("work/../../secret.ipynb")
    "holds '..'"
    """
    if not path:
        return "is empty"
    if any(unicodedata.category(character) in {"Cc", "Cs"} for character in path):
        return "holds a character that cannot be seen"
    if "\\" in path:
        return "holds a backslash"
    if path.startswith("/"):
        return "is absolute"
    if len(path.encode()) > MAX_PATH_BYTES:
        return f"is longer than {MAX_PATH_BYTES} bytes"
    for part in path.split("/"):
        if part in {"", ".", ".."}:
            return f"holds {part!r}" if part else "holds an empty part"
        if len(part.encode()) > MAX_PART_BYTES:
            return f"has a part longer than {MAX_PART_BYTES} bytes"
    return ""


def _is(path: Path, kind: object) -> bool:
    assert callable(kind)
    try:
        return bool(kind(path.stat().st_mode))
    except (OSError, ValueError):
        return False
