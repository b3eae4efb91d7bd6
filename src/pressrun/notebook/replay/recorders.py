"""Who watches a replay: recorders, and one observation made of what all of them saw.

A recorder works beside the kernel and writes what it sees into a folder of its own, from which the observation is read
afterwards, also when the kernel or the driver was killed. The one here runs inside the kernel; one that looks from
outside is another `Recorder` (`pressrun.notebook.replay.outside`); which of them are at work and what they saw together
is decided in `pressrun.notebook.replay.observing` and `merging`.
"""

from __future__ import annotations

import re
import struct
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any, Literal, Protocol

import msgspec

import pressrun.observer
from pressrun.notebook.replay.journal import ShellFailure
from pressrun.records.capture import Coverage, ExternalRead, FileAccess, ImportedModule, Observation, ProcessStart
from pressrun.rules.blind_spots import blind_spots

OBSERVER_PARTS = (
    "classify", "wrapping", "naming", "sight", "library_calls", "remote_calls", "libraries", "patching", "watch",
    "recorder",
)  # fmt: skip
OUTSIDE = -1
LISTINGS = frozenset({"os.listdir", "os.scandir", "readdir"})
UNKNOWN_LIBRARIES = "Files that a library opened in its own native code may not have been seen."
WRAPPED = (
    "The kernel's Python has no audit events: only opens through open(), os.open(), sqlite3, and what is built on them "
    "are seen."
)
FAULTS = "The recorder had faults of its own and may have missed something."
TRUNCATED = "More files were opened than are recorded."
CUT_SHORT = "The kernel ended before the recording was complete: imported modules are not known."
NOT_RECORDED = "Nothing was recorded."

Ask = Callable[[str], bool]
"""Runs code in the kernel silently and tells whether it succeeded."""


class Recorder(Protocol):
    """Records what a kernel does into a folder.

    Attributes:
        own_process: process of its own that ends by itself after the kernel, 0 when there is none.
    """

    name: str
    own_process: int

    def prefix(self, folder: Path) -> list[str]:
        """Return the words of a command that the kernel is to be started by; none when it need not be."""

    def begin(self, folder: Path, process: int, ask: Ask) -> None:
        """Start to record what the kernel with that process id does."""

    def enter(self, cell: int) -> None:
        """Attribute to this cell what comes from now on."""

    def finish(self, ask: Ask) -> None:
        """Stop; the kernel still runs."""

    def close(self) -> None:
        """Wait until everything is written; the kernel and all its children have ended."""

    def observation(self, folder: Path) -> Observation:
        """Return what was recorded into `folder`, by this or another process."""


class PythonRecorder:
    """Runs `pressrun.observer` inside the kernel, sent there by a request that leaves no trace."""

    name = "python-audit"

    def __init__(self) -> None:
        self.own_process = 0
        self._marker: Path | None = None

    def prefix(self, folder: Path) -> list[str]:
        """Return nothing: the kernel is not started otherwise."""
        del folder
        return []

    def begin(self, folder: Path, process: int, ask: Ask) -> None:
        """Send the observer."""
        del process
        self._marker = folder / "cell"
        self.enter(OUTSIDE)
        ask(_in_own_namespace(f"{observer_source()}\ninstall({str(folder)!r})\n"))

    def enter(self, cell: int) -> None:
        """Write the cell's index where the observer reads it."""
        if self._marker is None:
            return
        if self._marker.exists():
            with self._marker.open("r+b") as file:  # in place: the observer has the file mapped
                file.write(struct.pack("<i", cell))
        else:
            self._marker.write_bytes(struct.pack("<i", cell))

    def finish(self, ask: Ask) -> None:
        """Let the observer write what it knows at the end."""
        ask(f"{OBSERVER}.finish()")

    def close(self) -> None:
        """Do nothing: what the observer wrote is written."""

    def observation(self, folder: Path) -> Observation:
        """Read what the observer wrote."""
        lines = [] if not folder.is_dir() else _lines(folder / "events.jsonl")
        if not lines:
            return Observation(coverage=Coverage(level="none", blind_spots=(NOT_RECORDED,)))
        end = _object(folder / "end.json")
        start = next((line for line in lines if line["e"] == "start"), {})
        modules = tuple(ImportedModule(name=n, file=f, preloaded=p) for n, f, p in end.get("modules", []))
        starts = tuple(ProcessStart(what=line["e"], target=line["w"], cell=line["c"]) for line in lines if "w" in line)
        return Observation(
            coverage=_coverage(self.name, end, modules, starts),
            files=file_accesses(lines),
            starts=starts,
            modules=modules,
            external=external_reads(lines),
            executable=start.get("x", ""),
            working_directory=start.get("d", ""),
            thread_settings=end.get("threads", {}),
        )


