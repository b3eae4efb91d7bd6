"""Reading compressed bytes without ever holding, or writing, more than was bargained for."""

from __future__ import annotations

import zlib
from collections.abc import Iterator
from typing import BinaryIO, Protocol

import msgspec

from pressrun.errors import BundleCorruptError, UnsafeContentError

PIECE_BYTES = 256 << 10
_FEED_BYTES = 64 << 10


class Limits(msgspec.Struct, frozen=True, kw_only=True):
    """How much an archive may unpack to.

    Attributes:
        total_bytes: sum of all files.
        ratio: bytes out for one byte in, counted while unpacking, never believed from a header.
        slack_bytes: bytes out that are free, so that small archives of repetitive text are no bombs.
    """

    total_bytes: int = 256 << 30
    ratio: int = 100
    slack_bytes: int = 1 << 20


class Meter:
    """Counts bytes in and out and stops when too much comes out.

    Args:
        limits: what is allowed.
        archive: what to call it in errors.
    """

    def __init__(self, limits: Limits, archive: str) -> None:
        self.limits = limits
        self.archive = archive
        self._taken = 0
        self._given = 0

    def count(self, taken: int, given: int) -> None:
        """Add bytes read from the archive and bytes unpacked from them.

        Raises:
            UnsafeContentError: too much came out.
        """
        self._taken += taken
        self._given += given
        if self._given > self.limits.slack_bytes + self.limits.ratio * self._taken:
            raise UnsafeContentError(
                f"it unpacks to more than {self.limits.ratio} times its size: refused after {self._given:,} bytes",
                where=self.archive,
                remedy="If you trust it, unpack it by other means and import the folder.",
            )
        if self._given > self.limits.total_bytes:
            raise UnsafeContentError(f"it unpacks to more than {self.limits.total_bytes:,} bytes", where=self.archive)


class Stream(Protocol):
    """Bytes in order."""

    def read(self, size: int) -> bytes:
        """Return up to `size` bytes, none only at the end."""


class PlainStream:
    """An uncompressed archive."""

    def __init__(self, file: BinaryIO, meter: Meter) -> None:
        self._file = file
        self._meter = meter

    def read(self, size: int) -> bytes:
        """Read from the file."""
        data = self._file.read(size)
        self._meter.count(len(data), len(data))
        return data


class InflatedStream:
    """A compressed archive, or one compressed member of one, that ends where the file (or the member) ends.

    Args:
        file: gives the compressed bytes.
        meter: counts.
        window_bits: as for zlib: 31 for gzip, -15 for a zip member.
        length: number of compressed bytes, None for all there are.
    """

    def __init__(self, file: BinaryIO, meter: Meter, window_bits: int, length: int | None = None) -> None:
        self._file = file
        self._meter = meter
        self._left = length
        self._inflater = zlib.decompressobj(window_bits)
        self._waiting = b""

    def read(self, size: int) -> bytes:
        """Inflate up to `size` bytes."""
        while not self._inflater.eof:
            feed = self._waiting or self._fetch()
            if not feed:
                raise BundleCorruptError("the compressed data ends too early", where=self._meter.archive)
            try:
                data = self._inflater.decompress(feed, min(size, PIECE_BYTES))
            except zlib.error as error:
                raise BundleCorruptError(
                    f"the compressed data is damaged: {error}", where=self._meter.archive
                ) from error
            self._waiting = self._inflater.unconsumed_tail
            spent = len(feed) - len(self._waiting) - len(self._inflater.unused_data)
            self._meter.count(spent, len(data))
            if data:
                return data
        if self._inflater.unused_data or self._fetch():
            raise UnsafeContentError("something follows the compressed data", where=self._meter.archive)
        return b""

    def _fetch(self) -> bytes:
        size = _FEED_BYTES if self._left is None else min(_FEED_BYTES, self._left)
        data = self._file.read(size) if size else b""
        if self._left is not None:
            self._left -= len(data)
        return data


def exactly(stream: Stream, size: int, archive: str) -> bytes:
    """Read `size` bytes; only for sizes that were bounded before.

    Raises:
        BundleCorruptError: the stream ends before.
    """
    return b"".join(pieces(stream, size, archive))


def pieces(stream: Stream, size: int, archive: str) -> Iterator[bytes]:
    """Yield `size` bytes, a piece at a time.

    Raises:
        BundleCorruptError: the stream ends before.
    """
    left = size
    while left:
        piece = stream.read(min(left, PIECE_BYTES))
        if not piece:
            raise BundleCorruptError("the archive ends too early", where=archive)
        left -= len(piece)
        yield piece
