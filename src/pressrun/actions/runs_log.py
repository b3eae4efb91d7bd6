"""The runs that were recorded: which there are, and how a metric went from one to the next."""

from __future__ import annotations

from pathlib import PurePosixPath

import msgspec

from pressrun.actions.registry import Registry
from pressrun.actions.versions import SearchRequest, SearchResult, search_registry
from pressrun.errors import UsageError, near_match
from pressrun.records.standing import Standing
from pressrun.rules.journal_index import searchable_text
from pressrun.rules.paths import name_problem
from pressrun.rules.query.tree import Any, Compare, Like, OneOf, Query

MOST_BUNDLES = 500
"""Versions of a name whose runs are looked for, the newest: each is a value bound to the statement."""


class PlotPoint(msgspec.Struct, frozen=True, kw_only=True):
    """One value of a metric. `low` and `high` are its interval's ends, None where it has none."""

    label: str
    value: float
    low: float | None = None
    high: float | None = None


class MetricSeries(msgspec.Struct, frozen=True, kw_only=True):
    """How a metric went.

    Attributes:
        along: what the points are, for the axis: ``version``, or ``run, oldest first``.
        points: oldest first.
        without: how many had no such metric.
    """

    metric: str
    title: str
    along: str
    points: tuple[PlotPoint, ...]
    without: int = 0


def list_runs(registry: Registry, about: str, request: SearchRequest) -> SearchResult:
    """Return recorded runs.

    Args:
        registry: the registry.
        about: a notebook's path or file name, or the name of a bundle or of versions; empty for all.
        request: what else has to hold.

    Raises:
        UsageError: the query or what to sort by is wrong.
        CannotRestoreError: the journal cannot be read.
    """
    also = _about(registry.standing(), about) if about else None
    return search_registry(registry, msgspec.structs.replace(request, kind="run", also=also))


def runs_series(result: SearchResult, metric: str, title: str) -> MetricSeries:
    """Return a metric over the runs that were found, oldest first.

    Raises:
        UsageError: none of them has that metric.
    """
    found = sorted(result.found, key=lambda run: run.values["entry"])
    points = [
        PlotPoint(label=str(run.values.get("started", ""))[:16].replace("T", " "), value=float(value))
        for run in found
        if isinstance(value := run.values.get(f"metrics.{metric}"), float)
    ]
    known = {key.partition(".")[2] for run in found for key in run.values if key.startswith("metrics.")}
    _require(points, metric, known, "run")
    return MetricSeries(
        metric=metric, title=title, along="run, oldest first", points=tuple(points), without=len(found) - len(points)
    )


def versions_series(standing: Standing, name: str, metric: str) -> MetricSeries:
    """Return a metric over the versions of a name, with its intervals.

    Raises:
        UsageError: none of them has that metric.
    """
    versions = [version.event for version in standing.names[name].versions]
    points = []
    for event in versions:
        measured = event.metrics.get(metric)
        if measured is not None:
            points.append(
                PlotPoint(label=str(event.number), value=measured.value, low=measured.low, high=measured.high)
            )
    _require(points, metric, {known for event in versions for known in event.metrics}, "version")
    return MetricSeries(
        metric=metric, title=name, along="version", points=tuple(points), without=len(versions) - len(points)
    )


def _about(standing: Standing, about: str) -> Query:
    text = searchable_text(about)
    wild = text.replace("*", "?")  # a path's own star is one character of a pattern
    parts: list[Query] = [
        Compare("notebook", "text", "=", text),
        Compare("notebook", "text", "=", PurePosixPath(text).as_posix()),
        Like("notebook", f"*/{wild}"),
    ]
    stands = standing.names.get(about) if not name_problem(about) else None
    if stands is not None and stands.versions:
        bundles = dict.fromkeys(version.event.bundle for version in stands.versions[-MOST_BUNDLES:])
        parts.append(OneOf("bundle", "text", tuple(bundles)))
    return Any(tuple(parts))


def _require(points: list[PlotPoint], metric: str, known: set[str], what: str) -> None:
    if points:
        return
    hint = near_match(metric, sorted(known))
    raise UsageError(
        f"no {what} here has a metric {metric!r}" + (f": {hint}" if hint else ""),
        remedy=f"There are {', '.join(sorted(known)[:20])}." if known else "",
    )
