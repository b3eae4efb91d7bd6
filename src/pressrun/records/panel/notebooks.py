"""What a panel is told of one notebook: its cells, what was captured, what changed since."""

from __future__ import annotations

from typing import Any, Literal

import msgspec

from pressrun.records.cells import Kind, Problem, Spelling, Step
from pressrun.records.digest import Digest
from pressrun.records.live import LiveCapture
from pressrun.records.panel import PROTOCOL
from pressrun.records.panel.jobs import Job
from pressrun.records.panel.versions import PanelVersions


class About(msgspec.Struct, frozen=True, kw_only=True):
    """What the server is.

    Attributes:
        version: of pressrun in the server's environment.
        root: whether notebooks lie on this server's disk at all; where they don't, only the kernel can tell something.
        actor: id of the person on whose behalf the server acts; empty where nobody is configured: `actor_problem`.
        write: whether this user may change anything here (the server's own authorizer).
        environments: pointers that the policy knows, in the order they are reached.
    """

    protocol: int = PROTOCOL
    version: str
    root: bool = True
    actor: str = ""
    actor_problem: str = ""
    write: bool = True
    environments: tuple[str, ...] = ()


class PanelCell(msgspec.Struct, frozen=True, kw_only=True):
    """One cell of the saved notebook.

    Attributes:
        kind: of its declaration, empty when it is not registered; `name` the NAME in it.
        title: first line of its code, shortened.
        source: sha256 of its source as typed.
    """

    index: int
    id: str = ""
    type: str = "code"
    kind: Kind | Literal[""] = ""
    name: str = ""
    spelling: Spelling | Literal[""] = ""
    title: str = ""
    source: str = ""


class PanelParameter(msgspec.Struct, frozen=True, kw_only=True):
    """One parameter, with what a form needs to ask for it.

    Attributes:
        type: in words. `schema`: JSON Schema of the values that are accepted.
        value: the default, None where it has no JSON form (`expression` says it as code).
        secret: its value is a reference to a secret and is never shown.
    """

    name: str
    type: str
    schema: dict[str, Any]
    value: Any = None
    expression: str = ""
    help: str = ""
    cell: int = 0
    derived_from: tuple[str, ...] = ()
    secret: bool = False


class Stale(msgspec.Struct, frozen=True, kw_only=True):
    """Something that is not as it was captured.

    Attributes:
        cell: index of the cell whose capture it makes stale, None when no cell is left.
        what: ``cell`` (its code changed), ``data`` (a file it read changed or is gone), ``missing`` (never captured).
        about: the file's path, empty for a cell.
        text: in words.
    """

    cell: int | None
    what: Literal["cell", "data", "missing"]
    about: str = ""
    text: str


class PanelCheck(msgspec.Struct, frozen=True, kw_only=True):
    """One line of the doctor's or the press's list.

    Attributes:
        level: ``blocking``, ``should-fix`` or ``note``.
    """

    id: str
    level: str
    text: str
    remedy: str = ""
    cell: int | None = None
    line: int | None = None


class PanelEnvironment(msgspec.Struct, frozen=True, kw_only=True):
    """What jobs have told of the environment; empty before the first one.

    Attributes:
        python: version of the kernel's Python in the newest run.
        packages: how many the newest lock pins. `lock`: its digest. `from_job`: id of the job that made it.
    """

    python: str = ""
    packages: int = 0
    lock: str = ""
    from_job: str = ""


class PanelTemplate(msgspec.Struct, frozen=True, kw_only=True):
    """A notebook to begin with."""

    id: str
    title: str
    description: str


class NotebookState(msgspec.Struct, frozen=True, kw_only=True):
    """All that the disk and the registry know of one notebook.

    Attributes:
        path: as the front end names it. `project`: of its project, likewise; empty when it lies outside the root.
        source: sha256 of the notebook file's bytes.
        name: under which it is packaged and registered.
        language: of the kernel; anything but ``python`` cannot be captured.
        captured: what was captured live and kept, None when nothing was.
        stale: what changed since, and what was never captured.
        problems: why it cannot be replayed as it is, and warnings.
        jobs: newest first, at most 20.
        versions: None while the project has no registry.
        unreadable: sentences: what could not be read, and why; the rest is still told.
    """

    path: str
    project: str
    source: Digest
    name: str
    kernel: str = ""
    language: str = "python"
    cells: tuple[PanelCell, ...] = ()
    steps: tuple[Step, ...] = ()
    parameters: tuple[PanelParameter, ...] = ()
    suggested: tuple[PanelParameter, ...] = ()
    captured: LiveCapture | None = None
    stale: tuple[Stale, ...] = ()
    problems: tuple[Problem, ...] = ()
    environment: PanelEnvironment = PanelEnvironment()
    jobs: tuple[Job, ...] = ()
    versions: PanelVersions | None = None
    unreadable: tuple[str, ...] = ()
