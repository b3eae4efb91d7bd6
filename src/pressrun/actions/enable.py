"""Let kernels load pressrun when they start, and undo it.

It is one file in a folder that IPython runs when it starts: the environment's, or that of the user's default profile.
Only a file that was written here is ever replaced or removed, and only while it is as it was written.
"""

from __future__ import annotations

import contextlib
import json
import os
import shlex
import subprocess
import sys
from pathlib import Path
from typing import Final

import msgspec

from pressrun.errors import PressrunError, RefusedError, UsageError

NAME: Final = "50-pressrun.py"
TIMEOUT_S: Final = 60.0

# Runs among the user's names, so it leaves none; whatever happens, the kernel starts, and says nothing while it does.
STARTUP: Final = '''\
# Written by `pressrun enable`: kernels load pressrun when they start. `pressrun disable` removes this file.
def _pressrun_autoload():
    shell = get_ipython()
    try:
        shell.extension_manager.load_extension("pressrun")
    except Exception as error:
        if isinstance(error, ModuleNotFoundError) and error.name == "pressrun":
            problem = "pressrun is not installed in this environment. Install it: %pip install pressrun"
        else:
            problem = "pressrun could not be loaded: {}: {}".format(type(error).__name__, error)

        class NotLoaded(ImportError):
            def _render_traceback_(self):  # IPython shows this instead of a traceback
                return ["ImportError: " + problem]

        def register(line, cell=None):
            """pressrun could not be loaded when this kernel started: using this says why."""
            raise NotLoaded(problem)

        shell.register_magic_function(register, magic_kind="line_cell", magic_name="register")


try:
    _pressrun_autoload()
except Exception:
    pass
del _pressrun_autoload
'''

_QUESTION: Final = """
import importlib.util, json, os, sys
found = {"prefix": sys.prefix, "executable": sys.executable}
found["pressrun"] = importlib.util.find_spec("pressrun") is not None
try:
    from IPython.paths import get_ipython_dir
    found["profiles"] = get_ipython_dir()
except ImportError:
    found["profiles"] = ""
print("\\n" + json.dumps(found))
"""


class Autoload(msgspec.Struct, frozen=True, kw_only=True):
    """Whether kernels load pressrun when they start.

    Attributes:
        scope: ``environment``: kernels of that environment; ``user``: kernels of this user that use the default
            profile, whatever their environment.
        file: the file that does it.
        interpreter: the Python whose environment is meant.
        state: ``enabled``; ``disabled``; ``foreign``: a file of that name is there and is not ours as written.
        changed: whether this call wrote or removed the file.
        undo: the command that reverses it, empty where nothing is to be reversed.
    """

    scope: str
    file: str
    interpreter: str
    state: str
    changed: bool = False
    undo: str = ""


class _Target(msgspec.Struct, frozen=True):
    file: Path
    python: Path
    scope: str
    words: str  # the options that name it again
    has_ipython: bool
    has_pressrun: bool


def enable(python: Path | None = None, *, user: bool = False) -> Autoload:
    """Let kernels load pressrun when they start; where they do already, nothing changes.

    Args:
        python: an interpreter of the environment meant; the one that runs this by default.
        user: write it to the user's default profile instead of the environment.

    Raises:
        UsageError: `python` is none, or its environment has no IPython or no pressrun.
        RefusedError: another file of that name is there.
        PressrunError: the file cannot be written.
    """
    target = _target(python, user=user)
    if not target.has_ipython:
        raise UsageError("there is no IPython in this environment, so no kernel either", where=str(target.python))
    if not target.has_pressrun:
        raise UsageError(
            "pressrun is not installed in this environment",
            where=str(target.python),
            remedy=f"Install it: {shlex.quote(str(target.python))} -m pip install pressrun",
        )
    before = _state(target.file)
    if before == "foreign":
        raise _not_ours(target, "overwritten")
    if before == "disabled":
        _write(target)
    return _autoload(target, "enabled", changed=before == "disabled", undo=f"pressrun disable{target.words}")


