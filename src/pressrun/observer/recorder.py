"""The source that a replay sends into a user's kernel, to record what the notebook opens, starts and imports.

It runs inside a process that is not ours: standard library only, Python 3.7 and later, no name of the user touched, no
library imported on its behalf. Nothing that goes wrong in here may change what a cell does, so every entry is guarded
against every exception; only a KeyboardInterrupt passes, because it is the user's.

What is recorded goes line by line to a file that is opened for appending, so that a kernel that is killed leaves what
was seen, and forked children write to the same file. The current cell is read from a file that the driver maps and
sets before each cell; no IPython event is hooked.
"""

# Standard library of Python 3.7, and pathlib would cost what a cell should not notice. What is caught blindly must not
# reach the notebook, and frames tell who asks:
# ruff: noqa: BLE001, S112, SLF001, PTH105, PTH109, PTH110, PTH112, PTH116, PTH117, PTH118, PTH123

from __future__ import annotations

import faulthandler
import functools
import json
import mmap
import os
import stat
import struct
import sys
from _thread import get_ident
from collections.abc import Callable
from types import FrameType
from typing import Any

from pressrun.observer.classify import (
    NOISE_SUFFIXES,
    absolute,
    access_of,
    command_word,
    is_noise,
    library_roots,
    program_of,
    thread_settings,
)
from pressrun.observer.library_calls import read_path
from pressrun.observer.naming import texts_in
from pressrun.observer.patching import watched
from pressrun.observer.remote_calls import note_page
from pressrun.observer.sight import Sight
from pressrun.observer.watch import LibraryWatch
from pressrun.observer.wrapping import ImportListener, guarded, old_pandas, watch_shell, wrap_functions

MODULE_NAME = "_pressrun_observer"
SEEN_LIMIT = 200000  # distinct (path, use, cell); a notebook that opens more is told as seen in part
FAULT_LIMIT = 20  # the recorder gives up after so many faults of its own
RESULT_DIGESTS = "PRESSRUN_RESULT_DIGESTS"  # environment variable: digest the rows that queries give, too
READERS_OF_SOURCE = ("linecache.py", "tokenize.py", "inspect.py")
SEEKERS_OF_MODULES = ("/pkgutil.py", "/entrypoints.py", "/importlib/metadata/__init__.py",
                      "/importlib_metadata/__init__.py", "/pkg_resources/__init__.py")  # fmt: skip


