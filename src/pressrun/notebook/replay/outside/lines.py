"""The lines of a trace as calls: halves of interrupted lines put together, marks of ours taken out.

A line is ``PID name(arguments) = result``. When another process gets in between, it is written in two halves
(``<unfinished ...>`` and ``<... name resumed>``). Strings are in C's notation; the path that a descriptor stands for
is in angle brackets behind it.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import msgspec

from pressrun.notebook.replay.outside.files import LIMIT

CHUNK = 2**20
PID_WIDTH = 6  # characters, with the space behind it
SUFFIX = 12  # characters at a path's end in which the version of a library may stand
REMEMBERED = 20_000  # calls

_MARK = re.compile(rb"\x02(-?\d+)\x03")
_CALL = re.compile(
    rb"(\d+) +(\w+)\((.*)\) += (\?|-?\d+|0x[0-9a-f]+)"
    rb"(?:<((?:[^<>\\]|\\.)*)>)?(?:\(deleted\))?(?: (E[A-Z0-9]+)\b.*)?(?: /\* .*)?(?: \(.*\))?"
)
_UNFINISHED = re.compile(rb"(\d+) +(\w+)\((.*?) ?<(?:unfinished|pid changed to (\d+)) \.\.\.>")
_RESUMED = re.compile(rb"(\d+) +<\.\.\. (\w+) resumed>(.*)")
_ENDED = re.compile(rb"(\d+) +\+\+\+ (?:exited with \d+|killed by \S+(?: \(core dumped\))?) \+\+\+")
_SUPERSEDED = re.compile(rb"(\d+) +\+\+\+ superseded by execve in pid (\d+) \+\+\+")
_NO_LIBRARY = b'", O_RDONLY|O_CLOEXEC) = -1 ENOENT (No such file or directory)'
_IDLE = re.compile(rb"\d+ +(?:--- .* ---|(?:<\.\.\. )?\?\?\?\(?.*)")
"""A signal, or a call that was cut off by the end of its process."""
_ESCAPE = re.compile(rb"\\(?:([0-7]{1,3})|x([0-9a-f]{2})|(.))")
_LETTERS = {b"n": b"\n", b"t": b"\t", b"r": b"\r", b"v": b"\v", b"f": b"\f", b"a": b"\a", b"b": b"\b"}


class Call(msgspec.Struct):
    """One finished system call.

    Attributes:
        result: what it gave; None when that is not known, because the process was ended in it.
        real: the path that the descriptor it gave stands for, raw; None when it gave none.
        error: ``ENOENT`` and so on, empty when it succeeded.
        cell: the cell that ran when it began.
        text: the whole call, equal for equal calls; empty where it came in two halves.
    """

    process: int
    name: str
    arguments: bytes
    result: int | None
    real: bytes | None
    error: str
    cell: int
    text: bytes = b""


class Quiet(msgspec.Struct):
    """A process made a call that tells nothing: it opened code of a library, or listed a folder."""

    process: int


class Begun(msgspec.Struct):
    """A call that has begun and whose result comes later: a child's first lines may come before its parent's result."""

    process: int
    name: str
    arguments: bytes


class Ended(msgspec.Struct):
    """A thread or process ended; one that another thread of its process replaced by a program is `superseded` by it."""

    process: int
    superseded_by: int = 0


class Unknown(msgspec.Struct):
    """A line that says nothing to us."""

    line: bytes


class Marked(msgspec.Struct):
    """The driver's mark: which cell runs from here on."""

    cell: int


Item = Call | Quiet | Begun | Ended | Unknown | Marked


def unescaped(text: bytes) -> bytes:
    """Return what a string in C's notation stands for."""
    if b"\\" not in text:
        return text
    return _ESCAPE.sub(_unescape, text)


def _unescape(found: re.Match[bytes]) -> bytes:
    octal, hexadecimal, letter = found.groups()
    if octal is not None:
        return bytes([int(octal, 8) & 255])
    return bytes([int(hexadecimal, 16)]) if hexadecimal is not None else _LETTERS.get(letter, letter)


def read_lines(log: Path, limit: int = LIMIT) -> Iterator[Item]:
    """Yield what a trace tells, in order. A last line that was cut short is left out.

    Args:
        log: the trace.
        limit: bytes of it to read.
    """
    return _Reader().read(log, limit)