OBSERVER = '__import__("sys").modules["_pressrun_observer"]'
_OWN_IMPORTS = re.compile(r"^ *from (?:pressrun\.\S+|__future__) import (?:\([^)]*\)|.*)$", re.MULTILINE)


def observer_source() -> str:
    """Return the observer as one source: its modules one after the other, without imports of each other."""
    folder = Path(pressrun.observer.__file__).parent
    text = "\n".join((folder / f"{part}.py").read_text(encoding="utf-8") for part in OBSERVER_PARTS)
    text = re.sub(
        r"^ *from (?:pressrun\.observer\.\w+|__future__) import (?:\([^)]*\)|.*)$", "", text, flags=re.MULTILINE
    )
    text = text.replace("if TYPE_CHECKING:\n", "")
    return f"from __future__ import annotations\n{text}"


def task_source(source: str, directory: str, result: str) -> str:
    """Return code that runs a task's ``run(user_ns, directory)`` and writes what it gave, or why not, to a file.

    Args:
        source: the task's source.
        directory: its folder.
        result: file for the JSON object ``{"value": ...}`` or ``{"error": ...}``.
    """
    body = f"""
import json, sys
def perform():
    names = {{"__name__": "pressrun_task"}}
    try:
        exec(compile({source!r}, "<pressrun task>", "exec"), names)
        told = json.dumps({{"value": names["run"](sys.modules["__main__"].__dict__, {directory!r})}})
    except BaseException as error:
        told = json.dumps({{"error": "%s: %s" % (type(error).__name__, error)}})
    with open({result!r}, "w") as file:
        file.write(told)
observer = sys.modules.get("_pressrun_observer")
observer.quietly(perform) if observer else perform()
"""
    return _in_own_namespace(body)


def shell_failures(folder: Path, seen_bytes: int) -> tuple[list[ShellFailure], int]:
    """Return the ``!commands`` that failed since the file was `seen_bytes` long, and its length now."""
    path = folder / PythonRecorder.name / "shell.jsonl"
    size = path.stat().st_size if path.exists() else 0
    if size <= seen_bytes:
        return [], size
    with path.open("rb") as file:
        file.seek(seen_bytes)
        found = [msgspec.json.decode(line) for line in file.read(size - seen_bytes).splitlines()]
    return [ShellFailure(line["w"], line["s"], line["l"]) for line in found], size


def crash_report(folder: Path) -> str:
    """Return where Python code was when a fatal error ended the kernel, empty when there was none."""
    path = folder / PythonRecorder.name / "crash.txt"
    return path.read_text(encoding="utf-8", errors="replace") if path.exists() else ""


def file_accesses(lines: Iterable[dict[str, Any]]) -> tuple[FileAccess, ...]:
    """Return one access a path from the observer's lines, in the order of first use."""
    modes: dict[str, Literal["read", "write", "read-write"]] = {"r": "read", "w": "write", "rw": "read-write"}
    single = []
    for line in lines:
        if "p" not in line:
            continue
        path = line["p"]
        mode = modes[line["m"]]
        if "s" in line and mode == "read" and _changed(path, line):
            mode = "read-write"
        first: Literal["read", "write"] = "write" if mode == "write" else "read"
        single.append(FileAccess(path=path, mode=mode, cells=(line["c"],), event=line["e"], first=first))
    return united(single)


