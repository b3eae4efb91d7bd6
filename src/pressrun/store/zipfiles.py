"""Zip, as far as a bundle needs it: stored or deflated regular files, one after the other, told twice and equally.

A zip file says what it holds in two places. Readers that believe one and writers that fill the other are how two
programs see different files in one archive, so here both must agree, members must follow each other without gap or
overlap from the first byte on, and nothing may stand before, between or after.
"""

from __future__ import annotations

import struct
import zlib
from collections.abc import Callable, Iterable, Iterator
from typing import BinaryIO, NamedTuple

from pressrun.errors import BundleCorruptError, UnsafeContentError, UsageError
from pressrun.store.inflate import InflatedStream, Meter, PlainStream, pieces
from pressrun.store.tarball import Member

LOCAL_SIGNATURE = b"PK\x03\x04"
_LOCAL = struct.Struct("<4sHHHHHIIIHH")
_CENTRAL = struct.Struct("<4sHHHHHHIIIHHHHHII")
_END = struct.Struct("<4sHHHHIIH")
_UTF8 = 0x0800
_STORED, _DEFLATED = 0, 8
_FIRST_DAY = 0x0021  # 1980-01-01
_REGULAR_0644 = 0o100644 << 16
_LIMIT = 0xFFFFFFFF
_MAX_MEMBERS = 10_001
_MAX_DIRECTORY_BYTES = 16 << 20
_LEVEL = 6
_STORE_ABOVE_RATIO = 50


class _Entry(NamedTuple):
    name: bytes
    flags: int
    method: int
    crc: int
    packed: int
    size: int
    offset: int


def zip_members(file: BinaryIO, meter: Meter) -> Iterator[Member]:
    """Yield the files in a zip archive.

    Args:
        file: the archive, seekable.
        meter: counts what comes out; knows what to call the archive in errors.

    Raises:
        UnsafeContentError: it holds anything but regular files, or says two different things.
        BundleCorruptError: it is damaged or cut off.
    """
    entries, end = _directory(file, meter.archive)
    position = 0
    for entry in entries:
        if entry.offset != position:
            raise UnsafeContentError(f"the member {entry.name!r} overlaps another or hides a gap", where=meter.archive)
        file.seek(position)
        position += _check_local(file, entry, meter.archive) + entry.packed
        yield Member(_path(entry, meter.archive), entry.size, _content(file, entry, meter))
    if position != end:
        raise UnsafeContentError("something is hidden behind the last member", where=meter.archive)


def _directory(file: BinaryIO, archive: str) -> tuple[list[_Entry], int]:
    length: int = file.seek(0, 2)
    if length < _END.size:
        raise BundleCorruptError("the archive ends too early", where=archive)
    file.seek(length - _END.size)
    signature, disk, first_disk, here, total, size, offset, comment = _END.unpack(file.read(_END.size))
    if signature != b"PK\x05\x06" or comment:
        raise BundleCorruptError("it is cut off, or something follows the end of the archive", where=archive)
    if total > _MAX_MEMBERS or size > _MAX_DIRECTORY_BYTES or offset == _LIMIT:
        raise UnsafeContentError(f"it claims {total:,} members in a directory of {size:,} bytes", where=archive)
    if disk or first_disk or here != total or offset + size + _END.size != length:
        raise UnsafeContentError("its directory is not where it says", where=archive)
    file.seek(offset)
    raw = file.read(size)
    entries = []
    position = 0
    for _ in range(total):
        entry = _central_entry(raw, position, archive)
        entries.append(entry)
        position += _CENTRAL.size + len(entry.name)
    if position != size:
        raise UnsafeContentError("its directory holds more than it says", where=archive)
    return entries, offset


def _central_entry(raw: bytes, position: int, archive: str) -> _Entry:
    if len(raw) < position + _CENTRAL.size:
        raise BundleCorruptError("its directory is damaged", where=archive)
    fields = _CENTRAL.unpack_from(raw, position)
    signature, made_by, _, flags, method, _, _, crc, packed, size, name_length, extra, comment = fields[:13]
    disk, _, attributes, offset = fields[13:]
    name = raw[position + _CENTRAL.size : position + _CENTRAL.size + name_length]
    if signature != b"PK\x01\x02" or disk or len(name) != name_length:
        raise BundleCorruptError("its directory is damaged", where=archive)
    if extra or comment:
        raise UnsafeContentError(f"the member {name!r} carries extra fields, which are not taken", where=archive)
    kind = (attributes >> 16) & 0o170000 if made_by >> 8 == 3 else 0
    if kind not in {0, 0o100000} or attributes & 0x10 or name.endswith(b"/"):
        raise UnsafeContentError(f"the member {name!r} is no regular file", where=archive)
    if flags & ~_UTF8 or method not in {_STORED, _DEFLATED} or _LIMIT in {packed, size}:
        raise UnsafeContentError(
            f"the member {name!r} is encrypted, streamed or packed in an unusual way", where=archive
        )
    if method == _STORED and packed != size:
        raise UnsafeContentError(f"the member {name!r} says two sizes", where=archive)
    return _Entry(name, flags, method, crc, packed, size, offset)


