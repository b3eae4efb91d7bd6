"""Search in memory: over the rows of a journal that is in no database, and as the measure of the one that is.

The results are those of `pressrun.store.journal.search`, in the same order.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any, NamedTuple

import msgspec

from pressrun.records.entries import Entry
from pressrun.rules.journal_index import rows_of
from pressrun.rules.query.evaluate import Subject, Value, Values, matches
from pressrun.rules.query.keys import ENTRY, LIVE, Column, Kind
from pressrun.rules.query.tree import Order, Query

NEWEST_FIRST = Order(ENTRY, ("number",))
_LIVE_PREFIX = f"{LIVE}."
_Hit = tuple[str, Values]


class Found(msgspec.Struct, frozen=True, kw_only=True):
    """A run or version that was found.

    Attributes:
        subject: ``churn@3``, or the id of a run.
        values: key -> value; a time as it was written, a yes or no as ``true`` and ``false``.
        live: environments where it is live, sorted.
    """

    subject: str
    values: dict[str, float | str]
    live: tuple[str, ...] = ()


class Index(NamedTuple):
    """What `rows_of` gave for a whole journal."""

    subjects: dict[Kind, dict[str, dict[str, Value]]]
    pointers: dict[tuple[str, str], str]


def index_of(entries: Iterable[Entry]) -> Index:
    """Return the index of a journal."""
    index = Index({"version": {}, "run": {}}, {})
    for entry in entries:
        for row in rows_of(entry):
            if row.kind == "pointer":
                index.pointers[row.subject, row.key] = row.text or ""
            else:
                kind: Kind = "run" if row.kind == "run" else "version"
                index.subjects[kind].setdefault(row.subject, {})[row.key] = Value(row.number, row.text, entry.seq)
    return index


def select(index: Index, kind: Kind, query: Query | None, *, order: Order = NEWEST_FIRST, limit: int) -> list[Found]:
    """Return what a query finds.

    Args:
        index: of the journal.
        kind: what is asked for.
        query: None for all.
        order: what to sort by.
        limit: how many at most.
    """
    live = _live_by_subject(index, kind)
    hits: list[_Hit] = []
    for subject, values in index.subjects[kind].items():
        environments = live.get(subject, frozenset())
        # a version that was described and never registered is none
        if ENTRY in values and (query is None or matches(query, Subject(values, environments)) is True):
            hits.append((subject, values))
    return [
        Found(subject=subject, values=plain(values), live=tuple(sorted(live.get(subject, frozenset()))))
        for subject, values in _sorted(hits, order)[:limit]
    ]


def plain(values: Values) -> dict[str, float | str]:
    """Return the values of a subject as a reader wants them, sorted by key."""
    found = {key: value.number if value.text is None else value.text for key, value in sorted(values.items())}
    return {key: value for key, value in found.items() if value is not None}


def environment_of(key: str) -> str:
    """Return the environment of a pointer's row."""
    return key[len(_LIVE_PREFIX) :]


def _live_by_subject(index: Index, kind: Kind) -> dict[str, frozenset[str]]:
    found: dict[str, frozenset[str]] = {}
    if kind == "version":
        for (_, key), subject in index.pointers.items():
            found[subject] = found.get(subject, frozenset()) | {environment_of(key)}
    return found


def _sorted(hits: list[_Hit], order: Order) -> list[_Hit]:
    by_column: dict[Column, list[_Hit]] = {column: [] for column in order.columns}
    missing: list[_Hit] = []
    for hit in hits:
        stands = hit[1].get(order.key)
        column = next((column for column in order.columns if _in(stands, column) is not None), None)
        (missing if column is None else by_column[column]).append(hit)
    missing.sort(key=lambda hit: -hit[1][ENTRY].seq)
    found: list[_Hit] = []
    for column, part in by_column.items():
        part.sort(key=lambda hit: -hit[1][order.key].seq)
        part.sort(key=_by(order.key, column), reverse=order.descending)  # keeps the order of equals, also in reverse
        found += part
    return found + missing


def _by(key: str, column: Column) -> Callable[[_Hit], Any]:
    return lambda hit: _in(hit[1].get(key), column)


def _in(value: Value | None, column: Column) -> float | str | None:
    if value is None:
        return None
    return value.number if column == "number" else value.text
