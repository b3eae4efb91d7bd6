"""What a trace tells: files read and written, in the order of first use, what was looked for, started and connected."""

from __future__ import annotations

import os
import re
import stat
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Literal

import msgspec

from pressrun.notebook.replay.outside.births import born_since
from pressrun.notebook.replay.outside.calls import Calls, Used
from pressrun.notebook.replay.outside.files import CUT, LIMIT, LOG, NAME, START, Begin
from pressrun.notebook.replay.outside.lines import read_lines
from pressrun.notebook.replay.outside.noise import Noise, source_of
from pressrun.records.capture import Coverage, FailedLookup, FileAccess, Observation, ProcessStart

PATH_LIMIT = 200_000  # distinct paths; a run that uses more is told as seen in part
SHOWN = 200  # characters of an example

LOST = "More files were opened than the recording from outside holds."
NOT_WHOLE = "The recording from outside ended before all processes did."
NOT_THE_KERNEL = "The kernel does not run where it can be recorded from outside."
UNKNOWN_LINES = "The recording from outside has a line that could not be read: {example}"
NO_UTF8 = "A file was opened whose name is no UTF-8 text: {example}"
SERVICE = "A service was spoken to that can run programs, which are not recorded: {example}"
REMOUNTED = "A process changed what paths stand for ({example}): some are perhaps not the real ones."
CONNECTIONS = "What came over connections is recorded only where an adapter knows the library; they led to {targets}."
NAMES = "Names of files that a program other than Python listed are not recorded, only the files that were opened."
WITHOUT = "The kernel did not start under strace and was started without it."
CONNECTIONS_SHOWN = 8
ESCAPES = {
    "io_uring_setup": "Files were perhaps opened through io_uring, which is not recorded.",
    "pidfd_getfd": "An open file was taken over from another process.",
    "nameless": "A file was opened whose path is not known.",
    "relative": "A path was relative to a folder that is not known.",
}
_SERVICES = re.compile(r"docker|containerd|podman|crio|systemd|dbus|libvirt|snapd|lxd|incus|sshd")
_RESOLVERS = re.compile(r":53$|nscd|resolve|userdb|avahi")
_TEMPORARY = tuple({f"{folder}/" for folder in (tempfile.gettempdir(), "/tmp", "/var/tmp")})  # noqa: S108  to recognise
_OWN_SOCKETS = re.compile(r"^unix:/.*/pymp-")


class Trace(msgspec.Struct, frozen=True, kw_only=True):
    """What one trace tells.

    Attributes:
        files: data files, in the order of first use.
        lookups: paths that a read was tried of and that were absent or denied.
        programs: absolute paths of the programs that were run, without their libraries.
        starts: the same and connections, by cell.
        problems: sentences: why the trace may lack opens; none says that it has every open of the process tree.
        attempts: every path that an open was tried of.
    """

    files: tuple[FileAccess, ...] = ()
    lookups: tuple[FailedLookup, ...] = ()
    programs: tuple[str, ...] = ()
    starts: tuple[ProcessStart, ...] = ()
    problems: tuple[str, ...] = ()
    attempts: frozenset[str] = frozenset()

    @property
    def connections(self) -> tuple[str, ...]:
        """``host:port`` or ``unix:path`` of everything that was connected to."""
        return tuple(dict.fromkeys(start.target for start in self.starts if start.what == "socket.connect"))


def read_trace(folder: Path, limit: int = LIMIT) -> Trace | None:
    """Return what was recorded into `folder`; None when nothing was.

    Args:
        folder: the recorder's.
        limit: bytes of the trace to read.
    """
    log, start = folder / LOG, folder / START
    if not log.exists() or not start.exists():
        return None
    begin = msgspec.json.decode(start.read_bytes(), type=Begin)
    calls = Calls()
    lost = (folder / CUT).exists() or log.stat().st_size > limit
    for item in read_lines(log, limit):
        calls.take(item)
        if len(calls.attempts) > PATH_LIMIT:
            lost = True
            break
    return _Reading(calls, begin).trace(lost=lost)


def as_observation(trace: Trace | None) -> Observation:
    """Return what a trace tells in the words of every recorder; `trace` is None where nothing was recorded."""
    if trace is None:
        return Observation(coverage=Coverage(level="none", blind_spots=(WITHOUT,)))
    led = trace.connections
    more = f" and {len(led) - CONNECTIONS_SHOWN} more" if len(led) > CONNECTIONS_SHOWN else ""
    network = (CONNECTIONS.format(targets=", ".join(led[:CONNECTIONS_SHOWN]) + more),) if led else ()
    names = (NAMES,) if any(start.what == "execve" for start in trace.starts) else ()
    coverage = Coverage(
        level="partial" if trace.problems else "complete",
        sources=(NAME,),
        blind_spots=(*trace.problems, *names, *network),
    )
    return Observation(coverage=coverage, files=trace.files, starts=trace.starts, lookups=trace.lookups)


