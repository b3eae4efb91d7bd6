"""The magic ``register`` itself: help, questions about the capture, and one line where something is wrong."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pressrun.interfaces.magics.session import Session


class RegisterMagic:
    """The magic of one session.

    Args:
        session: of the shell.
    """

    def __init__(self, session: Session) -> None:
        self._session = session
        session.guard.work["magic"] = self._answer

    def register(self, line: str, cell: str | None = None) -> None:
        """Declare what this cell is: ``%%register KIND [NAME] [--option value]...``.

        KIND is one of parameters, step, data, features, model, metrics, check, report, skip; a bare NAME means ``step
        NAME``. The line stands first in its cell and changes nothing in how the cell runs. ``%register KIND NAME`` and
        ``# %register KIND NAME`` as the first line say the same. Under the cell a receipt tells what it read, used and
        defined. A declaration that is wrong is told in one line, and the cell runs unregistered.

            %register status       what is captured so far, and what is out of date
            %register undo NAME    forget a capture

        ``pressrun inspect NOTEBOOK`` shows what a whole notebook declares.
        """
        if cell is None:
            self._session.guard.run("magic", line)
            return
        # The transformer takes the line out; that it got here means that pressrun failed. The cell runs all the same.
        from pressrun.interfaces.magics.fallback import run_body  # noqa: PLC0415

        run_body(self._session.shell, cell)

    def _answer(self, line: str) -> None:
        if self._session.is_declaration(line):
            return
        from pressrun.interfaces.magics.answers import answer  # noqa: PLC0415  only when asked

        told: str = answer(self._session, line)
        if told.startswith("pressrun: "):
            print(told, file=sys.stderr)  # noqa: T201  what a magic says
        else:
            print(told)  # noqa: T201
