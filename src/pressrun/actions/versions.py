"""List what is registered, and search it."""

from __future__ import annotations

import contextlib
import logging
from collections.abc import Iterable

import msgspec

from pressrun.actions.registered import name_stands, reference_of
from pressrun.actions.registry import Registry
from pressrun.errors import CannotRestoreError, near_match
from pressrun.records.entries import decode_entry
from pressrun.records.metric import Metric
from pressrun.records.standing import NameStands, Standing, VersionStands
from pressrun.rules.query.keys import Kind
from pressrun.rules.query.parse import parse_order, parse_query
from pressrun.rules.query.select import NEWEST_FIRST, Found, Index, index_of, select
from pressrun.rules.query.tree import All, Any, Not, Order, Query
from pressrun.rules.standing.queries import live, state_of
from pressrun.store.journal.port import Journal
from pressrun.store.journal.search import known_keys, search
from pressrun.store.journal.sql import SqlJournal

_log = logging.getLogger(__name__)


class Place(msgspec.Struct, frozen=True, kw_only=True):
    """Where something is live, since when (UTC, ISO 8601), and who put it there."""

    environment: str
    number: int
    since: str
    by: str


class ListedVersion(msgspec.Struct, frozen=True, kw_only=True):
    """One version.

    Attributes:
        state: as `pressrun.rules.standing.queries.state_of` says.
        registered: when, UTC, ISO 8601; `author` by whom.
    """

    reference: str
    number: int
    state: str
    grade: str
    owner: str
    deputy: str
    tier: str
    use_case: str
    bundle: str
    registered: str
    author: str
    metrics: dict[str, Metric]
    live: tuple[Place, ...] = ()


class ListedName(msgspec.Struct, frozen=True, kw_only=True):
    """One name; what is said of it is said of its latest version, but for `live`."""

    name: str
    versions: int
    latest: ListedVersion
    live: tuple[Place, ...] = ()


class SearchRequest(msgspec.Struct, frozen=True, kw_only=True):
    """What to look for.

    Attributes:
        query: empty for all.
        sort: a key, with ``:asc`` for the lowest first; empty for the newest first.
        also: what has to hold besides.
    """

    kind: Kind = "version"
    query: str = ""
    sort: str = ""
    limit: int = 100
    also: Query | None = None


class SearchResult(msgspec.Struct, frozen=True, kw_only=True):
    """What was found.

    Attributes:
        more: whether there is more than the limit let through.
        hints: keys in the query that nothing has a value for, each as a sentence.
    """

    kind: Kind
    query: str
    found: tuple[Found, ...]
    more: bool = False
    hints: tuple[str, ...] = ()


def list_names(registry: Registry) -> tuple[ListedName, ...]:
    """Return every name that something is registered under, sorted.

    Raises:
        CannotRestoreError: the journal cannot be read.
    """
    standing = registry.standing()
    found = ((name, stands) for name, stands in sorted(standing.names.items()) if stands.versions)
    return tuple(
        ListedName(
            name=name,
            versions=len(stands.versions),
            latest=_listed(standing, stands.versions[-1], registry.now()),
            live=_places(standing, stands),
        )
        for name, stands in found
    )


def list_versions(registry: Registry, name: str) -> tuple[ListedVersion, ...]:
    """Return the versions of a name, the newest first.

    Raises:
        UsageError: nothing is registered under that name.
        CannotRestoreError: the journal cannot be read.
    """
    standing = registry.standing()
    now = registry.now()
    return tuple(_listed(standing, version, now) for version in reversed(name_stands(standing, name).versions))


def search_registry(registry: Registry, request: SearchRequest) -> SearchResult:
    """Search versions or runs.

    Raises:
        UsageError: the query or what to sort by is wrong; the error points at the character.
        CannotRestoreError: the journal cannot be read.
    """
    asked = parse_query(request.query, request.kind) if request.query.strip() else None
    order = parse_order(request.sort, request.kind) if request.sort else NEWEST_FIRST
    parts = tuple(part for part in (asked, request.also) if part is not None)
    query = parts[0] if len(parts) == 1 else All(parts) if parts else None
    found = _search(registry.journal, request, query, order)
    # where something was found, a key without a value is no surprise
    hints = () if found or asked is None else tuple(_hints(registry.journal, request.kind, asked))
    return SearchResult(
        kind=request.kind,
        query=request.query,
        found=tuple(found[: request.limit]),
        more=len(found) > request.limit,
        hints=hints,
    )


def _search(journal: Journal, request: SearchRequest, query: Query | None, order: Order) -> list[Found]:
    limit = request.limit + 1  # one more tells whether there is more
    if isinstance(journal, SqlJournal):
        try:
            return search(journal.database, request.kind, query, order=order, limit=limit)
        except CannotRestoreError as error:
            # whoever may only read gets the same answer from the entries themselves, if slower
            _log.debug("the index could not be used: %s", error)
    return select(_index(journal), request.kind, query, order=order, limit=limit)


def _index(journal: Journal) -> Index:
    return index_of(decode_entry(stored.leaf) for stored in journal.read())


def _hints(journal: Journal, kind: Kind, query: Query) -> Iterable[str]:
    asked = {key for key in _keys_in(query) if "." in key}
    if not asked:
        return
    known = _known_keys(journal, kind)
    for key in sorted(asked - known):
        hint = near_match(key, sorted(known))
        yield f"No {kind} has a value for {key!r}" + (f": {hint}" if hint else ".")


def _known_keys(journal: Journal, kind: Kind) -> set[str]:
    if isinstance(journal, SqlJournal):
        with contextlib.suppress(CannotRestoreError):  # as for a search
            return known_keys(journal.database, kind)
    return {key for values in _index(journal).subjects[kind].values() for key in values}


def _keys_in(query: Query) -> Iterable[str]:
    if isinstance(query, Not):
        return _keys_in(query.part)
    if isinstance(query, All | Any):
        return [key for part in query.parts for key in _keys_in(part)]
    return [query.key]


def _listed(standing: Standing, version: VersionStands, now: str) -> ListedVersion:
    event = version.event
    state = state_of(standing, event.name, event.number, now)
    assert state is not None
    places = _places(standing, standing.names[event.name])
    return ListedVersion(
        reference=reference_of(event),
        number=event.number,
        state=state.word,
        grade=event.grade,
        owner=version.owner,
        deputy=version.deputy,
        tier=version.tier,
        use_case=version.use_case,
        bundle=event.bundle,
        registered=version.mark.time,
        author=event.author,
        metrics=event.metrics,
        live=tuple(place for place in places if place.environment in state.environments),
    )


def _places(standing: Standing, stands: NameStands) -> tuple[Place, ...]:
    places = []
    for environment in sorted(stands.moves):
        move = live(standing, stands.name, environment)
        if move is not None:
            places.append(Place(environment=environment, number=move.number, since=move.mark.time, by=move.mark.actor))
    return tuple(places)
