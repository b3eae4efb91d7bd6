"""When a file came into being: Linux knows, and Python's `os.stat` does not tell."""

from __future__ import annotations

import ctypes
import functools
import os
import struct
from collections.abc import Callable
from typing import Any

_HERE = -100  # AT_FDCWD
_BIRTH = 0x800  # STATX_BTIME
_SIZE = 256  # of struct statx
_AT = 80  # of the time of birth in it


def born_since(path: str, moment: float) -> bool:
    """Tell whether the file at `path` was made after `moment`; False where the system or file system cannot tell.

    Args:
        path: of a file.
        moment: seconds since the epoch.
    """
    statx = _statx()
    if statx is None:
        return False
    buffer = ctypes.create_string_buffer(_SIZE)
    if statx(_HERE, os.fsencode(path), 0, _BIRTH, buffer) != 0:
        return False
    (known,) = struct.unpack_from("=I", buffer)
    seconds, nanoseconds = struct.unpack_from("=qI", buffer, _AT)
    return bool(known & _BIRTH) and seconds + nanoseconds / 1e9 >= moment


@functools.cache
def _statx() -> Callable[..., Any] | None:
    found: Callable[..., Any] | None = getattr(ctypes.CDLL(None), "statx", None)
    return found