class _Reader:
    def __init__(self) -> None:
        self._cell = -1
        self._pending: dict[tuple[int, bytes], tuple[bytes, int]] = {}
        self._replaced: set[int] = set()
        self._calls: dict[bytes, Call] = {}

    def read(self, log: Path, limit: int) -> Iterator[Item]:
        rest = b""
        with log.open("rb") as file:
            while chunk := file.read(min(CHUNK, limit)):
                limit -= len(chunk)
                lines = (rest + chunk).split(b"\n")
                rest = lines.pop()
                for line in lines:
                    yield from self._items(line)
        for found in _MARK.finditer(rest):
            yield Marked(int(found[1]))

    def _items(self, line: bytes) -> Iterator[Item]:
        while (found := _MARK.match(line)) is not None:
            yield self._marked(found)
            line = line[found.end() :]
        marks = list(_MARK.finditer(line)) if b"\x02" in line else []
        if marks:  # in the middle of a line: its call began before
            line = _MARK.sub(b"", line)
        if line:
            yield self._quickly(line) or self._item(line)
        yield from map(self._marked, marks)

    def _marked(self, found: re.Match[bytes]) -> Marked:
        self._cell = int(found[1])
        return Marked(self._cell)

    def _quickly(self, line: bytes) -> Item | None:
        """Return what a line tells where that is plain, without taking it apart: nearly all lines are such."""
        space = line.find(b" ")
        start = max(space + 1, PID_WIDTH)
        if not line.startswith(b"openat(", start):
            return None
        if _is_quiet(line):
            return Quiet(int(line[:space]))
        text = line[start:]
        call = self._calls.get(text)
        if call is not None:
            call.process, call.cell = int(line[:space]), self._cell
            return call
        found = _CALL.fullmatch(line)
        if found is None or not _is_sound(found):
            return None
        if len(self._calls) >= REMEMBERED:
            self._calls.clear()
        call = self._calls[text] = _call(found, self._cell)
        call.text = text
        return call

    def _item(self, line: bytes) -> Item:
        found = _CALL.fullmatch(line)
        if found is not None and _is_sound(found):
            return _call(found, self._cell)
        if (found := _UNFINISHED.fullmatch(line)) is not None:
            self._begin(found)
            return Begun(int(found[1]), found[2].decode(), found[3])
        if (found := _RESUMED.fullmatch(line)) is not None:
            return self._resumed(found, line)
        if (found := _ENDED.fullmatch(line)) is not None:
            return Ended(int(found[1]))
        if (found := _SUPERSEDED.fullmatch(line)) is not None:
            return self._superseded(int(found[1]), int(found[2]))
        idle = _IDLE.fullmatch(line)
        return Unknown(line) if idle is None else Quiet(int(line.split(None, 1)[0]))

    def _begin(self, found: re.Match[bytes]) -> None:
        process, name, arguments, changed = found.groups()
        if changed is not None:  # a thread that starts a program goes on as its process: it has started
            self._replaced.add(int(changed))
        self._pending[int(process), name] = arguments, self._cell

    def _resumed(self, found: re.Match[bytes], line: bytes) -> Item:
        process, name = int(found[1]), found[2]
        begun, cell = self._pending.pop((process, name), (None, self._cell))
        if begun is None:
            return Unknown(line)
        if name.startswith(b"execve") and process in self._replaced:  # strace 6.1 gives a wrong result here
            self._replaced.discard(process)
            return Call(process, name.decode(), begun, 0, None, "", cell)
        if b"<unfinished ...>" in found[3]:  # the process is ended in the call
            return Call(process, name.decode(), begun, None, None, "", cell)
        whole = _CALL.fullmatch(b"%d %s(%s%s" % (process, name, begun, found[3]))
        return _call(whole, cell) if whole is not None and _is_sound(whole) else Unknown(line)

    def _superseded(self, process: int, thread: int) -> Item:
        """Hand what the thread that started a program had begun to the process that goes on in its place."""
        for key in [key for key in self._pending if key[0] == process and process not in self._replaced]:
            del self._pending[key]
        for key in [key for key in self._pending if key[0] == thread]:
            self._pending[process, key[1]] = self._pending.pop(key)
        return Ended(process, superseded_by=thread)


def _is_quiet(line: bytes) -> bool:
    """Tell whether a whole ``openat`` line is about byte code or a library of an interpreter."""
    if line.endswith(b">"):
        return line.endswith((b".pyc>", b".so>")) and b"/lib/python" in line[line.rfind(b"<") :]
    end = line.find(_NO_LIBRARY)
    return end > 0 and b".so" in line[end - SUFFIX : end]


def _is_sound(found: re.Match[bytes]) -> bool:
    """Tell whether a call that failed has an error with a name; a result that makes no sense must not pass for one."""
    return found[4] != b"-1" or found[6] is not None


def _call(found: re.Match[bytes], cell: int) -> Call:
    process, name, arguments, result, real, error = found.groups()
    return Call(
        process=int(process),
        name=name.decode(),
        arguments=arguments,
        result=None if result == b"?" else int(result, 0),
        real=real,
        error=error.decode() if error else "",
        cell=cell,
    )
