"""Search the journal's index with SQL.

Every key, value, pattern and limit is a bound parameter; what the text of a statement is made of stands in this file.
A condition becomes the set of subjects that have a row for which it is true. ``not`` is moved down to the conditions
first, where it becomes the opposite comparison over the rows that are there: so what has no such row is neither in the
one set nor in the other, which is what `pressrun.rules.query.evaluate` says, and each set is one range of an index.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import NamedTuple

from pressrun.rules.query.keys import ENTRY, LIVE, Column, Kind
from pressrun.rules.query.select import NEWEST_FIRST, Found, environment_of
from pressrun.rules.query.tree import All, Any, Compare, Comparison, Exists, Like, Not, OneOf, Order, Query
from pressrun.store.journal.database import Database, Dialect, Rows
from pressrun.store.journal.indexing import POINTER, among, index, shown_values

MOST = 100_000
"""Subjects that one search returns at most."""
_AT_ONCE = 500  # subjects whose values are read by one statement
_LOOKED_THROUGH = 4  # times as many subjects as are asked for are looked through before sets of all are made
_LIMIT_LOOKED_THROUGH = 1000
_POINTERS: dict[Dialect, str] = {
    "sqlite": "SELECT text, key FROM found WHERE kind = :kind AND text IN (SELECT value FROM json_each(:among))",
    "postgresql": "SELECT text, key FROM found WHERE kind = :kind AND text = ANY(:among)",
}
_OPPOSITE: dict[Comparison, Comparison] = {"=": "!=", "!=": "=", "<": ">=", ">=": "<", ">": "<=", "<=": ">"}
_SOMETHING = ("number IS NOT NULL", "text IS NOT NULL")
_POINTER_KEY_BEGINS = len(LIVE) + 2  # SQL counts from 1


def search(
    database: Database, kind: Kind, query: Query | None = None, *, order: Order = NEWEST_FIRST, limit: int = 100
) -> list[Found]:
    """Return what a query finds.

    Args:
        database: of the journal; what was appended to it by now is made searchable first.
        kind: what is asked for.
        query: None for all.
        order: what to sort by.
        limit: how many at most.

    Raises:
        ValueError: `limit` is negative or above `MOST`.
        CannotRestoreError: the database fails, or entries wait to be made searchable and this user may only read.
    """
    if not 0 <= limit <= MOST:
        raise ValueError(f"limit is {limit}, allowed are 0 to {MOST}")
    index(database)
    with database.reading() as rows:
        subjects: list[str] = []
        for column in (*order.columns, None):
            if len(subjects) < limit and not (column is None and order.key == ENTRY):
                asked = _Asked(kind, query, order, column, limit - len(subjects))
                subjects += _subjects(rows, database.dialect, asked)
        return list(_found(rows, database, kind, subjects))


def known_keys(database: Database, kind: Kind) -> set[str]:
    """Return the keys that any run or version has a value for.

    Raises:
        CannotRestoreError: as for `search`.
    """
    index(database)
    with database.reading() as rows:
        found = rows.run(
            "SELECT DISTINCT key FROM found WHERE kind = :kind AND number IS NOT NULL UNION "
            "SELECT DISTINCT key FROM found WHERE kind = :kind AND text IS NOT NULL",
            {"kind": kind},
        )
    return {str(row[0]) for row in found}


class _Asked(NamedTuple):
    """One statement's part of what is asked for.

    Attributes:
        column: the column of the sort key that it is about; None for all that has no such value.
    """

    kind: Kind
    query: Query | None
    order: Order
    column: Column | None
    limit: int


def _subjects(rows: Rows, dialect: Dialect, asked: _Asked) -> list[str]:
    if dialect == "sqlite" and asked.query is not None and asked.column and asked.limit <= _LIMIT_LOOKED_THROUGH:
        # Mostly the first few hundred subjects hold enough that the query is true of, and looking at those is cheaper
        # than making sets of all; where they don't, what it cost is little beside the sets.
        first = _Statement(dialect, asked, among_first=_LOOKED_THROUGH * asked.limit)
        sql = first.select()
        if first.sets and len(found := rows.run(sql, first.values)) == asked.limit:
            return [str(row[0]) for row in found]
    statement = _Statement(dialect, asked)
    return [str(row[0]) for row in rows.run(statement.select(), statement.values)]


def _found(rows: Rows, database: Database, kind: Kind, subjects: Sequence[str]) -> Iterator[Found]:
    for first in range(0, len(subjects), _AT_ONCE):
        some = subjects[first : first + _AT_ONCE]
        values = shown_values(rows, database.dialect, some, database.place)
        live = _live(rows, database.dialect, some) if kind == "version" else {}
        for subject in some:
            shown_as, shown = values.get(subject, ("", {}))
            # a version that was described and never registered is none
            if shown_as == kind and ENTRY in shown:
                yield Found(subject=subject, values=shown, live=tuple(sorted(live.get(subject, ()))))


def _live(rows: Rows, dialect: Dialect, subjects: Sequence[str]) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    for subject, key in rows.run(_POINTERS[dialect], {"kind": POINTER, **among(dialect, subjects)}):
        found.setdefault(subject, []).append(environment_of(key))
    return found


class _Statement:
    """Makes one statement and collects what is bound to it.

    Args:
        dialect: which database.
        asked: what is asked for.
        among_first: look only at so many subjects, those that come first; None for all. It is for a statement that has
            a column.

    Attributes:
        sets: conditions about other rows of a subject than the one it is sorted by.
    """

    def __init__(self, dialect: Dialect, asked: _Asked, *, among_first: int | None = None) -> None:
        self._dialect = dialect
        self._asked = asked
        self._order = asked.order
        self._column = asked.column
        self._among_first = among_first
        self.sets = 0
        self.values: dict[str, object] = {"kind": asked.kind, "limit": asked.limit}

    def select(self) -> str:
        """Return the statement. ``o`` is the row by which a subject is found and sorted."""
        query = self._asked.query
        condition = "" if query is None else f" AND {self._true(query)}"
        if self._column is not None:
            before = " AND o.number IS NULL" if self._column != self._order.columns[0] else ""
            direction = "DESC" if self._order.descending else "ASC"
            sorted_by = f"{self._by_code_points(f'o.{self._column}', self._column)} {direction}, o.seq DESC"
            candidates = (
                f"FROM found o WHERE o.kind = :kind AND o.key = {self._bind(self._order.key)} "
                f"AND o.{self._column} IS NOT NULL{before}"
            )
            bound = ""
            if self._among_first is not None:
                self.values["first"] = self._among_first
                within = ">=" if self._order.descending else "<="
                last = f"SELECT o.{self._column} {candidates} ORDER BY {sorted_by} LIMIT 1 OFFSET :first"
                bound = f" AND o.{self._column} {within} ({last})"
            return f"SELECT o.subject {candidates}{bound}{condition} ORDER BY {sorted_by} LIMIT :limit"
        present = [f"{column} IS NOT NULL" for column in self._order.columns]
        sorted_by = self._having(self._order.key, present, inside="NOT IN")
        return (
            f"SELECT o.subject FROM found o WHERE o.kind = :kind AND o.key = {self._bind(ENTRY)} "  # noqa: S608 - names only
            f"AND {sorted_by}{condition} "
            "ORDER BY o.seq DESC LIMIT :limit"
        )

    def _true(self, query: Query) -> str:
        """Return a condition on ``o`` that holds where the query is true."""
        if isinstance(query, Not):
            return self._false(query.part)
        if isinstance(query, All | Any):
            word = " AND " if isinstance(query, All) else " OR "
            return f"({word.join(self._true(part) for part in query.parts)})"
        return self._leaf(query, negated=False)

    def _false(self, query: Query) -> str:
        """Return a condition on ``o`` that holds where the query is false; that is not where it is unknown."""
        if isinstance(query, Not):
            return self._true(query.part)
        if isinstance(query, All | Any):
            word = " OR " if isinstance(query, All) else " AND "
            return f"({word.join(self._false(part) for part in query.parts)})"
        return self._leaf(query, negated=True)

    def _leaf(self, query: Compare | OneOf | Like | Exists, *, negated: bool) -> str:
        if query.key == LIVE:
            return self._live(query, negated=negated)
        if isinstance(query, Exists):
            return self._having(query.key, _SOMETHING, inside="NOT IN" if negated else "IN")
        column: Column = "text" if isinstance(query, Like) else query.column
        if query.key == self._order.key and column == self._column:
            return self._test(f"o.{column}", query, negated=negated)  # the very row that is sorted by
        test = self._test(column, query, negated=negated)
        if not isinstance(query, Compare):
            # It follows from every test. SQLite does not see that of NOT GLOB, and would read the whole table; before
            # an equality it would look at every row that is not NULL.
            test = f"{column} IS NOT NULL AND {test}"
        return self._having(query.key, [test])

    def _having(self, key: str, tests: Sequence[str], *, inside: str = "IN") -> str:
        # a SELECT for each test, since each is about one column, and so is each index
        named = self._bind(key)
        if self._among_first is not None:
            self.sets += 1
            rows = [f"SELECT 1 FROM found WHERE subject = o.subject AND key = {named} AND {test}" for test in tests]  # noqa: S608 - names only
            return f"{'NOT ' if inside == 'NOT IN' else ''}EXISTS ({' UNION ALL '.join(rows)})"
        rows = [f"SELECT subject FROM found WHERE kind = :kind AND key = {named} AND {test}" for test in tests]  # noqa: S608 - names only
        return self._member(inside, " UNION ALL ".join(rows))

    def _live(self, query: Compare | OneOf | Like | Exists, *, negated: bool) -> str:
        if isinstance(query, Compare) and query.comparison == "!=":
            query, negated = Compare(query.key, query.column, "=", query.value), not negated
        inside = "NOT IN" if negated else "IN"
        test = "" if isinstance(query, Exists) else f" AND {self._test(f'substr(key, {_POINTER_KEY_BEGINS})', query)}"
        pointers = f"SELECT text FROM found WHERE kind = {self._bind(POINTER)} AND text IS NOT NULL{test}"  # noqa: S608 - names only
        return self._member(inside, pointers)

    def _member(self, inside: str, rows: str) -> str:
        """Return a condition that is worked out as a set, once.

        What is added to it changes nothing but the plan. SQLite would look up subject by subject what it should read
        in the order that is asked for, and stop; PostgreSQL would look for the best order of a join of all the sets,
        which for a hundred of them takes seconds.
        """
        return (
            f"+o.subject {inside} ({rows})" if self._dialect == "sqlite" else f"(o.subject {inside} ({rows})) IS TRUE"
        )

    def _test(self, column: str, query: Compare | OneOf | Like | Exists, *, negated: bool = False) -> str:
        """Return a condition on a column; NULL, which is not true, where nothing stands in it."""
        if isinstance(query, Compare):
            comparison = _OPPOSITE[query.comparison] if negated else query.comparison
            stands = column if comparison in {"=", "!="} else self._by_code_points(column, query.column)
            return f"{stands} {comparison} {self._bind(query.value)}"
        if isinstance(query, OneOf):
            listed = ", ".join(self._bind(value) for value in query.values)
            return f"{column} {'NOT IN' if negated else 'IN'} ({listed})"
        assert isinstance(query, Like)
        word = "NOT " if negated else ""
        if self._dialect == "sqlite":
            # GLOB minds upper and lower case, as LIKE does in PostgreSQL
            return f"{column} {word}GLOB {self._bind(query.pattern.replace('[', '[[]'))}"
        return f"{column} {word}LIKE {self._bind(_like_pattern(query.pattern))} ESCAPE '!'"

    def _by_code_points(self, column: str, stands: Column) -> str:
        # the same order in every database, whatever its language is
        return f'{column} COLLATE "C"' if self._dialect == "postgresql" and stands == "text" else column

    def _bind(self, value: object) -> str:
        name = f"p{len(self.values)}"
        self.values[name] = value
        return f":{name}"


def _like_pattern(pattern: str) -> str:
    for special in "!%_":
        pattern = pattern.replace(special, f"!{special}")
    return pattern.replace("*", "%").replace("?", "_")