def disable(python: Path | None = None, *, user: bool = False) -> Autoload:
    """Remove what `enable` wrote; where it wrote nothing, nothing changes.

    Args:
        python: an interpreter of the environment meant; the one that runs this by default.
        user: remove it from the user's default profile instead of the environment.

    Raises:
        UsageError: `python` is none.
        RefusedError: a file of that name is there that is not as `enable` wrote it.
        PressrunError: the file cannot be removed.
    """
    target = _target(python, user=user)
    before = _state(target.file)
    if before == "foreign":
        raise _not_ours(target, "removed")
    if before == "enabled":
        try:
            target.file.unlink()
        except OSError as error:
            raise PressrunError(f"the file cannot be removed: {error.strerror}", where=str(target.file)) from error
        _remove_empty(target.file.parent, levels=3)  # etc/ipython/startup
    undo = f"pressrun enable{target.words}" if before == "enabled" else ""
    return _autoload(target, "disabled", changed=before == "enabled", undo=undo)


def autoload_states(python: Path | None = None) -> tuple[Autoload, Autoload]:
    """Return whether kernels load pressrun when they start: by the environment, and by the user's profile.

    Raises:
        UsageError: `python` is none.
    """
    environment, profile = (_target(python, user=user) for user in (False, True))
    return _autoload(environment, _state(environment.file)), _autoload(profile, _state(profile.file))


def _autoload(target: _Target, state: str, *, changed: bool = False, undo: str = "") -> Autoload:
    return Autoload(
        scope=target.scope,
        file=str(target.file),
        interpreter=str(target.python),
        state=state,
        changed=changed,
        undo=undo,
    )


def _target(python: Path | None, *, user: bool) -> _Target:
    asked = Path(sys.executable) if python is None else python
    try:
        answer = subprocess.run(
            [str(asked), "-c", _QUESTION], capture_output=True, text=True, timeout=TIMEOUT_S, check=True, cwd=os.sep
        )
        found = json.loads(answer.stdout.splitlines()[-1])
    except (OSError, subprocess.SubprocessError, ValueError, IndexError) as error:
        raise UsageError("this is no Python interpreter that starts", where=str(asked)) from error
    profiles = Path(found["profiles"] or Path.home() / ".ipython")
    folder = profiles / "profile_default" if user else Path(found["prefix"]) / "etc" / "ipython"
    words = f" --python {shlex.quote(str(python))}" if python is not None else ""
    return _Target(
        file=folder / "startup" / NAME,
        python=Path(found["executable"]),
        scope="user" if user else "environment",
        words=f"{words}{' --user' if user else ''}",
        has_ipython=bool(found["profiles"]),
        has_pressrun=found["pressrun"],
    )


def _state(file: Path) -> str:
    if not os.path.lexists(file):
        return "disabled"
    try:
        ours = file.is_file() and not file.is_symlink() and file.read_text(encoding="utf-8") == STARTUP
    except (OSError, UnicodeDecodeError):
        ours = False
    return "enabled" if ours else "foreign"


def _write(target: _Target) -> None:
    try:
        target.file.parent.mkdir(parents=True, exist_ok=True)
        with target.file.open("x", encoding="utf-8") as file:
            try:
                file.write(STARTUP)
                file.flush()
            except OSError:  # half of it must not run in a kernel
                target.file.unlink()
                raise
    except FileExistsError as error:
        raise _not_ours(target, "overwritten") from error
    except OSError as error:
        elsewhere = "" if target.scope == "user" else " --user: it writes to your own IPython profile"
        raise PressrunError(
            f"the file cannot be written: {error.strerror}",
            where=str(target.file),
            remedy=f"Ask whoever owns the environment, or use{elsewhere}." if elsewhere else "",
        ) from error


def _not_ours(target: _Target, verb: str) -> RefusedError:
    return RefusedError(
        f"this file is not as `pressrun enable` wrote it and is not {verb}",
        where=str(target.file),
        remedy="Look at it, and move it away if nobody needs it.",
    )


def _remove_empty(folder: Path, levels: int) -> None:
    with contextlib.suppress(OSError):  # not empty, or not ours to remove
        for place in [folder, *folder.parents][:levels]:
            place.rmdir()
