"""Keeps whatever is in the page from trying passphrases: one at a time, and only a few."""

from __future__ import annotations

import contextlib
import threading
import time
from collections.abc import Callable, Iterator

from pressrun.errors import AccessDeniedError

MOST = 5
WITHIN_S = 15 * 60.0


class Guesses:
    """Counts what was refused.

    Args:
        clock: seconds, of a clock that is never put back.
    """

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._lock = threading.Lock()
        self._refused: list[float] = []

    @contextlib.contextmanager
    def one(self, *, counts: bool) -> Iterator[None]:
        """Let one attempt be made.

        Args:
            counts: whether it holds a passphrase at all.

        Raises:
            AccessDeniedError: it was refused, or too many were before.
        """
        with self._lock:
            now = self._clock()
            self._refused = [at for at in self._refused if now - at < WITHIN_S]
            if counts and len(self._refused) >= MOST:
                raise AccessDeniedError(
                    f"{MOST} approvals were refused in {WITHIN_S / 60:.0f} minutes",
                    remedy="Wait, or approve in a terminal. If it was not you, something in the page tries to.",
                )
            try:
                yield
            except AccessDeniedError:
                if counts:
                    self._refused.append(now)
                raise
