"""What the journal asks of a database: transactions over rows. One SQL text serves SQLite and PostgreSQL.

Parameters are written ``:name`` in both. Statements keep to what both understand; `schema` holds the few places where
they differ.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from contextlib import AbstractContextManager
from typing import Any, Literal, Protocol

Dialect = Literal["sqlite", "postgresql"]


class Rows(Protocol):
    """A transaction that is under way. Only good inside the block that gave it."""

    def run(self, sql: str, values: Mapping[str, object] = ...) -> list[tuple[Any, ...]]:
        """Run one statement and return its rows, none for a statement that has none.

        Raises:
            CannotRestoreError: the database failed or refused.
        """

    def run_each(self, sql: str, values: Iterable[Mapping[str, object]]) -> None:
        """Run one statement once for each of `values`, in order.

        Raises:
            CannotRestoreError: the database failed or refused.
        """


class Database(Protocol):
    """A database that many threads and processes use at once.

    Attributes:
        dialect: where the two differ; ask it only for what cannot be said in one SQL text.
    """

    @property
    def dialect(self) -> Dialect:
        """Which database it is."""

    @property
    def place(self) -> str:
        """Where it is, for messages; without a password."""

    def reading(self) -> AbstractContextManager[Rows]:
        """Give a transaction that only reads, and that no writer waits for."""

    def glance(self) -> AbstractContextManager[Rows]:
        """Let statements run that only read, each by itself: each meets the newest state, and none pays for more."""

    def writing(self) -> AbstractContextManager[Rows]:
        """Give a transaction that is durable once the block ends, and undone when the block raises.

        In SQLite there is one at a time: the others wait for it to end. In PostgreSQL a writer has to lock what it
        decides by.
        """

    def turn(self) -> AbstractContextManager[None]:
        """Keep the others who ask for a turn waiting while the block runs; see the journal's port.

        Transactions inside the block are transactions as ever: this locks nothing that they use.
        """

    def turn_is_taken(self, rows: Rows) -> bool:
        """Whether somebody has a turn; `rows` is the transaction of the writer who asks."""

    def close(self) -> None:
        """Let go of everything. Closing twice is allowed."""