class Spool:
    """Appends lines to a file, and never writes to anything else."""

    def __init__(self, path: str) -> None:
        self.path = path
        self.reopen()

    def reopen(self) -> None:
        """Open the file anew and remember what it is."""
        self.descriptor = os.open(self.path, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
        found = os.fstat(self.descriptor)
        self.known = (found.st_dev, found.st_ino)

    def write(self, record: dict[str, Any]) -> None:
        """Append one record."""
        try:
            found = os.fstat(self.descriptor)
            same = (found.st_dev, found.st_ino) == self.known
        except OSError:
            same = False
        if not same:  # code that closes every descriptor closed ours too; its number may be another file's by now
            self.reopen()
        os.write(self.descriptor, json.dumps(record).encode("ascii") + b"\n")


class Recorder:
    """Turns audit events into records.

    Args:
        folder: where to write ``events.jsonl``, ``shell.jsonl`` and ``crash.txt``; the cell marker ``cell`` lies there.
    """

    def __init__(self, folder: str) -> None:
        self.folder = folder
        self.events = Spool(os.path.join(folder, "events.jsonl"))
        self.statuses = Spool(os.path.join(folder, "shell.jsonl"))
        with open(os.path.join(folder, "cell"), "rb") as marker:
            self.marker = mmap.mmap(marker.fileno(), 4, access=mmap.ACCESS_READ)
        self.seen: set[tuple[Any, ...]] = set()
        self.quiet: set[int] = set()  # threads that do something for the driver, not for the notebook
        self.busy: set[int] = set()  # threads that are in the recorder
        self.faults = 0
        self.cut_short = False  # a folder held more files than are recorded
        self.scans: dict[tuple[str, ...], None] = {}  # what lazy frames were made from
        self.queries: Any = None  # hears of SQLAlchemy's, once it is there
        self.result_digests = bool(os.environ.get(RESULT_DIGESTS))
        self.libraries = LibraryWatch(self)
        self.crash: Any = None  # where a fatal error tells which line it was in
        self.roots = library_roots()
        self.children = children_used()
        self.preloaded = frozenset(sys.modules)
        self.handlers: dict[str, Callable[[Any], None]] = {
            "open": self.on_open,
            "os.rename": self.on_rename,
            "os.listdir": lambda args: self.on_listing("os.listdir", args[0]),
            "os.scandir": lambda args: self.on_listing("os.scandir", args[0]),
            "sqlite3.connect": self.on_sqlite,
            "subprocess.Popen": lambda args: self.on_start("subprocess.Popen", program_of(args[1], args[0])),
            "os.system": lambda args: self.on_start("os.system", command_word(args[0])),
            "os.exec": lambda args: self.on_start("os.exec", program_of(args[1], args[0])),
            "os.posix_spawn": lambda args: self.on_start("os.posix_spawn", program_of(args[1], args[0])),
            "socket.connect": self.on_connect,
        }

    def cell(self) -> int:
        """Return the index of the cell that runs, -1 outside any."""
        return int(struct.unpack_from("<i", self.marker)[0])

    def is_new(self, key: tuple[Any, ...]) -> bool:
        """Tell whether `key` was not recorded yet, and remember it."""
        if key in self.seen or len(self.seen) >= SEEN_LIMIT:
            return False
        self.seen.add(key)
        return True

    def given_up(self) -> bool:
        """Tell whether there were too many faults to go on."""
        return self.faults >= FAULT_LIMIT

    def caller(self) -> str:
        """Return the file name of the code that called into the recorder."""
        frame: FrameType | None = sys._getframe(1)
        while frame is not None and frame.f_code.co_filename in OWN_FILES:
            frame = frame.f_back
        return frame.f_code.co_filename if frame is not None else ""

    def on_open(self, args: tuple[Any, ...]) -> None:
        """Record an open of a regular file."""
        path, mode, flags = args
        if isinstance(path, (str, bytes, os.PathLike)):
            self.note_file("open", path, access_of(mode, flags))

    def note_file(self, event: str, path: Any, how: str) -> None:
        """Record that `path` is read or written, unless it is noise or was recorded for this cell."""
        cell = self.cell()
        text = os.fsdecode(path)
        if text.endswith(NOISE_SUFFIXES):
            return
        key = (text if os.path.isabs(text) else os.path.join(os.getcwd(), text), how, cell)
        if key in self.seen:
            return
        reader = self.caller()
        if reader.startswith("<frozen ") or (text.endswith(".py") and reader.endswith(READERS_OF_SOURCE)):
            return
        full = absolute(text)
        if is_noise(full, self.roots) or full.startswith(self.folder) or not is_regular(full, absent=how != "r"):
            return
        if self.is_new(key):
            self.events.write({"e": event, "p": full, "m": how, "c": cell, "i": os.getpid()})

    def on_rename(self, args: tuple[Any, ...]) -> None:
        """Record that a file took its final name: many writers write aside first."""
        if is_regular(args[0], absent=False):
            self.note_file("os.rename", args[1], "w")

    def on_listing(self, event: str, path: Any) -> None:
        """Record that the names in a directory were read, other than by the import system."""
        cell = self.cell()
        if isinstance(path, int):
            return
        reader = self.caller().replace(os.sep, "/")
        if reader.startswith("<frozen ") or reader.endswith(SEEKERS_OF_MODULES):
            return
        full = absolute("." if path is None else path)
        if is_noise(full + "/", self.roots) or "-packages" in full or not os.path.isdir(full):
            return
        if self.is_new((event, full, cell)):
            self.events.write({"e": event, "p": full, "m": "r", "c": cell, "i": os.getpid()})

    def on_sqlite(self, args: tuple[Any, ...]) -> None:
        """Record a database file; whether it was changed shows from its size and time when it was opened."""
        text = os.fsdecode(args[0])
        cell = self.cell()
        if "mode=memory" in text:
            return
        if text.startswith("file:"):
            text = text[5:].split("?")[0]
        if text in ("", ":memory:"):
            return
        full = absolute(text)
        if is_noise(full, self.roots) or not self.is_new((full, "sqlite", cell)):
            return
        self.write_update("sqlite3.connect", full, cell)

    def note_update(self, event: str, path: str) -> None:
        """Record a file that is opened for both reading and writing."""
        full = absolute(path)
        cell = self.cell()
        if not is_noise(full, self.roots) and not os.path.isdir(full) and self.is_new((full, "update", cell)):
            self.write_update(event, full, cell)

    def write_update(self, event: str, full: str, cell: int) -> None:
        """Write down a file that may be changed; whether it was shows from its size and time by now."""
        record: dict[str, Any] = {"e": event, "p": full, "m": "w", "c": cell, "i": os.getpid()}
        if os.path.exists(full):
            found = os.stat(full)
            record.update(m="r", s=found.st_size, t=found.st_mtime_ns)
        self.events.write(record)

    def note_external(self, event: str, kind: str, target: str, facts: dict[str, Any]) -> None:
        """Record that something was read that is no local file; `facts` that are empty are not written down."""
        known = {name: value for name, value in facts.items() if value not in ("", None, 0) or name == "rows"}
        cell = self.cell()
        if self.is_new((event, kind, target, cell, *sorted(known.items(), key=str))):
            self.events.write({"e": event, "o": {"kind": kind, "target": target, **known}, "c": cell, "i": os.getpid()})

    def on_start(self, what: str, target: str) -> None:
        """Record that a program is started or a connection made."""
        cell = self.cell()
        if self.is_new((what, target, cell)):
            self.events.write({"e": what, "w": target, "c": cell, "i": os.getpid()})

    def on_connect(self, args: tuple[Any, ...]) -> None:
        """Record a connection by host and port."""
        address = args[1]
        if isinstance(address, tuple) and len(address) >= 2:
            self.on_start("socket.connect", "{}:{}".format(*address[:2]))
        elif isinstance(address, (str, bytes)):
            self.on_start("socket.connect", "unix:" + os.fsdecode(address))

    def on_status(self, status: int | None, command: Any) -> None:
        """Record that a shell command ended with a status other than 0."""
        if not status or get_ident() in self.quiet:
            return
        word = program_of(command) if isinstance(command, (list, tuple)) else command_word(command)
        self.statuses.write({"c": self.cell(), "s": int(status), "w": word, "l": line_in_cell()})

    def modules(self) -> list[list[Any]]:
        """Return [name, file, whether the kernel had loaded it before the first cell] for each module with a file."""
        found = []
        for name, module in list(sys.modules.items()):
            try:  # not getattr: a lazy module would be loaded by it
                file = object.__getattribute__(module, "__dict__").get("__file__")
            except Exception:
                continue
            if isinstance(file, str):
                found.append([str(name), absolute(file), name in self.preloaded])
        return sorted(found)

    def quietly(self, function: Callable[..., Any], *args: Any) -> Any:
        """Return what `function` returns, with nothing recorded of what it does in this thread."""
        self.quiet.add(get_ident())
        try:
            return function(*args)
        finally:
            self.quiet.discard(get_ident())

    def finish(self) -> None:
        """Write what is known at the end to ``end.json``."""
        facts: dict[str, Any] = {"modules": self.modules(), "threads": {}, "audit": hasattr(sys, "addaudithook")}
        try:
            facts["threads"] = thread_settings()
        except Exception:  # a library of the notebook answers in a way of its own
            self.faults += 1
        facts.update(faults=self.faults, truncated=self.cut_short or len(self.seen) >= SEEN_LIMIT)
        facts.update(libraries=self.libraries.facts(), children=children_used() > self.children)
        path = os.path.join(self.folder, "end.json")
        with open(path + ".part", "w") as file:
            json.dump(facts, file)
        os.replace(path + ".part", path)


def children_used() -> tuple[float, ...]:
    """Return what child processes that have ended used; it grows with each."""
    try:
        import resource  # noqa: PLC0415  not on every system
    except ImportError:
        return ()
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return (used.ru_minflt, used.ru_utime, used.ru_stime)


OWN_FILES = frozenset(
    function.__code__.co_filename
    for function in (absolute, guarded, texts_in, read_path, note_page, watched, Sight.read, LibraryWatch.look,
                     children_used)
)  # fmt: skip


def is_regular(path: Any, absent: bool) -> bool:
    """Tell whether `path` is a regular file; `absent` is the answer where nothing is there."""
    try:
        return stat.S_ISREG(os.stat(path).st_mode)
    except (OSError, ValueError):
        return absent


def line_in_cell() -> int:
    """Return the line of the cell that is being run, 0 when it cannot be told."""
    names = sys.modules["__main__"].__dict__
    frame: FrameType | None = sys._getframe(1)
    line = 0
    while frame is not None:
        if frame.f_globals is names:
            line = frame.f_lineno
        frame = frame.f_back
    return line


def guarded_hook(recorder: Recorder) -> Callable[[str, tuple[Any, ...]], None]:
    """Return an audit hook that can neither raise nor re-enter."""
    handlers, quiet, limit, ident = recorder.handlers, recorder.quiet, FAULT_LIMIT, get_ident
    busy = recorder.busy

    def hook(event: str, args: tuple[Any, ...]) -> None:
        try:
            handler = handlers.get(event)
            if handler is None:
                return
            thread = ident()
            if thread in busy or thread in quiet or recorder.faults >= limit:
                return
            try:
                busy.add(thread)
                handler(args)
            finally:
                busy.discard(thread)
        except KeyboardInterrupt:
            raise
        except BaseException:
            recorder.faults += 1

    return hook


def install(folder: str) -> None:
    """Begin to record into `folder`; a second call in the same process does nothing."""
    if MODULE_NAME in sys.modules:
        return
    recorder = Recorder(folder)
    module: Any = type(sys)(MODULE_NAME)
    module.recorder = recorder
    module.quietly = recorder.quietly
    module.finish = functools.partial(recorder.quietly, recorder.finish)
    sys.modules[MODULE_NAME] = module
    start = {"e": "start", "d": os.getcwd(), "x": sys.executable or "", "v": sys.version.split()[0]}
    recorder.events.write(start)
    hook = guarded_hook(recorder)
    look = old_pandas(recorder, hook)
    if hasattr(sys, "addaudithook"):
        recorder.handlers["import"] = lambda args: look()
        sys.addaudithook(hook)
    else:
        wrap_functions(recorder, hook)
        sys.meta_path.insert(0, ImportListener(guarded(recorder, look)))
    recorder.libraries.install()
    watch_shell(recorder)
    if not faulthandler.is_enabled():
        recorder.crash = open(os.path.join(folder, "crash.txt"), "w")  # noqa: SIM115  open until the process ends
        faulthandler.enable(recorder.crash)
