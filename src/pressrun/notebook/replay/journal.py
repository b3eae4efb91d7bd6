"""The journal of a replay: what the kernel said, appended as it came.

One JSON line an entry, and for long plain output a line with its text. A line that was cut short (the writer was
killed) is left out by the reader, and nothing before it is lost. Outputs are kept as the kernel sent them and decoded
only when the notebook is written.
"""

from __future__ import annotations

import json
import mmap
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec

from pressrun.notebook.replay.rawtext import RawText, plain_stream
from pressrun.notebook.secrets import Blotter
from pressrun.records.replay import TaskResult


class ShellFailure(msgspec.Struct, frozen=True):
    """A ``!command`` that ended with a status other than 0: program, status, line in the cell (0 when unknown)."""

    program: str
    status: int
    line: int = 0


class KernelUp(msgspec.Struct, frozen=True, tag_field="entry", tag="kernel"):
    """The kernel answered; `info` is its kernel_info_reply."""

    process: int
    info: dict[str, Any]
    seconds: float = 0.0


class KernelNeverUp(msgspec.Struct, frozen=True, tag_field="entry", tag="no-kernel"):
    """No kernel answered, twice."""

    reason: str
    log: str = ""


class Started(msgspec.Struct, frozen=True, tag_field="entry", tag="start"):
    """The cell at `position` was sent to the kernel, `at` seconds since the epoch."""

    position: int
    at: float


class Said(msgspec.Struct, frozen=True, tag_field="entry", tag="said"):
    """One message of the kernel on behalf of the cell at `position`.

    Attributes:
        type: the message's type: ``stream``, ``display_data`` and so on.
        request: id of the request that it belongs to.
    """

    position: int
    type: str
    request: str
    buffers: list[bytes] = []
    content: dict[str, Any] = {}


class SaidPlainly(msgspec.Struct, frozen=True, tag_field="entry", tag="plain"):
    """Output to the stream `name`; its text follows on the next line, undecoded, `size` bytes of it.

    Readers get a `Said` instead, with the text as `pressrun.notebook.replay.rawtext.RawText`.
    """

    position: int
    request: str
    name: str
    size: int


class Ended(msgspec.Struct, frozen=True, tag_field="entry", tag="end", omit_defaults=True):
    """The cell at `position` ended.

    Attributes:
        reply: ``ok``, ``error`` or ``aborted`` as the kernel replied; ``none`` when it never did.
        stopped: why we ended it: ``cell-timeout``, ``timeout``, ``interrupted``; empty when we did not.
        asked_to_exit: ``exit()`` or ``quit()`` was called.
    """

    position: int
    reply: str
    exception: str = ""
    message: str = ""
    traceback: list[str] = []
    stopped: str = ""
    asked_to_exit: bool = False
    shell: list[ShellFailure] = []
    duration_s: float = 0.0
    peak_memory_bytes: int = 0


class KernelGone(msgspec.Struct, frozen=True, tag_field="entry", tag="gone", omit_defaults=True):
    """The kernel's process ended before it was asked to.

    Attributes:
        status: exit status, negative for a signal; None when unknown.
        out_of_memory: evidence that it was killed for memory, empty when there is none.
        log: the end of what it wrote to its own stdout and stderr.
    """

    status: int | None
    out_of_memory: str = ""
    log: str = ""


class TaskDone(msgspec.Struct, frozen=True, tag_field="entry", tag="task"):
    """A task ended."""

    result: TaskResult


class Finished(msgspec.Struct, frozen=True, tag_field="entry", tag="finished", omit_defaults=True):
    """The driver came to its end. `stopped` as in `Ended`, where no cell was running."""

    stopped: str = ""
    cpu_s: float = 0.0
    peak_memory_bytes: int = 0


Entry = KernelUp | KernelNeverUp | Started | Said | SaidPlainly | Ended | KernelGone | TaskDone | Finished


class JournalWriter:
    """Appends entries to a file; each is in the file when `write` returns.

    Args:
        path: of the file.
        blotter: takes the values of secrets out of whatever is appended.
    """

    def __init__(self, path: Path, blotter: Blotter | None = None) -> None:
        self._blotter = blotter
        self._descriptor = os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC, 0o600)
        self._encode = msgspec.json.Encoder().encode

    def write(self, entry: Entry) -> None:
        """Append one entry."""
        self._append([self._blotted(self._encode(entry)), b"\n"])

    def write_said(self, position: int, kind: str, request: str, content: bytes, buffers: list[bytes]) -> None:
        """Append a `Said` whose content is handed on as the kernel encoded it: it may be many megabytes."""
        if self._blotter:
            content, buffers = self._blotted(content), [self._blotted(buffer) for buffer in buffers]
        plain = plain_stream(content) if kind == "stream" else None
        if plain is not None:
            name, text = plain
            head = self._encode(SaidPlainly(position, request, name, len(text)))
            self._append([head, b"\n", text, b"\n"])
            return
        head = self._encode(Said(position, kind, request, buffers))
        self._append([head[: -len(b"{}}")], one_line(content), b"}\n"])

    def _blotted(self, content: bytes) -> bytes:
        return self._blotter.blot(content) if self._blotter else content

    def _append(self, parts: list[bytes | memoryview]) -> None:
        length = sum(len(part) for part in parts)
        written = os.writev(self._descriptor, parts)
        if written < length:  # a full disk tells so at the next call
            rest = memoryview(b"".join(parts))[written:]
            while rest:
                rest = rest[os.write(self._descriptor, rest) :]

    def close(self) -> None:
        """Close the file."""
        os.close(self._descriptor)


def read_journal(path: Path) -> Iterator[Entry]:
    """Yield the entries of a journal; ends at the first line that is not whole.

    Args:
        path: the file; one that does not exist has no entries.
    """
    decode = msgspec.json.Decoder(Entry).decode
    if not path.exists() or not path.stat().st_size:
        return
    with path.open("rb") as file:
        content = mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ)  # closed with the last text that lies in it
    start = 0
    while (end := content.find(b"\n", start)) >= 0:
        line = content[start:end]
        start = end + 1
        try:
            entry = decode(line)
        except (msgspec.DecodeError, UnicodeDecodeError):  # a kernel may send bytes that are no UTF-8
            entry = msgspec.convert(json.loads(line.decode("utf-8", "replace")), Entry)
        if isinstance(entry, SaidPlainly):
            end = start + entry.size
            if content[end : end + 1] != b"\n":
                return
            text = RawText([memoryview(content)[start:end]])
            entry = Said(entry.position, "stream", entry.request, [], {"name": entry.name, "text": text})
            start = end + 1
        yield entry


def decode_content(content: bytes | msgspec.Raw) -> dict[str, Any]:
    """Decode what a kernel sent; bytes that are no UTF-8 are replaced, as Jupyter itself does."""
    try:
        decoded: Any = msgspec.json.decode(content)
    except (msgspec.DecodeError, UnicodeDecodeError):
        decoded = json.loads(bytes(content).decode("utf-8", "replace"))
    return decoded if isinstance(decoded, dict) else {}


def one_line(content: bytes) -> bytes:
    """Return `content`, which is JSON, such that it fits into one line of the journal."""
    if b"\n" not in content:
        return content
    return json.dumps(decode_content(content)).encode()