def united(accesses: Iterable[FileAccess]) -> tuple[FileAccess, ...]:
    """Return one access a path, in the order of first use; a listed folder is told apart from the files in it."""
    by_path: dict[tuple[str, bool], FileAccess] = {}
    for access in accesses:
        key = (access.path, access.event in LISTINGS)
        known = by_path.get(key)
        if known is None:
            by_path[key] = access
            continue
        by_path[key] = msgspec.structs.replace(
            known,
            mode=known.mode if known.mode == access.mode else "read-write",
            cells=tuple(sorted({*known.cells, *access.cells})),
        )
    return tuple(by_path.values())


def external_reads(lines: Iterable[dict[str, Any]]) -> tuple[ExternalRead, ...]:
    """Return one read for each thing and version from the observer's lines; of a query the last count of rows."""
    in_cell: dict[tuple[Any, ...], dict[str, Any]] = {}
    for line in lines:
        if "o" in line:
            told = line["o"]
            which = (line["e"], told["kind"], told["target"], told.get("digest", ""), line["c"])
            version = told.get("version", "") if told["kind"] != "query" else ""
            in_cell.setdefault((*which, version), {}).update({key: one for key, one in told.items() if one is not None})
    found: dict[ExternalRead, set[int]] = {}
    for (event, _, _, _, cell, _), told in in_cell.items():
        found.setdefault(ExternalRead(event=event, cells=(), **told), set()).add(cell)
    return tuple(msgspec.structs.replace(one, cells=tuple(sorted(cells))) for one, cells in found.items())


def _changed(path: str, line: dict[str, Any]) -> bool:
    """Tell whether a database, or the log beside it, is not what it was when it was opened."""
    try:
        found = Path(path).stat()
    except OSError:
        return True
    return (found.st_size, found.st_mtime_ns) != (line["s"], line["t"])


def _coverage(
    name: str, end: dict[str, Any], modules: tuple[ImportedModule, ...], starts: tuple[ProcessStart, ...]
) -> Coverage:
    if not end:
        spots = (CUT_SHORT, UNKNOWN_LIBRARIES, *blind_spots((), {}, starts, children=True))
        return Coverage(level="partial", sources=(name,), blind_spots=spots)
    spots = blind_spots(modules, end["libraries"], starts, children=end["children"])
    wrapped = [] if end["audit"] else [WRAPPED]
    lost = [FAULTS] * bool(end["faults"]) + [TRUNCATED] * bool(end["truncated"])
    level: Literal["partial", "python-only"] = "partial" if lost else "python-only"
    return Coverage(level=level, sources=(name,), blind_spots=(*lost, *wrapped, *spots))


def _in_own_namespace(source: str) -> str:
    """Return one line of code that runs `source` where the notebook's names are neither seen nor touched."""
    builtins = '__import__("builtins")'
    names = '{"__name__": "_pressrun_observer_source"}'
    return f'{builtins}.exec({builtins}.compile({source!r}, "<pressrun observer>", "exec"), {names})'


def spooled_lines(whole: bytes) -> list[dict[str, Any]]:
    """Return the facts in a part of a spool that ends where a line does.

    A byte of a file's name that is no UTF-8 has become ``?``.
    """
    lines = [msgspec.json.decode(_encodable(line)) for line in whole.splitlines()]
    return [line for line in lines if isinstance(line, dict)]


def _lines(path: Path) -> list[dict[str, Any]]:
    if not path.exists():
        return []
    whole = path.read_bytes().rpartition(b"\n")[0]
    return spooled_lines(whole)


def _object(path: Path) -> dict[str, Any]:
    if not path.exists():
        return {}
    found = msgspec.json.decode(_encodable(path.read_bytes()))
    return found if isinstance(found, dict) else {}


def _encodable(text: bytes) -> bytes:
    """Replace the lone surrogates that stand for bytes of a file name that are no UTF-8."""
    return re.sub(rb"\\udc[89a-f][0-9a-f]", b"?", text)
