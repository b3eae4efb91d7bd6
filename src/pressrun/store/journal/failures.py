"""What a database says when it fails, as a sentence that helps."""

from __future__ import annotations

from typing import NamedTuple

from pressrun.errors import CannotRestoreError

_RESTORE = "Restore the newest backup with `pressrun restore`."


class _Failure(NamedTuple):
    what: str
    remedy: str


_FULL = _Failure("there is no space left for the journal", "Nothing was written. Make space and try again.")
_READ_ONLY = _Failure("the journal may only be read here", "Nothing was written. Ask for the right to write to it.")
_BUSY = _Failure("others were writing to the journal all the time", "Nothing was written. Try again.")
_DISK = _Failure("the disk failed under the journal", f"See the system's log. {_RESTORE}")
_DAMAGED = _Failure("the journal's database is damaged", _RESTORE)
_FOREIGN = _Failure("this is no journal of pressrun", "Name another file, or move this one away.")
_APPEND_ONLY = _Failure(
    "the journal refused an entry that does not follow its last one",
    "Its tables were changed by something else. `pressrun audit verify` says what is wrong.",
)
_STRANGER = _Failure("the server does not let this user in", "See the user and the password in the journal's address.")
_NO_DATABASE = _Failure("the server has no such database", "Make it with `createdb`, or name another one.")
_CROWDED = _Failure("the server has no connection left", "Try again, or raise its max_connections.")
_AWAY = _Failure(
    "the server cannot be reached, or went away",
    "See that it runs. Whether the last entry was written is told by `pressrun history`.",
)

_SQLITE = {  # the codes have names only from Python 3.11 on; the texts are the library's own and do not change
    "database or disk is full": _FULL,
    "readonly database": _READ_ONLY,
    "database is locked": _BUSY,
    "disk i/o error": _DISK,
    "disk image is malformed": _DAMAGED,
    "malformed database schema": _DAMAGED,
    "file is not a database": _FOREIGN,
    "file is encrypted": _FOREIGN,
    "no such table": _DAMAGED,
    "is only appended to": _APPEND_ONLY,
    "the next entry has another number": _APPEND_ONLY,
    "a later checkpoint is there": _APPEND_ONLY,
    "unique constraint failed": _APPEND_ONLY,
    "unable to open database file": _Failure(
        "the journal's file cannot be opened", "See that its folder is there, and that you may write to it."
    ),
}
_POSTGRESQL = {  # SQLSTATE, or its class: https://www.postgresql.org/docs/current/errcodes-appendix.html
    "53100": _FULL,
    "25006": _READ_ONLY,
    "42501": _READ_ONLY,
    "55P03": _BUSY,
    "40P01": _BUSY,
    "53300": _CROWDED,
    "58030": _DISK,
    "XX001": _DAMAGED,
    "XX002": _DAMAGED,
    "42P01": _DAMAGED,
    "P0001": _APPEND_ONLY,
    "23505": _APPEND_ONLY,
    "28": _STRANGER,
    "3D000": _NO_DATABASE,
}
_CONNECTING = {  # a server that does not let somebody in gives no code, only words
    "authentication failed": _STRANGER,
    "no pg_hba.conf entry": _STRANGER,
    'role "': _STRANGER,
    "does not exist": _NO_DATABASE,
    "too many": _CROWDED,
    "remaining connection slots": _CROWDED,
}


def sqlite_failure(error: Exception, place: str) -> CannotRestoreError:
    """Return what to raise ``from`` an error of the sqlite3 module.

    Args:
        error: what it raised.
        place: the database's file.
    """
    said = str(error)
    for words, failure in _SQLITE.items():
        if words in said.lower():
            return CannotRestoreError(f"{failure.what} ({said})", where=place, remedy=failure.remedy)
    return CannotRestoreError(f"the journal's database failed: {said}", where=place)


def postgresql_failure(sqlstate: str | None, said: str, place: str) -> CannotRestoreError:
    """Return what to raise ``from`` an error of a PostgreSQL server or of the way to it.

    Args:
        sqlstate: five characters; None when no server answered.
        said: its message.
        place: the database's address, without a password.
    """
    first_line = said.strip().partition("\n")[0]
    failure: _Failure | None
    if sqlstate is None:
        failure = next((failure for words, failure in _CONNECTING.items() if words in first_line), _AWAY)
    elif sqlstate[:2] in {"08", "57"}:
        failure = _AWAY
    else:
        failure = _POSTGRESQL.get(sqlstate) or _POSTGRESQL.get(sqlstate[:2])
    if failure is None:
        return CannotRestoreError(f"the journal's database failed: {first_line} ({sqlstate})", where=place)
    return CannotRestoreError(f"{failure.what} ({first_line})", where=place, remedy=failure.remedy)


def damaged(why: str, place: str) -> CannotRestoreError:
    """Return the error for a journal that is not as it was written."""
    return CannotRestoreError(
        f"the journal is damaged: {why}", where=place, remedy="Restore the newest backup with `pressrun restore`."
    )


def stored_bytes(value: object, what: str, place: str) -> bytes:
    """Return the bytes that a column holds.

    Raises:
        CannotRestoreError: it holds something else.
    """
    # somebody may have put a text or a number where bytes were; of a number, bytes() would make so many zeros
    if not isinstance(value, bytes | memoryview):
        raise damaged(f"{what} holds no bytes", place)
    return bytes(value)
