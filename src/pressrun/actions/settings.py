"""The settings of a project's registry: the project's file, the person's own file, and the environment.

Where things are kept is the project's to say, and an environment variable overrules it. Who somebody is, and which
key is theirs, is said by the person's own file or by a variable, never by a file that everybody who clones the project
gets. This module is stable.
"""

from __future__ import annotations

import math
import os
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, urlsplit

from pressrun.errors import UnsafeContentError, UsageError, near_match
from pressrun.records.settings import RegistrySettings
from pressrun.rules.standing.lookups import environment_problem

PROJECT_FILE = "pressrun.toml"
PROJECT_TABLE = "registry"
USER_FILE = "config.toml"
JOURNAL_KEY_FILE = "journal.key"
MAX_FILE_BYTES = 1 << 20
MAX_ACTOR_CHARACTERS = 320  # the longest e-mail address

_PLACES = {"journal": "PRESSRUN_JOURNAL", "objects": "PRESSRUN_OBJECTS"}
_IDENTITY = {
    "actor": "PRESSRUN_ACTOR",
    "signing-key": "PRESSRUN_SIGNING_KEY",
    "journal-key": "PRESSRUN_JOURNAL_KEY",
}
# setting -> the most that makes sense: a year of approvals, a month of reviews, a week without a second person
_TIMES = {"break-glass-hours": 168.0, "review-hours": 720.0, "approval-days": 366.0}
_PROJECT_KEYS = (*_PLACES, "environments", *_TIMES)
_SECRET_PARAMETERS = frozenset({"password", "passwd", "pwd", "sslpassword", "secret", "token", "key"})


def read_settings(project: Path, environ: Mapping[str, str] | None = None) -> RegistrySettings:
    """Return what holds for a project, on this machine, for this person.

    Args:
        project: its folder; relative places are meant from there.
        environ: environment variables; by default those of this process.

    Raises:
        UsageError: a file cannot be read, names something unknown, or a value makes no sense.
        UnsafeContentError: a committed file holds a password, or others may write the person's own file.
    """
    environ = os.environ if environ is None else environ
    values: dict[str, Any] = {}
    set_by: dict[str, str] = {}
    for found, where in (_project_values(project), _user_values(environ), _variables(environ)):
        values |= found
        set_by |= dict.fromkeys(found, where) if where else {key: _variable(key) for key in found}
    for key in _PLACES:
        if key in values:
            values[key] = _place(values[key], project)
    values.setdefault("journal-key", str(user_folder(environ) / JOURNAL_KEY_FILE))
    fields = {key.replace("-", "_"): value for key, value in values.items()}
    return RegistrySettings(**fields, set_by={key.replace("-", "_"): where for key, where in set_by.items()})


def user_folder(environ: Mapping[str, str]) -> Path:
    """Return the folder of the person's own settings and keys: ``~/.config/pressrun``, or under XDG_CONFIG_HOME."""
    named = environ.get("XDG_CONFIG_HOME", "")
    # a relative one is invalid by the XDG base directory specification and has to be passed over
    base = Path(named) if named and Path(named).is_absolute() else Path.home() / ".config"
    return base / "pressrun"


def _project_values(project: Path) -> tuple[dict[str, Any], str]:
    own = project / PROJECT_FILE
    shared = project / "pyproject.toml"
    own_table = _table(own, (PROJECT_TABLE,))
    if own_table is None and own.is_file():
        raise UsageError(f"it has no table [{PROJECT_TABLE}]", where=str(own))
    shared_table = _table(shared, ("tool", "pressrun", PROJECT_TABLE))
    if own_table is not None and shared_table is not None:
        raise UsageError(
            f"the registry is set here and in {shared}, [tool.pressrun.{PROJECT_TABLE}]",
            where=str(own),
            remedy="Keep one of the two.",
        )
    path, table = (own, own_table) if own_table is not None else (shared, shared_table)
    if table is None:
        return {}, str(path)
    return {key: _project_value(key, value, path) for key, value in table.items()}, str(path)


def _project_value(key: str, value: Any, path: Path) -> Any:
    if key in _IDENTITY:
        raise UsageError(
            f"{key!r} belongs to a person, not to a project that others use too",
            where=str(path),
            remedy=f"Set it in ~/.config/pressrun/{USER_FILE}, or {_IDENTITY[key]}.",
        )
    if key in _PLACES:
        text = _text(key, value, str(path))
        if _holds_secret(text):
            raise UnsafeContentError(
                f"{key!r} holds a password, in a file that is shared",
                where=str(path),
                remedy=f"Set {_PLACES[key]} in the environment, or leave the password out: PostgreSQL finds it by "
                "PGPASSFILE or PGPASSWORD.",
            )
        return text
    if key in _TIMES:
        return _time(key, value, str(path))
    if key == "environments":
        return _environments(value, str(path))
    raise _unknown(key, _PROJECT_KEYS, str(path))


