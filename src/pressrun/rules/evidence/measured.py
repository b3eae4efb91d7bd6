"""Metrics with their intervals, segments and baselines, from the values that ``outputs.json`` holds. Pure."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

from pressrun.records.metric import Metric
from pressrun.records.outputs import ComparedOutputs
from pressrun.rules.evidence.documents import BundleDocuments, Gathered
from pressrun.rules.evidence.metric_names import (
    COUNTS,
    SEGMENTS,
    Named,
    direction,
    is_area,
    is_count,
    named,
    share_of,
)
from pressrun.rules.intervals import CONFIDENCE, Interval, hanley_mcneil, of_folds, of_resamples, wilson

NAMES = (
    "baseline.beaten",
    "metrics.count",
    "metrics.names",
    "metrics.varying",
    "metrics.without_interval",
    "segments.names",
)
_RESERVED = frozenset(name.partition(".")[2] for name in NAMES if name.startswith("metrics."))
_NOTHING = "nothing that its interval could be computed from was captured with it"


class _NotEnoughError(ValueError):
    """What was declared for an interval is not enough; the message is a sentence."""


def metrics_of(outputs: ComparedOutputs) -> dict[str, Metric]:
    """Return the captured metrics by name, each with an interval where one can be computed.

    Counts of rows and what belongs to a metric (``auc_low``, ``mae_folds``) are no metrics of their own; those of
    segments are told as facts.

    Args:
        outputs: what ``outputs.json`` says.
    """
    return _own(_measured(outputs))


def _own(measured: Mapping[str, Metric]) -> dict[str, Metric]:
    return {name: metric for name, metric in measured.items() if not name.startswith(f"{SEGMENTS}.")}


def measured(documents: BundleDocuments, found: Gathered) -> None:
    """Add metrics, segments, counts and baselines.

    Args:
        documents: of the bundle.
        found: facts and gaps are added to it.
    """
    outputs, digest = documents.outputs, documents.outputs_digest
    if outputs is None:
        found.lack(NAMES, documents.why("outputs.json", "captured outputs"))
        return
    metrics, values = _measured(outputs), _captured(outputs)
    own = _own(metrics)
    found.add("metrics.varying", sorted(outputs.varying_values), digest, why="")
    found.add("metrics.count", len(own), digest, why="")
    found.add("metrics.names", sorted(own), digest, why="")
    without = sorted(name for name, metric in own.items() if metric.low is None)
    why = "no metric was captured: declare a cell with %%register metrics"
    found.add("metrics.without_interval", without if own else None, digest, why=why)
    entries = named(values)
    parts = sorted({name.rpartition(".")[0] for name in metrics if name.startswith(f"{SEGMENTS}.")})
    why = "no metric of a segment was captured: segments = {SEGMENT: {METRIC: VALUE, 'n': ROWS}}"
    found.add("segments.names", [part.partition(".")[2] for part in parts] or None, digest, why=why)
    for name, metric in metrics.items():
        if name in _RESERVED:
            found.gaps[f"metrics.{name}"] = f"a metric may not be called {name!r}: the name is taken"
            found.values.pop(f"metrics.{name}", None)
            continue
        dotted = name if name.startswith(f"{SEGMENTS}.") else f"metrics.{name}"
        _tell(dotted, metric, digest, found)
    for name, entry in entries.items():
        if name not in metrics:
            found.add(f"metrics.{name}", None, why="it is no finite number")
        if name in metrics and _number(entry.parts.get("baseline")) is not None:
            found.add(f"metrics.{name}.baseline", _number(entry.parts["baseline"]), digest, why="")
    for name, value in values.items():
        if is_count(name):
            dotted = name if name.startswith(f"{SEGMENTS}.") else f"counts.{name}"
            found.add(dotted, _count(value), digest, why="it is no count of rows")
    _baselines(own, entries, digest, found)


def _tell(name: str, metric: Metric, digest: str, found: Gathered) -> None:
    found.add(name, metric.value, digest, why="", note=metric.method)
    found.add(f"{name}.low", metric.low, digest, why=metric.method, note=metric.method)
    found.add(f"{name}.high", metric.high, digest, why=metric.method, note=metric.method)
    found.add(f"{name}.n", metric.n or None, digest, why="how many rows it was measured on was not captured")


def _baselines(own: Mapping[str, Metric], entries: Mapping[str, Named], digest: str, found: Gathered) -> None:
    """Tell whether every baseline that was captured lies outside of its metric's interval, on the worse side."""
    name, beaten, unknown = "baseline.beaten", [], []
    for metric, entry in entries.items():
        if "baseline" not in entry.parts:
            continue
        value, better = _number(entry.parts["baseline"]), direction(metric)
        measure = own.get(metric)
        if value is None or measure is None or measure.low is None or measure.high is None or not better:
            unknown.append(metric)
        else:
            beaten.append(measure.low > value if better == "higher" else measure.high < value)
    if not beaten or unknown:
        which = f" of {', '.join(unknown)}" if unknown else ""
        why = f"no baseline{which} that could be compared was captured: name it METRIC_baseline, with an interval"
        found.add(name, None, why=why)
        return
    found.add(name, all(beaten), digest, why="")


