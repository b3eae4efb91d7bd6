"""Locks between processes of one machine: held by an open file, so that a killed holder lets go by itself."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from pathlib import Path

from pressrun.errors import CannotRestoreError
from pressrun.store.fs import RealFs

LOCKS = "locks"
_PRIVATE_FOLDER = 0o700


@contextlib.contextmanager
def exclusive(root: Path, name: str, *, patience_s: float = 60.0) -> Iterator[None]:
    """Hold the lock `name` of a store for as long as the block runs.

    Args:
        root: the store's folder; it must exist.
        name: an allowed file name; locks of different names do not know each other.
        patience_s: how long to wait for another holder, seconds.

    Raises:
        CannotRestoreError: somebody held it all that time, or it cannot be made.
        ValueError: the name would lead out of the folder of locks.
    """
    if "/" in name or "\0" in name:
        raise ValueError(f"{name!r} is no file name")
    path = root / LOCKS / f"{name}.lock"
    with contextlib.ExitStack() as held:
        try:
            path.parent.mkdir(_PRIVATE_FOLDER, exist_ok=True)
            held.enter_context(RealFs().lock(path, shared=False, patience_s=patience_s))
        except TimeoutError as error:
            raise CannotRestoreError(
                f"another process has been at it for {patience_s:.0f} s",
                where=str(path),
                remedy="Nothing was changed. Try again when it has ended.",
            ) from error
        except OSError as error:
            raise CannotRestoreError(f"the lock cannot be made: {error.strerror}", where=str(path.parent)) from error
        yield