def _user_values(environ: Mapping[str, str]) -> tuple[dict[str, Any], str]:
    path = user_folder(environ) / USER_FILE
    table = _table(path, ())
    if table is None:
        return {}, str(path)
    if os.name == "posix":
        status = path.stat()
        if status.st_mode & 0o002 or status.st_uid not in {0, os.getuid()}:
            raise UnsafeContentError(
                "others may write it, and it says who you are", where=str(path), remedy=f"chmod 600 {path}"
            )
    for key in table:
        if key in _PROJECT_KEYS:
            raise UsageError(
                f"{key!r} is for everybody who uses the project",
                where=str(path),
                remedy=f"Set it in [tool.pressrun.{PROJECT_TABLE}] of the project's pyproject.toml.",
            )
        if key not in _IDENTITY:
            raise _unknown(key, _IDENTITY, str(path))
    return {key: _identity(key, value, str(path)) for key, value in table.items()}, str(path)


def _variables(environ: Mapping[str, str]) -> tuple[dict[str, Any], str]:
    found: dict[str, Any] = {}
    for key, name in _PLACES.items():
        if text := environ.get(name, ""):
            found[key] = _text(key, text, name)
    for key, name in _IDENTITY.items():
        if text := environ.get(name, ""):
            found[key] = _identity(key, text, name)
    return found, ""


def _variable(key: str) -> str:
    return (_PLACES | _IDENTITY)[key]


def _table(path: Path, keys: tuple[str, ...]) -> dict[str, Any] | None:
    """Return a table of a TOML file; None when there is no such file or table."""
    try:
        raw = path.read_bytes() if path.is_file() else None
    except OSError as error:
        raise UsageError(f"it cannot be read: {error.strerror}", where=str(path)) from error
    if raw is None:
        return None
    # the parser costs more time than most commands take, and most project files have nothing for it here
    if path.name == "pyproject.toml" and b"pressrun" not in raw:
        return None
    if len(raw) > MAX_FILE_BYTES:
        raise UsageError(f"it is longer than {MAX_FILE_BYTES:,} bytes", where=str(path))
    value = _parse(raw, path)
    for depth, key in enumerate(keys, start=1):
        if key not in value:
            return None
        value = value[key]
        if not isinstance(value, dict):
            raise UsageError(f"[{'.'.join(keys[:depth])}] must be a table", where=str(path))
    return value


def _parse(raw: bytes, path: Path) -> dict[str, Any]:
    from pressrun.notebook.environment import toml  # noqa: PLC0415 - costs 25 ms, and only where there is a file

    try:
        return toml.loads(raw.decode())
    except (ValueError, RecursionError) as error:
        raise UsageError(f"it is no TOML: {error}", where=str(path)) from error


def _text(key: str, value: Any, where: str) -> str:
    if not isinstance(value, str) or not value.strip():
        raise UsageError(f"{key!r} must be a text that is not empty", where=where)
    if not value.isprintable():
        raise UsageError(f"{key!r} holds a control character", where=where)
    return value.strip()


def _identity(key: str, value: Any, where: str) -> str:
    text = _text(key, value, where)
    if key == "actor" and len(text) > MAX_ACTOR_CHARACTERS:
        raise UsageError(f"{key!r} is longer than {MAX_ACTOR_CHARACTERS} characters", where=where)
    if key == "actor":
        return text
    path = Path(text).expanduser()
    # a relative one would be another key in every folder
    if not path.is_absolute():
        raise UsageError(f"{key!r} must be an absolute path, or begin with ~, not {text!r}", where=where)
    return str(path)


def _time(key: str, value: Any, where: str) -> float:
    number = isinstance(value, (int, float)) and not isinstance(value, bool) and math.isfinite(value)
    if not number or not 0 < value <= _TIMES[key]:
        raise UsageError(f"{key!r} must be a number above 0 and up to {_TIMES[key]:g}, not {value!r}", where=where)
    return float(value)


def _environments(value: Any, where: str) -> dict[str, str]:
    if not isinstance(value, dict):
        raise UsageError('\'environments\' must be a table: name = "record" or "dir:PATH"', where=where)
    for name, target in value.items():
        if problem := environment_problem(name):
            raise UsageError(f"{name!r} is no environment's name", where=where, remedy=f"{problem}.")
        if target != "record" and not (isinstance(target, str) and re.fullmatch(r"dir:[^\x00-\x1f\x7f]+", target)):
            raise UsageError(f'the target of {name!r} must be "record" or "dir:PATH", not {target!r}', where=where)
    return dict(value)


def _unknown(key: str, known: Mapping[str, str] | tuple[str, ...], where: str) -> UsageError:
    hint = near_match(key, known)
    what = f"{key!r} is no setting" + (f", {hint}" if hint else "")
    return UsageError(what, where=where, remedy=f"Known here are {', '.join(known)}.")


def _holds_secret(place: str) -> bool:
    if "://" not in place:
        return False
    try:
        parts = urlsplit(place)
        password = parts.password
    except ValueError:
        # what cannot be taken apart cannot be cleared either; an address never needs an @ without a password
        return "@" in place
    return bool(password) or any(
        name.lower() in _SECRET_PARAMETERS for name, _ in parse_qsl(parts.query, keep_blank_values=True)
    )


def _place(place: str, project: Path) -> str:
    scheme, separator, rest = place.partition("://")
    if not separator:
        return _local_path(place, project)
    # one file, wherever the command is run: the URL of a relative file would be another one in each folder
    if scheme == "sqlite" and rest.startswith("/"):
        return _local_path(rest[1:], project)
    return place


def _local_path(text: str, project: Path) -> str:
    return str(project / Path(text).expanduser())