def _check_local(file: BinaryIO, entry: _Entry, archive: str) -> int:
    header = file.read(_LOCAL.size)
    if len(header) != _LOCAL.size:
        raise BundleCorruptError("the archive ends too early", where=archive)
    signature, _, flags, method, _, _, crc, packed, size, name_length, extra = _LOCAL.unpack(header)
    name = file.read(name_length)
    told = (name, flags, method, crc, packed, size, extra)
    if signature != LOCAL_SIGNATURE or told != (*entry[:6], 0):
        raise UnsafeContentError(f"the member {entry.name!r} says different things in two places", where=archive)
    return _LOCAL.size + len(name)


def _path(entry: _Entry, archive: str) -> str:
    try:
        return entry.name.decode("utf-8" if entry.flags & _UTF8 else "ascii")
    except UnicodeDecodeError as error:
        raise UnsafeContentError(f"the member name {entry.name!r} is not UTF-8", where=archive) from error


def _content(file: BinaryIO, entry: _Entry, meter: Meter) -> Iterator[bytes]:
    crc = 0
    deflated = entry.method == _DEFLATED
    stream = InflatedStream(file, meter, -15, entry.packed) if deflated else PlainStream(file, meter)
    for piece in pieces(stream, entry.size, meter.archive):
        crc = zlib.crc32(piece, crc)
        yield piece
    if deflated and stream.read(1):
        raise UnsafeContentError(f"the member {entry.name!r} is longer than it says", where=meter.archive)
    if crc != entry.crc:
        raise BundleCorruptError(f"the member {entry.name!r} is damaged", where=meter.archive)


class ZipWriter:
    """Writes members one after the other; the same members give the same bytes.

    Args:
        file: where to write, seekable, at its beginning.
    """

    def __init__(self, file: BinaryIO) -> None:
        self._file = file
        self._entries: list[_Entry] = []

    def add(self, path: str, size: int, content: Callable[[], Iterable[bytes]]) -> None:
        """Write one member.

        Args:
            path: its name.
            size: bytes of content.
            content: gives the content; asked twice where packing it would look like a bomb.

        Raises:
            UsageError: the archive becomes longer than a plain zip file can be.
        """
        name = path.encode()
        offset = self._file.tell()
        if max(size, offset) >= _LIMIT - (1 << 20):
            raise UsageError("a zip file cannot hold 4 GiB", where=path, remedy="Export to a .tar.gz file instead.")
        flags = 0 if path.isascii() else _UTF8
        start = offset + _LOCAL.size + len(name)
        self._file.seek(start)
        crc, packed = self._deflate(content())
        method = _DEFLATED
        if size > _STORE_ABOVE_RATIO * packed or packed >= size:
            method, packed = _STORED, size
            self._file.seek(start)
            for piece in content():
                self._file.write(piece)
            self._file.truncate()
        entry = _Entry(name, flags, method, crc, packed, size, offset)
        self._file.seek(offset)
        self._file.write(
            _LOCAL.pack(LOCAL_SIGNATURE, 20, flags, method, 0, _FIRST_DAY, crc, packed, size, len(name), 0)
        )
        self._file.write(name)
        self._file.seek(start + packed)
        self._entries.append(entry)

    def _deflate(self, content: Iterable[bytes]) -> tuple[int, int]:
        crc = packed = 0
        deflater = zlib.compressobj(_LEVEL, zlib.DEFLATED, -15)
        for piece in content:
            crc = zlib.crc32(piece, crc)
            packed += self._file.write(deflater.compress(piece))
        packed += self._file.write(deflater.flush())
        return crc, packed

    def finish(self) -> None:
        """Write the directory."""
        offset = self._file.tell()
        if offset >= _LIMIT:
            raise UsageError("a zip file cannot hold 4 GiB", remedy="Export to a .tar.gz file instead.")
        for entry in self._entries:
            self._file.write(
                _CENTRAL.pack(
                    b"PK\x01\x02", 3 << 8 | 20, 20, entry.flags, entry.method, 0, _FIRST_DAY, entry.crc, entry.packed,
                    entry.size, len(entry.name), 0, 0, 0, 0, _REGULAR_0644, entry.offset,
                )
                + entry.name
            )  # fmt: skip
        size = self._file.tell() - offset
        count = len(self._entries)
        self._file.write(_END.pack(b"PK\x05\x06", 0, 0, count, count, size, offset, 0))
