"""Tar, as far as a bundle needs it: regular files with a path and a size, and nothing else.

Written by POSIX.1-2001 (ustar with ``path`` and ``size`` extended headers), with no time, owner or permission that
varies. The reader takes what the writer writes: links, devices, folders, sparse files and the extensions of other
programs are refused by name, because each of them is a way to write somewhere else or something else.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import NamedTuple

from pressrun.errors import BundleCorruptError, UnsafeContentError
from pressrun.store.inflate import Stream, exactly, pieces

_BLOCK = 512
_END = 2 * _BLOCK
_MAX_EXTENDED_BYTES = 8192
_MAX_PADDING_BYTES = 1 << 20
_MAX_OCTAL_SIZE = 8**11 - 1
_KINDS = {
    b"1": "a hard link",
    b"2": "a symbolic link",
    b"3": "a character device",
    b"4": "a block device",
    b"5": "a folder",
    b"6": "a pipe",
    b"7": "a contiguous file",
    b"g": "a global header",
    b"K": "a long link name",
    b"L": "a long name in the GNU format",
    b"S": "a sparse file",
}


class Member(NamedTuple):
    """A file in an archive. `chunks` must be used up before the next member is asked for."""

    path: str
    size: int
    chunks: Iterable[bytes]


def tar_members(stream: Stream, archive: str) -> Iterator[Member]:
    """Yield the files in a tar archive.

    Args:
        stream: the uncompressed archive.
        archive: what to call it in errors.

    Raises:
        UnsafeContentError: it holds anything but regular files.
        BundleCorruptError: it is damaged or cut off.
    """
    while True:
        header = exactly(stream, _BLOCK, archive)
        if not any(header):
            _require_end(stream, archive)
            return
        extended: dict[str, str] = {}
        if _kind(header, archive) == b"x":
            extended = _extended(stream, header, archive)
            header = exactly(stream, _BLOCK, archive)
        path = extended.get("path") or _plain_path(header, archive)
        kind = _kind(header, archive)
        if kind not in {b"0", b"\0"}:
            what = _KINDS.get(kind, f"of the unknown kind {kind!r}")
            raise UnsafeContentError(
                f"the member {path!r} is {what}; only regular files are taken",
                where=archive,
                remedy="Archives are read as `pressrun export` writes them; import a folder for anything else.",
            )
        size = int(extended["size"]) if "size" in extended else _number(header[124:136], archive)
        yield Member(path, size, pieces(stream, size, archive))
        if any(exactly(stream, -size % _BLOCK, archive)):
            raise UnsafeContentError(f"something is hidden behind the member {path!r}", where=archive)


def _kind(header: bytes, archive: str) -> bytes:
    if header[257:265] not in {b"ustar\00000", b"ustar  \0"}:
        raise BundleCorruptError("it is no tar archive, or damaged", where=archive)
    blank = header[:148] + b" " * 8 + header[156:]
    if sum(blank) != _number(header[148:156], archive):
        raise BundleCorruptError("a header's checksum is wrong", where=archive)
    return header[156:157]


def _number(field: bytes, archive: str) -> int:
    digits = field.strip(b" \0")
    if not digits or digits.strip(b"01234567"):
        raise UnsafeContentError("a header holds a number in an unusual form", where=archive)
    return int(digits, 8)


def _plain_path(header: bytes, archive: str) -> str:
    name = _text(header[:100], archive)
    prefix = _text(header[345:500], archive) if header[257:263] == b"ustar\0" else ""
    return f"{prefix}/{name}" if prefix else name


def _text(field: bytes, archive: str) -> str:
    value, _, rest = field.partition(b"\0")
    if any(rest):
        raise UnsafeContentError(f"the member name {field!r} holds a NUL", where=archive)
    try:
        return value.decode("utf-8")
    except UnicodeDecodeError as error:
        raise UnsafeContentError(f"the member name {value!r} is not UTF-8", where=archive) from error


def _extended(stream: Stream, header: bytes, archive: str) -> dict[str, str]:
    size = _number(header[124:136], archive)
    if size > _MAX_EXTENDED_BYTES:
        raise UnsafeContentError(f"an extended header has {size:,} bytes", where=archive)
    block = exactly(stream, size, archive)
    exactly(stream, -size % _BLOCK, archive)
    found: dict[str, str] = {}
    while block:
        length, _, _ = block.partition(b" ")
        if not length.isdigit() or len(length) > 4 or not len(length) < int(length) <= len(block):
            raise BundleCorruptError("an extended header is damaged", where=archive)
        record, block = block[len(length) + 1 : int(length)], block[int(length) :]
        key, _, value = _text(record, archive).removesuffix("\n").partition("=")
        if key not in {"path", "size"} or key in found or not record.endswith(b"\n"):
            raise UnsafeContentError(f"an extended header says {key!r}, which is not taken", where=archive)
        if key == "size" and not (value.isascii() and value.isdigit() and len(value) <= 15):
            raise UnsafeContentError("an extended header holds an impossible size", where=archive)
        found[key] = value
    return found


def _require_end(stream: Stream, archive: str) -> None:
    padding = 0
    while data := stream.read(_BLOCK):
        padding += len(data)
        if any(data) or padding > _MAX_PADDING_BYTES:
            raise UnsafeContentError("something follows the end of the archive", where=archive)
    if padding < _END - _BLOCK:
        raise BundleCorruptError("the archive ends too early", where=archive)


def tar_header(path: str, size: int) -> bytes:
    """Return the header blocks of a regular file."""
    records = b""
    name, prefix = _split(path)
    if name is None:
        records += _record(b"path", path.encode())
        name = b"see-the-extended-header"
    if size > _MAX_OCTAL_SIZE:
        records += _record(b"size", b"%d" % size)
    plain = _block(name, prefix, min(size, _MAX_OCTAL_SIZE), b"0")
    if not records:
        return plain
    padding = b"\0" * (-len(records) % _BLOCK)
    return _block(b"extended-header", b"", len(records), b"x") + records + padding + plain


def tar_chunks(path: str, size: int, chunks: Iterable[bytes]) -> Iterator[bytes]:
    """Yield one member: header, content, padding."""
    yield tar_header(path, size)
    yield from chunks
    yield b"\0" * (-size % _BLOCK)


TAR_END = b"\0" * _END


def _split(path: str) -> tuple[bytes | None, bytes]:
    raw = path.encode()
    if not path.isascii():
        return None, b""
    if len(raw) <= 100:
        return raw, b""
    cut = raw.rfind(b"/", 0, 156)
    if cut > 0 and len(raw) - cut - 1 <= 100:
        return raw[cut + 1 :], raw[:cut]
    return None, b""


def _record(key: bytes, value: bytes) -> bytes:
    body = b" " + key + b"=" + value + b"\n"
    length = len(body)
    while len(b"%d" % length) + len(body) != length:
        length = len(b"%d" % length) + len(body)
    return b"%d" % length + body


def _block(name: bytes, prefix: bytes, size: int, kind: bytes) -> bytes:
    fields = [
        name.ljust(100, b"\0"),
        b"0000644\0" + b"0000000\0" + b"0000000\0",  # mode, owner, group
        b"%011o\0" % size,
        b"%011o\0" % 0,  # time
        b" " * 8,  # checksum, filled in below
        kind,
        b"\0" * 100,  # link name
        b"ustar\00000",
        b"\0" * 64,  # names of owner and group
        b"0000000\0" + b"0000000\0",  # device
        prefix.ljust(155, b"\0"),
        b"\0" * 12,
    ]
    block = b"".join(fields)
    return block[:148] + b"%06o\0 " % sum(block) + block[156:]
