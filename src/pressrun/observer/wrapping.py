"""Functions of the kernel that are wrapped, because no audit event tells what is asked.

Everywhere: how IPython runs ``!command`` and ``x = !command``, because the exit status is told nowhere else, and how
pandas before 1.2 reads text files, which it opens in C. The rest on Python 3.7 only, which has no audit events.

Sent into the kernel together with `pressrun.observer.recorder`: standard library only, Python 3.7 and later.
"""

# Standard library of Python 3.7; modules that the kernel may not have loaded yet are imported where they are wrapped:
# ruff: noqa: PLC0415

from __future__ import annotations

import functools
import os
import sys
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from pressrun.observer.recorder import Recorder


def guarded(recorder: Recorder, function: Callable[..., None]) -> Callable[..., None]:
    """Return `function` so that nothing it raises gets out, but for the user's own KeyboardInterrupt."""

    def call(*args: Any, **kwargs: Any) -> None:
        try:
            function(*args, **kwargs)
        except KeyboardInterrupt:
            raise
        except BaseException:  # noqa: BLE001  nothing may reach the notebook
            recorder.faults += 1

    return call


def watch_shell(recorder: Recorder) -> None:
    """See the exit status of ``!command`` and ``x = !command``."""
    note = guarded(recorder, recorder.on_status)

    def watched_system(original: Callable[..., Any]) -> Callable[..., Any]:
        @functools.wraps(original)
        def system(command: Any, *args: Any, **kwargs: Any) -> Any:
            __tracebackhide__ = True
            status = original(command, *args, **kwargs)
            note(status, command)
            return status

        return system

    def watched_handler(original: Callable[..., Any]) -> Callable[..., Any]:
        @functools.wraps(original)
        def process_handler(command: Any, callback: Any, *args: Any, **kwargs: Any) -> Any:
            __tracebackhide__ = True

            def watching(process: Any) -> Any:
                __tracebackhide__ = True
                result = callback(process)
                note(process.poll(), command)
                return result

            return original(command, watching, *args, **kwargs)

        return process_handler

    for name, attribute, wrapper in (
        ("ipykernel.zmqshell", "system", watched_system),
        ("IPython.utils._process_common", "process_handler", watched_handler),
    ):
        module = sys.modules.get(name)
        if module is not None and callable(getattr(module, attribute, None)):
            setattr(module, attribute, wrapper(getattr(module, attribute)))


def old_pandas(recorder: Recorder, hook: Callable[[str, tuple[Any, ...]], None]) -> Callable[[], None]:
    """Return what is to be called while modules are imported, until it has seen the one that it is for."""

    def tell(path: Any, *_: Any, **__: Any) -> None:
        if isinstance(path, (str, os.PathLike)):
            hook("open", (path, "r", 0))

    tell = guarded(recorder, tell)

    def look() -> None:
        module: Any = sys.modules.get("pandas.io.parsers")
        if module is None or not hasattr(module, "CParserWrapper") or not hasattr(module, "_read"):
            return
        original = module._read  # noqa: SLF001  the one place that all readers of text go through
        if hasattr(original, "__wrapped__"):
            return

        @functools.wraps(original)
        def _read(path: Any, *args: Any, **kwargs: Any) -> Any:
            __tracebackhide__ = True
            tell(path)
            return original(path, *args, **kwargs)

        module._read = _read  # noqa: SLF001

    return look


class ImportListener:
    """Python 3.7: hears of imports, and finds nothing."""

    def __init__(self, look: Callable[[], None]) -> None:
        self.look = look

    def find_spec(self, name: str, path: Any = None, target: Any = None) -> None:
        """Leave the import to the others."""
        self.look()


def wrap_functions(recorder: Recorder, hook: Callable[[str, tuple[Any, ...]], None]) -> None:
    """Python 3.7: let the functions that most code goes through tell the hook what they are about to do.

    The one thing that shows: the traceback of a call that fails has one frame more.
    """
    import builtins
    import io
    import socket
    import sqlite3
    import subprocess

    def telling(original: Any, tell: Callable[..., None]) -> Any:
        tell = guarded(recorder, tell)

        @functools.wraps(original)
        def wrapped(*args: Any, **kwargs: Any) -> Any:
            __tracebackhide__ = True
            tell(*args, **kwargs)
            return original(*args, **kwargs)

        return wrapped

    def tell_open(file: Any, mode: Any = "r", *_: Any, **__: Any) -> None:
        hook("open", (file, mode, 0))

    def tell_os_open(path: Any, flags: Any, *_: Any, **__: Any) -> None:
        hook("open", (path, None, flags))

    def tell_path(event: str) -> Callable[..., None]:
        return lambda *args, **kwargs: hook(event, (args[0] if args else ".",))

    def tell_rename(source: Any, target: Any, **_: Any) -> None:
        hook("os.rename", (source, target))

    def put(owner: Any, name: str, tell: Callable[..., None]) -> None:
        setattr(owner, name, telling(getattr(owner, name), tell))

    builtins.open = io.open = telling(builtins.open, tell_open)
    put(os, "open", tell_os_open)
    for name in ("listdir", "scandir", "system"):
        put(os, name, tell_path("os." + name))
    for name in ("rename", "replace"):
        put(os, name, tell_rename)
    put(sqlite3, "connect", lambda database, *_, **__: hook("sqlite3.connect", (database,)))
    put(subprocess.Popen, "__init__", lambda _, args, *__, **___: hook("subprocess.Popen", (None, args)))
    put(socket.socket, "connect", lambda me, address: hook("socket.connect", (me, address)))
