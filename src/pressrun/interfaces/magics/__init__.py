"""``%load_ext pressrun``: cells that begin with ``%%register`` run as if that line were not there, and are captured.

The line is taken out by an input transformer, so that top-level ``await``, the last expression, tracebacks and the
cell's line numbers stay as they are. Under a registered cell a receipt says what it read, used and defined, and what
changed since last time. Nothing that goes wrong in here changes what a cell does (`pressrun.interfaces.magics.guards`).
Loading costs next to nothing; what a capture needs is imported when the first cell is registered.
"""

from __future__ import annotations

import atexit
import contextlib
from typing import Any
from weakref import WeakKeyDictionary

from pressrun.interfaces.magics.magic import RegisterMagic
from pressrun.interfaces.magics.session import Session

_sessions: WeakKeyDictionary[Any, Session] = WeakKeyDictionary()


def session_of(shell: Any) -> Session | None:
    """Return the session of a shell that pressrun is loaded in."""
    return _sessions.get(shell)


def load_ipython_extension(shell: Any) -> None:
    """Make ``%%register`` known to the shell; loading twice is the same as loading once."""
    if shell in _sessions:
        return
    session = _sessions[shell] = Session(shell)
    session.start()
    shell.input_transformers_cleanup.append(session.transform)
    shell.register_magic_function(RegisterMagic(session).register, magic_kind="line_cell", magic_name="register")
    shell.events.register("pre_run_cell", session.before_cell)
    shell.events.register("post_run_cell", session.after_cell)
    atexit.register(session.at_exit)


def unload_ipython_extension(shell: Any) -> None:
    """Take out what `load_ipython_extension` put in; what somebody else took out already is fine."""
    session = _sessions.pop(shell, None)
    if session is None:
        return
    with contextlib.suppress(ValueError):
        shell.input_transformers_cleanup.remove(session.transform)
    for event, hook in (("pre_run_cell", session.before_cell), ("post_run_cell", session.after_cell)):
        with contextlib.suppress(ValueError):
            shell.events.unregister(event, hook)
    for kind in ("line", "cell"):
        shell.magics_manager.magics[kind].pop("register", None)
    atexit.unregister(session.at_exit)
    session.close()
