"""Everything that the kernel, the disk and the registry know of one notebook; nothing is changed."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import Any, Final

import msgspec

from pressrun.actions.panel import notebook_state
from pressrun.actions.panel_place import Place, place_of_notebook
from pressrun.actions.panel_versions import panel_health
from pressrun.actions.registry import open_registry
from pressrun.errors import NotebookFormatError, PressrunError, UsageError
from pressrun.interfaces.magics import session_of
from pressrun.interfaces.magics.place import find_place, parent_environment
from pressrun.interfaces.magics.session import Session
from pressrun.notebook.project import find_project
from pressrun.notebook.sidecar import Sidecar
from pressrun.records.live import LiveCapture
from pressrun.records.panel.notebooks import NotebookState
from pressrun.records.panel.versions import PanelHealth

WAIT_S: Final = 3.0
REMEDY: Final = 'Say which: pressrun.panel("NOTEBOOK.ipynb").'


class Known(msgspec.Struct, frozen=True, kw_only=True):
    """What is known.

    Attributes:
        notebook: the file relative to its project, empty where nobody tells which it is.
        kernel: whether it was asked in the kernel of that notebook.
        loaded: whether the extension is loaded there. `problem`: why it captures nothing, empty while it does.
        state: None where the file is not known or cannot be read; `unreadable` says so.
        health: None while the project has no registry.
    """

    notebook: str = ""
    kernel: bool = False
    loaded: bool = False
    problem: str = ""
    captured: LiveCapture | None = None
    state: NotebookState | None = None
    health: PanelHealth | None = None
    unreadable: tuple[str, ...] = ()


def gather(notebook: str | Path | None) -> Known:
    """Return what is known of a notebook.

    Args:
        notebook: its file, None for the one that this kernel runs.

    Raises:
        UsageError: nobody tells which notebook, there is none of that name, or it is none that can be read.
    """
    shell = _shell()
    session = session_of(shell) if shell is not None else None
    if session is None:
        return _gathered(notebook, shell, None)
    known: Known = session.unheard(_gathered)(notebook, shell, session)  # reading all that is no input of the cell
    return known


def _gathered(notebook: str | Path | None, shell: Any, session: Session | None) -> Known:
    own = None
    if shell is not None:
        folder = session.folder if session is not None else str(Path.cwd())
        own = find_place(folder, os.environ, shell.user_ns, parent_environment())
    if notebook is None:
        if own is None:
            raise UsageError("there is no kernel here that would tell which notebook is meant", remedy=REMEDY)
        path = own.notebook
    else:
        path = _found(Path(notebook))
    is_own = own is not None and (path is None or own.notebook == path)
    project = own.project if own is not None and path is None else find_project(path or Path.cwd())
    unreadable: list[str] = []
    if is_own and session is not None and session.capturing is not None:
        session.capturing.loaded(WAIT_S)
        session.capturing.store(WAIT_S)  # what is stale is told of what is stored
    state = _state(place_of(path, project), unreadable, asked=notebook is not None) if path is not None else None
    if path is None:
        unreadable.append(f"No front end tells which notebook this kernel runs. {REMEDY}")
    captured = state.captured if state is not None else None
    if is_own and own is not None:
        captured = _live(session, captured)
        if captured is None and state is None:
            captured = _stored(project, own.key, unreadable)
    return Known(
        notebook=path.relative_to(project).as_posix() if path is not None else "",
        kernel=is_own,
        loaded=is_own and session is not None,
        problem=session.stop_told() if is_own and session is not None else "",
        captured=captured,
        state=state,
        health=_health(project, unreadable),
        unreadable=tuple(dict.fromkeys([*(state.unreadable if state is not None else ()), *unreadable])),
    )


def place_of(notebook: Path, project: Path) -> Place:
    """Return a notebook's place as actions know it; its paths are told relative to the project."""
    return place_of_notebook(project, notebook.relative_to(project).as_posix())


def _shell() -> Any:
    """Return the shell that runs us, None where there is none; IPython is never imported for that."""
    module = sys.modules.get("IPython")
    return module.get_ipython() if module is not None else None


def _found(path: Path) -> Path:
    if not path.is_file():
        raise UsageError("there is no such notebook", where=str(path), remedy="Paths count from the working directory.")
    return path.resolve()


def _state(place: Place, unreadable: list[str], *, asked: bool) -> NotebookState | None:
    try:
        return notebook_state(place)
    except NotebookFormatError as error:
        if asked:
            raise
        unreadable.append(f"The notebook as it is saved: {error}")
        return None


def _live(session: Session | None, stored: LiveCapture | None) -> LiveCapture | None:
    """Return what the kernel has captured, which is newer than what is stored."""
    capturing = session.capturing if session is not None else None
    if capturing is None:
        return stored
    return msgspec.structs.replace(capturing.ledger.capture, partial=capturing.partial())


def _stored(project: Path, key: str, unreadable: list[str]) -> LiveCapture | None:
    try:
        return Sidecar(project, key).read()
    except PressrunError as error:
        unreadable.append(f"What was captured live: {error}")
        return None


def _health(project: Path, unreadable: list[str]) -> PanelHealth | None:
    try:
        with open_registry(project, reading=True) as registry:
            return panel_health(registry) if registry.standing().head else None
    except PressrunError as error:
        unreadable.append(f"The registry: {error}")
        return None
