"""From calls to uses of paths: which file was meant, by whom it was used first, and what a trace cannot tell.

Nothing is decided here about what is the notebook's data, and no file is looked at.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from typing import Literal

import msgspec

from pressrun.notebook.replay.outside.command import FOLDERS, FORKS, LOOKS, OPENS, RENAMES, STARTS
from pressrun.notebook.replay.outside.lines import Begun, Call, Ended, Item, Marked, Quiet, Unknown, unescaped

How = Literal["read", "write", "update"]
"""``update``: opened for reading and writing, without being emptied; whether it was changed shows from the file."""

_PATH = rb'"((?:[^"\\]|\\.)*)"(\.\.\.)?'
_FOLDER = rb"(?:(AT_FDCWD|-?\d+)(?:<((?:[^<>\\]|\\.)*)>)?(?:\(deleted\))?, )"
_AT = re.compile(_FOLDER + rb"?" + _PATH)
_TWO = re.compile(_FOLDER + rb"?" + _PATH + rb", " + _FOLDER + rb"?" + _PATH)
_LINK = re.compile(_PATH + rb", " + _FOLDER + rb"?" + _PATH)
_FLAGS = re.compile(rb"\bO_\w+")
_NET = re.compile(rb"htons\((\d+)\).*?(?:inet_addr\(|AF_INET6, )\"([^\"]*)\"")
_UNIX = re.compile(rb"sun_path=(@?)" + _PATH)
_GONE = {"ENOENT": "absent", "ENOTDIR": "absent", "EACCES": "denied", "EPERM": "denied"}
_SYSTEM = ("/usr/", "/etc/", "/lib/", "/lib64/", "/bin/", "/var/", "/run/", "/dev/", "/sys/")
_SYSTEM_BYTES = tuple(map(str.encode, (*_SYSTEM, "/proc/")))
_HARMLESS = frozenset(f"syscall_{number:#x}" for number in (*range(451, 467), 468, 469))
"""Calls that are younger than a tracer may be, which shows all that it does not know: none of these opens a file."""

_NAMELESS = re.compile(rb"/(proc/|dev/(fd/|std(in|out|err)$))")


class Used(msgspec.Struct):
    """How one path was used.

    Attributes:
        first: its first use; `made`: it may have come into being by that.
        hows: every use; `event`: what told.
    """

    first: How
    made: bool
    event: str
    hows: set[How] = msgspec.field(default_factory=set)
    cells: set[int] = msgspec.field(default_factory=set)


class Missed(msgspec.Struct):
    """A read that failed."""

    reason: str
    cells: set[int] = msgspec.field(default_factory=set)


class _Place(msgspec.Struct):
    """The working folder that a process, or the threads of one, have, and the name of the program that it runs."""

    path: bytes | None = None
    program: str = ""


class _Open(msgspec.Struct):
    """What a call of a certain text opens."""

    path: str
    how: How
    folder: bytes | None


class Calls:
    """Takes the items of a trace one after the other."""

    def __init__(self) -> None:
        self.used: dict[str, Used] = {}
        self.missed: dict[str, Missed] = {}
        self.listed: dict[str, set[int]] = {}
        self.attempts: set[str] = set()
        self.programs: dict[tuple[str, int], None] = {}
        self.connections: dict[tuple[str, int], None] = {}
        self.escapes: dict[str, str] = {}
        self.unknown: bytes = b""
        self.processes: set[int] = set()
        self.live: set[int] = set()
        self._places: dict[int, _Place] = {}
        self._forking: dict[int, _Place] = {}
        self._inherited: dict[int, _Place] = {}
        self._links: dict[str, None] = {}
        self._looks = False
        self._inside: dict[str, list[str]] = {}
        self._opens: dict[bytes, _Open] = {}
        self._joined: dict[tuple[bytes | None, bytes], str] = {}

    def take(self, item: Item) -> None:
        """Take the next item."""
        match item:
            case Call():
                self._enter(item.process)
                self._call(item)
            case Quiet():
                self._enter(item.process)
            case Begun():
                self._enter(item.process)
                if item.name in FORKS:
                    self._forking[item.process] = self._places[item.process]
            case Ended():
                self.processes.add(item.process)
                self.live.discard(item.superseded_by or item.process)
            case Unknown():
                self.unknown = self.unknown or item.line
            case Marked():
                pass

    def _enter(self, process: int) -> None:
        if process in self.live:
            return
        self.processes.add(process)
        self.live.add(process)
        place = self._inherited.pop(process, None)
        if place is None:  # a child may act before the call that made it has returned to its parent
            parents = {(waiting.path, waiting.program) for waiting in self._forking.values()}
            place = _Place(*parents.pop()) if len(parents) == 1 else _Place()
        self._places[process] = place

    def _call(self, call: Call) -> None:
        name = call.name
        if name in FORKS:
            self._forked(call)
        elif name in OPENS:
            self._opened(call)
        elif name in LOOKS or (name in STARTS and self._looks and (call.result or 0) < 0):
            self._looked(call)
        elif call.result is None or (call.result < 0 and call.error != "EINPROGRESS"):
            return
        elif name in RENAMES:
            self._renamed(call)
        elif name in STARTS:
            self._started(call)
        elif name in FOLDERS:
            self._moved(call)
        elif name == "connect":
            self._connected(call)
        elif name not in _HARMLESS:
            self.escapes.setdefault(name, name)

    def _forked(self, call: Call) -> None:
        place = self._forking.pop(call.process, None) or self._places[call.process]
        if call.result is None or call.result <= 0:
            return
        shared = b"CLONE_FS" in call.arguments
        if call.result not in self.live:
            self._inherited[call.result] = place if shared else _Place(place.path, place.program)
        elif shared:
            self._places[call.result] = place
        elif self._places[call.result].path is None:
            self._places[call.result].path = place.path

    def _opened(self, call: Call) -> None:
        known = self._opens.get(call.text)
        if known is not None and not self._links:
            if known.folder is not None:
                self._places[call.process].path = known.folder
            self._note(known.path, known.how, call.cell)
            return
        flags = set(_FLAGS.findall(call.arguments.rpartition(b'"')[2])) or {b"O_RDONLY"}
        if b"O_PATH" in flags or b"__O_TMPFILE" in flags or b"O_TMPFILE" in flags:
            return
        path = self._path_opened(call)
        if path is None:
            return
        self.attempts.add(path)
        if b"O_DIRECTORY" in flags or call.result is None:
            if self._looks and call.result is not None:
                self._listed(path, call)
            return
        how: How = "read"
        if call.name == "creat" or b"O_WRONLY" in flags:
            how = "write"
        elif b"O_RDWR" in flags:
            how = "write" if flags & {b"O_TRUNC", b"O_EXCL"} else "update"
        if call.result >= 0:
            self._note(path, how, call.cell, made=b"O_CREAT" in flags)
            if call.text:
                folder = self._places[call.process].path if call.arguments.startswith(b"AT_FDCWD<") else None
                self._opens[call.text] = _Open(path, how, folder)
        elif how != "write" and b"O_CREAT" not in flags:
            self._miss(path, call)

    def _looked(self, call: Call) -> None:
        """Note a file or program that was looked for and is not there."""
        self._looks = True
        found = _AT.match(call.arguments) if call.error in _GONE else None
        if found is None or found[4]:
            return
        path = self._absolute(call.process, found[1], found[2], found[3])
        if path is not None and not _NAMELESS.match(os.fsencode(path)):
            self._miss(path, call)

    def _listed(self, path: str, call: Call) -> None:
        """Note a folder that a program other than Python opened to read its names; Python's own are told by itself."""
        self._miss(path, call)
        program = self._places[call.process].program
        if call.result is not None and call.result >= 0 and program and not program.startswith("python"):
            self.listed.setdefault(path, set()).add(call.cell)

    def _miss(self, path: str, call: Call) -> None:
        if call.error in _GONE:
            self.missed.setdefault(path, Missed(_GONE[call.error])).cells.add(call.cell)

    def _path_opened(self, call: Call) -> str | None:
        """Return the absolute path that was meant; None when there is none or it cannot be told."""
        real = unescaped(call.real) if call.real is not None and call.real.startswith(b"/") else None
        found = _AT.match(call.arguments)
        if found is None or found[4] or call.name == "open_by_handle_at":
            return self._only_real(call, real)
        at, folder, raw, _ = found.groups()
        if at == b"AT_FDCWD" and folder is not None:
            self._places[call.process].path = unescaped(folder)
        path = self._absolute(call.process, at, folder, raw)
        if path is None:
            return self._only_real(call, real)
        if _NAMELESS.match(os.fsencode(path)) or (self._links and self._through_link(path)):
            return None if real is None or real.startswith(b"/memfd:") else _text(real)
        if path.startswith(_SYSTEM) and real is not None and not real.startswith(_SYSTEM_BYTES):
            return _text(real)  # a link of the system's to a place where data may lie
        return path

    def _only_real(self, call: Call, real: bytes | None) -> str | None:
        """Return the path that was opened where the one that was meant is not known."""
        if real is None and call.real is None and call.result is not None and call.result >= 0:
            self.escapes.setdefault("nameless", "nameless")
        return None if real is None else _text(real)

    def _through_link(self, path: str) -> bool:
        """Tell whether `path` leads through a link that the run itself made: the file behind it is what was read."""
        return any(path == link or path.startswith(f"{link}/") for link in self._links)

    def _absolute(self, process: int, at: bytes | None, folder: bytes | None, raw: bytes) -> str | None:
        if raw.startswith(b"/"):
            top: bytes | None = b""
        elif at is None or (at == b"AT_FDCWD" and folder is None):
            top = self._places[process].path
        else:
            top = None if folder is None else unescaped(folder)
        if top is None or not raw:
            return None
        known = self._joined.get((top, raw))
        if known is None:
            text = unescaped(raw)
            known = self._joined[top, raw] = _plain(_text(text if top == b"" else top + b"/" + text))
        return known

    def _note(self, path: str, how: How, cell: int, *, made: bool = False, event: str = "strace") -> None:
        known = self.used.get(path)
        if known is None:
            known = self.used[path] = Used(how, made, event)
            self._inside.setdefault(path.rpartition("/")[0], []).append(path)
        known.hows.add(how)
        known.cells.add(cell)

    def _renamed(self, call: Call) -> None:
        if call.name.startswith("symlink"):
            found = _LINK.match(call.arguments)
            made = None if found is None else self._absolute(call.process, found[3], found[4], found[5])
            if made is not None:
                self._links[made] = None
            return
        found = _TWO.match(call.arguments)
        if found is None:
            self.unknown = self.unknown or call.arguments
            return
        old = self._absolute(call.process, found[1], found[2], found[3])
        new = self._absolute(call.process, found[5], found[6], found[7])
        if old is None or new is None:
            self.escapes.setdefault("relative", "relative")
            return
        self._took_name(old, new, call)

    def _took_name(self, old: str, new: str, call: Call) -> None:
        """Note that what was called `old` is called `new` from now on, or both: a file, or a folder with its files."""
        folders = [folder for folder in self._inside if folder == old or folder.startswith(f"{old}/")]
        if folders:
            for path in [path for folder in folders for path in self._inside[folder]]:
                self._note(new + path[len(old) :], "write", call.cell, event="os.rename")
            return
        if old not in self.used:
            self._note(old, "read", call.cell, event="os.rename")
        self._note(new, "write", call.cell, event="os.rename")
        if b"RENAME_EXCHANGE" in call.arguments.rpartition(b'"')[2]:
            self._note(old, "write", call.cell, event="os.rename")

    def _started(self, call: Call) -> None:
        found = _AT.match(call.arguments)
        if found is None:
            return
        at, folder, raw, _ = found.groups()
        path = self._absolute(call.process, at, folder, raw) if raw else _text(unescaped(folder or b""))
        if path and not _NAMELESS.match(os.fsencode(path)):
            self.programs[path, call.cell] = None
            self._places[call.process].program = path.rpartition("/")[2]
            self._note(path, "read", call.cell, event="execve")

    def _moved(self, call: Call) -> None:
        place = self._places[call.process]
        if call.name == "fchdir":
            found = re.match(rb"\d+<((?:[^<>\\]|\\.)*)>", call.arguments)
            place.path = unescaped(found[1]) if found else None
            return
        found = _AT.match(call.arguments)
        path = self._absolute(call.process, None, None, found[3]) if found else None
        place.path = None if path is None else os.fsencode(path)

    def _connected(self, call: Call) -> None:
        if found := _NET.search(call.arguments):
            port, host = found.groups()
            self.connections[f"{host.decode()}:{int(port)}", call.cell] = None
        elif found := _UNIX.search(call.arguments):
            self.connections[f"unix:{found[1].decode()}{_text(unescaped(found[2]))}", call.cell] = None

    def program_paths(self) -> Iterator[str]:
        """Yield the path of every program that ran, once."""
        yield from dict.fromkeys(path for path, _ in self.programs)


def _text(path: bytes) -> str:
    return path.decode("utf-8", "surrogateescape")


def _plain(path: str) -> str:
    """Return `path` without ``.`` and ``..``, links of its folder resolved where it has the latter."""
    if "/../" in path or path.endswith("/.."):
        folder, name = os.path.split(path)
        return os.path.join(os.path.realpath(folder), name)  # noqa: PTH118  many thousands
    return os.path.normpath(path)