class _Reading:
    """Decides what of the calls is told."""

    def __init__(self, calls: Calls, begin: Begin) -> None:
        self._calls = calls
        self._begin = begin
        self._noise = Noise(calls.program_paths(), begin.folders)
        self._nameless = ""

    def trace(self, *, lost: bool) -> Trace:
        files = (*self._files(), *self._listings())
        starts = tuple(self._starts())
        return Trace(
            files=files,
            lookups=tuple(self._lookups()),
            programs=tuple(map(_encodable, self._calls.program_paths())),
            starts=starts,
            problems=(LOST,) if lost else tuple(self._problems()),
            attempts=frozenset(self._calls.attempts),
        )

    def _files(self) -> Iterator[FileAccess]:
        united: dict[str, Used] = {}
        for opened, used in self._calls.used.items():
            path = source_of(opened)
            if path != opened and used.first != "read":
                continue  # byte code that was written
            written = used.hows == {"write"}
            if self._noise.hides(path, written=written) or not _is_file(path):
                continue
            known = united.setdefault(path, used)
            if known is not used:
                known.hows |= used.hows
                known.cells |= used.cells
        for path, used in united.items():
            access = self._access(path, used)
            if access.first == "read" or not path.startswith(_TEMPORARY) or os.path.exists(path):  # noqa: PTH110
                yield access

    def _listings(self) -> Iterator[FileAccess]:
        for path, cells in self._calls.listed.items():
            if cells - {-1} and not self._noise.hides(f"{path}/"):
                yield FileAccess(
                    path=_encodable(path), mode="read", cells=tuple(sorted(cells)), event="readdir", first="read"
                )

    def _access(self, path: str, used: Used) -> FileAccess:
        first: Literal["read", "write"] = "write" if used.first == "write" else "read"
        hows = set(used.hows)
        if "update" in hows:
            changed = _changed_since(path, self._begin.at)
            hows |= {"read", "write"} if changed else {"read"}
            made = changed and used.made and (born_since(path, self._begin.at) or not os.path.exists(path))  # noqa: PTH110
            if used.first == "update" and made:
                first = "write"
        mode: Literal["read", "write", "read-write"] = "read-write"
        if not {"read", "write"} <= hows:
            mode = "write" if "write" in hows else "read"
        if path != _encodable(path):
            self._nameless = self._nameless or path
        return FileAccess(
            path=_encodable(path), mode=mode, cells=tuple(sorted(used.cells)), event=used.event, first=first
        )

    def _lookups(self) -> Iterator[FailedLookup]:
        for path, missed in self._calls.missed.items():
            cells = tuple(sorted(missed.cells - {-1}))
            if cells and not self._noise.hides_lookup(path):
                reason: Literal["absent", "denied"] = "denied" if missed.reason == "denied" else "absent"
                yield FailedLookup(path=_encodable(path), cells=cells, reason=reason)

    def _starts(self) -> Iterator[ProcessStart]:
        for path, cell in self._calls.programs:
            if cell >= 0:
                yield ProcessStart(what="execve", target=_encodable(os.path.basename(path)), cell=cell)  # noqa: PTH119
        for target, cell in self._calls.connections:
            own = self._noise.is_ours(target.removeprefix("unix:")) or _OWN_SOCKETS.match(target)
            if not own and not _RESOLVERS.search(target):
                yield ProcessStart(what="socket.connect", target=_encodable(target), cell=cell)

    def _problems(self) -> Iterator[str]:
        calls = self._calls
        if calls.live or not calls.processes:
            yield NOT_WHOLE
        if self._begin.hello not in calls.attempts:
            yield NOT_THE_KERNEL
        if calls.unknown:
            yield UNKNOWN_LINES.format(example=calls.unknown[:SHOWN].decode(errors="replace"))
        for name in calls.escapes:
            yield ESCAPES.get(name, REMOUNTED.format(example=name))
        if self._nameless:
            yield NO_UTF8.format(example=_encodable(self._nameless))
        for target in dict.fromkeys(target for target, _ in calls.connections):
            if target.startswith("unix:") and _SERVICES.search(target) and not _RESOLVERS.search(target):
                yield SERVICE.format(example=_encodable(target))


def _is_file(path: str) -> bool:
    """Tell whether a regular file lies there, or nothing any more."""
    try:
        return stat.S_ISREG(os.stat(path).st_mode)  # noqa: PTH116  thousands of them
    except OSError:
        return True


def _changed_since(path: str, moment: float) -> bool:
    try:
        return os.stat(path).st_ctime >= moment  # noqa: PTH116
    except OSError:
        return True


def _encodable(path: str) -> str:
    """Replace what stands for bytes that are no UTF-8."""
    return path.encode("utf-8", "surrogateescape").decode("utf-8", "replace").replace("\ufffd", "?")
