"""What a recording from outside consists of: the tracer's log with the driver's marks in it, and how it began."""

from __future__ import annotations

import msgspec

NAME = "strace"
LOG = "trace"
START = "start.json"
CUT = "cut"
"""Is there when the log was cut off at the limit."""

LIMIT = 256 * 2**20  # bytes of a log that are kept, about two million opens


class Begin(msgspec.Struct, frozen=True):
    """What is known when a recording begins.

    Attributes:
        at: seconds since the epoch, a little before the kernel started.
        folders: our own folders, in which nothing is data.
        hello: a path that the kernel was made to look for: it is in the trace when the kernel is.
    """

    at: float
    folders: tuple[str, ...] = ()
    hello: str = ""


def mark(cell: int) -> bytes:
    """Return the driver's mark. It may land in the middle of a line; the tracer itself writes no control characters."""
    return b"\x02%d\x03" % cell
