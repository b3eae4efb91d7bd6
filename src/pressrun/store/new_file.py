"""How a file that people keep gets its name: only once it is whole and durable, and never in place of another."""

from __future__ import annotations

import contextlib
import errno
import os
import secrets
from collections.abc import Iterator
from pathlib import Path

from pressrun.errors import CannotRestoreError, UsageError
from pressrun.store.fs import sync_descriptor, sync_directory

_PRIVATE_FILE = 0o600
_NO_LINKS = {errno.EPERM, errno.ENOTSUP, errno.ENOSYS, errno.EOPNOTSUPP}


@contextlib.contextmanager
def new_file(target: Path, what: str) -> Iterator[Path]:
    """Give an empty file to write, which is called `target` once the block has ended; gone when it raises.

    Only its owner may read it. What SQLite leaves beside a database goes, too.

    Args:
        target: the file to make.
        what: it is, for messages.

    Raises:
        UsageError: there is something at `target`.
        CannotRestoreError: the file cannot be made or written.
    """
    if os.path.lexists(target):
        raise _is_there(target)
    partial = target.with_name(f".{target.name}.{secrets.token_hex(8)}.part")
    flags = os.O_RDWR | os.O_CREAT | os.O_EXCL | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_CLOEXEC", 0)
    try:
        os.close(os.open(partial, flags, _PRIVATE_FILE))
    except OSError as error:
        raise _cannot_write(what, target, error) from error
    try:
        yield partial
        _settle(partial, target)
    except OSError as error:
        raise _cannot_write(what, target, error) from error
    finally:
        for ending in ("", "-journal", "-shm", "-wal"):
            partial.with_name(partial.name + ending).unlink(missing_ok=True)


def _settle(partial: Path, target: Path) -> None:
    descriptor = os.open(partial, os.O_RDWR)
    try:
        sync_descriptor(descriptor)
    finally:
        os.close(descriptor)
    try:
        os.link(partial, target)  # a rename would replace what somebody else put there meanwhile
    except FileExistsError as error:
        raise _is_there(target) from error
    except OSError as error:
        if error.errno not in _NO_LINKS:
            raise
        partial.rename(target)
    sync_directory(target.parent)


def _is_there(target: Path) -> UsageError:
    return UsageError("there is something already", where=str(target), remedy="Name a file that is not there yet.")


def _cannot_write(what: str, target: Path, error: OSError) -> CannotRestoreError:
    return CannotRestoreError(f"the {what} cannot be written: {error.strerror or error}", where=str(target))