def _captured(outputs: ComparedOutputs) -> dict[str, Any]:
    """Return the captured metrics by dotted name; tables inside of a value are taken apart."""
    found: dict[str, Any] = {}
    for value in outputs.values:
        if value.kind == "metric":
            _take_apart(value.name, value.value, found)
    return found


def _take_apart(name: str, value: Any, found: dict[str, Any]) -> None:
    if not isinstance(value, dict):
        found[name] = value
        return
    for key, inner in value.items():
        _take_apart(f"{name}.{key}", inner, found)


def _measured(outputs: ComparedOutputs) -> dict[str, Metric]:
    values = _captured(outputs)
    found: dict[str, Metric] = {}
    for name, entry in named(values).items():
        metric = _metric(name, entry, values)
        if metric is not None:
            found[name] = metric
    return found


def _metric(name: str, entry: Named, values: Mapping[str, Any]) -> Metric | None:
    """Return a metric; None where there is no finite value. One that only has folds is their mean."""
    value = _number(entry.value)
    if value is None and entry.value is None and "folds" in entry.lists:
        folds = _numbers(entry.lists["folds"])
        value = math.fsum(folds) / len(folds) if folds else None
    if value is None:
        return None
    rows = _rows(name, entry, values)
    confidence = _number(entry.parts.get("confidence", CONFIDENCE))
    try:
        if confidence is None or not 0.5 <= confidence < 1.0:
            raise _NotEnoughError("the confidence that was captured with it is none")
        interval = _interval(name, value, entry, values, confidence)
    except ValueError as error:
        return Metric(value=value, method=f"no interval: {error}", n=rows or 0)
    return Metric(
        value=value, low=interval.low, high=interval.high, confidence=confidence, method=interval.method, n=rows or 0
    )


def _interval(name: str, value: float, entry: Named, values: Mapping[str, Any], confidence: float) -> Interval:
    """Return the interval: what was declared, else resamples, else folds, else the formula for that kind of metric.

    What was captured for an interval and is not enough for it is not passed over in favour of something weaker.

    Raises:
        ValueError: there is none; the message says why.
    """
    if {"low", "high", "ci"} & {*entry.parts, *entry.lists}:
        return _declared(value, entry)
    for kind, formula in (("bootstrap", of_resamples), ("folds", of_folds)):
        if kind in entry.lists or kind in entry.parts:
            numbers = _numbers(entry.lists.get(kind, {}))
            if numbers is None or kind in entry.parts:
                raise _NotEnoughError(f"{name}_{kind} holds something that is no number")
            return formula(numbers, confidence)
    if is_area(name):
        return _area(name, value, values, confidence)
    share = share_of(name)
    if not share:
        raise _NotEnoughError(_NOTHING)
    rows = _rows(name, entry, values, shared=share == "all")
    if rows is None:
        wanted = f"{name}_n" + (" or n_test" if share == "all" else ", its own denominator,")
        raise _NotEnoughError(f"{wanted} was not captured")
    return wilson(value, rows, confidence)


def _declared(value: float, entry: Named) -> Interval:
    bounds = dict(entry.lists.get("ci", {}))
    low = _number(entry.parts.get("low", bounds.get("low", bounds.get("0"))))
    high = _number(entry.parts.get("high", bounds.get("high", bounds.get("1"))))
    if low is None or high is None or "ci" in entry.parts or len(bounds) > 2:
        raise _NotEnoughError("only a part of its interval was captured")
    if not low <= value <= high:
        raise _NotEnoughError(f"the captured interval from {low:g} to {high:g} does not hold the value {value:g}")
    return Interval(low, high, "as captured by the notebook")


def _area(name: str, value: float, values: Mapping[str, Any], confidence: float) -> Interval:
    folder = name.rpartition(".")[0]
    positive, negative = (_beside(folder, key, values) for key in ("n_positive", "n_negative"))
    if positive is None or negative is None:
        raise _NotEnoughError("n_positive and n_negative were not captured")
    return hanley_mcneil(value, positive, negative, confidence)


def _rows(name: str, entry: Named, values: Mapping[str, Any], *, shared: bool = True) -> int | None:
    """Return how many rows a metric was measured on: its own count, else that of the rows beside it."""
    if "n" in entry.parts:
        return _count(entry.parts["n"])
    folder = name.rpartition(".")[0]
    if not shared:
        return None
    for key in ("n", "n_test"):
        dotted = f"{folder}.{key}" if folder else key
        if dotted in values:
            return _count(values[dotted])
    if is_area(name):
        positive, negative = (_beside(folder, key, values) for key in ("n_positive", "n_negative"))
        return None if positive is None or negative is None else positive + negative
    return None


def _beside(folder: str, key: str, values: Mapping[str, Any]) -> int | None:
    assert key in COUNTS
    return _count(values.get(f"{folder}.{key}" if folder else key))


def _number(value: Any) -> float | None:
    if isinstance(value, bool) or not isinstance(value, (int, float)) or not math.isfinite(value):
        return None
    return float(value)


def _numbers(values: Mapping[str, Any]) -> list[float] | None:
    """Return finite numbers, None where one of them is something else."""
    found = [_number(value) for value in values.values()]
    kept = [value for value in found if value is not None]
    return kept if len(kept) == len(found) else None


def _count(value: Any) -> int | None:
    number = _number(value)
    return int(number) if number is not None and number >= 0 and number == int(number) else None
