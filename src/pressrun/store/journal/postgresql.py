"""PostgreSQL, as the journal needs it, through SQLAlchemy Core and psycopg 3; its schema through Alembic.

The libraries are the extra ``pressrun[postgres]``, and importing them takes half a second: `open` imports this module
only where a journal is in PostgreSQL.

The user who writes needs no right to change what was written: see `docs/how-to/shared-journal.md`.
"""

from __future__ import annotations

import contextlib
import functools
import os
import time
from collections.abc import Iterable, Iterator, Mapping
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any, Final, Literal

from sqlalchemy import Connection, Engine, TextClause, create_engine, event, text
from sqlalchemy.engine import make_url
from sqlalchemy.exc import ArgumentError, DisconnectionError, SQLAlchemyError

from pressrun.errors import CannotRestoreError, UsageError
from pressrun.store.journal.database import Rows
from pressrun.store.journal.failures import postgresql_failure
from pressrun.store.journal.schema import NEWEST, VERSION_TABLE

CONNECT_S: Final = 10
PATIENCE_S: Final = 60
"""How long a writer waits for the one before it, seconds."""
IDLE_S: Final = 5.0
"""A connection that was idle for longer is tried before it is used."""
_IDLE_SINCE: Final = "idle since"
_NOTHING: Mapping[str, object] = {}
_SCHEMA_LOCK: Final = 0x50525353  # an advisory lock's number: one process at a time changes the schema
_TURN_LOCK: Final = 0x50525354  # likewise: one writer at a time that asked for its turn
_DRIVER = "postgresql+psycopg"

_LOCK = "SELECT pg_advisory_xact_lock(:number)"

# A server may be set up to acknowledge before anything is on its disk; a journal may not. A stricter setting is kept.
# A writer that is stopped in the middle must not keep the others out for ever.
_SETTINGS = f"""
SELECT set_config('lock_timeout', '{PATIENCE_S}s', false),
       set_config('idle_in_transaction_session_timeout', '{2 * PATIENCE_S}s', false),
       set_config('synchronous_commit', CASE WHEN current_setting('synchronous_commit') IN ('off', 'local')
                  THEN 'on' ELSE current_setting('synchronous_commit') END, false)
"""


class _PostgresqlRows:
    def __init__(self, connection: Connection, place: str) -> None:
        self._connection = connection
        self._place = place

    def run(self, sql: str, values: Mapping[str, object] = _NOTHING) -> list[tuple[Any, ...]]:
        try:
            result = self._connection.execute(_text(sql), dict(values))
            return [tuple(row) for row in result] if result.returns_rows else []
        except SQLAlchemyError as error:
            raise _failure(error, self._place) from error

    def run_each(self, sql: str, values: Iterable[Mapping[str, object]]) -> None:
        several = [dict(value) for value in values]
        if not several:  # SQLAlchemy would run it once, without values
            return
        try:
            self._connection.execute(_text(sql), several)
        except SQLAlchemyError as error:
            raise _failure(error, self._place) from error


