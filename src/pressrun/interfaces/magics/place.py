"""Which notebook a kernel belongs to, as far as anybody tells it, and which project that is in."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from datetime import datetime, timezone
from pathlib import Path
from typing import Any, Final

import msgspec

from pressrun.notebook.project import find_project

SESSION_VARIABLE: Final = "JPY_SESSION_NAME"
VSCODE_NAME: Final = "__vsc_ipynb_file__"
SIZE_LIMIT: Final = 64 * 2**20  # bytes; the cells of a longer notebook are not looked at


class Place(msgspec.Struct, frozen=True, kw_only=True):
    """Where a kernel works.

    Attributes:
        project: folder that paths are told relative to.
        notebook: the notebook's file, None where no front end tells it.
        key: what the sidecar is named after.
    """

    project: Path
    notebook: Path | None
    key: str

    def told(self, path: str) -> str:
        """Return `path` as receipts tell it: relative to the project, absolute outside."""
        try:
            return Path(path).relative_to(self.project).as_posix()
        except ValueError:
            return path


class SavedCells(msgspec.Struct, frozen=True, kw_only=True):
    """What the notebook's file says of its cells when it was saved (UTC, ISO 8601).

    Attributes:
        order: id of a cell -> its position.
        sources: id of a code cell -> its source.
        file: what the file system says of the file: inode, time, size.
    """

    saved: str = ""
    order: dict[str, int] = {}
    sources: dict[str, str] = {}
    file: tuple[int, ...] = ()


def find_place(
    folder: str, environment: Mapping[str, str], names: Mapping[str, Any], parent: Mapping[str, str]
) -> Place:
    """Return where the kernel works; reads the file system.

    Args:
        folder: the kernel's working directory when pressrun was loaded.
        environment: environment variables; jupyter-server names the notebook in one.
        parent: those of the process that started the kernel: a name that it has too is that of another notebook, out
            of which this one is run.
        names: the user's namespace; VS Code names the notebook there.
    """
    told = names.get(VSCODE_NAME)
    if type(told) is not str:
        told = environment.get(SESSION_VARIABLE, "")
        told = "" if told == parent.get(SESSION_VARIABLE) else told
    notebook = _existing(folder, told)
    if notebook is None:
        project = find_project(Path(folder))
        return Place(project=project, notebook=None, key=_relative(Path(folder), project) + "/")
    project = find_project(notebook)
    return Place(project=project, notebook=notebook, key=_relative(notebook, project))


def parent_environment() -> dict[str, str]:
    """Return the environment of the process that started this one, as far as the system shows it."""
    try:
        content = Path(f"/proc/{os.getppid()}/environ").read_bytes()
    except OSError:  # another system, or a process of somebody else's
        return {}
    pairs = (os.fsdecode(entry).partition("=") for entry in content.split(b"\0"))
    return {name: value for name, _, value in pairs}


def saved_cells(place: Place, known: SavedCells | None = None) -> SavedCells:
    """Return the cells of the notebook as it was saved last; nothing where it cannot be told.

    Args:
        place: where the kernel works.
        known: what was found before; a file that is still the same is not read again.
    """
    if place.notebook is None:
        return SavedCells()
    try:
        found = place.notebook.stat()
        if found.st_size > SIZE_LIMIT:
            return SavedCells()
        file = (found.st_ino, found.st_mtime_ns, found.st_size)
        if known is not None and known.file == file:
            return known
        cells = json.loads(place.notebook.read_bytes())["cells"]
        order = {str(cell["id"]): position for position, cell in enumerate(cells)}
        sources = {str(cell["id"]): _text(cell["source"]) for cell in cells if cell["cell_type"] == "code"}
    except (
        OSError,
        ValueError,
        KeyError,
        TypeError,
        RecursionError,
    ):  # being written, or without ids: nothing is known
        return SavedCells()
    saved = datetime.fromtimestamp(found.st_mtime, timezone.utc).isoformat()
    return SavedCells(saved=saved, order=order, sources=sources, file=file)


def _existing(folder: str, told: str) -> Path | None:
    """Return the notebook that a front end names; jupyter-server may name it relative to its own root."""
    if not told.endswith(".ipynb"):
        return None
    name = os.path.basename(told).removeprefix("RTC:")  # noqa: PTH119  may hold another system's separators
    for candidate in (Path(told), Path(told).with_name(name), Path(folder) / name):
        if candidate.is_absolute() and candidate.is_file():
            return candidate
    return None


def _relative(path: Path, project: Path) -> str:
    try:
        return path.relative_to(project).as_posix()
    except ValueError:
        return path.as_posix()


def _text(source: object) -> str:
    return "".join(source) if isinstance(source, list) else str(source)
