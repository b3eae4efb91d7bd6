"""Which metrics changed, and whether by more than their intervals allow."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import NamedTuple

from pressrun.records.metric import Metric
from pressrun.records.version_diff import Change, MetricChange


class MetricDiff(NamedTuple):
    """What changed, by name, and how many did not."""

    changes: tuple[MetricChange, ...]
    equal: int


class Interval(NamedTuple):
    """Of a difference."""

    low: float
    high: float


def diff_metrics(before: Mapping[str, Metric], after: Mapping[str, Metric]) -> MetricDiff:
    """Compare metrics by name. A metric whose value is the same is equal, whatever its interval."""
    changes, equal = [], 0
    for name in sorted({*before, *after}):
        old, new = before.get(name), after.get(name)
        if old is None or new is None:
            change: Change = "added" if old is None else "removed"
            changes.append(MetricChange(name=name, change=change, before=old, after=new))
        elif old.value == new.value:
            equal += 1
        else:
            changes.append(_changed(name, old, new))
    return MetricDiff(tuple(changes), equal)


def difference_interval(before: Metric, after: Metric) -> Interval | None:
    """Return the interval of ``after - before``; None where one has no interval, or the two are of other confidence.

    It is made of the two intervals alone, by the method of variance estimates recovery (Zou and Donner 2008,
    "Construction of confidence limits about effect measures: a general approach", Statistics in Medicine 27,
    1693-1702, equation 6), which assumes that the two were measured independently. Where both were measured on the
    same rows they go up and down together, and the true interval is narrower.
    """
    if before.low is None or before.high is None or after.low is None or after.high is None:
        return None
    if before.confidence != after.confidence:
        return None
    difference = after.value - before.value
    low = difference - math.hypot(after.value - after.low, before.high - before.value)
    high = difference + math.hypot(after.high - after.value, before.value - before.low)
    return Interval(low, high)


def _changed(name: str, before: Metric, after: Metric) -> MetricChange:
    interval = difference_interval(before, after)
    return MetricChange(
        name=name,
        change="changed",
        before=before,
        after=after,
        difference=after.value - before.value,
        low=interval.low if interval is not None else None,
        high=interval.high if interval is not None else None,
        within=interval.low <= 0.0 <= interval.high if interval is not None else None,
    )