class PostgresqlDatabase:
    """A `Database` on a PostgreSQL server.

    Args:
        address: ``postgresql+psycopg://user:password@host/database``.

    Raises:
        UsageError: the address cannot be read, or the extra is not installed.
        CannotRestoreError: the server cannot be reached, does not let us in, or has a journal of a newer pressrun.
    """

    dialect: Literal["postgresql"] = "postgresql"

    def __init__(self, address: str) -> None:
        self._engine, self.place = _engine(address)
        self._process = os.getpid()
        self._closed = False
        try:
            self._prepare()
        except BaseException:
            self._engine.dispose()
            raise

    @contextlib.contextmanager
    def reading(self) -> Iterator[Rows]:
        """Give a transaction in which every statement sees what was committed before the first."""
        with self._transaction(isolation_level="REPEATABLE READ", postgresql_readonly=True) as connection:
            yield _PostgresqlRows(connection, self.place)

    def glance(self) -> AbstractContextManager[Rows]:
        """Give a transaction like any that only reads: here it is not what costs."""
        return self.reading()

    @contextlib.contextmanager
    def writing(self) -> Iterator[Rows]:
        """Give a transaction in which every statement sees what is committed; lock what you decide by."""
        with self._transaction() as connection:
            yield _PostgresqlRows(connection, self.place)

    @contextlib.contextmanager
    def turn(self) -> Iterator[None]:
        """Give a turn by an advisory lock, whose waiters the server serves in order.

        A connection of its own holds it: when its process ends, the server frees the lock.
        """
        with contextlib.ExitStack() as waiting:
            # the connection that will write: opened now, because whoever has the turn keeps everybody waiting
            waiting.enter_context(self._transaction())
            with self._transaction() as connection:
                # somebody may have had the turn for too long: on without it, as the port allows
                with contextlib.suppress(CannotRestoreError):
                    _PostgresqlRows(connection, self.place).run(_LOCK, {"number": _TURN_LOCK})
                waiting.close()
                yield

    def turn_is_taken(self, rows: Rows) -> bool:
        """Whether somebody holds that lock, or waits for it."""
        return not rows.run("SELECT pg_try_advisory_xact_lock_shared(:number)", {"number": _TURN_LOCK})[0][0]

    def close(self) -> None:
        """Close every idle connection; one that is in use is closed by its user."""
        self._closed = True
        self._engine.dispose(close=self._process == os.getpid())

    @contextlib.contextmanager
    def _transaction(self, **options: Any) -> Iterator[Connection]:
        if self._closed:
            raise ValueError("the journal is closed")
        if self._process != os.getpid():
            # a forked child must not talk on its parent's connections, nor end them
            self._engine.dispose(close=False)
            self._process = os.getpid()
        try:
            with self._engine.connect() as connection, connection.execution_options(**options).begin():
                yield connection
        except (SQLAlchemyError, self._engine.dialect.loaded_dbapi.Error) as error:
            raise _failure(error, self.place) from error

    def _prepare(self) -> None:
        with self.reading() as rows:
            taken = _taken(rows, self.place)
        if taken == NEWEST:
            return
        with self._transaction() as connection:
            rows = _PostgresqlRows(connection, self.place)
            rows.run(_LOCK, {"number": _SCHEMA_LOCK})
            # asked again: another process may have taken the steps by now
            if _taken(rows, self.place) < NEWEST:
                _upgrade(connection)


@functools.lru_cache(maxsize=256)
def _text(sql: str) -> TextClause:
    return text(sql)


def _engine(address: str) -> tuple[Engine, str]:
    try:
        url = make_url(address)
        shown = url.difference_update_query(["password", "sslpassword"])
        place = shown.render_as_string(hide_password=True).replace(_DRIVER, "postgresql", 1)
        engine = create_engine(url, connect_args={"connect_timeout": CONNECT_S})
    except (ArgumentError, ValueError):
        raise UsageError(
            "the journal's address cannot be read",
            where="the journal's location",
            remedy="Write postgresql://user@host/database.",
        ) from None  # the cause would show the password
    _settle_connections(engine)
    return engine, place


def _settle_connections(engine: Engine) -> None:
    @event.listens_for(engine, "connect")
    def set_up(connection: Any, _: Any) -> None:
        connection.execute(_SETTINGS)
        connection.commit()

    @event.listens_for(engine, "checkin")
    def put_back(_: Any, record: Any) -> None:
        record.info[_IDLE_SINCE] = time.monotonic()

    @event.listens_for(engine, "checkout")
    def take_out(connection: Any, record: Any, _: Any) -> None:
        # One that the server ended while nobody used it is replaced, instead of failing the next append. Asking each
        # time would make every transaction a third longer.
        if time.monotonic() - record.info.get(_IDLE_SINCE, time.monotonic()) > IDLE_S:
            try:
                engine.dialect.do_ping(connection)
            except engine.dialect.loaded_dbapi.Error as error:
                raise DisconnectionError from error


def _taken(rows: Rows, place: str) -> int:
    if rows.run("SELECT to_regclass(:name)", {"name": VERSION_TABLE})[0][0] is None:
        return 0
    found = rows.run(f"SELECT version_num FROM {VERSION_TABLE}")  # noqa: S608 - a name of ours
    taken = int(found[0][0]) if found else 0
    if taken > NEWEST:
        raise CannotRestoreError(
            f"the journal has format {taken}; this pressrun knows {NEWEST}",
            where=place,
            remedy="Use the newer pressrun that wrote it.",
        )
    return taken


def _upgrade(connection: Connection) -> None:
    from alembic import command  # noqa: PLC0415 - 0.7 s, and only where there are steps to take
    from alembic.config import Config  # noqa: PLC0415

    config = Config()
    config.set_main_option("script_location", str(Path(__file__).with_name("migrations")).replace("%", "%%"))
    config.attributes["connection"] = connection
    command.upgrade(config, "head")


def _failure(error: Exception, place: str) -> CannotRestoreError:
    original = getattr(error, "orig", None) or error
    return postgresql_failure(getattr(original, "sqlstate", None), str(original), place)
