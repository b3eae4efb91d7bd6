"""What a panel is shown that connects before any cell is registered: what earlier sessions captured of this notebook.

It is read by a worker and waited for a moment only. Once the session captures by itself, its own ledger tells.
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Final

import msgspec

from pressrun.interfaces.magics.ledger import Ledger
from pressrun.interfaces.magics.place import Place, find_place, parent_environment
from pressrun.interfaces.magics.workers import Worker
from pressrun.records.live import LiveCapture

if TYPE_CHECKING:
    from pressrun.interfaces.magics.session import Session

WAIT_S: Final = 0.3


class Earlier:
    """The captures that a session knows of, its own and those of earlier sessions.

    Args:
        session: of the shell.
    """

    def __init__(self, session: Session) -> None:
        self._session = session
        self._place: Place | None = None
        self._ledger = Ledger(self._found)
        session.guard.work.update(earlier=session.unheard(self._ledger.load), earlier_late=self._tell_late)
        self._worker = Worker("panel", session.guard, lambda: None)
        self._read = self._worker.submit("earlier")

    def wait(self) -> None:
        """Give reading a moment; what comes later is announced when it has come."""
        capturing = self._session.capturing
        if capturing is not None:
            capturing.loaded(WAIT_S)
        elif not self._read.is_done(WAIT_S):
            self._worker.submit("earlier_late")

    def capture(self) -> LiveCapture:
        """Return what is known now."""
        capturing = self._session.capturing
        if capturing is None:
            return self._ledger.capture
        return msgspec.structs.replace(capturing.ledger.capture, partial=capturing.partial())

    def _found(self) -> Place:
        if self._place is None:
            self._place = find_place(self._session.folder, os.environ, {}, parent_environment())
        return self._place

    def _tell_late(self) -> None:
        self._session.tell("again")
