"""What an entry of the journal makes searchable.

The index is a table of one value a row. It is a projection of the entries and can be made anew from them at any time;
nothing is decided by it. What it holds by key is listed in `pressrun.rules.query.keys`.

Three kinds of rows:

    ``run``      subject: the run's id
    ``version``  subject: ``churn@3``
    ``pointer``  subject: ``churn``, key: ``live.production``, text: ``churn@3``: the version that is live there now. A
                 move replaces the row, so nothing has to be known of the pointer's past.

Times stand in both columns: as written, and as seconds since 1970. Everything else stands in one.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

import msgspec

from pressrun.records.digest import canonical_json
from pressrun.records.entries import Entry
from pressrun.records.events import Deployed, Described, Registered, Revoked, RolledBack, RunRecorded
from pressrun.records.metric import Metric
from pressrun.rules.timestamps import seconds_of

LONGEST_TEXT = 400
"""Characters of a text that are kept: an index row of PostgreSQL holds 2,704 bytes, a character takes up to 4."""
LONGEST_KEY = 200
"""Characters of a key that are kept. With the longest text beside it, it still fits an index row."""
_MOST_NAMED = 1_000  # parameters, and metrics, of one subject: what is beyond is kept in the entry and not searchable


class IndexRow(NamedTuple):
    """One searchable value. A later row of the same subject and key replaces it.

    Attributes:
        number: the value where it is a number, or a time in seconds since 1970; always finite.
        text: the value where it is text; no longer than `LONGEST_TEXT`.
    """

    subject: str
    kind: str
    key: str
    number: float | None
    text: str | None


def rows_of(entry: Entry) -> list[IndexRow]:
    """Return what an appended entry makes searchable; nothing for most kinds of events."""
    event = entry.event
    if isinstance(event, RunRecorded):
        return list(_Rows(event.run, "run").run(event, entry))
    if isinstance(event, Registered):
        return list(_Rows(f"{event.name}@{event.number}", "version").registered(event, entry))
    if isinstance(event, Described):
        return list(_Rows(f"{event.name}@{event.number}", "version").described(event))
    if isinstance(event, Revoked):
        return [IndexRow(f"{event.name}@{event.number}", "version", "revoked", None, "true")]
    if isinstance(event, Deployed | RolledBack):
        key = searchable_text(f"live.{event.environment}", LONGEST_KEY)
        return [IndexRow(event.name, "pointer", key, None, f"{event.name}@{event.number}")]
    return []


def searchable_text(text: str, longest: int = LONGEST_TEXT) -> str:
    """Return the beginning of `text` as the index keeps it: without NUL, which PostgreSQL cannot hold."""
    return text[:longest].replace("\x00", "\ufffd")


class _Rows:
    def __init__(self, subject: str, kind: str) -> None:
        self._subject = subject
        self._kind = kind

    def run(self, event: RunRecorded, entry: Entry) -> Iterator[IndexRow]:
        yield self._number("entry", entry.seq)
        yield self._time("started", event.started)
        texts = {
            "what": event.what, "outcome": event.outcome, "notebook": event.notebook, "source": event.source,
            "bundle": event.bundle, "environment": event.environment, "grade": event.grade, "where": event.where,
            "python": event.python, "actor": entry.actor, "run": event.run,
        }  # fmt: skip
        yield from self._texts(texts)
        yield self._text("hermetic", "true" if event.hermetic else "false")
        numbers = {"duration_s": event.duration_s, "cpu_s": event.cpu_s, "peak_memory_bytes": event.peak_memory_bytes}
        for key, value in numbers.items():
            if math.isfinite(value):
                yield self._number(key, value)
        yield from self._named("metrics", event.metrics)
        yield from self._named("params", event.parameters)

    def registered(self, event: Registered, entry: Entry) -> Iterator[IndexRow]:
        yield self._number("entry", entry.seq)
        yield self._number("number", event.number)
        yield self._time("registered", entry.time)
        texts = {
            "name": event.name, "revoked": "false", "owner": event.owner, "deputy": event.deputy,
            "use_case": event.use_case, "tier": event.tier, "grade": event.grade, "author": event.author,
            "committer": event.committer, "bundle": event.bundle, "source": event.source, "lock": event.lock,
            "note": event.note,
        }  # fmt: skip
        yield from self._texts(texts)
        # the ends first, so that a metric that is itself called ``auc.low`` wins
        yield from self._named("metrics", _ends(event.metrics))
        yield from self._named("metrics", {name: metric.value for name, metric in event.metrics.items()})
        yield from self._named("params", event.parameters)

    def described(self, event: Described) -> Iterator[IndexRow]:
        said = {"owner": event.owner, "deputy": event.deputy, "use_case": event.use_case, "tier": event.tier}
        yield from self._texts(said)

    def _named(self, group: str, values: Mapping[str, Any]) -> Iterator[IndexRow]:
        for name in list(values)[:_MOST_NAMED]:
            number, text = _columns(values[name])
            if number is not None or text is not None:
                key = searchable_text(f"{group}.{name}", LONGEST_KEY)
                yield IndexRow(self._subject, self._kind, key, number, text)

    def _texts(self, values: Mapping[str, str]) -> Iterator[IndexRow]:
        # what is empty was never said, and a comparison with it is unknown
        return (self._text(key, value) for key, value in values.items() if value)

    def _text(self, key: str, value: str) -> IndexRow:
        return IndexRow(self._subject, self._kind, key, None, searchable_text(value))

    def _number(self, key: str, value: float) -> IndexRow:
        return IndexRow(self._subject, self._kind, key, float(value), None)

    def _time(self, key: str, value: str) -> IndexRow:
        return IndexRow(self._subject, self._kind, key, seconds_of(value), searchable_text(value))


def _ends(metrics: Mapping[str, Metric]) -> dict[str, float]:
    found = {}
    for name, metric in metrics.items():
        for end, value in (("low", metric.low), ("high", metric.high)):
            if value is not None:
                found[f"{name}.{end}"] = value
    return found


def _columns(value: Any) -> tuple[float | None, str | None]:
    if isinstance(value, bool):
        return None, "true" if value else "false"
    if isinstance(value, int | float):
        try:
            number = float(value)
        except OverflowError:
            return None, searchable_text(str(value))
        return (number, None) if math.isfinite(number) else (None, None)
    if isinstance(value, str):
        return None, searchable_text(value)
    if value is None:
        return None, None
    try:
        return None, searchable_text(canonical_json(value).decode())
    except (TypeError, ValueError, msgspec.MsgspecError):  # nothing that JSON holds, so nothing that was stored
        return None, None
