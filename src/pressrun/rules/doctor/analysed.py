"""What the families of rules look at: an analysed notebook, what surrounds it, and what to ask about that."""

from __future__ import annotations

import ast
from collections.abc import Iterator, Mapping
from typing import Any, Literal, TypeVar

import msgspec

from pressrun.records.cells import Cell, CellFlow, Parameter
from pressrun.records.findings import SecretFinding
from pressrun.rules.doctor.events import Assignment, Call, ClassDefinition, Event, Import, Known, Reading

EventKind = TypeVar("EventKind", Call, Assignment, Import, Reading, ClassDefinition)


class Command(msgspec.Struct, frozen=True):
    """A ``!command``, a ``%magic`` line or a ``%%magic`` cell.

    Attributes:
        kind: ``shell``, ``magic`` or ``cell-magic``.
        name: the magic's name; empty for a ``!command``.
        text: what follows; for a cell magic its body.
        assigned: whether its result is bound to a name.
        whole: whether it stands alone on its line, at the cell's top level.
    """

    kind: Literal["shell", "magic", "cell-magic"]
    name: str
    text: str
    line: int
    assigned: bool = False
    whole: bool = True


class AnalysedCell(msgspec.Struct, frozen=True, kw_only=True):
    """A code cell.

    Attributes:
        text: its source as plain Python, with as many lines.
        altered: lines of `text` that are not as the author wrote them.
        tree: None where the cell is no valid Python; `error` then is message and line.
        sure_reads: names that are read before the cell binds them on any path, with the line.
        left_out: declared ``skip`` or without code: not run in production.
        may_raise: tagged ``raises-exception``.
    """

    cell: Cell
    text: str
    altered: frozenset[int] = frozenset()
    tree: ast.Module | None = None
    error: tuple[str, int | None] | None = None
    flow: CellFlow
    sure_reads: Mapping[str, int] = {}
    events: tuple[Event, ...] = ()
    commands: tuple[Command, ...] = ()
    left_out: bool = False
    may_raise: bool = False

    @property
    def index(self) -> int:
        """Position among all cells."""
        return self.cell.index


class AnalysedNotebook(msgspec.Struct, frozen=True, kw_only=True):
    """A notebook that was analysed.

    Attributes:
        cells: the code cells, in order.
        known: what is known of names at the end.
    """

    every: tuple[Cell, ...]
    cells: tuple[AnalysedCell, ...]
    parameters: tuple[Parameter, ...] = ()
    metadata: Mapping[str, Any] = {}
    known: Known = msgspec.field(default_factory=Known)

    @property
    def run(self) -> tuple[AnalysedCell, ...]:
        """The cells that production runs."""
        return tuple(cell for cell in self.cells if not cell.left_out)

    def events(self, kind: type[EventKind]) -> Iterator[tuple[AnalysedCell, EventKind]]:
        """Yield the events of one kind in the cells that production runs, in order."""
        for cell in self.run:
            for event in cell.events:
                if isinstance(event, kind):
                    yield cell, event

    def commands(self) -> Iterator[tuple[AnalysedCell, Command]]:
        """Yield the shell commands and magics of the cells that production runs, in order."""
        for cell in self.run:
            for command in cell.commands:
                yield cell, command


class Module(msgspec.Struct, frozen=True, kw_only=True):
    """Where an imported module comes from, in the interpreter that was asked.

    Attributes:
        state: ``local`` is a file of the author's, ``missing`` not to be found.
        distribution: canonical name of what installed it, empty when nothing did; `path` where its code lies.
        in_project: for local ones, whether the file lies in the project.
    """

    state: Literal["standard", "installed", "editable", "local", "missing"]
    distribution: str = ""
    path: str = ""
    in_project: bool = True


class Questions(msgspec.Struct, frozen=True, kw_only=True):
    """What the rules want to know of the notebook's surroundings.

    Attributes:
        modules: names of imported modules, dotted.
        members: module and name of every ``from module import name``.
        paths: paths as written in the source.
        programs: programs that shell commands start.
        sources: cell -> source that this interpreter cannot parse; another Python may.
    """

    modules: tuple[str, ...] = ()
    members: tuple[tuple[str, str], ...] = ()
    paths: tuple[str, ...] = ()
    programs: tuple[str, ...] = ()
    sources: dict[int, str] = {}


class Surroundings(msgspec.Struct, frozen=True, kw_only=True):
    """The answers. What was not asked or could not be answered is absent, and no rule claims anything about it.

    Attributes:
        python: version of the interpreter, for example ``(3, 11)``; None when none was asked.
        lacking: module and name of ``from`` imports that surely fail in the interpreter.
        versions: canonical distribution name -> installed version.
        pinned: canonical names that the project pins; None where a lock file pins everything.
        exists: path as written -> whether it is there, taken from the notebook's folder.
        inside: path as written -> how to write it relative to the notebook's folder; only paths in the project.
        valid: cells that the interpreter can parse although ours cannot.
        folder: absolute posix path of the notebook's folder; `project` of its project.
        secrets: what the scan for secrets found.
        bundle: whether the notebook is the source of a bundle: its environment is locked.
        unchecked: as in `Diagnosis.unchecked`.
    """

    python: tuple[int, ...] | None = None
    interpreter: str = ""
    modules: Mapping[str, Module] = {}
    lacking: frozenset[tuple[str, str]] = frozenset()
    versions: Mapping[str, str] = {}
    pinned: frozenset[str] | None = frozenset()
    exists: Mapping[str, bool] = {}
    inside: Mapping[str, str] = {}
    programs: Mapping[str, bool] = {}
    valid: frozenset[int] = frozenset()
    folder: str = ""
    project: str = ""
    secrets: tuple[SecretFinding, ...] = ()
    bundle: bool = False
    unchecked: tuple[str, ...] = ()

    def at_least(self, distribution: str, *version: int) -> bool | None:
        """Whether an installed version is at least the one given; None when it is not known."""
        text = self.versions.get(distribution)
        if text is None:
            return None
        return numbers(text) >= version


def numbers(version: str) -> tuple[int, ...]:
    """Return the leading numbers of a version.

    >>> numbers("3.1.0rc1")
    (3, 1, 0)
    """
    found: list[int] = []
    for part in version.split("."):
        digits = part[: len(part) - len(part.lstrip("0123456789"))]
        if not digits:
            break
        found.append(int(digits))
    return tuple(found)
