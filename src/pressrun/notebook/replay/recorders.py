"""Who watches a replay: recorders, and one observation made of what all of them saw.

A recorder works beside the kernel and writes what it sees into a folder of its own, from which the observation is read
afterwards, also when the kernel or the driver was killed. The one here runs inside the kernel; one that looks from
outside (a tracer, a file-system watch) or that knows a library's own readers is another `Recorder` in `RECORDERS`, and
nobody who asks for a replay or reads its observation changes.
"""

from __future__ import annotations

import re
import struct
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import Any, Literal, Protocol

import msgspec

import pressrun.observer
from pressrun.notebook.replay.journal import ShellFailure
from pressrun.records.capture import Coverage, FileAccess, ImportedModule, Observation, ProcessStart

OBSERVER_PARTS = ("classify", "wrapping", "recorder")
OUTSIDE = -1
LEVELS: tuple[Literal["none", "partial", "python-only", "complete"], ...] = (
    "none", "partial", "python-only", "complete",
)  # fmt: skip
NATIVE_READERS = (
    "Files that a library opens in its own C, C++ or Rust code are not seen: pyarrow (also behind "
    "pandas.read_parquet), polars, duckdb, h5py, netCDF4, OpenCV, and the file readers of xgboost, lightgbm and "
    "catboost."
)
CHILDREN = (
    "Files that other programs open are not seen: those started by !commands or subprocess, and worker processes that "
    "were not forked from the kernel."
)
NETWORK = "What came over the network is not recorded, only which hosts Python code connected to."
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
    """Records what a kernel does into a folder."""

    name: str

    def begin(self, folder: Path, process: int, ask: Ask) -> None:
        """Start to record what the kernel with that process id does."""

    def enter(self, cell: int) -> None:
        """Attribute to this cell what comes from now on."""

    def finish(self, ask: Ask) -> None:
        """Stop; the kernel still runs."""

    def observation(self, folder: Path) -> Observation:
        """Return what was recorded into `folder`, by this or another process."""


class PythonRecorder:
    """Runs `pressrun.observer` inside the kernel, sent there by a request that leaves no trace."""

    name = "python-audit"

    def __init__(self) -> None:
        self._marker: Path | None = None

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

    def observation(self, folder: Path) -> Observation:
        """Read what the observer wrote."""
        lines = [] if not folder.is_dir() else _lines(folder / "events.jsonl")
        if not lines:
            return Observation(coverage=Coverage(level="none", blind_spots=(NOT_RECORDED,)))
        end = _object(folder / "end.json")
        start = next((line for line in lines if line["e"] == "start"), {})
        modules = [ImportedModule(name=n, file=f, preloaded=p) for n, f, p in end.get("modules", [])]
        return Observation(
            coverage=_coverage(self.name, end),
            files=file_accesses(lines),
            starts=tuple(
                ProcessStart(what=line["e"], target=line["w"], cell=line["c"]) for line in lines if "w" in line
            ),
            modules=tuple(modules),
            executable=start.get("x", ""),
            working_directory=start.get("d", ""),
            thread_settings=end.get("threads", {}),
        )


OBSERVER = '__import__("sys").modules["_pressrun_observer"]'
_OWN_IMPORTS = re.compile(r"^ *from (?:pressrun\.\S+|__future__) import (?:\([^)]*\)|.*)$", re.MULTILINE)
RECORDERS: tuple[Callable[[], Recorder], ...] = (PythonRecorder,)


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


def merge(observations: Sequence[Observation]) -> Observation:
    """Return one observation of what several recorders saw of one run; the best coverage of them counts."""
    if len(observations) == 1:
        return observations[0]
    best = max(observations, key=lambda one: LEVELS.index(one.coverage.level))
    return Observation(
        coverage=Coverage(
            level=best.coverage.level,
            sources=tuple(source for one in observations for source in one.coverage.sources),
            blind_spots=best.coverage.blind_spots,
        ),
        files=_united(access for one in observations for access in one.files),
        starts=tuple(dict.fromkeys(start for one in observations for start in one.starts)),
        modules=tuple(dict.fromkeys(module for one in observations for module in one.modules)),
        executable=next((one.executable for one in observations if one.executable), ""),
        working_directory=next((one.working_directory for one in observations if one.working_directory), ""),
        seeds=tuple(dict.fromkeys(seed for one in observations for seed in one.seeds)),
        thread_settings={name: value for one in observations for name, value in one.thread_settings.items()},
    )


def file_accesses(lines: Iterable[dict[str, Any]]) -> tuple[FileAccess, ...]:
    """Return one access a path from the observer's lines, in the order of first use."""
    modes: dict[str, Literal["read", "write", "read-write"]] = {"r": "read", "w": "write", "rw": "read-write"}
    single = []
    for line in lines:
        if "p" not in line:
            continue
        path = line["p"]
        mode = modes[line["m"]]
        if line["e"] == "sqlite3.connect" and mode == "read" and _changed(path, line):
            mode = "read-write"
        first: Literal["read", "write"] = "write" if mode == "write" else "read"
        single.append(FileAccess(path=path, mode=mode, cells=(line["c"],), event=line["e"], first=first))
    return _united(single)


def _united(accesses: Iterable[FileAccess]) -> tuple[FileAccess, ...]:
    by_path: dict[tuple[str, bool], FileAccess] = {}
    for access in accesses:
        key = (access.path, access.event in {"os.listdir", "os.scandir"})
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


def _changed(path: str, line: dict[str, Any]) -> bool:
    """Tell whether a database, or the log beside it, is not what it was when it was opened."""
    try:
        found = Path(path).stat()
    except OSError:
        return True
    return (found.st_size, found.st_mtime_ns) != (line["s"], line["t"])


def _coverage(name: str, end: dict[str, Any]) -> Coverage:
    spots = [NATIVE_READERS, CHILDREN, NETWORK]
    if not end:
        return Coverage(level="partial", sources=(name,), blind_spots=(CUT_SHORT, *spots))
    spots += [] if end["audit"] else [WRAPPED]
    lost = [FAULTS] * bool(end["faults"]) + [TRUNCATED] * bool(end["truncated"])
    return Coverage(level="partial" if lost else "python-only", sources=(name,), blind_spots=(*lost, *spots))


def _in_own_namespace(source: str) -> str:
    """Return one line of code that runs `source` where the notebook's names are neither seen nor touched."""
    builtins = '__import__("builtins")'
    names = '{"__name__": "_pressrun_observer_source"}'
    return f'{builtins}.exec({builtins}.compile({source!r}, "<pressrun observer>", "exec"), {names})'


def _lines(path: Path) -> list[dict[str, Any]]:
    if not path.exists():
        return []
    whole = path.read_bytes().rpartition(b"\n")[0]
    lines = [msgspec.json.decode(_encodable(line)) for line in whole.splitlines()]
    return [line for line in lines if isinstance(line, dict)]


def _object(path: Path) -> dict[str, Any]:
    if not path.exists():
        return {}
    found = msgspec.json.decode(_encodable(path.read_bytes()))
    return found if isinstance(found, dict) else {}


def _encodable(text: bytes) -> bytes:
    """Replace the lone surrogates that stand for bytes of a file name that are no UTF-8."""
    return re.sub(rb"\\udc[89a-f][0-9a-f]", b"?", text)
