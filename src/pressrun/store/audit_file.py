"""An export of the journal: one file of JSON lines that can be audited without the journal.

    {"format":"pressrun-journal","version":1,"keys":["<public key>"]}
    {"checkpoint":"<signed note>"}          each one, oldest first
    {"seq":1,"leaf":"<the entry's bytes as text>"}          each one, in order
    {"tree":{"size":2,"hashes":["<base64>"]}}          the last line

An entry's bytes are UTF-8 and stand in a JSON string: whatever reads and writes the file again, the text stays the
same, and the text is what was hashed. Bytes that are no UTF-8, which no pressrun writes, stand in ``leaf64`` as base64.
The last line tells that the file is whole. This format is stable.
"""

from __future__ import annotations

import base64
import binascii
import io
from collections.abc import Iterable, Iterator
from pathlib import Path

import msgspec

from pressrun.errors import CannotRestoreError, UsageError
from pressrun.rules.merkle import HASH_BYTES, Frontier
from pressrun.store.fs import open_regular
from pressrun.store.new_file import new_file

FORMAT = "pressrun-journal"
VERSION = 1
MAX_LINE_BYTES = 64 << 20
BATCH = 4096
"""Entries that are read at once."""

_BUFFER_BYTES = 1 << 20


class ExportHeader(msgspec.Struct, frozen=True, kw_only=True):
    """The first line.

    Attributes:
        keys: public keys of those who signed, as far as whoever exported knew them. They show that the file is in one
            piece, not who wrote it.
    """

    format: str
    version: int
    keys: tuple[str, ...] = ()


class _Tree(msgspec.Struct, frozen=True, kw_only=True):
    size: int
    hashes: tuple[str, ...]


class _Line(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    seq: int | None = None
    leaf: str | None = None
    leaf64: str | None = None
    checkpoint: str | None = None
    tree: _Tree | None = None


def write_export(
    target: Path, keys: Iterable[str], checkpoints: Iterable[bytes], entries: Iterable[tuple[int, bytes]],
    tree: Frontier,
) -> int:  # fmt: skip
    """Write an export, whole and durably or not at all.

    Args:
        target: the file to make.
        keys: public keys of the signers.
        checkpoints: notes, oldest first.
        entries: number and bytes, in order.
        tree: over those entries.

    Returns:
        The size of the file in bytes.

    Raises:
        UsageError: there is something at `target` already, or its folder is missing.
        CannotRestoreError: it cannot be written.
    """
    if not target.parent.is_dir():
        raise UsageError("there is no such folder", where=str(target.parent))
    # entries name people: private until its owner hands it on
    with new_file(target, "export") as partial, partial.open("wb", buffering=_BUFFER_BYTES) as file:
        for line in _lines(keys, checkpoints, entries, tree):
            file.write(line)
            file.write(b"\n")
        return file.tell()


def _lines(
    keys: Iterable[str], checkpoints: Iterable[bytes], entries: Iterable[tuple[int, bytes]], tree: Frontier
) -> Iterator[bytes]:
    encode = msgspec.json.Encoder().encode
    yield encode(ExportHeader(format=FORMAT, version=VERSION, keys=tuple(keys)))
    for note in checkpoints:
        yield encode(_Line(checkpoint=note.decode("utf-8", "replace")))
    for seq, leaf in entries:
        try:
            yield encode(_Line(seq=seq, leaf=leaf.decode()))
        except UnicodeDecodeError:
            yield encode(_Line(seq=seq, leaf64=base64.b64encode(leaf).decode()))
    hashes = tuple(base64.b64encode(one).decode() for one in tree.hashes)
    yield encode(_Line(tree=_Tree(size=tree.size, hashes=hashes)))


class Export:
    """An export that is being read: first `checkpoints`, then `batches`, then `tree`.

    Args:
        path: of the file.

    Raises:
        UsageError: there is no such file, or it is no export.
        CannotRestoreError: a newer pressrun wrote it, or it cannot be read.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        try:
            self._file = io.BufferedReader(open_regular(path), _BUFFER_BYTES)  # type: ignore[type-var]
        except OSError as error:
            raise UsageError(f"the export cannot be read: {error.strerror or error}", where=str(path)) from error
        self._decode = msgspec.json.Decoder(_Line).decode
        self._waiting: bytes = b""
        self._tree: Frontier | None = None
        try:
            self.header = self._header()
        except BaseException:
            self._file.close()
            raise

    def __enter__(self) -> Export:
        return self

    def __exit__(self, *_: object) -> None:
        self._file.close()

    def _header(self) -> ExportHeader:
        try:
            header = msgspec.json.decode(self._line(), type=ExportHeader)
        except msgspec.MsgspecError as error:
            raise UsageError("this is no export of a journal", where=str(self._path)) from error
        if header.format != FORMAT:
            raise UsageError("this is no export of a journal", where=str(self._path))
        if header.version > VERSION:
            raise CannotRestoreError(
                "a newer pressrun wrote this export", where=str(self._path), remedy="Use that one to read it."
            )
        return header

    def _line(self) -> bytes:
        try:
            line = self._file.readline(MAX_LINE_BYTES + 1)
        except OSError as error:
            raise CannotRestoreError(
                f"the export cannot be read: {error.strerror or error}", where=str(self._path)
            ) from error
        if len(line) > MAX_LINE_BYTES:
            raise CannotRestoreError("a line is longer than any entry", where=str(self._path))
        return line

    def checkpoints(self) -> list[bytes]:
        """Return the notes. Read them first."""
        notes = []
        while line := self._line():
            found = self._decoded(line)
            if found is None or found.checkpoint is None:
                self._waiting = line
                break
            notes.append(found.checkpoint.encode())
        return notes

    def batches(self) -> Iterator[list[tuple[int, bytes]]]:
        """Yield the entries; a line that cannot be read stands as it is where the next entry should."""
        batch: list[tuple[int, bytes]] = []
        expected = 1
        while line := self._waiting or self._line():
            self._waiting = b""
            found = self._decoded(line)
            if found is not None and found.tree is not None and self._tree is None:
                self._tree = _frontier(found.tree)
                if self._tree is not None:
                    continue
            entry = _entry(found) if found is not None else None
            # what comes after the last line was added later, and is none of the entries either
            batch.append((expected, line) if entry is None or self._tree is not None else entry)
            expected = batch[-1][0] + 1
            if len(batch) == BATCH:
                yield batch
                batch = []
        yield batch

    @property
    def tree(self) -> Frontier | None:
        """The tree in the last line, None when that line is missing or damaged. Known after `batches`."""
        return self._tree

    def _decoded(self, line: bytes) -> _Line | None:
        try:
            return self._decode(line)
        except msgspec.MsgspecError:
            return None


def _entry(line: _Line) -> tuple[int, bytes] | None:
    if line.seq is None:
        return None
    if line.leaf is not None:
        return line.seq, line.leaf.encode()
    try:
        return line.seq, base64.b64decode(line.leaf64 or "", validate=True)
    except binascii.Error:
        return None


def _frontier(tree: _Tree) -> Frontier | None:
    try:
        hashes = tuple(base64.b64decode(one, validate=True) for one in tree.hashes)
        if any(len(one) != HASH_BYTES for one in hashes):
            return None
        return Frontier(tree.size, hashes)
    except (binascii.Error, ValueError):
        return None
