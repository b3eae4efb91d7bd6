"""What a sandboxed run asked for that is there on this machine and was not shown to it.

Where every look-up was recorded from outside, those that failed tell. Elsewhere the names of folders that Python code
read, its connections, and the paths that stand in the notebook's own error message do; that is less, so that such a run
is not called hermetic.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Literal

import msgspec

from pressrun.notebook.input_rules import LISTINGS, SKIPPED_PARTS, InputRules
from pressrun.notebook.replay.outcome import Outcome
from pressrun.notebook.replay.sandbox.enclose import Enclosed, files_shown
from pressrun.records.capture import Environment, FileAccess, Observation
from pressrun.records.replay import SandboxReport, UndeclaredRead

FROM_OUTSIDE = "strace"
FROM_ERROR = "error"
FROM_PYTHON = "python-audit"
LIMIT = 200  # of what is told
NOT_WATCHED = "Not every look-up was recorded, so that a file that was looked for and passed over may be missing here."
NOT_FINISHED = "The notebook did not reach its end."
ASKED = "The notebook asked for what was not declared."
_PATHS = re.compile(r"'([^'\n]{1,1024})'|\"([^\"\n]{1,1024})\"|((?:/|\./|\.\./|~/)[^\s'\",;:()\[\]]{1,1024})")
_URL = re.compile(r"\b(?:https?|s3|gs|ftp|abfss?)://[^\s'\"<>)]+", re.IGNORECASE)
_HOST = re.compile(r"host=['\"]?([\w.-]+)['\"]?, port=(\d+)")
_NO_NETWORK = re.compile(
    r"Name or service not known|Temporary failure in name resolution|nodename nor servname|Network is unreachable"
    r"|Could not resolve host|Failed to resolve|unable to resolve host|getaddrinfo",
    re.IGNORECASE,
)
_NEAR = re.compile(r"^(unix:|127\.|localhost:|::1:|\[::1\]|0\.0\.0\.0:|:::)")

Kind = Literal["file", "folder", "listing", "network"]


def report_of(enclosed: Enclosed, observation: Observation, result: Outcome, working_directory: str) -> SandboxReport:
    """Return what a run in a sandbox showed; its folders are still there.

    Args:
        enclosed: the sandbox.
        observation: what the recorders saw.
        result: what came of the run.
        working_directory: where the kernel ran.
    """
    asked = _Asked(enclosed, observation, working_directory)
    found = [*asked.looked_for(), *asked.listed(), *asked.connected()]
    failure = result.failure
    if failure is not None:
        found += asked.named_in((failure.message, failure.traceback, *failure.last_outputs), failure.cell)
    undeclared = _united(found)
    reasons = [NOT_FINISHED] if result.verdict != "completed" else []
    reasons += [ASKED] if undeclared else []
    reasons += [NOT_WATCHED] if observation.coverage.level != "complete" else []
    written = sorted(set(files_shown(enclosed.sandbox)) - enclosed.initial)
    return SandboxReport(
        declared=enclosed.sandbox.declared,
        undeclared=tuple(undeclared[:LIMIT]),
        reasons=tuple(reasons),
        written=tuple(path for path in written if SKIPPED_PARTS.isdisjoint(Path(path).parts)),
    )


class _Asked:
    """What one run asked for."""

    def __init__(self, enclosed: Enclosed, observation: Observation, working_directory: str) -> None:
        self._sandbox = enclosed.sandbox
        self._enclosed = enclosed
        self._observation = observation
        self._place = working_directory
        project = enclosed.sandbox.origins[0].place if enclosed.sandbox.origins else working_directory
        found = enclosed.interpreter
        environment = Environment(
            python="",
            implementation="",
            platform="",
            machine="",
            executable=found.executable,
            prefix=found.prefixes[0],
            base_prefix=found.prefixes[1],
            site_paths=tuple(path for path in found.paths if "-packages" in path),
        )
        self._rules = InputRules(Path(project), environment, observation)
        bound = (*enclosed.sandbox.readable, *enclosed.sandbox.writable, *enclosed.environment)
        self._bound = tuple(dict.fromkeys(os.path.normpath(path) for path in bound))

    def looked_for(self) -> Iterator[UndeclaredRead]:
        """Yield what failed look-ups tell, as far as recorders told of them."""
        for lookup in self._observation.lookups:
            if lookup.path not in self._enclosed.initial:
                yield from self._undeclared(lookup.path, lookup.cells, FROM_OUTSIDE)

    def listed(self) -> Iterator[UndeclaredRead]:
        """Yield folders whose names were read and that hold more data here than in the sandbox."""
        for access in self._observation.files:
            folder = os.path.normpath(access.path)
            if access.event not in LISTINGS or self._is_bound(folder):
                continue
            here = self._origin(folder)
            # as for inputs: the folder that a notebook runs in, or one above it, is no data set
            if folder == self._place or self._place.startswith(folder.rstrip(os.sep) + os.sep):
                continue
            if not here.is_dir() or not self._rules.is_whole(here) or not self._is_data(folder):
                continue
            names = {name.name for name in here.iterdir() if self._is_data(os.path.join(folder, name.name))}  # noqa: PTH118
            if names - self._names_shown(folder):
                source = FROM_OUTSIDE if access.event == "readdir" else FROM_PYTHON
                yield UndeclaredRead(path=str(here), kind="listing", cells=access.cells, told_by=source)

    def connected(self) -> Iterator[UndeclaredRead]:
        """Yield where to a connection was tried, other than to this machine itself; and what adapters told."""
        for start in self._observation.starts:
            if start.what == "socket.connect" and not _NEAR.match(start.target):
                yield UndeclaredRead(path=start.target, kind="network", cells=(start.cell,), told_by=FROM_PYTHON)
        for read in self._observation.external:
            if read.kind != "query":
                yield UndeclaredRead(path=read.target, kind="network", cells=read.cells, told_by=read.event)

    def named_in(self, texts: Iterable[str], cell: int | None) -> Iterator[UndeclaredRead]:
        """Yield files that an error message names, and hosts where it says that there is no network."""
        cells = () if cell is None else (cell,)
        for text in texts:
            for words in _PATHS.findall(text):
                word = next(filter(None, words)).removeprefix("file://")
                if "://" in word or "\0" in word:
                    continue
                path = os.path.normpath(Path(self._place, word).expanduser())
                if not self._is_shown(path):
                    yield from self._undeclared(path, cells, FROM_ERROR)
            if _NO_NETWORK.search(text):
                hosts = [f"{host}:{port}" for host, port in _HOST.findall(text)]
                for target in dict.fromkeys(hosts or _URL.findall(text)):
                    yield UndeclaredRead(path=target, kind="network", cells=cells, told_by=FROM_ERROR)

    def _undeclared(self, path: str, cells: tuple[int, ...], told_by: str) -> Iterator[UndeclaredRead]:
        here = self._origin(path)
        try:
            kind: Kind = "folder" if here.is_dir() else "file"
            there = os.path.lexists(here)
        except (OSError, ValueError):  # no name that a file can have
            return
        if not there or not self._is_data(path):
            return
        if kind == "folder" and (not self._rules.is_whole(here) or self._is_skeleton(path) or _is_searched(path)):
            return
        yield UndeclaredRead(path=str(here), kind=kind, cells=cells, told_by=told_by)

    def _is_data(self, path: str) -> bool:
        """Tell whether a file there would be an input if it were read."""
        if not SKIPPED_PARTS.isdisjoint(Path(path).parts):
            return False
        return self._rules.place(FileAccess(path=path, mode="read", cells=(), first="read")) is not None

    def _origin(self, path: str) -> Path:
        """Return where on this machine that lies which the kernel knows as `path`."""
        for origin in self._sandbox.origins:
            if path == origin.place or path.startswith(origin.place.rstrip(os.sep) + os.sep):
                return Path(origin.folder, os.path.relpath(path, origin.place))
        return Path(path)

    def _is_bound(self, path: str) -> bool:
        return any(path == top or path.startswith(top.rstrip(os.sep) + os.sep) for top in self._bound)

    def _is_skeleton(self, path: str) -> bool:
        """Tell whether the sandbox has a folder there because something below it is shown."""
        below = path.rstrip(os.sep) + os.sep
        return any(known.startswith(below) for known in (*self._bound, *self._enclosed.initial))

    def _is_shown(self, path: str) -> bool:
        if self._is_bound(path) or path in self._enclosed.initial or self._is_skeleton(path):
            return True
        tops = (shown for shown in self._sandbox.shown if path.startswith(shown.place.rstrip(os.sep) + os.sep))
        return any(Path(shown.source, os.path.relpath(path, shown.place)).exists() for shown in tops)

    def _names_shown(self, folder: str) -> set[str]:
        below = folder.rstrip(os.sep) + os.sep
        known = (*self._bound, *self._enclosed.initial, *(path for path, _ in self._sandbox.links))
        return {Path(path[len(below) :]).parts[0] for path in known if path.startswith(below)}


def _is_searched(folder: str) -> bool:
    """Tell whether a shell looks at a folder because programs are searched in it or below it."""
    below = folder.rstrip(os.sep) + os.sep
    return any(f"{entry}{os.sep}".startswith(below) for entry in os.environ.get("PATH", "").split(os.pathsep))


def _united(found: Iterable[UndeclaredRead]) -> list[UndeclaredRead]:
    """Return one record a path, the surest source first."""
    by_path: dict[str, UndeclaredRead] = {}
    for one in found:
        known = by_path.get(one.path)
        if known is None:
            by_path[one.path] = one
        else:
            cells = tuple(sorted({*known.cells, *one.cells}))
            by_path[one.path] = msgspec.structs.replace(known, cells=cells)
    return list(by_path.values())
